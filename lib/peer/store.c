/*
 * One object over an association: C-STORE (PS3.7 9.1.1).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "dcmtk/codec.h"
#include "dcmtk/dimse.h"
#include "dicom/dataset.h"
#include "peer/run.h"
#include "peer/status.h"

enum {
	CODEC_MAX = 1 << 30, /* bytes of an object that a codec is given */
	SLICE = 256 << 10,   /* of one in memory, where there is a rate */
};

/* How far a C-STORE got. */
struct sending {
	struct run *r;
	struct pacs_assoc *a;
	struct work *w;
	bool begun, whole;
};

static void
not_sent(struct work *w, const struct pacs_error *err, const char *reason)
{
	w->outcome = PACS_SENT_FAILED;
	w->reason = reason;
	w->status = -1;
	w->comment = "";
	w->transient = false;
	snprintf(w->detail, sizeof(w->detail), "%s", err->msg);
}

/* --- the data set's bytes ------------------------------------------------- */

static enum pacs_err
pay(struct pacs_error *err, struct sending *s, size_t n)
{
	s->r->h->progress(s->r->h->ctx, 0, n);
	if (pace_bytes(s->r, n))
		return PACS_OK;
	/* Stopped: what is begun may be finished. */
	return run_must_stop(s->r)
		   ? pacs_error_set(err, PACS_EINTERRUPTED, "stopped")
		   : PACS_OK;
}

static enum pacs_err
sink(struct pacs_error *err, void *ctx, const void *bytes, size_t n)
{
	struct sending *s = ctx;

	if (pacs_dimse_put(err, s->a, bytes, n))
		return err->code;
	return pay(err, s, n);
}

/* What is in memory: in one go, or as the rate wants it. */
static enum pacs_err
send_kept(struct pacs_error *err, struct sending *s)
{
	const char *bytes = s->w->o.bytes.data + s->w->o.data_offset;
	size_t n = (size_t)s->w->o.data_size, k;

	if (!run_peer(s->r)->rate && !s->w->o.pad)
		return pay(err, s, n)
			   ? err->code
			   : pacs_dimse_end_with(err, s->a, bytes, n);
	for (; n; bytes += k, n -= k) {
		k = n < SLICE ? n : SLICE;
		if (sink(err, s, bytes, k))
			return err->code;
	}
	if (s->w->o.pad && pacs_dimse_put(err, s->a, "", 1))
		return err->code;
	return pacs_dimse_end(err, s->a);
}

/* From the file to the socket; read, not mapped: a file that is cut while it is
 * sent is an error then, and no signal. */
static enum pacs_err
send_file(struct pacs_error *err, struct sending *s, int fd)
{
	uint64_t at = s->w->o.data_offset, left = s->w->o.data_size;

	if (s->w->o.bytes.len)
		return send_kept(err, s);
	while (left) {
		size_t n, got;
		void *to;

		if (pacs_dimse_room(err, s->a, &to, &n))
			return err->code;
		if (n > left)
			n = (size_t)left;
		if (pacs_file_pread(err, fd, to, n, at, &got))
			return err->code;
		if (got < n)
			return pacs_error_set(err, PACS_EINTEGRITY,
					      "it became shorter while it was "
					      "sent");
		pacs_dimse_filled(s->a, n);
		at += n;
		left -= n;
		if (pay(err, s, n))
			return err->code;
	}
	if (s->w->o.pad && pacs_dimse_put(err, s->a, "", 1))
		return err->code;
	return pacs_dimse_end(err, s->a);
}

static enum pacs_err
send_converted(struct pacs_error *err, struct sending *s,
	       struct pacs_dataset *ds, const char *syntax)
{
	const struct pacs_write_options o = {.transfer_syntax = syntax,
					     .bare = true};

	if (pacs_dataset_write(err, ds, &o, sink, s))
		return err->code;
	return pacs_dimse_end(err, s->a);
}

/* --- what goes out -------------------------------------------------------- */

/* An object in another form, in memory or read anew from its file. */
struct form {
	struct pacs_buf bytes;
	struct pacs_dataset *ds;
};

static enum pacs_err
by_codec(struct pacs_error *err, const struct work *w, const char *syntax,
	 struct form *f)
{
	struct pacs_buf whole = {0};

	if (!pacs_file_slurp(err, AT_FDCWD, w->o.path, CODEC_MAX, &whole))
		(void)!pacs_dcm_transcode(err, whole.data, whole.len, syntax,
					  &f->bytes);
	pacs_buf_clear(&whole);
	if (err->code)
		return err->code;
	return pacs_dataset_read_memory(err, f->bytes.data, f->bytes.len, NULL,
					&f->ds);
}

/* Everything that can fail about another form, before a byte goes out. */
static enum pacs_err
make_form(struct pacs_error *err, const struct work *w, enum pacs_choice how,
	  const char *syntax, int fd, struct form *f)
{
	const struct pacs_syntax *from = pacs_syntax_find(w->o.syntax);

	if (how == PACS_SEND_NATIVE && from && !from->encapsulated)
		return pacs_dataset_read_fd(err, fd, NULL, &f->ds);
	return by_codec(err, w, syntax, f);
}

