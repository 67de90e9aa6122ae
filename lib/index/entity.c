/*
 * Studies and series while lines of the ledger are applied: kept in memory, so
 * that a series of a thousand instances is written once, not a thousand times.
 */
#include <stdlib.h>
#include <string.h>

#include "index/apply.h"

static void
set_value(struct entity *e, int key, const char *s)
{
	free(e->values[key]);
	e->values[key] = s && *s ? pacs_strdup(s) : NULL;
}

static void
load_value(struct entity *e, int key, const char *s)
{
	set_value(e, key, s);
	e->given_seq[key] = -1;
}

void
entity_free(struct entity *e)
{
	int i;

	if (!e)
		return;
	for (i = 0; i < PACS_KEY_COUNT; i++)
		free(e->values[i]);
	free(e);
}

/* --- finding ----------------------------------------------------------- */

/* A free place in the cache: that of the least recently used, written out. */
static struct entity **
place(struct pacs_error *err, struct apply *a, struct entity **cache)
{
	struct entity **oldest = &cache[0];
	size_t i;

	for (i = 0; i < ENTITIES; i++) {
		if (!cache[i])
			return &cache[i];
		if (cache[i]->used < (*oldest)->used)
			oldest = &cache[i];
	}
	if (entity_flush(err, a, *oldest))
		return NULL;
	entity_free(*oldest);
	*oldest = NULL;
	return oldest;
}

static struct entity *
cached(struct apply *a, struct entity **cache, const char *uid, int64_t parent)
{
	size_t i;

	for (i = 0; i < ENTITIES; i++) {
		struct entity *e = cache[i];

		if (e && (!parent || e->parent == parent) &&
		    !strcmp(e->uid, uid)) {
			e->used = ++a->clock;
			return e;
		}
	}
	return NULL;
}

/* e->id stays 0 if it is not there. */
static enum pacs_err
load(struct pacs_error *err, struct apply *a, struct entity *e)
{
	bool study = e->level == PACS_LEVEL_STUDY, row;
	sqlite3_stmt *st =
	    db_stmt(err, a->db, study ? ST_STUDY_GET : ST_SERIES_GET);
	int i, column = 3;

	if (!st)
		return err->code;
	db_bind_text(st, 1, e->uid);
	if (!study)
		sqlite3_bind_int64(st, 2, e->parent);
	if (db_step(err, a->db, st, &row) || !row)
		return err->code;
	e->id = sqlite3_column_int64(st, 0);
	e->parent = sqlite3_column_int64(st, 1);
	e->filled_seq = sqlite3_column_int64(st, 2);
	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (column_in((enum pacs_key_id)i, e->level))
			load_value(e, i, db_text(st, column++));
	sqlite3_reset(st);
	return PACS_OK;
}

static enum pacs_err
create(struct pacs_error *err, struct apply *a, struct entity *e)
{
	bool study = e->level == PACS_LEVEL_STUDY;
	sqlite3_stmt *st =
	    db_stmt(err, a->db, study ? ST_STUDY_NEW : ST_SERIES_NEW);

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, a->next_seq + 1);
	db_bind_text(st, 2, e->uid);
	if (!study)
		sqlite3_bind_int64(st, 3, e->parent);
	if (db_run(err, a->db, st))
		return err->code;
	e->id = sqlite3_last_insert_rowid(a->db->conn);
	return PACS_OK;
}

static enum pacs_err
fetch(struct pacs_error *err, struct apply *a, struct entity **cache,
      enum pacs_level level, const char *uid, int64_t parent, bool *ret_new,
      struct entity **ret)
{
	struct entity *e = cached(a, cache, uid, parent), **where;

	*ret_new = false;
	*ret = e;
	if (e)
		return PACS_OK;
	where = place(err, a, cache);
	if (!where)
		return err->code;
	e = pacs_calloc(1, sizeof(*e));
	e->level = level;
	e->parent = parent;
	e->used = ++a->clock;
	memcpy(e->uid, uid, strlen(uid) + 1);
	if (load(err, a, e))
		goto fail;
	*ret_new = !e->id;
	if (*ret_new && create(err, a, e))
		goto fail;
	*where = *ret = e;
	return PACS_OK;
fail:
	entity_free(e);
	return err->code;
}

enum pacs_err
entity_study(struct pacs_error *err, struct apply *a, const char *uid,
	     struct entity **ret)
{
	bool is_new;

	if (fetch(err, a, a->studies, PACS_LEVEL_STUDY, uid, 0, &is_new, ret) ||
	    !*ret)
		return err->code;
	if (is_new)
		(*ret)->patient_dirty = true;
	return PACS_OK;
}

enum pacs_err
entity_series(struct pacs_error *err, struct apply *a, struct entity *study,
	      const char *uid, struct entity **ret)
{
	bool is_new;

	if (fetch(err, a, a->series, PACS_LEVEL_SERIES, uid, study->id, &is_new,
		  ret))
		return err->code;
	if (is_new)
		study->add_series++;
	return PACS_OK;
}

/* --- values ------------------------------------------------------------ */

static enum pacs_err
note_difference(struct pacs_error *err, struct apply *a, struct entity *e,
		int key, int64_t series, int64_t seq)
{
	sqlite3_stmt *st;

	if (e->differs[key])
		return PACS_OK;
	e->differs[key] = true;
	st = db_stmt(err, a->db, ST_DIFFERS_PUT);
	if (!st)
		return err->code;
	sqlite3_bind_int(st, 1, (int)e->level);
	sqlite3_bind_int64(st, 2, e->id);
	db_bind_text(st, 3, pacs_keys[key].name);
	sqlite3_bind_int64(st, 4, seq);
	sqlite3_bind_int64(st, 5, series);
	return db_run(err, a->db, st);
}

/* Has another object given this sequence? Keys of one sequence come together
 * from the first object that has any of them: their places belong together. */
static bool
is_closed(const struct entity *e, int key, int64_t seq)
{
	int i;

	if (!pacs_keys[key].sequence)
		return false;
	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (e->values[i] && e->given_seq[i] != seq &&
		    pacs_keys_share_items(&pacs_keys[i], &pacs_keys[key]))
			return true;
	return false;
}

enum pacs_err
entity_merge(struct pacs_error *err, struct apply *a, struct entity *e,
	     const struct record *r, int64_t series, int64_t seq)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++) {
		const char *said = r->values[i];

		if (!said || !column_in((enum pacs_key_id)i, e->level))
			continue;
		if (e->values[i] || is_closed(e, i, seq)) {
			if ((!e->values[i] ||
			     strcmp(e->values[i], said) != 0) &&
			    note_difference(err, a, e, i, series, seq))
				return err->code;
			continue;
		}
		set_value(e, i, said);
		e->given_seq[i] = seq;
		e->values_dirty = true;
		e->filled_seq = seq;
		if (pacs_keys[i].level == PACS_LEVEL_PATIENT)
			e->patient_dirty = true;
	}
	return added_merge(err, a, e, r, seq);
}
