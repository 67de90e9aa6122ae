/*
 * Messages out, as P-DATA-TF (PS3.8 9.3.5): fragments go out in PDUs as long as
 * the peer takes, many in one system call. dimse-in.c is the other direction.
 */
#include "dcmtk/dimse.h"

#include <stdlib.h>
#include <string.h>

#include "dcmtk/assoc.h"

enum {
	OUT_BYTES = 256 << 10, /* of a data set in memory at a time */
	OUT_PDUS = 64,
	SMALLEST_PDU = 1024, /* a peer that says less gets this */
};

static void
put_be32(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
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
