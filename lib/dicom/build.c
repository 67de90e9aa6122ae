/* Making and changing elements. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/internal.h"
#include "dicom/text.h"

void
pacs_item_mark_changed(struct pacs_item *item)
{
	for (; item; item = pacs_item_parent(item)) {
		item->flags |= I_CHANGED;
		if (item->owner)
			item->owner->flags |= E_CHANGED;
	}
}

bool
pacs_item_remove(struct pacs_item *item, uint32_t tag)
{
	struct pacs_element **link = &item->first, *before = NULL;
	bool found = false;

	while (*link) {
		struct pacs_element *e = *link;

		if (e->tag == tag) {
			*link = e->next;
			found = true;
		} else {
			before = e;
			link = &e->next;
		}
	}
	item->last = before;
	pacs_item_forget(item);
	if (found)
		pacs_item_mark_changed(item);
	return found;
}

/* A fresh element at the place of its tag, instead of what was there. */
static struct pacs_element *
place(struct pacs_item *item, uint32_t tag, uint16_t vr)
{
	struct pacs_element **link = &item->first, *e;

	pacs_item_remove(item, tag);
	while (*link && (*link)->tag < tag)
		link = &(*link)->next;
	e = pacs_arena_zalloc(&item->ds->arena, sizeof(*e));
	e->tag = tag;
	e->raw_vr = vr;
	e->item = item;
	e->next = *link;
	e->flags = E_CHANGED;
	e->value = (const uint8_t *)"";
	*link = e;
	if (!e->next)
		item->last = e;
	pacs_item_forget(item);
	pacs_item_mark_changed(item);
	return e;
}

void
pacs_item_put_borrowed(struct pacs_item *item, uint32_t tag, uint16_t vr,
		       const void *bytes, size_t len)
{
	struct pacs_element *e = place(item, tag, vr);

	if (len)
		e->value = bytes;
	e->length = len;
}

void
pacs_item_put_bytes(struct pacs_item *item, uint32_t tag, uint16_t vr,
		    const void *bytes, size_t len)
{
	size_t even = len + (len & 1);
	uint8_t *copy = pacs_arena_alloc(&item->ds->arena, even);

	if (len)
		memcpy(copy, bytes, len);
	if (even > len)
		copy[len] = pacs_vr_pad(vr);
	pacs_item_put_borrowed(item, tag, vr, copy, even);
}

/* --- numbers out of text ----------------------------------------------- */

