/*
 * The order in which tables are visited. SQLite is not left to guess: tables
 * stand in the order of the plan, joined by CROSS JOIN, which it keeps.
 */
#include <stdlib.h>
#include <string.h>

#include "index/ask.h"

/* --- the anchor -------------------------------------------------------- */

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

/* How few rows a condition leaves, as far as one can tell: 1 is best; 0: no
 * index helps. */
static int
rank(const struct pacs_condition *c)
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

static void
set_anchor(struct plan *p, const struct pacs_condition *c)
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

void
ask_plan_make(struct plan *p, const struct pacs_query *q, enum pacs_level asked)
{
	const struct pacs_condition *best = NULL;
	size_t i;

	memset(p, 0, sizeof(*p));
	p->q = q;
	p->asked = asked;
	p->level = asked == PACS_LEVEL_INSTANCE ? PACS_LEVEL_SERIES : asked;
	if (q->any && q->count > 1)
		return;
	for (i = 0; i < q->count; i++) {
		const struct pacs_condition *c = &q->conditions[i];

		if (rank(c) && (!best || rank(c) < rank(best)))
			best = c;
	}
	if (best)
		set_anchor(p, best);
	p->by_instance = asked == PACS_LEVEL_INSTANCE && best &&
			 p->anchor_level == PACS_LEVEL_INSTANCE;
}

void
ask_plan_clear(struct plan *p)
{
	free(p->probes);
	ask_clear(&p->scratch);
	memset(p, 0, sizeof(*p));
}

/* --- SQL
 * -------------------------------------------------------------------------------
 */

static const char *const to_parent[] = {NULL, "s.patient = p.id",
					"e.study = s.id", "i.series = e.id"};

/* Conditions that one item of a sequence must meet together, of the tables
 * from low to high. What each says alone stands there already. */
static void
items(const struct plan *p, enum pacs_level low, enum pacs_level high,
      struct ask *out)
{
	struct ask_items list;
	enum pacs_level l;
	size_t i;

	for (i = 0; i < p->q->count; i++) {
		list.count = pacs_query_items(p->q, i, list.list);
		l = ask_table(p->q->conditions[i].k, p->asked);
		if (!list.count || l < low || l > high)
			continue;
		pacs_buf_adds(&out->sql, " AND ");
		ask_items(out, &list, p->asked);
	}
}

/* " EXISTS (SELECT 1 FROM t_series AS e, ... WHERE e.study = s.id AND ... )"
 * of the conditions below a level; only: just this one (--or). */
static void
exists_below(const struct plan *p, enum pacs_level above,
	     const struct pacs_condition *only, struct ask *out)
{
	enum pacs_level deepest = above, l;
	size_t i;

	for (i = 0; i < p->q->count; i++) {
		const struct pacs_condition *c = &p->q->conditions[i];

		l = ask_table(c->k, p->asked);
		if ((!only || c == only) && l > deepest)
			deepest = l;
	}
	pacs_buf_adds(&out->sql, "EXISTS (SELECT 1 FROM ");
	if (deepest > PACS_LEVEL_INSTANCE)
		deepest = PACS_LEVEL_INSTANCE;
	for (l = above + 1; l <= deepest; l++)
		pacs_buf_addf(&out->sql, "%s%s",
			      l > above + 1 ? " CROSS JOIN " : "",
			      ask_tables[l]);
	for (l = above + 1; l <= deepest; l++)
		pacs_buf_addf(&out->sql, " %s %s",
			      l > above + 1 ? "AND" : "WHERE", to_parent[l]);
	for (i = 0; i < p->q->count; i++) {
		const struct pacs_condition *c = &p->q->conditions[i];

		if ((only && c != only) || ask_table(c->k, p->asked) <= above)
			continue;
		pacs_buf_adds(&out->sql, " AND ");
		ask_predicate(out, c, p->asked);
	}
	if (!only)
		items(p, above + 1, PACS_LEVEL_INSTANCE, out);
	pacs_buf_addc(&out->sql, ')');
}

/* The levels that stand in FROM: from the highest asked for to the lowest of
 * anchor and listed level. */
static void
span(const struct plan *p, enum pacs_level *ret_top,
     enum pacs_level *ret_bottom)
{
	enum pacs_level top = p->level, bottom = p->level;
	size_t i;

	if (p->anchor) {
		top = p->anchor_level < top ? p->anchor_level : top;
		bottom = p->anchor_level > bottom ? p->anchor_level : bottom;
	}
	for (i = 0; i < p->q->count; i++) {
		enum pacs_level l = ask_table(p->q->conditions[i].k, p->asked);

		top = l < top ? l : top;
	}
	*ret_top = top;
	*ret_bottom = bottom;
}

