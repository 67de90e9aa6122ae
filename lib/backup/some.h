/*
 * Restoring what was asked for: what some.c and some-archive.c share. Internal
 * to this room.
 */
#ifndef PACS_BACKUP_SOME_H
#define PACS_BACKUP_SOME_H

#include "archive/writer.h"
#include "backup/entry.h"
#include "backup/packing.h"
#include "backup/restore.h"
#include "query/query.h"

enum { SOME_BATCH = 256 };

struct some {
	struct pacs_repo *r;
	const struct pacs_backup_hooks *hooks;
	struct pacs_restore_tally *tally;
	struct pacs_query query;
	char (*keys)[KEY_ROOM]; /* studies that match */
	size_t count, cap;
	/* into a folder */
	const char *to;
	int dirfd;
	char last_dir[PACS_PATH_ROOM];
	/* into an archive */
	struct pacs_archive *ar;
	struct pacs_writer *w;
	struct pacs_staged batch[SOME_BATCH];
	size_t batch_count;
};

/* Stage the entry at hand. It has its place and its line when its batch, which
 * this may do, has ended. */
enum pacs_err some_into_archive(struct pacs_error *err, struct some *s,
				struct unpack *u,
				const struct entry *e) PACS_MUST_CHECK;
/* Durable when it returns PACS_OK; what holds another's place is counted and
 * told, and is no error. */
enum pacs_err some_end_batch(struct pacs_error *err,
			     struct some *s) PACS_MUST_CHECK;

#endif
