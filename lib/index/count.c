/*
 * How many records, without making them; and what is known of one object.
 */
#include "index/find.h"

static enum pacs_err
count_instances(struct pacs_error *err, struct hits *h, uint64_t *ret)
{
	struct hit hit;
	bool more = true;

	while (!hits_next(err, h, &hit, &more) && more)
		*ret += (uint64_t)hit.instances;
	return err->code;
}

static enum pacs_err
count_records(struct pacs_error *err, struct hits *h, uint64_t *ret)
{
	struct hit hit;
	bool more = true;

	while (!hits_next(err, h, &hit, &more) && more)
		(*ret)++;
	return err->code;
}

static bool
counts_whole_series(const struct plan *p)
{
	struct ask a = {0};
	bool filtered = ask_plan_instance_filter(p, &a);

	ask_clear(&a);
	return !filtered && !(p->q->any && p->q->count > 1);
}

/* No index helps: SQLite counts what it goes through. */
static enum pacs_err
count_rows(struct pacs_error *err, struct pacs_index *ix, const struct plan *p,
	   const char *select, uint64_t *ret)
{
	sqlite3_stmt *st = NULL;
	struct ask a = {0};
	bool row;

	ask_plan_scan_sql(p, select, &a);
	if (!ask_prepare(err, &ix->db, &a, 1, &st) &&
	    !db_step(err, &ix->db, st, &row) && row)
		*ret = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	ask_clear(&a);
	return err->code;
}

static enum pacs_err
count_one_by_one(struct pacs_error *err, struct pacs_index *ix,
		 const struct pacs_query *q, enum pacs_level level,
		 uint64_t *ret)
{
	static const bool nothing[PACS_KEY_COUNT];
	struct pacs_find_options opts = {.level = level, .want = nothing};
	const char *const *values = NULL;
	struct pacs_find *f;

	if (pacs_find_open(err, ix, q, &opts, &f))
		return err->code;
	while (!pacs_find_next(err, f, &values) && values)
		(*ret)++;
	pacs_find_close(f);
	return err->code;
}

/* Nothing below a study is asked about: its sums will do. */
static bool
is_about_studies(const struct pacs_query *q)
{
	size_t i;

	for (i = 0; i < q->count; i++)
		if (q->conditions[i].k->level > PACS_LEVEL_STUDY)
			return false;
	return true;
}

static const char *
counted(enum pacs_level level, bool by_study)
{
	if (by_study)
		return level == PACS_LEVEL_SERIES
			   ? "coalesce(sum(s.series), 0)"
			   : "coalesce(sum(s.instances), 0)";
	return level == PACS_LEVEL_INSTANCE ? "coalesce(sum(e.instances), 0)"
					    : "count(*)";
}

enum pacs_err
pacs_index_count(struct pacs_error *err, struct pacs_index *ix,
		 const struct pacs_query *q, enum pacs_level level,
		 uint64_t *ret)
{
	bool instances = level == PACS_LEVEL_INSTANCE, above;
	struct pacs_find_options opts = {.level = level};
	struct plan p;
	struct hits h;

	*ret = 0;
	if (find_ready(err, ix, q, &opts))
		return err->code;
	above = level > PACS_LEVEL_STUDY && is_about_studies(q);
	ask_plan_make(&p, q, above ? PACS_LEVEL_STUDY : level);
	if (!p.anchor && !q->any &&
	    (above || !instances || counts_whole_series(&p))) {
		count_rows(err, ix, &p, counted(level, above), ret);
		ask_plan_clear(&p);
		return err->code;
	}
	if (above) {
		ask_plan_clear(&p);
		ask_plan_make(&p, q, level);
	}
	if (instances && !p.by_instance && !counts_whole_series(&p)) {
		ask_plan_clear(&p);
		return count_one_by_one(err, ix, q, level, ret);
	}
	if (!hits_open(err, &h, &ix->db, &p) &&
	    (instances && !p.by_instance ? count_instances(err, &h, ret)
					 : count_records(err, &h, ret)))
		goto out;
out:
	hits_clear(&h);
	ask_plan_clear(&p);
	return err->code;
}
