/*
 * Patients: who a study belongs to, and what is said of a patient.
 *
 * A patient is (issuer, ID) as the study's objects say first; without an issuer
 * it is the archive's default. A study without an ID is a patient of its own.
 * A patient's values are the first ones among its studies, in their order.
 */
#include <stdlib.h>
#include <string.h>

#include "index/apply.h"
#include "query/fold.h"

void
patient_bind_folded(sqlite3_stmt *st, int first, const char *name)
{
	struct pacs_buf b = {0};
	int g;

	for (g = 0; g < PACS_PN_GROUPS; g++) {
		size_t len = 0;
		const char *part =
		    name ? pacs_pn_group(name, (enum pacs_pn_group)g, &len)
			 : "";

		pacs_buf_reset(&b);
		pacs_fold(part, len, &b);
		if (b.len)
			sqlite3_bind_text(st, first + g, b.data, (int)b.len,
					  SQLITE_TRANSIENT);
		else
			sqlite3_bind_null(st, first + g);
	}
	pacs_buf_clear(&b);
}

/* 0x1f cannot be in an LO value; it keeps "a","bc" and "ab","c" apart. */
static char *
identity(const struct apply *a, const struct entity *study)
{
	const char *id = study->values[PACS_KEY_PatientID];
	const char *issuer = study->values[PACS_KEY_IssuerOfPatientID];

	if (!id)
		return pacs_format("S%s", study->uid);
	return pacs_format("P%s\x1f%s", issuer ? issuer : a->default_issuer,
			   id);
}

static enum pacs_err
find(struct pacs_error *err, struct apply *a, const char *pkey, int64_t *ret)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_PATIENT_FIND);
	bool row;

	*ret = 0;
	if (!st)
		return err->code;
	db_bind_text(st, 1, pkey);
	if (db_step(err, a->db, st, &row) || !row)
		return err->code;
	*ret = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return PACS_OK;
}

static enum pacs_err
create(struct pacs_error *err, struct apply *a, const char *pkey,
       int64_t first_study, int64_t *ret)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_PATIENT_NEW);

	if (!st)
		return err->code;
	db_bind_text(st, 1, pkey);
	sqlite3_bind_int64(st, 2, first_study);
	if (db_run(err, a->db, st))
		return err->code;
	*ret = sqlite3_last_insert_rowid(a->db->conn);
	return PACS_OK;
}

/* --- values ------------------------------------------------------------ */

struct values {
	char *v[PACS_KEY_COUNT];
	int from[PACS_KEY_COUNT]; /* which study */
	int study;                /* that is being looked at */
	bool changed;
};

static void
values_clear(struct values *v)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		free(v->v[i]);
}

/* Keys of one sequence come together from one study. */
static bool
is_closed(const struct values *v, int key)
{
	int i;

	if (!pacs_keys[key].sequence)
		return false;
	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (v->v[i] && v->from[i] != v->study &&
		    pacs_keys_share_items(&pacs_keys[i], &pacs_keys[key]))
			return true;
	return false;
}

static void
fill(struct values *v, int key, const char *said)
{
	if (v->v[key] || !said || !*said || is_closed(v, key))
		return;
	v->v[key] = pacs_strdup(said);
	v->from[key] = v->study;
	v->changed = true;
}

/* The columns of a row, from column on, where v has nothing yet. */
static void
fill_row(struct values *v, sqlite3_stmt *st, int column)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (column_in((enum pacs_key_id)i, PACS_LEVEL_PATIENT))
			fill(v, i, db_text(st, column++));
	v->study++;
}

static enum pacs_err
write_values(struct pacs_error *err, struct apply *a, int64_t id,
	     const struct values *v)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_PATIENT_VALUES);
	int next;

	if (!st)
		return err->code;
	patient_bind_folded(st, 1, v->v[PACS_KEY_PatientName]);
	next = column_bind(st, 4, PACS_LEVEL_PATIENT, (const char *const *)v->v,
			   NULL);
	sqlite3_bind_int64(st, next, id);
	return db_run(err, a->db, st);
}

