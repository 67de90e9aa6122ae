/*
 * No statement of daily use goes through a whole table of instances, series or
 * studies: at ten million instances that is the difference between a
 * millisecond and a minute.
 */
#include <stdlib.h>
#include <unistd.h>

#include "index/ask.h"
#include "unit/test.h"

/* Does SQLite want to scan a big table for this? */
static bool
scans(struct db *db, const char *sql, char *ret, size_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	char *explain = pacs_format("EXPLAIN QUERY PLAN %s", sql);
	sqlite3_stmt *st = NULL;
	bool found = false, row = true;

	ret[0] = '\0';
	if (!CHECK_OK(db_prepare(&err, db, explain, &st)))
		printf("# %s: %s\n", sql, err.msg);
	while (st && !db_step(&err, db, st, &row) && row) {
		const char *detail = db_text(st, 3);

		if (!strncmp(detail, "SCAN ", 5) &&
		    strcmp(detail, "SCAN t_meta") != 0 &&
		    strcmp(detail, "SCAN t_word") != 0 &&
		    strncmp(detail, "SCAN t_checkpoint", 17) != 0 &&
		    strcmp(detail, "SCAN CONSTANT ROW") != 0) {
			snprintf(ret, size, "%s", detail);
			found = true;
		}
	}
	sqlite3_finalize(st);
	free(explain);
	return found;
}

static void
test_statements(struct db *db)
{
	char detail[256];
	int i;

	TEST("statements that change the index find rows by an index");
	for (i = 0; i < ST_BEGIN_WRITE; i++) {
		struct pacs_buf sql = {0};

		/* For a roll-back after a power cut alone. */
		if (i == ST_INSTANCES_BEHIND)
			continue;
		stmt_text((enum stmt_id)i, &sql);
		if (!CHECK(
			!scans(db, pacs_buf_str(&sql), detail, sizeof(detail))))
			printf("# %s\n# %s\n", detail, pacs_buf_str(&sql));
		pacs_buf_clear(&sql);
	}
}

static void
plan(struct db *db, enum pacs_level level, const char *condition)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_query q = {0};
	char detail[256];
	struct plan p;
	size_t i;

	if (!CHECK_OK(pacs_query_add(&err, &q, condition, NULL)) ||
	    !CHECK_OK(pacs_query_add(&err, &q, "SeriesDescription=x*", NULL)))
		return;
	ask_plan_make(&p, &q, level);
	CHECK(p.probe_count > 0);
	for (i = 0; i < p.probe_count; i++) {
		struct ask a = {0};

		ask_plan_sql(&p, p.probes[i].shape, &a);
		if (!CHECK(!scans(db, pacs_buf_str(&a.sql), detail,
				  sizeof(detail))))
			printf("# -L %s %s: %s\n# %s\n", pacs_level_name(level),
			       condition, detail, pacs_buf_str(&a.sql));
		ask_clear(&a);
	}
	ask_plan_clear(&p);
	pacs_query_clear(&q);
}

static void
test_questions(struct db *db)
{
	static const char *const conditions[] = {"StudyInstanceUID=1.2",
						 "SeriesInstanceUID=1.2",
						 "SOPInstanceUID=1.2\\1.3",
						 "PatientID=A",
						 "PatientID=A*",
						 "AccessionNumber=A",
						 "PatientName=A^B",
						 "PatientName=A*",
						 "StudyDate=2024",
						 "StudyDate=2024..",
						 "stored_at=2024.."};
	int level;
	size_t i;

	TEST("questions with an anchor find rows by an index");
	for (level = 0; level < 4; level++)
		for (i = 0; i < sizeof(conditions) / sizeof(*conditions); i++)
			plan(db, (enum pacs_level)level, conditions[i]);
}

static void
test_substring(struct db *db)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_query q = {0};
	struct ask a = {0};
	char detail[256];
	struct plan p;

	TEST("a substring of names is looked for in the index of names alone");
	CHECK_OK(pacs_query_add(&err, &q, "PatientName=*x*", NULL));
	ask_plan_make(&p, &q, PACS_LEVEL_STUDY);
	CHECK_INT(p.probe_count, 3);
	ask_plan_sql(&p, p.probes[0].shape, &a);
	if (!scans(db, pacs_buf_str(&a.sql), detail, sizeof(detail)))
		CHECK_STR(detail, "");
	else
		CHECK_STR(detail, "SCAN t_study USING COVERING INDEX "
				  "i_study_alphabetic");
	ask_clear(&a);
	ask_plan_clear(&p);
	pacs_query_clear(&q);
}

int
main(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf sql = {0};
	struct db db;

	TEST("the schema is SQL");
	pacs_index_schema(&sql);
	if (!CHECK_OK(db_open(&err, &db, "", DB_MEMORY, 0)) ||
	    !CHECK_OK(db_exec(&err, &db, pacs_buf_str(&sql))))
		return 1;
	ask_register(&db);
	test_statements(&db);
	test_questions(&db);
	test_substring(&db);
	db_close(&db);
	pacs_buf_clear(&sql);
	return test_done();
}
