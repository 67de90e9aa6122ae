/*
 * The ledger: an append-only record, in text, of what was stored and of every
 * later change (pacs-archive(5), "THE LEDGER").
 *
 * A line: UTC time, operation, Study, Series, SOP Instance UID, size, SHA-256,
 * origin, key=value ..., check; tab-separated, ended by a newline. The check is
 * the first 16 hex digits of SHA-256(check of the line before + the line up to
 * and without its last tab). Before the first line it is 16 zeros. Empty fields
 * are "-". No patient data, no source paths.
 */
#ifndef PACS_ARCHIVE_LEDGER_H
#define PACS_ARCHIVE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/archive.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"

#define PACS_CHECK_ROOM    17
#define PACS_SEGMENT_BYTES (64u << 20) /* a segment is sealed at this size */
#define PACS_LINE_MAX      4096        /* bytes, newline included */

/*
 * A place between two lines, and with its check a state of the archive:
 * segment number from 1, offset in bytes. {1, 0, zeros} is the beginning.
 */
struct pacs_cursor {
	uint32_t segment;
	uint64_t offset;
	char check[PACS_CHECK_ROOM];
};
#define PACS_CURSOR_START                \
	{                                \
		1, 0, "0000000000000000" \
	}

/* Does a stand before b? (In one ledger.) */
static inline bool
pacs_cursor_before(const struct pacs_cursor *a, const struct pacs_cursor *b)
{
	return a->segment != b->segment ? a->segment < b->segment
					: a->offset < b->offset;
}

enum pacs_op {
	PACS_OP_STORE,      /* the object is in its place */
	PACS_OP_ADOPT,      /* the same, found without a line */
	PACS_OP_QUARANTINE, /* set aside under its digest */
	PACS_OP_PURGE,      /* removed on purpose */
	PACS_OP_VOID,       /* the line before about this object is void */
	PACS_OP_EPOCH,      /* a new instance of the archive begins */
	PACS_OP_AMEND,      /* reserved */
	PACS_OP_REPLACE,    /* another object took the place; the old one is in
			       quarantine */
	PACS_OP_RELEASE, /* x-release: left quarantine (accepted or discarded)
			  */
	PACS_OP_OTHER,   /* x-*: skip. Any other unknown word stops a reader */
};
const char *pacs_op_name(enum pacs_op op);

/* One line. Strings are borrowed from the reader until its next call. */
struct pacs_ledger_line {
	const char *time;
	enum pacs_op op;
	const char *op_name;
	const char *study, *series, *instance; /* "" where the line has "-" */
	uint64_t size;
	const char *sha256;       /* hex, or "" */
	const char *origin;       /* "AE@host" or "file" */
	const char *extra;        /* "key=value\tkey=value", or "" */
	struct pacs_cursor at;    /* before this line */
	struct pacs_cursor after; /* behind it */
};
/* Value of a key of extra into buf; false if absent or too long. */
bool pacs_ledger_extra(const struct pacs_ledger_line *line, const char *key,
		       char *buf, size_t size);
/* Is the object in its place after this line (store, adopt, replace)? */
bool pacs_op_places(enum pacs_op op);

struct pacs_ledger_reader;

/* Read lines after a cursor (NULL: from the beginning), each with its check
 * verified. Keeps a reference to ar. The cursor must be one that
 * pacs_ledger_holds. */
enum pacs_err
pacs_ledger_open(struct pacs_error *err, const struct pacs_archive *ar,
		 const struct pacs_cursor *from,
		 struct pacs_ledger_reader **ret_r) PACS_MUST_CHECK;
/*
 * The next line, or *ret_line = NULL at the end (an unfinished line that a
 * writer is appending counts as the end; call again later). PACS_EINTEGRITY:
 * the chain is broken here; the message names segment and offset.
 * PACS_EUNSUPPORTED: an operation that this program must not skip.
 */
enum pacs_err
pacs_ledger_next(struct pacs_error *err, struct pacs_ledger_reader *r,
		 const struct pacs_ledger_line **ret_line) PACS_MUST_CHECK;
/* Where the reader stands: behind the last line that it returned. */
const struct pacs_cursor *
pacs_ledger_cursor(const struct pacs_ledger_reader *r);
void pacs_ledger_close(struct pacs_ledger_reader *r); /* NULL is fine */

/* Is there something behind this cursor? One or two stat calls. */
enum pacs_err pacs_ledger_has_more(struct pacs_error *err,
				   const struct pacs_archive *ar,
				   const struct pacs_cursor *c,
				   bool *ret_more) PACS_MUST_CHECK;
/* Does the cursor name a state that this ledger went through? Reads one line.
 */
enum pacs_err pacs_ledger_holds(struct pacs_error *err,
				const struct pacs_archive *ar,
				const struct pacs_cursor *c,
				bool *ret_holds) PACS_MUST_CHECK;
/* The state now: behind the last whole line. */
enum pacs_err pacs_ledger_tail(struct pacs_error *err,
			       const struct pacs_archive *ar,
			       struct pacs_cursor *ret_c) PACS_MUST_CHECK;

/*
 * For programs that look at the ledger as it is, broken or not.
 * pacs_ledger_parse takes a line (without newline) apart: strings point into
 * text, which is changed; at and after are not set; false if it is no line.
 * pacs_ledger_continues: does the line follow one with that check? Its own goes
 * to ret_check in any case, as it is written.
 */
bool pacs_ledger_parse(char *text, struct pacs_ledger_line *ret);
bool pacs_ledger_continues(struct pacs_digest *d, const char *previous,
			   const char *line, size_t len,
			   char ret_check[PACS_CHECK_ROOM]);
enum pacs_err pacs_ledger_segment_open(struct pacs_error *err,
				       const struct pacs_archive *ar,
				       uint32_t segment,
				       int *ret_fd) PACS_MUST_CHECK;
/* The number of segments, and their bytes in all. */
void pacs_ledger_extent(const struct pacs_archive *ar, uint32_t *ret_segments,
			uint64_t *ret_bytes);

/*
 * End the active segment, so that it never changes again: a backup packs it
 * once. Durable. *ret_end is the state now, the beginning of the next segment.
 * An active segment without lines stays. ar must be open for writing.
 * PACS_EBUSY after 30 s.
 */
enum pacs_err pacs_ledger_seal(struct pacs_error *err,
			       const struct pacs_archive *ar,
			       struct pacs_cursor *ret_end) PACS_MUST_CHECK;
/*
 * A new life of the archive begins, for it was restored: an epoch line with a
 * new UUID, "parent=" the state that it goes on from, and "restored=" the
 * snapshot, in a segment of its own. Behind it goes a purge line for each of
 * these objects (why: "purged while the backup ran"), which that state names
 * and the backup did not see any more. Durable. ar must be open for writing.
 */
enum pacs_err
pacs_ledger_begin_epoch(struct pacs_error *err, const struct pacs_archive *ar,
			unsigned snapshot, char *const *gone_paths,
			size_t count,
			struct pacs_cursor *ret_parent) PACS_MUST_CHECK;

/*
 * What the ledger says of one object now: digest and size that its place should
 * hold. Searches all segments, the newest first: slow for old objects.
 * PACS_ENOTFOUND: it is not recorded, or was purged or voided.
 */
enum pacs_err pacs_ledger_expect(struct pacs_error *err,
				 const struct pacs_archive *ar,
				 const struct pacs_triple *t,
				 char ret_sha256[PACS_SHA256_HEX],
				 uint64_t *ret_size) PACS_MUST_CHECK;

#endif
