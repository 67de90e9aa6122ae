/*
 * The run: a producer that looks at files (produce.c), workers that send them
 * (worker.c), and what both share.
 */
#include "peer/send.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/work.h"
#include "peer/commit.h"

enum { GRACE_MS = 5000 }; /* for what is under way when a run is stopped */

const char *
pacs_sent_word(enum pacs_sent s)
{
	static const char *const words[] = {
	    [PACS_SENT] = "sent",
	    [PACS_SENT_WARNED] = "warned",
	    [PACS_SENT_DROPPED] = "warned",
	    [PACS_SENT_REFUSED] = "refused",
	    [PACS_SENT_FAILED] = "failed",
	    [PACS_SENT_UNKNOWN] = "unknown",
	    [PACS_SENT_SKIPPED] = "skipped",
	};

	return words[s];
}

const char *
pacs_committed_word(enum pacs_committed c)
{
	static const char *const words[] = {
	    [PACS_COMMIT_NONE] = "",
	    [PACS_COMMIT_YES] = "yes",
	    [PACS_COMMIT_NO] = "no",
	    [PACS_COMMIT_UNKNOWN] = "unknown",
	};

	return words[c];
}

bool
run_stopped(struct run *r)
{
	return r->h->stopped(r->h->ctx);
}

bool
run_must_stop(void *ctx)
{
	struct run *r = ctx;
	uint64_t now;
	bool must;

	if (!run_stopped(r))
		return false;
	now = pacs_time_mono_ms();
	pthread_mutex_lock(&r->lock);
	if (!r->stopped_at)
		r->stopped_at = now;
	must = now - r->stopped_at >= GRACE_MS;
	pthread_mutex_unlock(&r->lock);
	return must;
}

void
run_note(struct run *r, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&r->told);
	r->h->note(r->h->ctx, text);
	pthread_mutex_unlock(&r->told);
}

const struct pacs_peer *
run_peer(struct run *r)
{
	const struct pacs_peer *p, *fresh = NULL;

	if (r->h->reload) {
		pthread_mutex_lock(&r->told);
		fresh = r->h->reload(r->h->ctx);
		pthread_mutex_unlock(&r->told);
	}
	pthread_mutex_lock(&r->lock);
	if (fresh)
		r->peer = fresh;
	p = r->peer;
	pthread_mutex_unlock(&r->lock);
	return p;
}

void
run_give_up(struct run *r, const struct pacs_error *err, const char *reason)
{
	pthread_mutex_lock(&r->lock);
	if (!r->fatal.code) {
		r->fatal = *err;
		r->fatal_reason = reason;
	}
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	r->h->ending(r->h->ctx);
}

static bool
is_accepted(enum pacs_sent s)
{
	return s == PACS_SENT || s == PACS_SENT_WARNED ||
	       s == PACS_SENT_DROPPED;
}

static void
count(struct run *r, const struct work *w)
{
	struct pacs_send_tally *t = r->tally;

	t->outcomes[w->outcome]++;
	if (is_accepted(w->outcome)) {
		t->bytes += w->o.size;
		if (w->committed == PACS_COMMIT_NO ||
		    w->committed == PACS_COMMIT_UNKNOWN)
			t->uncommitted++;
	} else if (w->transient) {
		t->transient++;
	}
}

void
run_tell(struct run *r, struct work *w)
{
	struct pacs_buf unread = {0};
	struct pacs_send_record rec = {
	    .outcome = w->outcome,
	    .reason = w->reason,
	    .status = w->status,
	    .comment = w->comment,
	    .committed = w->committed,
	    .study = w->o.study,
	    .series = w->o.series,
	    .instance = w->o.instance,
	    .sop_class = w->o.sop_class,
	    .syntax = w->o.syntax,
	    .syntax_sent = w->syntax_sent,
	    .size = w->o.size,
	    .path = w->o.path,
	    .detail = w->detail,
	    .attempts = w->attempts,
	    .transient = w->transient,
	};

	charset_words(charset_unread(r, &w->o), &unread);
	rec.unread_charset = pacs_buf_str(&unread);
	r->h->progress(r->h->ctx, 1, 0);
	pthread_mutex_lock(&r->told);
	count(r, w);
	r->h->record(r->h->ctx, &rec);
	pthread_mutex_unlock(&r->told);
	pacs_buf_clear(&unread);
	pacs_object_clear(&w->o);
	free(w);
}

/* --- the run ----------------------------------------------------------- */

void
run_init(struct run *r)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&r->told, NULL);
	pthread_mutex_init(&r->lock, NULL);
	/* Waits must not be as long as a clock is set back. */
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->changed, &attr);
	pthread_cond_init(&r->filled, &attr);
	pthread_condattr_destroy(&attr);
	r->peer = r->o->peer;
	r->random = (uint64_t)pacs_time_us();
	r->credit_ms = pacs_time_mono_ms();
	r->fatal_reason = "";
}

void
run_clear(struct run *r)
{
	pacs_needs_clear(&r->needs);
	pthread_cond_destroy(&r->filled);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	pthread_mutex_destroy(&r->told);
}

/* After the workers: what nobody will send. Until the producer has ended it
 * finds more. */
static void
tell_the_rest(struct run *r)
{
	bool ended = false;

	while (!ended && !run_stopped(r)) {
		pthread_mutex_lock(&r->lock);
		ended = r->ended;
		pthread_mutex_unlock(&r->lock);
		queue_drain(r);
		if (!ended)
			pace_sleep(r, 5);
	}
}

static void
free_the_rest(struct run *r)
{
	struct work *w;

	while ((w = r->delayed)) {
		r->delayed = w->next;
		pacs_object_clear(&w->o);
		free(w);
	}
	while ((w = r->first)) {
		r->first = w->next;
		pacs_object_clear(&w->o);
		free(w);
	}
}

enum pacs_err
pacs_send(struct pacs_error *err, const struct pacs_send_options *o,
	  const struct pacs_send_hooks *h, struct pacs_send_tally *ret_tally)
{
	struct run r = {.o = o, .h = h, .tally = ret_tally};
	struct pacs_team *team;
	pthread_t producer;

	memset(ret_tally, 0, sizeof(*ret_tally));
	run_init(&r);
	if (o->commit && commit_start(err, &r))
		goto out;
	if (pthread_create(&producer, NULL, run_produce, &r)) {
		pacs_error_set(err, PACS_ELIMIT, "no thread to be had");
		goto out;
	}
	if (!pacs_team_start(err, o->jobs ? o->jobs : 1, worker, &r, &team))
		pacs_team_join(team);
	else
		run_give_up(&r, err, "limit");
	if (r.fatal.code)
		tell_the_rest(&r);
	if (run_stopped(&r))
		h->ending(h->ctx);
	pthread_join(producer, NULL);
	free_the_rest(&r);
	if (r.fatal.code && !err->code)
		*err = r.fatal;
	if (!err->code && run_stopped(&r))
		pacs_error_set(err, PACS_EINTERRUPTED, "stopped");
out:
	commit_end(&r);
	run_clear(&r);
	return err->code;
}
