/*
 * One object: identified, compared with what holds its place, staged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "dicom/dataset.h"
#include "ingest/internal.h"

/*
 * An archive holds Part 10 files. What came without preamble or group 0002
 * gets what it lacks; the bytes that came follow unchanged. A preamble without
 * group 0002 is left as it is: nothing can be put between.
 */
static void
make_head(const struct identity *id, struct pacs_buf *head)
{
	static const char zeros[128];

	pacs_buf_reset(head);
	if (id->has_preamble)
		return;
	if (id->has_meta) {
		pacs_buf_add(head, zeros, sizeof(zeros));
		pacs_buf_adds(head, "DICM");
	} else {
		pacs_meta_make(id->sop_class, id->triple.instance, id->syntax,
			       head);
	}
}

/* Digest of head and body together. */
static enum pacs_err
body_digest(struct pacs_error *err, const struct body *body,
	    const struct pacs_buf *head, struct worker *wk,
	    char ret[PACS_SHA256_HEX])
{
	struct pacs_digest *d = pacs_digest_new();
	uint64_t at = 0;
	size_t n = 1;

	pacs_digest_add(d, pacs_buf_str(head), head->len);
	if (body->bytes)
		pacs_digest_add(d, body->bytes, (size_t)body->size);
	while (!body->bytes && n) {
		if (pacs_file_pread(err, body->fd, wk->compare, COMPARE_BYTES,
				    at, &n))
			break;
		pacs_digest_add(d, wk->compare, n);
		at += n;
	}
	pacs_digest_end_hex(d, ret);
	pacs_digest_free(d);
	return err->code;
}

/*
 * Does the archive hold these very bytes in their place already? Asked before
 * anything is written, on all workers, so that sending an archive what it has
 * costs reading alone. No to all that is in doubt: the committer looks closer.
 */
static bool
is_there(struct worker *wk, const struct pacs_triple *t,
	 const struct body *body)
{
	struct pacs_error err = PACS_ERROR_INIT;
	uint64_t size;
	bool same = false;
	int fd = -1;

	if (pacs_object_open(&err, wk->run->ar, t, &fd, &size))
		return false;
	if (same_bytes(&err, fd, size, &wk->head, body, wk->compare, &same))
		same = false;
	close(fd);
	return same;
}

void
foretell_absent(struct run *run, struct item *it, struct pacs_error *err,
		const char *reason)
{
	if (err->code != PACS_ENOTFOUND)
		item_fail(run, it, err, false);
	else if (!run->opts->again &&
		 pacs_object_is_purged(run->ar, &it->st.triple))
		item_finish(run, it, PACS_OUTCOME_QUARANTINED, "purged", NULL);
	else
		item_finish(run, it, PACS_OUTCOME_STORED, reason, NULL);
}

/* What would become of it. */
static void
foretell(struct worker *wk, struct item *it, const struct identity *id,
	 const struct body *body)
{
	struct run *run = wk->run;
	struct pacs_error err = PACS_ERROR_INIT;
	enum resolution res;
	struct held held;
	char diff[256] = "";

	if (id->verdict == IS_ODD) {
		object_finish_other(run, it, id);
		return;
	}
	if (!resolve(&err, run->ar, &it->st.triple, it->st.sha256, body,
		     &wk->head, &res, &held, diff, sizeof(diff))) {
		if (res == DIFFERS &&
		    given_find(run->given, it->st.sha256, &it->st.triple))
			res = SAME_BYTES;
		resolution_finish(run, it, res, &held, diff);
	} else {
		foretell_absent(run, it, &err, id->reason);
	}
}

/* Note the digest of the source where the filed object has bytes before it. */
static enum pacs_err
note_source(struct pacs_error *err, struct worker *wk, struct item *it,
	    const struct body *body)
{
	static const struct pacs_buf nothing;
	char sha256[PACS_SHA256_HEX];

	if (!wk->head.len)
		return PACS_OK;
	if (body_digest(err, body, &nothing, wk, sha256))
		return err->code;
	snprintf(it->st.extra, sizeof(it->st.extra), "source-sha256=%s",
		 sha256);
	return PACS_OK;
}

