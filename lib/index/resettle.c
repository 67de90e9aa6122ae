/*
 * A study from which something was taken away: what is counted and said of it,
 * its series and its patient, made anew from what is left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/apply.h"

void
resettle_note(struct apply *a, int64_t study, bool refill)
{
	size_t i;

	/* Nearly always the one of the line before. */
	for (i = a->touched_count; i-- > 0;)
		if (a->touched[i].study == study) {
			a->touched[i].refill = a->touched[i].refill || refill;
			return;
		}
	if (a->touched_count == a->touched_room) {
		a->touched_room = a->touched_room ? a->touched_room * 2 : 16;
		a->touched = pacs_realloc(a->touched, a->touched_room *
							  sizeof(*a->touched));
	}
	a->touched[a->touched_count].study = study;
	a->touched[a->touched_count++].refill = refill;
}

static enum pacs_err
clear_differences(struct pacs_error *err, struct apply *a,
		  enum pacs_level level, int64_t owner)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_DIFFERS_CLEAR);

	if (!st)
		return err->code;
	sqlite3_bind_int(st, 1, (int)level);
	sqlite3_bind_int64(st, 2, owner);
	return db_run(err, a->db, st);
}

/* Series without what was said of them: classes, and differences if those are
 * found anew. */
static enum pacs_err
renew_series(struct pacs_error *err, struct apply *a, int64_t study,
	     bool refill)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_SERIES_OF_STUDY);
	bool row = true;

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, study);
	while (!db_step(err, a->db, st, &row) && row) {
		int64_t id = sqlite3_column_int64(st, 0);

		if (apply_run_id(err, a, ST_CLASS_CLEAR, id) ||
		    (refill &&
		     (clear_differences(err, a, PACS_LEVEL_SERIES, id) ||
		      added_forget(err, a, PACS_LEVEL_SERIES, id))))
			break;
	}
	sqlite3_reset(st);
	if (err->code || apply_run_id(err, a, ST_SERIES_PRUNE, study))
		return err->code;
	return apply_run_id(err, a, ST_SERIES_RECOUNT, study);
}

/* Behind the headers that could be read now: these have classes too. */
static enum pacs_err
count_classes(struct pacs_error *err, struct apply *a, int64_t study)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_SERIES_OF_STUDY);
	bool row = true;

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, study);
	while (!db_step(err, a->db, st, &row) && row)
		if (apply_run_id(err, a, ST_CLASS_RECOUNT,
				 sqlite3_column_int64(st, 0)))
			break;
	sqlite3_reset(st);
	return err->code;
}

/* --- values again, from the headers of what is left -------------------- */

struct left {
	struct pacs_triple t;
	int64_t series, seq;
	int state;
};

/* The next of a study's instances behind seq; they are read out before rows
 * are changed. */
static enum pacs_err
some_left(struct pacs_error *err, struct apply *a, int64_t study,
	  const char *uid, int64_t seq, struct left *ret, size_t room,
	  size_t *ret_count)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_INSTANCES_OF_STUDY);
	bool row = true;
	size_t n = 0;

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, study);
	sqlite3_bind_int64(st, 2, seq);
	while (n < room && !db_step(err, a->db, st, &row) && row) {
		struct left *l = &ret[n++];

		l->series = sqlite3_column_int64(st, 0);
		snprintf(l->t.study, sizeof(l->t.study), "%s", uid);
		snprintf(l->t.series, sizeof(l->t.series), "%s",
			 db_text(st, 1));
		l->seq = sqlite3_column_int64(st, 2);
		snprintf(l->t.instance, sizeof(l->t.instance), "%s",
			 db_text(st, 3));
		l->state = sqlite3_column_int(st, 4);
	}
	sqlite3_reset(st);
	*ret_count = n;
	return err->code;
}

/* A header that can be read now, and could not before. */
static enum pacs_err
heal(struct pacs_error *err, struct apply *a, const struct left *l,
     const struct record *r)
{
	int64_t words[PACS_KEY_COUNT] = {0};
	sqlite3_stmt *st;
	int i, next;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (column_is_word((enum pacs_key_id)i) &&
		    apply_word(err, a, r->values[i], &words[i]))
			return err->code;
	st = db_stmt(err, a->db, ST_INSTANCE_VALUES);
	if (!st)
		return err->code;
	sqlite3_bind_int(st, 1, RECORD_OK);
	next = column_bind(st, 2, PACS_LEVEL_INSTANCE, r->values, words);
	sqlite3_bind_int64(st, next, l->series);
	sqlite3_bind_int64(st, next + 1, l->seq);
	a->done->healed++;
	if (db_run(err, a->db, st))
		return err->code;
	return added_put_instance(err, a, r, l->series, l->seq);
}

static enum pacs_err
refill_one(struct pacs_error *err, struct apply *a, struct entity *study,
	   const struct left *l, struct pacs_arena *arena,
	   struct pacs_buf *scratch)
{
	struct entity *series;
	struct record r;

	a->read(a->ar, &a->map, &l->t, arena, scratch, &r);
	if (r.state != RECORD_OK)
		return PACS_OK;
	if (l->state != RECORD_OK && heal(err, a, l, &r))
		return err->code;
	if (entity_series(err, a, study, l->t.series, &series) ||
	    entity_merge(err, a, series, &r, l->series, l->seq))
		return err->code;
	return entity_merge(err, a, study, &r, l->series, l->seq);
}

