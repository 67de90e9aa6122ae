/* The model: making, walking and freeing data sets, items and elements. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dicom/internal.h"

struct pacs_dataset *
pacs_dataset_new(void)
{
	struct pacs_dataset *ds = pacs_calloc(1, sizeof(*ds));

	ds->root.ds = ds->meta.ds = ds;
	ds->form = PACS_EXPLICIT;
	memcpy(ds->info.transfer_syntax, PACS_SYNTAX_EXPLICIT_LE,
	       sizeof(PACS_SYNTAX_EXPLICIT_LE));
	return ds;
}

void
pacs_dataset_free(struct pacs_dataset *ds)
{
	struct pacs_chunk *c, *next;

	if (!ds)
		return;
	for (c = ds->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	if (ds->map)
		munmap(ds->map, ds->map_size);
	pacs_arena_clear(&ds->arena);
	free(ds);
}

uint8_t *
pacs_dataset_chunk(struct pacs_dataset *ds, size_t size)
{
	struct pacs_chunk *c = pacs_malloc(sizeof(*c) + size);

	c->next = ds->chunks;
	ds->chunks = c;
	return c->bytes;
}

const struct pacs_dataset_info *
pacs_dataset_info(const struct pacs_dataset *ds)
{
	return &ds->info;
}

const char *
pacs_dataset_damage(const struct pacs_dataset *ds)
{
	return ds->damage[0] ? ds->damage : NULL;
}

struct pacs_item *
pacs_dataset_root(struct pacs_dataset *ds)
{
	return &ds->root;
}

struct pacs_item *
pacs_dataset_meta(struct pacs_dataset *ds)
{
	return &ds->meta;
}

#define BATCH 32u

/* Elements come in batches: most headers have some hundred. */
static struct pacs_element *
element_new(struct pacs_dataset *ds)
{
	if (!ds->spare_count) {
		ds->spare =
		    pacs_arena_alloc(&ds->arena, BATCH * sizeof(*ds->spare));
		ds->spare_count = BATCH;
	}
	ds->spare_count--;
	return ds->spare++;
}

struct pacs_element *
pacs_item_append(struct pacs_item *item, uint32_t tag)
{
	struct pacs_element *e = element_new(item->ds);

	pacs_item_forget(item);
	*e = (struct pacs_element){.tag = tag, .item = item};
	if (item->last) {
		if (tag < item->last->tag)
			item->flags |= I_UNSORTED;
		item->last->next = e;
	} else {
		item->first = e;
	}
	item->last = e;
	return e;
}

/* Room for one more in an arena array, which doubles. */
static void *
grow(struct pacs_arena *a, void *old, size_t count, size_t *cap, size_t size)
{
	void *bigger;

	if (count < *cap)
		return old;
	*cap = *cap ? *cap * 2 : 2;
	bigger = pacs_arena_alloc(a, *cap * size);
	if (count)
		memcpy(bigger, old, count * size);
	return bigger;
}

struct pacs_item *
pacs_sequence_append(struct pacs_element *e)
{
	struct pacs_arena *a = &e->item->ds->arena;
	struct pacs_sequence *q = e->in.sequence;
	struct pacs_item *item = pacs_arena_zalloc(a, sizeof(*item));

	if (!q)
		q = e->in.sequence = pacs_arena_zalloc(a, sizeof(*q));
	q->items =
	    grow(a, q->items, q->count, &q->cap, sizeof(struct pacs_item *));
	q->items[q->count++] = item;
	item->ds = e->item->ds;
	item->owner = e;
	return item;
}

void
pacs_fragments_append(struct pacs_element *e, const uint8_t *bytes,
		      uint64_t length)
{
	struct pacs_arena *a = &e->item->ds->arena;
	struct pacs_fragments *f = e->in.fragments;

	if (!f)
		f = e->in.fragments = pacs_arena_zalloc(a, sizeof(*f));
	f->list = grow(a, f->list, f->count, &f->cap, sizeof(*f->list));
	f->list[f->count].bytes = bytes;
	f->list[f->count++].length = length;
}

