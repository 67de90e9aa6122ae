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
name_place(const struct scan *sc, char ret[80])
{
	snprintf(ret, 80, "%s:%llu", sc->name,
		 (unsigned long long)sc->at.offset);
}

static void
tell(struct scan *sc, const char *expected, const char *found)
{
	char where[80];

	name_place(sc, where);
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

/* What no program of ours would write, with whatever check. */
static bool
makes_sense(const struct pacs_ledger_line *l)
{
	struct pacs_triple t;

	if (!pacs_op_places(l->op))
		return true;
	fixity_triple(l, &t);
	return *l->sha256 && pacs_triple_is_safe(&t);
}

/* Others stop reading here (pacs-archive(5)); what it means is not known. */
static void
tell_newer(struct scan *sc, const struct pacs_ledger_line *l)
{
	char where[80], what[80];

	name_place(sc, where);
	snprintf(what, sizeof(what), "operation '%.32s' needs a newer version",
		 l->op_name);
	run_finding(sc->run, PACS_FAULT_UNREADABLE, where, "", what);
}

/* The ledger begins with the name that the archive was given. */
static void
check_marker(struct run *run, const struct pacs_ledger_line *l)
{
	const char *have = pacs_archive_settings(run->ar)->uuid;
	char uuid[40];

	if (l->op == PACS_OP_EPOCH &&
	    pacs_ledger_extra(l, "uuid", uuid, sizeof(uuid)) &&
	    strcmp(uuid, have) != 0)
		run_finding(run, PACS_FAULT_MARKER, "pacs-archive", uuid, have);
}

static enum pacs_err
take_line(struct pacs_error *err, struct scan *sc, const char *line, size_t len)
{
	struct pacs_ledger_line l = {.at = sc->at};
	char check[PACS_CHECK_ROOM];
	bool fits, whole;

	sc->run->tally->lines++;
	fits =
	    pacs_ledger_continues(sc->digest, sc->at.check, line, len, check);
	memcpy(sc->at.check, check, sizeof(check));
	whole = len < sizeof(sc->text) && !memchr(line, '\0', len);
	if (whole) {
		memcpy(sc->text, line, len);
		sc->text[len] = '\0';
		whole = pacs_ledger_parse(sc->text, &l) && makes_sense(&l);
	}
	if (!fits)
		tell(sc, "continues the chain", "does not");
	else if (!whole)
		tell(sc, "a line of the ledger", "something else");
	if (!whole)
		return PACS_OK;
	if (fits && sc->run->tally->lines == 1)
		check_marker(sc->run, &l);
	if (fits && l.op == PACS_OP_OTHER && strncmp(l.op_name, "x-", 2) != 0)
		tell_newer(sc, &l);
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
	bool writes, goes_on;
	uint64_t at = 0;
	size_t n;
	int fd;

	rc = pacs_ledger_segment_open(err, sc->run->ar, sc->at.segment, &fd);
	if (rc) {
		run_finding(sc->run,
			    rc == PACS_ENOTFOUND || rc == PACS_EFORMAT
				? PACS_FAULT_LEDGER
				: PACS_FAULT_UNREADABLE,
			    sc->name, "a segment", err->msg);
		pacs_error_clear(err);
		return PACS_OK;
	}
	do {
		writes = late_writes(sc->run);
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
		goes_on = n > 0;
		if (!n && b.len && last && late_wait(sc->run, writes)) {
			/* It may be on its way just now: look again. */
			at -= b.len;
			b.len = 0;
			goes_on = true;
		}
	} while (!rc && goes_on && !check_stopped(sc->run));
	sc->run->late.at = sc->at;
	if (!rc && b.len && !n)
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
