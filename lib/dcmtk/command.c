/*
 * Command sets (PS3.7 6.3.1): group 0000 in implicit little endian.
 */
#include <stdlib.h>
#include <string.h>

#include "dcmtk/dimse.h"

enum { NO_DATA = 0x0101, A_DATA = 0x0001, HEAD = 8 };

static void
put_head(struct pacs_buf *out, unsigned element, uint32_t len)
{
	const unsigned char h[HEAD] = {
	    0,
	    0,
	    (unsigned char)element,
	    (unsigned char)(element >> 8),
	    (unsigned char)len,
	    (unsigned char)(len >> 8),
	    (unsigned char)(len >> 16),
	    (unsigned char)(len >> 24),
	};

	pacs_buf_add(out, h, sizeof(h));
}

static void
put_us(struct pacs_buf *out, unsigned element, unsigned value)
{
	put_head(out, element, 2);
	pacs_buf_addc(out, (char)(value & 0xff));
	pacs_buf_addc(out, (char)(value >> 8));
}

static void
put_uid(struct pacs_buf *out, unsigned element, const char *uid)
{
	size_t n = strlen(uid);

	put_head(out, element, (uint32_t)((n + 1) & ~(size_t)1));
	pacs_buf_add(out, uid, n);
	if (n & 1)
		pacs_buf_addc(out, '\0');
}

static void
put_fields(const struct pacs_command *c, struct pacs_buf *out)
{
	bool response = (c->field & 0x8000) != 0;
	bool requested = c->field == PACS_N_ACTION_RQ;

	if (*c->sop_class)
		put_uid(out, requested ? 0x0003 : 0x0002, c->sop_class);
	put_us(out, 0x0100, c->field);
	put_us(out, response ? 0x0120 : 0x0110, c->message);
	if (c->field == PACS_C_STORE_RQ)
		put_us(out, 0x0700, 0); /* Priority: medium */
	put_us(out, 0x0800, c->has_data ? A_DATA : NO_DATA);
	if (response)
		put_us(out, 0x0900, c->status);
	if (*c->sop_instance)
		put_uid(out, requested ? 0x1001 : 0x1000, c->sop_instance);
	if ((c->field & 0x7fff) == PACS_N_EVENT_REPORT_RQ)
		put_us(out, 0x1002, c->number);
	if ((c->field & 0x7fff) == PACS_N_ACTION_RQ)
		put_us(out, 0x1008, c->number);
}

void
pacs_command_encode(const struct pacs_command *c, struct pacs_buf *out)
{
	size_t at = out->len, n;
	unsigned i;

	put_head(out, 0, 4);
	pacs_buf_add(out, "\0\0\0\0", 4);
	put_fields(c, out);
	n = out->len - at - HEAD - 4;
	for (i = 0; i < 4; i++)
		out->data[at + HEAD + i] = (char)(n >> (8 * i) & 0xff);
}

const char *
pacs_comment_class(const char *comment)
{
	/* The first that fits. */
	static const char *const words[][2] = {
	    {"duplicate", "duplicate"},
	    {"already", "duplicate"},
	    {"resource", "resources"},
	    {"memory", "resources"},
	    {"space", "resources"},
	    {"disk", "resources"},
	    {"full", "resources"},
	    {"quota", "resources"},
	    {"busy", "resources"},
	    {"authori", "denied"},
	    {"permission", "denied"},
	    {"denied", "denied"},
	    {"not allowed", "denied"},
	    {"license", "denied"},
	    {"not supported", "unsupported"},
	    {"unsupported", "unsupported"},
	    {"sop class", "class"},
	    {"syntax", "syntax"},
	    {"missing", "attributes"},
	    {"invalid", "attributes"},
	    {"attribute", "attributes"},
	    {"mismatch", "attributes"},
	    {"database", "internal"},
	    {"internal", "internal"},
	    {"exception", "internal"},
	};
	size_t i;

	if (!*comment)
		return "";
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasestr(comment, words[i][0]))
			return words[i][1];
	return "other";
}

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static size_t
get32(const uint8_t *p)
{
	return (size_t)get16(p) | (size_t)get16(p + 2) << 16;
}

/* What the two names of a field have seen. */
struct seen {
	bool field, type, message, responded, status;
	uint16_t message_id, responded_id;
};

static bool
take_us(const uint8_t *v, size_t n, uint16_t *ret)
{
	if (n == 2)
		*ret = (uint16_t)get16(v);
	return n == 2;
}

static void
take_comment(const uint8_t *v, size_t n, struct pacs_command *c)
{
	char *text = pacs_strndup((const char *)v, n);

	c->comment = pacs_comment_class(text);
	free(text);
}

/* False: the value is nothing that the field can be. What is not asked about
 * is passed over. */
static bool
take_element(unsigned element, const uint8_t *v, size_t n,
	     struct pacs_command *c, struct seen *s)
{
	uint16_t type;

	switch (element) {
	case 0x0002:
	case 0x0003:
		return pacs_uid_clean(v, n, c->sop_class, sizeof(c->sop_class));
	case 0x1000:
	case 0x1001:
		return pacs_uid_clean(v, n, c->sop_instance,
				      sizeof(c->sop_instance));
	case 0x0100:
		return s->field = take_us(v, n, &c->field);
	case 0x0110:
		return s->message = take_us(v, n, &s->message_id);
	case 0x0120:
		return s->responded = take_us(v, n, &s->responded_id);
	case 0x0800:
		s->type = take_us(v, n, &type);
		c->has_data = s->type && type != NO_DATA;
		return s->type;
	case 0x0900:
		return s->status = take_us(v, n, &c->status);
	case 0x0902:
		take_comment(v, n, c);
		return true;
	case 0x1002:
	case 0x1008:
		return take_us(v, n, &c->number);
	default:
		return true;
	}
}

bool
pacs_command_decode(const void *bytes, size_t size, struct pacs_command *ret)
{
	const uint8_t *p = bytes;
	struct seen s = {.field = false};
	bool response;

	memset(ret, 0, sizeof(*ret));
	ret->comment = "";
	while (size) {
		size_t n;

		if (size < HEAD || get16(p) != 0)
			return false;
		n = get32(p + 4);
		if (n > size - HEAD ||
		    !take_element(get16(p + 2), p + HEAD, n, ret, &s))
			return false;
		p += HEAD + n;
		size -= HEAD + n;
	}
	response = (ret->field & 0x8000) != 0;
	ret->message = response ? s.responded_id : s.message_id;
	return s.field && s.type && (response ? s.responded : s.message) &&
	       (!response || s.status);
}
