/*
 * What the parts of pacs_index_check share.
 */
#ifndef PACS_INDEX_CHECK_H
#define PACS_INDEX_CHECK_H

#include "index/internal.h"

struct check {
	struct db *db;
	const struct pacs_archive *ar;
	pacs_finding_fn *fn;
	void *ctx;
};
void check_tell(struct check *c, const char *problem, const char *level,
		bool damage, const char *study, const char *series,
		const char *instance);
/* A file that is where no object can be. */
void check_tell_stray(struct check *c, const char *path);
/* Files by an object's name that no row places there. */
void check_tell_unrecorded(struct check *c, const char *path, const char *study,
			   const char *series, const char *instance);
/* Does every line's object stand in the index as the line says, unless a later
 * line says otherwise; and nothing else? (check-ledger.c) */
enum pacs_err check_ledger(struct pacs_error *err,
			   struct check *c) PACS_MUST_CHECK;
/* Files by name and size. (check-files.c) */
enum pacs_err check_files(struct pacs_error *err,
			  struct check *c) PACS_MUST_CHECK;

#endif
