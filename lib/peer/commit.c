/*
 * The question of storage commitment, and the wait for its answer.
 */
#include "peer/commit.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dicom/dataset.h"
#include "peer/commit-parts.h"

enum {
	SLICE_MS = 200,
	SAME_LINE_MS = 1000, /* for a peer that might come by itself */
	RELEASE_MS = 10000,
};

enum pacs_err
commit_start(struct pacs_error *err, struct run *r)
{
	struct commit *c;

	r->commit = c = pacs_calloc(1, sizeof(*c));
	c->r = r;
	pthread_mutex_init(&c->lock, NULL);
	if (!run_peer(r)->commit_port)
		return PACS_OK;
	if (pacs_listener_open(err, run_peer(r)->commit_port, &c->listener))
		return err->code;
	if (pthread_create(&c->thread, NULL, commit_listen, c)) {
		pacs_listener_close(c->listener);
		c->listener = NULL;
		return pacs_error_set(err, PACS_ELIMIT, "no thread to be had");
	}
	return PACS_OK;
}

void
commit_end(struct run *r)
{
	struct commit *c = r->commit;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->ends = true;
	pthread_mutex_unlock(&c->lock);
	if (c->listener)
		pthread_join(c->thread, NULL);
	pacs_listener_close(c->listener);
	pthread_mutex_destroy(&c->lock);
	free(c);
	r->commit = NULL;
}

/* --- the question ------------------------------------------------------ */

static bool
has_uid(const struct pacs_buf *b, const char *uid)
{
	size_t at;

	for (at = 0; at < b->len; at += strlen(b->data + at) + 1)
		if (!strcmp(b->data + at, uid))
			return true;
	return false;
}

static enum pacs_err
make_question(struct pacs_error *err, const struct asked *q,
	      const struct work *list, const char *syntax, struct pacs_buf *out)
{
	const struct pacs_write_options o = {.transfer_syntax = syntax,
					     .bare = true};
	struct pacs_dataset *ds = pacs_dataset_new();
	struct pacs_item *root = pacs_dataset_root(ds);
	const struct work *w;

	(void)!pacs_item_put_text(err, root, PACS_TAG_TransactionUID, q->uid);
	for (w = list; w && !err->code; w = w->next) {
		struct pacs_item *item =
		    pacs_item_add_item(root, PACS_TAG_ReferencedSOPSequence);

		if (!pacs_item_put_text(err, item,
					PACS_TAG_ReferencedSOPClassUID,
					w->o.sop_class))
			(void)!pacs_item_put_text(
			    err, item, PACS_TAG_ReferencedSOPInstanceUID,
			    w->o.instance);
	}
	if (!err->code)
		(void)!pacs_dataset_write(err, ds, &o, pacs_sink_buf, out);
	pacs_dataset_free(ds);
	return err->code;
}

/* Before the question goes out: its answer may come to another run. */
static enum pacs_err
note_question(struct pacs_error *err, struct run *r, const struct asked *q,
	      const struct work *list)
{
	for (; r->o->journal && list; list = list->next)
		if (pacs_journal_asked(err, r->o->journal, list->o.instance,
				       list->sha256, q->uid))
			return err->code;
	return PACS_OK;
}

static bool
is_answered(struct commit *c, const struct asked *q)
{
	bool is;

	pthread_mutex_lock(&c->lock);
	is = q->answered;
	pthread_mutex_unlock(&c->lock);
	return is;
}

/* The N-ACTION and its response; a report may come before that. */
static enum pacs_err
put_question(struct pacs_error *err, struct commit *c, struct pacs_assoc *a,
	     uint8_t context, const char *syntax, const struct pacs_buf *text)
{
	const struct pacs_peer *peer = run_peer(c->r);
	struct pacs_command m = {.field = PACS_N_ACTION_RQ,
				 .message = 1,
				 .number = 1,
				 .has_data = true};

	strcpy(m.sop_class, PACS_COMMITMENT_CLASS);
	strcpy(m.sop_instance, PACS_COMMITMENT_INSTANCE);
	pacs_dimse_begin(a, context, &m, peer->idle_ms);
	if (pacs_dimse_put(err, a, text->data, text->len) ||
	    pacs_dimse_end(err, a))
		return err->code;
	do {
		if (commit_message(err, c, a, syntax, peer->answer_ms, &m))
			return err->code;
	} while (m.field != PACS_N_ACTION_RSP);
	if (m.status)
		return pacs_error_set(err, PACS_EREFUSED,
				      "storage commitment was refused with "
				      "status %04X",
				      m.status);
	return PACS_OK;
}

