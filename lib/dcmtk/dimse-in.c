/*
 * Messages in, as P-DATA-TF (PS3.8 9.3.5): a peer's bytes, cut by the lengths
 * that it says.
 */
#include <string.h>

#include "base/clock.h"
#include "dcmtk/assoc.h"
#include "dcmtk/dimse.h"

enum {
	COMMAND_MAX = 64 << 10,
	MESSAGE_STEP = 64 << 10, /* of a data set that give time anew */
};

static size_t
get_be32(const uint8_t *p)
{
	return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 |
	       (size_t)p[3];
}

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
