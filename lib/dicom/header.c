/*
 * One element header (PS3.5 7.1.2, 7.1.3), and what the field makes of it:
 * VRs that are missing, unknown, or there where none should be. The rule for
 * all doubts: a reading counts if its value fits and something that can follow
 * it follows it.
 */
#include "dicom/internal.h"

static bool
is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static uint32_t
tag_at(const uint8_t *p, bool big)
{
	return PACS_TAG(pacs_get16(p, big), pacs_get16(p + 2, big));
}

/* Peeking further than this is not worth the reading. */
#define PEEK_MAX (64u << 10)

struct reading {
	struct pacs_source *s;
	uint64_t pos, limit;
	uint32_t tag;
	bool big;
};

/* Could what stands behind header and value come after this element? */
static bool
is_plausible(const struct reading *r, unsigned header, uint32_t length)
{
	uint64_t left = r->limit - r->pos, skip = header;
	const uint8_t *p;
	uint32_t next;

	if (left < header)
		return false;
	if (length != PACS_LENGTH_UNDEFINED)
		skip += length;
	if (skip > left)
		return false;
	if (skip == left)
		return true;
	if (skip > PEEK_MAX)
		return true;
	p = pacs_source_get(r->s, r->pos, (size_t)skip + 4);
	if (!p)
		return false;
	next = tag_at(p + skip, r->big);
	if (length == PACS_LENGTH_UNDEFINED)
		return next == PACS_TAG_Item ||
		       next == PACS_TAG_SequenceDelimitationItem;
	return next > r->tag && (next >= 0xfffc0000 || next >> 16 < 0x8000);
}

static void
set(struct pacs_header *h, uint16_t vr, unsigned size, uint32_t length)
{
	h->vr = vr;
	h->size = (uint8_t)size;
	h->length = length;
	h->implicit = vr == 0;
}

/* An unknown VR, or one of the long form whose reserved bytes are not 0, may
 * have been written in the short form. */
static bool
is_short_form(const struct reading *r, uint16_t vr, uint16_t reserved,
	      uint32_t length)
{
	return (reserved || !pacs_vr_is_known(vr)) &&
	       !is_plausible(r, 12, length) && is_plausible(r, 8, reserved);
}

static bool
read_long(const struct reading *r, const uint8_t *p, uint16_t vr,
	  struct pacs_header *h)
{
	uint16_t reserved = pacs_get16(p + 6, r->big);
	uint32_t length;

	p = pacs_source_get(r->s, r->pos, 12);
	if (!p || r->limit - r->pos < 12) {
		set(h, vr, 8, reserved);
		return is_plausible(r, 8, reserved) &&
		       (reserved || !pacs_vr_is_known(vr));
	}
	length = pacs_get32(p + 8, r->big);
	if (is_short_form(r, vr, reserved, length))
		set(h, vr, 8, reserved);
	else
		set(h, vr, 12, length);
	return true;
}

/* Where two capital letters should be is something else. */
static bool
read_without_vr(const struct reading *r, const uint8_t *p,
		struct pacs_header *h)
{
	uint32_t length = pacs_get32(p + 4, r->big);
	uint16_t vr = PACS_VR(p[4], p[5]);
	uint16_t short_length = pacs_get16(p + 6, r->big);

	if (!is_plausible(r, 8, length) && is_plausible(r, 8, short_length) &&
	    vr)
		set(h, vr, 8, short_length);
	else
		set(h, 0, 8, length);
	return true;
}

/* In an implicit data set: do the length bytes say an explicit VR? */
static bool
is_explicit_after_all(const struct reading *r, const uint8_t *p,
		      struct pacs_header *h)
{
	uint16_t vr = PACS_VR(p[4], p[5]), dict = pacs_dict_vr(r->tag);
	uint32_t length = pacs_get32(p + 4, r->big);

	if (!pacs_vr_is_known(vr) || is_plausible(r, 8, length))
		return false;
	if (dict && dict != vr && pacs_dict_find_tag(r->tag) &&
	    length <= r->limit - r->pos - 8)
		return false;
	if (!pacs_vr_has_long_length(vr)) {
		uint16_t n = pacs_get16(p + 6, r->big);

		set(h, vr, 8, n);
		return is_plausible(r, 8, n);
	}
	p = pacs_source_get(r->s, r->pos, 12);
	if (!p || r->limit - r->pos < 12)
		return false;
	set(h, vr, 12, pacs_get32(p + 8, r->big));
	return is_plausible(r, 12, h->length);
}

bool
pacs_header_read(struct pacs_source *s, uint64_t pos, uint64_t limit,
		 struct pacs_form form, struct pacs_header *ret)
{
	const uint8_t *p;
	struct reading r = {s, pos, limit, 0, form.big_endian};
	uint16_t vr;

	if (limit - pos < 8 || !(p = pacs_source_get(s, pos, 8)))
		return false;
	ret->tag = r.tag = tag_at(p, r.big);
	if (r.tag >> 16 == 0xfffe) {
		set(ret, 0, 8, pacs_get32(p + 4, r.big));
		return true;
	}
	vr = PACS_VR(p[4], p[5]);
	if (form.form == PACS_IMPLICIT) {
		if (is_upper(p[4]) && is_upper(p[5]) &&
		    is_explicit_after_all(&r, p, ret))
			return true;
		set(ret, 0, 8, pacs_get32(p + 4, r.big));
		return true;
	}
	if (!is_upper(p[4]) || !is_upper(p[5]))
		return read_without_vr(&r, p, ret);
	if (pacs_vr_has_long_length(vr))
		return read_long(&r, p, vr, ret);
	set(ret, vr, 8, pacs_get16(p + 6, r.big));
	return true;
}
