/*
 * Reading files of a repository as streams: from the folder or through rclone,
 * decrypted by age.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "backup/stream.h"
#include "base/file.h"

enum { LINE_MOST = 1 << 17 };

void
pull_memory(struct pull *p, const void *bytes, size_t size)
{
	memset(p, 0, sizeof(*p));
	p->fd = -1;
	p->memory = bytes;
	p->left = size;
}

/* What an encrypted file is read through. */
static enum pacs_err
decrypt(struct pacs_error *err, const struct pacs_repo *r, struct pull *p)
{
	const char *const argv[] = {"age", "-d", "-i", r->identity, NULL};
	int ends[2];
	enum pacs_err rc = repo_readable(err, r);

	if (!rc)
		rc = pacs_child_pipe(err, ends);
	if (rc)
		return rc;
	rc =
	    pacs_child_start(err, argv, p->fd, ends[1], &p->children[p->count]);
	close(ends[1]);
	close(p->fd);
	p->fd = ends[0];
	p->offset = -1;
	p->count += !rc;
	return rc;
}

static enum pacs_err
fetch(struct pacs_error *err, struct depot *d, const char *name,
      uint64_t offset, uint64_t length, struct pull *p)
{
	size_t n = strlen(d->remote);
	char *from =
	    pacs_format("%s%s%s", d->remote,
			n && strchr(":/", d->remote[n - 1]) ? "" : "/", name);
	char skip[32], count[32];
	const char *argv[] = {"rclone",    "cat", from,      "-q",
			      "--offset",  skip,  "--count", count,
			      "--retries", "5",   NULL};
	enum pacs_err rc;
	int ends[2];

	snprintf(skip, sizeof(skip), "%llu", (unsigned long long)offset);
	snprintf(count, sizeof(count), "%lld",
		 length ? (long long)length : -1LL);
	rc = pacs_child_pipe(err, ends);
	if (!rc) {
		rc = pacs_child_start(err, argv, -1, ends[1], &p->children[0]);
		close(ends[1]);
		p->fd = ends[0];
		p->count += !rc;
	}
	p->offset = -1;
	p->left = UINT64_MAX;
	free(from);
	return rc;
}

enum pacs_err
pull_open(struct pacs_error *err, struct pacs_repo *r, const char *name,
	  bool raw, uint64_t offset, uint64_t length, struct pull *p)
{
	size_t n = strlen(name);
	bool sealed = !raw && n > 4 && !strcmp(name + n - 4, ".age");
	enum pacs_err rc;

	memset(p, 0, sizeof(*p));
	p->fd = -1;
	if (r->depot.remote) {
		rc = fetch(err, &r->depot, name, offset, length, p);
	} else {
		rc = pacs_file_open(err, r->depot.dirfd, name, &p->fd, NULL);
		p->offset = (int64_t)offset;
		p->left = length ? length : UINT64_MAX;
	}
	if (!rc && sealed)
		rc = decrypt(err, r, p);
	if (rc)
		pull_close(p);
	return rc;
}

enum pacs_err
pull_read(struct pacs_error *err, struct pull *p, void *buf, size_t size,
	  size_t *ret_n)
{
	enum pacs_err rc = PACS_OK;

	if (size > p->left)
		size = (size_t)p->left;
	if (p->fd < 0) {
		if (size)
			memcpy(buf, p->memory + p->at, size);
		*ret_n = size;
	} else if (p->offset >= 0) {
		rc = pacs_file_pread(err, p->fd, buf, size,
				     (uint64_t)p->offset + p->at, ret_n);
	} else {
		rc = pacs_file_read(err, p->fd, buf, size, ret_n);
	}
	if (rc)
		return rc;
	p->at += *ret_n;
	if (p->left != UINT64_MAX)
		p->left -= *ret_n;
	return PACS_OK;
}

enum pacs_err
pull_end(struct pacs_error *err, struct pull *p)
{
	enum pacs_err rc = PACS_OK;

	/* The last one first: it says best what is wrong with the file. */
	while (!rc && p->count)
		rc = pacs_child_wait(err, &p->children[--p->count]);
	return rc;
}

