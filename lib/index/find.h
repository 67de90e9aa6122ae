/*
 * A find, for the files that make it: find.c, sort.c.
 */
#ifndef PACS_INDEX_FIND_H
#define PACS_INDEX_FIND_H

#include "index/ask.h"

#define FIND_CHUNK 1024

struct record_row {
	const struct table_row *at[4];
};

struct pacs_find {
	struct pacs_index *ix;
	enum pacs_level asked;
	struct plan plan;
	struct hits hits;
	struct rows rows;
	uint64_t left; /* records until the limit */
	bool at_end;

	/* Where we are among instances: a series that is not finished. */
	struct hit series;
	bool in_series;
	int64_t seq;
	sqlite3_stmt *instances;
	int seq_parameter;
	struct pacs_arena texts; /* of that statement's conditions */

	struct pacs_arena arena; /* of the chunk */
	struct record_row chunk[FIND_CHUNK];
	size_t count, next;
	struct record_row shown; /* what values was made of */
	const char *values[PACS_KEY_END];
	struct pacs_buf path;
};

/* Are the added keys that are asked for, sorted by or shown filled in? */
enum pacs_err find_ready(struct pacs_error *err, struct pacs_index *ix,
			 const struct pacs_query *q,
			 const struct pacs_find_options *opts) PACS_MUST_CHECK;
/* Ids of all records of a question, in the order asked for. (sort.c) */
enum pacs_err find_sorted(struct pacs_error *err, struct pacs_index *ix,
			  const struct pacs_query *q,
			  const struct pacs_find_options *opts,
			  struct hits *ret) PACS_MUST_CHECK;

#endif
