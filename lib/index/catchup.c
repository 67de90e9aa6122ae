/*
 * Ledger -> index: threads read headers ahead, one applies lines in order.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/work.h"
#include "index/internal.h"

#define CHUNK          64
#define LINES_A_COMMIT 2000
/* Below so many bytes of ledger, starting threads costs more than it saves. */
#define THREADS_FROM 8192

struct job {
	enum pacs_op op;
	struct placed placed;
	struct record record;
};

/* Lines that are read, and applied, together. */
struct chunk {
	struct job jobs[CHUNK];
	size_t count;
	struct pacs_cursor after;
	struct pacs_arena arena;
	struct pacs_buf scratch;
	bool ready; /* headers are read; under the lock */
};

struct pipe {
	const struct pacs_archive *ar;
	struct pacs_ledger_reader *reader;
	struct pacs_cursor until;
	struct added added;
	struct record_map map;
	struct pacs_queue *queue; /* NULL: no threads */
	struct pacs_team *team;
	pthread_mutex_t lock;
	pthread_cond_t readied;
	struct chunk **ring; /* chunks under way, oldest at first */
	size_t first, under_way, room;
};

static void
read_headers(struct pipe *p, struct chunk *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (pacs_op_places(c->jobs[i].op))
			record_read(p->ar, &p->map, &c->jobs[i].placed.triple,
				    &c->arena, &c->scratch, &c->jobs[i].record);
}

static void
worker(void *ctx, unsigned number)
{
	struct pipe *p = ctx;
	void *got;

	(void)number;
	while (pacs_queue_pop(p->queue, &got)) {
		struct chunk *c = got;

		read_headers(p, c);
		pthread_mutex_lock(&p->lock);
		c->ready = true;
		pthread_cond_broadcast(&p->readied);
		pthread_mutex_unlock(&p->lock);
	}
}

/* --- the pipe ---------------------------------------------------------- */

static enum pacs_err
start_threads(struct pacs_error *err, struct pipe *p, unsigned jobs)
{
	if (!jobs)
		jobs = pacs_cpu_count();
	p->room = 2 * jobs + 2;
	p->queue = pacs_queue_new(p->room, SIZE_MAX);
	if (pacs_team_start(err, jobs, worker, p, &p->team)) {
		pacs_queue_free(p->queue);
		p->queue = NULL;
	}
	return err->code;
}

static enum pacs_err
pipe_open(struct pacs_error *err, struct pipe *p, const struct pacs_archive *ar,
	  const struct state *from_state, const struct pacs_cursor *until,
	  unsigned jobs)
{
	const struct pacs_cursor *from = &from_state->cursor;
	size_t i;

	memset(p, 0, sizeof(*p));
	p->ar = ar;
	p->until = *until;
	p->room = 1;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->readied, NULL);
	if (added_parse(err, from_state->added, &p->added))
		return err->code;
	record_map_init(&p->map, &p->added.ring);
	if (pacs_ledger_open(err, ar, from, &p->reader))
		return err->code;
	if ((until->segment > from->segment ||
	     until->offset - from->offset >= THREADS_FROM) &&
	    start_threads(err, p, jobs))
		return err->code;
	p->ring = pacs_calloc(p->room, sizeof(struct chunk *));
	for (i = 0; i < p->room; i++)
		p->ring[i] = pacs_calloc(1, sizeof(struct chunk));
	return PACS_OK;
}

static void
pipe_close(struct pipe *p)
{
	size_t i;

	if (p->queue)
		pacs_queue_close(p->queue);
	if (p->team)
		pacs_team_join(p->team);
	if (p->queue)
		pacs_queue_free(p->queue);
	for (i = 0; p->ring && i < p->room; i++) {
		pacs_arena_clear(&p->ring[i]->arena);
		pacs_buf_clear(&p->ring[i]->scratch);
		free(p->ring[i]);
	}
	free(p->ring);
	pacs_ledger_close(p->reader);
	added_clear(&p->added);
	pthread_cond_destroy(&p->readied);
	pthread_mutex_destroy(&p->lock);
	memset(p, 0, sizeof(*p));
}

static bool
is_behind(const struct pacs_cursor *a, const struct pacs_cursor *b)
{
	return a->segment < b->segment ||
	       (a->segment == b->segment && a->offset < b->offset);
}

