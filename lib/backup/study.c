/*
 * One study from the packs that hold it: the newest part first, so that what
 * came later wins and nothing is written twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/entry.h"
#include "backup/packing.h"
#include "backup/restore.h"

/* --- what was seen -------------------------------------------------------- */

/* Paths that were seen, by the first 8 bytes of their SHA-256. */
struct seen {
	uint64_t *slots;
	size_t count, cap;
};

static uint64_t
head_of(const char *path)
{
	char hex[PACS_SHA256_HEX];

	pacs_sha256_hex(path, strlen(path), hex);
	hex[16] = '\0';
	return strtoull(hex, NULL, 16) | 1; /* 0 is an empty slot */
}

static bool
put(uint64_t *slots, size_t cap, uint64_t h)
{
	size_t i = (size_t)(h >> 1) % cap;

	for (; slots[i]; i = (i + 1) % cap)
		if (slots[i] == h)
			return false;
	slots[i] = h;
	return true;
}

/* False: it was there. */
static bool
seen_add(struct seen *s, const char *path)
{
	size_t i;

	if (2 * s->count >= s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 256;
		uint64_t *slots = pacs_calloc(cap, sizeof(*slots));

		for (i = 0; i < s->cap; i++)
			if (s->slots[i])
				(void)put(slots, cap, s->slots[i]);
		free(s->slots);
		s->slots = slots;
		s->cap = cap;
	}
	if (!put(s->slots, s->cap, head_of(path)))
		return false;
	s->count++;
	return true;
}

static void
seen_clear(struct seen *s)
{
	free(s->slots);
	memset(s, 0, sizeof(*s));
}

/* --- the parts ------------------------------------------------------------ */

static void
add_parts(struct parts *p, const struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->file_count; i++) {
		if (strcmp(s->files[i].kind, "groups") != 0)
			continue;
		if (p->count == p->cap) {
			p->cap = p->cap ? 2 * p->cap : 64;
			p->list =
			    pacs_realloc(p->list, p->cap * sizeof(*p->list));
		}
		p->list[p->count].snapshot = s->number;
		memcpy(p->list[p->count++].groups, s->files[i].name, NAME_ROOM);
	}
}

enum pacs_err
parts_read(struct pacs_error *err, struct pacs_repo *r, unsigned number,
	   struct parts *ret, unsigned *ret_number)
{
	const struct snapshot *s;
	struct chain c;
	bool dropped = false;
	enum pacs_err rc;

	memset(ret, 0, sizeof(*ret));
	*ret_number = 0;
	rc = chain_open(err, r, number, &c);
	if (!rc)
		rc = removed_read(err, r, &ret->removed);
	while (!rc && !(rc = chain_next(err, r, &c, &s)) && s) {
		dropped = s->dropped;
		add_parts(ret, s);
		*ret_number = s->number;
	}
	chain_close(&c);
	if (!rc &&
	    (!*ret_number || (number && (*ret_number != number || dropped))))
		rc = pacs_error_set(err, PACS_ENOTFOUND,
				    "there is no such snapshot");
	return rc;
}

void
parts_clear(struct parts *p)
{
	free(p->list);
	names_clear(&p->removed);
	memset(p, 0, sizeof(*p));
}

/* --- reading -------------------------------------------------------------- */

struct extent {
	unsigned pack;
	uint64_t offset, length;
};

struct reading {
	struct pacs_repo *r;
	const struct study_hooks *hooks;
	const char *key;
	const struct names *removed;
	struct seen seen;
	struct names owed;   /* "PATH SHA256": seen, and not whole yet */
	struct extent *list; /* of the part at hand */
	size_t count, cap;
	uint64_t read;
};

static enum pacs_err
take_line(struct pacs_error *err, void *ctx, char *line)
{
	struct reading *g = ctx;
	struct group_line l;
	struct extent *e;

	if (!group_parse(line, &l))
		return pacs_error_set(err, PACS_EFORMAT, "not a line of it");
	if (l.what != '+') {
		(void)seen_add(&g->seen, l.path);
		return PACS_OK;
	}
	if (g->count == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 16;
		g->list = pacs_realloc(g->list, g->cap * sizeof(*g->list));
	}
	e = &g->list[g->count++];
	e->pack = l.pack;
	e->offset = l.offset;
	e->length = l.length;
	return PACS_OK;
}

