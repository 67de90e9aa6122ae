/*
 * Bringing objects into an archive so that an acknowledgement can be trusted.
 *
 *   stage      bytes into incoming/W/<sha256>, hashed while written
 *   barrier    what was staged (and placed) is on stable storage
 *   place      a name in objects/ or quarantine/, a line in the ledger
 *   barrier    names and lines are on stable storage
 *   settle     acknowledged: the incoming name goes
 *
 * Invariants: a name in objects/ implies whole bytes (place only what a barrier
 * covered); an acknowledgement implies the second barrier; the incoming name
 * outlives it. The barrier behind one batch can be the one before the next.
 * Staging may be done by many threads; all else by one. A writer that dies is
 * recovered by the next program that opens the archive.
 */
#ifndef PACS_ARCHIVE_WRITER_H
#define PACS_ARCHIVE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/archive.h"
#include "archive/ledger.h"
#include "base/digest.h"
#include "base/error.h"

struct pacs_writer;

/* ar must be open for writing and outlive the writer. */
enum pacs_err pacs_writer_open(struct pacs_error *err, struct pacs_archive *ar,
			       struct pacs_writer **ret_w) PACS_MUST_CHECK;
/* Staged objects that were not settled are dropped, unless a barrier failed:
 * then they stay for recovery. NULL is fine. */
void pacs_writer_close(struct pacs_writer *w);

/* Is there room for size more bytes above the floor? PACS_ENOSPC. Threads. */
enum pacs_err pacs_writer_room(struct pacs_error *err, struct pacs_writer *w,
			       uint64_t size_bytes) PACS_MUST_CHECK;

enum pacs_placed {
	PACS_PLACED_NOT,        /* not yet */
	PACS_PLACED_OBJECT,     /* named in objects/ */
	PACS_PLACED_TAKEN,      /* another object has the name; nothing done */
	PACS_PLACED_PURGED,     /* was purged before; nothing done */
	PACS_PLACED_REPAIR,     /* took the place of a damaged object */
	PACS_PLACED_REPLACE,    /* took the place of another object */
	PACS_PLACED_QUARANTINE, /* in quarantine now */
	PACS_PLACED_QUARANTINED_BEFORE, /* same bytes are there already */
	PACS_PLACED_LINE, /* no new name; only a line is to be appended */
};

/* One object on its way. Caller allocates, zeroed; fields are filled by the
 * calls. */
struct pacs_staged {
	struct pacs_triple triple; /* set by the caller before placing */
	char sha256[PACS_SHA256_HEX];
	uint64_t size;
	char name[PACS_SHA256_HEX + 16]; /* in incoming/W; "" = not staged */
	enum pacs_placed placed;
	char reason[24];    /* of quarantine */
	char extra[256];    /* key=value[\tkey=value] for the line, or "" */
	const char *origin; /* borrowed; NULL = "file" */
	bool given_uids;    /* the triple is not what the bytes say */
	bool was_purged;    /* comes back after a purge */
	/* Of what holds the place already, for PACS_PLACED_LINE. */
	char have_sha256[PACS_SHA256_HEX];
	uint64_t have_size;
};

/* Stage a whole object from memory. head (may be NULL, head_size 0) is put
 * before the bytes: the Part 10 header of an object that came without.
 * Errors leave nothing behind. Threads. */
enum pacs_err pacs_stage_memory(struct pacs_error *err, struct pacs_writer *w,
				const void *head, size_t head_size,
				const void *bytes, size_t size,
				struct pacs_staged *st) PACS_MUST_CHECK;

/* Stage piece by piece. Threads, each with its own stream. */
struct pacs_stage_stream;
enum pacs_err
pacs_stage_begin(struct pacs_error *err, struct pacs_writer *w,
		 struct pacs_stage_stream **ret_s) PACS_MUST_CHECK;
enum pacs_err pacs_stage_add(struct pacs_error *err,
			     struct pacs_stage_stream *s, const void *bytes,
			     size_t size) PACS_MUST_CHECK;
/* The file so far, for reading (pread). Borrowed. */
int pacs_stage_fd(const struct pacs_stage_stream *s);
/* Ends and frees the stream; on error nothing is left. */
enum pacs_err pacs_stage_end(struct pacs_error *err,
			     struct pacs_stage_stream *s,
			     struct pacs_staged *st) PACS_MUST_CHECK;