static void
copy_line(struct job *j, const struct pacs_ledger_line *line)
{
	struct placed *p = &j->placed;

	memset(j, 0, sizeof(*j));
	j->op = line->op;
	snprintf(p->triple.study, sizeof(p->triple.study), "%s", line->study);
	snprintf(p->triple.series, sizeof(p->triple.series), "%s",
		 line->series);
	snprintf(p->triple.instance, sizeof(p->triple.instance), "%s",
		 line->instance);
	snprintf(p->sha256, sizeof(p->sha256), "%s", line->sha256);
	snprintf(p->origin, sizeof(p->origin), "%s", line->origin);
	p->size = line->size;
	if (!pacs_value_stamp(line->time, strlen(line->time), &p->stored_us))
		p->stored_us = 0;
}

static enum pacs_err
fill_chunk(struct pacs_error *err, struct pipe *p, struct chunk *c)
{
	const struct pacs_ledger_line *line;

	c->count = 0;
	c->ready = false;
	pacs_arena_reset(&c->arena);
	while (c->count < CHUNK &&
	       is_behind(pacs_ledger_cursor(p->reader), &p->until)) {
		if (pacs_ledger_next(err, p->reader, &line))
			return err->code;
		if (!line)
			break;
		if (line->op == PACS_OP_AMEND)
			return pacs_error_set(
			    err, PACS_EUNSUPPORTED,
			    "the ledger has an operation that this version "
			    "does not know ('%s')",
			    line->op_name);
		copy_line(&c->jobs[c->count++], line);
		c->after = line->after;
	}
	return PACS_OK;
}

/* Keep the threads busy: chunks are read as long as there is room. */
static enum pacs_err
pipe_fill(struct pacs_error *err, struct pipe *p)
{
	while (p->under_way < p->room) {
		struct chunk *c = p->ring[(p->first + p->under_way) % p->room];

		if (fill_chunk(err, p, c))
			return err->code;
		if (!c->count)
			break;
		p->under_way++;
		if (p->queue)
			pacs_queue_push(p->queue, c, 1);
		else
			read_headers(p, c);
	}
	return PACS_OK;
}

/* The oldest chunk, its headers read; NULL at the end. */
static enum pacs_err
pipe_next(struct pacs_error *err, struct pipe *p, struct chunk **ret)
{
	*ret = NULL;
	if (pipe_fill(err, p))
		return err->code;
	if (!p->under_way)
		return PACS_OK;
	*ret = p->ring[p->first];
	pthread_mutex_lock(&p->lock);
	while (p->queue && !(*ret)->ready)
		pthread_cond_wait(&p->readied, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return PACS_OK;
}

static void
pipe_done(struct pipe *p)
{
	p->first = (p->first + 1) % p->room;
	p->under_way--;
}

/* Where the oldest chunk begins: what is to be applied next. */
static bool
pipe_is_at(const struct pipe *p, const struct pacs_cursor *applied,
	   const struct pacs_cursor *c)
{
	return p->reader && applied->segment == c->segment &&
	       applied->offset == c->offset;
}

/* Were headers read for the keys that the index has now? */
static bool
pipe_has(const struct pipe *p, const struct pacs_keyring *ring)
{
	size_t i;

	if (p->added.ring.count != ring->count)
		return false;
	for (i = 0; i < ring->count; i++)
		if (strcmp(p->added.ring.added[i].line, ring->added[i].line) !=
		    0)
			return false;
	return true;
}

/* --- applying ---------------------------------------------------------- */

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
	struct apply *a = pacs_malloc(sizeof(*a));
	struct state s = {0};

	memset(a, 0, sizeof(*a));
	if (apply_begin(err, a, r->db, r->ar) || state_load(err, r->db, &s))
		goto out;
	a->done = r->done;
	r->at_end = !is_behind(&s.cursor, &r->until);
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

static void
nap(unsigned ms)
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
		nap(ms);
		ms = ms < 50 ? ms * 2 : 50;
		if (r->heal || state_load(err, r->db, &s)) {
			if (err->code != PACS_EBUSY && err->code)
				return err->code;
			pacs_error_clear(err);
			continue;
		}
		state_clear(&s);
		if (!is_behind(&s.cursor, &r->until))
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
