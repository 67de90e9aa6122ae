/*
 * The tables, as pacs-index(5) describes them. Column lists come from the key
 * table. Views are what users may rely on; t_* are ours.
 */
#include "index/internal.h"

static const char *
type_of(enum pacs_key_id key)
{
	return column_is_integer(key) || column_is_word(key) ? "INTEGER"
							     : "TEXT";
}

static void
columns(struct pacs_buf *out, enum pacs_level table)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (column_in((enum pacs_key_id)i, table))
			pacs_buf_addf(out, "  %s %s,\n", pacs_keys[i].snake,
				      type_of((enum pacs_key_id)i));
}

static const char basics[] = "CREATE TABLE t_meta (\n"
			     "  key TEXT NOT NULL PRIMARY KEY,\n"
			     "  value TEXT NOT NULL\n"
			     ") WITHOUT ROWID;\n"
			     "CREATE TABLE t_checkpoint (\n"
			     "  segment INTEGER NOT NULL,\n"
			     "  position INTEGER NOT NULL,\n"
			     "  chk TEXT NOT NULL,\n"
			     "  next_seq INTEGER NOT NULL,\n"
			     "  removals INTEGER NOT NULL,\n"
			     "  PRIMARY KEY (segment, position)\n"
			     ") WITHOUT ROWID;\n"
			     "CREATE TABLE t_word (\n"
			     "  id INTEGER PRIMARY KEY,\n"
			     "  word TEXT NOT NULL UNIQUE\n"
			     ");\n"
			     "CREATE TABLE t_quarantine (\n"
			     "  sha256 TEXT NOT NULL PRIMARY KEY\n"
			     ") WITHOUT ROWID;\n"
			     "CREATE TABLE t_differs (\n"
			     "  level INTEGER NOT NULL,\n"
			     "  owner INTEGER NOT NULL,\n"
			     "  key TEXT NOT NULL,\n"
			     "  seq INTEGER NOT NULL,\n"
			     "  series INTEGER NOT NULL,\n"
			     "  PRIMARY KEY (level, owner, key)\n"
			     ") WITHOUT ROWID;\n"
			     "CREATE TABLE t_class (\n"
			     "  series INTEGER NOT NULL,\n"
			     "  sop_class INTEGER NOT NULL,\n"
			     "  instances INTEGER NOT NULL,\n"
			     "  PRIMARY KEY (series, sop_class)\n"
			     ") WITHOUT ROWID;\n"
			     "CREATE TABLE t_key (\n"
			     "  number INTEGER PRIMARY KEY,\n"
			     "  name TEXT NOT NULL UNIQUE\n"
			     ");\n"
			     "CREATE TABLE t_added (\n"
			     "  level INTEGER NOT NULL,\n"
			     "  owner INTEGER NOT NULL,\n"
			     "  key INTEGER NOT NULL,\n"
			     "  seq INTEGER NOT NULL,\n"
			     "  value TEXT NOT NULL,\n"
			     "  PRIMARY KEY (level, owner, key)\n"
			     ") WITHOUT ROWID;\n"
			     "CREATE TABLE t_added_instance (\n"
			     "  series INTEGER NOT NULL,\n"
			     "  seq INTEGER NOT NULL,\n"
			     "  key INTEGER NOT NULL,\n"
			     "  value TEXT NOT NULL,\n"
			     "  PRIMARY KEY (series, seq, key)\n"
			     ") WITHOUT ROWID;\n";

#define FOLDED                       \
	"  name_alphabetic TEXT,\n"  \
	"  name_ideographic TEXT,\n" \
	"  name_phonetic TEXT,\n"
#define TOTALS                                       \
	"  instances INTEGER NOT NULL DEFAULT 0,\n"  \
	"  size_bytes INTEGER NOT NULL DEFAULT 0,\n" \
	"  first_us INTEGER,\n"                      \
	"  last_us INTEGER\n"

