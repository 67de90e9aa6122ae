/*
 * Values of added keys, as lines of the ledger are applied: rows of their own
 * beside those of instances, series and studies.
 */
#include "index/apply.h"

static const char *
value(const struct apply *a, const struct record *r, size_t i,
      enum pacs_level level)
{
	return a->added.ring.added[i].key.level == level
		   ? r->values[PACS_KEY_ADDED + i]
		   : NULL;
}

enum pacs_err
added_put_instance(struct pacs_error *err, struct apply *a,
		   const struct record *r, int64_t series, int64_t seq)
{
	size_t i;

	for (i = 0; i < a->added.ring.count; i++) {
		const char *v = value(a, r, i, PACS_LEVEL_INSTANCE);
		sqlite3_stmt *st;

		if (!v)
			continue;
		st = db_stmt(err, a->db, ST_ADDED_PUT_INSTANCE);
		if (!st)
			return err->code;
		sqlite3_bind_int64(st, 1, series);
		sqlite3_bind_int64(st, 2, seq);
		sqlite3_bind_int64(st, 3, a->added.states[i].number);
		db_bind_text(st, 4, v);
		if (db_run(err, a->db, st))
			return err->code;
	}
	return PACS_OK;
}

static enum pacs_err
put_one(struct pacs_error *err, struct apply *a, size_t i, const char *v,
	int64_t owner, int64_t seq)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_ADDED_PUT);

	if (!st)
		return err->code;
	sqlite3_bind_int(st, 1, (int)a->added.ring.added[i].key.level);
	sqlite3_bind_int64(st, 2, owner);
	sqlite3_bind_int64(st, 3, a->added.states[i].number);
	sqlite3_bind_int64(st, 4, seq);
	db_bind_text(st, 5, v);
	return db_run(err, a->db, st);
}

enum pacs_err
added_put(struct pacs_error *err, struct apply *a, const struct record *r,
	  enum pacs_level level, int64_t owner, int64_t seq)
{
	size_t i;

	for (i = 0; i < a->added.ring.count; i++) {
		const char *v = value(a, r, i, level);

		if (v && put_one(err, a, i, v, owner, seq))
			return err->code;
	}
	return PACS_OK;
}

/* Which values there are already: asked once for each study and series. */
static enum pacs_err
look(struct pacs_error *err, struct apply *a, struct entity *e)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_ADDED_HAS);
	bool row = true;
	size_t i;

	if (!st)
		return err->code;
	sqlite3_bind_int(st, 1, (int)e->level);
	sqlite3_bind_int64(st, 2, e->id);
	while (!db_step(err, a->db, st, &row) && row)
		for (i = 0; i < a->added.ring.count; i++)
			if (a->added.states[i].number ==
			    sqlite3_column_int64(st, 0))
				e->has_added[i] = true;
	e->looked = true;
	return err->code;
}

enum pacs_err
added_merge(struct pacs_error *err, struct apply *a, struct entity *e,
	    const struct record *r, int64_t seq)
{
	size_t i;

	if (!a->added.ring.count || (!e->looked && look(err, a, e)))
		return err->code;
	for (i = 0; i < a->added.ring.count; i++) {
		const char *v = value(a, r, i, e->level);

		if (!v || e->has_added[i])
			continue;
		if (put_one(err, a, i, v, e->id, seq))
			return err->code;
		e->has_added[i] = true;
	}
	return PACS_OK;
}

static enum pacs_err
run_with(struct pacs_error *err, struct apply *a, enum stmt_id stmt, int64_t x,
	 int64_t y)
{
	sqlite3_stmt *st;

	if (!a->added.ring.count)
		return PACS_OK;
	st = db_stmt(err, a->db, stmt);
	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, x);
	sqlite3_bind_int64(st, 2, y);
	return db_run(err, a->db, st);
}

enum pacs_err
added_remove_instance(struct pacs_error *err, struct apply *a, int64_t series,
		      int64_t seq)
{
	return run_with(err, a, ST_ADDED_REMOVE_INSTANCE, series, seq);
}

enum pacs_err
added_forget(struct pacs_error *err, struct apply *a, enum pacs_level level,
	     int64_t owner)
{
	return run_with(err, a, ST_ADDED_FORGET, (int64_t)level, owner);
}

enum pacs_err
added_gave(struct pacs_error *err, struct apply *a, enum pacs_level level,
	   int64_t owner, int64_t seq, bool *ret)
{
	*ret = false;
	if (!a->added.ring.count)
		return PACS_OK;
	return apply_has(err, a, ST_ADDED_GAVE, level, owner, seq, ret);
}