void
pull_close(struct pull *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	while (p->count)
		pacs_child_stop(&p->children[--p->count]);
}

/* --- lines ---------------------------------------------------------------- */

struct lines {
	struct pull pull;
	ZSTD_DStream *z; /* NULL: plain */
	struct pacs_buf in, out;
	size_t in_used, out_used;
	bool ended;
	size_t hint;
};

enum pacs_err
lines_open(struct pacs_error *err, struct pacs_repo *r, const char *name,
	   struct lines **ret)
{
	struct lines *l = pacs_calloc(1, sizeof(*l));
	enum pacs_err rc = pull_open(err, r, name, false, 0, 0, &l->pull);

	*ret = NULL;
	if (rc) {
		free(l);
		return rc;
	}
	if (strstr(name, ".zst")) {
		l->z = ZSTD_createDStream();
		ZSTD_DCtx_setParameter(l->z, ZSTD_d_windowLogMax, 23);
	}
	*ret = l;
	return PACS_OK;
}

void
lines_close(struct lines *l)
{
	if (!l)
		return;
	pull_close(&l->pull);
	ZSTD_freeDStream(l->z);
	pacs_buf_clear(&l->in);
	pacs_buf_clear(&l->out);
	free(l);
}

static enum pacs_err
more_in(struct pacs_error *err, struct lines *l, struct pacs_buf *to)
{
	enum pacs_err rc;
	size_t n;

	pacs_buf_reserve(to, 65536);
	rc = pull_read(err, &l->pull, to->data + to->len, 65536, &n);
	if (rc)
		return rc;
	to->len += n;
	if (n)
		return PACS_OK;
	l->ended = true;
	return pull_end(err, &l->pull);
}

static enum pacs_err
more(struct pacs_error *err, struct lines *l)
{
	enum pacs_err rc = PACS_OK;
	ZSTD_inBuffer in;
	ZSTD_outBuffer out;

	if (!l->z)
		return more_in(err, l, &l->out);
	if (l->in_used == l->in.len) {
		l->in.len = l->in_used = 0;
		rc = more_in(err, l, &l->in);
		if (rc || !l->in.len) {
			if (!rc && l->hint)
				return pacs_error_set(err, PACS_EFORMAT,
						      "it is cut short");
			return rc;
		}
	}
	pacs_buf_reserve(&l->out, 65536);
	in = (ZSTD_inBuffer){l->in.data, l->in.len, l->in_used};
	out = (ZSTD_outBuffer){l->out.data, l->out.len + 65536, l->out.len};
	l->hint = ZSTD_decompressStream(l->z, &out, &in);
	if (ZSTD_isError(l->hint))
		return pacs_error_set(err, PACS_EFORMAT, "no zstd frame: %s",
				      ZSTD_getErrorName(l->hint));
	l->in_used = in.pos;
	l->out.len = out.pos;
	return PACS_OK;
}

enum pacs_err
lines_next(struct pacs_error *err, struct lines *l, char **ret_line)
{
	enum pacs_err rc = PACS_OK;
	size_t have;
	char *nl;

	*ret_line = NULL;
	for (;;) {
		have = l->out.len - l->out_used;
		nl =
		    have ? memchr(l->out.data + l->out_used, '\n', have) : NULL;
		if (nl) {
			*nl = '\0';
			*ret_line = l->out.data + l->out_used;
			l->out_used = (size_t)(nl - l->out.data) + 1;
			return PACS_OK;
		}
		if (have > LINE_MOST)
			return pacs_error_set(err, PACS_EFORMAT,
					      "a line has no end");
		if (l->ended)
			break;
		if (l->out_used) {
			memmove(l->out.data, l->out.data + l->out_used, have);
			l->out.len = have;
			l->out_used = 0;
		}
		rc = more(err, l);
		if (rc)
			return rc;
	}
	if (have)
		return pacs_error_set(err, PACS_EFORMAT,
				      "the last line has no end");
	return PACS_OK;
}
