/*
 * Where objects come from: files, archive files and their members, a stream.
 *
 * Small members go to the other workers, so that one big tar is unpacked here
 * while its objects are de-identified there.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fs.h"
#include "deid/output.h"
#include "deid/run-internal.h"
#include "unpack/unpack.h"

static bool
on_stopped(void *ctx)
{
	return deid_stopping(((struct worker *)ctx)->run);
}

static void
progress(struct worker *wk, uint64_t items, uint64_t bytes)
{
	const struct pacs_deid_hooks *h = wk->run->hooks;

	if (h->progress)
		h->progress(h->ctx, items, bytes);
}

/* --- an object -------------------------------------------------------------
 */

static void
take_bytes(struct worker *wk, struct made *m, const char *bytes, size_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds;

	if (pacs_dataset_read_memory(&err, bytes, size, NULL, &ds))
		finish_error(m, &err);
	else
		take_dataset(wk, m, ds);
	pacs_dataset_free(ds);
}

static void
take_fd(struct worker *wk, struct made *m, int fd)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds;

	if (pacs_dataset_read_fd(&err, fd, NULL, &ds))
		finish_error(m, &err);
	else
		take_dataset(wk, m, ds);
	pacs_dataset_free(ds);
}

/* More of an object that comes in order: up to size bytes, 0 at its end. */
typedef enum pacs_err more_fn(struct pacs_error *err, void *ctx, char *buf,
			      size_t size, size_t *ret_n);

/* An object of more than SMALL_BYTES, of which the first n are in wk->bytes: by
 * way of a file, so that memory stays flat. */
static enum pacs_err
take_big(struct pacs_error *err, struct worker *wk, struct made *m, size_t n,
	 more_fn *more, void *ctx)
{
	int fd;

	if (pacs_fs_unnamed(err, wk->run->input->scratch, &fd))
		return err->code;
	while (n)
		if (pacs_fs_write(err, fd, wk->bytes, n) ||
		    more(err, ctx, wk->bytes, SMALL_BYTES, &n))
			break;
	if (err->code == PACS_OK)
		take_fd(wk, m, fd);
	close(fd);
	return err->code;
}

/* --- archive files ---------------------------------------------------------
 */

/* Members that were gathered: to another worker, or done here. */
static void
pass_members(struct worker *wk)
{
	struct run *run = wk->run;
	struct batch *b = wk->members;

	wk->members = NULL;
	if (!b)
		return;
	atomic_fetch_add(&run->sources, 1u);
	if (pacs_queue_try_push(run->jobs, b, b->bytes))
		return;
	batch_work(wk, b);
	run_source_done(run);
}

static struct made *
add_member(struct worker *wk, const char *name)
{
	if (!wk->members)
		wk->members = pacs_calloc(1, sizeof(*wk->members));
	return batch_add(wk->members, name);
}

/* What has its outcome already. */
static void
tell_member(struct worker *wk, const char *name, enum pacs_deid_outcome outcome,
	    const char *reason, const char *detail)
{
	struct batch *b = pacs_calloc(1, sizeof(*b));

	finish(batch_add(b, name), outcome, reason, detail);
	pacs_queue_push(wk->run->done, b, 1);
}

/* The member could not be read. False if it was a bomb. */
static bool
fail_member(struct worker *wk, const char *name, const struct pacs_error *err)
{
	tell_member(wk, name, PACS_ANON_FAILED,
		    err->code == PACS_ELIMIT    ? "bomb"
		    : err->code == PACS_EFORMAT ? "broken-archive"
						: pacs_err_name(err->code),
		    err->msg);
	return err->code != PACS_ELIMIT;
}

static enum pacs_err
more_of_member(struct pacs_error *err, void *ctx, char *buf, size_t size,
	       size_t *ret_n)
{
	*ret_n = 0;
	return pacs_unpack_read(err, ctx, buf, size, ret_n);
}

static bool
take_big_member(struct worker *wk, struct pacs_unpack *u, const char *name,
		size_t n)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct batch *b = pacs_calloc(1, sizeof(*b));

	if (!take_big(&err, wk, batch_add(b, name), n, more_of_member, u)) {
		pacs_queue_push(wk->run->done, b, 1);
		return true;
	}
	batch_cut(b, 0);
	free(b);
	return fail_member(wk, name, &err);
}

static bool
take_object(struct worker *wk, struct pacs_unpack *u, const char *name,
	    size_t n)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct made *m;

	if (pacs_unpack_read(&err, u, wk->bytes, SMALL_BYTES + 1, &n))
		return fail_member(wk, name, &err);
	if (n > SMALL_BYTES)
		return take_big_member(wk, u, name, n);
	m = add_member(wk, name);
	m->bytes = pacs_malloc(n);
	m->size = n;
	memcpy(m->bytes, wk->bytes, n);
	wk->members->bytes += n;
	if (wk->members->count == BATCH || wk->members->bytes > SMALL_BYTES)
		pass_members(wk);
	return true;
}

static bool
on_member(void *ctx, struct pacs_unpack *u, const char *name)
{
	struct worker *wk = ctx;
	struct pacs_error err = PACS_ERROR_INIT;
	size_t n = 0;

	if (pacs_unpack_read(&err, u, wk->bytes, PACS_CONTAINER_PEEK, &n))
		return fail_member(wk, name, &err);
	if (pacs_dicom_looks_like(wk->bytes, n))
		return take_object(wk, u, name, n);
	if (pacs_container_of(wk->bytes, n) == PACS_CONTAINER_NONE)
		tell_member(wk, name, PACS_ANON_SKIPPED,
			    n ? "not-dicom" : "empty", NULL);
	else
		tell_member(wk, name, PACS_ANON_FAILED, "nested-archive",
			    "an archive file inside another is not read: "
			    "unpack it first");
	return true;
}

