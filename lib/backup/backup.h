/*
 * Backups: an archive's objects and ledger in immutable packs, the cost of a
 * night being what is new since the last one (pacs-backup(5) is the format).
 *
 * Knows the archive, and where a repository is: a folder, or a remote of the
 * program rclone; encrypts by the program age. Must not know options, nor what
 * is printed. A repository handle is used by one thread.
 *
 * Invariants: a pack is durable before a snapshot names it; what a snapshot
 * says is in the backup was read and had its recorded digest; a pack never
 * changes.
 */
#ifndef PACS_BACKUP_BACKUP_H
#define PACS_BACKUP_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/archive.h"
#include "archive/ledger.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"

struct pacs_repo;

/*
 * Open a repository: a folder, or "rclone:REMOTE:PATH". identity: a file with
 * age identities, or NULL. PACS_ENOTFOUND: there is none; PACS_EFORMAT,
 * PACS_EINTEGRITY: its marker is none, or damaged; PACS_EUNSUPPORTED: of a
 * newer format.
 */
enum pacs_err pacs_repo_open(struct pacs_error *err, const char *where,
			     const char *identity,
			     struct pacs_repo **ret_r) PACS_MUST_CHECK;
/* The same; where there is none, and nothing else, one is made for that
 * archive, encrypted if there are recipients. PACS_EEXISTS: something else is
 * there; PACS_EUSAGE: it is there with other recipients. */
enum pacs_err pacs_repo_make(struct pacs_error *err, const char *where,
			     const char *identity, const char *archive_uuid,
			     const char *const *recipients, size_t count,
			     struct pacs_repo **ret_r) PACS_MUST_CHECK;
void pacs_repo_close(struct pacs_repo *r); /* NULL is fine */
/* Is a repository meant by that? A remote is not asked. */
bool pacs_repo_is_at(const char *where);
/* Encrypted, and without an identity: only digests can be compared. */
bool pacs_repo_is_closed(const struct pacs_repo *r);

/* A file of a snapshot. */
struct pacs_backup_file {
	char name[64]; /* "packs/000012/00001.tar.zst" */
	char sha256[PACS_SHA256_HEX];
	char kind[8]; /* ledger, objects, groups, list */
	uint64_t size, raw, objects;
};

/* Told while something runs, on the caller's thread; each may be NULL. */
struct pacs_backup_hooks {
	void *ctx;
	/* An object that is recorded and not in the backup now: its bytes are
	 * damaged or missing. why: a word. */
	void (*missed)(void *ctx, const char *path, const char *why);
	void (*progress)(void *ctx, uint64_t objects, uint64_t bytes);
	/* True: stop now; what was recorded as done is gone on from. */
	bool (*stopped)(void *ctx);
	/* True: the time is over: begin nothing new, but finish what is at
	 * hand. NULL: there is no end to it. */
	bool (*time_over)(void *ctx);
};

struct pacs_backup_options {
	unsigned jobs;      /* threads; 0 = 1 */
	int level;          /* of zstd; 0 = 1, of texts 3 */
	uint64_t pack_size; /* bytes; 0 = 128 MiB */
	uint64_t rate;      /* bytes read a second; 0 = as fast as can be */
};

struct pacs_backup_tally {
	unsigned number;         /* of the snapshot */
	uint64_t objects, bytes; /* packed by this run */
	uint64_t stored;         /* bytes of the packs */
	uint64_t packs;
	uint64_t missed; /* recorded, and could not be packed */
	bool complete;   /* all that is on record was looked at */
};

/*
 * Back up what is new since the last snapshot. ar must be open for writing: its
 * active ledger segment is sealed. Anything may write to it meanwhile.
 * PACS_ECONFLICT: the ledger does not hold the last snapshot's state;
 * PACS_EBUSY: another run. What was recorded before an error stays, and the
 * next run goes on behind it.
 */
