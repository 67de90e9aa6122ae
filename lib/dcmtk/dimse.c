/*
 * Messages as P-DATA-TF (PS3.8 9.3.5): fragments go out in PDUs as long as the
 * peer takes, many in one system call; what comes in is cut by its lengths.
 */
#include "dcmtk/dimse.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dcmtk/assoc.h"

enum {
	PDU_DATA = 4,
	PDU_RELEASE_RQ = 5,
	PDU_ABORT = 7,
	PDU_HEAD = 6,
	PDV_HEAD = 6,          /* length, context, control */
	OUT_BYTES = 256 << 10, /* of a data set in memory at a time */
	OUT_PDUS = 64,
	SMALLEST_PDU = 1024, /* a peer that says less gets this */
	COMMAND_MAX = 64 << 10,
	MESSAGE_STEP = 64 << 10, /* of a data set that give time anew */
	LAST = 2,
	COMMAND = 1,
};

static void
put_be32(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static size_t
get_be32(const uint8_t *p)
{
	return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 |
	       (size_t)p[3];
}

/* --- out --------------------------------------------------------------- */

/* PDUs that go out in one call, and the data set's bytes that wait for it. */
struct pacs_dimse_out {
	struct iovec iov[2 * OUT_PDUS];
	uint8_t heads[OUT_PDUS][PDU_HEAD + PDV_HEAD];
	size_t pdus;
	struct pacs_buf command; /* waits for the first bytes */
	uint8_t context;
	unsigned ms;
	size_t len;
	uint8_t bytes[OUT_BYTES];
};

static void
add_pdu(struct pacs_dimse_out *b, uint8_t control, const void *bytes, size_t n)
{
	uint8_t *h = b->heads[b->pdus];

	h[0] = PDU_DATA;
	h[1] = 0;
	put_be32(h + 2, n + PDV_HEAD);
	put_be32(h + PDU_HEAD, n + 2);
	h[PDU_HEAD + 4] = b->context;
	h[PDU_HEAD + 5] = control;
	b->iov[2 * b->pdus].iov_base = h;
	b->iov[2 * b->pdus].iov_len = PDU_HEAD + PDV_HEAD;
	b->iov[2 * b->pdus + 1].iov_base = (void *)(uintptr_t)bytes;
	b->iov[2 * b->pdus + 1].iov_len = n;
	b->pdus++;
}

static enum pacs_err
push(struct pacs_error *err, struct pacs_assoc *a)
{
	struct pacs_dimse_out *b = a->out;
	size_t count = 2 * b->pdus;

	b->pdus = 0;
	if (count && a->net->send(err, a->link, b->iov, count, b->ms))
		return pacs_assoc_failed(err, a);
	return PACS_OK;
}

/* Bytes of a fragment that make the largest PDU the peer takes. */
static size_t
fragment_size(const struct pacs_assoc *a)
{
	size_t pdu = a->peer_pdu;

	if (!pdu || pdu > OUT_BYTES)
		pdu = OUT_BYTES;
	if (pdu < SMALLEST_PDU)
		pdu = SMALLEST_PDU;
	return (pdu - PDV_HEAD) & ~(size_t)1;
}

/* In as many PDUs as they need. */
static enum pacs_err
send_bytes(struct pacs_error *err, struct pacs_assoc *a, const void *bytes,
	   size_t n, bool last)
{
	struct pacs_dimse_out *b = a->out;
	size_t most = fragment_size(a);
	const uint8_t *p = bytes;

	do {
		size_t k = n < most ? n : most;

		n -= k;
		add_pdu(b, last && !n ? LAST : 0, p, k);
		p += k;
		if (b->pdus == OUT_PDUS && push(err, a))
			return err->code;
	} while (n);
	return push(err, a);
}

/* All bytes that wait. */
static enum pacs_err
flush(struct pacs_error *err, struct pacs_assoc *a, bool last)
{
	size_t n = a->out->len;

	a->out->len = 0;
	return send_bytes(err, a, a->out->bytes, n, last);
}

void
pacs_dimse_begin(struct pacs_assoc *a, uint8_t context,
		 const struct pacs_command *c, unsigned ms)
{
	struct pacs_dimse_out *b = a->out;

	if (!b)
		b = a->out = pacs_calloc(1, sizeof(*b));
	b->context = context;
	b->ms = ms;
	b->pdus = b->len = 0;
	pacs_buf_reset(&b->command);
	pacs_command_encode(c, &b->command);
	add_pdu(b, COMMAND | LAST, b->command.data, b->command.len);
}

/* Whole fragments at a time, so that only the last one of all is short. */
static size_t
room(const struct pacs_assoc *a)
{
	return OUT_BYTES / fragment_size(a) * fragment_size(a);
}

enum pacs_err
pacs_dimse_room(struct pacs_error *err, struct pacs_assoc *a, void **ret,
		size_t *ret_room)
{
	struct pacs_dimse_out *b = a->out;

	/* Not before more comes: the last fragment must say that it is. */
	if (b->len == room(a) && flush(err, a, false))
		return err->code;
	*ret_room = room(a) - b->len;
	*ret = b->bytes + b->len;
	return PACS_OK;
}

void
pacs_dimse_filled(struct pacs_assoc *a, size_t n)
{
	a->out->len += n;
}

enum pacs_err
pacs_dimse_put(struct pacs_error *err, void *ctx, const void *bytes, size_t n)
{
	struct pacs_assoc *a = ctx;
	const uint8_t *p = bytes;

	while (n) {
		size_t k = 0;
		void *to = NULL;

		if (pacs_dimse_room(err, a, &to, &k))
			return err->code;
		if (k > n)
			k = n;
		/* Room is there.
		 * NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
		memcpy(to, p, k);
		pacs_dimse_filled(a, k);
		p += k;
		n -= k;
	}
	return PACS_OK;
}

enum pacs_err
pacs_dimse_end(struct pacs_error *err, struct pacs_assoc *a)
{
	return flush(err, a, true);
}

enum pacs_err
pacs_dimse_end_with(struct pacs_error *err, struct pacs_assoc *a,
		    const void *bytes, size_t n)
{
	return send_bytes(err, a, bytes, n, true);
}

enum pacs_err
pacs_dimse_send(struct pacs_error *err, struct pacs_assoc *a, uint8_t context,
		const struct pacs_command *c, unsigned ms)
{
	pacs_dimse_begin(a, context, c, ms);
	return push(err, a);
}

void
pacs_dimse_out_free(struct pacs_dimse_out *b)
{
	if (b)
		pacs_buf_clear(&b->command);
	free(b);
}

/* --- in ---------------------------------------------------------------- */

/* Have at least n bytes at buf[at]. n is at most a PDU. */
static enum pacs_err
have(struct pacs_error *err, struct pacs_assoc *a, size_t n, uint64_t until_ms)
{
	uint64_t now;
	size_t got;

	if (a->at && a->at + n > PACS_PDU_ROOM + PDU_HEAD) {
		memmove(a->buf, a->buf + a->at, a->len - a->at);
		a->len -= a->at;
		a->at = 0;
	}
	while (a->len - a->at < n) {
		now = pacs_time_mono_ms();
		if (now >= until_ms)
			return pacs_assoc_broken(err, a, PACS_END_TIMEOUT,
						 "the peer did not come to the "
						 "end of its message in time");
		if (a->net->receive(err, a->link, a->buf + a->len,
				    PACS_PDU_ROOM + PDU_HEAD - a->len,
				    (unsigned)(until_ms - now), &got))
			return pacs_assoc_failed(err, a);
		a->len += got;
	}
	return PACS_OK;
}

static enum pacs_err
other_pdu(struct pacs_error *err, struct pacs_assoc *a, unsigned type)
{
	switch (type) {
	case PDU_ABORT:
		return pacs_assoc_broken(err, a, PACS_END_ABORTED,
					 "the peer aborted the association");
	case PDU_RELEASE_RQ:
		return pacs_assoc_broken(err, a, PACS_END_LOST,
					 "the peer ended the association");
	default:
		return pacs_assoc_broken(err, a, PACS_END_PROTOCOL,
					 "the peer sent what is no P-DATA");
	}
}

/* The next P-DATA-TF, whole: *ret_n bytes at buf[at] behind its head. */
static enum pacs_err
next_pdu(struct pacs_error *err, struct pacs_assoc *a, uint64_t until_ms,
	 size_t *ret_n)
{
	const uint8_t *h;

	if (have(err, a, PDU_HEAD, until_ms))
		return err->code;
	h = a->buf + a->at;
	if (h[0] != PDU_DATA)
		return other_pdu(err, a, h[0]);
	*ret_n = get_be32(h + 2);
	if (*ret_n < PDV_HEAD || *ret_n > PACS_PDU_ROOM)
		return pacs_assoc_broken(err, a, PACS_END_PROTOCOL,
					 "the peer sent a PDU of a length that "
					 "may not be");
	return have(err, a, PDU_HEAD + *ret_n, until_ms);
}

/* A message as it comes together. */
struct incoming {
	struct pacs_command *command;
	struct pacs_buf set; /* of the command */
	struct pacs_buf *data;
	size_t max_data;
	uint8_t context;
	bool has_command, done;
};

static const char *
take_command(struct incoming *in, uint8_t control, const uint8_t *bytes,
	     size_t n)
{
	if (in->has_command)
		return "the peer sent a command amid a data set";
	if (in->set.len + n > COMMAND_MAX)
		return "the peer sent a command without end";
	pacs_buf_add(&in->set, bytes, n);
	if (!(control & LAST))
		return NULL;
	if (!pacs_command_decode(in->set.data ? in->set.data : "", in->set.len,
				 in->command))
		return "the peer sent a command that cannot be read";
	in->has_command = true;
	in->done = !in->command->has_data;
	return NULL;
}

static const char *
take_data(struct incoming *in, uint8_t control, const uint8_t *bytes, size_t n)
{
	if (!in->has_command)
		return "the peer sent a data set without a command";
	if (!in->data || in->data->len + n > in->max_data)
		return "the peer sent a data set that is too long";
	pacs_buf_add(in->data, bytes, n);
	in->done = (control & LAST) != 0;
	return NULL;
}

/* One presentation data value. NULL, or what is wrong with it. */
static const char *
take_pdv(struct incoming *in, const uint8_t *pdv, size_t n)
{
	uint8_t control = pdv[1];

	if (in->done)
		return "the peer sent more than one message at once";
	if (in->set.len && pdv[0] != in->context)
		return "the peer changed the context amid a message";
	in->context = pdv[0];
	return control & COMMAND ? take_command(in, control, pdv + 2, n - 2)
				 : take_data(in, control, pdv + 2, n - 2);
}

static const char *
take_pdu(struct incoming *in, const uint8_t *p, size_t n)
{
	while (n) {
		size_t len;
		const char *wrong;

		if (n < PDV_HEAD)
			return "the peer sent a PDU with a rest";
		len = get_be32(p);
		if (len < 2 || len > n - 4)
			return "the peer sent a value longer than its PDU";
		wrong = take_pdv(in, p + 4, len);
		if (wrong)
			return wrong;
		p += 4 + len;
		n -= 4 + len;
	}
	return NULL;
}

enum pacs_err
pacs_dimse_receive(struct pacs_error *err, struct pacs_assoc *a,
		   struct pacs_command *ret, uint8_t *ret_context,
		   struct pacs_buf *data, size_t max_data, unsigned ms)
{
	struct incoming in = {
	    .command = ret, .data = data, .max_data = max_data};
	uint64_t until_ms = pacs_time_mono_ms() + ms;
	size_t due = MESSAGE_STEP;

	while (!in.done) {
		const char *wrong;
		size_t n = 0;

		if (next_pdu(err, a, until_ms, &n))
			break;
		wrong = take_pdu(&in, a->buf + a->at + PDU_HEAD, n);
		a->at += PDU_HEAD + n;
		if (a->at == a->len)
			a->at = a->len = 0;
		if (wrong) {
			pacs_assoc_broken(err, a, PACS_END_PROTOCOL, wrong);
			break;
		}
		if (data && data->len >= due) {
			until_ms = pacs_time_mono_ms() + ms;
			due = data->len + MESSAGE_STEP;
		}
	}
	pacs_buf_clear(&in.set);
	if (ret_context)
		*ret_context = in.context;
	return err->code;
}
