/*
 * What the files of pacs-find share: what was asked, and what it is asked with
 * (pacs-find.c). The answer is records or paths (find-records.c), or numbers
 * (find-tally.c).
 */
#ifndef PACS_CMD_FIND_H
#define PACS_CMD_FIND_H

#include "cli/cli.h"
#include "cmd/question.h"
#include "index/index.h"

/* Filled by the options; read only, later. */
struct find_flags {
	const char *level, *query, *sort, *group, *sum;
	bool count, paths, any, as_is;
	uint64_t limit; /* UINT64_MAX: none */
	struct cli_list keys;
};
extern struct find_flags flags;

/* Each key that an archive can be asked for is a field. */
extern const struct cli_field find_fields[PACS_KEY_COUNT + 1];

struct ctx {
	struct pacs_archive *ar;
	struct pacs_index *ix;
	struct question q;
	enum pacs_level level;
	bool want[PACS_KEY_END];
	struct pacs_sort sort[16];
	size_t sort_count;
	struct cli_records *records;
	struct cli_tally tally;
	/* find_fields, and behind them those that the archive adds */
	struct cli_field fields[PACS_KEY_COUNT + PACS_ADDED_MAX + 1];
};

/* Fill x->fields; names of added ones are borrowed from x->q. */
void find_fields_fill(struct ctx *x);

/* Each answers the question of x on standard output and counts in x->tally.
 * Errors are the index's; what it cannot be asked for ends the program. */
enum pacs_err find_list(struct pacs_error *err, struct ctx *x);
enum pacs_err find_count(struct pacs_error *err, struct ctx *x);
enum pacs_err find_tally(struct pacs_error *err, struct ctx *x);

#endif
