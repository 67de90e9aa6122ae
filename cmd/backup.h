/*
 * What the files of pacs-backup share: what was asked, the fields of its
 * records, and one function for each verb.
 */
#ifndef CMD_BACKUP_H
#define CMD_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "backup/backup.h"
#include "cli/cli.h"
#include "fixity/fixity.h"

/* Filled by the options; read only, later. */
struct backup_flags {
	const char *repo, *identity, *output, *max_time, *sample, *max_age,
	    *metrics, *hold;
	struct cli_list recipients;
	uint64_t level, pack_size, rate, snapshot, studies;
	uint64_t daily, weekly, monthly, yearly;
	bool read_data, against;
};
extern struct backup_flags flags;

enum field {
	F_NUMBER,
	F_BEGAN,
	F_ENDED,
	F_COMPLETE,
	F_OBJECTS,
	F_BYTES,
	F_STORED,
	F_MISSED,
	F_ALL_OBJECTS,
	F_ALL_BYTES,
	F_POSITION,
	F_NAME,
	F_KIND,
	F_SIZE,
	F_SHA256,
	F_FAULT,
	F_DETAIL,
	F_ALL_PACKS,
	F_AGE,
	F_COUNT
};
extern const struct cli_field backup_fields[F_COUNT + 1];

struct ctx {
	struct pacs_repo *r;
	struct pacs_archive *ar;
	struct cli_records *records;
	struct cli_tally tally;
	char **operands;
	uint64_t deadline_ms; /* 0 = none */
};

/* -r, else PACS_BACKUP_REPO, else wrong usage. */
const char *backup_repo_name(void);
/* Opens c->r, or ends the program. */
void backup_open(struct ctx *c);
/* Tells it; it decides the status. */
void backup_fail(struct ctx *c, const struct pacs_error *err);
bool backup_stopped(void *c);
struct pacs_backup_hooks backup_hooks(struct ctx *c);

/* The numbers of a snapshot as texts, and the record of them. */
struct numbers {
	char number[12], objects[24], bytes[24], stored[24], missed[24],
	    all_objects[24], all_bytes[24], all_packs[24], position[64];
};
void backup_fill(const struct pacs_backup_snapshot *s, struct numbers *n,
		 const char *values[F_COUNT]);
/* A finding in what was restored: fails the run. */
void backup_restored_finding(void *c, const struct pacs_fixity_finding *f);

void backup_create(struct ctx *c);
void backup_list(struct ctx *c);
void backup_show(struct ctx *c);
void backup_verify(struct ctx *c);
void backup_restore(struct ctx *c);
void backup_drill(struct ctx *c);
void backup_prune(struct ctx *c);
void backup_copy(struct ctx *c);
void backup_status(struct ctx *c);

#endif
