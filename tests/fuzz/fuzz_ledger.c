/*
 * The ledger: the first byte says how, the rest is a segment. Bit 0: the lines
 * come without checks and get right ones, so that what is behind the check is
 * reached too. Bit 1: a writer has died, so opening recovers: the ledger must
 * then be whole, and be so still when it is opened again. Bit 2: the bytes are
 * cut into two segments.
 */
#include "archive/ledger.h"
#include "base/digest.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
add_checks(const char *p, size_t size, struct pacs_buf *out)
{
	char check[PACS_CHECK_ROOM] = "0000000000000000";
	char hex[PACS_SHA256_HEX];
	const char *end = p + size, *nl;
	struct pacs_buf text = {0};

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p)))) {
		pacs_buf_reset(&text);
		pacs_buf_addf(&text, "%s", check);
		pacs_buf_add(&text, p, (size_t)(nl - p));
		pacs_sha256_hex(text.data, text.len, hex);
		snprintf(check, sizeof(check), "%.16s", hex);
		pacs_buf_add(out, p, (size_t)(nl - p));
		pacs_buf_addf(out, "\t%s\n", check);
		p = nl + 1;
	}
	pacs_buf_add(out, p, (size_t)(end - p));
	pacs_buf_clear(&text);
}

static bool
same(const struct pacs_cursor *a, const struct pacs_cursor *b)
{
	return a->segment == b->segment && a->offset == b->offset &&
	       !strcmp(a->check, b->check);
}

/* A line's two places are states of this ledger, and reading on from the first
 * one gives the line. */
static void
check_line(const struct pacs_archive *ar, const struct pacs_ledger_line *line)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_ledger_line *again;
	struct pacs_ledger_reader *r;
	struct pacs_cursor after = line->after;
	bool holds;

	must(line->time && line->op_name && line->study && line->series &&
	     line->instance && line->sha256 && line->origin && line->extra);
	must(pacs_ledger_holds(&err, ar, &line->at, &holds) == PACS_OK);
	must(holds);
	must(pacs_ledger_holds(&err, ar, &line->after, &holds) == PACS_OK);
	must(holds);
	must(pacs_ledger_open(&err, ar, &line->at, &r) == PACS_OK);
	must(pacs_ledger_next(&err, r, &again) == PACS_OK && again);
	must(same(&again->after, &after));
	pacs_ledger_close(r);
}

/* Read all; lines are looked at in detail only at the beginning. */
static enum pacs_err
read_all(const struct pacs_archive *ar)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	struct pacs_cursor tail;
	char value[32];
	enum pacs_err rc;
	unsigned n = 0;

	rc = pacs_ledger_open(&err, ar, NULL, &r);
	if (rc)
		return rc;
	while (!(rc = pacs_ledger_next(&err, r, &line)) && line) {
		(void)pacs_ledger_extra(line, "why", value, sizeof(value));
		if (n++ < 8)
			check_line(ar, line);
	}
	must(rc == err.code);
	if (!rc) {
		must(pacs_ledger_tail(&err, ar, &tail) == PACS_OK);
		/* At the start of a segment or the end of the one before. */
		must(!strcmp(tail.check, pacs_ledger_cursor(r)->check));
	}
	pacs_ledger_close(r);
	return rc;
}

static void
recover(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_archive *ar;
	enum pacs_err rc;
	char dir[120];

	snprintf(dir, sizeof(dir), "%s/incoming/w", scratch_archive);
	must(mkdir(dir, 0750) == 0);
	scratch_put("incoming/w/lock", "", 0);
	scratch_put("incoming/w/from-000001-0000000000-0000000000000000", "",
		    0);
	rc = pacs_archive_open(&err, scratch_archive, PACS_ARCHIVE_WRITE, &ar);
	if (rc)
		return;
	must(read_all(ar) == PACS_OK);
	pacs_archive_close(ar);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_archive *ar;
	struct pacs_buf segment = {0};
	size_t half;
	int how;

	if (!size)
		return 0;
	how = data[0];
	scratch_new();
	if (how & 1)
		add_checks((const char *)data + 1, size - 1, &segment);
	else
		pacs_buf_add(&segment, data + 1, size - 1);
	half = how & 4 ? segment.len / 2 : segment.len;
	while (how & 4 && half && segment.data[half - 1] != '\n')
		half--;
	scratch_put("ledger/000001.tsv", segment.data ? segment.data : "",
		    half);
	if (how & 4)
		scratch_put("ledger/000002.tsv", pacs_buf_str(&segment) + half,
			    segment.len - half);
	if (pacs_archive_open(&err, scratch_archive, PACS_ARCHIVE_READ, &ar) ==
	    PACS_OK) {
		(void)read_all(ar);
		pacs_archive_close(ar);
	}
	if (how & 2)
		recover();
	pacs_buf_clear(&segment);
	return 0;
}
