/*
 * What the files of this room share. Nobody else includes it.
 */
#ifndef PACS_ARCHIVE_INTERNAL_H
#define PACS_ARCHIVE_INTERNAL_H

#include <pthread.h>
#include <sys/types.h>

#include "archive/archive.h"
#include "archive/ledger.h"
#include "archive/writer.h"
#include "base/mem.h"

/* Modes before the umask: readable by the group, written by the owner. */
#define MODE_DIR    0750
#define MODE_OBJECT 0440
#define MODE_TEXT   0640

#define LOCK_WAIT_MS      30000u
#define MARKER            "pacs-archive"
#define MARKER_MAX        65536
#define MARKER_FIRST_LINE "pacs-archive 1\n"

enum marker_text {
	TEXT_INDEX,
	TEXT_ISSUER,
	TEXT_ZONE,
	TEXT_KEYS,
	TEXT_UNKNOWN,
	TEXT_COUNT
};

struct pacs_archive {
	char *path;
	int dirfd;
	bool writable;
	bool give_away; /* we are root, and the archive is somebody's */
	uid_t uid;
	gid_t gid;
	struct pacs_settings settings;
	char *texts[TEXT_COUNT]; /* what settings point to */
	struct pacs_recovery recovery;
};

/* A random UUID. */
void archive_new_uuid(char ret[37]);
/* Give what root made to the archive's owner; nothing for other users. */
enum pacs_err archive_give(struct pacs_error *err,
			   const struct pacs_archive *ar, int dirfd,
			   const char *path) PACS_MUST_CHECK;
/* mkdir -p of a path in the archive, each new folder given to the owner. */
enum pacs_err archive_mkdirs(struct pacs_error *err,
			     const struct pacs_archive *ar,
			     const char *path) PACS_MUST_CHECK;
/* Remove a name in the archive; fine if it is not there. */
enum pacs_err archive_unlink(struct pacs_error *err,
			     const struct pacs_archive *ar,
			     const char *path) PACS_MUST_CHECK;
/* "TOP/ab3/STUDY/SERIES/SOP" and the suffix; TOP of at most ten bytes. */
void archive_path_in(const char *top, const struct pacs_triple *t,
		     const char *suffix, char ret[PACS_PATH_ROOM]);

/* --- the chain ---------------------------------------------------------- */

/* check = hex16(SHA-256(previous check + text)). text without the last tab. */
void chain_check(struct pacs_digest *d, const char *previous, const char *text,
		 size_t len, char ret[PACS_CHECK_ROOM]);
/* A whole line (without newline) that continues previous? Gives its check. */
bool chain_continues(struct pacs_digest *d, const char *previous,
		     const char *line, size_t len, char ret[PACS_CHECK_ROOM]);
void segment_name(uint32_t segment, char ret[32]); /* "ledger/000001.tsv" */
/* The highest segment, from "at least" on; 0 if there is none. */
uint32_t segment_last(const struct pacs_archive *ar, uint32_t at_least);

/* --- appending ---------------------------------------------------------- */

/* The open ledger of a program that appends. */
struct ledger_tail {
	const struct pacs_archive *ar;
	int lock_fd;
	int fd;                 /* active segment, or -1 */
	struct pacs_cursor end; /* as far as it was verified */
	bool known;
	struct pacs_digest *digest;
};
/* Does the line that ends at c continue the chain? The ledger's start does. */
enum pacs_err ledger_last_fits(struct pacs_error *err,
			       const struct pacs_archive *ar,
			       const struct pacs_cursor *c,
			       struct pacs_digest *d,
			       bool *ret_fits) PACS_MUST_CHECK;
enum pacs_err tail_open(struct pacs_error *err, const struct pacs_archive *ar,
			struct ledger_tail *t) PACS_MUST_CHECK;
void tail_close(struct ledger_tail *t);
/* Lock, go to the end, cut what is torn behind the last good line. */
enum pacs_err tail_lock(struct pacs_error *err, struct ledger_tail *t,
			uint64_t *ret_cut) PACS_MUST_CHECK;
void tail_unlock(struct ledger_tail *t);
/* Under the lock: reserve space for so many lines, not yet written. */
enum pacs_err tail_reserve(struct pacs_error *err, struct ledger_tail *t,
			   size_t lines) PACS_MUST_CHECK;
/* Under the lock: append lines, each "text\n" without check, which is added.
 * On failure the segment is cut back. */
enum pacs_err tail_append(struct pacs_error *err, struct ledger_tail *t,
			  const struct pacs_buf *texts) PACS_MUST_CHECK;
/* Verify again from an earlier state (recovery); cut at the first bad line. */
enum pacs_err tail_verify(struct pacs_error *err, struct ledger_tail *t,
			  const struct pacs_cursor *from,
			  uint64_t *ret_cut) PACS_MUST_CHECK;
/* Make the ledger durable: every segment from that one on, and its folder. */
enum pacs_err tail_sync(struct pacs_error *err, struct ledger_tail *t,
			uint32_t from_segment) PACS_MUST_CHECK;

