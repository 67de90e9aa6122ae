/*
 * What the files of this room share.
 *
 *   scan.c    the ledger's chain; each line's object goes to the spool
 *   spool.c   a temporary file in buckets; a bucket comes back settled
 *   tree.c    the files that are really there, of a bucket's shards
 *   object.c  one object: its bytes, its UIDs, its end
 *   setaside.c  quarantine
 *   marks.c   marks of purged objects
 *   house.c   the archive's own folders and files, and who may change them
 *   late.c    what others did since the scan
 *   drift.c   the index
 *   bucket.c  what should be there against what is
 *   check.c   all of it, bucket by bucket
 */
#ifndef PACS_FIXITY_INTERNAL_H
#define PACS_FIXITY_INTERNAL_H

#include <pthread.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "dicom/dataset.h"
#include "fixity/fixity.h"

/* --- spool.c -------------------------------------------------------------- */

/* A line, as small as it can be told: which object, where it is written. */
struct spooled {
	uint8_t key[16]; /* of the three UIDs */
	uint64_t offset; /* of the line in its segment */
	uint32_t segment;
	uint16_t shard;
	uint8_t op;    /* enum pacs_op */
	uint8_t given; /* the UIDs are not those of the bytes */
};

/* What an object's last line says. */
struct expected {
	char *path; /* in the bucket's arena, as sha256 */
	const char *sha256;
	uint64_t size;
	bool given; /* filed under UIDs that the bytes do not say */
	bool there; /* false: purged or void; only a file there is wrong */
	bool purged;
	bool wanted; /* by since, sample and the caller */
};

struct bucket {
	struct pacs_arena arena;
	struct expected *list; /* sorted by path */
	size_t count;
};

struct spool;
/* For a ledger of so many bytes: an unnamed file in the place for temporary
 * ones. */
enum pacs_err spool_open(struct pacs_error *err, uint64_t ledger_bytes,
			 struct spool **ret_s) PACS_MUST_CHECK;
void spool_close(struct spool *s);
enum pacs_err spool_add(struct pacs_error *err, struct spool *s,
			const struct pacs_ledger_line *line) PACS_MUST_CHECK;
unsigned spool_buckets(const struct spool *s);
/* The shards [first, end) that a bucket covers. */
void spool_shards(const struct spool *s, unsigned bucket, unsigned *ret_first,
		  unsigned *ret_end);
/* What should be there, of one bucket. Caller frees with bucket_clear. */
enum pacs_err spool_settle(struct pacs_error *err, struct spool *s,
			   const struct pacs_archive *ar, unsigned bucket,
			   const struct pacs_fixity_options *opts,
			   struct bucket *ret) PACS_MUST_CHECK;
void bucket_clear(struct bucket *b);
/* The shard of a path "objects/ab3/...". */
unsigned shard_of(const char *path);

/* --- late.c --------------------------------------------------------------- */

struct late {
	pthread_mutex_t lock;
	struct pacs_cursor at; /* as far as the ledger was read */
	char **paths;          /* sorted */
	size_t count, cap;
	unsigned waited_ms;
};

/* --- the run -------------------------------------------------------------- */

struct run {
	const struct pacs_archive *ar;
	const struct pacs_fixity_options *opts;
	const struct pacs_fixity_hooks *hooks;
	struct pacs_fixity_tally *tally;
	pthread_mutex_t lock; /* around hooks and tally */
	struct late late;
	uid_t owner;                /* of the archive */
	uint64_t start_ms;          /* for the rate */
	struct pacs_buf quarantine; /* "<digest> +\n" set aside, - let out */
};

void run_finding(struct run *run, enum pacs_fault fault, const char *path,
		 const char *expected, const char *found);
/* The same of what a path does not say, such as a series. */
void run_finding_of(struct run *run, enum pacs_fault fault, const char *path,
		    const struct pacs_triple *t, const char *expected,
		    const char *found);
bool check_stopped(struct run *run);
/* False if a part was asked for: files that no line speaks of are not in it, as
 * nobody can say when or what they are. */
bool looks_at_all(const struct pacs_fixity_options *o);
bool shard_is_wanted(const struct run *run, unsigned shard);
/* Is a folder, or a file that is no object, in the hands of its owner alone?
 * One that is not there is no finding here. */
