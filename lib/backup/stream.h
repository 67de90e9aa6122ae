/*
 * An open repository, and its files as streams: read and decrypted (pull.c), by
 * lines, written, encrypted and counted (push.c).
 */
#ifndef PACS_BACKUP_STREAM_H
#define PACS_BACKUP_STREAM_H

#include "backup/depot.h"
#include "base/clock.h"
#include "base/digest.h"

/* --- the repository ------------------------------------------------------- */

struct pacs_repo {
	struct depot depot;
	char archive[37]; /* UUID */
	char created[PACS_TIME_SIZE];
	struct names recipients; /* empty: not encrypted */
	char *identity;          /* file with keys; NULL */
	int lock_fd;
};
static inline bool
repo_encrypted(const struct pacs_repo *r)
{
	return r->recipients.count > 0;
}
/* Can what is in it be read? */
enum pacs_err repo_readable(struct pacs_error *err,
			    const struct pacs_repo *r) PACS_MUST_CHECK;

/* --- pull.c --------------------------------------------------------------- */

struct pull {
	int fd;             /* -1: memory */
	const char *memory; /* borrowed */
	uint64_t left;      /* of a part of a file; UINT64_MAX: to its end */
	uint64_t at;        /* read so far */
	int64_t offset;     /* of a file, for pread; -1: a pipe */
	struct pacs_child children[2];
	unsigned count;
};
/* A file of the repository, as it is (raw) or decrypted; length 0: all of it.
 * Parts only of what is not encrypted, or raw. */
enum pacs_err pull_open(struct pacs_error *err, struct pacs_repo *r,
			const char *name, bool raw, uint64_t offset,
			uint64_t length, struct pull *p) PACS_MUST_CHECK;
void pull_memory(struct pull *p, const void *bytes, size_t size);
/* Fewer bytes than asked for only at the end. */
enum pacs_err pull_read(struct pacs_error *err, struct pull *p, void *buf,
			size_t size, size_t *ret_n) PACS_MUST_CHECK;
/* The end was reached: did the programs behind it end well? */
enum pacs_err pull_end(struct pacs_error *err, struct pull *p) PACS_MUST_CHECK;
void pull_close(struct pull *p);

/* Lines of a file of the repository, decrypted, and unpacked if it is ".zst",
 * however long it is. */
struct lines;
enum pacs_err lines_open(struct pacs_error *err, struct pacs_repo *r,
			 const char *name, struct lines **ret) PACS_MUST_CHECK;
/* NULL at the end; without newline; borrowed until the next call. */
enum pacs_err lines_next(struct pacs_error *err, struct lines *l,
			 char **ret_line) PACS_MUST_CHECK;
void lines_close(struct lines *l);

/* --- push.c --------------------------------------------------------------- */

struct push {
	struct pacs_repo *repo; /* NULL: a stream, fd is not ours */
	int fd;                 /* of the file */
	int in;                 /* where bytes go: fd, or the pipe to age */
	struct pacs_child age;
	char staged[NAME_ROOM];
	struct pacs_digest *digest;
	uint64_t plain;   /* bytes written, before encryption */
	uint64_t flushed; /* of them are on their way to the disk */
};
enum pacs_err push_open(struct pacs_error *err, struct pacs_repo *r,
			struct push *p) PACS_MUST_CHECK;
/* To a descriptor, encrypted for these recipients (count 0: not). */
enum pacs_err push_stream(struct pacs_error *err, int fd,
			  const struct names *recipients,
			  struct push *p) PACS_MUST_CHECK;
enum pacs_err push_write(struct pacs_error *err, struct push *p,
			 const void *bytes, size_t size) PACS_MUST_CHECK;
/* All is written: durable under that name (".age" is added if encrypted);
 * digest and size of the file as it is there. name NULL: a stream. */
enum pacs_err push_place(struct pacs_error *err, struct push *p,
			 const char *name,
			 struct pacs_backup_file *ret) PACS_MUST_CHECK;
void push_close(struct push *p); /* what was not placed is dropped */

#endif