#define SOME 500

static enum pacs_err
refill(struct pacs_error *err, struct apply *a, struct entity *study)
{
	struct left *left = pacs_malloc(SOME * sizeof(*left));
	struct pacs_arena arena = {0};
	struct pacs_buf scratch = {0};
	int64_t seq = -1;
	size_t i, n = 1;

	while (n) {
		if (some_left(err, a, study->id, study->uid, seq, left, SOME,
			      &n))
			break;
		for (i = 0; i < n && !err->code; i++) {
			pacs_arena_reset(&arena);
			if (refill_one(err, a, study, &left[i], &arena,
				       &scratch))
				break;
			seq = left[i].seq;
		}
		if (err->code)
			break;
	}
	pacs_arena_clear(&arena);
	pacs_buf_clear(&scratch);
	free(left);
	return err->code;
}

/* --- a study ----------------------------------------------------------- */

struct study {
	int64_t id, patient, series;
	char uid[PACS_UID_ROOM];
};

static enum pacs_err
look(struct pacs_error *err, struct apply *a, struct study *s, bool *ret_there)
{
	sqlite3_stmt *st = NULL;

	if (db_prepare(err, a->db,
		       "SELECT patient, series, study_instance_uid"
		       " FROM t_study WHERE id = ?",
		       &st))
		return err->code;
	sqlite3_bind_int64(st, 1, s->id);
	if (!db_step(err, a->db, st, ret_there) && *ret_there) {
		s->patient = sqlite3_column_int64(st, 0);
		s->series = sqlite3_column_int64(st, 1);
		snprintf(s->uid, sizeof(s->uid), "%s", db_text(st, 2));
	}
	sqlite3_finalize(st);
	return err->code;
}

static enum pacs_err
gone(struct pacs_error *err, struct apply *a, const struct study *s)
{
	if (clear_differences(err, a, PACS_LEVEL_STUDY, s->id) ||
	    added_forget(err, a, PACS_LEVEL_STUDY, s->id) ||
	    apply_run_id(err, a, ST_STUDY_DELETE, s->id))
		return err->code;
	return patient_recount(err, a, s->patient);
}

static enum pacs_err
values_anew(struct pacs_error *err, struct apply *a, const struct study *s)
{
	struct entity *e;

	if (clear_differences(err, a, PACS_LEVEL_STUDY, s->id) ||
	    added_forget(err, a, PACS_LEVEL_STUDY, s->id) ||
	    apply_run_id(err, a, ST_STUDY_FORGET, s->id) ||
	    apply_run_id(err, a, ST_SERIES_FORGET, s->id) ||
	    entity_study(err, a, s->uid, &e) || refill(err, a, e))
		return err->code;
	/* Even if nothing is said any more: that is a change too. */
	e->values_dirty = e->patient_dirty = true;
	return PACS_OK;
}

static enum pacs_err
resettle(struct pacs_error *err, struct apply *a, const struct touched *t)
{
	struct study s = {.id = t->study};
	struct entity *e;
	bool there = false;

	entity_drop_all(a);
	if (renew_series(err, a, t->study, t->refill) ||
	    apply_run_id(err, a, ST_STUDY_RECOUNT, t->study) ||
	    look(err, a, &s, &there) || !there)
		return err->code;
	if (!s.series)
		return gone(err, a, &s);
	if ((t->refill && values_anew(err, a, &s)) ||
	    count_classes(err, a, s.id) || entity_study(err, a, s.uid, &e))
		return err->code;
	e->modalities_dirty = true;
	if (entity_flush_all(err, a))
		return err->code;
	return patient_recount(err, a, e->parent);
}

enum pacs_err
resettle_all(struct pacs_error *err, struct apply *a)
{
	size_t i;

	for (i = 0; i < a->touched_count; i++)
		if (resettle(err, a, &a->touched[i]))
			return err->code;
	a->touched_count = 0;
	return PACS_OK;
}

/* --- looking again ----------------------------------------------------- */

/* There are hardly ever any; then the small statement does. */
static enum pacs_err
any_broken(struct pacs_error *err, struct apply *a, bool *ret)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_INSTANCES_ANY_BROKEN);

	if (st && !db_step(err, a->db, st, ret) && *ret)
		sqlite3_reset(st);
	return err->code;
}

enum pacs_err
apply_heal(struct pacs_error *err, struct apply *a, size_t max)
{
	struct pacs_arena arena = {0};
	struct pacs_buf scratch = {0};
	sqlite3_stmt *st;
	bool row = true, any = false;

	if (max < HEAL_ALL && (any_broken(err, a, &any) || !any))
		return err->code;
	st = db_stmt(err, a->db, ST_INSTANCES_BROKEN);
	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, (sqlite3_int64)max);
	while (!db_step(err, a->db, st, &row) && row) {
		struct pacs_triple t;
		struct record r;

		snprintf(t.study, sizeof(t.study), "%s", db_text(st, 1));
		snprintf(t.series, sizeof(t.series), "%s", db_text(st, 2));
		snprintf(t.instance, sizeof(t.instance), "%s", db_text(st, 3));
		pacs_arena_reset(&arena);
		a->read(a->ar, &a->map, &t, &arena, &scratch, &r);
		if (r.state == RECORD_OK)
			resettle_note(a, sqlite3_column_int64(st, 0), true);
	}
	pacs_arena_clear(&arena);
	pacs_buf_clear(&scratch);
	return err->code;
}
