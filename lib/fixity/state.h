/*
 * What was verified when: a text file that monitoring can read (OpenMetrics),
 * and that tells a scrub with a budget where to go on.
 */
#ifndef PACS_FIXITY_STATE_H
#define PACS_FIXITY_STATE_H

#include "fixity/fixity.h"

struct pacs_verify_state;

/* Read the file; an absent one is an empty state. archive is the uuid of the
 * archive that it is of. PACS_EFORMAT: it is something else, or of another
 * archive. Keeps copies of path and archive. */
enum pacs_err
pacs_verify_state_read(struct pacs_error *err, const char *path,
		       const char *archive,
		       struct pacs_verify_state **ret_s) PACS_MUST_CHECK;
void pacs_verify_state_free(struct pacs_verify_state *s); /* NULL is fine */
/* The shard whose last check is the longest ago. */
unsigned pacs_verify_state_oldest(const struct pacs_verify_state *s);
/* A shard has been checked, now. */
void pacs_verify_state_checked(struct pacs_verify_state *s, unsigned shard);
/* How far the ledger was read; NULL: not known. Of the state. */
const struct pacs_cursor *
pacs_verify_state_ledger(const struct pacs_verify_state *s);
/* Write the file, atomically and durably, with what this run found. */
enum pacs_err
pacs_verify_state_write(struct pacs_error *err, struct pacs_verify_state *s,
			const struct pacs_archive *ar,
			const struct pacs_fixity_tally *t) PACS_MUST_CHECK;

#endif
