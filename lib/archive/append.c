/*
 * Appending to the ledger, under its lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/file.h"
#include "base/fs.h"

#define RESERVE_LINE  1024u      /* more than any line that we write */
#define RESERVE_EXTRA (1u << 20) /* for other programs that append too */

enum pacs_err
tail_open(struct pacs_error *err, const struct pacs_archive *ar,
	  struct ledger_tail *t)
{
	enum pacs_err rc;

	memset(t, 0, sizeof(*t));
	t->ar = ar;
	t->fd = -1;
	rc = pacs_fs_open_rw(err, ar->dirfd, "ledger/lock", MODE_TEXT,
			     &t->lock_fd);
	if (!rc)
		rc = archive_give(err, ar, ar->dirfd, "ledger/lock");
	if (!rc)
		t->digest = pacs_digest_new();
	return rc;
}

void
tail_close(struct ledger_tail *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (t->lock_fd >= 0)
		close(t->lock_fd);
	pacs_digest_free(t->digest);
	t->fd = t->lock_fd = -1;
	t->digest = NULL;
}

static enum pacs_err
open_segment(struct pacs_error *err, struct ledger_tail *t, uint32_t segment)
{
	enum pacs_err rc;
	char name[32];

	if (t->fd >= 0)
		close(t->fd);
	segment_name(segment, name);
	rc = pacs_fs_open_rw(err, t->ar->dirfd, name, MODE_TEXT, &t->fd);
	if (!rc)
		rc = archive_give(err, t->ar, t->ar->dirfd, name);
	return rc;
}

/* Keep what is cut off the ledger, in case it was not torn but damaged. */
static enum pacs_err
keep_cut(struct pacs_error *err, struct ledger_tail *t, uint64_t size)
{
	enum { MOST = 1 << 20 };
	uint64_t len = size - t->end.offset;
	char *buf = pacs_malloc(MOST);
	enum pacs_err rc;
	char name[80];
	size_t n;

	rc = pacs_file_pread(err, t->fd, buf, len < MOST ? (size_t)len : MOST,
			     t->end.offset, &n);
	if (!rc && memchr(buf, '\n', n)) {
		snprintf(name, sizeof(name), "ledger/cut-%06u-%llu-%lld",
			 t->end.segment, (unsigned long long)t->end.offset,
			 (long long)pacs_time_us());
		rc = pacs_fs_write_file(err, t->ar->dirfd, name, MODE_TEXT, buf,
					n, true);
		if (!rc)
			rc = archive_give(err, t->ar, t->ar->dirfd, name);
	}
	free(buf);
	return rc;
}

/* Cut the active segment behind t->end. */
static enum pacs_err
cut(struct pacs_error *err, struct ledger_tail *t, uint64_t *ret_cut)
{
	struct stat st;
	enum pacs_err rc = PACS_OK;

	if (fstat(t->fd, &st) != 0)
		return pacs_error_sys(err, errno, "cannot look at the ledger");
	if ((uint64_t)st.st_size <= t->end.offset)
		return PACS_OK;
	rc = keep_cut(err, t, (uint64_t)st.st_size);
	if (!rc)
		rc = pacs_fs_truncate(err, t->fd, t->end.offset);
	if (!rc && ret_cut)
		*ret_cut += (uint64_t)st.st_size - t->end.offset;
	return rc;
}

/* Read on from t->end; stops without error before a line that is not whole or
 * does not fit, with *ret_broken set if it is whole and does not fit. */
static enum pacs_err
go_on(struct pacs_error *err, struct ledger_tail *t, bool *ret_broken)
{
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	enum pacs_err rc;

	*ret_broken = false;
	rc = pacs_ledger_open(err, t->ar, &t->end, &r);
	if (rc)
		return rc;
	do
		rc = pacs_ledger_next(err, r, &line);
	while (!rc && line);
	t->end = *pacs_ledger_cursor(r);
	pacs_ledger_close(r);
	if (rc == PACS_EINTEGRITY) {
		*ret_broken = true;
		if (segment_last(t->ar, t->end.segment) == t->end.segment) {
			pacs_error_clear(err);
			rc = PACS_OK; /* in the active segment: may be torn */
		}
	}
	return rc;
}

enum pacs_err
tail_verify(struct pacs_error *err, struct ledger_tail *t,
	    const struct pacs_cursor *from, uint64_t *ret_cut)
{
	enum pacs_err rc;
	bool broken;

	t->end = *from;
	t->known = false;
	rc = go_on(err, t, &broken);
	if (!rc)
		rc = open_segment(err, t, t->end.segment);
	if (!rc)
		rc = cut(err, t, ret_cut);
	t->known = !rc;
	return rc;
}

/*
 * What comes behind the place that we verified last is other programs' lines.
 * A whole line that does not fit is damage, not a tear (recovery has been at
 * work before we came): nothing may be appended then.
 */
