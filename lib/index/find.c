/*
 * Records that a question selects, in chunks: between two calls no statement is
 * open, so a reader who stalls holds nobody up.
 */
#include <stdlib.h>
#include <string.h>

#include "index/find.h"

/* --- opening ----------------------------------------------------------- */

/* A series' instances behind seq, with the conditions on instances. */
static enum pacs_err
prepare_instances(struct pacs_error *err, struct pacs_find *f)
{
	bool any = f->plan.q->any && f->plan.q->count > 1;
	struct ask a = {0};

	pacs_buf_adds(&a.sql, "SELECT ");
	rows_instance_columns(&f->rows, &a.sql);
	pacs_buf_adds(&a.sql, " FROM ");
	if (any)
		pacs_buf_adds(&a.sql, "t_series AS e CROSS JOIN t_study AS s"
				      " CROSS JOIN t_patient AS p CROSS JOIN ");
	pacs_buf_adds(&a.sql, "t_instance AS i WHERE 1");
	if (any)
		pacs_buf_adds(&a.sql, " AND e.id = i.series AND s.id = e.study"
				      " AND p.id = s.patient");
	if (!f->plan.by_instance)
		ask_plan_instance_filter(&f->plan, &a);
	if (any)
		pacs_buf_adds(&a.sql, " AND e.id = ? AND i.series = e.id");
	else
		pacs_buf_adds(&a.sql, " AND i.series = ?");
	pacs_buf_addf(&a.sql, " AND i.seq %s ? ORDER BY i.seq LIMIT ?",
		      f->plan.by_instance ? "=" : ">");
	f->seq_parameter = (int)a.count + 1;
	if (ask_prepare(err, &f->ix->db, &a, 1, &f->instances))
		f->instances = NULL;
	f->texts = a.arena;
	memset(&a.arena, 0, sizeof(a.arena));
	ask_clear(&a);
	return err->code;
}

static enum pacs_err
begin(struct pacs_error *err, struct pacs_find *f)
{
	if (index_hold(err, f->ix))
		return err->code;
	return db_simple(err, &f->ix->db, ST_BEGIN_READ);
}

static void
end(struct pacs_find *f)
{
	struct pacs_error late = PACS_ERROR_INIT;

	/* Nothing was written: whatever this says, there is nothing to do. */
	if (db_simple(&late, &f->ix->db, ST_COMMIT))
		pacs_error_clear(&late);
}

enum pacs_err
find_ready(struct pacs_error *err, struct pacs_index *ix,
	   const struct pacs_query *q, const struct pacs_find_options *opts)
{
	bool used[PACS_ADDED_MAX] = {false};
	size_t i;

	for (i = 0; i < q->count; i++)
		if (q->conditions[i].key >= PACS_KEY_ADDED)
			used[q->conditions[i].key - PACS_KEY_ADDED] = true;
	for (i = 0; i < opts->sort_count; i++)
		if (opts->sort[i].key >= PACS_KEY_ADDED)
			used[opts->sort[i].key - PACS_KEY_ADDED] = true;
	for (i = 0; opts->want_added && i < PACS_ADDED_MAX; i++)
		used[i] = used[i] || opts->want_added[i];
	return index_ready(err, ix, q->keys, used);
}

enum pacs_err
pacs_find_open(struct pacs_error *err, struct pacs_index *ix,
	       const struct pacs_query *q, const struct pacs_find_options *opts,
	       struct pacs_find **ret_f)
{
	struct pacs_find *f;

	*ret_f = NULL;
	if (find_ready(err, ix, q, opts))
		return err->code;
	f = pacs_calloc(1, sizeof(*f));
	f->ix = ix;
	f->asked = opts->level;
	f->left = opts->limit ? opts->limit : UINT64_MAX;
	ask_plan_make(&f->plan, q, opts->level);
	rows_init(&f->rows, &ix->db, q->keys, opts);
	if (opts->sort_count) {
		if (find_sorted(err, ix, q, opts, &f->hits))
			goto out;
		f->plan.by_instance = opts->level == PACS_LEVEL_INSTANCE;
	}
	if (begin(err, f))
		goto out;
	if (!opts->sort_count && hits_open(err, &f->hits, &ix->db, &f->plan))
		goto close;
	if (f->asked == PACS_LEVEL_INSTANCE && prepare_instances(err, f))
		goto close;
close:
	end(f);
out:
	if (err->code)
		pacs_find_close(f);
	else
		*ret_f = f;
	return err->code;
}

void
pacs_find_close(struct pacs_find *f)
{
	if (!f)
		return;
	sqlite3_finalize(f->instances);
	rows_clear(&f->rows);
	hits_clear(&f->hits);
	ask_plan_clear(&f->plan);
	pacs_arena_clear(&f->arena);
	pacs_arena_clear(&f->texts);
	pacs_buf_clear(&f->path);
	free(f);
}

/* --- a chunk ----------------------------------------------------------- */

/* Rows above a row, shared with the record before if they are the same. */
static enum pacs_err
parents(struct pacs_error *err, struct pacs_find *f, struct record_row *r,
	enum pacs_level level)
{
	const struct record_row *before =
	    f->count ? &f->chunk[f->count - 1] : NULL;
	int l;

