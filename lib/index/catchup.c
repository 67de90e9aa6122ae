/*
 * Ledger -> index, in transactions; whoever is first does it for all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "index/apply.h"
#include "index/pipe.h"

#define LINES_A_COMMIT 2000

static enum pacs_err
apply_job(struct pacs_error *err, struct apply *a, const struct job *j)
{
	switch (j->op) {
	case PACS_OP_STORE:
	case PACS_OP_ADOPT:
	case PACS_OP_REPLACE:
		return apply_place(err, a, &j->placed, &j->record);
	case PACS_OP_PURGE:
	case PACS_OP_VOID:
		return apply_remove(err, a, &j->placed.triple);
	case PACS_OP_QUARANTINE:
		return apply_quarantine(err, a, j->placed.sha256, true);
	case PACS_OP_RELEASE:
		return apply_quarantine(err, a, j->placed.sha256, false);
	default:
		return PACS_OK;
	}
}

struct run {
	struct db *db;
	const struct pacs_archive *ar;
	const struct pacs_index_options *opts;
	struct pacs_cursor until, applied;
	uint64_t max_lines, lines; /* of this run */
	size_t heal;
	bool at_end;
	struct pacs_index_done *done;
	struct pipe pipe;
};

static enum pacs_err
apply_chunk(struct pacs_error *err, struct run *r, struct apply *a,
	    const struct chunk *c)
{
	size_t i;

	if (r->max_lines && r->lines + c->count > r->max_lines)
		return pacs_error_set(err, PACS_EBUSY,
				      "the index is too far behind for a user "
				      "who may not write it");
	for (i = 0; i < c->count; i++)
		if (apply_job(err, a, &c->jobs[i]))
			return err->code;
	r->lines += c->count;
	r->applied = c->after;
	if (r->opts->progress &&
	    !r->opts->progress(r->opts->progress_ctx, r->lines,
			       r->applied.offset))
		return pacs_error_set(err, PACS_EINTERRUPTED, "stopped");
	return PACS_OK;
}

/* One transaction's worth. A stop by the user keeps what was done. */
static enum pacs_err
apply_some(struct pacs_error *err, struct run *r, struct apply *a)
{
	uint64_t stop = r->lines + LINES_A_COMMIT;
	struct chunk *c;

	while (r->lines < stop) {
		if (pipe_next(err, &r->pipe, &c))
			return err->code;
		if (!c) {
			r->at_end = true;
			break;
		}
		if (apply_chunk(err, r, a, c))
			return err->code;
		pipe_done(&r->pipe);
	}
	if (r->at_end && r->heal && apply_heal(err, a, r->heal))
		return err->code;
	return apply_flush(err, a, &r->applied);
}

/* Somebody else may have been here since the last transaction. */
static enum pacs_err
pipe_at(struct pacs_error *err, struct run *r, const struct state *s,
	const struct pacs_keyring *ring)
{
	const struct pacs_cursor *c = &s->cursor;

	if (pipe_is_at(&r->pipe, &r->applied, c) && pipe_has(&r->pipe, ring))
		return PACS_OK;
	if (r->pipe.reader)
		pipe_close(&r->pipe);
	r->applied = *c;
	return pipe_open(err, &r->pipe, r->ar, s, &r->until, r->opts->jobs);
}

static enum pacs_err
one_transaction(struct pacs_error *err, struct run *r)
{
	struct pacs_error late = PACS_ERROR_INIT;
	struct pacs_index_done before = *r->done;
	struct apply *a = pacs_calloc(1, sizeof(*a));
	struct state s = {0};

	if (apply_begin(err, a, r->db, r->ar) || state_load(err, r->db, &s))
		goto out;
	a->done = r->done;
	r->at_end = !pacs_cursor_before(&s.cursor, &r->until);
	if (r->at_end && !r->heal)
		goto out;
	if (pipe_at(err, r, &s, &a->added.ring) || apply_some(err, r, a))
		goto out;
out:
	state_clear(&s);
	apply_clear(a);
	free(a);
	if (err->code) {
		*r->done = before;
		if (db_simple(&late, r->db, ST_ROLLBACK))
			pacs_error_clear(&late);
		return err->code;
	}
	return db_simple(err, r->db, ST_COMMIT);
}

/* --- waiting for the right to write ------------------------------------ */

void
index_nap(unsigned ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

/* *ret_mine false: another program has done the work meanwhile. */
static enum pacs_err
begin(struct pacs_error *err, struct run *r, bool *ret_mine)
{
	unsigned wait_ms = r->opts->wait_ms ? r->opts->wait_ms : 60000;
	uint64_t give_up = pacs_time_mono_ms() + wait_ms;
	unsigned ms = 1;
	struct state s;

	for (;;) {
		*ret_mine = !db_simple(err, r->db, ST_BEGIN_WRITE);
		if (err->code != PACS_EBUSY)
			return err->code;
		if (pacs_time_mono_ms() >= give_up) {
			pacs_error_clear(err);
			return pacs_error_set(err, PACS_EBUSY,
					      "another program is bringing the "
					      "index up to date");
		}
		pacs_error_clear(err);
		index_nap(ms);
		ms = ms < INDEX_NAP_MS / 2 ? ms * 2 : INDEX_NAP_MS;
		/* Looking again at what was broken is done by who gets to it,
		 * unless it was asked for. */
		if (r->heal >= HEAL_ALL || state_load(err, r->db, &s)) {
			if (err->code != PACS_EBUSY && err->code)
				return err->code;
			pacs_error_clear(err);
			continue;
		}
		state_clear(&s);
		if (!pacs_cursor_before(&s.cursor, &r->until))
			return PACS_OK;
	}
}

enum pacs_err
catch_up(struct pacs_error *err, struct db *db, const struct pacs_archive *ar,
	 const struct pacs_index_options *opts, const struct pacs_cursor *until,
	 uint64_t max_lines, size_t heal, struct pacs_index_done *done)
{
	struct run r = {.db = db,
			.ar = ar,
			.opts = opts,
			.until = *until,
			.max_lines = max_lines,
			.heal = heal,
			.done = done};
	bool mine = true;

	sqlite3_busy_timeout(db->conn, 0);
	while (mine && !r.at_end) {
		if (begin(err, &r, &mine))
			break;
		if (mine && one_transaction(err, &r))
			break;
	}
	done->lines += r.lines;
	if (r.pipe.reader)
		pipe_close(&r.pipe);
	db_tidy(db);
	sqlite3_busy_timeout(db->conn, 10000);
	return err->code;
}
