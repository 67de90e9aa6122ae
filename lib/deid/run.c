/*
 *   producer   files and folders, some at a time
 *   workers    read, de-identify, put
 *   the caller's thread  tells, and keeps count of references
 *
 * with bounded queues between them.
 */
#include "deid/run.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/walk.h"
#include "base/work.h"
#include "deid/output.h"

enum {
	BATCH = 16,
	QUEUED = 64,           /* batches */
	SMALL_BYTES = 1 << 20, /* files up to this are read, others mapped */
	HEAD_BYTES = 4096,
};

/* What became of a file. */
struct made {
	struct pacs_deid_record rec;
	struct pacs_deid_identity identity;
	char *source, *detail, *private_text[3];
	char path[OUTPUT_PATH_MAX];
	char sop_class[PACS_UID_MAX + 1], pseudonym[PACS_PSEUDONYM_MAX + 1];
	char study[PACS_UID_MAX + 1], series[PACS_UID_MAX + 1];
	char instance[PACS_UID_MAX + 1], accession[17];
	char old_study[PACS_UID_MAX + 1], old_series[PACS_UID_MAX + 1];
	struct pacs_uid_digest self, *refs;
	size_t ref_count;
};

struct batch {
	struct made items[BATCH];
	unsigned count;
	bool done; /* its items have outcomes already */
};

struct run {
	const struct pacs_deid *d;
	struct pacs_deid_output *out;
	const struct pacs_deid_hooks *hooks;
	struct pacs_queue *jobs, *done;
	struct batch *filling; /* the producer's */
	atomic_bool ending;
	atomic_uint working;
	struct pacs_deid_tally *tally;
	struct digest_set written, referred;
	pthread_mutex_t lock; /* of what follows */
	struct pacs_error fatal;
};

const char *
pacs_deid_outcome_name(enum pacs_deid_outcome outcome)
{
	static const char *const names[] = {"written", "duplicate", "withheld",
					    "skipped", "failed"};

	return names[outcome];
}

static bool
run_stopped(struct run *run)
{
	return atomic_load(&run->ending) ||
	       run->hooks->stopped(run->hooks->ctx);
}

/* The run cannot go on. */
static void
run_fail(struct run *run, const struct pacs_error *err)
{
	pthread_mutex_lock(&run->lock);
	if (run->fatal.code == PACS_OK)
		run->fatal = *err;
	pthread_mutex_unlock(&run->lock);
	if (!atomic_exchange(&run->ending, true) && run->hooks->ending)
		run->hooks->ending(run->hooks->ctx);
}

/* --- outcomes --------------------------------------------------------------
 */

static void
finish(struct made *m, enum pacs_deid_outcome outcome, const char *reason,
       const char *detail)
{
	m->rec.outcome = outcome;
	m->rec.reason = reason;
	m->rec.detail = "";
	if (detail && *detail)
		m->rec.detail = m->detail = pacs_strdup(detail);
}

static void
finish_error(struct made *m, const struct pacs_error *err)
{
	finish(m, PACS_ANON_FAILED,
	       err->code == PACS_EFORMAT ? "damaged" : pacs_err_name(err->code),
	       err->msg);
}

static void
made_clear(struct made *m)
{
	int i;

	for (i = 0; i < 3; i++)
		free(m->private_text[i]);
	free(m->source);
	free(m->detail);
	free(m->refs);
}

static void
note_result(struct made *m, const struct pacs_deid_result *r)
{
	memcpy(m->sop_class, r->sop_class, sizeof(m->sop_class));
	memcpy(m->study, r->study, sizeof(m->study));
	memcpy(m->series, r->series, sizeof(m->series));
	memcpy(m->instance, r->instance, sizeof(m->instance));
	memcpy(m->pseudonym, r->pseudonym, sizeof(m->pseudonym));
	m->rec.blank_id = r->blank_id;
	m->rec.had_issuer = r->had_issuer;
}

/* What only an object that is written needs. */
static void
note_written(struct made *m, const struct pacs_deid_result *r)
{
	memcpy(m->old_study, r->old_study, sizeof(m->old_study));
	memcpy(m->old_series, r->old_series, sizeof(m->old_series));
	memcpy(m->accession, r->accession, sizeof(m->accession));
	m->private_text[0] = pacs_strdup(pacs_buf_str(&r->patient_id));
	m->private_text[1] = pacs_strdup(pacs_buf_str(&r->issuer));
	m->private_text[2] = pacs_strdup(pacs_buf_str(&r->old_accession));
	m->identity = (struct pacs_deid_identity){
	    .patient_id = m->private_text[0],
	    .issuer = m->private_text[1],
	    .pseudonym = m->pseudonym,
	    .old_accession = m->private_text[2],
	    .accession = m->accession,
	    .old_study = m->old_study,
	    .study = m->study,
	    .old_series = m->old_series,
	    .series = m->series,
	};
	m->rec.identity = &m->identity;
	m->self = r->self;
	m->ref_count = r->ref_count;
	if (r->ref_count) {
		m->refs = pacs_malloc(r->ref_count * sizeof(*m->refs));
		memcpy(m->refs, r->refs, r->ref_count * sizeof(*m->refs));
	}
}

