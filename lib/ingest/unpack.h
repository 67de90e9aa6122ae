/*
 * What unpack.c, unpack_read.c and member.c share.
 */
#ifndef PACS_INGEST_UNPACK_H
#define PACS_INGEST_UNPACK_H

#include <archive.h>
#include <archive_entry.h>

#include "ingest/internal.h"

enum { READ_BYTES = 128 << 10 };

/* An archive file being read. */
struct unpack {
	struct worker *wk;
	struct archive *a;
	const char *name; /* of the archive file */
	int fd;
	bool seekable;      /* a regular file */
	bool stopped;       /* reading ended because the run stops */
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

/* --- unpack_read.c ------------------------------------------------------- */
/* Give libarchive the bytes of u->fd. */
int unpack_begin(struct unpack *u);
/* Bytes that went in; reading some twice does not count. */
uint64_t unpack_raw(const struct unpack *u);
/* Does far more come out than went in? */
bool unpack_is_bomb(const struct unpack *u);
#define UNPACK_BOMB_TEXT "it grows to more than 100 times its size"
/* Can a regular file's zip table be held in memory? */
bool zip_table_is_small(int fd, uint64_t file_size);

/* --- member.c ------------------------------------------------------------ */
/* Take one member. False: the rest of the archive file is not to be read. */
bool take_member(struct unpack *u, struct archive_entry *e);
/* "x.tar//member", with what is not printable escaped. Caller frees. */
char *member_name(const struct unpack *u, struct archive_entry *e);

#endif
