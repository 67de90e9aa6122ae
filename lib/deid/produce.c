/* The producer: files and folders, some at a time. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
	if (!strcmp(reason, "archive-itself"))
		reason = "in-output";
	tell_entry(w, PACS_ANON_SKIPPED, reason, NULL);
}

static void
walk_fail(struct pacs_walk *w, struct pacs_error *err, const char *reason)
{
	tell_entry(w, PACS_ANON_FAILED, reason, err->msg);
	pacs_error_clear(err);
}

/* --- what lies in the output -----------------------------------------------
 */

/* An export that was read again would be exported, without end. */
static void
shun_output(struct run *run, struct pacs_walk *w)
{
	const char *output = run->input->output;
	struct stat st;

	if (!output || stat(output, &st) || !S_ISDIR(st.st_mode))
		return;
	w->shun_dev = st.st_dev;
	w->shun_ino = st.st_ino;
	run->root = realpath(output, NULL);
}

static bool
is_inside(const char *root, const char *folder)
{
	char *real = realpath(folder, NULL);
	size_t n = strlen(root);
	bool inside = real && !strncmp(real, root, n) &&
		      (real[n] == '/' || !real[n] || root[n - 1] == '/');

	free(real);
	return inside;
}

/* Lists go folder by folder: each one is looked up once. */
static bool
in_output(struct run *run, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *folder = slash ? path : ".";
	size_t n = slash && slash > path ? (size_t)(slash - path) : 1;
	struct pacs_buf *b = &run->near;

	if (!run->root)
		return false;
	if (b->len == n && !memcmp(b->data, folder, n))
		return run->near_inside;
	pacs_buf_reset(b);
	pacs_buf_add(b, folder, n);
	run->near_inside = is_inside(run->root, pacs_buf_str(b));
	return run->near_inside;
}

static bool
take_path(struct run *run, struct pacs_walk *w, const char *path)
{
	if (!in_output(run, path))
		return pacs_walk_item(w, path);
	pacs_buf_reset(&w->path);
	pacs_buf_adds(&w->path, path);
	walk_skip(w, "in-output");
	return true;
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
	shun_output(run, &w);
	if (run->input->stream_fd >= 0)
		add_item(run, "-")->is_stream = true;
	else
		while (!deid_stopping(run) &&
		       run->hooks->next(run->hooks->ctx, &item))
			if (!take_path(run, &w, pacs_buf_str(&item)))
				break;
	push(run);
	run_source_done(run);
	pacs_buf_clear(&item);
	pacs_buf_clear(&w.path);
	pacs_buf_clear(&run->near);
	free(run->root);
}