static void
on_other(void *ctx, const char *name, const char *reason, const char *detail)
{
	tell_member(ctx, name, detail ? PACS_ANON_FAILED : PACS_ANON_SKIPPED,
		    reason, detail);
}

static void
on_progress(void *ctx, uint64_t members, uint64_t bytes)
{
	progress(ctx, members, bytes);
}

static void
take_archive(struct worker *wk, struct made *m, int fd, uint64_t size,
	     enum pacs_container kind, const char *peek, size_t peek_size)
{
	const struct pacs_unpack_hooks hooks = {.ctx = wk,
						.stopped = on_stopped,
						.progress = on_progress,
						.member = on_member,
						.other = on_other};
	struct pacs_unpack_end end;

	pacs_unpack(fd, m->source, size, kind, peek, peek_size, &hooks, &end);
	pass_members(wk);
	m->silent = !*end.reason;
	if (!m->silent)
		finish(m, *end.detail ? PACS_ANON_FAILED : PACS_ANON_SKIPPED,
		       end.reason, end.detail);
}

/* --- a file ----------------------------------------------------------------
 */

/* The tar that is being written would go on for ever. */
static bool
is_output(const struct worker *wk, int fd)
{
	const struct pacs_deid_output *out = wk->run->out;
	struct stat st;

	return out->ino && !fstat(fd, &st) && st.st_ino == out->ino &&
	       st.st_dev == out->dev;
}

/* Not DICOM by its first n bytes, which are in wk->bytes. */
static void
take_other(struct worker *wk, struct made *m, int fd, uint64_t size, size_t n)
{
	struct pacs_error err = PACS_ERROR_INIT;
	enum pacs_container kind;

	/* An ISO 9660 image says so behind its first 32 KiB. */
	if (size > n && n < PACS_CONTAINER_PEEK &&
	    pacs_file_pread(&err, fd, wk->bytes, PACS_CONTAINER_PEEK, 0, &n)) {
		finish_error(m, &err);
		return;
	}
	if (is_output(wk, fd)) {
		finish(m, PACS_ANON_SKIPPED, "in-output", NULL);
		return;
	}
	kind = pacs_container_of(wk->bytes, n);
	if (kind != PACS_CONTAINER_NONE) {
		take_archive(wk, m, fd, size, kind, NULL, 0);
		return;
	}
	progress(wk, 1, size);
	finish(m, PACS_ANON_SKIPPED, size ? "not-dicom" : "empty", NULL);
}

/* A small file is read once; of a larger one the head tells whether it is worth
 * being mapped. */
static void
take_file(struct worker *wk, struct made *m)
{
	struct pacs_error err = PACS_ERROR_INIT;
	uint64_t size;
	bool small;
	size_t n;
	int fd;

	if (pacs_file_open(&err, AT_FDCWD, m->source, &fd, &size)) {
		finish_error(m, &err);
		return;
	}
	small = size <= SMALL_BYTES;
	if (pacs_file_pread(&err, fd, wk->bytes,
			    small ? (size_t)size : HEAD_BYTES, 0, &n)) {
		finish_error(m, &err);
	} else if (!pacs_dicom_looks_like(wk->bytes, n)) {
		take_other(wk, m, fd, size, n);
	} else {
		if (small)
			take_bytes(wk, m, wk->bytes, n);
		else
			take_fd(wk, m, fd);
		progress(wk, 1, size);
	}
	close(fd);
}

/* --- a stream --------------------------------------------------------------
 */

static enum pacs_err
more_of_stream(struct pacs_error *err, void *ctx, char *buf, size_t size,
	       size_t *ret_n)
{
	struct worker *wk = ctx;

	if (!pacs_stream_read(err, wk->run->input->stream_fd, on_stopped, wk,
			      buf, size, ret_n))
		progress(wk, 0, *ret_n);
	return err->code;
}

static void
take_stream_object(struct pacs_error *err, struct worker *wk, struct made *m,
		   size_t n)
{
	size_t more;

	if (more_of_stream(err, wk, wk->bytes + n, SMALL_BYTES + 1 - n, &more))
		return;
	n += more;
	if (n > SMALL_BYTES)
		(void)!take_big(err, wk, m, n, more_of_stream, wk);
	else
		take_bytes(wk, m, wk->bytes, n);
	progress(wk, 1, 0);
}

static void
take_stream(struct worker *wk, struct made *m)
{
	struct pacs_error err = PACS_ERROR_INIT;
	enum pacs_container kind;
	char *peek;
	size_t n;

	if (more_of_stream(&err, wk, wk->bytes, PACS_CONTAINER_PEEK, &n))
		goto out;
	kind = pacs_container_of(wk->bytes, n);
	if (pacs_dicom_looks_like(wk->bytes, n)) {
		take_stream_object(&err, wk, m, n);
	} else if (kind == PACS_CONTAINER_NONE) {
		finish(m, PACS_ANON_SKIPPED, n ? "not-dicom" : "empty", NULL);
	} else {
		peek = pacs_malloc(n);
		memcpy(peek, wk->bytes, n);
		take_archive(wk, m, wk->run->input->stream_fd, 0, kind, peek,
			     n);
		free(peek);
	}
out:
	if (err.code)
		finish_error(m, &err);
}

void
take_item(struct worker *wk, struct made *m)
{
	if (m->is_stream) {
		take_stream(wk, m);
	} else if (m->bytes) {
		take_bytes(wk, m, m->bytes, m->size);
		free(m->bytes);
		m->bytes = NULL;
	} else {
		take_file(wk, m);
	}
}