/* --- workers ---------------------------------------------------------------
 */

struct worker {
	struct run *run;
	char *bytes; /* SMALL_BYTES + 1 */
	struct pacs_deid_result result;
};

static void
put(struct worker *wk, struct made *m, struct pacs_dataset *ds)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_result *r = &wk->result;
	enum put_outcome outcome = PUT_WRITTEN;
	bool fatal = false;

	snprintf(m->path, sizeof(m->path), "%s/%s/%s.dcm", r->study, r->series,
		 r->instance);
	if (wk->run->out->put(&err, wk->run->out, ds, r, m->path, &outcome,
			      &m->rec.size, &fatal)) {
		m->path[0] = '\0';
		finish_error(m, &err);
		if (fatal)
			run_fail(wk->run, &err);
		return;
	}
	if (outcome == PUT_CONFLICT) {
		m->path[0] = '\0';
		finish(m, PACS_ANON_FAILED, "conflict",
		       "another object has its name in the output");
		return;
	}
	note_written(m, r);
	finish(m,
	       outcome == PUT_WRITTEN ? PACS_ANON_WRITTEN : PACS_ANON_DUPLICATE,
	       "", NULL);
}

static void
take_dataset(struct worker *wk, struct made *m, struct pacs_dataset *ds)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_result *r = &wk->result;
	enum pacs_err code = pacs_deid_apply(&err, wk->run->d, ds, r);

	note_result(m, r);
	if (code)
		finish_error(m, &err);
	else if (r->verdict == PACS_DEID_WITHHELD)
		finish(m, PACS_ANON_WITHHELD, r->reason,
		       pacs_deid_kind_meaning(r->reason));
	else if (r->verdict == PACS_DEID_SKIPPED)
		finish(m, PACS_ANON_SKIPPED, r->reason,
		       pacs_deid_kind_meaning(r->reason));
	else
		put(wk, m, ds);
}

/* A small file is read once; of a larger one the head tells whether it is worth
 * being mapped. *ret stays NULL if it is not DICOM. */
static enum pacs_err
read_object(struct pacs_error *err, struct worker *wk, int fd, uint64_t size,
	    struct pacs_dataset **ret)
{
	bool small = size <= SMALL_BYTES;
	size_t n;

	*ret = NULL;
	if (pacs_file_pread(err, fd, wk->bytes,
			    small ? (size_t)size : HEAD_BYTES, 0, &n) ||
	    !pacs_dicom_looks_like(wk->bytes, n))
		return err->code;
	return small ? pacs_dataset_read_memory(err, wk->bytes, n, NULL, ret)
		     : pacs_dataset_read_fd(err, fd, NULL, ret);
}

static void
take_file(struct worker *wk, struct made *m)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;
	uint64_t size;
	int fd;

	if (pacs_file_open(&err, AT_FDCWD, m->source, &fd, &size)) {
		finish_error(m, &err);
		return;
	}
	if (read_object(&err, wk, fd, size, &ds))
		finish_error(m, &err);
	else if (!ds)
		finish(m, PACS_ANON_SKIPPED, size ? "not-dicom" : "empty",
		       NULL);
	else
		take_dataset(wk, m, ds);
	pacs_dataset_free(ds);
	close(fd);
	if (wk->run->hooks->progress)
		wk->run->hooks->progress(wk->run->hooks->ctx, 1, size);
}

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

static void
work(void *ctx, unsigned number)
{
	struct run *run = ctx;
	struct worker wk = {.run = run, .bytes = pacs_malloc(SMALL_BYTES + 1)};
	void *p;

	(void)number;
	while (pacs_queue_pop(run->jobs, &p)) {
		struct batch *b = p;
		unsigned i;

		for (i = 0; i < b->count && !run_stopped(run); i++)
			if (!b->done)
				take_file(&wk, &b->items[i]);
		/* What was not begun when the run stopped is not told. */
		for (; i < b->count;)
			made_clear(&b->items[--b->count]);
		pacs_queue_push(run->done, b, 1);
	}
	pthread_mutex_lock(&run->lock);
	add_seen(run->tally, &wk.result);
	pthread_mutex_unlock(&run->lock);
	pacs_deid_result_clear(&wk.result);
	free(wk.bytes);
	if (atomic_fetch_sub(&run->working, 1u) == 1)
		pacs_queue_close(run->done);
}

/* --- the producer ----------------------------------------------------------
 */

