/*
 * The index: a SQLite database derived from ledger and objects, so that
 * questions are answered at once (pacs-index(5)). It can be thrown away.
 *
 * The only room that knows SQL. An index handle is used by one thread; any
 * number of processes may have the same index open, reading and catching up.
 */
#ifndef PACS_INDEX_INDEX_H
#define PACS_INDEX_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/archive.h"
#include "archive/ledger.h"
#include "base/error.h"
#include "query/query.h"

struct pacs_index;

/* What catching up did. */
struct pacs_index_done {
	uint64_t lines;      /* of the ledger */
	uint64_t added;      /* instances */
	uint64_t removed;    /* instances */
	uint64_t missing;    /* added without their header: no object */
	uint64_t unreadable; /* added without their header: damaged */
	uint64_t healed;     /* missing before, read now */
	bool rebuilt;        /* there was none, or it did not fit the ledger */
	bool resumed;        /* by going on where a rebuild had been stopped */
	/* This user may not write: all was made in memory, or the lines were
	 * added there; nothing was kept. */
	bool in_memory, overlaid;
	bool full; /* it may, but there is no space */
};

struct pacs_index_options {
	bool as_is;       /* do not catch up: what is known now */
	unsigned jobs;    /* threads that read headers; 0 = the CPUs */
	unsigned wait_ms; /* for another program's update; 0 = 60,000 */
	/* Called now and then while catching up (NULL: not); false stops with
	 * PACS_EINTERRUPTED, and what was done stays done. */
	bool (*progress)(void *ctx, uint64_t lines, uint64_t bytes);
	void *progress_ctx;
};

/*
 * Open the index of an archive, which must stay open, and catch up with the
 * ledger. If there is none, or it belongs to another history, it is made. For
 * a user who may not write, the part of the ledger that is missing is read
 * into memory, up to a bound: PACS_EBUSY beyond it. opts may be NULL.
 */
enum pacs_err pacs_index_open(struct pacs_error *err,
			      const struct pacs_archive *ar,
			      const struct pacs_index_options *opts,
			      struct pacs_index **ret_ix) PACS_MUST_CHECK;
void pacs_index_close(struct pacs_index *ix); /* NULL is fine */
/* Is there one that opening would use, and not make? Errors: who may not look
 * cannot tell. */
enum pacs_err pacs_index_exists(struct pacs_error *err,
				const struct pacs_archive *ar,
				bool *ret) PACS_MUST_CHECK;
/* What the open did. */
const struct pacs_index_done *pacs_index_done(const struct pacs_index *ix);
/* The file, or "" if it is in memory. Borrowed. */
const char *pacs_index_path(const struct pacs_index *ix);
/* Catch up again (a long-running program), and look again for objects that
 * were missing. *ret_done (may be NULL) says what this call did. */
enum pacs_err
pacs_index_update(struct pacs_error *err, struct pacs_index *ix,
		  struct pacs_index_done *ret_done) PACS_MUST_CHECK;
/* Make a new one from ledger and objects beside the old one, and swap. If that
 * was begun before, and stopped, it goes on from the last commit. Until the
 * swap, and after an error, the old one serves. ret_done may be NULL. */
enum pacs_err
pacs_index_rebuild(struct pacs_error *err, const struct pacs_archive *ar,
		   const struct pacs_index_options *opts,
		   struct pacs_index_done *ret_done) PACS_MUST_CHECK;

/* --- questions ------------------------------------------------------------ */

struct pacs_find_options {
	enum pacs_level level;
	/* want[key]: which values to fetch; NULL: all of the level. */
	const bool *want;
	/* The same of the question's keyring (q->keys); NULL: none. */
	const bool *want_added;
	uint64_t limit; /* 0 = none */
	/* Keys to sort by, with a direction each; NULL: the order in which the
	 * ledger first names patient, study, series, instance. What does not
	 * fit into some MiB of memory goes to a temporary file. */
	const struct pacs_sort {
		enum pacs_key_id key;
		bool descending;
	} * sort;
	size_t sort_count;
};