enum pacs_err pacs_backup_create(struct pacs_error *err, struct pacs_repo *r,
				 struct pacs_archive *ar,
				 const struct pacs_backup_options *o,
				 const struct pacs_backup_hooks *hooks,
				 struct pacs_backup_tally *ret) PACS_MUST_CHECK;
/* The whole archive as one pack to a descriptor, which stays open. What becomes
 * of the bytes there is the caller's business. */
enum pacs_err pacs_backup_stream(struct pacs_error *err, int fd,
				 struct pacs_archive *ar,
				 const char *const *recipients, size_t count,
				 const struct pacs_backup_options *o,
				 const struct pacs_backup_hooks *hooks,
				 struct pacs_backup_tally *ret) PACS_MUST_CHECK;

/* --- looking -------------------------------------------------------------- */

/* Strings are borrowed until the callback returns. */
struct pacs_backup_snapshot {
	unsigned number;
	const char *began, *ended;
	bool complete;
	struct pacs_cursor at;   /* state of the archive that it holds */
	uint64_t objects, bytes; /* added by it */
	uint64_t stored, packs;  /* its files that hold them */
	uint64_t missed;
	uint64_t all_objects, all_bytes, all_packs; /* with all before */
	const struct pacs_backup_file *files;
	size_t file_count;
};
typedef void pacs_backup_snapshot_fn(void *ctx,
				     const struct pacs_backup_snapshot *s);
/* Snapshots in order; number 0: all. PACS_ENOTFOUND: no such one. */
enum pacs_err pacs_backup_list(struct pacs_error *err, struct pacs_repo *r,
			       unsigned number, pacs_backup_snapshot_fn *fn,
			       void *ctx) PACS_MUST_CHECK;

/* --- restoring ------------------------------------------------------------ */

struct pacs_restore_tally {
	unsigned number; /* of the snapshot */
	uint64_t objects, bytes, studies;
	uint64_t failed; /* told by missed: damaged in the repository */
	uint64_t read;   /* bytes of packs that were read */
};
/* The whole archive into a new folder, as of a snapshot (0: the last). It gets
 * an epoch line: a new life of the archive. Durable; before that it is no
 * archive. PACS_EEXISTS: something is there. */
enum pacs_err
pacs_backup_restore(struct pacs_error *err, struct pacs_repo *r,
		    unsigned number, const char *to,
		    const struct pacs_backup_hooks *hooks,
		    struct pacs_restore_tally *ret) PACS_MUST_CHECK;
/* What is wanted of all studies: conditions as in pacs-query(7) on the keys of
 * a study. Files go to "to/STUDY/SERIES/SOP.dcm", never over something; or into
 * an archive, if "to" is one. Durable. */
enum pacs_err
pacs_backup_restore_some(struct pacs_error *err, struct pacs_repo *r,
			 unsigned number, char *const *conditions,
			 const char *to, const struct pacs_backup_hooks *hooks,
			 struct pacs_restore_tally *ret) PACS_MUST_CHECK;

/* --- proving -------------------------------------------------------------- */

/* B(name, word, meaning): what can be wrong. Listed in pacs-backup(1). */
#define PACS_BACKUP_FAULTS(B)                                                 \
	B(CHAIN, "chain", "a snapshot is damaged, missing or not the next")   \
	B(MISSING, "missing", "a file that a snapshot names is not there")    \
	B(DAMAGED, "damaged", "the bytes of a file are not those it names")   \
	B(UNREADABLE, "unreadable", "a file could not be read or opened")     \
	B(LEDGER, "ledger", "the ledger in the packs does not continue")      \
	B(UNCOVERED, "uncovered", "recorded, and in no pack with its digest") \
	B(SURPLUS, "surplus", "in the backup, and not recorded as there")     \
	B(FORK, "fork", "the archive never had the last snapshot's state")
enum pacs_backup_fault {
#define B(name, word, meaning) PACS_BACKUP_##name,
	PACS_BACKUP_FAULTS(B)
#undef B
	    PACS_BACKUP_FAULT_COUNT
};
const char *pacs_backup_fault_word(enum pacs_backup_fault fault);

