/* The threads of a run; see run-internal.h. */
#include <stdlib.h>
#include <string.h>

#include "deid/run-internal.h"
#include "deid/table.h"

const char *
pacs_deid_outcome_name(enum pacs_deid_outcome outcome)
{
	static const char *const names[] = {"written", "duplicate", "withheld",
					    "skipped", "failed"};

	return names[outcome];
}

bool
deid_stopping(struct run *run)
{
	return atomic_load(&run->ending) ||
	       run->hooks->stopped(run->hooks->ctx);
}

void
run_fail(struct run *run, const struct pacs_error *err)
{
	pthread_mutex_lock(&run->lock);
	if (run->fatal.code == PACS_OK)
		run->fatal = *err;
	pthread_mutex_unlock(&run->lock);
	if (!atomic_exchange(&run->ending, true) && run->hooks->ending)
		run->hooks->ending(run->hooks->ctx);
}

void
run_source_done(struct run *run)
{
	if (atomic_fetch_sub(&run->sources, 1u) == 1)
		pacs_queue_close(run->jobs);
}

/* --- batches ---------------------------------------------------------------
 */

struct made *
batch_add(struct batch *b, const char *source)
{
	struct made *m = &b->items[b->count++];

	m->source = pacs_strdup(source);
	m->rec = (struct pacs_deid_record){
	    .source = m->source,
	    .reason = "",
	    .detail = "",
	    .path = m->path,
	    .sop_class = m->sop_class,
	    .study = m->study,
	    .series = m->series,
	    .instance = m->instance,
	    .pseudonym = m->pseudonym,
	};
	return m;
}

static void
made_clear(struct made *m)
{
	free(m->source);
	free(m->detail);
	free(m->bytes);
	free(m->refs);
}

void
batch_cut(struct batch *b, unsigned keep)
{
	while (b->count > keep)
		made_clear(&b->items[--b->count]);
}

void
finish(struct made *m, enum pacs_deid_outcome outcome, const char *reason,
       const char *detail)
{
	m->rec.outcome = outcome;
	m->rec.reason = reason;
	m->rec.detail = "";
	if (detail && *detail)
		m->rec.detail = m->detail = pacs_strdup(detail);
}

void
finish_error(struct made *m, const struct pacs_error *err)
{
	finish(m, PACS_ANON_FAILED,
	       err->code == PACS_EFORMAT ? "damaged" : pacs_err_name(err->code),
	       err->msg);
}

/* --- workers ---------------------------------------------------------------
 */

static void
add_seen(struct pacs_deid_tally *t, const struct pacs_deid_result *r)
{
	unsigned i, j;

	for (i = 0; i < r->seen_count; i++) {
		for (j = 0; j < t->seen_count; j++)
			if (t->seen[j].tag == r->seen[i].tag)
				break;
		if (j == PACS_DEID_SEEN_MAX)
			continue;
		if (j == t->seen_count)
			t->seen[t->seen_count++] =
			    (struct pacs_deid_seen){r->seen[i].tag, 0};
		t->seen[j].count += r->seen[i].count;
	}
}

void
batch_work(struct worker *wk, struct batch *b)
{
	struct run *run = wk->run;
	unsigned i;

	for (i = 0; i < b->count && !deid_stopping(run); i++)
		if (!b->done)
			take_item(wk, &b->items[i]);
	/* What was not begun when the run stopped is not told. */
	batch_cut(b, i);
	pacs_queue_push(run->done, b, 1);
}

static void
work(void *ctx, unsigned number)
{
	struct run *run = ctx;
	struct worker wk = {.run = run, .bytes = pacs_malloc(SMALL_BYTES + 1)};
	void *p;

	(void)number;
	while (pacs_queue_pop(run->jobs, &p)) {
		batch_work(&wk, p);
		run_source_done(run);
	}
	pthread_mutex_lock(&run->lock);
	add_seen(run->tally, &wk.result);
	pthread_mutex_unlock(&run->lock);
	pacs_deid_result_clear(&wk.result);
	pacs_buf_clear(&wk.admitted);
	pacs_buf_clear(&wk.admitting);
	free(wk.bytes);
	if (atomic_fetch_sub(&run->working, 1u) == 1)
		pacs_queue_close(run->done);
}

