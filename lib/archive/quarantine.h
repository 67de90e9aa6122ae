/*
 * What could not be filed: quarantine/<sha256>.dcm and its reason in
 * quarantine/<sha256>.txt ("key=value" lines).
 */
#ifndef PACS_ARCHIVE_QUARANTINE_H
#define PACS_ARCHIVE_QUARANTINE_H

#include "archive/archive.h"
#include "archive/writer.h"

struct pacs_quarantined {
	char sha256[PACS_SHA256_HEX];
	char reason[24];
	char time[PACS_TIME_SIZE];
	char origin[96];
	char detail[256];
	struct pacs_triple triple; /* as far as known; "" else */
	uint64_t size;
	char path[PACS_SHA256_HEX + 16]; /* relative to the archive */
};

/* All entries, sorted by time then digest. Caller frees *ret with free(). */
enum pacs_err pacs_quarantine_list(struct pacs_error *err,
				   const struct pacs_archive *ar,
				   struct pacs_quarantined **ret,
				   size_t *ret_count) PACS_MUST_CHECK;
/* By digest, or a unique prefix of 4 digits or more, in either case. */
enum pacs_err
pacs_quarantine_find(struct pacs_error *err, const struct pacs_archive *ar,
		     const char *prefix,
		     struct pacs_quarantined *ret) PACS_MUST_CHECK;
/* File it under a triple after all; durable when it returns. With replace,
 * what holds the place goes to quarantine. PACS_EEXISTS if the place is taken
 * and replace is false. */
enum pacs_err pacs_quarantine_accept(struct pacs_error *err,
				     struct pacs_writer *w,
				     const struct pacs_quarantined *q,
				     const struct pacs_triple *t, bool replace,
				     const char *why) PACS_MUST_CHECK;
/* Drop it, recorded; durable when it returns. */
enum pacs_err pacs_quarantine_discard(struct pacs_error *err,
				      struct pacs_writer *w,
				      const struct pacs_quarantined *q,
				      const char *why) PACS_MUST_CHECK;

#endif