static void
schema_tables(struct pacs_buf *out)
{
	pacs_buf_adds(out, basics);
	pacs_buf_adds(out, "CREATE TABLE t_patient (\n"
			   "  id INTEGER PRIMARY KEY,\n"
			   "  pkey TEXT NOT NULL,\n"
			   "  first_study INTEGER NOT NULL,\n");
	columns(out, PACS_LEVEL_PATIENT);
	pacs_buf_adds(out, FOLDED
		      "  studies INTEGER NOT NULL DEFAULT 0,\n"
		      "  series INTEGER NOT NULL DEFAULT 0,\n" TOTALS ");\n"
		      "CREATE TABLE t_study (\n"
		      "  id INTEGER PRIMARY KEY,\n"
		      "  patient INTEGER NOT NULL DEFAULT 0,\n"
		      "  study_instance_uid TEXT NOT NULL,\n");
	columns(out, PACS_LEVEL_STUDY);
	pacs_buf_adds(out, FOLDED
		      "  study_day INTEGER,\n"
		      "  modalities_in_study TEXT,\n"
		      "  filled_seq INTEGER NOT NULL DEFAULT 0,\n"
		      "  series INTEGER NOT NULL DEFAULT 0,\n" TOTALS ");\n"
		      "CREATE TABLE t_series (\n"
		      "  id INTEGER PRIMARY KEY,\n"
		      "  study INTEGER NOT NULL,\n"
		      "  series_instance_uid TEXT NOT NULL,\n");
	columns(out, PACS_LEVEL_SERIES);
	/* Clustered by series, so that listing one reads neighbours; seq is
	 * the order of the ledger. */
	pacs_buf_adds(out,
		      "  filled_seq INTEGER NOT NULL DEFAULT 0,\n" TOTALS ");\n"
		      "CREATE TABLE t_instance (\n"
		      "  series INTEGER NOT NULL,\n"
		      "  seq INTEGER NOT NULL,\n"
		      "  sop_instance_uid TEXT NOT NULL,\n");
	columns(out, PACS_LEVEL_INSTANCE);
	pacs_buf_adds(out, "  size_bytes INTEGER NOT NULL,\n"
			   "  sha256 BLOB,\n"
			   "  stored_us INTEGER NOT NULL,\n"
			   "  origin INTEGER,\n"
			   "  state INTEGER NOT NULL DEFAULT 0,\n"
			   "  PRIMARY KEY (series, seq)\n"
			   ") WITHOUT ROWID;\n");
}

static void
schema_indexes(struct pacs_buf *out)
{
	static const char text[] =
	    "CREATE UNIQUE INDEX i_patient_key ON t_patient (pkey);\n"
	    "CREATE UNIQUE INDEX i_patient_first ON t_patient (first_study);\n"
	    "CREATE INDEX i_patient_id ON t_patient (patient_id);\n"
	    "CREATE INDEX i_patient_alphabetic ON t_patient "
	    "(name_alphabetic);\n"
	    "CREATE INDEX i_patient_ideographic ON t_patient (name_ideographic)"
	    " WHERE name_ideographic IS NOT NULL;\n"
	    "CREATE INDEX i_patient_phonetic ON t_patient (name_phonetic)"
	    " WHERE name_phonetic IS NOT NULL;\n"
	    "CREATE UNIQUE INDEX i_study_uid ON t_study (study_instance_uid);\n"
	    "CREATE INDEX i_study_patient ON t_study (patient);\n"
	    "CREATE INDEX i_study_day ON t_study (study_day);\n"
	    "CREATE INDEX i_study_accession ON t_study (accession_number);\n"
	    "CREATE INDEX i_study_patient_id ON t_study (patient_id);\n"
	    "CREATE INDEX i_study_alphabetic ON t_study (name_alphabetic);\n"
	    "CREATE INDEX i_study_ideographic ON t_study (name_ideographic)"
	    " WHERE name_ideographic IS NOT NULL;\n"
	    "CREATE INDEX i_study_phonetic ON t_study (name_phonetic)"
	    " WHERE name_phonetic IS NOT NULL;\n"
	    "CREATE INDEX i_study_last ON t_study (last_us);\n"
	    "CREATE UNIQUE INDEX i_series_uid ON t_series "
	    "(series_instance_uid, study);\n"
	    "CREATE INDEX i_series_study ON t_series (study, modality);\n"
	    "CREATE UNIQUE INDEX i_instance_uid ON t_instance "
	    "(sop_instance_uid, series);\n"
	    "CREATE INDEX i_instance_state ON t_instance (state)"
	    " WHERE state > 0;\n"
	    "CREATE INDEX i_added ON t_added (key, value);\n"
	    "CREATE INDEX i_added_instance ON t_added_instance (key, value);"
	    "\n";

	pacs_buf_adds(out, text);
}

