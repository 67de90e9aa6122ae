/*
 * From a question to SQL. (predicate.c, plan.c)
 */
#ifndef PACS_INDEX_ASK_H
#define PACS_INDEX_ASK_H

#include "index/internal.h"

/* A value for a parameter; text and conditions are borrowed. */
struct ask_bind {
	enum {
		ASK_INT,
		ASK_REAL,
		ASK_TEXT,
		ASK_DIGEST,
		ASK_CONDITION,
		ASK_ITEMS,
	} kind;
	int64_t i;
	double d;
	const char *s;
	const struct pacs_condition *c;
	const struct ask_items *items;
};

/* Conditions on the items of one sequence. */
struct ask_items {
	const struct pacs_condition *list[PACS_ITEM_CONDITIONS];
	size_t count;
};

/* SQL in the making; every '?' in it has its bind, in order. */
struct ask {
	struct pacs_buf sql;
	struct ask_bind *binds;
	size_t count;
	struct pacs_arena arena; /* texts made for it */
};
void ask_clear(struct ask *a);
void ask_bind_int(struct ask *a, int64_t i);
void ask_bind_text(struct ask *a, const char *s);
void ask_bind_real(struct ask *a, double d);
void ask_bind_condition(struct ask *a, const struct pacs_condition *c);
void ask_bind_items(struct ask *a, const struct ask_items *items);
/* Prepare; the binds go to the parameters from first (1, 2, ...) on. */
enum pacs_err ask_prepare(struct pacs_error *err, struct db *db,
			  const struct ask *a, int first,
			  sqlite3_stmt **ret) PACS_MUST_CHECK;
void ask_rebind(sqlite3_stmt *st, int at, const struct ask_bind *b);

/* The table where a key is when asking at a level. */
enum pacs_level ask_table(const struct pacs_key *k, enum pacs_level asked);
/* An added key as an SQL expression. */
void ask_added(struct pacs_buf *out, const struct pacs_key *k);
extern const char *const ask_alias[];  /* "p" "s" "e" "i" */
extern const char *const ask_tables[]; /* "t_patient AS p" ... */
/* The condition as an SQL expression on its table's alias. */
void ask_predicate(struct ask *a, const struct pacs_condition *c,
		   enum pacs_level asked);
/* That one item meets all of the conditions. */
void ask_items(struct ask *a, const struct ask_items *items,
	       enum pacs_level asked);
/* LIKE pattern for a wild term. In a's arena. */
const char *ask_like(struct ask *a, const char *wild);
/* "ABC*" -> "ABC", and the first text behind all that begin so (NULL: none).
 * False if the term is no prefix. */
bool ask_prefix(struct ask *a, const char *wild, const char **ret_low,
		const char **ret_high);

/*
 * A plan lists ids of one level. Either it begins at rows that an index finds
 * (the anchor; once for each probe), or it goes through the level's table in
 * order, in pieces.
 */
struct probe {
	const char *shape; /* SQL with its '?'s: probes of a shape share it */
	struct ask_bind binds[2];
	int bind_count;
};
struct plan {
	const struct pacs_query *q;
	enum pacs_level asked; /* by the user: decides where keys are */
	enum pacs_level level; /* of the ids: at most series */
	bool by_instance;      /* ids are (series, seq) */
	const struct pacs_condition *anchor;
	bool anchor_is_all; /* it says all that its condition says */
	enum pacs_level anchor_level;
	struct probe *probes;
	size_t probe_count;
	struct ask scratch; /* owns texts of probes */
};
/* How few rows a condition leaves, as far as one can tell: 1 is best; 0: no
 * index helps. (anchor.c) */
int anchor_rank(const struct pacs_condition *c);
/* Begin the plan there. */
void anchor_set(struct plan *p, const struct pacs_condition *c);
void ask_plan_make(struct plan *p, const struct pacs_query *q,
		   enum pacs_level asked);
void ask_plan_clear(struct plan *p);
/* SELECT of ids; shape: of the anchor's probe, or NULL to go through all, which
 * a plan with an anchor can too if it has too many hits: then parameters are
 * (id after which, how many). Columns: id, instances, seq or 0. */
void ask_plan_sql(const struct plan *p, const char *shape, struct ask *out);
/* All rows of the level that satisfy the conditions, at once: "SELECT select
 * ...". For a plan without an anchor. */
void ask_plan_scan_sql(const struct plan *p, const char *select,
		       struct ask *out);
/* The conditions on instances (for a series' instances one by one), as
 * " AND ..." ; false if there are none. */
bool ask_plan_instance_filter(const struct plan *p, struct ask *out);

/* --- rows (rows.c) ----------------------------------------------------- */

/* One value of a table's row that is wanted. */
struct column {
	enum pacs_key_id key;
	const struct pacs_key *k;
	enum column_kind {
		COLUMN_TEXT,
		COLUMN_WORD,
		COLUMN_STAMP,
		COLUMN_DIGEST,
		COLUMN_STATE,
		COLUMN_CLASSES,
	} kind;
};

/* Reads rows of one level's table. */
struct table {
	struct column columns[PACS_KEY_END];
	size_t count;
	bool needed;
	sqlite3_stmt *st; /* by id, or a series' instances */
};

/* A row: values of table.columns, in the arena of its chunk. */
struct table_row {
	int64_t id, parent;
	const char *uid;    /* of study, series, instance */
	const char *folder; /* of a study, if paths are wanted */
	const char *values[];
};

#define WORD_CACHE 512
struct rows {
	struct db *db;
	enum pacs_level asked;
	bool want_path;
	struct table tables[4];
	sqlite3_stmt *word, *classes;
	struct {
		int64_t id;
		char *text;
	} words[WORD_CACHE];
};
void rows_init(struct rows *r, struct db *db, const struct pacs_keyring *keys,
	       const struct pacs_find_options *opts);
void rows_clear(struct rows *r);
/* The row of a level by id (of a patient when asked for patients: by its first
 * study); *ret NULL if it is gone. */
enum pacs_err rows_get(struct pacs_error *err, struct rows *r,
		       enum pacs_level level, int64_t id,
		       struct pacs_arena *arena,
		       struct table_row **ret) PACS_MUST_CHECK;
/* SELECT list of instances: what rows_instance() reads. */
void rows_instance_columns(struct rows *r, struct pacs_buf *out);
enum pacs_err rows_instance(struct pacs_error *err, struct rows *r,
			    sqlite3_stmt *st, struct pacs_arena *arena,
			    struct table_row **ret) PACS_MUST_CHECK;

/* --- ids (hits.c) ------------------------------------------------------ */

struct hit {
	int64_t id;  /* of patient (first study), study or series */
	int64_t seq; /* of the instance; 0 = all */
	int64_t instances;
};
struct hits {
	struct db *db;
	const struct plan *plan;
	struct pacs_arena texts; /* of the scan */
	struct hit *list;
	size_t count, room, next;
	bool anchored;        /* the list is all there is */
	struct db sorter;     /* a database of its own, on disk if big */
	sqlite3_stmt *sorted; /* from there; the index is not touched */
	sqlite3_stmt *scan;
	int scan_parameter;
	int64_t after;
	bool at_end;
};
enum pacs_err hits_open(struct pacs_error *err, struct hits *h, struct db *db,
			const struct plan *p) PACS_MUST_CHECK;
/* The next one; false at the end. */
enum pacs_err hits_next(struct pacs_error *err, struct hits *h, struct hit *ret,
			bool *ret_more) PACS_MUST_CHECK;
void hits_clear(struct hits *h);

#endif