struct pacs_backup_check {
	bool read_data;      /* read every file of it, and every object */
	unsigned sample_ppm; /* of a million packs so many; 0 = all */
	unsigned jobs;
	/* Compare with this archive instead of with the ledger in the packs. */
	const struct pacs_archive *against;
};
struct pacs_backup_check_hooks {
	void *ctx;
	/* name: a file of the repository, or a path in the archive. Calls come
	 * one at a time. */
	void (*finding)(void *ctx, enum pacs_backup_fault fault,
			const char *name, const char *detail);
	void (*progress)(void *ctx, uint64_t objects, uint64_t bytes);
	bool (*stopped)(void *ctx);
};
struct pacs_backup_check_tally {
	unsigned snapshots;
	uint64_t files, files_read, bytes_read, objects_read;
	uint64_t covered;  /* objects that are recorded and in a pack */
	bool digests_only; /* encrypted, and no identity */
};
/* Look at a repository. Findings are told, not returned; nothing is changed. */
enum pacs_err
pacs_backup_verify(struct pacs_error *err, struct pacs_repo *r,
		   const struct pacs_backup_check *o,
		   const struct pacs_backup_check_hooks *hooks,
		   struct pacs_backup_check_tally *ret) PACS_MUST_CHECK;

/* Study Instance UIDs for a rehearsal: the newest study, then up to count - 1
 * others by lot. Caller frees each and the list with free(). */
enum pacs_err pacs_backup_draw(struct pacs_error *err, struct pacs_repo *r,
			       size_t count, char ***ret_uids,
			       size_t *ret_count) PACS_MUST_CHECK;

/* Single objects, for a repair. */
struct pacs_backup_source;
enum pacs_err
pacs_backup_source_open(struct pacs_error *err, const char *where,
			const char *identity,
			struct pacs_backup_source **ret_s) PACS_MUST_CHECK;
void pacs_backup_source_close(struct pacs_backup_source *s); /* NULL is fine */
/* An object with that digest, in a file without a name; false if the last
 * snapshot has none. Caller closes. */
bool pacs_backup_source_find(struct pacs_backup_source *s, const char *path,
			     const char *sha256, int *ret_fd,
			     uint64_t *ret_size);

/* --- keeping house -------------------------------------------------------- */

struct pacs_prune {
	/* The last snapshot of so many days, weeks (ISO 8601), months, years
	 * (UTC); the last of all is always kept. */
	unsigned daily, weekly, monthly, yearly;
	/* Studies whose packs are never removed. */
	char *const *hold;
	size_t hold_count;
	bool dry_run;
};
struct pacs_prune_tally {
	unsigned kept, dropped; /* snapshots */
	uint64_t packs, bytes;  /* removed */
	bool packs_unknown;     /* encrypted, and no identity: none removed */
};
/*
 * Drop snapshots, and remove packs that hold nothing that a kept one needs.
 * tell (may be NULL) names each, "snapshot" or "pack", before it goes.
 * PACS_ECONFLICT: a clock went backwards or far ahead; nothing is done.
 */
enum pacs_err
pacs_backup_prune(struct pacs_error *err, struct pacs_repo *r,
		  const struct pacs_prune *p,
		  void (*tell)(void *ctx, const char *what, const char *name),
		  void *ctx, struct pacs_prune_tally *ret) PACS_MUST_CHECK;

/* Copy to another repository what it does not have; as it is, encrypted or not,
 * each file with its digest. *ret_files, *ret_bytes were copied. Each file is
 * durable before a snapshot that names it; a run that was stopped is gone on
 * with by the next. */
enum pacs_err pacs_backup_copy(struct pacs_error *err, struct pacs_repo *r,
			       const char *to,
			       const struct pacs_backup_hooks *hooks,
			       uint64_t *ret_files,
			       uint64_t *ret_bytes) PACS_MUST_CHECK;

/* Seconds since 1970 of a time as snapshots have it; -1 if it is none. */
int64_t pacs_backup_seconds(const char *time);

#endif
