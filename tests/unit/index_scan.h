/*
 * Hits of a plan with and without its anchor. (index_agree.c)
 */
#ifndef UNIT_INDEX_SCAN_H
#define UNIT_INDEX_SCAN_H

#include "index/ask.h"
#include "unit/test.h"

/* A question that an index answers with more hits than memory holds is answered
 * by going through all: by the same SQL, without its probe. */
static bool
scan_agrees(struct pacs_index *ix, const struct pacs_query *q,
	    enum pacs_level level)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct ask a = {0};
	sqlite3_stmt *st = NULL;
	struct hits h = {0};
	struct plan p;
	bool row = true;
	size_t n = 0;

	ask_plan_make(&p, q, level);
	if (p.anchor && !p.by_instance) {
		CHECK_OK(hits_open(&err, &h, &ix->db, &p));
		ask_plan_sql(&p, NULL, &a);
		CHECK_OK(ask_prepare(&err, &ix->db, &a, 1, &st));
		sqlite3_bind_int64(st, (int)a.count + 1, INT64_MIN);
		sqlite3_bind_int(st, (int)a.count + 2, -1);
		while (CHECK_OK(db_step(&err, &ix->db, st, &row)) && row)
			n++;
		row = CHECK_INT(n, h.count);
		sqlite3_finalize(st);
	}
	ask_clear(&a);
	hits_clear(&h);
	ask_plan_clear(&p);
	return row;
}

#endif
