/*
 * Shared by the files that make a night; part of this room's inside.
 */
#ifndef PACS_BACKUP_NIGHT_H
#define PACS_BACKUP_NIGHT_H

#include "backup/packing.h"

struct night {
	struct pacs_repo *r; /* NULL: a stream */
	struct pacs_archive *ar;
	const struct pacs_backup_options *o;
	const struct pacs_backup_hooks *hooks;
	struct snapshot base; /* the last whole one; number 0: none */
	struct snapshot now;  /* that is being made */
	bool resumed;
	bool wrote_partial;
	struct packer packer;
	unsigned part;
	struct pacs_cursor end; /* sealed: as far as this run goes */
	size_t confirmed;       /* files that were seen to be there */
	/* Digests released from quarantine behind a window, by their first 8
	 * bytes; read as far as late_at. */
	struct pacs_cursor late_at;
	uint64_t *late;
	size_t late_count, late_cap;
	bool late_begun;
};

/* begin.c: from the last snapshot, and from a partial one if there is one. */
enum pacs_err night_begin(struct pacs_error *err,
			  struct night *n) PACS_MUST_CHECK;
void night_begin_new(struct night *n);
/* Files of this snapshot that nobody names, and those on their way. */
enum pacs_err night_sweep(struct pacs_error *err,
			  struct night *n) PACS_MUST_CHECK;

/* small.c: have the marker, the address book or amendments changed? */
enum pacs_err night_small_news(struct pacs_error *err, struct night *n,
			       bool *ret) PACS_MUST_CHECK;
/* The segments that are sealed and in no pack yet, and these small files if
 * they have changed. */
enum pacs_err night_pack_ledger(struct pacs_error *err,
				struct night *n) PACS_MUST_CHECK;

/* settle.c: what the packer could not pack, of a window that ends at to, is
 * told and owed, or the ledger says why it is gone. */
enum pacs_err night_settle(struct pacs_error *err, struct night *n,
			   const struct pacs_cursor *to) PACS_MUST_CHECK;

#endif
