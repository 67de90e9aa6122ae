/*
 * The ledger, line by line, broken or not. A line that does not continue the
 * chain is told, and the chain goes on from the check that it has: so one
 * altered line is one finding, and what all other lines say is still known.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/file.h"
#include "fixity/internal.h"

#define READ_BYTES (1u << 18)

struct scan {
	struct run *run;
	struct spool *spool;
	struct pacs_digest *digest;
	struct pacs_cursor at;
	char name[32];
	char text[PACS_LINE_MAX];
};

static void
tell(struct scan *sc, const char *expected, const char *found)
{
	char where[80];

	snprintf(where, sizeof(where), "%s:%llu", sc->name,
		 (unsigned long long)sc->at.offset);
	run_finding(sc->run, PACS_FAULT_LEDGER, where, expected, found);
}

/* Segments by number: one that is missing among them must be seen. */
static enum pacs_err
last_segment(struct pacs_error *err, const struct pacs_archive *ar,
	     uint32_t *ret)
{
	const struct dirent *e;
	struct pacs_dir d;

	*ret = 0;
	if (pacs_dir_open(err, pacs_archive_dirfd(ar), "ledger", 0, &d))
		return err->code;
	while ((e = pacs_dir_next(err, &d))) {
		char *end;
		unsigned long n = strtoul(e->d_name, &end, 10);

		if (end == e->d_name + 6 && strcmp(end, ".tsv") == 0 &&
		    n > *ret)
			*ret = (uint32_t)n;
	}
	pacs_dir_close(&d);
	return err->code;
}

/* Set aside, and let out again: the last word counts. */
static void
note_quarantine(struct run *run, const struct pacs_ledger_line *l)
{
	char word[PACS_SHA256_HEX + 8];

	if (strlen(l->sha256) != PACS_SHA256_HEX - 1)
		return;
	snprintf(word, sizeof(word), "%s %c\n", l->sha256,
		 l->op == PACS_OP_QUARANTINE ? '+' : '-');
	pacs_buf_adds(&run->quarantine, word);
}

static enum pacs_err
take_line(struct pacs_error *err, struct scan *sc, const char *line, size_t len)
{
	struct pacs_ledger_line l = {.at = sc->at};
	char check[PACS_CHECK_ROOM];

	sc->run->tally->lines++;
	if (!pacs_ledger_continues(sc->digest, sc->at.check, line, len, check))
		tell(sc, "continues the chain", "does not");
	memcpy(sc->at.check, check, sizeof(check));
	if (len >= sizeof(sc->text)) {
		tell(sc, "a line", "too long");
		return PACS_OK;
	}
	memcpy(sc->text, line, len);
	sc->text[len] = '\0';
	if (memchr(line, '\0', len) || !pacs_ledger_parse(sc->text, &l))
		return PACS_OK; /* it did not continue the chain either */
	if (l.op == PACS_OP_QUARANTINE || l.op == PACS_OP_RELEASE)
		note_quarantine(sc->run, &l);
	return spool_add(err, sc->spool, &l);
}

static enum pacs_err
take_lines(struct pacs_error *err, struct scan *sc, struct pacs_buf *b)
{
	char *p = b->data, *end = b->data + b->len, *nl;
	enum pacs_err rc = PACS_OK;

	while (!rc && (nl = memchr(p, '\n', (size_t)(end - p)))) {
		rc = take_line(err, sc, p, (size_t)(nl - p));
		sc->at.offset += (uint64_t)(nl + 1 - p);
		p = nl + 1;
	}
	b->len = (size_t)(end - p);
	memmove(b->data, p, b->len);
	return rc;
}

static enum pacs_err
scan_segment(struct pacs_error *err, struct scan *sc, bool last)
{
	struct pacs_buf b = {0};
	enum pacs_err rc;
	uint64_t at = 0;
	size_t n;
	int fd;

	rc = pacs_ledger_segment_open(err, sc->run->ar, sc->at.segment, &fd);
	if (rc) {
		run_finding(sc->run,
			    rc == PACS_ENOTFOUND ? PACS_FAULT_LEDGER
						 : PACS_FAULT_UNREADABLE,
			    sc->name, "a segment", err->msg);
		pacs_error_clear(err);
		return PACS_OK;
	}
	do {
		pacs_buf_reserve(&b, READ_BYTES);
		rc = pacs_file_pread(err, fd, b.data + b.len, READ_BYTES, at,
				     &n);
		if (rc)
			break;
		at += n;
		b.len += n;
		rc = take_lines(err, sc, &b);
		if (!rc && b.len > 16 * PACS_LINE_MAX) {
			tell(sc, "a line", "no end of line");
			sc->at.offset += b.len;
			b.len = 0;
		}
	} while (!rc && n && !check_stopped(sc->run));
	sc->run->late.at = sc->at;
	if (!rc && b.len && !last)
		tell(sc, "an end of line", "the segment ends in a line");
	/* Later ones begin so when a backup seals the one before. */
	if (!rc && !at && sc->at.segment == 1)
		tell(sc, "a line", "an empty segment");
	close(fd);
	pacs_buf_clear(&b);
	return rc;
}

enum pacs_err
scan_ledger(struct pacs_error *err, struct run *run, struct spool *s)
{
	static const struct pacs_cursor start = PACS_CURSOR_START;
	enum pacs_err rc = PACS_OK;
	struct scan *sc;
	uint32_t last;

	/* A ledger that is lost is a finding, and every object an orphan. */
	if (last_segment(err, run->ar, &last) == PACS_ENOTFOUND)
		pacs_error_clear(err);
	if (err->code)
		return err->code;
	sc = pacs_calloc(1, sizeof(*sc));
	run->late.at = start;
	sc->run = run;
	sc->spool = s;
	sc->at = start;
	sc->digest = pacs_digest_new();
	for (; !rc && sc->at.segment <= last; sc->at.segment++) {
		sc->at.offset = 0;
		snprintf(sc->name, sizeof(sc->name), "ledger/%06u.tsv",
			 sc->at.segment);
		rc = scan_segment(err, sc, sc->at.segment == last);
	}
	if (!last)
		run_finding(run, PACS_FAULT_LEDGER, "ledger", "segments",
			    "none");
	pacs_digest_free(sc->digest);
	free(sc);
	return rc;
}
