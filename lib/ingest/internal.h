/*
 * What the files of this room share.
 *
 *   producer   finds files and folders               walk.c
 *   workers    read, identify, hash, stage           source_*.c, object.c
 *   committer  places, records, acknowledges         commit.c, settle.c and
 *                                                    resolve.c
 *
 * with a pipe between them (pipe.c).
 */
#ifndef PACS_INGEST_INTERNAL_H
#define PACS_INGEST_INTERNAL_H

#include <stdatomic.h>
#include <sys/stat.h>

#include "archive/writer.h"
#include "ingest/ingest.h"
#include "unpack/unpack.h"

enum {
	SMALL_BYTES = 1 << 20, /* objects up to this are held in memory */
	COMPARE_BYTES = 256 << 10,
};

/* --- the pipe ------------------------------------------------------------ */

/* Something to read: a file, or a member of an archive file in memory. */
struct job {
	struct job *next;
	char *source; /* as in the record; for a file its path */
	char *bytes;  /* a member's; NULL for a file */
	size_t size;
	bool via_link; /* the file was reached through a symbolic link */
};

enum item_state {
	ITEM_DONE,   /* outcome is final */
	ITEM_STAGED, /* to be placed by its UIDs */
	ITEM_ASIDE,  /* staged, to be put in quarantine */
	ITEM_SAME,   /* the archive holds these bytes in this place */
};

/* What a worker made of a job, on its way to an outcome. */
struct item {
	struct item *next;
	struct pacs_staged st;
	char sop_class[PACS_UID_ROOM];
	enum item_state state;
	enum pacs_outcome outcome;
	const char *reason; /* static */
	char *detail;       /* NULL if there is none */
	char *source;
	enum pacs_err fatal; /* the run must end */
	bool cut; /* it ends early: of use, but not all that was meant */
	/* For move: the file as it was read. */
	bool removable;
	dev_t dev;
	ino_t ino;
	uint64_t file_size;
	struct timespec mtime;
};

struct pipe;
struct pipe *pipe_new(unsigned workers);
void pipe_free(struct pipe *p);
/* Add a file; waits while many are queued. False when stopping; the caller
 * keeps the job. */
bool pipe_push_file(struct pipe *p, struct job *j);
/* Add a member if there is room now. Never waits. */
bool pipe_push_member(struct pipe *p, struct job *j);
/* No more files will come. */
void pipe_end(struct pipe *p);
/* The next job; NULL when all are done or the run stops. */
struct job *pipe_take(struct pipe *p);
/* The job that pipe_take gave is done. */
void pipe_job_done(struct pipe *p, const struct job *j);
/* Hand an item to the committer; waits while many are queued. */
void pipe_put(struct pipe *p, struct item *it);
/* Stop: queued jobs are dropped, producers and workers end soon. */
void pipe_stop(struct pipe *p);
bool pipe_is_stopping(struct pipe *p);

enum pipe_state {
	PIPE_BUSY,  /* more will come soon */
	PIPE_IDLE,  /* nothing is being worked on, for now */
	PIPE_ENDED, /* and nothing will be */
};
/* All items that are there, oldest first. Waits up to wait_ms for a good number
 * of them while the pipe is busy, for the first one while it is idle, not at
 * all once it has ended. *ret_state is as of the return.
 */
struct item *pipe_collect(struct pipe *p, unsigned wait_ms,
			  enum pipe_state *ret_state);

/* --- one run ------------------------------------------------------------- */

struct run {
	struct pacs_archive *ar;
	struct pacs_writer *w; /* NULL in a dry run */
	const struct pacs_ingest_options *opts;
	const struct pacs_ingest_hooks *hooks;
	struct pipe *pipe;
	struct given *given;
	struct pacs_ingest_tally *tally;
	char *move_dir; /* move.c: the folder asked about last */
	bool move_inside;
};

/* --- one item: settle.c -------------------------------------------------- */

/* File an item, which gives it its outcome. What fails is the item alone,
 * unless the error is one that ends runs (the caller decides). Durable at the
 * next barrier. */
enum pacs_err item_place(struct pacs_error *err, struct run *run,
			 struct item *it) PACS_MUST_CHECK;
/* It could not be filed, for that reason. */
void item_set_failed(struct item *it, const struct pacs_error *err);
/* The outcome stands: tell it, remove its source if that was asked, free it. */
void item_tell(struct run *run, struct item *it);

/* What each worker keeps between jobs. */
struct worker {
	struct run *run;
	char *bytes;   /* SMALL_BYTES + 1 */
	char *compare; /* COMPARE_BYTES */
	struct pacs_buf head;
};

struct item *item_new(const char *source);
void item_free(struct item *it);
/* Give an item its final outcome and hand it on. detail may be NULL. */
void item_finish(struct run *run, struct item *it, enum pacs_outcome outcome,
		 const char *reason, const char *detail);
/* The same for an error, which is cleared; one of the archive's own disk
 * (fatal) ends the run. */
void item_fail(struct run *run, struct item *it, struct pacs_error *err,
	       bool fatal);
bool ingest_stopped(struct run *run);
/* Does an error of the archive's disk fail whatever comes after it, too? */
bool ends_run(enum pacs_err code);
void run_progress(struct run *run, uint64_t items, uint64_t bytes);

