/*
 * A key that is new to an index: every instance's header is read again, in the
 * order of the rows, some in each transaction. Where it stopped stands in the
 * index, so whoever goes on goes on there; what is stored meanwhile gets the
 * key at once. A row is the same however often it is made.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/work.h"
#include "index/apply.h"

#define PIECE 2048
/* Work so long, then let others write. */
#define TURN_MS 1000

struct again {
	struct pacs_triple triple;
	int64_t series, seq, study;
	struct record record;
};

struct piece {
	const struct pacs_archive *ar;
	const struct record_map *map;
	struct again *list;
	size_t count;
	/* The next one to be read: there may be fewer threads than asked. */
	atomic_size_t next;
	unsigned threads;
	struct pacs_arena *arenas; /* of each thread */
};

/* --- reading ----------------------------------------------------------- */

static void
read_share(void *ctx, unsigned number)
{
	struct piece *p = ctx;
	struct pacs_buf scratch = {0};
	size_t i;

	while ((i = atomic_fetch_add(&p->next, 1)) < p->count)
		record_read(p->ar, p->map, &p->list[i].triple,
			    &p->arenas[number], &scratch, &p->list[i].record);
	pacs_buf_clear(&scratch);
}

static enum pacs_err
read_all(struct pacs_error *err, struct piece *p, unsigned jobs)
{
	struct pacs_team *team;

	p->threads = jobs ? jobs : pacs_cpu_count();
	if (p->count < 64)
		p->threads = 1;
	p->arenas = pacs_calloc(p->threads, sizeof(*p->arenas));
	if (p->threads == 1) {
		read_share(p, 0);
		return PACS_OK;
	}
	if (pacs_team_start(err, p->threads, read_share, p, &team))
		return err->code;
	pacs_team_join(team);
	return PACS_OK;
}

/* Where the key that is least far stands. */
static void
cursor(const struct added *a, int64_t *ret_series, int64_t *ret_seq)
{
	bool first = true;
	size_t i;

	for (i = 0; i < a->ring.count; i++) {
		const struct added_state *s = &a->states[i];

		if (s->done || (!first && (s->series > *ret_series ||
					   (s->series == *ret_series &&
					    s->seq >= *ret_seq))))
			continue;
		*ret_series = s->series;
		*ret_seq = s->seq;
		first = false;
	}
}

static enum pacs_err
list(struct pacs_error *err, struct apply *a, struct piece *p, size_t max)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_ADDED_NEXT);
	int64_t series = -1, seq = -1;
	bool row = true;

	if (!st)
		return err->code;
	cursor(&a->added, &series, &seq);
	sqlite3_bind_int64(st, 1, series);
	sqlite3_bind_int64(st, 2, seq);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)max);
	while (p->count < max && !db_step(err, a->db, st, &row) && row) {
		struct again *n = &p->list[p->count++];

		n->series = sqlite3_column_int64(st, 0);
		n->seq = sqlite3_column_int64(st, 1);
		n->study = sqlite3_column_int64(st, 2);
		snprintf(n->triple.study, PACS_UID_ROOM, "%s", db_text(st, 3));
		snprintf(n->triple.series, PACS_UID_ROOM, "%s", db_text(st, 4));
		snprintf(n->triple.instance, PACS_UID_ROOM, "%s",
			 db_text(st, 5));
	}
	sqlite3_reset(st);
	return err->code;
}

/* --- writing ----------------------------------------------------------- */

static enum pacs_err
write_all(struct pacs_error *err, struct apply *a, const struct piece *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		const struct again *n = &p->list[i];

		if (added_put_instance(err, a, &n->record, n->series, n->seq) ||
		    added_put(err, a, &n->record, PACS_LEVEL_SERIES, n->series,
			      n->seq) ||
		    added_put(err, a, &n->record, PACS_LEVEL_STUDY, n->study,
			      n->seq))
			return err->code;
	}
	return PACS_OK;
}

static enum pacs_err
advance(struct pacs_error *err, struct apply *a, const struct piece *p,
	bool at_end)
{
	size_t i;

	for (i = 0; i < a->added.ring.count; i++) {
		struct added_state *s = &a->added.states[i];

		if (s->done)
			continue;
		s->done = at_end;
		if (p->count) {
			s->series = p->list[p->count - 1].series;
			s->seq = p->list[p->count - 1].seq;
		}
	}
	return added_store(err, a->db, &a->added);
}

static bool
is_done(const struct added *a)
{
	size_t i;

	for (i = 0; i < a->ring.count; i++)
		if (!a->states[i].done)
			return false;
	return true;
}

static enum pacs_err
fill(struct pacs_error *err, struct apply *a,
     const struct pacs_index_options *opts, size_t max, bool *ret_done)
{
	struct piece p = {.ar = a->ar, .map = &a->map};
	size_t i;

	*ret_done = is_done(&a->added);
	if (*ret_done)
		return PACS_OK;
	p.list = pacs_calloc(max, sizeof(*p.list));
	if (list(err, a, &p, max) || read_all(err, &p, opts->jobs) ||
	    write_all(err, a, &p))
		goto out;
	*ret_done = p.count < max;
	if (advance(err, a, &p, *ret_done))
		goto out;
out:
	for (i = 0; p.arenas && i < p.threads; i++)
		pacs_arena_clear(&p.arenas[i]);
	free(p.arenas);
	free(p.list);
	return err->code;
}

static enum pacs_err
one_piece(struct pacs_error *err, struct db *db, const struct pacs_archive *ar,
	  const struct pacs_index_options *opts, size_t max, bool *ret_done)
{
	struct pacs_error late = PACS_ERROR_INIT;
	struct apply *a;

	if (db_simple(err, db, ST_BEGIN_WRITE))
		return err->code;
	a = pacs_calloc(1, sizeof(*a));
	if (added_adopt(err, db, ar) || apply_begin(err, a, db, ar) ||
	    fill(err, a, opts, max, ret_done))
		goto out;
out:
	apply_clear(a);
	free(a);
	if (!err->code)
		return db_simple(err, db, ST_COMMIT);
	if (db_simple(&late, db, ST_ROLLBACK))
		pacs_error_clear(&late);
	return err->code;
}

enum pacs_err
backfill(struct pacs_error *err, struct db *db, const struct pacs_archive *ar,
	 const struct pacs_index_options *opts, size_t max, bool *ret_done)
{
	size_t n = 0, piece = max < PIECE ? max : PIECE;
	uint64_t turn = pacs_time_mono_ms();

	*ret_done = false;
	while (!*ret_done && n < max) {
		if (pacs_time_mono_ms() - turn > TURN_MS) {
			index_nap(INDEX_NAP_MS + 10);
			turn = pacs_time_mono_ms();
		}
		if (opts->progress && !opts->progress(opts->progress_ctx, n, 0))
			return pacs_error_set(err, PACS_EINTERRUPTED,
					      "stopped");
		if (one_piece(err, db, ar, opts, piece, ret_done))
			break;
		n += piece;
	}
	db_tidy(db);
	return err->code;
}
