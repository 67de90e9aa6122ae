/*
 * An object from a stream that is too big to be held in memory: staged as it
 * comes, identified from the staged file.
 */
#include <string.h>
#include <unistd.h>

#include "ingest/internal.h"

static enum pacs_err
add(struct pacs_error *err, struct worker *wk, struct body *body, size_t n)
{
	if (pacs_writer_room(err, wk->run->w, n) ||
	    pacs_stage_add(err, body->stream, wk->bytes, n))
		return err->code;
	body->size += n;
	return PACS_OK;
}

static enum pacs_err
stage_stream(struct pacs_error *err, struct worker *wk, size_t n,
	     read_more_fn *more, void *ctx, struct body *body)
{
	if (pacs_stage_begin(err, wk->run->w, &body->stream))
		return err->code;
	while (n)
		if (add(err, wk, body, n) ||
		    more(err, ctx, wk->bytes, SMALL_BYTES, &n))
			return err->code;
	body->fd = pacs_stage_fd(body->stream);
	return PACS_OK;
}

/* A dry run writes nothing, so only header, size and digest can tell. */
static void
foretell_by_digest(struct worker *wk, struct item *it)
{
	struct run *run = wk->run;
	struct pacs_error err = PACS_ERROR_INIT;
	char theirs[PACS_SHA256_HEX] = "";
	uint64_t size;
	int fd;

	if (!pacs_object_open(&err, run->ar, &it->st.triple, &fd, &size)) {
		if (!pacs_sha256_fd(&err, fd, theirs, &size) &&
		    !strcmp(theirs, it->st.sha256))
			item_finish(run, it, PACS_OUTCOME_DUPLICATE, "", NULL);
		else
			item_finish(run, it, PACS_OUTCOME_CONFLICT,
				    "not-compared",
				    "other bytes; a dry run does not compare "
				    "the meaning of big members");
		close(fd);
	} else {
		foretell_absent(run, it, &err, it->reason);
	}
}

static enum pacs_err
foretell_stream(struct pacs_error *err, struct worker *wk, struct item *it,
		size_t n, read_more_fn *more, void *ctx)
{
	struct body head = {
	    .bytes = wk->bytes, .fd = -1, .size = n, .is_head = true};
	struct pacs_digest *d = pacs_digest_new();
	struct identity id;

	identify(&head, &id);
	object_begin(wk, it, &id);
	pacs_digest_add(d, pacs_buf_str(&wk->head), wk->head.len);
	it->st.size = wk->head.len;
	while (n && !err->code) {
		pacs_digest_add(d, wk->bytes, n);
		it->st.size += n;
		more(err, ctx, wk->bytes, SMALL_BYTES, &n);
	}
	pacs_digest_end_hex(d, it->st.sha256);
	pacs_digest_free(d);
	if (err->code)
		return err->code;
	if (id.verdict == IS_OBJECT)
		foretell_by_digest(wk, it);
	else
		object_finish_other(wk->run, it, &id);
	return PACS_OK;
}

enum pacs_err
big_take(struct pacs_error *err, struct worker *wk, struct item *it, size_t n,
	 read_more_fn *more, void *ctx)
{
	struct body body = {.fd = -1};

	if (!wk->run->w)
		return foretell_stream(err, wk, it, n, more, ctx);
	if (stage_stream(err, wk, n, more, ctx, &body)) {
		pacs_stage_abort(body.stream);
		return err->code;
	}
	object_take(wk, it, &body);
	return PACS_OK;
}
