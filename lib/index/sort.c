/*
 * Sorting: ids of all records, with the keys to sort by, go to a database of
 * their own, which SQLite keeps in a nameless temporary file when it grows
 * (SQLITE_TMPDIR, TMPDIR), and come out of it in order. Memory is bounded.
 */
#include <stdlib.h>
#include <string.h>

#include "index/find.h"
#include "query/fold.h"

struct sorting {
	const struct pacs_find_options *opts;
	const struct pacs_keyring *keys;
	struct db *db;
	sqlite3_stmt *insert;
	struct pacs_buf folded;
};

/* Nothing comes first, then numbers, as numbers, then text by its bytes: what
 * SQLite does with NULL, REAL and TEXT. Names without case and accents. */
static void
bind_key(struct sorting *s, int at, const struct pacs_key *k, const char *v)
{
	double number;

	if (!v) {
		sqlite3_bind_null(s->insert, at);
	} else if (k->type == PACS_TYPE_NUMBER &&
		   pacs_value_number(v, strlen(v), &number)) {
		sqlite3_bind_double(s->insert, at, number);
	} else if (k->type == PACS_TYPE_NAME) {
		pacs_buf_reset(&s->folded);
		pacs_fold(v, strlen(v), &s->folded);
		sqlite3_bind_text(s->insert, at, pacs_buf_str(&s->folded), -1,
				  SQLITE_TRANSIENT);
	} else {
		sqlite3_bind_text(s->insert, at, v, -1, SQLITE_STATIC);
	}
}

static enum pacs_err
add(struct pacs_error *err, struct sorting *s, const struct pacs_find *f,
    const char *const *values)
{
	const struct record_row *r = &f->chunk[f->next - 1];
	bool instance = f->asked == PACS_LEVEL_INSTANCE;
	size_t i;

	sqlite3_bind_int64(s->insert, 1,
			   r->at[instance ? PACS_LEVEL_SERIES : f->asked]->id);
	sqlite3_bind_int64(s->insert, 2,
			   instance ? r->at[PACS_LEVEL_INSTANCE]->id : 0);
	for (i = 0; i < s->opts->sort_count; i++) {
		enum pacs_key_id key = s->opts->sort[i].key;

		bind_key(s, (int)i + 3, pacs_key_of(s->keys, key), values[key]);
	}
	return db_run(err, s->db, s->insert);
}

static enum pacs_err
read_all(struct pacs_error *err, struct sorting *s, struct pacs_find *f)
{
	const char *const *values;

	while (!pacs_find_next(err, f, &values) && values)
		if (add(err, s, f, values))
			break;
	return err->code;
}

/* Ties stay in the usual order. */
static enum pacs_err
prepare(struct pacs_error *err, struct sorting *s, struct hits *ret)
{
	struct pacs_buf table = {0}, insert = {0}, select = {0};
	size_t i;

	pacs_buf_adds(&table, "CREATE TABLE t (n INTEGER PRIMARY KEY, id, seq");
	pacs_buf_adds(&insert, "INSERT INTO t VALUES (NULL, ?, ?");
	pacs_buf_adds(&select, "SELECT id, seq FROM t ORDER BY ");
	for (i = 0; i < s->opts->sort_count; i++) {
		pacs_buf_addf(&table, ", k%zu", i);
		pacs_buf_adds(&insert, ", ?");
		pacs_buf_addf(&select, "k%zu%s, ", i,
			      s->opts->sort[i].descending ? " DESC" : "");
	}
	pacs_buf_adds(&table, "); BEGIN");
	pacs_buf_addc(&insert, ')');
	pacs_buf_adds(&select, "n");
	if (s->opts->limit)
		pacs_buf_addf(&select, " LIMIT %llu",
			      (unsigned long long)s->opts->limit);
	if (db_open(err, s->db, "", DB_SCRATCH, 0) ||
	    db_exec(err, s->db, pacs_buf_str(&table)) ||
	    db_prepare(err, s->db, pacs_buf_str(&insert), &s->insert) ||
	    db_prepare(err, s->db, pacs_buf_str(&select), &ret->sorted))
		goto out;
out:
	pacs_buf_clear(&table);
	pacs_buf_clear(&insert);
	pacs_buf_clear(&select);
	return err->code;
}

enum pacs_err
find_sorted(struct pacs_error *err, struct pacs_index *ix,
	    const struct pacs_query *q, const struct pacs_find_options *opts,
	    struct hits *ret)
{
	bool want[PACS_KEY_END] = {false};
	struct pacs_find_options plain = {.level = opts->level,
					  .want = want,
					  .want_added = want + PACS_KEY_ADDED};
	struct sorting s = {.opts = opts, .keys = q->keys, .db = &ret->sorter};
	struct pacs_find *f = NULL;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < opts->sort_count; i++)
		want[opts->sort[i].key] = true;
	if (prepare(err, &s, ret) || pacs_find_open(err, ix, q, &plain, &f) ||
	    read_all(err, &s, f))
		goto out;
out:
	if (err->code)
		pacs_error_wrap(err, "cannot sort");
	pacs_find_close(f);
	sqlite3_finalize(s.insert);
	pacs_buf_clear(&s.folded);
	return err->code;
}
