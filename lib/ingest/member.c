/*
 * Archive files and their members.
 *
 * Small members go to the other workers, so that one big tar is unpacked here
 * while its objects are hashed and written there.
 */
#include <stdlib.h>
#include <string.h>

#include "dicom/dataset.h"
#include "ingest/internal.h"

/* The member could not be read or staged. False if it was a bomb. */
static bool
fail_member(struct run *run, struct item *it, struct pacs_error *err)
{
	enum pacs_err code = err->code;

	if (code == PACS_ELIMIT)
		item_finish(run, it, PACS_OUTCOME_FAILED, "bomb", err->msg);
	else if (code == PACS_EFORMAT)
		item_finish(run, it, PACS_OUTCOME_FAILED, "broken-archive",
			    err->msg);
	else
		item_fail(run, it, err, false);
	return code != PACS_ELIMIT;
}

/* A member that is held in memory whole: to another worker, or done here. */
static void
take_small(struct worker *wk, const char *name, size_t size)
{
	struct job *j = pacs_calloc(1, sizeof(*j));

	j->source = pacs_strdup(name);
	j->bytes = pacs_malloc(size + 1);
	memcpy(j->bytes, wk->bytes, size);
	j->size = size;
	if (pipe_push_member(wk->run->pipe, j))
		return;
	source_member(wk, j);
	free(j->source);
	free(j->bytes);
	free(j);
}

static enum pacs_err
read_more(struct pacs_error *err, void *ctx, char *buf, size_t size,
	  size_t *ret_n)
{
	*ret_n = 0;
	return pacs_unpack_read(err, ctx, buf, size, ret_n);
}

static bool
take_bytes(struct worker *wk, struct pacs_unpack *u, const char *name, size_t n)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct item *it;

	if (pacs_unpack_read(&err, u, wk->bytes, SMALL_BYTES + 1, &n))
		return fail_member(wk->run, item_new(name), &err);
	if (n <= SMALL_BYTES) {
		take_small(wk, name, n);
		return true;
	}
	it = item_new(name);
	if (big_take(&err, wk, it, n, read_more, u))
		return fail_member(wk->run, it, &err);
	return true;
}

static bool
on_member(void *ctx, struct pacs_unpack *u, const char *name)
{
	struct worker *wk = ctx;
	struct pacs_error err = PACS_ERROR_INIT;
	size_t n = 0;

	if (pacs_unpack_read(&err, u, wk->bytes, PACS_CONTAINER_PEEK, &n))
		return fail_member(wk->run, item_new(name), &err);
	if (pacs_dicom_looks_like(wk->bytes, n))
		return take_bytes(wk, u, name, n);
	if (pacs_container_of(wk->bytes, n) == PACS_CONTAINER_NONE)
		item_finish(wk->run, item_new(name), PACS_OUTCOME_SKIPPED,
			    n ? "not-dicom" : "empty", NULL);
	else
		item_finish(wk->run, item_new(name), PACS_OUTCOME_FAILED,
			    "nested-archive",
			    "an archive file inside another is not read: "
			    "unpack it first");
	return true;
}

static void
on_other(void *ctx, const char *name, const char *reason, const char *detail)
{
	struct worker *wk = ctx;

	item_finish(wk->run, item_new(name),
		    detail ? PACS_OUTCOME_FAILED : PACS_OUTCOME_SKIPPED, reason,
		    detail);
}

static bool
on_stopped(void *ctx)
{
	return ingest_stopped(((struct worker *)ctx)->run);
}

static void
on_progress(void *ctx, uint64_t members, uint64_t bytes)
{
	run_progress(((struct worker *)ctx)->run, members, bytes);
}

void
source_archive(struct worker *wk, struct item *it, int fd, uint64_t file_size,
	       enum pacs_container kind, const char *peek, size_t peek_size)
{
	const struct pacs_unpack_hooks hooks = {.ctx = wk,
						.stopped = on_stopped,
						.progress = on_progress,
						.member = on_member,
						.other = on_other};
	struct pacs_unpack_end end;

	pacs_unpack(fd, it->source, file_size, kind, peek, peek_size, &hooks,
		    &end);
	if (!*end.reason)
		item_free(it);
	else if (*end.detail)
		item_finish(wk->run, it, PACS_OUTCOME_FAILED, end.reason,
			    end.detail);
	else
		item_finish(wk->run, it, PACS_OUTCOME_SKIPPED, end.reason,
			    NULL);
}
