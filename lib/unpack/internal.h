/*
 * What the files of this room share.
 */
#ifndef PACS_UNPACK_INTERNAL_H
#define PACS_UNPACK_INTERNAL_H

#include <archive.h>
#include <archive_entry.h>

#include "unpack/unpack.h"

enum { READ_BYTES = 128 << 10 };

/* An archive file being read. */
struct pacs_unpack {
	const struct pacs_unpack_hooks *hooks;
	struct archive *a;
	const char *name; /* of the archive file */
	int fd;
	bool seekable;      /* a regular file */
	bool stopped;       /* reading ended because the caller stops */
	bool bombed;        /* or because far too much comes out */
	uint64_t file_size; /* 0 for a stream */
	uint64_t at;        /* offset in fd */
	uint64_t raw;       /* bytes read from it so far */
	uint64_t told;      /* of them to progress */
	uint64_t inflated;  /* bytes of members read */
	const char *peek;   /* the first bytes of a stream */
	size_t peek_size;
	char chunk[READ_BYTES];
};

/* --- bytes.c ------------------------------------------------------------- */
/* Give libarchive the bytes of u->fd. */
int unpack_begin(struct pacs_unpack *u);
/* Bytes that went in; reading some twice does not count. */
uint64_t unpack_raw(const struct pacs_unpack *u);
/* Does far more come out than went in? */
bool unpack_is_bomb(const struct pacs_unpack *u);
#define UNPACK_BOMB_TEXT "it grows to more than 100 times its size"
/* Can a regular file's zip table be held in memory? */
bool zip_table_is_small(int fd, uint64_t file_size);

/* --- member.c ------------------------------------------------------------ */
/* Tell of one member. False: the rest of the archive file is not to be read. */
bool unpack_member(struct pacs_unpack *u, struct archive_entry *e);

#endif
