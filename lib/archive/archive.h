/*
 * The archive directory (pacs-archive(5)): the marker, where an object lives,
 * who may change what. The ledger is in ledger.h, changes are in writer.h,
 * quarantine.h.
 *
 * Knows files and UIDs; must not know SQL, questions, or where objects come
 * from. An archive handle is used by one thread, except where a call says
 * otherwise; open as many handles as you like.
 */
#ifndef PACS_ARCHIVE_ARCHIVE_H
#define PACS_ARCHIVE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

/* 128 bytes that pacs_uid_is_safe allows, and NUL */
#define PACS_UID_ROOM 129

/* What identifies an object: all three together. */
struct pacs_triple {
	char study[PACS_UID_ROOM];
	char series[PACS_UID_ROOM];
	char instance[PACS_UID_ROOM];
};

/* Room for "objects/ab3/STUDY/SERIES/SOP.dcm" and the like. */
#define PACS_PATH_ROOM 448

struct pacs_archive;

struct pacs_settings {
	char uuid[37];     /* of this archive */
	char created[28];  /* UTC */
	const char *index; /* where index.db lives; NULL: in the archive */
	/* IssuerOfPatientID for those without; "". */
	const char *default_issuer;
	const char *timezone; /* "Europe/Berlin"; "" = the machine's */
	uint64_t floor_bytes; /* free space that is kept; 0 = min(1 GiB, 2 %) */
	/* Attributes that the index knows besides its own, a line each: values
	 * of index-key (pacs-archive(5)); "". */
	const char *index_keys;
	/* Keys of the marker that this version does not know: of a newer one,
	 * or misspelt. Separated by ", "; "". */
	const char *unknown;
};

/* Make an empty archive in an absent or empty folder. index, default_issuer,
 * timezone and floor_bytes of s are used. Durable when it returns.
 * PACS_EEXISTS: the folder is not empty, is an archive already, or lies in
 * one. */
enum pacs_err
pacs_archive_create(struct pacs_error *err, const char *path,
		    const struct pacs_settings *s) PACS_MUST_CHECK;

enum pacs_archive_mode {
	PACS_ARCHIVE_READ,  /* nothing is changed, except by recovery */
	PACS_ARCHIVE_WRITE, /* PACS_EDENIED if this user may not */
};

/*
 * Open an archive. If a writer died, what it left is recovered first, when
 * this user may (pacs_archive_recovery says what was done). Errors:
 * PACS_ENOTFOUND no archive there; PACS_EUNSUPPORTED a newer format or a
 * required feature that is unknown (compatible ones are ignored).
 */
enum pacs_err pacs_archive_open(struct pacs_error *err, const char *path,
				enum pacs_archive_mode mode,
				struct pacs_archive **ret_ar) PACS_MUST_CHECK;
void pacs_archive_close(struct pacs_archive *ar); /* NULL is fine */

const struct pacs_settings *
pacs_archive_settings(const struct pacs_archive *ar);
/* The marker's index_keys as they are now: another program may have changed
 * them since the archive was opened. free() *ret. */
enum pacs_err pacs_archive_index_keys(struct pacs_error *err,
				      const struct pacs_archive *ar,
				      char **ret) PACS_MUST_CHECK;
/* Add a line to them (one of the same name is PACS_EEXISTS), or remove the one
 * whose first word is name (PACS_ENOTFOUND). The marker is replaced at once and
 * durable; what ar has of it stays as it was. */
enum pacs_err pacs_archive_add_index_key(struct pacs_error *err,
					 const struct pacs_archive *ar,
					 const char *line) PACS_MUST_CHECK;
enum pacs_err pacs_archive_drop_index_key(struct pacs_error *err,
					  const struct pacs_archive *ar,
					  const char *name) PACS_MUST_CHECK;
/* As given, made absolute. Thread-safe, borrowed. */
const char *pacs_archive_path(const struct pacs_archive *ar);
/* The folder, for openat of object paths. Thread-safe. */
int pacs_archive_dirfd(const struct pacs_archive *ar);

/* What recovery did when the archive was opened. */
struct pacs_recovery {
	unsigned writers;   /* dead writers cleaned up after */
	uint64_t relinked;  /* recorded objects put back in their place */
	uint64_t adopted;   /* whole objects that had no line */
	uint64_t voided;    /* lines whose object never became durable */
	uint64_t swept;     /* incoming files that nobody was promised */
	uint64_t cut_bytes; /* torn tail of the ledger */
	uint64_t purged;    /* recorded purges completed */
};
const struct pacs_recovery *
pacs_archive_recovery(const struct pacs_archive *ar);

/* All three are safe names (dicom/uid.h). */
bool pacs_triple_is_safe(const struct pacs_triple *t);
/* "objects/ab3/STUDY/SERIES/SOP.dcm", relative to the archive. */
void pacs_object_path(const struct pacs_triple *t, char ret[PACS_PATH_ROOM]);
/* The reverse; false if it is no such path or the shard does not fit. */
bool pacs_object_triple(const char *path, struct pacs_triple *ret);
/* The object for reading; PACS_ENOTFOUND. Caller closes; ret_size may be NULL.
 * Thread-safe. */
enum pacs_err pacs_object_open(struct pacs_error *err,
			       const struct pacs_archive *ar,
			       const struct pacs_triple *t, int *ret_fd,
			       uint64_t *ret_size) PACS_MUST_CHECK;
/* Was this object purged (and not filed again)? Thread-safe. */
bool pacs_object_is_purged(const struct pacs_archive *ar,
			   const struct pacs_triple *t);

#endif
