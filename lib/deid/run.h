/*
 * A run: files and folders in, de-identified objects out.
 *
 * Knows threads, and the order of things on a disk; must not know options of a
 * command, terminals or archives. Input is only read. An object has its final
 * name only when it is whole. Memory is bounded, but for some bytes for each
 * object written and each object referred to (to tell of references that
 * leave the export): less than 128 MiB for a million of both.
 */
#ifndef PACS_DEID_RUN_H
#define PACS_DEID_RUN_H

#include "deid/deid.h"

enum pacs_deid_outcome {
	PACS_ANON_WRITTEN,
	PACS_ANON_DUPLICATE, /* the same object was there or came before */
	PACS_ANON_WITHHELD,  /* by default deny: reason */
	PACS_ANON_SKIPPED,   /* no object, or withheld as expected */
	PACS_ANON_FAILED,
	PACS_ANON_OUTCOMES
};
/* "written" and so on. Static. */
const char *pacs_deid_outcome_name(enum pacs_deid_outcome outcome);

struct pacs_deid_record {
	enum pacs_deid_outcome outcome;
	const char *reason; /* one word, "" if there is none */
	const char *detail; /* a sentence without patient data, or "" */
	const char *source; /* path as found */
	const char *path;   /* in the output, "" if not written */
	uint64_t size;      /* as written */
	const char *sop_class, *study, *series, *instance, *pseudonym;
	bool blank_id, had_issuer;
};

/* What a map notes of an object. Identifying. */
struct pacs_deid_identity {
	const char *patient_id, *issuer, *pseudonym;
	const char *old_accession, *accession;
	const char *old_study, *study, *old_series, *series;
};

/* --- outputs -------------------------------------------------------------- */

struct pacs_deid_output;
/* A folder: STUDY/SERIES/SOP.dcm, made if absent. What an earlier run that was
 * killed left half done is swept. Closing flushes it. */
enum pacs_err
pacs_deid_output_folder(struct pacs_error *err, const char *path,
			struct pacs_deid_output **ret) PACS_MUST_CHECK;
/* Nothing is written; objects are made all the same and counted, and what would
 * be a duplicate or a conflict is one. */
struct pacs_deid_output *pacs_deid_output_none(void)
    __attribute__((returns_nonnull));
/* A tar of them, written to fd in order; fd stays open. zstd_level 0: plain. */
enum pacs_err
pacs_deid_output_tar(struct pacs_error *err, int fd, int zstd_level,
		     unsigned threads,
		     struct pacs_deid_output **ret) PACS_MUST_CHECK;
/* The same into a file, which has its name once it is whole; there is none if
 * nothing was put. PACS_EEXISTS if the name is taken. */
enum pacs_err
pacs_deid_output_tar_file(struct pacs_error *err, const char *path,
			  int zstd_level, unsigned threads,
			  struct pacs_deid_output **ret) PACS_MUST_CHECK;
/* Finish: what was written is complete, and a file gets its name; of folders
 * and files all is on stable storage when it returns PACS_OK. good false: throw
 * away what is not whole. Frees *out (NULL is fine). */
enum pacs_err pacs_deid_output_close(struct pacs_error *err,
				     struct pacs_deid_output *out,
				     bool good) PACS_MUST_CHECK;

/* --- the run -------------------------------------------------------------- */

/* How a run asks and tells; calls come one at a time, except where said. */
struct pacs_deid_hooks {
	void *ctx;
	/* The next file or folder; false at the end. On another thread. */
	bool (*next)(void *ctx, struct pacs_buf *path);
	/* True: end soon. Any thread. */
	bool (*stopped)(void *ctx);
	/* The run ends early: a next() that waits must return. NULL: it never
	 * waits. */
	void (*ending)(void *ctx);
	/* An object of this identity is about to be put. Any thread. NULL: not
	 * wanted. PACS_ECONFLICT: that one must not; another error ends the
	 * run. */
	enum pacs_err (*admit)(struct pacs_error *err, void *ctx,
			       const struct pacs_deid_identity *id);
	/* What became of one file. */
	void (*record)(void *ctx, const struct pacs_deid_record *r);
	/* At the end, for each instance that objects refer to and that this run
	 * did not write: the sequence that refers to it (one of them; 0: none
	 * around it) and its new UID, "" if UIDs are kept. NULL: not wanted. */
	void (*missing)(void *ctx, uint32_t tag, const char *uid);
	/* Files and bytes read. Any thread. NULL: not wanted. */
	void (*progress)(void *ctx, uint64_t items, uint64_t bytes);
};

struct pacs_deid_tally {
	uint64_t outcomes[PACS_ANON_OUTCOMES];
	uint64_t bytes;      /* written */
	uint64_t blank_ids;  /* objects without a patient ID */
	uint64_t no_issuers; /* objects whose patient ID has no issuer */
	uint64_t references; /* different instances referred to */
	uint64_t missing;    /* of them, those that this run did not write */
	/* Elements that no row of the table names and that were removed or
	 * replaced. */
	struct pacs_deid_seen seen[PACS_DEID_SEEN_MAX];
	unsigned seen_count;
};

struct pacs_deid_input {
	unsigned workers; /* at least 1 */
	/* Read this descriptor, one object or one archive file, instead of
	 * asking for items; -1 if not. Stays open. */
	int stream_fd;
	/* Folder for big members of archive files, in files without a name. */
	const char *scratch;
	/* Where the output is, if that is a folder: items in it are skipped, as
	 * in-output, and so is the folder in others. NULL: nowhere. */
	const char *output;
};

/*
 * De-identify everything that the hooks name into out: files, folders with all
 * below them, archive files (unpack/unpack.h) with all in them. An item that
 * fails is told and does not end the run; an error is returned when the run
 * could not go on (the output's disk, a hook).
 */
enum pacs_err pacs_deid_run(struct pacs_error *err, const struct pacs_deid *d,
			    struct pacs_deid_output *out,
			    const struct pacs_deid_input *input,
			    const struct pacs_deid_hooks *hooks,
			    struct pacs_deid_tally *ret_tally) PACS_MUST_CHECK;

#endif