static bool
push(struct run *run)
{
	struct batch *b = run->filling;

	run->filling = NULL;
	if (!b || pacs_queue_push(run->jobs, b, 1))
		return true;
	while (b->count)
		made_clear(&b->items[--b->count]);
	free(b);
	return false;
}

static struct made *
add_item(struct run *run, const char *path)
{
	struct made *m;

	if (!run->filling)
		run->filling = pacs_calloc(1, sizeof(*run->filling));
	m = &run->filling->items[run->filling->count++];
	m->source = pacs_strdup(path);
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

static bool
walk_file(struct pacs_walk *w, int dirfd, const char *name, bool via_link)
{
	struct run *run = w->ctx;

	(void)dirfd;
	(void)name;
	(void)via_link;
	if (run_stopped(run))
		return false;
	add_item(run, pacs_buf_str(&w->path));
	return run->filling->count < BATCH || push(run);
}

/* An entry that is not read is a batch of its own. */
static void
tell_entry(struct pacs_walk *w, enum pacs_deid_outcome outcome,
	   const char *reason, const char *detail)
{
	struct run *run = w->ctx;

	push(run);
	finish(add_item(run, pacs_buf_str(&w->path)), outcome, reason, detail);
	run->filling->done = true;
	push(run);
}

static void
walk_skip(struct pacs_walk *w, const char *reason)
{
	tell_entry(w, PACS_ANON_SKIPPED, reason, NULL);
}

static void
walk_fail(struct pacs_walk *w, struct pacs_error *err, const char *reason)
{
	tell_entry(w, PACS_ANON_FAILED, reason, err->msg);
	pacs_error_clear(err);
}

static void
produce(void *ctx, unsigned number)
{
	struct run *run = ctx;
	struct pacs_walk w = {.file = walk_file,
			      .skip = walk_skip,
			      .fail = walk_fail,
			      .ctx = run};
	struct pacs_buf item = {0};

	(void)number;
	while (!run_stopped(run) && run->hooks->next(run->hooks->ctx, &item))
		if (!pacs_walk_item(&w, pacs_buf_str(&item)))
			break;
	push(run);
	pacs_queue_close(run->jobs);
	pacs_buf_clear(&item);
	pacs_buf_clear(&w.path);
}

/* --- telling ---------------------------------------------------------------
 */

static void
tell(struct run *run, struct made *m)
{
	struct pacs_deid_tally *t = run->tally;
	struct pacs_error err = PACS_ERROR_INIT;
	size_t i;

	t->outcomes[m->rec.outcome]++;
	if (m->rec.identity) {
		t->bytes +=
		    m->rec.outcome == PACS_ANON_WRITTEN ? m->rec.size : 0;
		t->blank_ids += m->rec.blank_id;
		t->no_issuers += !m->rec.had_issuer && !m->rec.blank_id;
		set_add(&run->written, &m->self);
		for (i = 0; i < m->ref_count; i++)
			set_add(&run->referred, &m->refs[i]);
	}
	if (run->hooks->record(&err, run->hooks->ctx, &m->rec))
		run_fail(run, &err);
	made_clear(m);
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
		free(b);
	}
}

static void
count_references(struct run *run)
{
	size_t i;
	static const struct pacs_uid_digest nothing;

	run->tally->references = run->referred.count;
	for (i = 0; i < run->referred.cap; i++) {
		const struct pacs_uid_digest *d = &run->referred.slots[i];

		if (memcmp(d, &nothing, sizeof(nothing)) != 0 &&
		    !set_has(&run->written, d))
			run->tally->missing++;
	}
}

enum pacs_err
pacs_deid_run(struct pacs_error *err, const struct pacs_deid *d,
	      struct pacs_deid_output *out, unsigned workers,
	      const struct pacs_deid_hooks *hooks,
	      struct pacs_deid_tally *ret_tally)
{
	struct run run = {.d = d, .out = out, .hooks = hooks};
	struct pacs_team *team = NULL, *producer = NULL;

	memset(ret_tally, 0, sizeof(*ret_tally));
	run.tally = ret_tally;
	run.jobs = pacs_queue_new(QUEUED, SIZE_MAX);
	run.done = pacs_queue_new(QUEUED, SIZE_MAX);
	pthread_mutex_init(&run.lock, NULL);
	atomic_store(&run.working, workers);
	if (pacs_team_start(err, workers, work, &run, &team))
		goto out;
	if (pacs_team_start(err, 1, produce, &run, &producer)) {
		run_fail(&run, err);
		pacs_queue_close(run.jobs);
	}
	tell_all(&run);
	pacs_team_join(team);
	if (producer)
		pacs_team_join(producer);
	count_references(&run);
	if (run.fatal.code && err->code == PACS_OK)
		*err = run.fatal;
out:
	pacs_queue_free(run.jobs);
	pacs_queue_free(run.done);
	set_clear(&run.written);
	set_clear(&run.referred);
	pthread_mutex_destroy(&run.lock);
	return err->code;
}
