/*
 * Bringing files, folders, archives of files and streams into an archive: what
 * pacs-store does, without printing.
 *
 * Knows where objects come from and when one may be acknowledged; must not
 * know options, terminals or SQL. Sources are only read (and removed, if asked
 * to, once what they held is safe). Memory is bounded whatever the input.
 */
#ifndef PACS_INGEST_INGEST_H
#define PACS_INGEST_INGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/archive.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"

/* What became of one object, file, or member of an archive file. */
enum pacs_outcome {
	PACS_OUTCOME_STORED,    /* now in the archive */
	PACS_OUTCOME_DUPLICATE, /* was there: same bytes, or same meaning */
	PACS_OUTCOME_REPAIRED,  /* replaced a damaged copy of the same bytes */
	PACS_OUTCOME_CONFLICT,  /* other content under the same UIDs: set aside
				 */
	PACS_OUTCOME_QUARANTINED, /* cannot be filed: set aside */
	PACS_OUTCOME_SKIPPED,     /* nothing to store */
	PACS_OUTCOME_FAILED,      /* not in the archive, and should be */
	PACS_OUTCOMES
};
/* "stored" and so on. Static. */
const char *pacs_outcome_name(enum pacs_outcome outcome);

struct pacs_ingest_record {
	enum pacs_outcome outcome;
	const char *reason; /* one word (pacs-store(1)), "" if there is none */
	const char *detail; /* a sentence without patient data, or "" */
	const struct pacs_triple *triple; /* "" where unknown or unsafe */
	const char *sop_class;            /* "" if unknown */
	const char *sha256;               /* of the object as filed, or "" */
	uint64_t size;                    /* of the object as filed, or 0 */
	const char *path;                 /* in the archive, or "" */
	const char *source; /* a path as found, or "FILE//MEMBER" (escaped) */
	/* In the archive, and ends before it should (dicom/end.h): the whole
	 * one has to come from somewhere else. Its source is not removed. */
	bool truncated;
};

struct pacs_ingest_options {
	unsigned workers;   /* at least 1 */
	bool again;         /* take objects back that were purged */
	bool strict;        /* what is skipped counts as failed */
	bool move;          /* remove sources of what is safe */
	bool dry_run;       /* change nothing; say what would happen */
	const char *origin; /* for the ledger: "AE@host"; NULL = "file" */
	/* Read this descriptor, one object or one archive file, instead of
	 * asking for items; -1 if not. Stays open. */
	int stream_fd;
};

/* How a run asks and tells. Calls come one at a time, except where said. */
struct pacs_ingest_hooks {
	void *ctx;
	/* The next file or folder to read; false at the end. On another thread
	 * than the rest. */
	bool (*next)(void *ctx, struct pacs_buf *path);
	/* An outcome. For what was stored, found there or set aside: only when
	 * it is on stable storage and recorded. */
	void (*record)(void *ctx, const struct pacs_ingest_record *record);
	/* Records were told and may be flushed. NULL: not wanted. */
	void (*flush)(void *ctx);
	/* A source that should have gone (move) is still there. */
	void (*trouble)(void *ctx, const char *source,
			const struct pacs_error *err);
	/* True: finish what has begun and return. Any thread. */
	bool (*stopped)(void *ctx);
	/* The run ends early: a next() that waits for more must return. NULL:
	 * next() never waits. */
	void (*ending)(void *ctx);
	/* Files and bytes that were read. Any thread. NULL: not wanted. */
	void (*progress)(void *ctx, uint64_t items, uint64_t bytes);
};

struct pacs_ingest_tally {
	uint64_t outcomes[PACS_OUTCOMES]; /* as told to the record hook */
	uint64_t bytes;                   /* of those stored */
};

/*
 * Store everything that the hooks name. ar must be open for writing, unless
 * dry_run. An item that fails is told and does not end the run. An error is
 * returned when the run could not go on (PACS_ENOSPC: disk full or floor
 * reached; PACS_EIO: the archive's disk); what was told as stored is safe even
 * then, and what was under way is told as failed.
 */
enum pacs_err pacs_ingest(struct pacs_error *err, struct pacs_archive *ar,
			  const struct pacs_ingest_options *opts,
			  const struct pacs_ingest_hooks *hooks,
			  struct pacs_ingest_tally *ret_tally) PACS_MUST_CHECK;

/*
 * Count regular files and their bytes under a path, for "time left". Stops
 * early when stopped says so.
 */
void pacs_ingest_measure(const char *path, bool (*stopped)(void *ctx),
			 void *ctx, uint64_t *files, uint64_t *bytes);

#endif
