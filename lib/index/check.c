/*
 * Does the index agree with itself, with the ledger and with the files?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/check.h"

static void
tell(struct check *c, struct pacs_finding *f)
{
	struct pacs_triple t;
	char path[PACS_PATH_ROOM];

	if (!f->path && f->study && f->series && f->instance) {
		snprintf(t.study, sizeof(t.study), "%s", f->study);
		snprintf(t.series, sizeof(t.series), "%s", f->series);
		snprintf(t.instance, sizeof(t.instance), "%s", f->instance);
		pacs_object_path(&t, path);
		f->path = path;
	}
	c->fn(c->ctx, f);
	f->path = NULL;
}

void
check_tell(struct check *c, const char *problem, const char *level, bool damage,
	   const char *study, const char *series, const char *instance)
{
	struct pacs_finding f = {.problem = problem,
				 .level = level,
				 .study = study,
				 .series = series,
				 .instance = instance,
				 .damage = damage};

	tell(c, &f);
}

void
check_tell_stray(struct check *c, const char *path)
{
	check_tell_unrecorded(c, path, NULL, NULL, NULL);
}

void
check_tell_unrecorded(struct check *c, const char *path, const char *study,
		      const char *series, const char *instance)
{
	struct pacs_finding f = {.problem = "unrecorded",
				 .level = instance ? "instance" : NULL,
				 .study = study,
				 .series = series,
				 .instance = instance,
				 .path = path,
				 .damage = true};

	tell(c, &f);
}

/* --- the database ------------------------------------------------------ */

static enum pacs_err
sound(struct pacs_error *err, struct check *c)
{
	sqlite3_stmt *st = NULL;
	bool row;

	if (db_prepare(err, c->db, "PRAGMA integrity_check(1)", &st))
		return err->code;
	if (!db_step(err, c->db, st, &row) && row &&
	    strcmp(db_text(st, 0), "ok") != 0)
		pacs_error_set(err, PACS_EINTEGRITY,
			       "the index is damaged; make it anew with "
			       "'pacs-index rebuild'");
	sqlite3_finalize(st);
	return err->code;
}

/* Sums that are kept must be the sums of what they sum. */
static enum pacs_err
sums(struct pacs_error *err, struct check *c)
{
	static const char sql[] =
	    "SELECT 'study', s.study_instance_uid, NULL FROM t_study AS s"
	    " LEFT JOIN (SELECT study, count(*) AS n, sum(instances) AS i,"
	    " sum(size_bytes) AS b FROM t_series GROUP BY study) AS x"
	    " ON x.study = s.id WHERE x.n IS NOT s.series OR"
	    " x.i IS NOT s.instances OR x.b IS NOT s.size_bytes"
	    " UNION ALL "
	    "SELECT 'series', s.study_instance_uid, e.series_instance_uid"
	    " FROM t_series AS e LEFT JOIN (SELECT series, count(*) AS n,"
	    " sum(size_bytes) AS b, max(stored_us) AS u,"
	    " count(sop_class_uid) AS c FROM t_instance GROUP BY series) AS x"
	    " ON x.series = e.id LEFT JOIN (SELECT series, sum(instances) AS c"
	    " FROM t_class GROUP BY series) AS y ON y.series = e.id"
	    " LEFT JOIN t_study AS s ON s.id = e.study"
	    " WHERE x.n IS NOT e.instances OR x.b IS NOT e.size_bytes"
	    " OR coalesce(x.u, 0) IS NOT coalesce(e.last_us, 0)"
	    " OR x.c IS NOT coalesce(y.c, 0)"
	    " OR s.id IS NULL";
	sqlite3_stmt *st = NULL;
	bool row = true;

	if (db_prepare(err, c->db, sql, &st))
		return err->code;
	while (!db_step(err, c->db, st, &row) && row)
		check_tell(c, "wrong-sum", db_text(st, 0), true, db_text(st, 1),
			   db_text(st, 2), NULL);
	sqlite3_finalize(st);
	return err->code;
}

/* --- objects that disagree --------------------------------------------- */