static enum pacs_err
request(struct pacs_error *err, struct sending *s, const struct pacs_context *c,
	uint16_t message, int fd, const struct form *f)
{
	const struct pacs_peer *peer = run_peer(s->r);
	struct pacs_command rq = {
	    .field = PACS_C_STORE_RQ, .message = message, .has_data = true};

	snprintf(rq.sop_class, sizeof(rq.sop_class), "%s", s->w->o.sop_class);
	snprintf(rq.sop_instance, sizeof(rq.sop_instance), "%s",
		 s->w->o.instance);
	pacs_dimse_begin(s->a, c->id, &rq, peer->idle_ms);
	s->begun = true;
	if (f->ds ? send_converted(err, s, f->ds, c->accepted)
		  : send_file(err, s, fd))
		return err->code;
	s->whole = true;
	return PACS_OK;
}

/* --- the answer -------------------------------------------------------- */

static bool
fits(const struct pacs_command *rsp, const struct work *w, uint16_t message)
{
	return rsp->field == PACS_C_STORE_RSP && rsp->message == message &&
	       !rsp->has_data &&
	       (!*rsp->sop_instance ||
		!strcmp(rsp->sop_instance, w->o.instance));
}

static void
take_answer(struct run *r, struct work *w, const struct pacs_command *rsp)
{
	w->status = rsp->status;
	w->comment = rsp->comment;
	w->reason = pacs_store_reason(rsp->status);
	w->transient = false;
	*w->detail = '\0';
	switch (pacs_store_verdict(run_peer(r), rsp->status)) {
	case PACS_VERDICT_SENT:
		w->outcome = PACS_SENT;
		break;
	case PACS_VERDICT_WARNED:
		w->outcome = PACS_SENT_WARNED;
		break;
	case PACS_VERDICT_DROPPED:
		w->outcome = PACS_SENT_DROPPED;
		break;
	case PACS_VERDICT_LATER:
	case PACS_VERDICT_ONCE:
		w->transient = true;
		w->outcome = PACS_SENT_REFUSED;
		break;
	default:
		w->outcome = PACS_SENT_REFUSED;
		break;
	}
}

static enum pacs_err
answer(struct pacs_error *err, struct sending *s, uint16_t message)
{
	struct pacs_command rsp;

	if (pacs_dimse_receive(err, s->a, &rsp, NULL, NULL, 0,
			       run_peer(s->r)->answer_ms))
		return err->code;
	if (!fits(&rsp, s->w, message))
		return pacs_error_set(err, PACS_ENETWORK,
				      "the peer's answer is to something else");
	take_answer(s->r, s->w, &rsp);
	return PACS_OK;
}

/* What is known of an object whose association broke. */
static void
broke(struct sending *s, const struct pacs_error *err)
{
	enum pacs_end end = pacs_assoc_end(s->a);

	not_sent(s->w, err,
		 pacs_end_word(end == PACS_END_NONE ? PACS_END_PROTOCOL : end));
	s->w->transient = true;
	if (s->whole)
		s->w->outcome = PACS_SENT_UNKNOWN;
}

/* An error of the file and not of the peer? */
static bool
is_ours(const struct sending *s, const struct pacs_error *err)
{
	return pacs_assoc_end(s->a) == PACS_END_NONE &&
	       err->code != PACS_ENETWORK && err->code != PACS_EINTERRUPTED;
}

static const char *
own_reason(const struct pacs_error *err, enum pacs_choice how)
{
	if (err->code == PACS_EINTEGRITY)
		return "changed";
	if (how != PACS_SEND_AS_IS && err->code != PACS_EIO)
		return "cannot-transcode";
	return pacs_err_name(err->code);
}

enum store_end
store(struct run *r, struct pacs_assoc *a, struct work *w, enum pacs_choice how,
      const struct pacs_context *c, uint16_t message)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct sending s = {.r = r, .a = a, .w = w};
	struct form f = {.ds = NULL};
	enum store_end end = STORE_ANSWERED;
	int fd = -1;

	w->attempts++;
	snprintf(w->syntax_sent, sizeof(w->syntax_sent), "%s", c->accepted);
	if (((how != PACS_SEND_AS_IS || !w->o.bytes.len) &&
	     pacs_object_reopen(&err, &w->o, &fd)) ||
	    (how != PACS_SEND_AS_IS &&
	     make_form(&err, w, how, c->accepted, fd, &f)) ||
	    request(&err, &s, c, message, fd, &f) ||
	    answer(&err, &s, message)) {
		end = s.begun ? STORE_BROKEN : STORE_NOT_SENT;
		if (is_ours(&s, &err)) {
			*w->syntax_sent = '\0';
			not_sent(w, &err, own_reason(&err, how));
		} else {
			broke(&s, &err);
		}
	}
	pacs_dataset_free(f.ds);
	pacs_buf_clear(&f.bytes);
	if (fd >= 0)
		close(fd);
	return end;
}
