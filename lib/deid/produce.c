/* The producer: files and folders, some at a time. */
#include <stdlib.h>

#include "base/walk.h"
#include "deid/run-internal.h"

static bool
push(struct run *run)
{
	struct batch *b = run->filling;

	run->filling = NULL;
	if (!b)
		return true;
	atomic_fetch_add(&run->sources, 1u);
	if (pacs_queue_push(run->jobs, b, 1))
		return true;
	run_source_done(run);
	batch_cut(b, 0);
	free(b);
	return false;
}

static struct made *
add_item(struct run *run, const char *path)
{
	if (!run->filling)
		run->filling = pacs_calloc(1, sizeof(*run->filling));
	return batch_add(run->filling, path);
}

static bool
walk_file(struct pacs_walk *w, int dirfd, const char *name, bool via_link)
{
	struct run *run = w->ctx;

	(void)dirfd;
	(void)name;
	(void)via_link;
	if (deid_stopping(run))
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

void
produce(void *ctx, unsigned number)
{
	struct run *run = ctx;
	struct pacs_walk w = {.file = walk_file,
			      .skip = walk_skip,
			      .fail = walk_fail,
			      .ctx = run};
	struct pacs_buf item = {0};

	(void)number;
	if (run->input->stream_fd >= 0)
		add_item(run, "-")->is_stream = true;
	else
		while (!deid_stopping(run) &&
		       run->hooks->next(run->hooks->ctx, &item))
			if (!pacs_walk_item(&w, pacs_buf_str(&item)))
				break;
	push(run);
	run_source_done(run);
	pacs_buf_clear(&item);
	pacs_buf_clear(&w.path);
}