/* --- walk.c -------------------------------------------------------------- */
/* Ask for items and push the files that they name, until the end. */
void walk_items(struct run *run);

/* --- object.c ------------------------------------------------------------ */

/* The bytes of one object: in memory, in a file, or in a stream that is being
 * staged. */
struct body {
	const void *bytes; /* NULL: in fd */
	int fd;
	uint64_t size;
	struct pacs_stage_stream *stream; /* fd is its file; NULL if not */
	bool is_head;                     /* more follows that is not at hand */
};
/* Identify an object, compare it with what holds its place, stage it, and hand
 * the item on. Takes over the item and the stream. */
void object_take(struct worker *wk, struct item *it, struct body *body);

/* What a header says. */
enum verdict {
	IS_OBJECT,   /* all four UIDs, safe */
	IS_ODD,      /* an object that cannot be filed: reason */
	IS_DICOMDIR, /* a media directory */
	IS_OTHER,    /* not DICOM */
};
struct identity {
	enum verdict verdict;
	/* Static; of IS_ODD; "damaged" or "truncated" for an object. */
	const char *reason;
	bool cut;                  /* an object that ends before it should */
	struct pacs_triple triple; /* what is unsafe is "" */
	char sop_class[PACS_UID_ROOM];
	char syntax[PACS_UID_ROOM];
	bool has_preamble, has_meta;
};
void identify(const struct body *body, struct identity *ret);
/* Note in the item what it is; wk->head becomes what is put before it. */
void object_begin(struct worker *wk, struct item *it,
		  const struct identity *id);
/* The outcome of what is not to be filed, where no bytes are kept: DICOMDIR,
 * not DICOM, and in a dry run what cannot be filed. */
void object_finish_other(struct run *run, struct item *it,
			 const struct identity *id);

/* The outcome that a dry run foretells where no object was found in the place
 * (err: why), with that reason if it would be stored. */
void foretell_absent(struct run *run, struct item *it, struct pacs_error *err,
		     const char *reason);

/* --- big.c --------------------------------------------------------------- */
/* Read up to size bytes; fewer only at the end. */
typedef enum pacs_err read_more_fn(struct pacs_error *err, void *ctx, char *buf,
				   size_t size, size_t *ret_n);
/* An object of more than SMALL_BYTES, of which the first n bytes are in
 * wk->bytes. On failure the item is still the caller's. */
enum pacs_err big_take(struct pacs_error *err, struct worker *wk,
		       struct item *it, size_t n, read_more_fn *more,
		       void *ctx) PACS_MUST_CHECK;

/* --- source_*.c ---------------------------------------------------------- */
void source_file(struct worker *wk, const struct job *j);
void source_member(struct worker *wk, const struct job *j);
void source_stream(struct worker *wk, int fd);

/* Store the members of an archive file (member.c). With a regular file,
 * file_size is its size and peek_size 0; a stream's first bytes, read already,
 * are in peek. */
void source_archive(struct worker *wk, struct item *it, int fd,
		    uint64_t file_size, enum pacs_container kind,
		    const char *peek, size_t peek_size);

/* --- resolve.c ----------------------------------------------------------- */
enum resolution {
	SAME_BYTES,
	SAME_MEANING,
	DAMAGED, /* the place holds other bytes than the ledger says, and these
		  * are the right ones */
	DIFFERS,
};
/* The object that holds a place. */
struct held {
	char sha256[PACS_SHA256_HEX];
	uint64_t size;
};
/* Compare bytes (sha256 known) with the object that holds the place. diff
 * becomes the first difference. PACS_ENOTFOUND: the place is free. */
enum pacs_err resolve(struct pacs_error *err, struct pacs_archive *ar,
		      const struct pacs_triple *t, const char *sha256,
		      const struct body *body, const struct pacs_buf *head,
		      enum resolution *ret, struct held *held, char *diff,
		      size_t diff_size);
/* A duplicate's record tells of the object that is kept. */
void item_shows_held(struct item *it, const struct held *held);
/* The outcome that a dry run foretells. */
void resolution_finish(struct run *run, struct item *it, enum resolution res,
		       const struct held *held, const char *diff);
/* Is the file the same as head and body together? */
enum pacs_err same_bytes(struct pacs_error *err, int fd, uint64_t size,
			 const struct pacs_buf *head, const struct body *body,
			 char *chunk, bool *ret_same);

/* --- commit.c ------------------------------------------------------------ */
/* Place, record, acknowledge until the pipe has ended. */
enum pacs_err commit_all(struct pacs_error *err, struct run *run);

/* --- given.c ------------------------------------------------------------- */
/* Objects that were filed under UIDs that their bytes do not say (by
 * pacs-quarantine accept), as far as the ledger was read. */
struct given;
struct given *given_new(const struct pacs_archive *ar);
void given_free(struct given *g);
/* Are these bytes such an object, and there? *ret: where. The first call reads
 * the ledger, later ones what was added. Threads. */
bool given_find(struct given *g, const char *sha256, struct pacs_triple *ret);

/* --- move.c -------------------------------------------------------------- */
/* Remove the source of an acknowledged item if it is still what was read, and
 * is not the archive's own. object: where it is filed, below the archive. */
enum pacs_err move_source(struct pacs_error *err, struct run *run,
			  const struct item *it, const char *object);

#endif
