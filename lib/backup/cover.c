/*
 * Is everything that is recorded in a pack? Flat memory: a table of so many
 * objects; more are looked at in several passes, each over a part of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/cover.h"
#include "backup/packing.h"

#define SLOTS    (1u << 21) /* of 24 bytes: 48 MiB */
#define MOST     (SLOTS / 4 * 3)
#define PER_PASS 1000000u

enum { RECORDED = 1, PACKED = 2, UNSEEN = 4, USED = 8 };

struct slot {
	uint64_t hash;
	uint32_t want, have; /* heads of digests */
	uint8_t flags;
};

struct cover {
	struct check_run *run;
	struct slot *slots;
	size_t used;
	unsigned pass, passes;
	bool full, naming;
};

/* --- the table ------------------------------------------------------------ */

static uint64_t
head(const char *hex, size_t digits)
{
	char buf[17];

	snprintf(buf, sizeof(buf), "%.*s", (int)digits, hex);
	return strtoull(buf, NULL, 16);
}

static struct slot *
slot_of(struct cover *c, const char *path)
{
	char hex[PACS_SHA256_HEX];
	uint64_t h;
	size_t i;

	pacs_sha256_hex(path, strlen(path), hex);
	h = head(hex, 16);
	if (h % c->passes != c->pass)
		return NULL;
	for (i = (size_t)(h >> 20) % SLOTS; c->slots[i].flags;
	     i = (i + 1) % SLOTS)
		if (c->slots[i].hash == h)
			return &c->slots[i];
	if (c->used == MOST) {
		c->full = true;
		return NULL;
	}
	c->used++;
	c->slots[i].hash = h;
	c->slots[i].flags = USED;
	return &c->slots[i];
}

static bool
is_wrong(const struct slot *s, bool *ret_surplus)
{
	bool recorded = s->flags & RECORDED, packed = s->flags & PACKED;

	*ret_surplus = !recorded && packed;
	if (recorded && packed)
		return s->want != s->have && !(s->flags & UNSEEN);
	if (recorded)
		return !(s->flags & UNSEEN);
	return packed;
}

/* --- what is recorded ----------------------------------------------------- */

static void
record(struct cover *c, const char *path, const char *sha256, bool there)
{
	struct slot *s = slot_of(c, path);
	bool surplus;

	if (!s)
		return;
	if (c->naming) {
		if (is_wrong(s, &surplus) && !surplus && there) {
			check_finding(c->run, PACS_BACKUP_UNCOVERED, path,
				      sha256);
			s->flags |= UNSEEN; /* told once */
		}
		return;
	}
	s->flags &= (uint8_t)~RECORDED;
	if (there) {
		s->flags |= RECORDED;
		s->want = (uint32_t)head(sha256, 8);
	}
}

static enum pacs_err
take_ledger(struct pacs_error *err, void *ctx, const struct pacs_ledger_line *l)
{
	struct cover *c = ctx;
	struct pacs_triple t;
	char path[PACS_PATH_ROOM];

	(void)err;
	if ((l->op == PACS_OP_QUARANTINE || l->op == PACS_OP_RELEASE) &&
	    *l->sha256) {
		snprintf(path, sizeof(path), "quarantine/%s.dcm", l->sha256);
		record(c, path, l->sha256, l->op == PACS_OP_QUARANTINE);
	}
	if (!pacs_op_places(l->op) && l->op != PACS_OP_PURGE &&
	    l->op != PACS_OP_VOID)
		return PACS_OK;
	snprintf(t.study, sizeof(t.study), "%s", l->study);
	snprintf(t.series, sizeof(t.series), "%s", l->series);
	snprintf(t.instance, sizeof(t.instance), "%s", l->instance);
	if (!pacs_triple_is_safe(&t))
		return PACS_OK;
	pacs_object_path(&t, path);
	record(c, path, l->sha256, pacs_op_places(l->op));
	return PACS_OK;
}

static enum pacs_err
read_ledger(struct pacs_error *err, struct cover *c)
{
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	enum pacs_err rc;

	if (!c->run->o->against)
		return packed_ledger(err, c->run->r, c->run->number,
				     &c->run->to, take_ledger, c);
	rc = pacs_ledger_open(err, c->run->o->against, NULL, &r);
	if (rc)
		return rc;
	while (pacs_cursor_before(pacs_ledger_cursor(r), &c->run->to) &&
	       !(rc = pacs_ledger_next(err, r, &line)) && line) {
		if (!pacs_cursor_before(&line->at, &c->run->to))
			break;
		(void)take_ledger(err, c, line);
	}
	pacs_ledger_close(r);
	return rc;
}

