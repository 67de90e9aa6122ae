/*
 * The ledger seen from its end: where that is, and whether a state is in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/file.h"

/* The bytes that end at offset (at most a line and a bit), for a look back. */
static enum pacs_err
read_before(struct pacs_error *err, const struct pacs_archive *ar,
	    uint32_t segment, uint64_t offset, char *buf, size_t size,
	    size_t *ret_n)
{
	size_t want = offset < size ? (size_t)offset : size;
	enum pacs_err rc;
	char name[32];
	int fd;

	*ret_n = 0;
	segment_name(segment, name);
	rc = pacs_file_open(err, ar->dirfd, name, &fd, NULL);
	if (rc)
		return rc;
	rc = pacs_file_pread(err, fd, buf, want, offset - want, ret_n);
	close(fd);
	if (!rc && *ret_n != want)
		*ret_n = 0; /* the segment is shorter than the offset says */
	return rc;
}

enum pacs_err
pacs_ledger_holds(struct pacs_error *err, const struct pacs_archive *ar,
		  const struct pacs_cursor *c, bool *ret_holds)
{
	char buf[PACS_CHECK_ROOM + 1];
	uint64_t offset = c->offset;
	uint32_t segment = c->segment;
	struct stat st;
	char name[32];
	enum pacs_err rc;
	size_t n;

	*ret_holds = false;
	if (offset == 0 && segment > 1) {
		/* The beginning of a segment is the end of the one before. */
		segment_name(--segment, name);
		if (fstatat(ar->dirfd, name, &st, 0) != 0)
			return PACS_OK;
		offset = (uint64_t)st.st_size;
	}
	if (offset == 0) {
		*ret_holds = strcmp(c->check, "0000000000000000") == 0;
		return PACS_OK;
	}
	rc = read_before(err, ar, segment, offset, buf, sizeof(buf), &n);
	if (rc == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		return PACS_OK;
	}
	/* "\t", 16 digits, "\n" would be 18; the digits and newline are 17. */
	*ret_holds = !rc && n >= PACS_CHECK_ROOM && buf[n - 1] == '\n' &&
		     memcmp(buf + n - PACS_CHECK_ROOM, c->check,
			    PACS_CHECK_ROOM - 1) == 0;
	return rc;
}

/*
 * Find the end of the last whole line before size. A torn tail behind it, of
 * whatever length, is passed over; c->offset is 0 if there is no line.
 */
static enum pacs_err
last_line(struct pacs_error *err, const struct pacs_archive *ar,
	  struct pacs_cursor *c, uint64_t size)
{
	char *buf = pacs_malloc(2 * PACS_LINE_MAX);
	enum pacs_err rc = PACS_OK;
	size_t n = 1, end;

	c->offset = 0;
	while (!rc && size && n) {
		rc = read_before(err, ar, c->segment, size, buf,
				 2 * PACS_LINE_MAX, &n);
		if (rc)
			break;
		for (end = n; end > 0 && buf[end - 1] != '\n'; end--)
			;
		if (end > PACS_CHECK_ROOM) {
			c->offset = size - n + end;
			memcpy(c->check, buf + end - PACS_CHECK_ROOM,
			       PACS_CHECK_ROOM - 1);
			break;
		}
		/* Look further back; a newline that was found stays in view. */
		size -= n - (end < n ? end : 0);
	}
	free(buf);
	return rc;
}

enum pacs_err
pacs_ledger_tail(struct pacs_error *err, const struct pacs_archive *ar,
		 struct pacs_cursor *ret_c)
{
	static const struct pacs_cursor start = PACS_CURSOR_START;
	uint32_t segment = segment_last(ar, 1);
	struct stat st;
	char name[32];
	enum pacs_err rc;

	*ret_c = start;
	for (; segment > 0; segment--) {
		segment_name(segment, name);
		if (fstatat(ar->dirfd, name, &st, 0) != 0)
			return pacs_error_sys(err, errno, "'%s'", name);
		ret_c->segment = segment;
		rc = last_line(err, ar, ret_c, (uint64_t)st.st_size);
		if (rc || ret_c->offset)
			return rc;
	}
	ret_c->segment = 1;
	return PACS_OK;
}

/* The check that a line at this place continues. */
static enum pacs_err
check_before(struct pacs_error *err, const struct pacs_archive *ar,
	     const struct pacs_cursor *c, char ret[PACS_CHECK_ROOM])
{
	char buf[PACS_CHECK_ROOM], name[32];
	uint32_t segment = c->segment;
	uint64_t offset = c->offset;
	struct stat st;
	size_t n;

	memcpy(ret, "0000000000000000", PACS_CHECK_ROOM);
	if (offset == 0 && segment == 1)
		return PACS_OK;
	if (offset == 0) {
		segment_name(--segment, name);
		if (fstatat(ar->dirfd, name, &st, 0) != 0)
			return pacs_error_sys(err, errno, "'%s'", name);
		offset = (uint64_t)st.st_size;
	}
	if (read_before(err, ar, segment, offset, buf, sizeof(buf), &n))
		return err->code;
	if (n == sizeof(buf))
		memcpy(ret, buf, PACS_CHECK_ROOM - 1);
	return PACS_OK;
}

enum pacs_err
ledger_last_fits(struct pacs_error *err, const struct pacs_archive *ar,
		 const struct pacs_cursor *c, struct pacs_digest *d,
		 bool *ret_fits)
{
	char *buf = pacs_malloc(PACS_LINE_MAX + 1);
	char previous[PACS_CHECK_ROOM], check[PACS_CHECK_ROOM];
	struct pacs_cursor begin = *c;
	size_t n = 0, at;
	enum pacs_err rc;

	*ret_fits = c->offset == 0;
	rc = read_before(err, ar, c->segment, c->offset, buf, PACS_LINE_MAX + 1,
			 &n);
	if (!rc && n) {
		for (at = n - 1; at > 0 && buf[at - 1] != '\n'; at--)
			;
		begin.offset -= n - at;
		if (at > 0 || begin.offset == 0)
			rc = check_before(err, ar, &begin, previous);
		else
			previous[0] = '\0'; /* too long for a line */
		*ret_fits =
		    !rc && previous[0] &&
		    chain_continues(d, previous, buf + at, n - 1 - at, check);
	}
	free(buf);
	return rc;
}