/* A new study comes behind all others: it only fills gaps. */
static enum pacs_err
add_values(struct pacs_error *err, struct apply *a, int64_t id,
	   const struct entity *study)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_PATIENT_GET);
	struct values v = {.changed = false};
	bool row;
	int i;

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, id);
	if (db_step(err, a->db, st, &row))
		return err->code;
	if (row)
		fill_row(&v, st, 1);
	sqlite3_reset(st);
	v.changed = false;
	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (column_in((enum pacs_key_id)i, PACS_LEVEL_PATIENT))
			fill(&v, i, study->values[i]);
	if (v.changed && write_values(err, a, id, &v))
		goto out;
out:
	values_clear(&v);
	return err->code;
}

static enum pacs_err
renew_values(struct pacs_error *err, struct apply *a, int64_t id)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_PATIENT_STUDIES);
	struct values v = {.changed = false};
	bool row = true;

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, id);
	while (row && !db_step(err, a->db, st, &row) && row)
		fill_row(&v, st, 0);
	if (!err->code && write_values(err, a, id, &v))
		goto out;
out:
	values_clear(&v);
	return err->code;
}

/* --- counts ------------------------------------------------------------ */

enum pacs_err
patient_recount(struct pacs_error *err, struct apply *a, int64_t id)
{
	if (!id)
		return PACS_OK;
	if (apply_run_id(err, a, ST_PATIENT_PRUNE, id))
		return err->code;
	if (sqlite3_changes(a->db->conn))
		return PACS_OK;
	if (apply_run_id(err, a, ST_PATIENT_RECOUNT, id))
		return err->code;
	return renew_values(err, a, id);
}

static enum pacs_err
add_counts(struct pacs_error *err, struct apply *a, int64_t id,
	   const struct entity *e, int studies)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_PATIENT_ADD);

	if (!st)
		return err->code;
	sqlite3_bind_int(st, 1, studies);
	sqlite3_bind_int64(st, 2, e->add_series);
	sqlite3_bind_int64(st, 3, e->add_instances);
	sqlite3_bind_int64(st, 4, e->add_bytes);
	sqlite3_bind_int64(st, 5, e->first_us);
	sqlite3_bind_int64(st, 6, e->last_us);
	sqlite3_bind_int64(st, 7, id);
	return db_run(err, a->db, st);
}

static enum pacs_err
belongs_to(struct pacs_error *err, struct apply *a, struct entity *study,
	   int64_t patient)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_STUDY_PATIENT);

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, patient);
	sqlite3_bind_int64(st, 2, study->id);
	study->parent = patient;
	return db_run(err, a->db, st);
}

static enum pacs_err
move(struct pacs_error *err, struct apply *a, struct entity *study, int64_t to)
{
	int64_t from = study->parent;

	if (belongs_to(err, a, study, to))
		return err->code;
	/* The old one first: it may hold the place of first_study. */
	if (patient_recount(err, a, from))
		return err->code;
	return patient_recount(err, a, to);
}

static enum pacs_err
file_new(struct pacs_error *err, struct apply *a, struct entity *study,
	 int64_t patient)
{
	if (belongs_to(err, a, study, patient))
		return err->code;
	if (add_counts(err, a, patient, study, 1))
		return err->code;
	return add_values(err, a, patient, study);
}

static enum pacs_err
file_again(struct pacs_error *err, struct apply *a, struct entity *study)
{
	if (study->add_instances && add_counts(err, a, study->parent, study, 0))
		return err->code;
	if (study->patient_dirty)
		return renew_values(err, a, study->parent);
	return PACS_OK;
}

enum pacs_err
patient_file(struct pacs_error *err, struct apply *a, struct entity *study)
{
	char *pkey = NULL;
	int64_t patient = study->parent;

	if (study->patient_dirty) {
		pkey = identity(a, study);
		if (find(err, a, pkey, &patient))
			goto out;
	}
	/* Until it is counted, a patient's first study is nobody else's. */
	if (!patient &&
	    create(err, a, pkey, study->parent ? -study->id : study->id,
		   &patient))
		goto out;
	if (!study->parent) {
		if (file_new(err, a, study, patient))
			goto out;
	} else if (study->parent != patient) {
		if (move(err, a, study, patient))
			goto out;
	} else if (file_again(err, a, study)) {
		goto out;
	}
	study->patient_dirty = false;
out:
	free(pkey);
	return err->code;
}
