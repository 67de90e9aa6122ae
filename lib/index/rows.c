/*
 * From ids to the values of records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "index/ask.h"

/* --- which columns ----------------------------------------------------- */

static void
add_column(struct table *t, enum pacs_key_id key, const struct pacs_key *k,
	   enum column_kind kind)
{
	t->columns[t->count].key = key;
	t->columns[t->count].k = k;
	t->columns[t->count++].kind = kind;
	t->needed = true;
}

/* Own fields stand for the record's level: the size of a study is that of all
 * its instances. False where they mean nothing. */
static bool
add_own(struct rows *r, enum pacs_key_id key)
{
	struct table *t = &r->tables[r->asked];

	switch (key) {
	case PACS_KEY_size_bytes:
		add_column(t, key, &pacs_keys[key], COLUMN_TEXT);
		return true;
	case PACS_KEY_stored_at:
		add_column(t, key, &pacs_keys[key], COLUMN_STAMP);
		return true;
	case PACS_KEY_path:
		r->want_path = r->asked != PACS_LEVEL_PATIENT;
		return true;
	default:
		return false;
	}
}

static enum column_kind
kind_of(enum pacs_key_id key)
{
	if (column_is_word(key) || key == PACS_KEY_origin)
		return COLUMN_WORD;
	if (key == PACS_KEY_sha256)
		return COLUMN_DIGEST;
	if (key == PACS_KEY_state)
		return COLUMN_STATE;
	if (key == PACS_KEY_SOPClassesInStudy)
		return COLUMN_CLASSES;
	return COLUMN_TEXT;
}

static bool
is_wanted(const struct pacs_find_options *opts, int key)
{
	if (key < PACS_KEY_COUNT)
		return !opts->want || opts->want[key];
	return key >= PACS_KEY_ADDED && opts->want_added &&
	       opts->want_added[key - PACS_KEY_ADDED];
}

void
rows_init(struct rows *r, struct db *db, const struct pacs_keyring *keys,
	  const struct pacs_find_options *opts)
{
	enum pacs_level asked = opts->level;
	int i;

	memset(r, 0, sizeof(*r));
	r->db = db;
	r->asked = asked;
	for (i = 0; i < PACS_KEY_END; i++) {
		enum pacs_key_id key = (enum pacs_key_id)i;
		const struct pacs_key *k = pacs_key_of(keys, key);

		if (!k || !is_wanted(opts, i) || add_own(r, key) ||
		    k->level > asked)
			continue;
		add_column(&r->tables[ask_table(k, asked)], key, k,
			   kind_of(key));
	}
	r->tables[asked].needed = true;
	/* UIDs of all levels make a path. */
	for (i = PACS_LEVEL_STUDY; r->want_path && i <= (int)asked; i++)
		r->tables[i].needed = true;
	/* Rows of parents are found through those between. */
	for (i = (int)asked - 1; i > 0; i--)
		if (r->tables[i - 1].needed)
			r->tables[i].needed = true;
	if (asked == PACS_LEVEL_INSTANCE)
		r->tables[PACS_LEVEL_SERIES].needed = true;
}

void
rows_clear(struct rows *r)
{
	size_t i;

	for (i = 0; i < 4; i++)
		sqlite3_finalize(r->tables[i].st);
	sqlite3_finalize(r->word);
	sqlite3_finalize(r->classes);
	for (i = 0; i < WORD_CACHE; i++)
		free(r->words[i].text);
	memset(r, 0, sizeof(*r));
}

static const char *
column_name(enum pacs_key_id key, enum pacs_level table)
{
	switch (key) {
	case PACS_KEY_NumberOfPatientRelatedStudies:
		return "studies";
	case PACS_KEY_NumberOfPatientRelatedSeries:
	case PACS_KEY_NumberOfStudyRelatedSeries:
		return "series";
	case PACS_KEY_NumberOfPatientRelatedInstances:
	case PACS_KEY_NumberOfStudyRelatedInstances:
	case PACS_KEY_NumberOfSeriesRelatedInstances:
		return "instances";
	case PACS_KEY_SOPClassesInStudy:
		return "id";
	case PACS_KEY_stored_at:
		return table == PACS_LEVEL_INSTANCE ? "stored_us" : "last_us";
	default:
		return pacs_keys[key].snake;
	}
}

