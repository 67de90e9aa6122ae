/*
 * Proving that nothing is lost: objects, ledger and folders against each other
 * (pacs-verify(1)), without printing.
 *
 * What should be there comes from the ledger alone, never from an index. Memory
 * is flat: the ledger is spooled to a temporary file in buckets of shards, and
 * one bucket is in memory at a time. Must not know options or SQL.
 */
#ifndef PACS_FIXITY_FIXITY_H
#define PACS_FIXITY_FIXITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/archive.h"
#include "archive/ledger.h"
#include "base/error.h"

#define PACS_SHARDS 4096 /* objects/000 to objects/fff */

/* F(name, word, meaning): what can be wrong. Listed in pacs-verify(1). */
#define PACS_FAULTS(F)                                                       \
	F(LEDGER, "ledger", "a line or segment does not continue the chain") \
	F(MISSING, "missing", "recorded, and not in its place")              \
	F(DAMAGED, "damaged", "the bytes are not those recorded")            \
	F(TRUNCATED, "truncated", "ends before its data set or pixels do")   \
	F(UIDS, "uids", "its UIDs are not those of its place")               \
	F(ORPHAN, "orphan", "in objects/ without a line in the ledger")      \
	F(PURGED, "purged-present", "purged, and still in its place")        \
	F(MISPLACED, "misplaced", "in objects/ under no object's name")      \
	F(MODE, "mode", "others may write it, or its owner does not own it") \
	F(QUARANTINE, "quarantine", "set aside, and not there or damaged")   \
	F(MARK, "mark", "purged/ says something else than the ledger")       \
	F(FOLDER, "folder", "a part of the archive that programs need")      \
	F(MARKER, "marker", "the marker names another archive")              \
	F(INDEX, "index", "the index says something else than the ledger")   \
	F(DOUBLED, "doubled", "its SOP Instance UID stands elsewhere too")   \
	F(UNREADABLE, "unreadable", "could not be read, so nothing is known")

enum pacs_fault {
#define F(name, word, meaning) PACS_FAULT_##name,
	PACS_FAULTS(F)
#undef F
	    PACS_FAULT_COUNT
};
/* "ledger", "missing", ... Static. */
const char *pacs_fault_word(enum pacs_fault fault);

/* Damage counts for an exit status; what is only worth knowing does not, and
 * of what could not be read nothing is known. */
bool pacs_fault_is_damage(enum pacs_fault fault);

/* Strings are borrowed until the callback returns; "" where unknown. */
struct pacs_fixity_finding {
	enum pacs_fault fault;
	const char *path;                 /* relative to the archive */
	const struct pacs_triple *triple; /* all "" for what is no object */
	const char *expected;             /* digest, size, ... as recorded */
	const char *found;
};

struct pacs_fixity_options {
	bool quick;          /* names and sizes; no object is opened */
	unsigned jobs;       /* threads that read; at least 1 */
	uint64_t rate_bytes; /* a second, in all; 0 = as fast as can be */
	/* Only objects recorded at or after this UTC time ("2026-11"...);
	 * NULL: all. */
	const char *since;
	unsigned sample_ppm;  /* of a million objects so many; 0 = all */
	uint64_t sample_salt; /* another one gives another sample */
	/* Shards to look at; NULL: all. With a part only, what is not an
	 * object (ledger, quarantine) is looked at all the same. */
	const bool *shards;
	unsigned first_shard; /* begin there, and go round */
	/* Only objects that the caller wants; NULL: all. Any thread. */
	bool (*wants)(void *ctx, const struct pacs_triple *t);
	void *wants_ctx;
	/* A state that the ledger is known to have gone through; NULL: none. */
	const struct pacs_cursor *known;
	/* Hold the index against the ledger too, if there is one. It is brought
	 * up to date first. */
	bool index;
};

/* Calls come one at a time. */
struct pacs_fixity_hooks {
	void *ctx;
	void (*finding)(void *ctx, const struct pacs_fixity_finding *f);
	/* A shard has been looked at wholly; in about their order. May be NULL.
	 */
	void (*shard)(void *ctx, unsigned shard);
	/* Every recorded object that was wanted, before it is read, in the
	 * order of paths. NULL: not wanted. */
	void (*object)(void *ctx, const char *path, const char *sha256);
	/* Objects and bytes that were read. May be NULL. */
	void (*progress)(void *ctx, uint64_t objects, uint64_t bytes);
	/* True: stop at the next object. May be NULL. */
	bool (*stopped)(void *ctx);
};

struct pacs_fixity_tally {
	uint64_t lines;   /* of the ledger */
	uint64_t wanted;  /* objects on record, of those asked for */
	uint64_t objects; /* looked at */
	uint64_t bytes;   /* read */
	uint64_t findings[PACS_FAULT_COUNT];
	bool complete; /* nothing was left out by stopped */
	/* How far the ledger was read; segment 0 if it is broken or was not
	 * read to its end. */
	struct pacs_cursor ledger_end;
};

/*
 * Look at an archive. Findings are told, not returned. Errors are those that
 * make going on senseless: PACS_EIO no temporary space, PACS_EDENIED folders
 * that cannot be listed.
 */
enum pacs_err
pacs_fixity_check(struct pacs_error *err, const struct pacs_archive *ar,
		  const struct pacs_fixity_options *opts,
		  const struct pacs_fixity_hooks *hooks,
		  struct pacs_fixity_tally *ret_tally) PACS_MUST_CHECK;

#endif
