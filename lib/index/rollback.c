/*
 * The index is ahead: it has seen lines that a power cut took from the ledger.
 * Earlier commits are remembered; instances behind the newest one that the
 * ledger still holds are taken out again. Removals cannot be taken back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/apply.h"

struct checkpoint {
	struct pacs_cursor cursor;
	int64_t next_seq, removals;
};

/* The newest one that the ledger holds; *ret_found. */
static enum pacs_err
find(struct pacs_error *err, struct db *db, const struct pacs_archive *ar,
     struct checkpoint *ret, bool *ret_found)
{
	sqlite3_stmt *st = NULL;
	bool row = true;

	*ret_found = false;
	if (db_prepare(err, db,
		       "SELECT segment, position, chk, next_seq, removals"
		       " FROM t_checkpoint ORDER BY segment DESC,"
		       " position DESC",
		       &st))
		return err->code;
	while (!*ret_found && !db_step(err, db, st, &row) && row) {
		ret->cursor.segment = (uint32_t)sqlite3_column_int64(st, 0);
		ret->cursor.offset = (uint64_t)sqlite3_column_int64(st, 1);
		snprintf(ret->cursor.check, sizeof(ret->cursor.check), "%s",
			 db_text(st, 2));
		ret->next_seq = sqlite3_column_int64(st, 3);
		ret->removals = sqlite3_column_int64(st, 4);
		if (pacs_ledger_holds(err, ar, &ret->cursor, ret_found))
			break;
	}
	sqlite3_finalize(st);
	return err->code;
}

static enum pacs_err
take_out(struct pacs_error *err, struct apply *a, int64_t from_seq)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_INSTANCES_BEHIND);
	bool row = true;

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, from_seq);
	while (!db_step(err, a->db, st, &row) && row) {
		resettle_note(a, sqlite3_column_int64(st, 2), true);
		a->done->removed++;
	}
	if (err->code)
		return err->code;
	st = NULL;
	if (db_prepare(err, a->db, "DELETE FROM t_instance WHERE seq >= ?",
		       &st))
		return err->code;
	sqlite3_bind_int64(st, 1, from_seq);
	if (db_run(err, a->db, st) || !a->added.ring.count)
		goto out;
	sqlite3_finalize(st);
	st = NULL;
	if (db_prepare(err, a->db,
		       "DELETE FROM t_added_instance WHERE seq >= ?", &st))
		return err->code;
	sqlite3_bind_int64(st, 1, from_seq);
	if (db_run(err, a->db, st))
		goto out;
out:
	sqlite3_finalize(st);
	return err->code;
}

static enum pacs_err
to_checkpoint(struct pacs_error *err, struct db *db, struct apply *a,
	      const struct checkpoint *c)
{
	char sql[160];

	if (take_out(err, a, c->next_seq))
		return err->code;
	a->next_seq = c->next_seq;
	snprintf(sql, sizeof(sql),
		 "DELETE FROM t_checkpoint WHERE (segment, position) >"
		 " (%u, %llu)",
		 c->cursor.segment, (unsigned long long)c->cursor.offset);
	if (db_exec(err, db, sql))
		return err->code;
	return apply_flush(err, a, &c->cursor);
}

enum pacs_err
roll_back(struct pacs_error *err, struct db *db, const struct pacs_archive *ar,
	  const struct pacs_index_options *opts, struct pacs_index_done *done,
	  bool *ret_done)
{
	struct pacs_error late = PACS_ERROR_INIT;
	struct apply *a = pacs_malloc(sizeof(*a));
	struct checkpoint c;
	bool found;

	(void)opts;
	*ret_done = false;
	memset(a, 0, sizeof(*a));
	if (db_simple(err, db, ST_BEGIN_WRITE))
		goto out;
	if (apply_begin(err, a, db, ar) || find(err, db, ar, &c, &found))
		goto end;
	a->done = done;
	if (!found || c.removals != a->removals)
		goto end;
	if (to_checkpoint(err, db, a, &c))
		goto end;
	*ret_done = true;
end:
	if (db_simple(*ret_done ? err : &late, db,
		      *ret_done ? ST_COMMIT : ST_ROLLBACK))
		pacs_error_clear(&late);
out:
	apply_clear(a);
	free(a);
	return err->code;
}