static void
columns(const struct table *t, enum pacs_level level, struct pacs_buf *out)
{
	size_t i;

	for (i = 0; i < t->count; i++) {
		pacs_buf_adds(out, ", ");
		if (t->columns[i].key >= PACS_KEY_ADDED)
			ask_added(out, t->columns[i].k);
		else
			pacs_buf_addf(out, "%s.%s", ask_alias[level],
				      column_name(t->columns[i].key, level));
	}
}

static void
table_sql(struct rows *r, enum pacs_level level, struct pacs_buf *out)
{
	static const char *const head[] = {
	    "p.id, 0, NULL", "s.id, s.patient, s.study_instance_uid",
	    "e.id, e.study, e.series_instance_uid"};

	pacs_buf_addf(out, "SELECT %s",
		      r->asked == PACS_LEVEL_PATIENT ? "p.first_study, 0, NULL"
						     : head[level]);
	columns(&r->tables[level], level, out);
	pacs_buf_addf(out, " FROM %s WHERE %s.%s = ?", ask_tables[level],
		      ask_alias[level],
		      r->asked == PACS_LEVEL_PATIENT ? "first_study" : "id");
}

void
rows_instance_columns(struct rows *r, struct pacs_buf *out)
{
	pacs_buf_adds(out, "i.seq, i.series, i.sop_instance_uid");
	columns(&r->tables[PACS_LEVEL_INSTANCE], PACS_LEVEL_INSTANCE, out);
}

/* --- values
 * ------------------------------------------------------------------------------
 */

static enum pacs_err
look_up(struct pacs_error *err, struct rows *r, int64_t id,
	struct pacs_arena *arena, const char **ret)
{
	bool row;

	if (!r->word &&
	    db_prepare(err, r->db, "SELECT word FROM t_word WHERE id = ?",
		       &r->word))
		return err->code;
	sqlite3_bind_int64(r->word, 1, id);
	if (db_step(err, r->db, r->word, &row))
		return err->code;
	*ret = row ? pacs_arena_strdup(arena, db_text(r->word, 0)) : NULL;
	sqlite3_reset(r->word);
	return PACS_OK;
}

static enum pacs_err
word(struct pacs_error *err, struct rows *r, int64_t id,
     struct pacs_arena *arena, const char **ret)
{
	size_t slot = (size_t)id % WORD_CACHE;

	if (r->words[slot].text && r->words[slot].id == id) {
		*ret = r->words[slot].text;
		return PACS_OK;
	}
	if (look_up(err, r, id, arena, ret))
		return err->code;
	/* Kept words are never replaced: rows point to them. */
	if (!r->words[slot].text && *ret) {
		r->words[slot].text = pacs_strdup(*ret);
		r->words[slot].id = id;
	}
	return PACS_OK;
}

static enum pacs_err
classes(struct pacs_error *err, struct rows *r, int64_t study,
	struct pacs_arena *arena, const char **ret)
{
	struct pacs_buf list = {0};
	bool row = true;

	if (!r->classes &&
	    db_prepare(
		err, r->db,
		"SELECT DISTINCT w.word FROM t_series AS e, t_class AS c,"
		" t_word AS w WHERE e.study = ? AND c.series = e.id AND"
		" w.id = c.sop_class ORDER BY w.word",
		&r->classes))
		return err->code;
	sqlite3_bind_int64(r->classes, 1, study);
	while (!db_step(err, r->db, r->classes, &row) && row) {
		if (list.len)
			pacs_buf_addc(&list, '\\');
		pacs_buf_adds(&list, db_text(r->classes, 0));
	}
	*ret = list.len ? pacs_arena_strdup(arena, pacs_buf_str(&list)) : NULL;
	pacs_buf_clear(&list);
	return err->code;
}

static const char *
stamp(int64_t us, struct pacs_arena *arena)
{
	char buf[PACS_TIME_SIZE];

	pacs_time_format(us, buf);
	return pacs_arena_strdup(arena, buf);
}

static const char *
digest(sqlite3_stmt *st, int i, struct pacs_arena *arena)
{
	const void *blob = sqlite3_column_blob(st, i);
	int n = sqlite3_column_bytes(st, i);
	char *hex = pacs_arena_alloc(arena, 2 * (size_t)n + 1);

	pacs_hex(blob, (size_t)n, hex);
	return hex;
}

