/*
 * The producer: items, and folders with all below them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/walk.h"
#include "ingest/internal.h"

static bool
push_file(struct pacs_walk *w, int dirfd, const char *name, bool via_link)
{
	struct run *run = w->ctx;
	struct job *j;

	(void)dirfd;
	(void)name;
	if (ingest_stopped(run))
		return false;
	j = pacs_calloc(1, sizeof(*j));
	j->source = pacs_strndup(w->path.data, w->path.len);
	j->via_link = via_link;
	if (pipe_push_file(run->pipe, j))
		return true;
	free(j->source);
	free(j);
	return false;
}

static void
tell_skip(struct pacs_walk *w, const char *reason)
{
	struct run *run = w->ctx;

	item_finish(run, item_new(pacs_buf_str(&w->path)), PACS_OUTCOME_SKIPPED,
		    reason, NULL);
}

static void
tell_fail(struct pacs_walk *w, struct pacs_error *err, const char *reason)
{
	struct run *run = w->ctx;

	item_finish(run, item_new(pacs_buf_str(&w->path)), PACS_OUTCOME_FAILED,
		    reason, err->msg);
	pacs_error_clear(err);
}

void
walk_items(struct run *run)
{
	struct pacs_walk w = {.file = push_file,
			      .skip = tell_skip,
			      .fail = tell_fail,
			      .ctx = run};
	struct pacs_buf item = {0};
	struct stat st;

	if (!fstat(pacs_archive_dirfd(run->ar), &st)) {
		w.shun_dev = st.st_dev;
		w.shun_ino = st.st_ino;
	}
	while (!ingest_stopped(run) && run->hooks->next(run->hooks->ctx, &item))
		if (!pacs_walk_item(&w, pacs_buf_str(&item)))
			break;
	pacs_buf_clear(&item);
	pacs_buf_clear(&w.path);
}

/* --- counting ahead ------------------------------------------------------ */

struct measure {
	bool (*stopped)(void *ctx);
	void *ctx;
	uint64_t files, bytes;
};

static bool
count_file(struct pacs_walk *w, int dirfd, const char *name, bool via_link)
{
	struct measure *m = w->ctx;
	struct stat st;

	(void)via_link;
	if (!fstatat(dirfd, name, &st, 0) && S_ISREG(st.st_mode)) {
		m->files++;
		m->bytes += (uint64_t)st.st_size;
	}
	return !m->stopped || !m->stopped(m->ctx);
}

static void
skip_nothing(struct pacs_walk *w, const char *reason)
{
	(void)w;
	(void)reason;
}

static void
fail_nothing(struct pacs_walk *w, struct pacs_error *err, const char *reason)
{
	(void)w;
	(void)reason;
	pacs_error_clear(err);
}

void
pacs_ingest_measure(const char *path, bool (*stopped)(void *ctx), void *ctx,
		    uint64_t *files, uint64_t *bytes)
{
	struct measure m = {.stopped = stopped, .ctx = ctx};
	struct pacs_walk w = {.file = count_file,
			      .skip = skip_nothing,
			      .fail = fail_nothing,
			      .ctx = &m};

	pacs_walk_item(&w, path);
	pacs_buf_clear(&w.path);
	*files += m.files;
	*bytes += m.bytes;
}
