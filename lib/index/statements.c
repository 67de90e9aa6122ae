/*
 * The text of the statements that change the index. {study} stands for the
 * columns of a study's attributes, {study=?} and {study?} for those in an
 * UPDATE and as parameters; likewise for the other tables.
 */
#include <string.h>

#include "index/internal.h"

static const char *const texts[ST_COUNT] = {
    [ST_META_ALL] = "SELECT key, value FROM t_meta",
    [ST_META_PUT] = "INSERT INTO t_meta (key, value) VALUES (?, ?) "
		    "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    [ST_CHECKPOINT_PUT] =
	"INSERT INTO t_checkpoint (segment, position, chk, next_seq, removals)"
	" VALUES (?, ?, ?, ?, ?) ON CONFLICT (segment, position) DO UPDATE SET"
	" chk = excluded.chk, next_seq = excluded.next_seq,"
	" removals = excluded.removals",
    [ST_CHECKPOINT_TRIM] =
	"DELETE FROM t_checkpoint WHERE (segment, position) < (SELECT segment,"
	" position FROM t_checkpoint ORDER BY segment DESC, position DESC"
	" LIMIT 1 OFFSET 64)",
    [ST_WORD_FIND] = "SELECT id FROM t_word WHERE word = ?",
    [ST_WORD_PUT] = "INSERT INTO t_word (word) VALUES (?)",

    [ST_STUDY_GET] = "SELECT id, patient, filled_seq, {study} FROM t_study"
		     " WHERE study_instance_uid = ?",
    /* An id is never given again, even where the highest one was purged: who
     * asked before still holds it. Each object makes one series and one study
     * at most, so its place in the ledger is as good as a counter. */
    [ST_STUDY_NEW] =
	"INSERT INTO t_study (id, study_instance_uid) VALUES"
	" (max(?1, coalesce((SELECT max(id) FROM t_study), 0) + 1), ?2)",
    [ST_STUDY_VALUES] =
	"UPDATE t_study SET filled_seq = ?, study_day = ?, name_alphabetic = ?,"
	" name_ideographic = ?, name_phonetic = ?, {study=?} WHERE id = ?",
    [ST_STUDY_ADD] =
	"UPDATE t_study SET series = series + ?1,"
	" instances = instances + ?2, size_bytes = size_bytes + ?3,"
	" first_us = CASE WHEN first_us < ?4 THEN first_us ELSE ?4 END,"
	" last_us = CASE WHEN last_us > ?5 THEN last_us ELSE ?5 END"
	" WHERE id = ?6",
    [ST_STUDY_FORGET] = "UPDATE t_study SET filled_seq = 0, {study=NULL}"
			" WHERE id = ?",
    [ST_STUDY_PATIENT] = "UPDATE t_study SET patient = ? WHERE id = ?",
    [ST_STUDY_DELETE] = "DELETE FROM t_study WHERE id = ?",
    [ST_STUDY_RECOUNT] =
	"UPDATE t_study SET (series, instances, size_bytes, first_us, last_us)"
	" = (SELECT count(*), coalesce(sum(instances), 0),"
	" coalesce(sum(size_bytes), 0), min(first_us), max(last_us)"
	" FROM t_series WHERE study = ?1) WHERE id = ?1",

    [ST_SERIES_GET] = "SELECT id, study, filled_seq, {series} FROM t_series"
		      " WHERE series_instance_uid = ? AND study = ?",
    [ST_SERIES_NEW] =
	"INSERT INTO t_series (id, series_instance_uid, study) VALUES"
	" (max(?1, coalesce((SELECT max(id) FROM t_series), 0) + 1), ?2, ?3)",
    [ST_SERIES_VALUES] = "UPDATE t_series SET filled_seq = ?, {series=?}"
			 " WHERE id = ?",
    [ST_SERIES_ADD] =
	"UPDATE t_series SET instances = instances + ?1,"
	" size_bytes = size_bytes + ?2,"
	" first_us = CASE WHEN first_us < ?3 THEN first_us ELSE ?3 END,"
	" last_us = CASE WHEN last_us > ?4 THEN last_us ELSE ?4 END"
	" WHERE id = ?5",
    [ST_SERIES_FORGET] = "UPDATE t_series SET filled_seq = 0, {series=NULL}"
			 " WHERE study = ?",
    [ST_SERIES_PRUNE] = "DELETE FROM t_series WHERE study = ? AND NOT EXISTS"
			" (SELECT 1 FROM t_instance WHERE"
			" t_instance.series = t_series.id)",
    [ST_SERIES_RECOUNT] =
	"UPDATE t_series SET (instances, size_bytes, first_us, last_us) ="
	" (SELECT count(*), sum(size_bytes), min(stored_us), max(stored_us)"
	" FROM t_instance WHERE t_instance.series = t_series.id)"
	" WHERE study = ?",
    [ST_SERIES_OF_STUDY] = "SELECT id FROM t_series WHERE study = ?"
			   " ORDER BY id",

    [ST_CLASS_ADD] =
	"INSERT INTO t_class (series, sop_class, instances) VALUES (?, ?, ?)"
	" ON CONFLICT (series, sop_class) DO UPDATE SET"
	" instances = t_class.instances + excluded.instances",
    [ST_CLASS_CLEAR] = "DELETE FROM t_class WHERE series = ?",
    [ST_CLASS_RECOUNT] =
	"INSERT INTO t_class (series, sop_class, instances) SELECT series,"
	" sop_class_uid, count(*) FROM t_instance WHERE series = ? AND"
	" sop_class_uid IS NOT NULL GROUP BY series, sop_class_uid",
    [ST_MODALITIES] = "SELECT DISTINCT modality FROM t_series WHERE study = ?"
		      " AND modality IS NOT NULL ORDER BY modality",
    [ST_MODALITIES_PUT] = "UPDATE t_study SET modalities_in_study = ?"
			  " WHERE id = ?",

    [ST_INSTANCE_FIND] = "SELECT seq, sha256, state FROM t_instance WHERE"
			 " sop_instance_uid = ? AND series = ?",
    [ST_INSTANCE_TRIPLE] =
	"SELECT i.series, i.seq, e.study, e.filled_seq, s.filled_seq,"
	" i.sha256, i.size_bytes FROM t_instance AS i, t_series AS e,"
	" t_study AS s WHERE i.sop_instance_uid = ? AND e.id = i.series"
	" AND e.series_instance_uid = ? AND s.id = e.study"
	" AND s.study_instance_uid = ?",
    [ST_INSTANCE_NEW] =
	"INSERT INTO t_instance (series, seq, sop_instance_uid, size_bytes,"
	" sha256, stored_us, origin, state, {instance}) VALUES"
	" (?, ?, ?, ?, ?, ?, ?, ?, {instance?})",
    [ST_INSTANCE_DELETE] = "DELETE FROM t_instance WHERE series = ? AND"
			   " seq = ?",
    [ST_INSTANCE_VALUES] = "UPDATE t_instance SET state = ?, {instance=?}"
			   " WHERE series = ? AND seq = ?",
    [ST_INSTANCES_OF_STUDY] =
	"SELECT e.id, e.series_instance_uid, i.seq, i.sop_instance_uid,"
	" i.state FROM t_series AS e, t_instance AS i WHERE e.study = ? AND"
	" i.series = e.id AND i.seq > ? ORDER BY i.seq LIMIT 500",
    /* Hardly any are broken, which SQLite cannot know; PostgreSQL has
     * statistics, and no INDEXED BY. */
    [ST_INSTANCES_BROKEN] =
	"SELECT s.id, s.study_instance_uid, e.series_instance_uid,"
	" i.sop_instance_uid FROM t_instance AS i INDEXED BY i_instance_state,"
	" t_series AS e, t_study AS s WHERE i.state > 0 AND e.id = i.series"
	" AND s.id = e.study ORDER BY i.series, i.seq LIMIT ?",
    [ST_INSTANCES_ANY_BROKEN] = "SELECT 1 FROM t_instance WHERE state > 0"
				" LIMIT 1",
    [ST_INSTANCES_BEHIND] =
	"SELECT i.series, i.seq, e.study FROM t_instance AS i, t_series AS e"
	" WHERE i.seq >= ? AND e.id = i.series",

    [ST_PATIENT_FIND] = "SELECT id FROM t_patient WHERE pkey = ?",
    [ST_PATIENT_GET] = "SELECT first_study, {patient} FROM t_patient"
		       " WHERE id = ?",
    [ST_PATIENT_NEW] = "INSERT INTO t_patient (pkey, first_study)"
		       " VALUES (?, ?)",
    [ST_PATIENT_VALUES] =
	"UPDATE t_patient SET name_alphabetic = ?, name_ideographic = ?,"
	" name_phonetic = ?, {patient=?} WHERE id = ?",
    [ST_PATIENT_ADD] =
	"UPDATE t_patient SET studies = studies + ?1, series = series + ?2,"
	" instances = instances + ?3, size_bytes = size_bytes + ?4,"
	" first_us = CASE WHEN first_us < ?5 THEN first_us ELSE ?5 END,"
	" last_us = CASE WHEN last_us > ?6 THEN last_us ELSE ?6 END"
	" WHERE id = ?7",
    [ST_PATIENT_RECOUNT] =
	"UPDATE t_patient SET (first_study, studies, series, instances,"
	" size_bytes, first_us, last_us) = (SELECT min(id), count(*),"
	" sum(series), sum(instances), sum(size_bytes), min(first_us),"
	" max(last_us) FROM t_study WHERE patient = ?1) WHERE id = ?1"
	" AND EXISTS (SELECT 1 FROM t_study WHERE patient = ?1)",
    [ST_PATIENT_PRUNE] = "DELETE FROM t_patient WHERE id = ?1 AND NOT EXISTS"
			 " (SELECT 1 FROM t_study WHERE patient = ?1)",
    [ST_PATIENT_STUDIES] = "SELECT {patient} FROM t_study WHERE patient = ?"
			   " ORDER BY id",

    [ST_DIFFERS_PUT] = "INSERT INTO t_differs (level, owner, key, seq, series)"
		       " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    [ST_DIFFERS_AT] = "SELECT 1 FROM t_differs WHERE level = ? AND owner = ?"
		      " AND seq = ?",
    [ST_DIFFERS_CLEAR] = "DELETE FROM t_differs WHERE level = ? AND owner = ?",

    [ST_ADDED_PUT_INSTANCE] =
	"INSERT INTO t_added_instance (series, seq, key, value) VALUES"
	" (?, ?, ?, ?) ON CONFLICT (series, seq, key) DO UPDATE SET"
	" value = excluded.value",
    [ST_ADDED_PUT] =
	"INSERT INTO t_added (level, owner, key, seq, value) VALUES"
	" (?, ?, ?, ?, ?) ON CONFLICT (level, owner, key) DO UPDATE SET"
	" seq = excluded.seq, value = excluded.value"
	" WHERE excluded.seq < t_added.seq",
    [ST_ADDED_HAS] = "SELECT key FROM t_added WHERE level = ? AND owner = ?",
    [ST_ADDED_GAVE] = "SELECT 1 FROM t_added WHERE level = ? AND owner = ?"
		      " AND seq = ?",
    [ST_ADDED_FORGET] = "DELETE FROM t_added WHERE level = ? AND owner = ?",
    [ST_ADDED_REMOVE_INSTANCE] =
	"DELETE FROM t_added_instance WHERE series = ? AND seq = ?",
    [ST_ADDED_NEXT] =
	"SELECT i.series, i.seq, e.study, s.study_instance_uid,"
	" e.series_instance_uid, i.sop_instance_uid FROM t_instance AS i"
	" CROSS JOIN t_series AS e CROSS JOIN t_study AS s WHERE"
	" (i.series, i.seq) > (?, ?) AND i.state = 0 AND e.id = i.series AND"
	" s.id = e.study ORDER BY i.series, i.seq LIMIT ?",

    [ST_QUARANTINE_PUT] = "INSERT INTO t_quarantine (sha256) VALUES (?)"
			  " ON CONFLICT DO NOTHING",
    [ST_QUARANTINE_DELETE] = "DELETE FROM t_quarantine WHERE sha256 = ?",

    [ST_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [ST_BEGIN_READ] = "BEGIN",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
};

/* "{study=?}" at s; returns what follows it. */
static const char *
expand(const char *s, struct pacs_buf *out)
{
	const char *end = strchr(s, '}');
	size_t len = strcspn(s + 1, "=?}");
	enum pacs_level level = PACS_LEVEL_PATIENT;
	char name[16] = "", suffix[8] = "";

	memcpy(name, s + 1, len < sizeof(name) - 1 ? len : sizeof(name) - 1);
	pacs_level_parse(name, &level);
	memcpy(suffix, s + 1 + len, (size_t)(end - s) - 1 - len);
	if (s[1 + len] == '?')
		column_marks(out, level);
	else
		column_list(out, level, suffix);
	return end + 1;
}

void
stmt_text(enum stmt_id id, struct pacs_buf *out)
{
	const char *s = texts[id], *brace;

	while ((brace = strchr(s, '{'))) {
		pacs_buf_add(out, s, (size_t)(brace - s));
		s = expand(brace, out);
	}
	pacs_buf_adds(out, s);
}
