/* What elements say: effective VR, text in UTF-8, numbers, UIDs. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/internal.h"
#include "dicom/text.h"

/* --- effective VR ------------------------------------------------------ */

/* A US value of the item or of the nearest one around it; -1 if there is none.
 * Not pacs_item_int, which asks for the VR in its turn. */
static int
us_in_scope(const struct pacs_item *item, uint32_t tag)
{
	for (; item; item = pacs_item_parent(item)) {
		const struct pacs_element *e = pacs_item_find(item, tag);

		if (e && e->value && e->length >= 2)
			return pacs_get16(e->value, pacs_element_is_big(e));
	}
	return -1;
}

static uint16_t
settle_ambiguous(const struct pacs_element *e, const char *vrs)
{
	if (strstr(vrs, "OW")) {
		int bits = us_in_scope(e->item, PACS_TAG_BitsAllocated);

		/* PS3.5 A.1: always OW in implicit form; but Curve Data. */
		if (e->raw_vr == 0 &&
		    (e->tag & 0xff00ffff) == PACS_TAG_CurveData)
			return VR("OB");
		if (e->raw_vr == 0)
			return VR("OW");
		if (bits >= 0 && bits <= 8 && strstr(vrs, "OB"))
			return VR("OB");
		return VR("OW");
	}
	if (us_in_scope(e->item, PACS_TAG_PixelRepresentation) == 1)
		return VR("SS");
	return VR("US");
}

uint16_t
pacs_element_vr(const struct pacs_element *e)
{
	const struct pacs_dict_entry *d;
	uint16_t vr;

	if (e->flags & E_SEQUENCE)
		return VR("SQ");
	if (pacs_vr_is_known(e->raw_vr) && e->raw_vr != VR("UN"))
		return e->raw_vr;
	if (e->flags & E_FRAGMENTS)
		return VR("OB");
	vr = pacs_dict_vr(e->tag);
	if (vr == 0 || vr == VR("SQ"))
		return VR("UN");
	if (vr == VR("US") || vr == VR("OB")) {
		d = pacs_dict_find_tag(e->tag);
		if (d && strstr(d->vrs, " or "))
			return settle_ambiguous(e, d->vrs);
	}
	return vr;
}

bool
pacs_element_is_big(const struct pacs_element *e)
{
	return (e->flags & E_BIG) && e->raw_vr != VR("UN");
}

/* --- numbers ----------------------------------------------------------- */

struct number {
	bool is_float;
	bool is_unsigned;
	int64_t i;
	double d;
};

/* Number at p, of a binary VR. */
static bool
get_number(uint16_t vr, const uint8_t *p, bool big, struct number *ret)
{
	uint32_t u32;
	uint64_t u64;
	float f;

	memset(ret, 0, sizeof(*ret));
	switch (vr) {
	case PACS_VR('U', 'S'):
		ret->i = pacs_get16(p, big);
		return true;
	case PACS_VR('S', 'S'):
		ret->i = (int16_t)pacs_get16(p, big);
		return true;
	case PACS_VR('U', 'L'):
		ret->i = pacs_get32(p, big);
		return true;
	case PACS_VR('S', 'L'):
		ret->i = (int32_t)pacs_get32(p, big);
		return true;
	case PACS_VR('A', 'T'):
		ret->i = PACS_TAG(pacs_get16(p, big), pacs_get16(p + 2, big));
		return true;
	case PACS_VR('U', 'V'):
	case PACS_VR('S', 'V'):
		ret->i = (int64_t)pacs_get64(p, big);
		ret->is_unsigned = vr == PACS_VR('U', 'V');
		return true;
	case PACS_VR('F', 'L'):
		u32 = pacs_get32(p, big);
		memcpy(&f, &u32, sizeof(f));
		ret->d = (double)f;
		ret->is_float = true;
		return true;
	case PACS_VR('F', 'D'):
		u64 = pacs_get64(p, big);
		memcpy(&ret->d, &u64, sizeof(ret->d));
		ret->is_float = true;
		return true;
	default:
		return false;
	}
}