/* Of what was seen, what was damaged is still wanted if these are its bytes. */
static bool
settle_debt(struct reading *g, const char *debt)
{
	size_t i;

	for (i = 0; i < g->owed.count; i++) {
		if (strcmp(g->owed.list[i], debt) != 0)
			continue;
		free(g->owed.list[i]);
		g->owed.list[i] = g->owed.list[--g->owed.count];
		return true;
	}
	return false;
}

/* pack: what it comes from. */
static enum pacs_err
read_entry(struct pacs_error *err, struct reading *g, const char *pack,
	   struct unpack *u, const struct entry *e)
{
	char debt[PACS_PATH_ROOM + PACS_SHA256_HEX];
	enum pacs_err rc;

	snprintf(debt, sizeof(debt), "%s %s", e->path, e->sha256);
	if (!seen_add(&g->seen, e->path) && !settle_debt(g, debt))
		return PACS_OK;
	rc = g->hooks->take(err, g->hooks->ctx, u, e);
	if (restore_goes_on(rc))
		names_add(&g->owed, debt);
	if (rc == PACS_EINTEGRITY) {
		g->hooks->broken(g->hooks->ctx, pack, err->msg);
		pacs_error_clear(err);
		rc = PACS_OK;
	}
	return rc;
}

static void
tell_debts(struct reading *g)
{
	size_t i;

	for (i = 0; i < g->owed.count; i++) {
		char *path = g->owed.list[i];

		path[strcspn(path, " ")] = '\0';
		g->hooks->broken(g->hooks->ctx, path, "whole in no pack");
	}
}

static enum pacs_err
read_entries(struct pacs_error *err, struct reading *g, const char *pack,
	     struct pull *p)
{
	const struct entry *e;
	struct unpack *u;
	char key[KEY_ROOM];
	enum pacs_err rc = unpack_open(err, p, &u);

	while (!rc && !(rc = unpack_next(err, u, &e)) && e) {
		if (e->kind != ENTRY_OBJECT)
			continue;
		group_key(e->path, key);
		if (!strcmp(key, g->key))
			rc = read_entry(err, g, pack, u, e);
	}
	unpack_close(u);
	return rc;
}

/* Encrypted, the pack is read as a whole, once for all its extents. */
static enum pacs_err
read_extent(struct pacs_error *err, struct reading *g, unsigned snapshot,
	    const struct extent *e)
{
	bool sealed = repo_encrypted(g->r);
	char name[NAME_ROOM];
	struct pull p;
	enum pacs_err rc;

	snprintf(name, sizeof(name), "packs/%06u/%05u.tar.zst%s", snapshot,
		 e->pack, sealed ? ".age" : "");
	/* All that it held was gone or replaced since. */
	if (names_have(g->removed, name))
		return PACS_OK;
	rc = pull_open(err, g->r, name, false, sealed ? 0 : e->offset,
		       sealed ? 0 : e->length, &p);
	if (!rc)
		rc = read_entries(err, g, name, &p);
	g->read += e->length;
	if (restore_goes_on(rc)) {
		g->hooks->broken(g->hooks->ctx, name, err->msg);
		pacs_error_clear(err);
		rc = PACS_OK;
	}
	return rc;
}

enum pacs_err
study_read(struct pacs_error *err, struct pacs_repo *r,
	   const struct parts *parts, const char *key,
	   const struct study_hooks *hooks, uint64_t *ret_read)
{
	struct reading g = {
	    .r = r, .hooks = hooks, .key = key, .removed = &parts->removed};
	enum pacs_err rc = PACS_OK;
	size_t i, k;

	for (i = parts->count; !rc && i-- > 0;) {
		const struct part *p = &parts->list[i];

		g.count = 0;
		rc = groups_each(err, r, p->groups, key, take_line, &g);
		if (restore_goes_on(rc)) {
			hooks->broken(hooks->ctx, p->groups, err->msg);
			pacs_error_clear(err);
			rc = PACS_OK;
		}
		for (k = 0; !rc && k < g.count; k++) {
			if (k && repo_encrypted(r) &&
			    g.list[k].pack == g.list[k - 1].pack)
				continue;
			rc = read_extent(err, &g, p->snapshot, &g.list[k]);
		}
	}
	if (!rc)
		tell_debts(&g);
	*ret_read += g.read;
	names_clear(&g.owed);
	seen_clear(&g.seen);
	free(g.list);
	return rc;
}