static void
store(uint8_t *p, uint64_t v, unsigned size)
{
	unsigned i;

	for (i = 0; i < size; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

struct range {
	uint16_t vr;
	int64_t min;
	uint64_t max;
};

static const struct range ranges[] = {
    {PACS_VR('U', 'S'), 0, UINT16_MAX},
    {PACS_VR('S', 'S'), INT16_MIN, INT16_MAX},
    {PACS_VR('U', 'L'), 0, UINT32_MAX},
    {PACS_VR('S', 'L'), INT32_MIN, INT32_MAX},
    {PACS_VR('S', 'V'), INT64_MIN, INT64_MAX},
    {PACS_VR('U', 'V'), 0, UINT64_MAX},
};

static bool
parse_integer(uint16_t vr, const char *s, uint64_t *ret)
{
	const struct range *r = NULL;
	size_t i;
	char *end;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (ranges[i].vr == vr)
			r = &ranges[i];
	}
	if (!r)
		return false;
	errno = 0;
	if (*s == '-') {
		long long v = strtoll(s, &end, 10);

		*ret = (uint64_t)v;
		return end != s + 1 && !*end && !errno && v >= r->min;
	}
	*ret = strtoull(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && !errno && *ret <= r->max;
}

/* One number of a binary VR, as its little endian bytes. */
static bool
parse_binary(uint16_t vr, const char *s, uint8_t *p)
{
	uint64_t bits = 0;
	uint32_t tag;
	double d;
	float f;
	char *end;

	if (vr == VR("AT")) {
		if (strlen(s) < 8 || !pacs_tag_parse(s, &tag))
			return false;
		store(p, PACS_TAG_GROUP(tag), 2);
		store(p + 2, PACS_TAG_ELEMENT(tag), 2);
		return true;
	}
	if (vr != VR("FL") && vr != VR("FD")) {
		if (!parse_integer(vr, s, &bits))
			return false;
		store(p, bits, pacs_vr_word(vr));
		return true;
	}
	d = strtod(s, &end);
	if (end == s || *end)
		return false;
	if (vr == VR("FD")) {
		memcpy(&bits, &d, sizeof(d));
	} else {
		uint32_t u;

		f = (float)d;
		memcpy(&u, &f, sizeof(f));
		bits = u;
	}
	store(p, bits, pacs_vr_word(vr));
	return true;
}

static enum pacs_err
put_numbers(struct pacs_error *err, struct pacs_item *item, uint32_t tag,
	    uint16_t vr, const char *text)
{
	struct pacs_buf out = {0};
	char one[64], name[12];
	uint8_t bytes[8];
	const char *p = text;
	unsigned size = vr == VR("AT") ? 4 : pacs_vr_word(vr);

	while (*text) {
		size_t n = strcspn(p, "\\");

		if (n < sizeof(one)) {
			memcpy(one, p, n);
			one[n] = '\0';
		}
		if (n >= sizeof(one) || !parse_binary(vr, one, bytes)) {
			pacs_buf_clear(&out);
			return pacs_error_set(
			    err, PACS_EUSAGE, "%s: not a number of VR %c%c",
			    pacs_tag_format(tag, name), vr >> 8, vr & 0xff);
		}
		pacs_buf_add(&out, bytes, size);
		if (!p[n])
			break;
		p += n + 1;
	}
	pacs_item_put_bytes(item, tag, vr, out.data, out.len);
	pacs_buf_clear(&out);
	return PACS_OK;
}

/* --- text -------------------------------------------------------------- */

static enum pacs_err
put_string(struct pacs_error *err, struct pacs_item *item, uint32_t tag,
	   uint16_t vr, const char *text)
{
	char buf[PACS_CHARSET_MAX], name[12];
	struct pacs_buf out = {0};
	enum pacs_err code;

	if (!pacs_vr_is_text(vr)) {
		pacs_item_put_bytes(item, tag, vr, text, strlen(text));
		return PACS_OK;
	}
	code = pacs_text_encode(err, pacs_item_charset(item, buf, sizeof(buf)),
				vr, text, strlen(text), &out);
	if (code == PACS_OK)
		pacs_item_put_bytes(item, tag, vr, out.data, out.len);
	else
		pacs_error_wrap(err, "%s", pacs_tag_format(tag, name));
	pacs_buf_clear(&out);
	return code;
}

static bool
is_number_vr(uint16_t vr)
{
	return !pacs_vr_is_string(vr) && vr >> 8 != 'O' && vr != VR("UN") &&
	       vr != VR("SQ") && pacs_vr_is_known(vr);
}

enum pacs_err
pacs_item_put_text_vr(struct pacs_error *err, struct pacs_item *item,
		      uint32_t tag, uint16_t vr, const char *text)
{
	char name[12];

	if (pacs_vr_is_string(vr))
		return put_string(err, item, tag, vr, text);
	if (is_number_vr(vr))
		return put_numbers(err, item, tag, vr, text);
	return pacs_error_set(err, PACS_EUSAGE,
			      "%s: no value of this VR can be given as text",
			      pacs_tag_format(tag, name));
}

/* VR of an element that is not there yet; 0 if the dictionary lacks it. */
static uint16_t
vr_for(struct pacs_item *item, uint32_t tag)
{
	struct pacs_element e = {.tag = tag, .item = item};

	return pacs_dict_vr(tag) ? pacs_element_vr(&e) : 0;
}

enum pacs_err
pacs_item_put_text(struct pacs_error *err, struct pacs_item *item, uint32_t tag,
		   const char *text)
{
	uint16_t vr = vr_for(item, tag);
	char name[12];

	if (!vr)
		return pacs_error_set(err, PACS_EUSAGE,
				      "%s is not in the dictionary",
				      pacs_tag_format(tag, name));
	return pacs_item_put_text_vr(err, item, tag, vr, text);
}

static void
put_unsigned(struct pacs_item *item, uint32_t tag, uint16_t vr, uint32_t value)
{
	uint16_t dict = vr_for(item, tag);
	struct pacs_error err = PACS_ERROR_INIT;
	char text[16];
	uint8_t bytes[4];

	snprintf(text, sizeof(text), "%" PRIu32, value);
	if (dict == VR("IS") || dict == VR("DS") ||
	    (dict && dict != VR("AT") && is_number_vr(dict))) {
		if (pacs_item_put_text_vr(&err, item, tag, dict, text) ==
		    PACS_OK)
			return;
	}
	store(bytes, value, pacs_vr_word(vr));
	pacs_item_put_bytes(item, tag, vr, bytes, pacs_vr_word(vr));
}

void
pacs_item_put_u16(struct pacs_item *item, uint32_t tag, uint16_t value)
{
	put_unsigned(item, tag, VR("US"), value);
}

void
pacs_item_put_u32(struct pacs_item *item, uint32_t tag, uint32_t value)
{
	put_unsigned(item, tag, VR("UL"), value);
}

/* --- sequences and fragments ------------------------------------------- */

struct pacs_element *
pacs_item_put_sequence(struct pacs_item *item, uint32_t tag)
{
	struct pacs_element *e = pacs_item_find(item, tag);
	unsigned depth = 1;

	if (e && (e->flags & E_SEQUENCE))
		return e;
	e = place(item, tag, VR("SQ"));
	e->flags |= E_SEQUENCE;
	e->in.sequence =
	    pacs_arena_zalloc(&item->ds->arena, sizeof(*e->in.sequence));
	for (; item->owner; item = item->owner->item)
		depth++;
	if (depth > item->ds->depth)
		item->ds->depth = depth;
	return e;
}

struct pacs_item *
pacs_item_add_item(struct pacs_item *item, uint32_t seq_tag)
{
	struct pacs_element *e = pacs_item_put_sequence(item, seq_tag);
	struct pacs_item *added = pacs_sequence_append(e);

	pacs_item_mark_changed(added);
	return added;
}

void
pacs_item_put_fragments(struct pacs_item *item, uint32_t tag, uint16_t vr,
			const void *const *fragments, const size_t *lengths,
			size_t count)
{
	struct pacs_element *e = place(item, tag, vr);
	size_t i;

	e->flags |= E_FRAGMENTS | E_UNDEFINED;
	for (i = 0; i < count; i++) {
		size_t even = lengths[i] + (lengths[i] & 1);
		uint8_t *copy = pacs_arena_zalloc(&item->ds->arena, even);

		if (lengths[i])
			memcpy(copy, fragments[i], lengths[i]);
		pacs_fragments_append(e, copy, even);
		e->length += 8 + even;
	}
}
