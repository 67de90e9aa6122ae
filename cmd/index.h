/*
 * What the files of pacs-index share: what was asked (pacs-index.c), what it
 * finds and counts (index-records.c), and keys that an archive adds
 * (index-keys.c).
 */
#ifndef PACS_CMD_INDEX_H
#define PACS_CMD_INDEX_H

#include "cli/cli.h"
#include "index/index.h"

/* Filled by the options; read only, later. */
struct index_flags {
	bool no_files, later;
	const char *level, *vr;
};
extern struct index_flags flags;

extern const struct cli_field index_fields[];

/* --- index-records.c ------------------------------------------------------ */

/* A record for each finding; damage makes the answer "no". */
enum pacs_err index_check(struct pacs_error *err, const struct pacs_archive *ar,
			  const struct pacs_index_options *o,
			  struct cli_tally *tally);
/* One record. */
enum pacs_err index_stats(struct pacs_error *err, const struct pacs_archive *ar,
			  const struct pacs_index_options *o);

/* --- index-keys.c --------------------------------------------------------- */

/* operands: "add" or "drop", then keys. The marker of the archive is changed
 * first; what is interrupted later, the next use of the index does. Wrong
 * definitions end the program. */
enum pacs_err index_change_keys(struct pacs_error *err, char **operands,
				const struct pacs_index_options *o);
/* Prints the SQL that makes an index, with the keys of the archive if one is
 * named. */
void index_schema(void);

#endif