	for (l = (int)level - 1; l >= 0; l--) {
		int64_t id = r->at[l + 1]->parent;
		struct table_row *row;

		if (!f->rows.tables[l].needed)
			break;
		if (before && before->at[l] && before->at[l]->id == id) {
			r->at[l] = before->at[l];
			continue;
		}
		if (rows_get(err, &f->rows, (enum pacs_level)l, id, &f->arena,
			     &row))
			return err->code;
		r->at[l] = row;
		if (!row)
			break;
	}
	return PACS_OK;
}

/* The record of a patient, study or series; nothing if it has gone. */
static enum pacs_err
add_record(struct pacs_error *err, struct pacs_find *f, const struct hit *h)
{
	struct record_row r = {{NULL}};
	struct table_row *row;

	if (rows_get(err, &f->rows, f->asked, h->id, &f->arena, &row) || !row)
		return err->code;
	r.at[f->asked] = row;
	if (parents(err, f, &r, f->asked))
		return err->code;
	f->chunk[f->count++] = r;
	return PACS_OK;
}

static enum pacs_err
add_instances(struct pacs_error *err, struct pacs_find *f)
{
	sqlite3_stmt *st = f->instances;
	struct record_row r = {{NULL}};
	size_t room = FIND_CHUNK - f->count, n = 0;
	struct table_row *series, *row;
	bool more = true;

	if (rows_get(err, &f->rows, PACS_LEVEL_SERIES, f->series.id, &f->arena,
		     &series))
		return err->code;
	f->in_series = false;
	if (!series)
		return PACS_OK;
	r.at[PACS_LEVEL_SERIES] = series;
	if (parents(err, f, &r, PACS_LEVEL_SERIES))
		return err->code;
	sqlite3_bind_int64(st, f->seq_parameter, f->series.id);
	sqlite3_bind_int64(st, f->seq_parameter + 1, f->seq);
	sqlite3_bind_int64(st, f->seq_parameter + 2, (sqlite3_int64)room);
	while (n < room && !db_step(err, &f->ix->db, st, &more) && more) {
		if (rows_instance(err, &f->rows, st, &f->arena, &row))
			break;
		r.at[PACS_LEVEL_INSTANCE] = row;
		f->seq = row->id;
		f->chunk[f->count++] = r;
		n++;
	}
	sqlite3_reset(st);
	f->in_series = n == room && !f->plan.by_instance;
	return err->code;
}

static enum pacs_err
fill(struct pacs_error *err, struct pacs_find *f)
{
	struct hit h;
	bool more;

	while (f->count < FIND_CHUNK && !f->at_end) {
		if (f->in_series) {
			if (add_instances(err, f))
				return err->code;
			continue;
		}
		if (hits_next(err, &f->hits, &h, &more))
			return err->code;
		f->at_end = !more;
		if (f->at_end)
			break;
		if (f->asked != PACS_LEVEL_INSTANCE) {
			if (add_record(err, f, &h))
				return err->code;
			continue;
		}
		f->series = h;
		f->seq = f->plan.by_instance ? h.seq : -1;
		f->in_series = true;
	}
	return PACS_OK;
}

static enum pacs_err
next_chunk(struct pacs_error *err, struct pacs_find *f)
{
	f->count = f->next = 0;
	memset(&f->shown, 0, sizeof(f->shown));
	pacs_arena_reset(&f->arena);
	if (begin(err, f))
		return err->code;
	if (fill(err, f))
		f->count = 0;
	end(f);
	return err->code;
}

/* --- values ------------------------------------------------------------ */

static void
show_level(struct pacs_find *f, int level, const struct table_row *row)
{
	const struct table *t = &f->rows.tables[level];
	size_t i;

	for (i = 0; i < t->count; i++)
		f->values[t->columns[i].key] = row ? row->values[i] : NULL;
}

static void
show_path(struct pacs_find *f, const struct record_row *r)
{
	pacs_buf_reset(&f->path);
	if (!r->at[PACS_LEVEL_STUDY])
		return;
	pacs_buf_adds(&f->path, r->at[PACS_LEVEL_STUDY]->folder);
	if (f->asked >= PACS_LEVEL_SERIES) {
		pacs_buf_addc(&f->path, '/');
		pacs_buf_adds(&f->path, r->at[PACS_LEVEL_SERIES]->uid);
	}
	if (f->asked == PACS_LEVEL_INSTANCE) {
		pacs_buf_addc(&f->path, '/');
		pacs_buf_adds(&f->path, r->at[PACS_LEVEL_INSTANCE]->uid);
		pacs_buf_adds(&f->path, ".dcm");
	}
	f->values[PACS_KEY_path] = pacs_buf_str(&f->path);
}

static void
show(struct pacs_find *f, const struct record_row *r)
{
	int l;

	for (l = 0; l <= (int)f->asked; l++)
		if (f->rows.tables[l].needed && f->shown.at[l] != r->at[l])
			show_level(f, l, r->at[l]);
	f->shown = *r;
	if (f->rows.want_path)
		show_path(f, r);
}

enum pacs_err
pacs_find_next(struct pacs_error *err, struct pacs_find *f,
	       const char *const **ret_values)
{
	*ret_values = NULL;
	while (f->next == f->count) {
		if (f->at_end || !f->left)
			return PACS_OK;
		if (next_chunk(err, f))
			return err->code;
	}
	if (!f->left)
		return PACS_OK;
	f->left--;
	show(f, &f->chunk[f->next++]);
	*ret_values = f->values;
	return PACS_OK;
}
