/* Changing a data set in one walk, in place. */
#include <string.h>

#include "dicom/internal.h"

void
pacs_item_filter(struct pacs_item *item,
		 bool (*fn)(void *ctx, struct pacs_element *e), void *ctx)
{
	struct pacs_element **link = &item->first, *before = NULL;
	bool removed = false;

	while (*link) {
		struct pacs_element *e = *link;

		if (fn(ctx, e)) {
			before = e;
			link = &e->next;
		} else {
			*link = e->next;
			pacs_item_lose(item, e);
			removed = true;
		}
	}
	item->last = before;
	if (removed)
		pacs_item_mark_changed(item);
}

static void
change(struct pacs_element *e)
{
	e->flags |= E_CHANGED;
	pacs_item_mark_changed(e->item);
}

void
pacs_element_set(struct pacs_element *e, uint16_t vr, const void *bytes,
		 size_t len)
{
	size_t even = len + (len & 1);
	uint8_t *copy = (uint8_t *)"";

	if (even) {
		copy = pacs_arena_alloc(&e->item->ds->arena, even);
		memcpy(copy, bytes, len);
	}
	if (even > len)
		copy[len] = pacs_vr_pad(vr);
	e->raw_vr = vr;
	e->value = copy;
	e->length = even;
	e->in.sequence = NULL;
	e->flags = E_CHANGED;
	change(e);
}

void
pacs_element_cut(struct pacs_element *e, size_t len)
{
	if (!e->value || len >= e->length)
		return;
	e->length = len + (len & 1);
	change(e);
}

void
pacs_element_clear(struct pacs_element *e)
{
	if (e->flags & E_SEQUENCE)
		pacs_element_cut_items(e, 0);
	else
		pacs_element_set(e, pacs_element_vr(e), "", 0);
}

void
pacs_element_cut_items(struct pacs_element *e, size_t n)
{
	if (pacs_element_item_count(e) <= n)
		return;
	e->in.sequence->count = n;
	change(e);
}

struct pacs_item *
pacs_element_add_item(struct pacs_element *e)
{
	struct pacs_item *added = pacs_sequence_append(e);

	pacs_item_mark_changed(added);
	return added;
}

struct pacs_element *
pacs_item_sequence(const struct pacs_item *item)
{
	return item->owner;
}

struct pacs_item *
pacs_element_owner(const struct pacs_element *e)
{
	return e->item;
}

void *
pacs_element_edit_fragment(struct pacs_element *e, size_t i)
{
	struct pacs_fragment *f;
	uint8_t *copy;

	if (i >= pacs_element_fragment_count(e))
		return NULL;
	f = &e->in.fragments->list[i];
	if (!f->bytes || !f->length)
		return NULL;
	copy = pacs_dataset_chunk(e->item->ds, (size_t)f->length);
	memcpy(copy, f->bytes, (size_t)f->length);
	f->bytes = copy;
	change(e);
	return copy;
}
