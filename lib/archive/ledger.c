/*
 * Reading the ledger: line after line, each with its check verified.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/file.h"

#define READ_BYTES (1u << 18)

struct pacs_ledger_reader {
	const struct pacs_archive *ar;
	struct pacs_digest *digest;
	struct pacs_cursor at;
	int fd;
	struct pacs_buf buf; /* bytes of the segment from at.offset on */
	size_t used;         /* of buf: lines returned already */
	char text[PACS_LINE_MAX];
	struct pacs_ledger_line line;
};

static enum pacs_err
open_segment(struct pacs_error *err, struct pacs_ledger_reader *r,
	     uint32_t segment)
{
	char name[32];

	if (r->fd >= 0)
		close(r->fd);
	segment_name(segment, name);
	return pacs_file_open(err, r->ar->dirfd, name, &r->fd, NULL);
}

enum pacs_err
pacs_ledger_open(struct pacs_error *err, const struct pacs_archive *ar,
		 const struct pacs_cursor *from,
		 struct pacs_ledger_reader **ret_r)
{
	static const struct pacs_cursor start = PACS_CURSOR_START;
	struct pacs_ledger_reader *r = pacs_calloc(1, sizeof(*r));
	enum pacs_err rc;

	*ret_r = NULL;
	r->ar = ar;
	r->fd = -1;
	r->digest = pacs_digest_new();
	r->at = from ? *from : start;
	rc = open_segment(err, r, r->at.segment);
	if (rc) {
		pacs_ledger_close(r);
		return rc;
	}
	*ret_r = r;
	return PACS_OK;
}

void
pacs_ledger_close(struct pacs_ledger_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	pacs_digest_free(r->digest);
	pacs_buf_clear(&r->buf);
	free(r);
}

const struct pacs_cursor *
pacs_ledger_cursor(const struct pacs_ledger_reader *r)
{
	return &r->at;
}

/* Read on behind what is in the buffer; *ret_n = 0 at the end. */
static enum pacs_err
fill(struct pacs_error *err, struct pacs_ledger_reader *r, size_t *ret_n)
{
	enum pacs_err rc;

	if (r->used)
		memmove(r->buf.data, r->buf.data + r->used,
			r->buf.len - r->used);
	r->buf.len -= r->used;
	r->used = 0;
	pacs_buf_reserve(&r->buf, READ_BYTES);
	rc = pacs_file_pread(err, r->fd, r->buf.data + r->buf.len, READ_BYTES,
			     r->at.offset + r->buf.len, ret_n);
	if (!rc)
		r->buf.len += *ret_n;
	return rc;
}

static enum pacs_err
broken(struct pacs_error *err, const struct pacs_ledger_reader *r,
       const char *what)
{
	return pacs_error_set(
	    err, PACS_EINTEGRITY, "ledger segment %06u, offset %llu: %s",
	    r->at.segment, (unsigned long long)r->at.offset, what);
}

/* The segment ended. Is there another, and was this one whole? */
static enum pacs_err
next_segment(struct pacs_error *err, struct pacs_ledger_reader *r,
	     bool *ret_more)
{
	enum pacs_err rc;
	char name[32];
	size_t n;

	*ret_more = false;
	segment_name(r->at.segment + 1, name);
	if (faccessat(r->ar->dirfd, name, F_OK, 0) != 0)
		return PACS_OK;
	/* Lines may have come between our last read and the sealing. */
	rc = fill(err, r, &n);
	if (rc)
		return rc;
	if (n) {
		*ret_more = true;
		return PACS_OK;
	}
	if (r->buf.len)
		return broken(err, r, "a sealed segment ends inside a line");
	rc = open_segment(err, r, r->at.segment + 1);
	if (rc)
		return rc;
	r->at.segment++;
	r->at.offset = 0;
	*ret_more = true;
	return PACS_OK;
}