/* What the peer said of it to this or another question, as far as the journal
 * knows. */
static enum pacs_committed
said_before(struct run *r, const struct work *w)
{
	struct pacs_journal_entry e = {.committed = PACS_COMMIT_UNKNOWN};
	struct pacs_error err = PACS_ERROR_INIT;
	bool found;

	if (!r->o->journal ||
	    pacs_journal_find(&err, r->o->journal, w->o.instance, w->sha256, &e,
			      &found) ||
	    !found || e.committed == PACS_COMMIT_NONE)
		return PACS_COMMIT_UNKNOWN;
	return (enum pacs_committed)e.committed;
}

/* Has all that is asked about been answered for, by reports to earlier
 * questions? Looked up when one came. */
static bool
is_known(struct commit *c, const struct work *list, unsigned *seen)
{
	unsigned reports;

	pthread_mutex_lock(&c->lock);
	reports = c->reports;
	pthread_mutex_unlock(&c->lock);
	if (reports == *seen)
		return false;
	*seen = reports;
	while (list && said_before(c->r, list) != PACS_COMMIT_UNKNOWN)
		list = list->next;
	return !list;
}

/* Until it is answered, here or by the listener. */
static void
wait_answer(struct commit *c, struct pacs_assoc **a, const char *syntax,
	    const struct asked *q, const struct work *list)
{
	uint64_t begin = pacs_time_mono_ms(), passed;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_command m;
	unsigned seen = 0;

	while (!is_answered(c, q) && !is_known(c, list, &seen) &&
	       !run_stopped(c->r)) {
		passed = pacs_time_mono_ms() - begin;
		if (passed >= c->r->o->commit_ms)
			return;
		if (*a && c->listener && passed > SAME_LINE_MS) {
			(void)!pacs_assoc_release(&err, *a, RELEASE_MS);
			*a = NULL;
		} else if (!*a) {
			if (!c->listener)
				return;
			pace_sleep(c->r, 20);
		} else if (pacs_assoc_readable(*a, SLICE_MS) &&
			   commit_message(&err, c, *a, syntax,
					  run_peer(c->r)->answer_ms, &m)) {
			pacs_assoc_abort(*a);
			*a = NULL;
		}
	}
}

static void
enter(struct commit *c, struct asked *q)
{
	pacs_uid_random(q->uid);
	pthread_mutex_lock(&c->lock);
	q->next = c->list;
	c->list = q;
	pthread_mutex_unlock(&c->lock);
}

/* From now on nobody else writes to it. */
static void
leave(struct commit *c, struct asked *q)
{
	struct asked **at;

	pthread_mutex_lock(&c->lock);
	for (at = &c->list; *at != q; at = &(*at)->next)
		;
	*at = q->next;
	pthread_mutex_unlock(&c->lock);
}

void
commit_ask(struct run *r, struct pacs_assoc **a, uint8_t context,
	   const char *syntax, struct work *list)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct commit *c = r->commit;
	struct asked q = {.answered = false};
	struct pacs_buf text = {0};
	struct work *w;

	enter(c, &q);
	if (make_question(&err, &q, list, syntax, &text) ||
	    note_question(&err, r, &q, list) ||
	    put_question(&err, c, *a, context, syntax, &text)) {
		run_note(r, "%s", err.msg);
		if (err.code != PACS_EREFUSED) {
			pacs_assoc_abort(*a);
			*a = NULL;
		}
	} else {
		wait_answer(c, a, syntax, &q, list);
	}
	leave(c, &q);
	for (w = list; w; w = w->next)
		if (has_uid(&q.failed, w->o.instance))
			w->committed = PACS_COMMIT_NO;
		else if (has_uid(&q.good, w->o.instance))
			w->committed = PACS_COMMIT_YES;
		else
			w->committed = said_before(r, w);
	pacs_buf_clear(&q.good);
	pacs_buf_clear(&q.failed);
	pacs_buf_clear(&text);
}
