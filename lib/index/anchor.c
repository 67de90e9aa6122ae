/*
 * Where a plan begins: the condition that leaves the fewest rows by an index,
 * and the probes of that index.
 */
#include <stdlib.h>
#include <string.h>

#include "index/ask.h"

static bool
only_kinds(const struct pacs_condition *c, unsigned kinds)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (!(kinds & 1u << c->terms[i].kind))
			return false;
	return c->count > 0 && !c->negated;
}

static bool
only_prefixes(const struct pacs_condition *c)
{
	size_t i, n;

	for (i = 0; i < c->count; i++) {
		const char *s = c->terms[i].text;

		if (c->terms[i].kind != PACS_TERM_WILD)
			continue;
		n = s ? strcspn(s, "*?") : 0;
		if (!n || strcmp(s + n, "*") != 0)
			return false;
	}
	return true;
}

#define EXACT (1u << PACS_TERM_EXACT)
#define WILD  (1u << PACS_TERM_WILD)
#define RANGE (1u << PACS_TERM_RANGE)

static bool
all_have_text(const struct pacs_condition *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (!c->terms[i].text)
			return false;
	return true;
}

/* Values that the index of added keys finds as they are. */
static bool
is_exact_added(const struct pacs_condition *c)
{
	return only_kinds(c, EXACT) && c->k->type == PACS_TYPE_TEXT &&
	       !(c->k->flags & PACS_KEY_MULTI);
}

int
anchor_rank(const struct pacs_condition *c)
{
	switch (c->key) {
	case PACS_KEY_SOPInstanceUID:
	case PACS_KEY_SeriesInstanceUID:
	case PACS_KEY_StudyInstanceUID:
		return only_kinds(c, EXACT) ? 1 : 0;
	case PACS_KEY_AccessionNumber:
	case PACS_KEY_PatientID:
		if (only_kinds(c, EXACT))
			return 2;
		return only_kinds(c, EXACT | WILD) && only_prefixes(c) ? 3 : 0;
	case PACS_KEY_PatientName:
		if (!only_kinds(c, EXACT | WILD) || !all_have_text(c))
			return 0;
		return only_prefixes(c) ? 3 : 6;
	case PACS_KEY_StudyDate:
		return only_kinds(c, RANGE) ? 4 : 0;
	case PACS_KEY_stored_at:
		return only_kinds(c, RANGE) && c->terms[0].low != INT64_MIN ? 5
									    : 0;
	default:
		if (!(c->k->flags & PACS_KEY_IS_ADDED))
			return 0;
		if (is_exact_added(c))
			return 3;
		return only_kinds(c, EXACT | WILD | RANGE) ? 7 : 0;
	}
}

static struct probe *
new_probe(struct plan *p, const char *shape)
{
	struct probe *b;

	if ((p->probe_count & (p->probe_count - 1)) == 0)
		p->probes = pacs_realloc(
		    p->probes, (p->probe_count ? p->probe_count * 2 : 1) *
				   sizeof(*p->probes));
	b = &p->probes[p->probe_count++];
	memset(b, 0, sizeof(*b));
	b->shape = shape;
	return b;
}

static void
probe_text(struct plan *p, const char *shape, const char *low, const char *high)
{
	struct probe *b = new_probe(p, shape);

	b->bind_count = high ? 2 : 1;
	b->binds[0].kind = b->binds[1].kind = ASK_TEXT;
	b->binds[0].s = low;
	b->binds[1].s = high;
}

static void
probe_ints(struct plan *p, const char *shape, int64_t low, int64_t high,
	   int count)
{
	struct probe *b = new_probe(p, shape);

	b->bind_count = count;
	b->binds[0].kind = b->binds[1].kind = ASK_INT;
	b->binds[0].i = low;
	b->binds[1].i = high;
}

static const char *
shape(struct plan *p, const char *column, const char *rest)
{
	struct pacs_buf b = {0};
	const char *s;

	pacs_buf_addf(&b, "%s.%s %s", ask_alias[p->anchor_level], column, rest);
	s = pacs_arena_strdup(&p->scratch.arena, pacs_buf_str(&b));
	pacs_buf_clear(&b);
	return s;
}

