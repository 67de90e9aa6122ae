#include "peer/echo.h"

#include <string.h>

#include "base/clock.h"
#include "dcmtk/dimse.h"

enum { RELEASE_MS = 5000 };

static enum pacs_err
ask(struct pacs_error *err, struct pacs_assoc *a, const struct pacs_peer *peer,
    struct pacs_echo *ret)
{
	struct pacs_command c = {.field = PACS_C_ECHO_RQ, .message = 1};
	int64_t begin = pacs_time_us();

	strcpy(c.sop_class, PACS_VERIFICATION_CLASS);
	if (pacs_dimse_send(err, a, 1, &c, peer->idle_ms) ||
	    pacs_dimse_receive(err, a, &c, NULL, NULL, 0, peer->answer_ms)) {
		ret->reason = pacs_end_word(pacs_assoc_end(a));
		return err->code;
	}
	ret->echo_us = (uint64_t)(pacs_time_us() - begin);
	if (c.field != PACS_C_ECHO_RSP || c.message != 1) {
		ret->reason = pacs_end_word(PACS_END_PROTOCOL);
		return pacs_error_set(err, PACS_ENETWORK,
				      "the answer is not to the C-ECHO");
	}
	ret->status = c.status;
	if (c.status == 0)
		return PACS_OK;
	ret->reason = "status";
	return pacs_error_set(err, PACS_EREFUSED,
			      "the C-ECHO was answered with status %04X",
			      c.status);
}

static enum pacs_err
echo_on(struct pacs_error *err, struct pacs_assoc *a,
	const struct pacs_context *context, const struct pacs_peer *peer,
	struct pacs_echo *ret)
{
	struct pacs_error late = PACS_ERROR_INIT;

	if (context->result != 0) {
		ret->reason = "class-refused";
		pacs_error_set(err, PACS_EREFUSED,
			       "the peer does not take verification (C-ECHO)");
	} else if (ask(err, a, peer, ret) && ret->status < 0) {
		pacs_assoc_abort(a);
		return err->code;
	}
	/* Answered is answered, however the end goes. */
	(void)!pacs_assoc_release(&late, a, RELEASE_MS);
	return err->code;
}

enum pacs_err
pacs_echo(struct pacs_error *err, const struct pacs_peer *peer,
	  const char *calling, struct pacs_context *more, size_t more_count,
	  bool (*stopped)(void *ctx), void *ctx, struct pacs_echo *ret)
{
	struct pacs_context contexts[PACS_CONTEXTS_MAX] = {
	    {.sop_class = PACS_VERIFICATION_CLASS,
	     .syntaxes = {PACS_SYNTAX_IMPLICIT_LE}}};
	struct pacs_assoc_options o;
	struct pacs_assoc *a;
	enum pacs_end end;
	int64_t begin = pacs_time_us();

	memset(ret, 0, sizeof(*ret));
	ret->status = -1;
	ret->reason = "";
	pacs_peer_options(peer, calling, &o);
	o.stopped = stopped;
	o.stopped_ctx = ctx;
	if (more_count)
		memcpy(contexts + 1, more, more_count * sizeof(*more));
	if (!pacs_assoc_open(err, &o, contexts, more_count + 1, &ret->info,
			     &end, &a)) {
		ret->connect_us = (uint64_t)(pacs_time_us() - begin);
		if (more_count)
			memcpy(more, contexts + 1, more_count * sizeof(*more));
		(void)!echo_on(err, a, contexts, peer, ret);
	} else {
		ret->reason = pacs_end_word(end);
	}
	ret->outcome = !err->code                   ? "ok"
		       : err->code == PACS_EREFUSED ? "refused"
						    : "failed";
	return err->code;
}
