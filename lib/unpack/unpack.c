/* See unpack.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "unpack/internal.h"

enum {
	RETRIES_MAX = 100,
	MEMBERS_MAX = 100 * 1000 * 1000,
};

/* Only what the first bytes promise: less of libarchive meets hostile bytes. */
static void
allow(struct pacs_unpack *u, enum pacs_container kind)
{
	struct archive *a = u->a;

	switch (kind) {
	case PACS_CONTAINER_PACKED:
		archive_read_support_filter_gzip(a);
		archive_read_support_filter_zstd(a);
		archive_read_support_format_raw(a);
		/* fall through */
	case PACS_CONTAINER_TAR:
		archive_read_support_format_tar(a);
		/* "cat a.tar b.tar" is what some send. */
		archive_read_set_format_option(
		    a, "tar", "read_concatenated_archives", "1");
		break;
	case PACS_CONTAINER_ZIP:
		if (u->seekable && zip_table_is_small(u->fd, u->file_size))
			archive_read_support_format_zip_seekable(a);
		else
			archive_read_support_format_zip_streamable(a);
		break;
	default:
		archive_read_support_format_iso9660(a);
		break;
	}
}

/*
 * libarchive takes the end of the bytes for the end of a tar. But a tar ends in
 * blocks of zeros; one without was cut, by a broken connection say, and may
 * have had more members.
 */
static bool
is_cut(const struct pacs_unpack *u)
{
	return (archive_format(u->a) & ARCHIVE_FORMAT_BASE_MASK) ==
		   ARCHIVE_FORMAT_TAR &&
	       archive_filter_bytes(u->a, 0) -
		       archive_read_header_position(u->a) <
		   512;
}

static void
tell_progress(struct pacs_unpack *u, uint64_t items)
{
	u->hooks->progress(u->hooks->ctx, items, unpack_raw(u) - u->told);
	u->told = unpack_raw(u);
}

static const char *
error_text(struct pacs_unpack *u)
{
	const char *s = archive_error_string(u->a);

	return s ? s : "cannot be read";
}

/* All members. NULL at a proper end, else what was wrong with the archive file
 * (a word; *ret_detail a sentence). */
static const char *
take_members(struct pacs_unpack *u, const char **ret_detail)
{
	struct archive_entry *e;
	unsigned retries = 0;
	uint64_t members = 0;
	int r;

	for (;;) {
		r = archive_read_next_header(u->a, &e);
		if (r == ARCHIVE_RETRY && ++retries < RETRIES_MAX)
			continue;
		if (r == ARCHIVE_EOF)
			break;
		*ret_detail = error_text(u);
		if (u->stopped || u->hooks->stopped(u->hooks->ctx))
			return "stopped";
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return u->bombed ? "bomb" : "broken-archive";
		*ret_detail = "more members than are read from one file";
		if (++members > MEMBERS_MAX)
			return "limit";
		*ret_detail = "given up; members behind this one were not read";
		if (!unpack_member(u, e))
			return "bomb";
		tell_progress(u, 1);
	}
	*ret_detail = "it was cut: the end of the tar is missing";
	if (is_cut(u))
		return "broken-archive";
	*ret_detail = NULL;
	return members ? NULL : "empty";
}

static const char *
read_all(struct pacs_unpack *u, enum pacs_container kind,
	 const char **ret_detail)
{
	*ret_detail = "not enough memory to read archive files";
	u->a = archive_read_new();
	if (!u->a)
		return "limit";
	allow(u, kind);
	if (unpack_begin(u) == ARCHIVE_OK)
		return take_members(u, ret_detail);
	*ret_detail = error_text(u);
	return u->stopped ? "stopped" : "broken-archive";
}

void
pacs_unpack(int fd, const char *name, uint64_t size, enum pacs_container kind,
	    const char *peek, size_t peek_size,
	    const struct pacs_unpack_hooks *hooks, struct pacs_unpack_end *ret)
{
	struct pacs_unpack *u;
	const char *reason = "unsupported-archive",
		   *detail = "this kind of archive file is not read: unpack it "
			     "first";

	if (kind != PACS_CONTAINER_UNKNOWN) {
		u = pacs_calloc(1, sizeof(*u));
		u->hooks = hooks;
		u->name = name;
		u->fd = fd;
		u->seekable = !peek_size;
		u->file_size = size;
		u->peek = peek;
		u->peek_size = peek_size;
		reason = read_all(u, kind, &detail);
		tell_progress(u, 0);
	}
	ret->reason = reason ? reason : "";
	snprintf(ret->detail, sizeof(ret->detail), "%s", detail ? detail : "");
	if (kind == PACS_CONTAINER_UNKNOWN)
		return;
	archive_read_free(u->a); /* NULL is fine */
	free(u);
}
