/*
 * The text of a snapshot (snapshot.c) and all of them in order (chain.c).
 */
#ifndef PACS_BACKUP_SNAPSHOT_H
#define PACS_BACKUP_SNAPSHOT_H

#include "archive/ledger.h"
#include "backup/stream.h"

#define OWED_MAX 10000u /* more is a broken archive */

/* --- snapshot.c ----------------------------------------------------------- */

/* A text ends with the digest of itself. */
void text_seal(struct pacs_buf *b);
bool text_whole(const char *text, size_t len, size_t *ret_len);

struct snapshot {
	unsigned number;
	bool partial, dropped;
	char archive[37];
	char began[PACS_TIME_SIZE], ended[PACS_TIME_SIZE];
	struct pacs_cursor from, to, sealed;
	char previous[PACS_SHA256_HEX];  /* "" for the first */
	char small[PACS_SHA256_HEX];     /* digest of the small files */
	uint64_t objects, bytes, missed; /* of this one */
	uint64_t all_objects, all_bytes, all_packs; /* and all before */
	struct pacs_cursor *owed; /* before the lines of objects not packed */
	size_t owed_count;
	struct pacs_backup_file *files;
	size_t file_count, file_cap;
	char sha256[PACS_SHA256_HEX]; /* of its text, when read */
};
void snapshot_clear(struct snapshot *s);
struct pacs_backup_file *snapshot_add(struct snapshot *s);
void snapshot_owe(struct snapshot *s, const struct pacs_cursor *c);
void snapshot_format(const struct snapshot *s, struct pacs_buf *out);
/* "packs/000012/00001.tar.zst" and the like: where we may look for it. */
bool snapshot_names_file(const char *name);
enum pacs_err snapshot_parse(struct pacs_error *err, const char *text,
			     size_t len, struct snapshot *ret) PACS_MUST_CHECK;
enum pacs_err snapshot_read(struct pacs_error *err, struct pacs_repo *r,
			    const char *name,
			    struct snapshot *ret) PACS_MUST_CHECK;
/* The last whole one and the one that was begun behind it; numbers are 0 if
 * there is none. */
enum pacs_err snapshot_last(struct pacs_error *err, struct pacs_repo *r,
			    struct snapshot *ret_last,
			    struct snapshot *ret_partial) PACS_MUST_CHECK;

/* All of them in order, dropped ones too, each read when it is its turn. */
struct chain {
	struct names names; /* "snapshots/000001", "dropped/000002", ... */
	size_t next;
	struct snapshot now;
	struct names removed;         /* packs that prune took, sorted */
	char before[PACS_SHA256_HEX]; /* digest of the last one */
};
/* Up to that number; 0: all, with what is partial. */
enum pacs_err chain_open(struct pacs_error *err, struct pacs_repo *r,
			 unsigned last, struct chain *c) PACS_MUST_CHECK;
/* NULL at the end. PACS_EINTEGRITY: it does not follow the one before. */
enum pacs_err chain_next(struct pacs_error *err, struct pacs_repo *r,
			 struct chain *c,
			 const struct snapshot **ret_s) PACS_MUST_CHECK;
void chain_close(struct chain *c);
/* The packs that prune removed: the text "dropped/removed". */
enum pacs_err removed_read(struct pacs_error *err, struct pacs_repo *r,
			   struct names *out) PACS_MUST_CHECK;

#endif
