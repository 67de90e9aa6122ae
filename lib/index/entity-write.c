/*
 * What changed of studies and series, written out.
 */
#include <string.h>

#include "index/apply.h"

static void
bind_us(sqlite3_stmt *st, int i, int64_t us)
{
	if (us)
		sqlite3_bind_int64(st, i, us);
	else
		sqlite3_bind_null(st, i);
}

static enum pacs_err
write_values(struct pacs_error *err, struct apply *a, struct entity *e)
{
	bool study = e->level == PACS_LEVEL_STUDY;
	sqlite3_stmt *st =
	    db_stmt(err, a->db, study ? ST_STUDY_VALUES : ST_SERIES_VALUES);
	const char *const *values = (const char *const *)e->values;
	const char *date = e->values[PACS_KEY_StudyDate];
	int64_t day;
	int next = 2;

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, e->filled_seq);
	if (study) {
		if (date && pacs_value_date(date, strlen(date), &day))
			sqlite3_bind_int64(st, 2, day);
		else
			sqlite3_bind_null(st, 2);
		patient_bind_folded(st, 3, e->values[PACS_KEY_PatientName]);
		next = 6;
	}
	next = column_bind(st, next, e->level, values, NULL);
	sqlite3_bind_int64(st, next, e->id);
	if (db_run(err, a->db, st))
		return err->code;
	e->values_dirty = false;
	return PACS_OK;
}

static enum pacs_err
write_classes(struct pacs_error *err, struct apply *a, struct entity *e)
{
	size_t i;

	for (i = 0; i < sizeof(e->classes) / sizeof(e->classes[0]); i++) {
		sqlite3_stmt *st;

		if (!e->classes[i].add)
			continue;
		st = db_stmt(err, a->db, ST_CLASS_ADD);
		if (!st)
			return err->code;
		sqlite3_bind_int64(st, 1, e->id);
		sqlite3_bind_int64(st, 2, e->classes[i].word);
		sqlite3_bind_int64(st, 3, e->classes[i].add);
		if (db_run(err, a->db, st))
			return err->code;
		e->classes[i].add = 0;
	}
	return PACS_OK;
}

static void
counted(struct entity *e)
{
	e->add_series = e->add_instances = e->add_bytes = 0;
	e->first_us = e->last_us = 0;
}

static enum pacs_err
flush_series(struct pacs_error *err, struct apply *a, struct entity *e)
{
	sqlite3_stmt *st;

	if (e->values_dirty && write_values(err, a, e))
		return err->code;
	if (!e->add_instances)
		return PACS_OK;
	if (write_classes(err, a, e))
		return err->code;
	st = db_stmt(err, a->db, ST_SERIES_ADD);
	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, e->add_instances);
	sqlite3_bind_int64(st, 2, e->add_bytes);
	bind_us(st, 3, e->first_us);
	bind_us(st, 4, e->last_us);
	sqlite3_bind_int64(st, 5, e->id);
	counted(e);
	return db_run(err, a->db, st);
}

static enum pacs_err
write_modalities(struct pacs_error *err, struct apply *a, struct entity *e)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_MODALITIES);
	struct pacs_buf list = {0};
	bool row = st != NULL;

	if (st)
		sqlite3_bind_int64(st, 1, e->id);
	while (row && !db_step(err, a->db, st, &row) && row) {
		if (list.len)
			pacs_buf_addc(&list, '\\');
		pacs_buf_adds(&list, db_text(st, 0));
	}
	st = err->code ? NULL : db_stmt(err, a->db, ST_MODALITIES_PUT);
	if (st) {
		db_bind_text(st, 1, pacs_buf_str(&list));
		sqlite3_bind_int64(st, 2, e->id);
		if (!db_run(err, a->db, st))
			e->modalities_dirty = false;
	}
	pacs_buf_clear(&list);
	return err->code;
}

static enum pacs_err
flush_series_of(struct pacs_error *err, struct apply *a, int64_t study)
{
	size_t i;

	for (i = 0; i < ENTITIES; i++)
		if (a->series[i] && a->series[i]->parent == study &&
		    flush_series(err, a, a->series[i]))
			return err->code;
	return PACS_OK;
}

static enum pacs_err
write_counts(struct pacs_error *err, struct apply *a, struct entity *e)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_STUDY_ADD);

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, e->add_series);
	sqlite3_bind_int64(st, 2, e->add_instances);
	sqlite3_bind_int64(st, 3, e->add_bytes);
	bind_us(st, 4, e->first_us);
	bind_us(st, 5, e->last_us);
	sqlite3_bind_int64(st, 6, e->id);
	return db_run(err, a->db, st);
}

static enum pacs_err
flush_study(struct pacs_error *err, struct apply *a, struct entity *e)
{
	if (flush_series_of(err, a, e->id))
		return err->code;
	if (e->values_dirty && write_values(err, a, e))
		return err->code;
	if (e->modalities_dirty && write_modalities(err, a, e))
		return err->code;
	if (e->add_instances && write_counts(err, a, e))
		return err->code;
	if ((e->add_instances || e->patient_dirty) && patient_file(err, a, e))
		return err->code;
	counted(e);
	return PACS_OK;
}

enum pacs_err
entity_flush(struct pacs_error *err, struct apply *a, struct entity *e)
{
	return e->level == PACS_LEVEL_STUDY ? flush_study(err, a, e)
					    : flush_series(err, a, e);
}

enum pacs_err
entity_flush_all(struct pacs_error *err, struct apply *a)
{
	size_t i;

	for (i = 0; i < ENTITIES; i++)
		if (a->studies[i] && flush_study(err, a, a->studies[i]))
			return err->code;
	for (i = 0; i < ENTITIES; i++)
		if (a->series[i] && flush_series(err, a, a->series[i]))
			return err->code;
	return PACS_OK;
}

void
entity_drop_all(struct apply *a)
{
	size_t i;

	for (i = 0; i < ENTITIES; i++) {
		entity_free(a->studies[i]);
		entity_free(a->series[i]);
		a->studies[i] = a->series[i] = NULL;
	}
}
