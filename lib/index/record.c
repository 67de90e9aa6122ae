/*
 * From an object's header to values of the keys.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dicom/dataset.h"
#include "dicom/date.h"
#include "index/internal.h"

/* Longer values are cut: no key needs them, and a hostile one could be huge. */
#define VALUE_MAX PACS_QUERY_VALUE_MAX

const char *
record_state_name(int state)
{
	return state == RECORD_OK        ? "ok"
	       : state == RECORD_MISSING ? "missing"
					 : "unreadable";
}

static int
by_tag(const void *a, const void *b)
{
	const struct record_map_entry *ea = a, *eb = b;

	return ea->tag < eb->tag ? -1 : ea->tag > eb->tag;
}

void
record_map_init(struct record_map *map, const struct pacs_keyring *added)
{
	size_t n;
	int i;

	map->count = 0;
	map->added = added;
	/* All keys of ours are in groups up to 0040: the per-frame groups of
	 * enhanced objects (5200) and pixels are not touched. */
	map->stop_tag = PACS_TAG(0x0041, 0);
	for (n = 0; added && n < added->count; n++)
		if (added->added[n].steps[0].tag >= map->stop_tag)
			map->stop_tag = PACS_TAG_PixelData;
	for (i = 0; i < PACS_KEY_COUNT; i++) {
		const struct pacs_key *k = &pacs_keys[i];
		struct record_map_entry *e = &map->entries[map->count];

		if (k->flags & PACS_KEY_COMPUTED ||
		    i == PACS_KEY_TransferSyntaxUID)
			continue;
		e->tag = k->sequence ? k->sequence : k->tag;
		e->inner = k->sequence ? k->tag : 0;
		e->key = (enum pacs_key_id)i;
		map->count++;
	}
	qsort(map->entries, map->count, sizeof(map->entries[0]), by_tag);
}

/* Cut at VALUE_MAX, between characters; a NUL ends a value. */
static size_t
bounded(const char *s, size_t len)
{
	const char *nul = memchr(s, '\0', len);

	if (nul)
		len = (size_t)(nul - s);
	if (len <= VALUE_MAX)
		return len;
	len = VALUE_MAX;
	while (len && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static bool
is_blank(const char *s)
{
	return s[strspn(s, " \\")] == '\0';
}

/* One form for what has several: 2024.01.31 and 20240131, "01" and "1". */
static const char *
normal(struct pacs_arena *arena, const struct pacs_key *k, const char *s,
       size_t len)
{
	char buf[32];
	double v;

	len = bounded(s, len);
	if (k->type == PACS_TYPE_DATE && pacs_date_normal(s, len, buf))
		return pacs_arena_strdup(arena, buf);
	if (k->type == PACS_TYPE_NUMBER && k->vr != PACS_VR('D', 'S') &&
	    pacs_value_number(s, len, &v) && v == floor(v) && fabs(v) < 1e15) {
		snprintf(buf, sizeof(buf), "%.0f", v == 0 ? 0.0 : v);
		return pacs_arena_strdup(arena, buf);
	}
	return NULL;
}

static void
put(struct record *r, enum pacs_key_id key, const struct pacs_key *k,
    struct pacs_arena *arena, const struct pacs_buf *text)
{
	const char *s = pacs_buf_str(text);
	size_t len = bounded(s, text->len);
	char *copy;

	if (!len || r->values[key])
		return;
	r->values[key] = normal(arena, k, s, len);
	if (r->values[key])
		return;
	copy = pacs_arena_alloc(arena, len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	if (!is_blank(copy))
		r->values[key] = copy;
}

/* The element of every item, joined: a place for each item, so that what
 * belongs to one can be told. */
static void
nested(const struct pacs_element *sequence, uint32_t tag, struct pacs_buf *out)
{
	size_t i, n = pacs_element_item_count(sequence);

	for (i = 0; i < n && out->len <= VALUE_MAX; i++) {
		const struct pacs_item *item = pacs_element_item(sequence, i);

		if (i)
			pacs_buf_addc(out, '\\');
		pacs_item_text(item, tag, out);
	}
}

static void
take(struct record *r, const struct record_map_entry *e,
     const struct pacs_item *root, const struct pacs_element *el,
     struct pacs_arena *arena, struct pacs_buf *scratch)
{
	pacs_buf_reset(scratch);
	if (e->inner)
		nested(el, e->inner, scratch);
	else
		pacs_element_text(root, el, scratch, NULL);
	put(r, e->key, &pacs_keys[e->key], arena, scratch);
}

static void
take_added(struct record *r, const struct pacs_keyring *ring,
	   const struct pacs_item *root, struct pacs_arena *arena,
	   struct pacs_buf *scratch)
{
	size_t i;

	for (i = 0; i < ring->count; i++) {
		const struct pacs_added_key *a = &ring->added[i];

		pacs_buf_reset(scratch);
		record_path(root, a, scratch);
		put(r, (enum pacs_key_id)(PACS_KEY_ADDED + i), &a->key, arena,
		    scratch);
	}
}

/* Elements and map are both in order of tags: one walk over both. */
static void
walk(struct record *r, const struct record_map *map, struct pacs_dataset *ds,
     struct pacs_arena *arena, struct pacs_buf *scratch)
{
	const struct pacs_item *root = pacs_dataset_root(ds);
	const struct pacs_element *el = pacs_item_first(root);
	uint32_t last = 0;
	size_t i = 0, j;

	for (; el; el = pacs_element_next(el)) {
		uint32_t tag = pacs_element_tag(el);

		if (tag < last)
			i = 0; /* out of order, as some writers do */
		last = tag;
		while (i < map->count && map->entries[i].tag < tag)
			i++;
		for (j = i; j < map->count && map->entries[j].tag == tag; j++)
			take(r, &map->entries[j], root, el, arena, scratch);
	}
}

void
record_read(const struct pacs_archive *ar, const struct record_map *map,
	    const struct pacs_triple *t, struct pacs_arena *arena,
	    struct pacs_buf *scratch, struct record *ret)
{
	const struct pacs_read_options opts = {.stop_tag = map->stop_tag,
					       .tolerate_damage = true};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds;
	uint64_t size;
	int fd;

	memset(ret, 0, sizeof(*ret));
	if (pacs_object_open(&err, ar, t, &fd, &size)) {
		ret->state = err.code == PACS_ENOTFOUND ? RECORD_MISSING
							: RECORD_UNREADABLE;
		return;
	}
	if (pacs_dataset_read_fd(&err, fd, &opts, &ds)) {
		ret->state = RECORD_UNREADABLE;
	} else {
		walk(ret, map, ds, arena, scratch);
		if (map->added && map->added->count)
			take_added(ret, map->added, pacs_dataset_root(ds),
				   arena, scratch);
		ret->values[PACS_KEY_TransferSyntaxUID] = pacs_arena_strdup(
		    arena, pacs_dataset_info(ds)->transfer_syntax);
		pacs_dataset_free(ds);
	}
	close(fd);
}
