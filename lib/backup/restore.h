/*
 * Shared by the files that restore; part of this room's inside.
 */
#ifndef PACS_BACKUP_RESTORE_H
#define PACS_BACKUP_RESTORE_H

#include "backup/entry.h"
#include "backup/snapshot.h"

#define MARKER_AHEAD "pacs-archive.restored" /* until all else is there */

struct target {
	struct pacs_repo *r;
	const struct pacs_backup_hooks *hooks;
	struct pacs_restore_tally *tally;
	int dirfd;
	char last_dir[PACS_PATH_ROOM];
	struct pacs_cursor to; /* the state that is restored */
	bool kept; /* of a damaged entry there is a whole one, older */
	struct names unseen; /* recorded, and gone before they were read */
};
/* take.c: all of a pack. groups: the file that says where in it what is; NULL
 * if there is none. What is damaged is told, and the rest taken. */
enum pacs_err restore_pack(struct pacs_error *err, struct target *t,
			   const struct pacs_backup_file *f,
			   const char *groups) PACS_MUST_CHECK;
void restore_missed(struct target *t, const char *what, const char *why);

/* mkdir -p of the folder of path; last_dir remembers the last one. */
enum pacs_err restore_parents(struct pacs_error *err, int dirfd,
			      const char *path,
			      char last_dir[PACS_PATH_ROOM]) PACS_MUST_CHECK;
/* Is this error one of a file of the repository, not of the run? */
bool restore_goes_on(enum pacs_err rc);

/* Where the groups of each part are, oldest first. */
struct part {
	unsigned snapshot;
	char groups[NAME_ROOM];
};
struct parts {
	struct part *list;
	size_t count, cap;
	struct names removed; /* packs that are there no more */
};
enum pacs_err parts_read(struct pacs_error *err, struct pacs_repo *r,
			 unsigned number, struct parts *ret,
			 unsigned *ret_number) PACS_MUST_CHECK;
void parts_clear(struct parts *p);

/*
 * The objects of a study, newest first and each once, what is gone left out:
 * take is called when an entry begins, and reads it by unpack_data if it wants
 * it. A file of the repository that is damaged is told by broken, and the
 * others are read; what is not whole in one is taken from an older one if that
 * has the same bytes, else told by broken, too. *ret_read: bytes of packs that
 * were read.
 */
struct study_hooks {
	void *ctx;
	enum pacs_err (*take)(struct pacs_error *err, void *ctx,
			      struct unpack *u, const struct entry *e);
	void (*broken)(void *ctx, const char *name, const char *why);
};
enum pacs_err study_read(struct pacs_error *err, struct pacs_repo *r,
			 const struct parts *parts, const char *key,
			 const struct study_hooks *hooks,
			 uint64_t *ret_read) PACS_MUST_CHECK;

#endif