struct pacs_find;

/* q, the index and opts->want must outlive the find. */
enum pacs_err pacs_find_open(struct pacs_error *err, struct pacs_index *ix,
			     const struct pacs_query *q,
			     const struct pacs_find_options *opts,
			     struct pacs_find **ret_f) PACS_MUST_CHECK;
/*
 * The next record: values[key] (added keys too), NULL where it has none or it
 * was not wanted. Borrowed until the next call. *ret_values = NULL at the end.
 * Between calls no transaction is open: a reader may stall as long as it likes.
 */
enum pacs_err pacs_find_next(struct pacs_error *err, struct pacs_find *f,
			     const char *const **ret_values) PACS_MUST_CHECK;
void pacs_find_close(struct pacs_find *f); /* NULL is fine */

/* How many records would there be? */
enum pacs_err pacs_index_count(struct pacs_error *err, struct pacs_index *ix,
			       const struct pacs_query *q,
			       enum pacs_level level,
			       uint64_t *ret) PACS_MUST_CHECK;

/*
 * How many records have each value of key (PACS_KEY_COUNT: all count as ""),
 * and the sum of another key over them (PACS_KEY_COUNT: none). Sorted by value;
 * each of several values counts. A study's Modality is each of those of its
 * series. PACS_EUSAGE: a key that a record of this level does not have.
 */
typedef void pacs_tally_fn(void *ctx, const char *value, uint64_t count,
			   double sum);
enum pacs_err pacs_index_tally(struct pacs_error *err, struct pacs_index *ix,
			       const struct pacs_query *q,
			       enum pacs_level level, enum pacs_key_id key,
			       enum pacs_key_id sum, pacs_tally_fn *fn,
			       void *ctx) PACS_MUST_CHECK;

/* --- about the index ------------------------------------------------------ */

struct pacs_index_stats {
	uint64_t patients, studies, series, instances;
	uint64_t size_bytes;          /* of the objects */
	uint64_t quarantined;         /* entries of quarantine, by the ledger */
	uint64_t missing, unreadable; /* instances without their header */
	uint64_t index_bytes;         /* of the index itself */
	struct pacs_cursor cursor;    /* how far of the ledger it has read */
};
enum pacs_err pacs_index_stats(struct pacs_error *err, struct pacs_index *ix,
			       struct pacs_index_stats *ret) PACS_MUST_CHECK;

/* A finding of check. Strings are borrowed until the callback returns. */
struct pacs_finding {
	const char *problem; /* see pacs-index(1), RECORDS */
	const char *level;   /* "patient", "study", "series", "instance"; NULL:
			      * a file that is no object */
	const char *study, *series, *instance; /* UIDs, or NULL */
	const char *key;                       /* what disagrees, or NULL */
	const char *path; /* of an object or such a file, or NULL */
	/* Index, ledger and files differ (not: objects disagree). */
	bool damage;
};
typedef void pacs_finding_fn(void *ctx, const struct pacs_finding *f);
/*
 * Compare the index with itself, with the ledger, and with the objects by name
 * and size; list instances that disagree with their series, study or patient,
 * and SOP Instance UIDs that occur more than once. files false: no look at the
 * objects.
 */
enum pacs_err pacs_index_check(struct pacs_error *err, struct pacs_index *ix,
			       bool files, pacs_finding_fn *fn,
			       void *ctx) PACS_MUST_CHECK;

/* Read again whatever keys that were added to the archive still need, and
 * forget those that were dropped. */
enum pacs_err pacs_index_backfill(struct pacs_error *err,
				  struct pacs_index *ix) PACS_MUST_CHECK;

/* The schema as SQL text, appended to *out. */
void pacs_index_schema(struct pacs_buf *out);

#endif