/* --- what is packed ------------------------------------------------------- */

static void
packed(struct cover *c, const char *path, const char *sha256)
{
	struct slot *s = slot_of(c, path);
	bool surplus;

	if (!s)
		return;
	if (c->naming) {
		if (is_wrong(s, &surplus) && surplus) {
			check_finding(c->run, PACS_BACKUP_SURPLUS, path,
				      sha256);
			s->flags &= (uint8_t)~PACKED;
		}
		return;
	}
	s->flags = (uint8_t)((s->flags | PACKED) & ~UNSEEN);
	s->have = (uint32_t)head(sha256, 8);
}

/* "PACK TAB SHA256 TAB SIZE TAB PATH" */
static enum pacs_err
read_list(struct pacs_error *err, struct cover *c, const char *name)
{
	struct lines *l;
	char *line, *sha, *path;
	enum pacs_err rc = lines_open(err, c->run->r, name, &l);

	while (!rc && !(rc = lines_next(err, l, &line)) && line) {
		sha = strchr(line, '\t');
		path = strrchr(line, '\t');
		if (!sha || path - sha < 66) {
			rc = pacs_error_set(err, PACS_EFORMAT,
					    "not a line of it");
			break;
		}
		/* Reasons in quarantine have no digest in the ledger. */
		if (strcmp(path + strlen(path) - 4, ".txt") != 0)
			packed(c, path + 1, sha + 1);
	}
	lines_close(l);
	if (rc)
		pacs_error_wrap(err, "'%s'", name);
	return rc;
}

static enum pacs_err
take_group(struct pacs_error *err, void *ctx, char *line)
{
	struct cover *c = ctx;
	struct group_line g;
	struct slot *s;

	if (!group_parse(line, &g))
		return pacs_error_set(err, PACS_EFORMAT, "not a line of it");
	if (g.what == '+' || c->naming || !(s = slot_of(c, g.path)))
		return PACS_OK;
	s->flags &= (uint8_t) ~(PACKED | UNSEEN);
	if (g.what == '?')
		s->flags |= UNSEEN;
	return PACS_OK;
}

/* Objects of a part come before what is gone by it: a path is in one of both,
 * except for '?', which says why it is in neither. */
static enum pacs_err
read_packed(struct pacs_error *err, struct cover *c)
{
	const struct snapshot *s;
	struct chain ch;
	enum pacs_err rc = chain_open(err, c->run->r, c->run->number, &ch);
	size_t i;

	while (!rc && !(rc = chain_next(err, c->run->r, &ch, &s)) && s)
		for (i = 0; !rc && i < s->file_count; i++) {
			const char *name = s->files[i].name;

			if (!strcmp(s->files[i].kind, "groups"))
				rc = groups_each(err, c->run->r, name, NULL,
						 take_group, c);
			else if (!strcmp(s->files[i].kind, "list"))
				rc = read_list(err, c, name);
		}
	chain_close(&ch);
	return rc;
}

static enum pacs_err
one_pass(struct pacs_error *err, struct cover *c)
{
	enum pacs_err rc;
	bool wrong = false, surplus;
	size_t i;

	memset(c->slots, 0, SLOTS * sizeof(*c->slots));
	c->used = 0;
	c->naming = false;
	rc = read_packed(err, c);
	if (!rc)
		rc = read_ledger(err, c);
	if (rc || c->full)
		return rc;
	for (i = 0; i < SLOTS; i++) {
		const struct slot *s = &c->slots[i];

		if (is_wrong(s, &surplus))
			wrong = true;
		else if ((s->flags & (RECORDED | PACKED)) ==
			 (RECORDED | PACKED))
			c->run->tally->covered++;
	}
	if (!wrong)
		return PACS_OK;
	c->naming = true; /* once more, for the names */
	rc = read_ledger(err, c);
	return rc ? rc : read_packed(err, c);
}

enum pacs_err
cover_check(struct pacs_error *err, struct check_run *run)
{
	struct cover c = {.run = run};
	enum pacs_err rc = PACS_OK;

	c.slots = pacs_malloc(SLOTS * sizeof(*c.slots));
	c.passes = (unsigned)(run->all_objects / PER_PASS) + 1;
	for (c.pass = 0; !rc && c.pass < c.passes; c.pass++) {
		rc = one_pass(err, &c);
		if (!rc && c.full) {
			/* More lines than objects: smaller parts. */
			c.full = false;
			c.passes *= 2;
			c.pass = (unsigned)-1;
			run->tally->covered = 0;
		}
	}
	free(c.slots);
	return rc;
}