static void
from(const struct plan *p, enum pacs_level top, enum pacs_level bottom,
     enum pacs_level start, struct ask *out)
{
	int l;

	(void)p;
	pacs_buf_addf(&out->sql, " FROM %s", ask_tables[start]);
	for (l = (int)start - 1; l >= (int)top; l--)
		pacs_buf_addf(&out->sql, " CROSS JOIN %s", ask_tables[l]);
	for (l = (int)start + 1; l <= (int)bottom; l++)
		pacs_buf_addf(&out->sql, " CROSS JOIN %s", ask_tables[l]);
	pacs_buf_adds(&out->sql, " WHERE 1");
	for (l = (int)top + 1; l <= (int)bottom; l++)
		pacs_buf_addf(&out->sql, " AND %s", to_parent[l]);
}

static void
all_of(const struct plan *p, enum pacs_level bottom, struct ask *out)
{
	bool below = false;
	size_t i;

	for (i = 0; i < p->q->count; i++) {
		const struct pacs_condition *c = &p->q->conditions[i];

		if (ask_table(c->k, p->asked) > bottom) {
			below = true;
		} else if (c != p->anchor || !p->anchor_is_all) {
			pacs_buf_adds(&out->sql, " AND ");
			ask_predicate(out, c, p->asked);
		}
	}
	items(p, PACS_LEVEL_PATIENT, bottom, out);
	if (below) {
		pacs_buf_adds(&out->sql, " AND ");
		exists_below(p, bottom, NULL, out);
	}
}

static void
any_of(const struct plan *p, enum pacs_level bottom, struct ask *out)
{
	size_t i;

	for (i = 0; i < p->q->count; i++) {
		const struct pacs_condition *c = &p->q->conditions[i];

		pacs_buf_adds(&out->sql, i ? " OR " : " AND (");
		if (ask_table(c->k, p->asked) > bottom)
			exists_below(p, bottom, c, out);
		else
			ask_predicate(out, c, p->asked);
	}
	pacs_buf_addc(&out->sql, ')');
}

static const char *
id_column(const struct plan *p)
{
	return p->level == PACS_LEVEL_PATIENT ? "p.first_study"
	       : p->level == PACS_LEVEL_STUDY ? "s.id"
					      : "e.id";
}

void
ask_plan_sql(const struct plan *p, const char *probe, struct ask *out)
{
	enum pacs_level top, bottom;
	bool any = p->q->any && p->q->count > 1;

	span(p, &top, &bottom);
	pacs_buf_addf(&out->sql, "SELECT %s, %s.instances, %s", id_column(p),
		      ask_alias[p->level], p->by_instance ? "i.seq" : "0");
	from(p, top, bottom, p->anchor ? p->anchor_level : p->level, out);
	if (probe)
		pacs_buf_addf(&out->sql, " AND %s", probe);
	if (any)
		any_of(p, bottom, out);
	else
		all_of(p, bottom, out);
	if (!probe)
		pacs_buf_addf(&out->sql, " AND %s > ? ORDER BY %s LIMIT ?",
			      id_column(p), id_column(p));
}

void
ask_plan_scan_sql(const struct plan *p, const char *select, struct ask *out)
{
	enum pacs_level top, bottom;

	span(p, &top, &bottom);
	pacs_buf_addf(&out->sql, "SELECT %s", select);
	from(p, top, bottom, p->level, out);
	if (p->q->any && p->q->count > 1)
		any_of(p, bottom, out);
	else
		all_of(p, bottom, out);
}

bool
ask_plan_instance_filter(const struct plan *p, struct ask *out)
{
	bool found = false;
	size_t i;

	for (i = 0; i < p->q->count; i++)
		found = found || ask_table(p->q->conditions[i].k, p->asked) ==
				     PACS_LEVEL_INSTANCE;
	if (!found)
		return false;
	if (p->q->any && p->q->count > 1) {
		any_of(p, PACS_LEVEL_INSTANCE, out);
		return true;
	}
	for (i = 0; i < p->q->count; i++) {
		const struct pacs_condition *c = &p->q->conditions[i];

		if (ask_table(c->k, p->asked) != PACS_LEVEL_INSTANCE)
			continue;
		pacs_buf_adds(&out->sql, " AND ");
		ask_predicate(out, c, p->asked);
	}
	items(p, PACS_LEVEL_INSTANCE, PACS_LEVEL_INSTANCE, out);
	return true;
}
