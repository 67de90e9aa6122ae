/*
 * Archive files: tar, zip and ISO 9660, plain or packed with gzip or zstd, from
 * a file or a stream, member by member, by libarchive.
 *
 * Knows forms of archive files and what a hostile one may try; must not know
 * DICOM, nor what becomes of a member. Members are streamed, their names are
 * shown and never used; memory is bounded whatever the input. One archive file
 * is read by one thread.
 */
#ifndef PACS_UNPACK_UNPACK_H
#define PACS_UNPACK_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What the first bytes of something that is not DICOM may be. */
enum pacs_container {
	PACS_CONTAINER_NONE,
	PACS_CONTAINER_TAR,
	PACS_CONTAINER_ZIP,
	PACS_CONTAINER_PACKED, /* gzip or zstd around one file or a tar */
	PACS_CONTAINER_ISO,
	PACS_CONTAINER_UNKNOWN, /* an archive file that is not read here */
};
/* By the first PACS_CONTAINER_PEEK bytes, or all that there are. Names and
 * endings are not asked. */
enum pacs_container pacs_container_of(const void *head, size_t size);
#define PACS_CONTAINER_PEEK (36 << 10) /* enough to see an ISO 9660 image */

/* An archive file that is being read, where it stands at a member. */
struct pacs_unpack;

/* How it asks and tells; all on the caller's thread. */
struct pacs_unpack_hooks {
	void *ctx;
	/* True: stop soon. */
	bool (*stopped)(void *ctx);
	/* Members that were read, and bytes of the archive file. */
	void (*progress)(void *ctx, uint64_t members, uint64_t bytes);
	/* A regular member, to be read with pacs_unpack_read as far as it is
	 * wanted. Name: "x.tar//member", what is not printable escaped. False:
	 * nothing more is to be read. */
	bool (*member)(void *ctx, struct pacs_unpack *u, const char *name);
	/* A member that cannot be read: a word and (or NULL) a sentence. With
	 * detail it is a failure, without one it is nothing to read. */
	void (*other)(void *ctx, const char *name, const char *reason,
		      const char *detail);
};

/* Read on in the member until *n, which counts what buf holds already, is size,
 * or the member ends. PACS_ELIMIT: it grows too much (then member() returns
 * false); PACS_EINTERRUPTED; PACS_EFORMAT. */
enum pacs_err pacs_unpack_read(struct pacs_error *err, struct pacs_unpack *u,
			       char *buf, size_t size,
			       size_t *n) PACS_MUST_CHECK;

/* How it ended: a word, "" at a proper end; detail is a sentence, "" if it is
 * no failure ("empty"). */
struct pacs_unpack_end {
	const char *reason;
	char detail[200];
};

/*
 * All members of an archive file called name. Of a regular file, size is its
 * size and peek_size 0; of a stream, its first bytes, read already, are in
 * peek. fd stays open.
 */
void pacs_unpack(int fd, const char *name, uint64_t size,
		 enum pacs_container kind, const char *peek, size_t peek_size,
		 const struct pacs_unpack_hooks *hooks,
		 struct pacs_unpack_end *ret);

/*
 * Read up to size bytes from a stream; fewer only at its end. A pipe may say
 * nothing for hours: stopped is asked meanwhile. PACS_EINTERRUPTED.
 */
enum pacs_err pacs_stream_read(struct pacs_error *err, int fd,
			       bool (*stopped)(void *ctx), void *ctx, char *buf,
			       size_t size, size_t *ret_n) PACS_MUST_CHECK;

#endif