static unsigned
number_size(uint16_t vr)
{
	return vr == VR("AT") ? 4 : pacs_vr_word(vr);
}

/* The shortest decimal that reads back as the same number. */
static void
add_double(struct pacs_buf *out, double d, bool is_single)
{
	int digits = is_single ? 6 : 15, most = is_single ? 9 : 17;
	char text[40];

	for (;; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (digits == most || !isfinite(d) ||
		    (is_single ? strtof(text, NULL) == (float)d
			       : strtod(text, NULL) == d))
			break;
	}
	pacs_buf_adds(out, text);
}

static void
add_numbers(struct pacs_buf *out, const struct pacs_element *e, uint16_t vr)
{
	unsigned size = number_size(vr);
	bool big = pacs_element_is_big(e);
	uint64_t at;

	for (at = 0; e->length - at >= size; at += size) {
		struct number n;

		if (!get_number(vr, e->value + at, big, &n))
			return;
		if (at)
			pacs_buf_addc(out, '\\');
		if (n.is_float)
			add_double(out, n.d, size == 4);
		else if (vr == VR("AT"))
			pacs_buf_addf(out, "%08" PRIX64, (uint64_t)n.i);
		else if (n.is_unsigned)
			pacs_buf_addf(out, "%" PRIu64, (uint64_t)n.i);
		else
			pacs_buf_addf(out, "%" PRId64, n.i);
	}
}

/* --- text -------------------------------------------------------------- */

static bool
has_one_value(uint16_t vr)
{
	return vr == VR("LT") || vr == VR("ST") || vr == VR("UT") ||
	       vr == VR("UR");
}

/* Leading spaces count in these (PS3.5 Table 6.2-1). */
static bool
keeps_leading(uint16_t vr)
{
	return has_one_value(vr) || vr == VR("UC");
}

/* Trim every value of the text from start on, in place. */
static void
trim_values(struct pacs_buf *b, size_t start, uint16_t vr)
{
	char *to = b->data + start, *from = to, *end = b->data + b->len;

	while (from <= end) {
		char *stop = has_one_value(vr)
				 ? NULL
				 : memchr(from, '\\', (size_t)(end - from));
		char *last = stop ? stop : end;
		char *next = last + 1;

		if (!keeps_leading(vr)) {
			while (from < last && *from == ' ')
				from++;
		}
		while (last > from && (last[-1] == ' ' || last[-1] == '\0'))
			last--;
		memmove(to, from, (size_t)(last - from));
		to += last - from;
		if (stop)
			*to++ = '\\';
		from = next;
	}
	b->len = (size_t)(to - b->data);
	*to = '\0';
}

/* A character set under a wrong VR that has words: as in little endian, since
 * implicit data sets do not tell. */
static void
copy_as_little(const struct pacs_element *e, char *buf)
{
	unsigned word =
	    pacs_element_is_big(e) ? pacs_vr_word(pacs_element_vr(e)) : 1;
	size_t len = (size_t)e->length, i;

	memcpy(buf, e->value, len);
	for (i = 0; i < len / word * word; i++)
		buf[i] = (char)e->value[i - i % word + word - 1 - i % word];
}

const char *
pacs_item_charset(const struct pacs_item *item, char *buf, size_t size)
{
	const struct pacs_element *e = NULL;
	size_t len;

	for (; item && !e; item = pacs_item_parent(item))
		e = pacs_item_find(item, PACS_TAG_SpecificCharacterSet);
	if (!e || !e->value || e->length >= size)
		return NULL;
	copy_as_little(e, buf);
	len = (size_t)e->length;
	while (len && (buf[len - 1] == ' ' || buf[len - 1] == '\0'))
		len--;
	buf[len] = '\0';
	return strlen(buf) == len ? buf : NULL;
}

