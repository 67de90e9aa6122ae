/*
 * What the files of pacs-verify share: what was asked and the run
 * (pacs-verify.c), which part of the archive is asked for (verify-part.c), how
 * it is told what is wrong (verify-tell.c), and where lost objects are put back
 * from (verify-mend.c).
 */
#ifndef PACS_CMD_VERIFY_H
#define PACS_CMD_VERIFY_H

#include "archive/archive.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "fixity/against.h"
#include "fixity/fixity.h"
#include "fixity/mend.h"
#include "fixity/part.h"
#include "fixity/state.h"

/* Filled by the options; read only, later. */
struct verify_flags {
	bool quick, sums, adopt;
	const char *since, *sample, *budget, *state, *repair_from, *against,
	    *identity;
	uint64_t rate;
};
extern struct verify_flags flags;

struct ctx {
	struct cli_records *records;
	struct pacs_mend *mend;          /* NULL if nothing is to be mended */
	struct pacs_verify_state *state; /* NULL without --state */
	uint64_t deadline_ms;            /* 0 = none */
	bool out_of_time;
	bool unread, damage;
};

/* --- verify-part.c -------------------------------------------------------- */

/* The time of --since (NULL: none) in the words of stored_at, as the ledger
 * writes it, in buf. What is none ends the program. */
const char *verify_since(const struct pacs_archive *ar, const char *since,
			 char buf[PACS_TIME_SIZE]);
/* Operands: paths, questions, "-" for a list of them on standard input. For the
 * caller to free; what is wrong ends the program. */
struct pacs_part *verify_part(const struct pacs_archive *ar, char **items);

/* --- verify-tell.c -------------------------------------------------------- */

extern const struct cli_field verify_fields[];

/* Each prints a record, and notes in ctx, a struct ctx, what it makes of the
 * answer. */
void verify_tell(void *ctx, const struct pacs_fixity_finding *f, bool mended);
pacs_against_fn verify_tell_against;
/* A line for sha256sum -c. */
void verify_tell_sum(void *ctx, const char *path, const char *sha256);
/* With -v: what was looked at, and how many findings there are of each kind. */
void verify_tell_summary(const struct pacs_fixity_tally *t);

/* --- verify-mend.c -------------------------------------------------------- */

/* To put right what --adopt and --repair-from are about; or the program ends.
 * For the caller to close: *ret_m, then the backup in source->ctx. */
void verify_mend_open(struct pacs_archive *ar, struct pacs_mend_source *source,
		      struct pacs_mend **ret_m);

#endif
