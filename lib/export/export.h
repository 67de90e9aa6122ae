/*
 * De-identified objects on their way into an archive.
 *
 * A tar of them goes through a pipe to what pacs-store does with a stream. An
 * object counts as written when it is stored, on stable storage and on record,
 * so its record waits for that. Knows both rooms; must not know options or
 * terminals. Memory is bounded by what is under way.
 */
#ifndef PACS_EXPORT_EXPORT_H
#define PACS_EXPORT_EXPORT_H

#include "deid/run.h"

struct pacs_export;

/* Calls come one at a time, from any thread. */
struct pacs_export_hooks {
	void *ctx;
	/* The outcome of an object is known. */
	void (*settled)(void *ctx, const struct pacs_deid_record *r);
	/* What has no outcome of its own. */
	void (*trouble)(void *ctx, const char *source,
			const struct pacs_error *err);
};

/* Open an archive for writing. *ret_out is where a run is to put objects; close
 * it before pacs_export_end. hooks must outlive the export. */
enum pacs_err
pacs_export_begin(struct pacs_error *err, const char *archive,
		  const struct pacs_export_hooks *hooks,
		  struct pacs_export **ret,
		  struct pacs_deid_output **ret_out) PACS_MUST_CHECK;
/* Take a run's record. */
void pacs_export_record(struct pacs_export *x,
			const struct pacs_deid_record *r);
/* All are sent: wait for the last answers; what has none is told as failed.
 * An error: the archive could not go on. Frees x. */
enum pacs_err pacs_export_end(struct pacs_error *err,
			      struct pacs_export *x) PACS_MUST_CHECK;

#endif