void
pacs_element_text(const struct pacs_item *item, const struct pacs_element *e,
		  struct pacs_buf *out, bool *ret_clean)
{
	uint16_t vr = pacs_element_vr(e);
	size_t start = out->len;
	char buf[PACS_CHARSET_MAX];
	const char *charset = NULL;
	bool clean;

	if (ret_clean)
		*ret_clean = true;
	if (!e->value || !e->length || (e->flags & (E_SEQUENCE | E_FRAGMENTS)))
		return;
	if (!pacs_vr_is_string(vr)) {
		add_numbers(out, e, vr);
		return;
	}
	if (pacs_vr_is_text(vr))
		charset = pacs_item_charset(item, buf, sizeof(buf));
	clean = pacs_text_decode(charset, vr, e->value, (size_t)e->length, out);
	if (out->data)
		trim_values(out, start, vr);
	if (ret_clean)
		*ret_clean = clean;
}

bool
pacs_item_text(const struct pacs_item *item, uint32_t tag, struct pacs_buf *out)
{
	const struct pacs_element *e = pacs_item_find(item, tag);

	if (!e)
		return false;
	pacs_element_text(item, e, out, NULL);
	return true;
}

bool
pacs_item_uid(const struct pacs_item *item, uint32_t tag, char *buf,
	      size_t size)
{
	const struct pacs_element *e = pacs_item_find(item, tag);

	return e && e->value &&
	       pacs_uid_clean(e->value, (size_t)e->length, buf, size) && buf[0];
}

/* --- numbers by tag ---------------------------------------------------- */

/* Value number i of a string, trimmed, into buf. */
static bool
get_component(const struct pacs_element *e, size_t i, char *buf, size_t size)
{
	const char *p = (const char *)e->value, *end = p + e->length, *stop;

	for (;; p = stop + 1) {
		stop = memchr(p, '\\', (size_t)(end - p));
		if (i-- == 0)
			break;
		if (!stop)
			return false;
	}
	return pacs_uid_clean(p, (size_t)((stop ? stop : end) - p), buf,
			      size) &&
	       buf[0];
}

static bool
parse_number(const char *s, struct number *ret)
{
	char *end;

	memset(ret, 0, sizeof(*ret));
	errno = 0;
	ret->i = strtoll(s, &end, 10);
	if (*end == '\0' && errno == 0)
		return true;
	ret->d = strtod(s, &end);
	ret->is_float = true;
	return *end == '\0' && end != s && isfinite(ret->d);
}

static bool
find_number(const struct pacs_item *item, uint32_t tag, size_t i,
	    struct number *ret)
{
	const struct pacs_element *e = pacs_item_find(item, tag);
	uint16_t vr;
	unsigned size;
	char text[80];

	if (!e || !e->value)
		return false;
	vr = pacs_element_vr(e);
	if (vr == VR("IS") || vr == VR("DS"))
		return get_component(e, i, text, sizeof(text)) &&
		       parse_number(text, ret);
	size = number_size(vr);
	return i < e->length / size &&
	       get_number(vr, e->value + i * size, pacs_element_is_big(e), ret);
}

bool
pacs_item_int(const struct pacs_item *item, uint32_t tag, size_t i,
	      int64_t *ret)
{
	struct number n;

	if (!find_number(item, tag, i, &n))
		return false;
	if (n.is_float) {
		if (!(fabs(n.d) < 9e15) || floor(n.d) != n.d)
			return false;
		n.i = (int64_t)n.d;
	} else if (n.is_unsigned && n.i < 0) {
		return false; /* more than an int64_t holds */
	}
	*ret = n.i;
	return true;
}

bool
pacs_item_double(const struct pacs_item *item, uint32_t tag, size_t i,
		 double *ret)
{
	struct number n;

	if (!find_number(item, tag, i, &n))
		return false;
	*ret = n.is_float      ? n.d
	       : n.is_unsigned ? (double)(uint64_t)n.i
			       : (double)n.i;
	return true;
}