/* A whole line of len bytes (without newline) stands at the buffer's start. */
static enum pacs_err
take_line(struct pacs_error *err, struct pacs_ledger_reader *r, size_t len)
{
	const char *line = r->buf.data + r->used;
	struct pacs_cursor after = r->at;

	if (len + 1 > PACS_LINE_MAX || memchr(line, '\0', len))
		return broken(err, r, "not a ledger line");
	if (!chain_continues(r->digest, r->at.check, line, len, after.check))
		return broken(err, r, "the check does not fit the line");
	memcpy(r->text, line, len);
	r->text[len] = '\0';
	if (!line_parse(r->text, &r->line))
		return broken(err, r, "not a ledger line");
	if (r->line.op == PACS_OP_OTHER &&
	    strncmp(r->line.op_name, "x-", 2) != 0)
		return pacs_error_set(
		    err, PACS_EUNSUPPORTED,
		    "ledger segment %06u, offset %llu: operation '%.32s' "
		    "needs a newer version",
		    r->at.segment, (unsigned long long)r->at.offset,
		    r->line.op_name);
	after.offset += len + 1;
	r->line.at = r->at;
	r->line.after = after;
	r->at = after;
	r->used += len + 1;
	return PACS_OK;
}

enum pacs_err
pacs_ledger_next(struct pacs_error *err, struct pacs_ledger_reader *r,
		 const struct pacs_ledger_line **ret_line)
{
	enum pacs_err rc;

	*ret_line = NULL;
	for (;;) {
		size_t have = r->buf.len - r->used, n;
		const char *nl =
		    have ? memchr(r->buf.data + r->used, '\n', have) : NULL;
		bool more;

		if (nl) {
			rc = take_line(err, r,
				       (size_t)(nl - r->buf.data) - r->used);
			if (!rc)
				*ret_line = &r->line;
			return rc;
		}
		if (have >= PACS_LINE_MAX)
			return broken(err, r, "not a ledger line");
		rc = fill(err, r, &n);
		if (rc)
			return rc;
		if (n)
			continue;
		rc = next_segment(err, r, &more);
		if (rc || !more)
			return rc;
	}
}

enum pacs_err
pacs_ledger_has_more(struct pacs_error *err, const struct pacs_archive *ar,
		     const struct pacs_cursor *c, bool *ret_more)
{
	struct stat st;
	char name[32];

	segment_name(c->segment, name);
	if (fstatat(ar->dirfd, name, &st, 0) != 0)
		return pacs_error_sys(err, errno, "ledger segment %06u",
				      c->segment);
	*ret_more = (uint64_t)st.st_size != c->offset;
	if (*ret_more)
		return PACS_OK;
	segment_name(c->segment + 1, name);
	*ret_more = fstatat(ar->dirfd, name, &st, 0) == 0 && st.st_size > 0;
	return PACS_OK;
}

bool
pacs_ledger_parse(char *text, struct pacs_ledger_line *ret)
{
	return line_parse(text, ret);
}

bool
pacs_ledger_continues(struct pacs_digest *d, const char *previous,
		      const char *line, size_t len,
		      char ret_check[PACS_CHECK_ROOM])
{
	const size_t check = PACS_CHECK_ROOM - 1;

	if (chain_continues(d, previous, line, len, ret_check))
		return true;
	memset(ret_check, 0, PACS_CHECK_ROOM);
	if (len > check)
		memcpy(ret_check, line + len - check, check);
	return false;
}

enum pacs_err
pacs_ledger_segment_open(struct pacs_error *err, const struct pacs_archive *ar,
			 uint32_t segment, int *ret_fd)
{
	char name[32];

	segment_name(segment, name);
	return pacs_file_open(err, ar->dirfd, name, ret_fd, NULL);
}

void
pacs_ledger_extent(const struct pacs_archive *ar, uint32_t *ret_segments,
		   uint64_t *ret_bytes)
{
	uint32_t s, last = segment_last(ar, 1);
	struct stat st;
	char name[32];

	*ret_segments = last;
	*ret_bytes = 0;
	for (s = 1; s <= last; s++) {
		segment_name(s, name);
		if (fstatat(ar->dirfd, name, &st, 0) == 0)
			*ret_bytes += (uint64_t)st.st_size;
	}
}