/* --- telling ---------------------------------------------------------------
 */

static void
note_references(struct run *run, const struct made *m)
{
	size_t i;
	void *tag;
	bool is_new;

	set_put(&run->written, &m->self, &is_new);
	for (i = 0; i < m->ref_count; i++) {
		tag = set_put(&run->referred, &m->refs[i].instance, &is_new);
		memcpy(tag, &m->refs[i].tag, sizeof(m->refs[i].tag));
	}
}

static void
tell(struct run *run, struct made *m)
{
	struct pacs_deid_tally *t = run->tally;

	if (m->silent)
		return;
	t->outcomes[m->rec.outcome]++;
	if (m->written) {
		t->bytes +=
		    m->rec.outcome == PACS_ANON_WRITTEN ? m->rec.size : 0;
		t->blank_ids += m->rec.blank_id;
		t->no_issuers += !m->rec.had_issuer && !m->rec.blank_id;
		note_references(run, m);
	}
	run->hooks->record(run->hooks->ctx, &m->rec);
}

static void
tell_all(struct run *run)
{
	void *p;

	while (pacs_queue_pop(run->done, &p)) {
		struct batch *b = p;
		unsigned i;

		for (i = 0; i < b->count; i++)
			tell(run, &b->items[i]);
		batch_cut(b, 0);
		free(b);
	}
}

static void
tell_missing(struct run *run, const char *member)
{
	struct pacs_uid_digest digest;
	char uid[PACS_UID_MAX + 1] = "";
	uint32_t tag;

	memcpy(&digest, member, sizeof(digest));
	memcpy(&tag, member + sizeof(digest), sizeof(tag));
	if (set_has(&run->written, &digest))
		return;
	run->tally->missing++;
	if (!run->hooks->missing)
		return;
	if (!(pacs_deid_columns(run->d) & PACS_OPT_UIDS))
		pacs_uid_from_bytes(digest.bytes, uid);
	run->hooks->missing(run->hooks->ctx, tag, uid);
}

static void
tell_references(struct run *run)
{
	const void *member;
	size_t at = 0;

	run->tally->references = run->referred.count;
	while ((member = set_next(&run->referred, &at)))
		tell_missing(run, member);
}

/* ------------------------------------------------------------------------------
 */

static void
run_threads(struct pacs_error *err, struct run *run)
{
	struct pacs_team *team = NULL, *producer = NULL;

	if (pacs_team_start(err, run->input->workers, work, run, &team))
		return;
	if (pacs_team_start(err, 1, produce, run, &producer)) {
		run_fail(run, err);
		run_source_done(run);
	}
	tell_all(run);
	pacs_team_join(team);
	pacs_team_join(producer);
	if (!deid_stopping(run))
		tell_references(run);
}

enum pacs_err
pacs_deid_run(struct pacs_error *err, const struct pacs_deid *d,
	      struct pacs_deid_output *out, const struct pacs_deid_input *input,
	      const struct pacs_deid_hooks *hooks,
	      struct pacs_deid_tally *ret_tally)
{
	struct run run = {.d = d,
			  .out = out,
			  .input = input,
			  .hooks = hooks,
			  .tally = ret_tally,
			  .written = DIGEST_SET(8, 0),
			  .referred = DIGEST_SET(16, sizeof(uint32_t))};

	memset(ret_tally, 0, sizeof(*ret_tally));
	run.jobs = pacs_queue_new(QUEUED, QUEUED_BYTES);
	run.done = pacs_queue_new(QUEUED, SIZE_MAX);
	pthread_mutex_init(&run.lock, NULL);
	atomic_store(&run.working, input->workers);
	atomic_store(&run.sources, 1u);
	run_threads(err, &run);
	if (run.fatal.code && err->code == PACS_OK)
		*err = run.fatal;
	pacs_queue_free(run.jobs);
	pacs_queue_free(run.done);
	set_clear(&run.written);
	set_clear(&run.referred);
	pthread_mutex_destroy(&run.lock);
	return err->code;
}
