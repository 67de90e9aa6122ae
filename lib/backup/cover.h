/*
 * What is recorded against what is in the packs; part of this room's inside.
 */
#ifndef PACS_BACKUP_COVER_H
#define PACS_BACKUP_COVER_H

#include "backup/stream.h"

/* Lines of a ledger that is in packs, each with its check verified. */
typedef enum pacs_err ledger_fn(struct pacs_error *err, void *ctx,
				const struct pacs_ledger_line *line);
enum pacs_err packed_ledger(struct pacs_error *err, struct pacs_repo *r,
			    unsigned number, const struct pacs_cursor *to,
			    ledger_fn *fn, void *ctx) PACS_MUST_CHECK;

struct check_run {
	struct pacs_repo *r;
	const struct pacs_backup_check *o;
	const struct pacs_backup_check_hooks *hooks;
	struct pacs_backup_check_tally *tally;
	struct pacs_cursor to; /* of the last snapshot */
	unsigned number;
	uint64_t all_objects;
};
void check_finding(struct check_run *c, enum pacs_backup_fault fault,
		   const char *name, const char *detail);
enum pacs_err cover_check(struct pacs_error *err,
			  struct check_run *c) PACS_MUST_CHECK;

#endif
