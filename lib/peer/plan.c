/*
 * What would be sent, and in which form: the looking and the negotiating of a
 * run, without the sending.
 */
#include <string.h>

#include "base/clock.h"
#include "peer/echo.h"
#include "peer/run.h"

enum { RELEASE_MS = 5000 };

struct planner {
	struct run *r;
	pacs_send_plan_fn *fn;
	void *ctx;
	double round_trip_s;
};

static void
tell(struct planner *p, const struct pacs_need *n, enum pacs_choice how,
     const struct pacs_context *c, const char *reason)
{
	static const char *const words[] = {
	    [PACS_SEND_AS_IS] = "as-is",
	    [PACS_SEND_NATIVE] = "native",
	    [PACS_SEND_COMPRESSED] = "compressed",
	    [PACS_NOT_PROPOSED] = "refused",
	    [PACS_NOT_PACKED] = "refused",
	    [PACS_NOT_TAKEN] = "refused",
	};
	const struct pacs_peer *peer = run_peer(p->r);
	bool goes = how <= PACS_SEND_COMPRESSED;
	const struct pacs_send_plan plan = {
	    .sop_class = n->sop_class,
	    .syntax = n->syntax,
	    .unread_charset = "",
	    .objects = n->pending,
	    .bytes = n->bytes,
	    .how = words[how],
	    .reason = reason,
	    .syntax_sent = goes ? c->accepted : "",
	    .seconds =
		!goes ? 0
		      : (double)n->pending * p->round_trip_s +
			    (peer->rate ? (double)n->bytes / (double)peer->rate
					: 0),
	};

	p->fn(p->ctx, &plan);
}

static void
tell_unread(struct planner *p)
{
	unsigned i;

	for (i = 0; i < 64; i++) {
		const struct pacs_send_plan plan = {
		    .sop_class = "",
		    .syntax = "",
		    .unread_charset = charset_word(1ull << i),
		    .objects = p->r->unread[i].objects,
		    .bytes = p->r->unread[i].bytes,
		    .how = "unread",
		    .reason = "",
		    .syntax_sent = "",
		};

		if (plan.objects)
			p->fn(p->ctx, &plan);
	}
}

/* One association for the need at hand; tells of it unless another is wanted
 * for its compressed form. */
static enum pacs_err
ask(struct pacs_error *err, struct planner *p, size_t i)
{
	struct pacs_need *n;
	const struct pacs_context *c = NULL;
	struct pacs_assoc_options o;
	struct pacs_proposal prop;
	struct pacs_assoc_info info;
	enum pacs_choice how;
	struct pacs_assoc *a;
	const char *reason;
	struct pacs_error late = PACS_ERROR_INIT;

	pacs_proposal_make(&p->r->needs, i, NULL, &prop);
	pacs_peer_options(run_peer(p->r), p->r->o->aetitle, &o);
	o.stopped = run_must_stop;
	o.stopped_ctx = p->r;
	if (pacs_assoc_open(err, &o, prop.contexts, prop.count, &info, NULL,
			    &a))
		return err->code;
	(void)!pacs_assoc_release(&late, a, RELEASE_MS);
	/* All that this one can tell: they need not be asked about again. */
	for (; i < p->r->needs.count; i++) {
		n = &p->r->needs.list[i];
		if (!n->pending)
			continue;
		how = pacs_proposal_choose(&prop, n, !p->r->o->never_transcode,
					   &c, &reason);
		if (how == PACS_NOT_PACKED)
			n->packed = true;
		if (how == PACS_NOT_PACKED || how == PACS_NOT_PROPOSED)
			continue;
		tell(p, n, how, c, reason);
		n->pending = 0;
	}
	return PACS_OK;
}

static enum pacs_err
measure(struct pacs_error *err, struct planner *p)
{
	struct pacs_echo e;

	(void)!pacs_echo(err, run_peer(p->r), p->r->o->aetitle, NULL, 0,
			 run_must_stop, p->r, &e);
	/* A peer need not take a C-ECHO to be sent to. */
	if (err->code == PACS_EREFUSED &&
	    strcmp(e.reason, "class-refused") == 0)
		pacs_error_clear(err);
	p->round_trip_s = (double)e.echo_us / 1e6;
	return err->code;
}

enum pacs_err
pacs_send_plan(struct pacs_error *err, const struct pacs_send_options *o,
	       const struct pacs_send_hooks *h,
	       struct pacs_send_tally *ret_tally, pacs_send_plan_fn *fn,
	       void *ctx)
{
	struct run r = {.o = o, .h = h, .tally = ret_tally, .plan = true};
	struct planner p = {.r = &r, .fn = fn, .ctx = ctx};
	size_t i;

	memset(ret_tally, 0, sizeof(*ret_tally));
	run_init(&r);
	run_produce(&r);
	if (!run_stopped(&r) && r.needs.count)
		(void)!measure(err, &p);
	for (i = 0; i < r.needs.count && !err->code;)
		if (run_stopped(&r))
			pacs_error_set(err, PACS_EINTERRUPTED, "stopped");
		else if (!r.needs.list[i].pending)
			i++;
		else
			(void)!ask(err, &p, i);
	if (!err->code)
		tell_unread(&p);
	run_clear(&r);
	return err->code;
}