static enum pacs_err
differing(struct pacs_error *err, struct check *c)
{
	static const char sql[] =
	    "SELECT d.level, d.key, s.study_instance_uid,"
	    " e.series_instance_uid, i.sop_instance_uid FROM t_differs AS d,"
	    " t_instance AS i, t_series AS e, t_study AS s WHERE"
	    " i.series = d.series AND i.seq = d.seq AND e.id = i.series AND"
	    " s.id = e.study ORDER BY i.seq, d.level, d.key";
	sqlite3_stmt *st = NULL;
	bool row = true;

	if (db_prepare(err, c->db, sql, &st))
		return err->code;
	while (!db_step(err, c->db, st, &row) && row) {
		struct pacs_finding f = {
		    .problem = "differs",
		    .level = pacs_level_name(
			(enum pacs_level)sqlite3_column_int(st, 0)),
		    .key = db_text(st, 1),
		    .study = db_text(st, 2),
		    .series = db_text(st, 3),
		    .instance = db_text(st, 4)};

		tell(c, &f);
	}
	sqlite3_finalize(st);
	return err->code;
}

/* Studies that say something else of their patient than the first one. */
static enum pacs_err
patients_differ(struct pacs_error *err, struct check *c, enum pacs_key_id key)
{
	const char *column = pacs_keys[key].snake;
	struct pacs_buf sql = {0};
	sqlite3_stmt *st = NULL;
	bool row = true;

	pacs_buf_addf(&sql,
		      "SELECT s.study_instance_uid FROM t_patient AS p,"
		      " t_study AS s WHERE p.studies > 1 AND"
		      " s.patient = p.id AND s.%s <> p.%s ORDER BY s.id",
		      column, column);
	if (db_prepare(err, c->db, pacs_buf_str(&sql), &st))
		goto out;
	while (!db_step(err, c->db, st, &row) && row) {
		struct pacs_finding f = {.problem = "differs",
					 .level = "patient",
					 .key = pacs_keys[key].name,
					 .study = db_text(st, 0)};

		tell(c, &f);
	}
out:
	sqlite3_finalize(st);
	pacs_buf_clear(&sql);
	return err->code;
}

static enum pacs_err
all_patients_differ(struct pacs_error *err, struct check *c)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (column_in((enum pacs_key_id)i, PACS_LEVEL_PATIENT) &&
		    patients_differ(err, c, (enum pacs_key_id)i))
			return err->code;
	return PACS_OK;
}

static enum pacs_err
doubled(struct pacs_error *err, struct check *c)
{
	static const char sql[] =
	    "SELECT s.study_instance_uid, e.series_instance_uid,"
	    " i.sop_instance_uid FROM (SELECT sop_instance_uid AS uid FROM"
	    " t_instance GROUP BY sop_instance_uid HAVING count(*) > 1) AS x,"
	    " t_instance AS i, t_series AS e, t_study AS s WHERE"
	    " i.sop_instance_uid = x.uid AND e.id = i.series AND"
	    " s.id = e.study ORDER BY x.uid, i.seq";
	sqlite3_stmt *st = NULL;
	bool row = true;

	if (db_prepare(err, c->db, sql, &st))
		return err->code;
	while (!db_step(err, c->db, st, &row) && row)
		check_tell(c, "doubled", "instance", false, db_text(st, 0),
			   db_text(st, 1), db_text(st, 2));
	sqlite3_finalize(st);
	return err->code;
}

static enum pacs_err
broken(struct pacs_error *err, struct check *c)
{
	static const char sql[] =
	    "SELECT s.study_instance_uid, e.series_instance_uid,"
	    " i.sop_instance_uid, i.state FROM t_instance AS i INDEXED BY"
	    " i_instance_state, t_series AS e,"
	    " t_study AS s WHERE i.state > 0 AND e.id = i.series AND"
	    " s.id = e.study ORDER BY i.seq";
	sqlite3_stmt *st = NULL;
	bool row = true;

	if (db_prepare(err, c->db, sql, &st))
		return err->code;
	while (!db_step(err, c->db, st, &row) && row)
		check_tell(c, record_state_name(sqlite3_column_int(st, 3)),
			   "instance", true, db_text(st, 0), db_text(st, 1),
			   db_text(st, 2));
	sqlite3_finalize(st);
	return err->code;
}

enum pacs_err
pacs_index_check(struct pacs_error *err, struct pacs_index *ix, bool files,
		 pacs_finding_fn *fn, void *ctx)
{
	struct check c = {&ix->db, ix->ar, fn, ctx};

	if (sound(err, &c) || sums(err, &c) || broken(err, &c) ||
	    check_ledger(err, &c) || (files && check_files(err, &c)) ||
	    differing(err, &c) || all_patients_differ(err, &c) ||
	    doubled(err, &c))
		return err->code;
	return PACS_OK;
}
