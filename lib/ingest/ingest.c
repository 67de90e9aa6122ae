/*
 * One run: a producer, workers, and the committer on the caller's thread.
 */
#include <stdlib.h>
#include <string.h>

#include "base/work.h"
#include "ingest/internal.h"

const char *
pacs_outcome_name(enum pacs_outcome outcome)
{
	static const char *const names[] = {
	    [PACS_OUTCOME_STORED] = "stored",
	    [PACS_OUTCOME_DUPLICATE] = "duplicate",
	    [PACS_OUTCOME_REPAIRED] = "repaired",
	    [PACS_OUTCOME_CONFLICT] = "conflict",
	    [PACS_OUTCOME_QUARANTINED] = "quarantined",
	    [PACS_OUTCOME_SKIPPED] = "skipped",
	    [PACS_OUTCOME_FAILED] = "failed",
	};

	return names[outcome];
}

struct item *
item_new(const char *source)
{
	struct item *it = pacs_calloc(1, sizeof(*it));

	it->reason = "";
	it->source = pacs_strdup(source);
	return it;
}

void
item_free(struct item *it)
{
	if (!it)
		return;
	free(it->detail);
	free(it->source);
	free(it);
}

void
item_finish(struct run *run, struct item *it, enum pacs_outcome outcome,
	    const char *reason, const char *detail)
{
	it->state = ITEM_DONE;
	it->outcome = outcome;
	it->reason = reason;
	free(it->detail);
	it->detail = detail ? pacs_strdup(detail) : NULL;
	if (outcome == PACS_OUTCOME_SKIPPED && run->opts->strict)
		it->outcome = PACS_OUTCOME_FAILED;
	pipe_put(run->pipe, it);
}

void
item_fail(struct run *run, struct item *it, struct pacs_error *err, bool fatal)
{
	/* A full disk or floor stops all that would come after it as well. */
	if (fatal || err->code == PACS_ENOSPC)
		it->fatal = err->code;
	item_finish(run, it, PACS_OUTCOME_FAILED, pacs_err_name(err->code),
		    err->msg);
	pacs_error_clear(err);
}

bool
ends_run(enum pacs_err code)
{
	return code == PACS_ENOSPC || code == PACS_EIO || code == PACS_EDENIED;
}

bool
ingest_stopped(struct run *run)
{
	const struct pacs_ingest_hooks *h = run->hooks;

	return pipe_is_stopping(run->pipe) ||
	       (h->stopped && h->stopped(h->ctx));
}

void
run_progress(struct run *run, uint64_t items, uint64_t bytes)
{
	if (run->hooks->progress)
		run->hooks->progress(run->hooks->ctx, items, bytes);
}

static void
worker_init(struct worker *wk, struct run *run)
{
	*wk = (struct worker){.run = run};
	wk->bytes = pacs_malloc(SMALL_BYTES + 1);
	wk->compare = pacs_malloc(COMPARE_BYTES);
}

static void
worker_clear(struct worker *wk)
{
	free(wk->bytes);
	free(wk->compare);
	pacs_buf_clear(&wk->head);
}

static void
work(void *ctx, unsigned number)
{
	struct run *run = ctx;
	struct worker wk;
	struct job *j;

	(void)number;
	worker_init(&wk, run);
	while ((j = pipe_take(run->pipe))) {
		if (j->bytes)
			source_member(&wk, j);
		else
			source_file(&wk, j);
		pipe_job_done(run->pipe, j);
		free(j->source);
		free(j->bytes);
		free(j);
	}
	worker_clear(&wk);
}

static void
produce(void *ctx, unsigned number)
{
	struct run *run = ctx;
	struct worker wk;

	(void)number;
	if (run->opts->stream_fd >= 0) {
		worker_init(&wk, run);
		source_stream(&wk, run->opts->stream_fd);
		worker_clear(&wk);
	} else {
		walk_items(run);
	}
	pipe_end(run->pipe);
}

static enum pacs_err
run_threads(struct pacs_error *err, struct run *run)
{
	struct pacs_team *producer = NULL, *workers = NULL;

	if (pacs_team_start(err, run->opts->workers, work, run, &workers))
		goto out;
	if (pacs_team_start(err, 1, produce, run, &producer))
		goto out;
	commit_all(err, run);
out:
	if (!producer) {
		pipe_stop(run->pipe);
		pipe_end(run->pipe);
	}
	if (producer)
		pacs_team_join(producer);
	if (workers)
		pacs_team_join(workers);
	return err->code;
}

enum pacs_err
pacs_ingest(struct pacs_error *err, struct pacs_archive *ar,
	    const struct pacs_ingest_options *opts,
	    const struct pacs_ingest_hooks *hooks,
	    struct pacs_ingest_tally *ret_tally)
{
	struct run run = {
	    .ar = ar, .opts = opts, .hooks = hooks, .tally = ret_tally};

	memset(ret_tally, 0, sizeof(*ret_tally));
	if (!opts->dry_run && pacs_writer_open(err, ar, &run.w))
		return err->code;
	run.pipe = pipe_new(opts->workers);
	run.given = given_new(ar);
	run_threads(err, &run);
	pipe_free(run.pipe);
	given_free(run.given);
	pacs_writer_close(run.w);
	free(run.move_dir);
	return err->code;
}