static enum pacs_err
stage(struct pacs_error *err, struct worker *wk, struct item *it,
      struct body *body)
{
	struct pacs_writer *w = wk->run->w;
	struct pacs_buf *head = &wk->head;
	struct pacs_stage_stream *s = body->stream;

	if (note_source(err, wk, it, body))
		return err->code;
	if (s && !head->len) {
		body->stream = NULL;
		return pacs_stage_end(err, s, &it->st);
	}
	if (pacs_writer_room(err, w, head->len + body->size))
		return err->code;
	if (body->bytes)
		return pacs_stage_memory(err, w, pacs_buf_str(head), head->len,
					 body->bytes, (size_t)body->size,
					 &it->st);
	return pacs_stage_file(err, w, pacs_buf_str(head), head->len, body->fd,
			       body->size, &it->st);
}

void
object_begin(struct worker *wk, struct item *it, const struct identity *id)
{
	it->st.triple = id->triple;
	it->st.origin = wk->run->opts->origin;
	memcpy(it->sop_class, id->sop_class, sizeof(it->sop_class));
	it->reason = id->reason;
	it->cut = id->cut;
	pacs_buf_reset(&wk->head);
	if (id->verdict == IS_OBJECT)
		make_head(id, &wk->head);
}

void
object_finish_other(struct run *run, struct item *it, const struct identity *id)
{
	switch (id->verdict) {
	case IS_DICOMDIR:
		item_finish(run, it, PACS_OUTCOME_SKIPPED, "dicomdir", NULL);
		break;
	case IS_ODD:
		if (given_find(run->given, it->st.sha256, &it->st.triple))
			item_finish(run, it, PACS_OUTCOME_DUPLICATE, "", NULL);
		else
			item_finish(run, it, PACS_OUTCOME_QUARANTINED,
				    id->reason, NULL);
		break;
	default:
		item_finish(run, it, PACS_OUTCOME_SKIPPED, "not-dicom", NULL);
		break;
	}
}

/* Nothing needs to be written: it is there, or this is a dry run. */
static void
look_only(struct worker *wk, struct item *it, const struct identity *id,
	  const struct body *body)
{
	struct run *run = wk->run;
	struct pacs_error err = PACS_ERROR_INIT;

	it->st.size = wk->head.len + body->size;
	if (body_digest(&err, body, &wk->head, wk, it->st.sha256)) {
		item_fail(run, it, &err, false);
	} else if (!run->w) {
		foretell(wk, it, id, body);
	} else {
		it->state = ITEM_SAME;
		pipe_put(run->pipe, it);
	}
}

static void
store(struct worker *wk, struct item *it, const struct identity *id,
      struct body *body)
{
	struct run *run = wk->run;
	struct pacs_error err = PACS_ERROR_INIT;

	object_begin(wk, it, id);
	if (!run->w ||
	    (id->verdict == IS_OBJECT && is_there(wk, &id->triple, body))) {
		look_only(wk, it, id, body);
	} else if (stage(&err, wk, it, body)) {
		/* From memory nothing but the archive's disk can fail. */
		item_fail(run, it, &err, body->bytes && ends_run(err.code));
	} else {
		it->state = id->verdict == IS_OBJECT ? ITEM_STAGED : ITEM_ASIDE;
		pipe_put(run->pipe, it);
	}
}

void
object_take(struct worker *wk, struct item *it, struct body *body)
{
	struct identity id;

	identify(body, &id);
	if (id.verdict == IS_OBJECT || id.verdict == IS_ODD)
		store(wk, it, &id, body);
	else
		object_finish_other(wk->run, it, &id);
	pacs_stage_abort(body->stream);
	body->stream = NULL;
}
