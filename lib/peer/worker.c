/*
 * A worker: an association, the objects that go over it, and what is done when
 * it fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "peer/commit.h"
#include "peer/status.h"

enum {
	RELEASE_MS = 10000, /* at most; all has been answered before */
	IDLE_MS = 1500, /* an association with nothing to do for so long ends */
	KEPT_MS = 50,   /* before the peer is asked to commit what it has */
	LOSSES_MAX = 3, /* associations that one object may cost */
};

struct line {
	struct run *r;
	struct pacs_assoc *a; /* NULL: none */
	struct pacs_proposal p;
	uint16_t message;
	/* Accepted, to be committed before they are told. */
	struct work *kept;
	size_t kept_count;
};

/* --- the association --------------------------------------------------- */

static void
hang_up(struct line *l)
{
	struct pacs_error err = PACS_ERROR_INIT;
	unsigned ms;

	if (l->a) {
		ms = run_peer(l->r)->answer_ms;
		(void)!pacs_assoc_release(&err, l->a,
					  ms < RELEASE_MS ? ms : RELEASE_MS);
	}
	l->a = NULL;
}

/* Waits as long as it should after a failure, or gives the run up. */
static void
after_failure(struct line *l, const struct pacs_error *err, const char *reason)
{
	uint64_t ms;

	if (err->code == PACS_EINTERRUPTED && run_stopped(l->r))
		return;
	if ((err->code != PACS_ENETWORK && err->code != PACS_EBUSY) ||
	    !pace_failure(l->r, &ms)) {
		run_give_up(l->r, err, reason);
		return;
	}
	run_note(l->r, "%s; again in %.1f s", err->msg, (double)ms / 1000);
	pace_sleep(l->r, ms);
}

static bool
dial(struct line *l, size_t need)
{
	struct run *r = l->r;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_assoc_options o;
	struct pacs_assoc_info info;
	enum pacs_end end;

	pacs_peer_options(run_peer(r), r->o->aetitle, &o);
	o.stopped = run_must_stop;
	o.stopped_ctx = r;
	pthread_mutex_lock(&r->lock);
	pacs_proposal_make(&r->needs, need,
			   r->o->commit ? PACS_COMMITMENT_CLASS : NULL, &l->p);
	pthread_mutex_unlock(&r->lock);
	l->message = 0;
	if (!pacs_assoc_open(&err, &o, l->p.contexts, l->p.count, &info, &end,
			     &l->a))
		return true;
	after_failure(l, &err,
		      end == PACS_END_NONE ? pacs_err_name(err.code)
					   : pacs_end_word(end));
	return false;
}

/* --- one object -------------------------------------------------------- */

static void
refuse(struct line *l, struct work *w, const char *reason)
{
	w->outcome = PACS_SENT_REFUSED;
	w->reason = reason;
	w->status = -1;
	w->transient = false;
	snprintf(w->detail, sizeof(w->detail),
		 "the peer takes it in no form that it can be sent in");
	queue_done(l->r, w);
}

static bool
is_accepted(const struct work *w)
{
	return w->outcome == PACS_SENT || w->outcome == PACS_SENT_WARNED ||
	       w->outcome == PACS_SENT_DROPPED;
}

/* In the journal before it is told. A journal that cannot be written ends the
 * run; what was sent is told all the same. */
static void
write_down(struct run *r, const struct work *w)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_journal_entry e = {
	    .instance = w->o.instance,
	    .sha256 = w->sha256,
	    .study = w->o.study,
	    .series = w->o.series,
	    .sop_class = w->o.sop_class,
	    .outcome = (int)w->outcome,
	    .status = w->status,
	    .committed = (int)w->committed,
	};

	if (r->o->journal && pacs_journal_accepted(&err, r->o->journal, &e))
		run_give_up(r, &err, "journal");
}

/* It has its final answer. */
static void
finish(struct line *l, struct work *w)
{
	if (!is_accepted(w)) {
		queue_done(l->r, w);
		return;
	}
	if (l->r->o->commit)
		w->committed = PACS_COMMIT_UNKNOWN;
	if (!w->settled) /* else it stands there, maybe with a newer word */
		write_down(l->r, w);
	if (!l->r->o->commit) {
		queue_done(l->r, w);
		return;
	}
	queue_forget(l->r, w);
	w->next = l->kept;
	l->kept = w;
	l->kept_count++;
}

static void
answered(struct line *l, struct work *w)
{
	uint64_t when;

	pace_progress(l->r);
	if (!w->transient) {
		finish(l, w);
		return;
	}
	if (pacs_store_verdict(run_peer(l->r), (uint16_t)w->status) ==
		PACS_VERDICT_ONCE &&
	    w->once_used) {
		queue_done(l->r, w);
		return;
	}
	w->once_used = true;
	/* On another association: it may lead to another process there. */
	hang_up(l);
	if (pace_later(l->r, w, &when)) {
		queue_forget(l->r, w);
		queue_return(l->r, w, when);
	} else {
		queue_done(l->r, w);
	}
}

