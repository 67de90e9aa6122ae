/*
 * Sums over the index.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "index/internal.h"

static enum pacs_err
ask(struct pacs_error *err, struct db *db, const char *sql,
    uint64_t *const *ret, int columns)
{
	sqlite3_stmt *st = NULL;
	bool row;
	int i;

	if (db_prepare(err, db, sql, &st))
		return err->code;
	if (!db_step(err, db, st, &row) && row)
		for (i = 0; i < columns; i++)
			*ret[i] = (uint64_t)sqlite3_column_int64(st, i);
	sqlite3_finalize(st);
	return err->code;
}

static uint64_t
file_bytes(const char *path, const char *suffix)
{
	char *name = pacs_format("%s%s", path, suffix);
	struct stat st;
	uint64_t size = stat(name, &st) == 0 ? (uint64_t)st.st_size : 0;

	free(name);
	return size;
}

enum pacs_err
pacs_index_stats(struct pacs_error *err, struct pacs_index *ix,
		 struct pacs_index_stats *ret)
{
	struct state s;

	memset(ret, 0, sizeof(*ret));
	if (state_load(err, &ix->db, &s))
		return err->code;
	ret->cursor = s.cursor;
	state_clear(&s);
	if (ask(err, &ix->db,
		"SELECT count(*), coalesce(sum(studies), 0),"
		" coalesce(sum(series), 0), coalesce(sum(instances), 0),"
		" coalesce(sum(size_bytes), 0) FROM t_patient",
		(uint64_t *[]){&ret->patients, &ret->studies, &ret->series,
			       &ret->instances, &ret->size_bytes},
		5) ||
	    ask(err, &ix->db, "SELECT count(*) FROM t_quarantine",
		(uint64_t *[]){&ret->quarantined}, 1) ||
	    ask(err, &ix->db,
		"SELECT coalesce(sum(state = 1), 0),"
		" coalesce(sum(state = 2), 0) FROM t_instance"
		" WHERE state > 0",
		(uint64_t *[]){&ret->missing, &ret->unreadable}, 2))
		return err->code;
	if (*ix->db.path)
		ret->index_bytes = file_bytes(ix->db.path, "") +
				   file_bytes(ix->db.path, "-wal");
	return PACS_OK;
}
