/*
 * What the files of pacs-quarantine share: what was asked (pacs-quarantine.c),
 * what looks at the entries (quarantine-look.c), and what files or drops them
 * (quarantine-change.c).
 */
#ifndef PACS_CMD_QUARANTINE_H
#define PACS_CMD_QUARANTINE_H

#include "archive/quarantine.h"
#include "cli/cli.h"

/* Filled by the options; read only, later. */
struct quarantine_flags {
	bool replace;
	const char *why;
	struct cli_list uids; /* KEY=UID */
};
extern struct quarantine_flags flags;

extern const struct cli_field quarantine_fields[];

struct ctx {
	struct pacs_archive *ar;
	struct pacs_writer *w; /* accept, discard; NULL: a dry run */
	struct cli_records *records;
	struct cli_tally tally;
	uint64_t differences;
	const char *sha256; /* diff: of the entry at hand */
};

/* A verb about one entry. A failure is the entry's: the run goes on. */
typedef enum pacs_err verb_fn(struct pacs_error *err, struct ctx *c,
			      const struct pacs_quarantined *q);

/* --- quarantine-look.c ---------------------------------------------------- */

/* All entries; if they cannot be listed, the program ends. */
void quarantine_list(struct ctx *c);
verb_fn quarantine_show, quarantine_diff;
/* The path of the object that holds its place; "" if none does. */
void quarantine_held_path(const struct pacs_archive *ar,
			  const struct pacs_triple *t,
			  char path[PACS_PATH_ROOM]);

/* --- quarantine-change.c -------------------------------------------------- */

/* Values of --uid that are none end the program. */
void quarantine_check_uids(void);
verb_fn quarantine_accept, quarantine_discard;

#endif