static enum pacs_err
catch_up(struct pacs_error *err, struct ledger_tail *t, uint64_t *ret_cut)
{
	uint32_t before = t->known ? t->end.segment : 0;
	enum pacs_err rc = PACS_OK;
	bool fits = true, broken = false;

	if (!t->known) {
		rc = pacs_ledger_tail(err, t->ar, &t->end);
		if (!rc)
			rc = ledger_last_fits(err, t->ar, &t->end, t->digest,
					      &fits);
	}
	if (!rc && fits)
		rc = go_on(err, t, &broken);
	if (rc)
		return rc;
	if (broken || !fits)
		return pacs_error_set(
		    err, PACS_EINTEGRITY,
		    "ledger segment %06u, %s offset %llu: the check does not "
		    "fit the line; nothing can be appended",
		    t->end.segment, fits ? "at" : "before",
		    (unsigned long long)t->end.offset);
	if (t->fd < 0 || t->end.segment != before)
		rc = open_segment(err, t, t->end.segment);
	t->known = !rc;
	return rc ? rc : cut(err, t, ret_cut);
}

enum pacs_err
tail_lock(struct pacs_error *err, struct ledger_tail *t, uint64_t *ret_cut)
{
	enum pacs_err rc;

	rc = pacs_fs_lock(err, t->lock_fd, true, LOCK_WAIT_MS);
	if (rc) {
		pacs_error_wrap(err, "ledger");
		return rc;
	}
	rc = catch_up(err, t, ret_cut);
	if (rc)
		pacs_fs_unlock(t->lock_fd);
	return rc;
}

void
tail_unlock(struct ledger_tail *t)
{
	pacs_fs_unlock(t->lock_fd);
}

enum pacs_err
tail_reserve(struct pacs_error *err, struct ledger_tail *t, size_t lines)
{
	struct stat st;

	if (fstat(t->fd, &st) != 0)
		return pacs_error_sys(err, errno, "cannot look at the ledger");
	return pacs_fs_reserve(err, t->fd, (uint64_t)st.st_size,
			       (uint64_t)lines * RESERVE_LINE + RESERVE_EXTRA);
}

/* A full segment is made durable before the next one begins: so only the last
 * one can be torn. */
enum pacs_err
tail_rotate(struct pacs_error *err, struct ledger_tail *t)
{
	enum pacs_err rc;

	rc =
	    pacs_fs_truncate(err, t->fd, t->end.offset); /* frees the reserve */
	if (!rc)
		rc = pacs_fs_sync(err, t->fd);
	if (!rc)
		rc = open_segment(err, t, t->end.segment + 1);
	if (!rc)
		rc = pacs_fs_sync_path(err, t->ar->dirfd, "ledger");
	if (rc)
		return rc;
	t->end.segment++;
	t->end.offset = 0;
	return PACS_OK;
}

/* Add its check to each line. */
static void
add_checks(struct ledger_tail *t, const struct pacs_buf *texts,
	   struct pacs_buf *out, char check[PACS_CHECK_ROOM])
{
	const char *p = texts->data, *end = texts->data + texts->len;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)(nl - p);

		chain_check(t->digest, check, p, len, check);
		pacs_buf_add(out, p, len);
		pacs_buf_addc(out, '\t');
		pacs_buf_add(out, check, PACS_CHECK_ROOM - 1);
		pacs_buf_addc(out, '\n');
		p = nl + 1;
	}
}

enum pacs_err
tail_append(struct pacs_error *err, struct ledger_tail *t,
	    const struct pacs_buf *texts)
{
	struct pacs_buf out = {0};
	char check[PACS_CHECK_ROOM];
	struct pacs_error ignored = PACS_ERROR_INIT;
	enum pacs_err rc = PACS_OK;

	if (texts->len == 0)
		return PACS_OK;
	if (t->end.offset >= PACS_SEGMENT_BYTES)
		rc = tail_rotate(err, t);
	if (rc) {
		t->known = false; /* which segment is open */
		return rc;
	}
	memcpy(check, t->end.check, sizeof(check));
	add_checks(t, texts, &out, check);
	rc = pacs_fs_pwrite(err, t->fd, out.data, out.len, t->end.offset);
	if (rc) {
		pacs_error_wrap(err, "ledger");
		/* If this fails too, the next program cuts what is torn. */
		if (pacs_fs_truncate(&ignored, t->fd, t->end.offset))
			t->known = false;
	} else {
		memcpy(t->end.check, check, sizeof(check));
		t->end.offset += out.len;
	}
	pacs_buf_clear(&out);
	return rc;
}

enum pacs_err
tail_sync(struct pacs_error *err, struct ledger_tail *t, uint32_t from_segment)
{
	enum pacs_err rc = PACS_OK;
	uint32_t s;
	char name[32];

	for (s = from_segment; !rc && s <= t->end.segment; s++) {
		segment_name(s, name);
		rc = pacs_fs_sync_path(err, t->ar->dirfd, name);
	}
	return rc ? rc : pacs_fs_sync_path(err, t->ar->dirfd, "ledger");
}
