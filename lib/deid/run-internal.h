/*
 * What the files of a run share.
 *
 *   produce.c  files and folders, some at a time
 *   source.c   workers: read files and members of archive files
 *   put.c      ... de-identify and put
 *   run.c      the threads; the caller's tells, and keeps count of references
 *
 * with bounded queues between them.
 */
#ifndef PACS_DEID_RUN_INTERNAL_H
#define PACS_DEID_RUN_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/work.h"
#include "deid/output.h"
#include "deid/set.h"

enum {
	BATCH = 16,
	QUEUED = 64,            /* batches */
	QUEUED_BYTES = 8 << 20, /* of members of archive files */
	SMALL_BYTES = 1 << 20,  /* files up to this are read, others mapped */
	HEAD_BYTES = 4096,
};

/* What is to be read, and what became of it. */
struct made {
	struct pacs_deid_record rec;
	char *source, *detail;
	char *bytes; /* of a member of an archive file; else NULL */
	size_t size;
	bool is_stream; /* the input's stream_fd */
	bool silent;    /* an archive file: its members are told of */
	char path[OUTPUT_PATH_MAX];
	char sop_class[PACS_UID_MAX + 1], pseudonym[PACS_PSEUDONYM_MAX + 1];
	char study[PACS_UID_MAX + 1], series[PACS_UID_MAX + 1];
	char instance[PACS_UID_MAX + 1];
	bool written; /* or was there */
	struct pacs_uid_digest self;
	struct pacs_deid_ref *refs;
	size_t ref_count;
};

struct batch {
	struct made items[BATCH];
	unsigned count;
	size_t bytes; /* of members */
	bool done;    /* its items have outcomes already */
};

struct run {
	const struct pacs_deid *d;
	struct pacs_deid_output *out;
	const struct pacs_deid_input *input;
	const struct pacs_deid_hooks *hooks;
	struct pacs_queue *jobs, *done;
	struct batch *filling; /* the producer's */
	char *root;            /* the producer's: of input->output, or NULL */
	struct pacs_buf near;  /* the producer's: a folder of items ... */
	bool near_inside;      /* ... and whether that is in the output */
	/* Who may still push jobs: the producer, and each batch that is queued
	 * or worked on, since an archive file in it makes more. */
	atomic_uint sources;
	atomic_bool ending;
	atomic_uint working;
	struct pacs_deid_tally *tally;
	struct digest_set written, referred;
	pthread_mutex_t lock; /* of what follows */
	struct pacs_error fatal;
};

/* What a worker keeps between objects. */
struct worker {
	struct run *run;
	char *bytes; /* SMALL_BYTES + 1 */
	struct pacs_deid_result result;
	struct pacs_buf admitted; /* the identity that was admitted last */
	struct pacs_buf admitting;
	struct batch *members; /* being gathered for others */
};

/* --- run.c --------------------------------------------------------------- */
bool deid_stopping(struct run *run);
/* The run cannot go on. */
void run_fail(struct run *run, const struct pacs_error *err);
/* A source of jobs less; the last one closes the queue. */
void run_source_done(struct run *run);

/* Drop items from number keep on. */
void batch_cut(struct batch *b, unsigned keep);
/* See to all items of a batch and hand it to who tells. */
void batch_work(struct worker *wk, struct batch *b);
/* Add an item that has no outcome. */
struct made *batch_add(struct batch *b, const char *source);
void finish(struct made *m, enum pacs_deid_outcome outcome, const char *reason,
	    const char *detail);
void finish_error(struct made *m, const struct pacs_error *err);

/* --- produce.c ----------------------------------------------------------- */
void produce(void *ctx, unsigned number);

/* --- source.c ------------------------------------------------------------ */
/* Read an item, whatever it is, and see to its outcome. */
void take_item(struct worker *wk, struct made *m);

/* --- put.c --------------------------------------------------------------- */
void take_dataset(struct worker *wk, struct made *m, struct pacs_dataset *ds);

#endif
