/*
 * The committer: staged objects in, outcomes out.
 *
 * Objects are gathered into batches. The barrier before a batch is placed is
 * also the one behind the batch before it, so a long load pays one barrier a
 * batch, and a batch is told only when that barrier is through:
 *
 *	gather N   barrier   tell N-1   place and record N   gather N+1   ...
 */
#include <stdlib.h>

#include "base/clock.h"
#include "ingest/internal.h"

enum {
	BATCH_ITEMS = 512, /* or more, what came during the last barrier */
	BATCH_MS = 500,    /* nobody waits longer than this and two barriers */
	QUIET_MS = 50,     /* nothing new for so long: do not wait for more */
	POLL_MS = 500,
};
#define BATCH_BYTES (64ull << 20)

struct batch {
	struct item **items;
	size_t count, cap;
	uint64_t bytes;
};

struct committer {
	struct run *run;
	struct pacs_error *err; /* what ends the run */
	struct batch now;       /* staged */
	struct batch placed;    /* named and recorded, no barrier yet */
	uint64_t since_ms;      /* the oldest in now or placed */
	uint64_t last_ms;       /* the newest */
	bool spoiled;           /* nothing more can be made durable */
	bool stopping;
};

static void
batch_add(struct batch *b, struct item *it)
{
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 256;
		b->items =
		    pacs_realloc(b->items, b->cap * sizeof(struct item *));
	}
	b->items[b->count++] = it;
	b->bytes += it->st.size;
}

/* None of a batch can be promised any more. */
static void
tell_failed(struct committer *c, struct batch *b)
{
	size_t i;

	for (i = 0; i < b->count; i++) {
		if (b->items[i]->outcome != PACS_OUTCOME_FAILED ||
		    b->items[i]->state != ITEM_DONE)
			item_set_failed(b->items[i], c->err);
		item_tell(c->run, b->items[i]);
	}
	b->count = 0;
	b->bytes = 0;
}

static void
flush(struct committer *c)
{
	if (c->run->hooks->flush)
		c->run->hooks->flush(c->run->hooks->ctx);
}

/* --- steps --------------------------------------------------------------- */

static void
stop(struct committer *c)
{
	const struct pacs_ingest_hooks *h = c->run->hooks;

	c->stopping = true;
	pipe_stop(c->run->pipe);
	if (h->ending)
		h->ending(h->ctx);
}

/* End the run, keeping the first reason. */
static void
end_run(struct committer *c, const struct pacs_error *why)
{
	if (!c->err->code)
		*c->err = *why;
	stop(c);
}

static void
place_batch(struct committer *c)
{
	struct pacs_staged **sts;
	struct pacs_error err = PACS_ERROR_INIT;
	struct batch *b = &c->now;
	size_t i, n = 0;

	sts = pacs_malloc((b->count + 1) * sizeof(struct pacs_staged *));
	for (i = 0; i < b->count; i++) {
		if (!item_place(&err, c->run, b->items[i])) {
			sts[n++] = &b->items[i]->st;
			continue;
		}
		item_set_failed(b->items[i], &err);
		pacs_stage_drop(c->run->w, &b->items[i]->st);
		if (ends_run(err.code))
			end_run(c, &err);
		pacs_error_clear(&err);
	}
	if (pacs_writer_append(&err, c->run->w, sts, n)) {
		c->spoiled = true;
		end_run(c, &err);
	}
	free(sts);
}

static void
acknowledge(struct committer *c)
{
	struct pacs_staged **sts;
	struct pacs_error err = PACS_ERROR_INIT;
	struct batch *b = &c->placed;
	size_t i, n = 0;

	sts = pacs_malloc((b->count + 1) * sizeof(struct pacs_staged *));
	for (i = 0; i < b->count; i++)
		if (b->items[i]->state != ITEM_DONE)
			sts[n++] = &b->items[i]->st;
	if (pacs_writer_settle(&err, c->run->w, sts, n))
		end_run(c, &err); /* untidy, but durable */
	free(sts);
	for (i = 0; i < b->count; i++)
		item_tell(c->run, b->items[i]);
	b->count = 0;
	b->bytes = 0;
	flush(c);
}

static void
step(struct committer *c)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct batch b;

	if (pacs_writer_barrier(&err, c->run->w)) {
		c->spoiled = true;
		end_run(c, &err);
		return;
	}
	acknowledge(c);
	place_batch(c);
	b = c->placed;
	c->placed = c->now;
	c->now = b;
	c->since_ms = pacs_time_mono_ms();
}

/* --- the loop ------------------------------------------------------------ */

static void
take_items(struct committer *c, struct item *list)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct item *it;
	bool told = false;

	while ((it = list)) {
		list = it->next;
		if (it->state != ITEM_DONE) {
			if (!c->now.count && !c->placed.count)
				c->since_ms = pacs_time_mono_ms();
			c->last_ms = pacs_time_mono_ms();
			batch_add(&c->now, it);
			continue;
		}
		if (it->fatal) {
			pacs_error_set(&err, it->fatal, "%s",
				       it->detail ? it->detail : "failed");
			end_run(c, &err);
			pacs_error_clear(&err);
		}
		item_tell(c->run, it);
		told = true;
	}
	if (told)
		flush(c);
}

/* How long to wait before the next step: 0 = it is due. */
static unsigned
time_left(const struct committer *c, enum pipe_state state)
{
	uint64_t now = pacs_time_mono_ms(), until;

	if (!c->now.count && !c->placed.count)
		return POLL_MS;
	if (state == PIPE_ENDED || c->now.count >= BATCH_ITEMS ||
	    c->now.bytes >= BATCH_BYTES)
		return 0;
	until = c->since_ms + BATCH_MS;
	if (state == PIPE_IDLE && c->last_ms + QUIET_MS < until)
		until = c->last_ms + QUIET_MS;
	return until > now ? (unsigned)(until - now) : 0;
}

enum pacs_err
commit_all(struct pacs_error *err, struct run *run)
{
	struct committer c = {.run = run, .err = err};
	const struct pacs_ingest_hooks *h = run->hooks;
	enum pipe_state state = PIPE_BUSY;
	unsigned wait_ms = POLL_MS;

	while (state != PIPE_ENDED || c.now.count || c.placed.count) {
		take_items(&c, pipe_collect(run->pipe, wait_ms, &state));
		if (!c.stopping && h->stopped && h->stopped(h->ctx))
			stop(&c);
		if (!c.spoiled && !time_left(&c, state))
			step(&c);
		if (c.spoiled) {
			tell_failed(&c, &c.placed);
			tell_failed(&c, &c.now);
		}
		wait_ms = time_left(&c, state);
	}
	free(c.now.items);
	free(c.placed.items);
	return err->code;
}