/* An object that its association did not survive. If each of several broke with
 * it, it may be the object. */
static void
broken(struct line *l, struct work *w)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const char *reason = w->reason;

	pacs_assoc_abort(l->a);
	l->a = NULL;
	pacs_error_set(&err, PACS_ENETWORK, "%s", w->detail);
	if (!w->transient || ++w->losses >= LOSSES_MAX || !l->r->o->budget_ms ||
	    run_stopped(l->r)) {
		bool ours = !w->transient;

		pace_next_object(l->r);
		queue_done(l->r, w);
		if (ours)
			return;
	} else {
		queue_return(l->r, w, 0);
	}
	after_failure(l, &err, reason);
}

/* The association that can carry it is there: send. */
static void
send_one(struct line *l, struct work *w, enum pacs_choice how,
	 const struct pacs_context *c)
{
	l->message = (uint16_t)(l->message % 0xffff + 1);
	charset_note(l->r, &w->o);
	switch (store(l->r, l->a, w, how, c, l->message)) {
	case STORE_ANSWERED:
		answered(l, w);
		break;
	case STORE_NOT_SENT:
		queue_done(l->r, w);
		break;
	default:
		broken(l, w);
		break;
	}
}

static bool
set_packed(struct run *r, const struct work *w)
{
	pthread_mutex_lock(&r->lock);
	r->needs.list[w->need].packed = true;
	pthread_mutex_unlock(&r->lock);
	return true;
}

static enum pacs_choice
choose(struct line *l, const struct work *w, const struct pacs_context **c,
       const char **reason)
{
	enum pacs_choice how = PACS_NOT_PROPOSED;
	struct pacs_need need;

	if (!l->a)
		return how;
	pthread_mutex_lock(&l->r->lock);
	need = l->r->needs.list[w->need];
	pthread_mutex_unlock(&l->r->lock);
	return pacs_proposal_choose(&l->p, &need, !l->r->o->never_transcode, c,
				    reason);
}

static void
carry(struct line *l, struct work *w)
{
	const struct pacs_context *c = NULL;
	const char *reason = "";
	enum pacs_choice how = choose(l, w, &c, &reason);

	if (how == PACS_NOT_PACKED)
		set_packed(l->r, w);
	if (how == PACS_NOT_PACKED || how == PACS_NOT_PROPOSED) {
		hang_up(l);
		if (!dial(l, w->need)) {
			queue_return(l->r, w, 0);
			return;
		}
		how = choose(l, w, &c, &reason);
		if (how == PACS_NOT_PACKED) {
			queue_return(l->r, w, 0);
			return;
		}
	}
	if (how == PACS_NOT_TAKEN || how == PACS_NOT_PROPOSED)
		refuse(l, w, reason);
	else
		send_one(l, w, how, c);
}

/* --- storage commitment ------------------------------------------------- */

/* The class's context is the last one. */
static bool
can_ask(const struct line *l)
{
	const struct pacs_context *c;

	if (!l->a || !l->p.count)
		return false;
	c = &l->p.contexts[l->p.count - 1];
	return !c->result && !strcmp(c->sop_class, PACS_COMMITMENT_CLASS);
}

static void
settle_kept(struct line *l)
{
	const struct pacs_context *c;
	struct work *w;

	if (!l->kept)
		return;
	if (!l->a && !run_stopped(l->r))
		(void)dial(l, l->kept->need);
	if (can_ask(l)) {
		c = &l->p.contexts[l->p.count - 1];
		commit_ask(l->r, &l->a, c->id, c->accepted, l->kept);
	} else if (l->a) {
		run_note(l->r, "the peer does not take storage commitment");
	}
	while ((w = l->kept)) {
		l->kept = w->next;
		queue_done(l->r, w);
	}
	l->kept_count = 0;
}

void
worker(void *run, unsigned number)
{
	struct line *l = pacs_calloc(1, sizeof(*l));
	struct pacs_error err = PACS_ERROR_INIT;
	struct work *w;

	(void)number;
	l->r = run;
	/* While the first files are looked at; what is amiss, dialling tells.
	 */
	(void)!pacs_net_load(&err);
	queue_fill(l->r);
	for (;;) {
		enum queue_state s;

		if (!pace_window_is_open(l->r)) {
			hang_up(l);
			pace_wait_window(l->r);
		}
		s = queue_take(l->r, l->kept ? KEPT_MS : IDLE_MS, &w);
		if (s == QUEUE_DONE)
			break;
		if (s == QUEUE_GOT && w->settled)
			finish(l, w);
		else if (s == QUEUE_GOT)
			carry(l, w);
		if (l->kept_count >= COMMIT_MAX || (l->kept && s == QUEUE_WAIT))
			settle_kept(l);
		else if (s == QUEUE_WAIT)
			hang_up(l);
	}
	settle_kept(l);
	hang_up(l);
	free(l);
}
