/*
 * The order in which tables are visited. SQLite is not left to guess: tables
 * stand in the order of the plan, joined by CROSS JOIN, which it keeps.
 */
#include <stdlib.h>
#include <string.h>

#include "index/ask.h"

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

		if (anchor_rank(c) &&
		    (!best || anchor_rank(c) < anchor_rank(best)))
			best = c;
	}
	if (best)
		anchor_set(p, best);
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

/* --- SQL --------------------------------------------------------------- */

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
ask_plan_sql(const struct plan *plan, const char *probe, struct ask *out)
{
	struct plan through = *plan;
	const struct plan *p = probe ? plan : &through;
	enum pacs_level top, bottom;
	bool any = plan->q->any && plan->q->count > 1;

	/* Without a probe, the anchor is a condition like the others. */
	through.anchor = NULL;
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