/* Our own digits: SQLite's way from number to text goes through printf. */
static const char *
integer(int64_t v, struct pacs_arena *arena)
{
	char buf[24], *s = buf + sizeof(buf) - 1;
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;

	*s = '\0';
	do
		*--s = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--s = '-';
	return pacs_arena_dup(arena, s, (size_t)(buf + sizeof(buf) - s));
}

static const char *
text(sqlite3_stmt *st, int i, struct pacs_arena *arena)
{
	const unsigned char *s;

	if (sqlite3_column_type(st, i) == SQLITE_INTEGER)
		return integer(sqlite3_column_int64(st, i), arena);
	s = sqlite3_column_text(st, i);
	return s ? pacs_arena_dup(arena, s,
				  (size_t)sqlite3_column_bytes(st, i) + 1)
		 : NULL;
}

static enum pacs_err
value(struct pacs_error *err, struct rows *r, sqlite3_stmt *st, int i,
      enum column_kind kind, struct pacs_arena *arena, const char **ret)
{
	*ret = NULL;
	if (sqlite3_column_type(st, i) == SQLITE_NULL)
		return PACS_OK;
	switch (kind) {
	case COLUMN_WORD:
		return word(err, r, sqlite3_column_int64(st, i), arena, ret);
	case COLUMN_CLASSES:
		return classes(err, r, sqlite3_column_int64(st, i), arena, ret);
	case COLUMN_STAMP:
		*ret = stamp(sqlite3_column_int64(st, i), arena);
		return PACS_OK;
	case COLUMN_DIGEST:
		*ret = digest(st, i, arena);
		return PACS_OK;
	case COLUMN_STATE:
		*ret = record_state_name(sqlite3_column_int(st, i));
		return PACS_OK;
	default:
		*ret = text(st, i, arena);
		return PACS_OK;
	}
}

static enum pacs_err
read_row(struct pacs_error *err, struct rows *r, const struct table *t,
	 sqlite3_stmt *st, struct pacs_arena *arena, struct table_row **ret)
{
	struct table_row *row = pacs_arena_alloc(
	    arena, sizeof(*row) + t->count * sizeof(row->values[0]));
	size_t i;

	row->id = sqlite3_column_int64(st, 0);
	row->parent = sqlite3_column_int64(st, 1);
	row->uid = text(st, 2, arena);
	row->folder = NULL;
	for (i = 0; i < t->count; i++)
		if (value(err, r, st, (int)i + 3, t->columns[i].kind, arena,
			  &row->values[i]))
			return err->code;
	*ret = row;
	return PACS_OK;
}

enum pacs_err
rows_instance(struct pacs_error *err, struct rows *r, sqlite3_stmt *st,
	      struct pacs_arena *arena, struct table_row **ret)
{
	return read_row(err, r, &r->tables[PACS_LEVEL_INSTANCE], st, arena,
			ret);
}

/* "objects/ab3/STUDY" */
static const char *
study_folder(const char *uid, struct pacs_arena *arena)
{
	struct pacs_triple t = {"", "x", "x"};
	char path[PACS_PATH_ROOM];

	snprintf(t.study, sizeof(t.study), "%s", uid);
	pacs_object_path(&t, path);
	path[strlen(path) - strlen("/x/x.dcm")] = '\0';
	return pacs_arena_strdup(arena, path);
}

enum pacs_err
rows_get(struct pacs_error *err, struct rows *r, enum pacs_level level,
	 int64_t id, struct pacs_arena *arena, struct table_row **ret)
{
	struct table *t = &r->tables[level];
	bool row;

	*ret = NULL;
	if (!t->st) {
		struct pacs_buf sql = {0};

		table_sql(r, level, &sql);
		if (db_prepare(err, r->db, pacs_buf_str(&sql), &t->st))
			t->st = NULL;
		pacs_buf_clear(&sql);
		if (!t->st)
			return err->code;
	}
	sqlite3_bind_int64(t->st, 1, id);
	if (db_step(err, r->db, t->st, &row) || !row)
		return err->code;
	if (read_row(err, r, t, t->st, arena, ret) || !*ret)
		return err->code;
	sqlite3_reset(t->st);
	if (level == PACS_LEVEL_STUDY && r->want_path)
		(*ret)->folder = study_folder((*ret)->uid, arena);
	return PACS_OK;
}
