/*
 * Which packs does a kept snapshot need? Flat memory: a table of so many paths;
 * more are looked at in several passes, each over a part of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/packing.h"
#include "backup/prune.h"

#define SLOTS    (1u << 21) /* of 16 bytes: 32 MiB */
#define MOST     (SLOTS / 4 * 3)
#define PER_PASS 1000000u

/* Does a kept snapshot hold what came with snapshot a and went with b? */
static bool
is_needed(const struct pruning *g, unsigned a, unsigned b)
{
	size_t i;

	for (i = 0; i < g->count; i++)
		if (g->list[i].keep && g->list[i].number >= a &&
		    g->list[i].number < b)
			return true;
	return false;
}

static struct slot *
slot_of(struct pruning *g, const char *path)
{
	char hex[PACS_SHA256_HEX];
	uint64_t h;
	size_t i;

	pacs_sha256_hex(path, strlen(path), hex);
	hex[16] = '\0';
	h = strtoull(hex, NULL, 16) | 1;
	if ((h >> 1) % g->passes != g->pass)
		return NULL;
	for (i = (size_t)(h >> 20) % SLOTS; g->slots[i].hash;
	     i = (i + 1) % SLOTS)
		if (g->slots[i].hash == h)
			return &g->slots[i];
	if (g->used == MOST) {
		g->full = true;
		return NULL;
	}
	g->used++;
	g->slots[i].hash = h;
	return &g->slots[i];
}

/* What has the path now had its day. */
static void
end_of(struct pruning *g, struct slot *s)
{
	if (s->pack && is_needed(g, s->snapshot, g->snapshot))
		g->packs[s->pack - 1].needed = true;
	s->pack = 0;
}

static bool
is_held(const struct pruning *g, const char *path)
{
	struct pacs_triple t;

	return pacs_object_triple(path, &t) && names_have(&g->hold, t.study);
}

static enum pacs_err
take_gone(struct pacs_error *err, void *ctx, char *line)
{
	struct pruning *g = ctx;
	struct group_line l;
	struct slot *s;

	if (!group_parse(line, &l))
		return pacs_error_set(err, PACS_EFORMAT, "not a line of it");
	if (l.what != '+' && (s = slot_of(g, l.path)))
		end_of(g, s);
	return PACS_OK;
}

/* 1 + its place; 0: it was removed before. after: that of the one before it in
 * the list, since they stand there in order. */
static size_t
find_pack(const struct pruning *g, unsigned number, size_t after)
{
	size_t i, n = g->pack_count - g->snapshot_first;
	char name[NAME_ROOM];

	snprintf(name, sizeof(name), "packs/%06u/%05u.", g->snapshot, number);
	if (after < g->snapshot_first)
		after = g->snapshot_first;
	for (i = 0; i < n; i++) {
		size_t at =
		    after + i < g->pack_count ? after + i : after + i - n;

		if (!strncmp(g->packs[at].name, name, strlen(name)))
			return at + 1;
	}
	return 0;
}

static enum pacs_err
take_list(struct pacs_error *err, struct pruning *g, const char *name)
{
	struct lines *l;
	char *line, *path;
	unsigned last = 0;
	size_t pack = 0;
	enum pacs_err rc = lines_open(err, g->r, name, &l);

	while (!rc && !(rc = lines_next(err, l, &line)) && line) {
		unsigned number = (unsigned)strtoul(line, NULL, 10);
		struct slot *s;

		path = strrchr(line, '\t');
		if (!path) {
			rc = pacs_error_set(err, PACS_EFORMAT,
					    "not a line of it");
			break;
		}
		if (number != last || !pack)
			pack = find_pack(g, number, pack);
		last = number;
		if (pack && is_held(g, path + 1))
			g->packs[pack - 1].needed = true;
		s = slot_of(g, path + 1);
		if (!s)
			continue;
		end_of(g, s);
		s->pack = (uint32_t)pack;
		s->snapshot = g->snapshot;
	}
	lines_close(l);
	if (rc)
		pacs_error_wrap(err, "'%s'", name);
	return rc;
}

/* Packs of objects; all others are always needed. */
static void
add_packs(struct pruning *g, const struct snapshot *s, size_t *cap)
{
	size_t i;

	for (i = 0; i < s->file_count; i++) {
		if (strcmp(s->files[i].kind, "objects") != 0)
			continue;
		if (g->pack_count == *cap) {
			*cap = *cap ? 2 * *cap : 64;
			g->packs =
			    pacs_realloc(g->packs, *cap * sizeof(*g->packs));
		}
		memset(&g->packs[g->pack_count], 0, sizeof(*g->packs));
		memcpy(g->packs[g->pack_count].name, s->files[i].name,
		       NAME_ROOM);
		g->packs[g->pack_count].size = s->files[i].size;
		/* A run that has not ended may still add to it. */
		g->packs[g->pack_count++].needed = s->partial;
	}
}

static size_t
first_pack_of(const struct pruning *g, unsigned snapshot)
{
	char name[NAME_ROOM];
	size_t i;

	snprintf(name, sizeof(name), "packs/%06u/", snapshot);
	for (i = g->snapshot_first; i < g->pack_count; i++)
		if (!strncmp(g->packs[i].name, name, strlen(name)))
			break;
	return i < g->pack_count ? i : g->snapshot_first;
}

static enum pacs_err
one_pass(struct pacs_error *err, struct pruning *g, bool first)
{
	const struct snapshot *s;
	struct chain c;
	enum pacs_err rc = chain_open(err, g->r, 0, &c);
	size_t i, cap = 0;

	memset(g->slots, 0, SLOTS * sizeof(*g->slots));
	g->used = g->snapshot_first = 0;
	while (!rc && !(rc = chain_next(err, g->r, &c, &s)) && s) {
		g->snapshot = s->number;
		if (first)
			add_packs(g, s, &cap);
		g->snapshot_first = first_pack_of(g, s->number);
		for (i = 0; !rc && i < s->file_count; i++) {
			const char *name = s->files[i].name;

			if (!strcmp(s->files[i].kind, "groups"))
				rc = groups_each(err, g->r, name, NULL,
						 take_gone, g);
			else if (!strcmp(s->files[i].kind, "list"))
				rc = take_list(err, g, name);
		}
	}
	chain_close(&c);
	g->snapshot = UINT32_MAX; /* what is there now has no end */
	for (i = 0; i < SLOTS; i++)
		end_of(g, &g->slots[i]);
	return rc;
}

enum pacs_err
find_needed(struct pacs_error *err, struct pruning *g)
{
	enum pacs_err rc = PACS_OK;
	bool first = true;

	g->slots = pacs_malloc(SLOTS * sizeof(*g->slots));
	g->passes = (unsigned)(g->all_objects / PER_PASS) + 1;
	for (g->pass = 0; !rc && g->pass < g->passes; g->pass++) {
		rc = one_pass(err, g, first);
		first = false;
		if (!rc && g->full) {
			/* Marks only grow: what is needed stays needed. */
			g->full = false;
			g->passes *= 2;
			g->pass = (unsigned)-1;
		}
	}
	free(g->slots);
	g->slots = NULL;
	return rc;
}
