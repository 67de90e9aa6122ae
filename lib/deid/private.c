/*
 * Private elements (PS3.5 7.8, PS3.15 E.3.10): removed, or, with Retain Safe
 * Private, kept where Table E.3.10-1 knows the element, with the creator of its
 * block. What is nested in a safe sequence is looked at like anything else.
 */
#include <stdlib.h>
#include <string.h>

#include "deid/rules-internal.h"

struct wanted {
	const char *creator;
	size_t len;
	uint16_t group;
	uint8_t element;
};

static int
by_place(const void *key, const void *row)
{
	const struct wanted *a = key;
	const struct pacs_safe_private *b = row;
	int c = strncmp(a->creator, b->creator, a->len);

	if (!c && b->creator[a->len])
		c = -1;
	if (!c)
		c = (int)a->group - (int)b->group;
	return c ? c : (int)a->element - (int)b->element;
}

const char *
private_creator(const struct pacs_item *item, uint32_t tag, size_t *ret_len)
{
	uint32_t at = (tag & 0xffff0000u) | PACS_TAG_ELEMENT(tag) >> 8;
	const struct pacs_element *e = pacs_item_find(item, at);
	const char *s;
	size_t len;

	s = e ? pacs_element_value(e, &len) : NULL;
	while (s && len && (s[len - 1] == ' ' || s[len - 1] == '\0'))
		len--;
	while (s && len && *s == ' ') {
		s++;
		len--;
	}
	*ret_len = s ? len : 0;
	return s && len ? s : NULL;
}

static const struct pacs_safe_private *
find_safe(const struct pacs_item *item, uint32_t tag)
{
	struct wanted w = {.group = PACS_TAG_GROUP(tag),
			   .element = (uint8_t)(tag & 0xff)};

	if (PACS_TAG_ELEMENT(tag) < 0x1000)
		return NULL;
	w.creator = private_creator(item, tag, &w.len);
	if (!w.creator)
		return NULL;
	return bsearch(&w, pacs_safe_privates, pacs_safe_private_count,
		       sizeof(pacs_safe_privates[0]), by_place);
}

/* Does anything that stays stand in the block of this creator? */
static bool
has_safe_block(const struct pacs_item *item, uint32_t creator_tag)
{
	uint32_t first = (creator_tag & 0xffff0000u) | (creator_tag & 0xffu)
							   << 8;
	const struct pacs_element *e;

	for (e = pacs_item_first(item); e; e = pacs_element_next(e)) {
		uint32_t tag = pacs_element_tag(e);

		if (tag >= first && tag < first + 256 && find_safe(item, tag))
			return true;
	}
	return false;
}

static enum act
safe_act(struct walk *w, const struct pacs_element *e,
	 const struct pacs_safe_private *row)
{
	uint16_t vr = pacs_element_vr(e);

	if (pacs_element_is_sequence(e))
		return ACT_KEEP;
	if (vr == VR("UN") && row->vr)
		vr = row->vr;
	if (!form_fits(e, vr) || (row->vr && !form_fits(e, row->vr)))
		return ACT_REMOVE;
	switch (vr) {
	case PACS_VR('U', 'I'):
		return w->d->opts->columns & PACS_OPT_UIDS ? ACT_KEEP : ACT_UID;
	case PACS_VR('D', 'A'):
	case PACS_VR('D', 'T'):
	case PACS_VR('T', 'M'):
		/* A date that is not marked as one cannot be moved. */
		if (vr != pacs_element_vr(e) &&
		    policy_date(w->d, vr) == ACT_SHIFT)
			return ACT_REMOVE;
		return policy_date(w->d, vr);
	case PACS_VR('P', 'N'):
		return ACT_REMOVE;
	case PACS_VR('S', 'Q'):
		return pacs_element_length(e) ? ACT_REMOVE : ACT_KEEP;
	default:
		return ACT_KEEP;
	}
}

enum act
private_act(struct walk *w, const struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	uint16_t element = PACS_TAG_ELEMENT(tag);
	const struct pacs_safe_private *row;

	if (element >= 0x10 && element <= 0xff && rules_keep_block(w, tag))
		return ACT_KEEP;
	if (!(w->d->opts->columns & PACS_OPT_SAFE_PRIVATE))
		return ACT_REMOVE;
	if (element >= 0x10 && element <= 0xff)
		return has_safe_block(w->item, tag) ? ACT_KEEP : ACT_REMOVE;
	row = find_safe(w->item, tag);
	return row ? safe_act(w, e, row) : ACT_REMOVE;
}