void mode_check(struct run *run, const char *path, const struct stat *st);
void mode_look(struct run *run, const char *path);
/* So much was read: count it, and wait if that was faster than allowed. */
void run_read(struct run *run, uint64_t objects, uint64_t bytes);

/* Has the ledger spoken of this object since the scan? Threads. */
bool late_touched(struct run *run, const char *path);
/* Is it gone, or is a writer about to record it? */
bool late_coming(struct run *run, const char *path);
/* Wait, a few seconds in a run, until wrong() is no longer so: a living writer
 * may have recorded what it has yet to do. True if it is wrong for good. */
bool late_stays(struct run *run,
		bool (*wrong)(struct run *run, const struct expected *e),
		const struct expected *e);
/* Does anybody write? Then, after a look at what it may have changed, wait a
 * moment and look again; false: it was waited for long enough. */
bool late_writes(const struct run *run);
bool late_wait(struct run *run, bool writes);
void late_clear(struct late *l);
/* The three UIDs of a line. */
void fixity_triple(const struct pacs_ledger_line *l, struct pacs_triple *ret);

/* --- scan.c --------------------------------------------------------------- */
enum pacs_err scan_ledger(struct pacs_error *err, struct run *run,
			  struct spool *s) PACS_MUST_CHECK;

/* --- tree.c --------------------------------------------------------------- */
struct found {
	char *path; /* in the arena */
	uint64_t size;
	unsigned mode;
	bool owned; /* by the archive's owner */
};
struct tree {
	struct pacs_arena arena;
	struct found *list; /* objects only, sorted by path */
	size_t count, cap;
	bool broken; /* a folder was not read to its end: that was told */
};
/* Files of the shards [first, end); what is no object's name is told. */
enum pacs_err tree_read(struct pacs_error *err, struct run *run, unsigned first,
			unsigned end, struct tree *ret) PACS_MUST_CHECK;
void tree_clear(struct tree *t);
/* A file that is not in the list: is it there all the same? PACS_ENOTFOUND;
 * what else is said, it cannot be known. */
enum pacs_err tree_look(struct pacs_error *err, const struct run *run,
			const struct tree *t, const char *path,
			struct found *ret) PACS_MUST_CHECK;
/* Tell what is in objects/ and is no shard. */
void tree_top(struct run *run);
/* "ab3"? */
bool is_shard(const char *name);

/* --- bucket.c ------------------------------------------------------------- */
/* The objects of a bucket's shards [first, end), and their marks. */
enum pacs_err bucket_check(struct pacs_error *err, struct run *run,
			   struct spool *s, unsigned number, unsigned first,
			   unsigned end) PACS_MUST_CHECK;

/* --- object.c ------------------------------------------------------------- */
struct reader; /* what a thread keeps between objects */
struct reader *reader_new(void);
void reader_free(struct reader *r);
/* Read an object to its end and tell what is wrong with it. */
void object_check(struct run *run, struct reader *r, const struct expected *e);
/* Are the UIDs of a data set those of its place? Gives them. */
bool object_says(const struct pacs_item *root, const struct pacs_triple *place,
		 struct pacs_triple *ret_own);

/* --- setaside.c ----------------------------------------------------------- */
/* Quarantine: what the ledger says was set aside, and what is there. */
void quarantine_check(struct run *run);
/* "quarantine/<sha256>.dcm" */
void quarantine_name(const char *sha256, char ret[PACS_PATH_ROOM]);

/* --- marks.c -------------------------------------------------------------- */
/* The marks of a bucket's shards, in purged/, against its list. */
void marks_check(struct run *run, unsigned first, unsigned end,
		 const struct bucket *b);
/* Tell what is in purged/ and is no shard. */
void marks_top(struct run *run);

/* --- house.c -------------------------------------------------------------- */
/* What no object needs, and programs do: folders, the ledger's lock; and that
 * only the owner can change them and the ledger. */
void house_check(struct run *run);

/* --- drift.c -------------------------------------------------------------- */
/* The index, if there is one, against the ledger. */
void drift_check(struct run *run);

#endif