struct pacs_element *
pacs_item_first(const struct pacs_item *item)
{
	return item->first;
}

struct pacs_element *
pacs_element_next(const struct pacs_element *e)
{
	return e->next;
}

void
pacs_item_forget(struct pacs_item *item)
{
	if (item->found)
		memset(item->found, 0, PACS_FOUND * sizeof(*item->found));
}

void
pacs_item_lose(struct pacs_item *item, const struct pacs_element *e)
{
	size_t i;

	for (i = 0; item->found && i < PACS_FOUND; i++)
		if (item->found[i].e == e)
			item->found[i].known = false;
}

/* Every text asks for the character set again, and an item may have millions
 * of elements: what took more steps than this is remembered. */
#define STEPS 256

static void
remember(const struct pacs_item *item, uint32_t tag, struct pacs_element *e)
{
	size_t size = PACS_FOUND * sizeof(struct pacs_found);
	struct pacs_found *f = item->found;

	if (!f)
		f = pacs_arena_zalloc(&item->ds->arena, size);
	((struct pacs_item *)item)->found = f;
	memmove(f + 1, f, size - sizeof(*f));
	*f = (struct pacs_found){.known = true, .tag = tag, .e = e};
}

struct pacs_element *
pacs_item_find(const struct pacs_item *item, uint32_t tag)
{
	bool sorted = !(item->flags & I_UNSORTED);
	const struct pacs_found *f = item->found;
	struct pacs_element *e;
	unsigned steps = 0;
	size_t i;

	for (i = 0; f && i < PACS_FOUND; i++)
		if (f[i].known && f[i].tag == tag)
			return f[i].e;
	for (e = item->first; e && e->tag != tag; e = e->next) {
		if (e->tag > tag && sorted) {
			e = NULL;
			break;
		}
		steps++;
	}
	if (steps > STEPS)
		remember(item, tag, e);
	return e;
}

struct pacs_item *
pacs_item_parent(const struct pacs_item *item)
{
	return item->owner ? item->owner->item : NULL;
}

uint32_t
pacs_element_tag(const struct pacs_element *e)
{
	return e->tag;
}

uint16_t
pacs_element_raw_vr(const struct pacs_element *e)
{
	return e->raw_vr;
}

uint64_t
pacs_element_length(const struct pacs_element *e)
{
	return e->length;
}

bool
pacs_element_is_undefined_length(const struct pacs_element *e)
{
	return e->flags & E_UNDEFINED;
}

uint64_t
pacs_element_offset(const struct pacs_element *e)
{
	return e->offset;
}

const void *
pacs_element_value(const struct pacs_element *e, size_t *ret_len)
{
	if (e->flags & (E_SEQUENCE | E_FRAGMENTS | E_LEFT_OUT)) {
		*ret_len = 0;
		return NULL;
	}
	*ret_len = (size_t)e->length;
	return e->value;
}

bool
pacs_element_is_sequence(const struct pacs_element *e)
{
	return e->flags & E_SEQUENCE;
}

size_t
pacs_element_item_count(const struct pacs_element *e)
{
	return e->flags & E_SEQUENCE && e->in.sequence ? e->in.sequence->count
						       : 0;
}

struct pacs_item *
pacs_element_item(const struct pacs_element *e, size_t i)
{
	return i < pacs_element_item_count(e) ? e->in.sequence->items[i] : NULL;
}

bool
pacs_element_is_encapsulated(const struct pacs_element *e)
{
	return e->flags & E_FRAGMENTS;
}

size_t
pacs_element_fragment_count(const struct pacs_element *e)
{
	return e->flags & E_FRAGMENTS && e->in.fragments
		   ? e->in.fragments->count
		   : 0;
}

const void *
pacs_element_fragment(const struct pacs_element *e, size_t i, size_t *ret_len)
{
	const struct pacs_fragment *f;

	*ret_len = 0;
	if (i >= pacs_element_fragment_count(e))
		return NULL;
	f = &e->in.fragments->list[i];
	if (f->bytes)
		*ret_len = (size_t)f->length;
	return f->bytes;
}
