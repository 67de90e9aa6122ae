/*
 * One object, or one archive file, from a descriptor that cannot seek.
 */
#include <stdlib.h>
#include <string.h>

#include "dicom/dataset.h"
#include "ingest/internal.h"

struct stream {
	struct run *run;
	int fd;
};

static bool
on_stopped(void *ctx)
{
	return ingest_stopped(ctx);
}

static enum pacs_err
read_more(struct pacs_error *err, void *ctx, char *buf, size_t size,
	  size_t *ret_n)
{
	struct stream *s = ctx;

	if (pacs_stream_read(err, s->fd, on_stopped, s->run, buf, size, ret_n))
		return err->code;
	run_progress(s->run, 0, *ret_n);
	return PACS_OK;
}

/* The first n bytes, in wk->bytes, look like DICOM. */
static enum pacs_err
take_object(struct pacs_error *err, struct worker *wk, struct item *it,
	    struct stream *s, size_t n)
{
	struct body body = {.bytes = wk->bytes, .fd = -1};
	size_t more;

	if (read_more(err, s, wk->bytes + n, SMALL_BYTES + 1 - n, &more))
		return err->code;
	n += more;
	run_progress(wk->run, 1, 0);
	if (n > SMALL_BYTES)
		return big_take(err, wk, it, n, read_more, s);
	body.size = n;
	object_take(wk, it, &body);
	return PACS_OK;
}

void
source_stream(struct worker *wk, int fd)
{
	struct stream s = {.run = wk->run, .fd = fd};
	struct pacs_error err = PACS_ERROR_INIT;
	struct item *it = item_new("-");
	enum pacs_container kind;
	size_t n;
	char *peek = pacs_malloc(PACS_CONTAINER_PEEK);

	if (read_more(&err, &s, peek, PACS_CONTAINER_PEEK, &n))
		goto fail;
	if (pacs_dicom_looks_like(peek, n)) {
		memcpy(wk->bytes, peek, n);
		if (take_object(&err, wk, it, &s, n))
			goto fail;
		goto out;
	}
	kind = pacs_container_of(peek, n);
	if (kind == PACS_CONTAINER_NONE)
		item_finish(wk->run, it, PACS_OUTCOME_SKIPPED,
			    n ? "not-dicom" : "empty", NULL);
	else
		source_archive(wk, it, fd, 0, kind, peek, n);
	goto out;
fail:
	item_fail(wk->run, it, &err, false);
out:
	free(peek);
}
