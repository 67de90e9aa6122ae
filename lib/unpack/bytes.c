/*
 * Bytes for libarchive, from a file or a stream.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "unpack/internal.h"

enum {
	POLL_MS = 200,
	/* libarchive keeps the table of a zip in memory, 200 bytes or more for
	 * a record of 46 or more. */
	ZIP_TABLE_MAX = 4 << 20,
	ZIP_END_SIZE = 22,
	ZIP_RECORD_SIZE = 46,
	ZIP_TAIL = ZIP_END_SIZE + 65535,
	/* What comes out may be this many times what went in, or BOMB_BYTES:
	 * images of a plain background do pack well. */
	BOMB_RATIO = 100,
};
#define BOMB_BYTES (1ull << 30)

uint64_t
unpack_raw(const struct pacs_unpack *u)
{
	return u->seekable && u->raw > u->file_size ? u->file_size : u->raw;
}

bool
unpack_is_bomb(const struct pacs_unpack *u)
{
	uint64_t out = (uint64_t)archive_filter_bytes(u->a, 0);

	if (u->inflated > out)
		out = u->inflated;
	return out > BOMB_BYTES && out / BOMB_RATIO > unpack_raw(u);
}

/* Wait until fd has bytes or its end; false when the caller stops. */
static bool
wait_readable(int fd, bool (*stopped)(void *ctx), void *ctx)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (!stopped(ctx))
		if (poll(&p, 1, POLL_MS) > 0)
			return true;
	return false;
}

enum pacs_err
pacs_stream_read(struct pacs_error *err, int fd, bool (*stopped)(void *ctx),
		 void *ctx, char *buf, size_t size, size_t *ret_n)
{
	ssize_t n;

	*ret_n = 0;
	while (*ret_n < size) {
		if (!wait_readable(fd, stopped, ctx))
			return pacs_error_set(err, PACS_EINTERRUPTED,
					      "stopped before its end");
		n = read(fd, buf + *ret_n, size - *ret_n);
		if (n < 0 && errno != EINTR)
			return pacs_error_sys(err, errno, "cannot be read");
		if (!n)
			break;
		if (n > 0)
			*ret_n += (size_t)n;
	}
	return PACS_OK;
}

static bool
may_read(struct pacs_unpack *u)
{
	if (u->seekable)
		u->stopped = u->hooks->stopped(u->hooks->ctx);
	else
		u->stopped =
		    !wait_readable(u->fd, u->hooks->stopped, u->hooks->ctx);
	return !u->stopped;
}

static ssize_t
read_chunk(struct pacs_unpack *u)
{
	ssize_t n;

	do
		n = u->seekable
			? pread(u->fd, u->chunk, READ_BYTES, (off_t)u->at)
			: read(u->fd, u->chunk, READ_BYTES);
	while (n < 0 && errno == EINTR);
	return n;
}

static la_ssize_t
on_read(struct archive *a, void *ctx, const void **ret)
{
	struct pacs_unpack *u = ctx;
	ssize_t n = (ssize_t)u->peek_size;

	*ret = u->peek;
	u->peek_size = 0;
	/* Members that are passed over are unpacked as well, out of sight. */
	u->bombed = unpack_is_bomb(u);
	if (u->bombed) {
		archive_set_error(a, E2BIG, "%s", UNPACK_BOMB_TEXT);
		return ARCHIVE_FATAL;
	}
	if (!n) {
		*ret = u->chunk;
		if (!may_read(u)) {
			archive_set_error(a, EINTR, "stopped");
			return ARCHIVE_FATAL;
		}
		n = read_chunk(u);
	}
	if (n < 0) {
		archive_set_error(a, errno, "cannot be read: %s",
				  strerror(errno));
		return ARCHIVE_FATAL;
	}
	u->at += (uint64_t)n;
	u->raw += (uint64_t)n;
	return n;
}

/* Only for files: what is skipped there need not be read. */
static la_int64_t
on_skip(struct archive *a, void *ctx, la_int64_t request)
{
	struct pacs_unpack *u = ctx;
	uint64_t left = u->at < u->file_size ? u->file_size - u->at : 0;

	(void)a;
	if (request <= 0)
		return 0;
	if ((uint64_t)request > left)
		request = (la_int64_t)left;
	u->at += (uint64_t)request;
	u->raw += (uint64_t)request;
	return request;
}

static la_int64_t
on_seek(struct archive *a, void *ctx, la_int64_t offset, int whence)
{
	struct pacs_unpack *u = ctx;
	la_int64_t base = whence == SEEK_END   ? (la_int64_t)u->file_size
			  : whence == SEEK_CUR ? (la_int64_t)u->at
					       : 0;

	(void)a;
	if (offset < -base)
		return ARCHIVE_FATAL;
	u->at = (uint64_t)(base + offset);
	return base + offset;
}

int
unpack_begin(struct pacs_unpack *u)
{
	archive_read_set_read_callback(u->a, on_read);
	if (u->seekable) {
		archive_read_set_skip_callback(u->a, on_skip);
		archive_read_set_seek_callback(u->a, on_seek);
	}
	archive_read_set_callback_data(u->a, u);
	return archive_read_open1(u->a);
}

/* --- the table of a zip -------------------------------------------------- */

static uint32_t
le32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* Does a chain of records fill these bytes exactly? */
static bool
is_table(const unsigned char *p, size_t size)
{
	size_t at = 0;

	while (size - at >= ZIP_RECORD_SIZE && !memcmp(p + at, "PK\1\2", 4)) {
		at += (size_t)ZIP_RECORD_SIZE + (p[at + 28] | p[at + 29] << 8) +
		      (p[at + 30] | p[at + 31] << 8) +
		      (p[at + 32] | p[at + 33] << 8);
		if (at >= size)
			break;
	}
	return at == size;
}

/* Offset and size of the table by the end record, which is last in the file
 * but for a comment. */
static bool
find_table(int fd, uint64_t file_size, uint64_t *ret_at, uint32_t *ret_size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	size_t want = file_size < ZIP_TAIL ? (size_t)file_size : ZIP_TAIL;
	unsigned char *tail = pacs_malloc(want + 1), *p = NULL;
	uint64_t end;
	size_t n, i;

	if (pacs_file_pread(&err, fd, tail, want, file_size - want, &n))
		n = 0;
	for (i = n < ZIP_END_SIZE ? 0 : n - ZIP_END_SIZE + 1; i-- && !p;)
		if (!memcmp(tail + i, "PK\5\6", 4))
			p = tail + i;
	if (p) {
		end = file_size - want + (uint64_t)(p - tail);
		*ret_size = le32(p + 12);
		*ret_at = le32(p + 16);
		if (*ret_at + *ret_size != end)
			p = NULL;
	}
	free(tail);
	return p != NULL;
}

/*
 * Read by its table, a zip shows what its maker last meant; but the table is
 * held in memory. One that is big, or not where it says, is read as a stream.
 */
bool
zip_table_is_small(int fd, uint64_t file_size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	unsigned char *table;
	uint64_t at;
	uint32_t size;
	size_t n;
	bool ok;

	if (!find_table(fd, file_size, &at, &size) || size > ZIP_TABLE_MAX)
		return false;
	table = pacs_malloc((size_t)size + 1);
	ok = !pacs_file_pread(&err, fd, table, size, at, &n) && n == size &&
	     is_table(table, size);
	free(table);
	return ok;
}
