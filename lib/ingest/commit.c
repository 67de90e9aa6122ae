/*
 * The committer: staged objects in, outcomes out.
 *
 * Objects are gathered into batches. The barrier before a batch is placed is
 * also the one behind the batch before it, so a long load pays one barrier a
 * batch, and a batch is told only when that barrier is through:
 *
 *	gather N   barrier   tell N-1   place and record N   gather N+1   ...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* --- telling ---------------------------------------------------------------
 */

static void
object_place(const struct item *it, char path[PACS_PATH_ROOM])
{
	*path = '\0';
	switch (it->outcome) {
	case PACS_OUTCOME_STORED:
	case PACS_OUTCOME_DUPLICATE:
	case PACS_OUTCOME_REPAIRED:
		pacs_object_path(&it->st.triple, path);
		break;
	case PACS_OUTCOME_CONFLICT:
	case PACS_OUTCOME_QUARANTINED:
		snprintf(path, PACS_PATH_ROOM, "quarantine/%.64s.dcm",
			 it->st.sha256);
		break;
	default:
		break;
	}
}

static void
remove_source(struct run *run, const struct item *it)
{
	struct pacs_error err = PACS_ERROR_INIT;

	/* What is still being written ends early, too. */
	if (!run->opts->move || !run->w || !it->removable || it->cut)
		return;
	if (it->outcome != PACS_OUTCOME_STORED &&
	    it->outcome != PACS_OUTCOME_DUPLICATE &&
	    it->outcome != PACS_OUTCOME_REPAIRED)
		return;
	if (move_source(&err, run, it) && run->hooks->trouble)
		run->hooks->trouble(run->hooks->ctx, it->source, &err);
}

/* Filed, and not the whole of what it should be. */
static bool
is_truncated(const struct item *it)
{
	return it->cut && (it->outcome == PACS_OUTCOME_STORED ||
			   it->outcome == PACS_OUTCOME_DUPLICATE ||
			   it->outcome == PACS_OUTCOME_REPAIRED);
}

/* The item's outcome stands: tell it and free it. */
static void
tell(struct committer *c, struct item *it)
{
	struct run *run = c->run;
	char path[PACS_PATH_ROOM];
	const struct pacs_ingest_record record = {
	    .outcome = it->outcome,
	    .reason =
		is_truncated(it) && !*it->reason ? "truncated" : it->reason,
	    .detail = it->detail ? it->detail : "",
	    .triple = &it->st.triple,
	    .sop_class = it->sop_class,
	    .sha256 = it->st.sha256,
	    .size = it->st.size,
	    .path = path,
	    .source = it->source,
	    .truncated = is_truncated(it),
	};

	object_place(it, path);
	run->tally->outcomes[it->outcome]++;
	if (it->outcome == PACS_OUTCOME_STORED)
		run->tally->bytes += it->st.size;
	run->hooks->record(run->hooks->ctx, &record);
	remove_source(run, it);
	item_free(it);
}

static void
set_outcome(struct item *it, enum pacs_outcome outcome, const char *reason,
	    const char *detail)
{
	it->outcome = outcome;
	it->reason = reason;
	free(it->detail);
	it->detail = detail && *detail ? pacs_strdup(detail) : NULL;
}

static void
set_failed(struct item *it, const struct pacs_error *err)
{
	it->state = ITEM_DONE;
	set_outcome(it, PACS_OUTCOME_FAILED, pacs_err_name(err->code),
		    err->msg);
}