void pacs_stage_abort(struct pacs_stage_stream *s); /* NULL is fine */
/* Stage from a regular file by sharing its blocks where the file system can,
 * else by copying; what landed is hashed. Threads. */
enum pacs_err pacs_stage_file(struct pacs_error *err, struct pacs_writer *w,
			      const void *head, size_t head_size, int fd,
			      uint64_t size,
			      struct pacs_staged *st) PACS_MUST_CHECK;

/* Drop a staged object that will not be placed. */
void pacs_stage_drop(struct pacs_writer *w, struct pacs_staged *st);
/* A staged object for reading. Caller closes. Threads. */
enum pacs_err pacs_stage_open(struct pacs_error *err,
			      const struct pacs_writer *w,
			      const struct pacs_staged *st,
			      int *ret_fd) PACS_MUST_CHECK;

/* Are the UIDs that it is to be filed under those that its bytes say? If not,
 * its line will say that they were given. Who read the triple from the bytes
 * need not ask. */
void pacs_stage_ask_uids(const struct pacs_writer *w, struct pacs_staged *st);

/*
 * Everything staged and placed before this call is on stable storage when it
 * returns PACS_OK. After a failure the writer is spoiled: every later call
 * fails, and recovery will look at what it left.
 */
enum pacs_err pacs_writer_barrier(struct pacs_error *err,
				  struct pacs_writer *w) PACS_MUST_CHECK;

/* Name a staged object that a barrier covered; st->placed says what came of
 * it. With again, a purged one may come back. */
enum pacs_err pacs_place_object(struct pacs_error *err, struct pacs_writer *w,
				struct pacs_staged *st,
				bool again) PACS_MUST_CHECK;
/* Put it in the place of what is there, whose bytes go to quarantine with the
 * given reason ("damaged", "replaced"). */
enum pacs_err pacs_place_over(struct pacs_error *err, struct pacs_writer *w,
			      struct pacs_staged *st,
			      enum pacs_placed how) PACS_MUST_CHECK;
/* Set it aside with a reason, one word: "no-uids", "unsafe-uids", "conflict",
 * "purged", ... detail: a sentence without patient data, or NULL. */
enum pacs_err pacs_place_quarantine(struct pacs_error *err,
				    struct pacs_writer *w,
				    struct pacs_staged *st, const char *reason,
				    const char *detail) PACS_MUST_CHECK;
/*
 * An object that is there already (PACS_PLACED_TAKEN and found to be the
 * same): is its line surely in the ledger and durable? If some writer, dead or
 * alive, may still owe it, st->placed becomes PACS_PLACED_LINE and the line
 * is appended with the rest. Its barrier must begin after this call.
 */
enum pacs_err pacs_place_duplicate(struct pacs_error *err,
				   struct pacs_writer *w,
				   struct pacs_staged *st) PACS_MUST_CHECK;

/* An object in its place that has no line: st->placed becomes PACS_PLACED_LINE,
 * with the digest of what is there. Its barrier must begin after this call. */
enum pacs_err pacs_place_orphan(struct pacs_error *err, struct pacs_writer *w,
				struct pacs_staged *st) PACS_MUST_CHECK;

/* Append a line for each that was placed. One lock, one write. PACS_EBUSY
 * after 30 s. On failure no line is left; names are, for recovery. */
enum pacs_err pacs_writer_append(struct pacs_error *err, struct pacs_writer *w,
				 struct pacs_staged *const *sts,
				 size_t count) PACS_MUST_CHECK;
/* After the barrier behind append: remove the incoming names. */
enum pacs_err pacs_writer_settle(struct pacs_error *err, struct pacs_writer *w,
				 struct pacs_staged *const *sts,
				 size_t count) PACS_MUST_CHECK;

/* Remove an object on purpose: recorded durably first, then unlinked, a mark
 * left in purged/. why goes to the ledger (percent-encoded). */
enum pacs_err pacs_writer_purge(struct pacs_error *err, struct pacs_writer *w,
				const struct pacs_triple *const *triples,
				size_t count, const char *why) PACS_MUST_CHECK;

/* Of an archive that was put together from its ledger and objects: the marks of
 * what is on record as purged, and not as stored again. Not durable yet. */
enum pacs_err
pacs_archive_remake_marks(struct pacs_error *err,
			  const struct pacs_archive *ar) PACS_MUST_CHECK;

#endif
