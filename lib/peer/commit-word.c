/*
 * The peer's word: reports, on the association of the question or on one of its
 * own.
 */
#include <string.h>

#include "dicom/dataset.h"
#include "peer/commit-parts.h"

enum { ACCEPT_MS = 200, REPORT_MAX = 16 << 20 };

static void
take_uids(const struct pacs_item *root, uint32_t tag, struct pacs_buf *out)
{
	const struct pacs_element *e = pacs_item_find(root, tag);
	char uid[PACS_UID_MAX + 1];
	size_t i;

	for (i = 0; e && i < pacs_element_item_count(e); i++)
		if (pacs_item_uid(pacs_element_item(e, i),
				  PACS_TAG_ReferencedSOPInstanceUID, uid,
				  sizeof(uid)))
			pacs_buf_add(out, uid, strlen(uid) + 1);
}

/* What earlier runs asked is in the journal only. */
static void
tell_journal(struct run *r, const char *transaction, const struct pacs_buf *b,
	     enum pacs_committed what)
{
	struct pacs_error err = PACS_ERROR_INIT;
	size_t at;

	if (!r->o->journal)
		return;
	for (at = 0; at < b->len && !err.code; at += strlen(b->data + at) + 1)
		(void)!pacs_journal_answered(&err, r->o->journal, transaction,
					     b->data + at, (int)what);
	if (err.code)
		run_note(r, "%s", err.msg);
}

/* A report's data set: false if it is none. */
static bool
take_report(struct commit *c, const struct pacs_buf *data, const char *syntax)
{
	const struct pacs_read_options o = {.bare_syntax = syntax,
					    .max_depth = 8};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf good = {0}, failed = {0};
	char uid[PACS_UID_MAX + 1];
	struct pacs_dataset *ds;
	struct asked *q;
	bool fine;

	if (pacs_dataset_read_memory(&err, pacs_buf_str(data), data->len, &o,
				     &ds))
		return false;
	fine = pacs_item_uid(pacs_dataset_root(ds), PACS_TAG_TransactionUID,
			     uid, sizeof(uid));
	take_uids(pacs_dataset_root(ds), PACS_TAG_ReferencedSOPSequence, &good);
	take_uids(pacs_dataset_root(ds), PACS_TAG_FailedSOPSequence, &failed);
	pacs_dataset_free(ds);
	if (fine) {
		tell_journal(c->r, uid, &good, PACS_COMMIT_YES);
		tell_journal(c->r, uid, &failed, PACS_COMMIT_NO);
		pthread_mutex_lock(&c->lock);
		c->reports++;
		for (q = c->list; q && strcmp(q->uid, uid) != 0; q = q->next)
			;
		if (q && !q->answered) {
			pacs_buf_add(&q->good, good.data, good.len);
			pacs_buf_add(&q->failed, failed.data, failed.len);
			q->answered = true;
		}
		pthread_mutex_unlock(&c->lock);
	}
	pacs_buf_clear(&good);
	pacs_buf_clear(&failed);
	return fine;
}

enum pacs_err
commit_message(struct pacs_error *err, struct commit *c, struct pacs_assoc *a,
	       const char *syntax, unsigned ms, struct pacs_command *m)
{
	struct pacs_buf data = {0};
	struct pacs_command rsp = {.field = PACS_N_EVENT_REPORT_RSP};
	uint8_t context;

	if (!pacs_dimse_receive(err, a, m, &context, &data, REPORT_MAX, ms) &&
	    m->field == PACS_N_EVENT_REPORT_RQ) {
		rsp.message = m->message;
		rsp.number = m->number;
		strcpy(rsp.sop_class, PACS_COMMITMENT_CLASS);
		strcpy(rsp.sop_instance, PACS_COMMITMENT_INSTANCE);
		if (!take_report(c, &data, syntax))
			rsp.status = 0x0110;
		(void)!pacs_dimse_send(err, a, context, &rsp,
				       run_peer(c->r)->idle_ms);
	}
	pacs_buf_clear(&data);
	return err->code;
}

/* --- the peer comes to us ---------------------------------------------- */

static bool
listening_ends(void *ctx)
{
	struct commit *c = ctx;
	bool ends;

	pthread_mutex_lock(&c->lock);
	ends = c->ends;
	pthread_mutex_unlock(&c->lock);
	return ends;
}

static void
serve(struct commit *c, struct pacs_assoc *a, const char *syntax)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_command m;

	while (
	    !commit_message(&err, c, a, syntax, run_peer(c->r)->answer_ms, &m))
		;
	/* Asked for release is the good end; nobody minds an abort then. */
	pacs_assoc_abort(a);
}

void *
commit_listen(void *ctx)
{
	struct commit *c = ctx;
	const struct pacs_peer *peer = run_peer(c->r);

	while (!listening_ends(c)) {
		struct pacs_error err = PACS_ERROR_INIT;
		struct pacs_assoc_options o = {
		    .calling = c->r->o->aetitle,
		    .called = "",
		    .host = "",
		    .tls = peer->use_tls ? &peer->tls : NULL,
		    .negotiate_ms = peer->negotiate_ms,
		    .stopped = listening_ends,
		    .stopped_ctx = c,
		};
		char syntax[PACS_UID_MAX + 1];
		struct pacs_assoc_info info;
		struct pacs_assoc *a;

		if (!pacs_listener_accept(&err, c->listener, &o,
					  PACS_COMMITMENT_CLASS, ACCEPT_MS,
					  &info, syntax, &a))
			serve(c, a, syntax);
	}
	return NULL;
}
