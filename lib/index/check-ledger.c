/*
 * The index against the ledger. One pass notes the lines whose object is not in
 * the index as they say; a later line may explain that (a purge, a replacement)
 * and takes the note away. What is left is wrong. A row that no line speaks of
 * has not been seen when the pass is over.
 *
 * All of it is one read transaction, since other programs catch up meanwhile;
 * nothing is told before its end, since who listens may stall.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/check.h"

/* Objects in doubt: as many as were ever purged or replaced. */
struct doubt {
	struct doubt *next;
	char triple[]; /* "study\tseries\tinstance" */
};
#define BUCKETS 65536

struct doubts {
	struct doubt *bucket[BUCKETS];
	unsigned char *seen; /* rows by their seq, a bit each */
	int64_t seen_end;    /* seqs are below */
};

static uint32_t
hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h % BUCKETS;
}

static void
forget(struct doubts *d, const char *triple)
{
	struct doubt **p = &d->bucket[hash(triple)];

	while (*p && strcmp((*p)->triple, triple) != 0)
		p = &(*p)->next;
	if (*p) {
		struct doubt *old = *p;

		*p = old->next;
		free(old);
	}
}

static void
note(struct doubts *d, const char *triple)
{
	struct doubt **bucket = &d->bucket[hash(triple)], *n;

	forget(d, triple);
	n = pacs_malloc(sizeof(*n) + strlen(triple) + 1);
	memcpy(n->triple, triple, strlen(triple) + 1);
	n->next = *bucket;
	*bucket = n;
}

static void
see(struct doubts *d, int64_t seq)
{
	if (seq >= 0 && seq < d->seen_end)
		d->seen[seq / 8] |= (unsigned char)(1u << seq % 8);
}

static bool
is_seen(const struct doubts *d, int64_t seq)
{
	return seq >= 0 && seq < d->seen_end &&
	       (d->seen[seq / 8] & 1u << seq % 8);
}

/* Is there a row, and does it say what the line says? */
static enum pacs_err
indexed(struct pacs_error *err, struct check *c,
	const struct pacs_ledger_line *line, int64_t *ret_seq, bool *ret_row,
	bool *ret_same)
{
	sqlite3_stmt *st = db_stmt(err, c->db, ST_INSTANCE_TRIPLE);
	char hex[2 * PACS_SHA256_SIZE + 1] = "";

	*ret_same = false;
	if (!st)
		return err->code;
	db_bind_text(st, 1, line->instance);
	db_bind_text(st, 2, line->series);
	db_bind_text(st, 3, line->study);
	if (db_step(err, c->db, st, ret_row) || !*ret_row)
		return err->code;
	*ret_seq = sqlite3_column_int64(st, 1);
	if (sqlite3_column_bytes(st, 5) == PACS_SHA256_SIZE)
		pacs_hex(sqlite3_column_blob(st, 5), PACS_SHA256_SIZE, hex);
	*ret_same = !strcmp(hex, line->sha256) &&
		    (uint64_t)sqlite3_column_int64(st, 6) == line->size;
	sqlite3_reset(st);
	return PACS_OK;
}

static enum pacs_err
look(struct pacs_error *err, struct check *c, struct doubts *d,
     const struct pacs_ledger_line *line)
{
	bool places = pacs_op_places(line->op), row = false, same = false;
	char triple[3 * PACS_UID_ROOM];
	int64_t seq = -1;

	if (!places && line->op != PACS_OP_PURGE && line->op != PACS_OP_VOID)
		return PACS_OK;
	if (indexed(err, c, line, &seq, &row, &same))
		return err->code;
	if (row)
		see(d, seq);
	snprintf(triple, sizeof(triple), "%s\t%s\t%s", line->study,
		 line->series, line->instance);
	if (places ? !same : row)
		note(d, triple);
	else
		forget(d, triple);
	return PACS_OK;
}

static void
tell_and_free(struct check *c, struct doubts *d, bool tell)
{
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		while (d->bucket[i]) {
			struct doubt *n = d->bucket[i];
			char *rest = n->triple;
			const char *study = strsep(&rest, "\t");
			const char *series = strsep(&rest, "\t");

			if (tell)
				check_tell(c, "not-as-recorded", "instance",
					   true, study, series, rest);
			d->bucket[i] = n->next;
			free(n);
		}
}

/* Rows that were not seen: no line speaks of their object. */
static enum pacs_err
note_unseen(struct pacs_error *err, struct check *c, struct doubts *d)
{
	static const char sql[] =
	    "SELECT i.seq, s.study_instance_uid, e.series_instance_uid,"
	    " i.sop_instance_uid FROM t_instance AS i, t_series AS e,"
	    " t_study AS s WHERE e.id = i.series AND s.id = e.study";
	char triple[3 * PACS_UID_ROOM];
	sqlite3_stmt *st = NULL;
	bool row = true;

	if (db_prepare(err, c->db, sql, &st))
		return err->code;
	while (!db_step(err, c->db, st, &row) && row) {
		if (is_seen(d, sqlite3_column_int64(st, 0)))
			continue;
		snprintf(triple, sizeof(triple), "%s\t%s\t%s", db_text(st, 1),
			 db_text(st, 2), db_text(st, 3));
		note(d, triple);
	}
	sqlite3_finalize(st);
	return err->code;
}

static enum pacs_err
compare(struct pacs_error *err, struct check *c, struct doubts *d)
{
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r = NULL;
	struct state s;

	if (state_load(err, c->db, &s))
		return err->code;
	state_clear(&s);
	d->seen_end = s.next_seq;
	d->seen = pacs_calloc(1, (size_t)s.next_seq / 8 + 1);
	if (pacs_ledger_open(err, c->ar, NULL, &r))
		return err->code;
	while (!pacs_ledger_next(err, r, &line) && line &&
	       pacs_cursor_before(&line->at, &s.cursor))
		if (look(err, c, d, line))
			break;
	pacs_ledger_close(r);
	return err->code ? err->code : note_unseen(err, c, d);
}

enum pacs_err
check_ledger(struct pacs_error *err, struct check *c)
{
	struct doubts *d = pacs_calloc(1, sizeof(*d));
	struct pacs_error late = PACS_ERROR_INIT;

	if (!db_simple(err, c->db, ST_BEGIN_READ)) {
		(void)!compare(err, c, d);
		if (db_simple(&late, c->db, ST_COMMIT) && !err->code)
			*err = late;
	}
	tell_and_free(c, d, !err->code);
	free(d->seen);
	free(d);
	return err->code;
}
