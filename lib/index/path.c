/*
 * The value of an added key: a path through sequences, maybe of private
 * elements, to a text.
 */
#include <string.h>

#include "dicom/text.h"
#include "index/internal.h"

/* Does (gggg,00bb) of the item say that the creator has block bb? */
static bool
is_creator(const struct pacs_item *item, const struct pacs_element *e,
	   const char *creator)
{
	struct pacs_buf text = {0};
	bool same;

	pacs_element_text(item, e, &text, NULL);
	same = !strcmp(pacs_buf_str(&text), creator);
	pacs_buf_clear(&text);
	return same;
}

/* PS3.5 7.8.1. A creator may have several blocks. */
static struct pacs_element *
find_private(const struct pacs_item *item, const struct pacs_key_step *s)
{
	uint32_t group = s->tag & 0xffff0000u;
	struct pacs_element *e, *found;

	for (e = pacs_item_first(item); e; e = pacs_element_next(e)) {
		uint32_t tag = pacs_element_tag(e), block = tag & 0xffff;

		if ((tag & 0xffff0000u) != group || block < 0x10 ||
		    block > 0xff || !is_creator(item, e, s->creator))
			continue;
		found =
		    pacs_item_find(item, group | block << 8 | (s->tag & 0xff));
		if (found)
			return found;
	}
	return NULL;
}

static struct pacs_element *
find(const struct pacs_item *item, const struct pacs_key_step *s)
{
	return s->creator ? find_private(item, s)
			  : pacs_item_find(item, s->tag);
}

/* Numbers of a private element whose VR the file does not tell: UN is little
 * endian (PS3.5 6.2.2), as an implicit file is. */
static void
number_text(uint16_t vr, const unsigned char *p, struct pacs_buf *out)
{
	unsigned i, n = pacs_vr_word(vr);
	uint64_t v = 0;
	double d;
	float f;
	uint32_t half;

	for (i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	half = (uint32_t)v;
	memcpy(&f, &half, sizeof(f));
	memcpy(&d, &v, sizeof(d));
	if (vr == PACS_VR('F', 'L'))
		pacs_buf_addf(out, "%.9g", (double)f);
	else if (vr == PACS_VR('F', 'D'))
		pacs_buf_addf(out, "%.17g", d);
	else if (vr == PACS_VR('S', 'S'))
		pacs_buf_addf(out, "%d", (int16_t)v);
	else if (vr == PACS_VR('S', 'L'))
		pacs_buf_addf(out, "%d", (int32_t)v);
	else if (vr == PACS_VR('S', 'V'))
		pacs_buf_addf(out, "%lld", (long long)v);
	else
		pacs_buf_addf(out, "%llu", (unsigned long long)v);
}

static void
unknown_text(const struct pacs_item *item, const struct pacs_element *e,
	     uint16_t vr, struct pacs_buf *out)
{
	struct pacs_buf charset = {0};
	const unsigned char *p;
	unsigned word = pacs_vr_word(vr);
	size_t len, i;

	p = pacs_element_value(e, &len);
	if (!p || !len)
		return;
	if (word > 1) {
		for (i = 0; i + word <= len && out->len < PACS_QUERY_VALUE_MAX;
		     i += word) {
			if (i)
				pacs_buf_addc(out, '\\');
			number_text(vr, p + i, out);
		}
		return;
	}
	while (len && (p[len - 1] == ' ' || p[len - 1] == '\0'))
		len--;
	while (item &&
	       !pacs_item_text(item, PACS_TAG_SpecificCharacterSet, &charset))
		item = pacs_item_parent(item);
	pacs_text_decode(pacs_buf_str(&charset), vr, p, len, out);
	pacs_buf_clear(&charset);
}

static void
leaf(const struct pacs_item *item, const struct pacs_element *e, uint16_t vr,
     struct pacs_buf *out)
{
	if (pacs_element_vr(e) == PACS_VR('U', 'N'))
		unknown_text(item, e, vr, out);
	else
		pacs_element_text(item, e, out, NULL);
}

/* places: how many there are so far. */
static void
follow(const struct pacs_item *item, const struct pacs_added_key *a, size_t at,
       size_t *places, struct pacs_buf *out)
{
	struct pacs_element *e = find(item, &a->steps[at]);
	size_t i, n;

	if (at + 1 == a->depth) {
		if ((*places)++)
			pacs_buf_addc(out, '\\');
		if (e)
			leaf(item, e, a->key.vr, out);
		return;
	}
	n = e ? pacs_element_item_count(e) : 0;
	for (i = 0; i < n && out->len <= PACS_QUERY_VALUE_MAX; i++)
		follow(pacs_element_item(e, i), a, at + 1, places, out);
}

void
record_path(const struct pacs_item *root, const struct pacs_added_key *a,
	    struct pacs_buf *out)
{
	size_t places = 0;

	follow(root, a, 0, &places, out);
}