/* None of a batch can be promised any more. */
static void
tell_failed(struct committer *c, struct batch *b)
{
	size_t i;

	for (i = 0; i < b->count; i++) {
		if (b->items[i]->outcome != PACS_OUTCOME_FAILED ||
		    b->items[i]->state != ITEM_DONE)
			set_failed(b->items[i], c->err);
		tell(c, b->items[i]);
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

/* --- placing ---------------------------------------------------------------
 */

static enum pacs_err
put_aside(struct pacs_error *err, struct committer *c, struct item *it,
	  enum pacs_outcome outcome, const char *reason, const char *word,
	  const char *detail)
{
	set_outcome(it, outcome, reason, detail);
	if (pacs_place_quarantine(err, c->run->w, &it->st, word, detail))
		return err->code;
	/* What is there already needs no second copy. */
	if (it->st.placed == PACS_PLACED_QUARANTINED_BEFORE)
		pacs_stage_drop(c->run->w, &it->st);
	return PACS_OK;
}

static enum pacs_err
found_duplicate(struct pacs_error *err, struct committer *c, struct item *it,
		const char *reason)
{
	set_outcome(it, PACS_OUTCOME_DUPLICATE, reason, NULL);
	if (pacs_place_duplicate(err, c->run->w, &it->st))
		return err->code;
	pacs_stage_drop(c->run->w, &it->st);
	return PACS_OK;
}

static enum pacs_err
place_taken(struct pacs_error *err, struct committer *c, struct item *it)
{
	static const struct pacs_buf nothing;
	struct body body = {.fd = -1, .size = it->st.size};
	enum resolution res = DIFFERS;
	struct held held;
	char diff[256] = "";
	enum pacs_err rc;

	if (pacs_stage_open(err, c->run->w, &it->st, &body.fd))
		return err->code;
	rc = resolve(err, c->run->ar, &it->st.triple, it->st.sha256, &body,
		     &nothing, &res, &held, diff, sizeof(diff));
	close(body.fd);
	if (rc)
		return rc;
	switch (res) {
	case SAME_BYTES:
		return found_duplicate(err, c, it, "");
	case SAME_MEANING:
		rc = found_duplicate(err, c, it, "same-meaning");
		item_shows_held(it, &held);
		return rc;
	case DAMAGED:
		set_outcome(it, PACS_OUTCOME_REPAIRED, "", NULL);
		return pacs_place_over(err, c->run->w, &it->st,
				       PACS_PLACED_REPAIR);
	default:
		return put_aside(err, c, it, PACS_OUTCOME_CONFLICT, "differs",
				 "conflict", diff);
	}
}

static enum pacs_err
place_staged(struct pacs_error *err, struct committer *c, struct item *it)
{
	enum pacs_err rc;
	unsigned try;

	/* A place that was taken may be free again: purged just now. */
	for (try = 0; try < 3; try++) {
		if (pacs_place_object(err, c->run->w, &it->st,
				      c->run->opts->again))
			return err->code;
		if (it->st.placed == PACS_PLACED_OBJECT) {
			set_outcome(it, PACS_OUTCOME_STORED, it->reason, NULL);
			return PACS_OK;
		}
		if (it->st.placed == PACS_PLACED_PURGED)
			return put_aside(err, c, it, PACS_OUTCOME_QUARANTINED,
					 "purged", "purged", NULL);
		rc = place_taken(err, c, it);
		if (rc != PACS_ENOTFOUND)
			return rc;
		pacs_error_clear(err);
	}
	return pacs_error_set(err, PACS_EBUSY,
			      "its place changes all the time");
}

static enum pacs_err
place(struct pacs_error *err, struct committer *c, struct item *it)
{
	switch (it->state) {
	case ITEM_STAGED:
		return place_staged(err, c, it);
	case ITEM_ASIDE:
		if (given_find(c->run->given, it->st.sha256, &it->st.triple))
			return found_duplicate(err, c, it, "");
		return put_aside(err, c, it, PACS_OUTCOME_QUARANTINED,
				 it->reason, it->reason, NULL);
	case ITEM_SAME:
		return found_duplicate(err, c, it, "");
	case ITEM_DONE:
		break;
	}
	return PACS_OK;
}

/* --- steps ------------------------------------------------------------------
 */

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
		if (!place(&err, c, b->items[i])) {
			sts[n++] = &b->items[i]->st;
			continue;
		}
		set_failed(b->items[i], &err);
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
		tell(c, b->items[i]);
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

/* --- the loop ---------------------------------------------------------------
 */

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
		tell(c, it);
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
