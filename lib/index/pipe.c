/*
 * Threads read headers ahead; chunks come out in the order of the ledger.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/pipe.h"

/* Below so many bytes of ledger, starting threads costs more than it saves. */
#define THREADS_FROM 8192

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

enum pacs_err
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
		goto out;
	record_map_init(&p->map, &p->added.ring);
	if (pacs_ledger_open(err, ar, from, &p->reader))
		goto out;
	if ((until->segment > from->segment ||
	     until->offset - from->offset >= THREADS_FROM) &&
	    start_threads(err, p, jobs))
		goto out;
	p->ring = pacs_calloc(p->room, sizeof(struct chunk *));
	for (i = 0; i < p->room; i++)
		p->ring[i] = pacs_calloc(1, sizeof(struct chunk));
out:
	if (err->code)
		pipe_close(p);
	return err->code;
}

void
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
	       pacs_cursor_before(pacs_ledger_cursor(p->reader), &p->until)) {
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

enum pacs_err
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

void
pipe_done(struct pipe *p)
{
	p->first = (p->first + 1) % p->room;
	p->under_way--;
}

bool
pipe_is_at(const struct pipe *p, const struct pacs_cursor *applied,
	   const struct pacs_cursor *c)
{
	return p->reader && applied->segment == c->segment &&
	       applied->offset == c->offset;
}

bool
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