/* Probes of all terms on one text column. */
static void
probe_column(struct plan *p, const struct pacs_condition *c, const char *column)
{
	const char *equal = shape(p, column, "= ?");
	const char *from = shape(p, column, ">= ?");
	struct pacs_buf b = {0};
	const char *between, *like, *low = NULL, *high = NULL;
	size_t i;

	pacs_buf_addf(&b, ">= ? AND %s.%s < ?", ask_alias[p->anchor_level],
		      column);
	between = shape(p, column, pacs_buf_str(&b));
	pacs_buf_reset(&b);
	/* From the index alone: it is much smaller than the table. */
	pacs_buf_addf(&b,
		      "%s.id IN (SELECT id FROM %s WHERE %s IS NOT NULL AND"
		      " %s LIKE ? ESCAPE '\\')",
		      ask_alias[p->anchor_level],
		      p->anchor_level == PACS_LEVEL_PATIENT ? "t_patient"
							    : "t_study",
		      column, column);
	like = pacs_arena_strdup(&p->scratch.arena, pacs_buf_str(&b));
	pacs_buf_clear(&b);
	for (i = 0; i < c->count; i++) {
		const char *s = c->terms[i].text;

		if (c->terms[i].kind == PACS_TERM_EXACT)
			probe_text(p, equal, s, NULL);
		else if (!ask_prefix(&p->scratch, s, &low, &high))
			probe_text(p, like, ask_like(&p->scratch, s), NULL);
		else
			probe_text(p, high ? between : from, low, high);
	}
}

static void
probe_days(struct plan *p, const struct pacs_condition *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		probe_ints(p, "s.study_day BETWEEN ? AND ?", c->terms[i].low,
			   c->terms[i].high, 2);
}

/* A study with an instance stored since then was itself added to since then:
 * more studies than asked for, never fewer. */
static void
probe_stored(struct plan *p, const struct pacs_condition *c)
{
	size_t i;

	p->anchor_is_all = false;
	for (i = 0; i < c->count; i++)
		probe_ints(p, "s.last_us >= ?", c->terms[i].low, 0, 1);
}

/*
 * Rows of an added key, by its own index: of the values asked for, or all of
 * the key, if matching needs more than equality. Instances are found by series,
 * so that there are not too many to hold; each is looked at then.
 */
static void
probe_added(struct plan *p, const struct pacs_condition *c)
{
	bool instance = c->k->level == PACS_LEVEL_INSTANCE;
	bool exact = is_exact_added(c);
	const char *text;
	struct pacs_buf b = {0};
	size_t i;

	p->anchor_level = instance ? PACS_LEVEL_SERIES : c->k->level;
	p->anchor_is_all = !instance;
	pacs_buf_addf(&b,
		      "%s.id IN (SELECT %s FROM %s WHERE key ="
		      " (SELECT number FROM t_key WHERE name = '%s')",
		      ask_alias[p->anchor_level], instance ? "series" : "owner",
		      instance ? "t_added_instance" : "t_added", c->k->name);
	pacs_buf_adds(&b,
		      exact ? " AND value = ?)" : " AND pacs_match(?, value))");
	text = pacs_arena_strdup(&p->scratch.arena, pacs_buf_str(&b));
	pacs_buf_clear(&b);
	for (i = 0; exact && i < c->count; i++)
		probe_text(p, text, c->terms[i].text, NULL);
	if (!exact) {
		struct probe *n = new_probe(p, text);

		n->bind_count = 1;
		n->binds[0].kind = ASK_CONDITION;
		n->binds[0].c = c;
	}
}

void
anchor_set(struct plan *p, const struct pacs_condition *c)
{
	p->anchor = c;
	p->anchor_is_all = true;
	p->anchor_level = ask_table(c->k, p->asked);
	if (c->k->flags & PACS_KEY_IS_ADDED) {
		probe_added(p, c);
		return;
	}
	switch (c->key) {
	case PACS_KEY_PatientName:
		probe_column(p, c, "name_alphabetic");
		probe_column(p, c, "name_ideographic");
		probe_column(p, c, "name_phonetic");
		break;
	case PACS_KEY_StudyDate:
		probe_days(p, c);
		break;
	case PACS_KEY_stored_at:
		p->anchor_level = PACS_LEVEL_STUDY;
		probe_stored(p, c);
		break;
	default:
		probe_column(p, c, pacs_keys[c->key].snake);
	}
}