/* Under the lock: the active segment ends, durably, and the next begins. */
enum pacs_err tail_rotate(struct pacs_error *err,
			  struct ledger_tail *t) PACS_MUST_CHECK;

/* Format a line without check and newline. Empty strings become "-". */
void line_format(struct pacs_buf *out, const char *time, enum pacs_op op,
		 const struct pacs_triple *t, uint64_t size, const char *sha256,
		 const char *origin, const char *extra);
/* Append value with what a ledger field cannot hold percent-encoded. */
void line_encode(struct pacs_buf *out, const char *value, size_t max);
/* Take a line apart; strings point into text, which is changed. False if it
 * does not have the fields. */
bool line_parse(char *text, struct pacs_ledger_line *ret);

/* --- the writer --------------------------------------------------------- */

/* Names that changed since the last barrier. */
struct dirty {
	char **paths; /* files and folders to flush, relative to the archive */
	size_t count, cap;
	bool all; /* too many to flush one by one: the whole file system */
};

struct pacs_writer {
	struct pacs_archive *ar;
	char dir[64];  /* "incoming/W" */
	int dirfd;     /* of it */
	int lock_fd;   /* its lock, held as long as we live */
	char from[64]; /* name of the file that says where our lines begin */
	struct ledger_tail tail;
	pthread_mutex_t lock; /* guards what follows; staging is threaded */
	struct dirty dirty;
	bool flush_each;       /* since to flush all means nothing here */
	uint64_t staged_since; /* bytes since free space was asked */
	uint64_t free_bytes, floor_bytes;
	unsigned serial;
	/* First segment with lines not flushed; 0: none. */
	uint32_t dirty_segment;
	bool marked;       /* incoming/W and its mark are durable */
	bool spoiled;      /* a barrier failed */
	unsigned reserved; /* lines that the ledger has space for */
	/* What was seen since the last append, to ask the disk less. */
	char last_dir[PACS_PATH_ROOM]; /* it exists */
	bool none_purged;              /* purged/ is empty */
};

/* Append ready lines ("text\n", no checks); they are not durable yet. */
enum pacs_err writer_append_texts(struct pacs_error *err, struct pacs_writer *w,
				  const struct pacs_buf *texts) PACS_MUST_CHECK;
void writer_dirty(struct pacs_writer *w, const char *path);
void writer_gone(struct pacs_writer *w, const char *path); /* not dirty */
/* The folder that path is in, and all folders above it in the archive: another
 * writer may have made them and not flushed them yet. */
void writer_dirty_parents(struct pacs_writer *w, const char *path);
void dirty_clear(struct dirty *d);
/* Flush what d names and the ledger from a segment on (0: not at all). */
enum pacs_err dirty_flush(struct pacs_error *err, struct pacs_writer *w,
			  const struct dirty *d,
			  uint32_t segment) PACS_MUST_CHECK;
/* The error of every call after a barrier failed. */
enum pacs_err writer_refuse_spoiled(struct pacs_error *err);
/* Reads the name of a mark file, "from-000001-0000000123-check". */
bool from_parse(const char *name, struct pacs_cursor *ret);

/* Recover what dead writers left. Needs a writable archive. */
enum pacs_err recover(struct pacs_error *err,
		      struct pacs_archive *ar) PACS_MUST_CHECK;

/* Remove the files of a quarantined object; fine if they are gone. */
enum pacs_err quarantine_remove(struct pacs_error *err,
				const struct pacs_archive *ar,
				const char *sha256) PACS_MUST_CHECK;

/* Remove a purged object and leave its mark; fine if that is done already. */
enum pacs_err purge_finish(struct pacs_error *err,
			   const struct pacs_archive *ar,
			   const struct pacs_triple *t) PACS_MUST_CHECK;

/* Remove folders that path's removal left empty, series and study; others stay.
 * path is cut. */
void purge_remove_empty(const struct pacs_archive *ar, char *path);

/* A mark in the folder of marks, "purged" but for one that is being made. */
enum pacs_err mark_leave(struct pacs_error *err, const struct pacs_archive *ar,
			 const char *top,
			 const struct pacs_triple *t) PACS_MUST_CHECK;

/* If purged/ was lost: make it anew, durably, from the ledger. Needs a writable
 * archive. */
enum pacs_err marks_recover(struct pacs_error *err,
			    const struct pacs_archive *ar) PACS_MUST_CHECK;

/* Take the mark away: the object is back. */
enum pacs_err purge_forget(struct pacs_error *err,
			   const struct pacs_archive *ar,
			   const struct pacs_triple *t) PACS_MUST_CHECK;

/* "quarantine/<sha256>.dcm" and ".txt". */
/* The UIDs that a file says; false if it cannot be read or lacks one. */
bool bytes_say(int dirfd, const char *name, struct pacs_triple *ret);
bool triple_is_same(const struct pacs_triple *a, const struct pacs_triple *b);
void quarantine_path(const char *sha256, const char *suffix,
		     char ret[PACS_SHA256_HEX + 16]);

#endif