/* Microseconds since 1970 as the text that pacs-find prints. */
#define STAMP(column)                           \
	"strftime('%Y-%m-%dT%H:%M:%S', " column \
	" / 1000000, 'unixepoch') || printf('.%06dZ', " column " % 1000000)"

static void
view_columns(struct pacs_buf *out, enum pacs_level table, const char *alias)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++) {
		enum pacs_key_id key = (enum pacs_key_id)i;
		const char *name = pacs_keys[i].snake;

		if (!column_in(key, table))
			continue;
		if (column_is_word(key))
			pacs_buf_addf(out,
				      "  (SELECT word FROM t_word WHERE id = "
				      "%s.%s) AS %s,\n",
				      alias, name, name);
		else
			pacs_buf_addf(out, "  %s.%s,\n", alias, name);
	}
}

static void
patients_and_studies(struct pacs_buf *out)
{
	pacs_buf_adds(out, "CREATE VIEW patients AS SELECT\n");
	view_columns(out, PACS_LEVEL_PATIENT, "p");
	pacs_buf_adds(out,
		      "  p.studies AS number_of_patient_related_studies,\n"
		      "  p.series AS number_of_patient_related_series,\n"
		      "  p.instances AS number_of_patient_related_instances,\n"
		      "  p.size_bytes,\n"
		      "  " STAMP("p.last_us") " AS stored_at,\n"
					      "  p.id AS patient\n"
					      "FROM t_patient AS p;\n"
					      "CREATE VIEW studies AS SELECT\n"
					      "  s.study_instance_uid,\n");
	view_columns(out, PACS_LEVEL_STUDY, "s");
	pacs_buf_adds(out, "  s.modalities_in_study,\n"
			   "  s.series AS number_of_study_related_series,\n"
			   "  s.instances AS "
			   "number_of_study_related_instances,\n"
			   "  s.size_bytes,\n"
			   "  " STAMP("s.last_us") " AS stored_at,\n"
						   "  s.id AS study,\n"
						   "  s.patient\n"
						   "FROM t_study AS s;\n");
}

static void
schema_views(struct pacs_buf *out)
{
	patients_and_studies(out);
	pacs_buf_adds(out, "CREATE VIEW series AS SELECT\n"
			   "  e.series_instance_uid,\n");
	view_columns(out, PACS_LEVEL_SERIES, "e");
	pacs_buf_adds(
	    out, "  e.instances AS "
		 "number_of_series_related_instances,\n"
		 "  e.size_bytes,\n"
		 "  " STAMP("e.last_us") " AS stored_at,\n"
					 "  e.id AS series,\n"
					 "  e.study\n"
					 "FROM t_series AS e;\n"
					 "CREATE VIEW instances AS SELECT\n"
					 "  i.sop_instance_uid,\n");
	view_columns(out, PACS_LEVEL_INSTANCE, "i");
	pacs_buf_adds(
	    out, "  i.size_bytes,\n"
		 "  lower(hex(i.sha256)) AS sha256,\n"
		 "  " STAMP("i.stored_us") " AS stored_at,\n"
					   "  (SELECT word FROM t_word WHERE "
					   "id = i.origin) AS origin,\n"
					   "  CASE i.state WHEN 0 THEN 'ok' "
					   "WHEN 1 THEN 'missing'"
					   " ELSE 'unreadable' END AS state,\n"
					   "  i.series\n"
					   "FROM t_instance AS i;\n");
	pacs_buf_adds(out, "CREATE VIEW added AS SELECT\n"
			   "  k.name AS key,\n"
			   "  CASE a.level WHEN 1 THEN a.owner END AS study,\n"
			   "  CASE a.level WHEN 2 THEN a.owner END AS series,\n"
			   "  NULL AS sop_instance_uid,\n"
			   "  a.value\n"
			   "FROM t_added AS a JOIN t_key AS k ON"
			   " k.number = a.key\n"
			   "UNION ALL SELECT k.name, NULL, i.series,"
			   " i.sop_instance_uid, a.value\n"
			   "FROM t_added_instance AS a JOIN t_key AS k ON"
			   " k.number = a.key\n"
			   "JOIN t_instance AS i ON i.series = a.series AND"
			   " i.seq = a.seq;\n");
}

void
pacs_index_schema(struct pacs_buf *out)
{
	schema_tables(out);
	schema_indexes(out);
	schema_views(out);
}
