/*
 * Copies: in another archive an object has the same path; in a folder anything
 * may have any name, so all files are hashed first.
 */
#include "fixity/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

struct copy {
	char *path;
	char sha256[PACS_SHA256_HEX];
};

struct copies {
	int dirfd;
	bool archive;
	struct copy *list; /* sorted by digest */
	size_t count, cap;
};

static int
by_digest(const void *a, const void *b)
{
	return strcmp(((const struct copy *)a)->sha256,
		      ((const struct copy *)b)->sha256);
}

static void
add(struct copies *c, const char *path)
{
	struct pacs_error e = PACS_ERROR_INIT;
	struct copy *one;
	int fd;

	if (pacs_file_open(&e, AT_FDCWD, path, &fd, NULL))
		return;
	if (c->count == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 256;
		c->list = pacs_realloc(c->list, c->cap * sizeof(*c->list));
	}
	one = &c->list[c->count];
	if (!pacs_sha256_fd(&e, fd, one->sha256, NULL)) {
		one->path = pacs_strdup(path);
		c->count++;
	}
	close(fd);
}

static enum pacs_err
list(struct pacs_error *err, struct copies *c, const char *from)
{
	char *top = pacs_strdup(from);
	char *const tops[] = {top, NULL};
	FTS *fts = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	if (!fts) {
		free(top);
		return pacs_error_sys(err, errno, "cannot read '%s'", from);
	}
	while ((e = fts_read(fts)))
		if (e->fts_info == FTS_F)
			add(c, e->fts_path);
	fts_close(fts);
	free(top);
	if (c->count)
		qsort(c->list, c->count, sizeof(*c->list), by_digest);
	return PACS_OK;
}

enum pacs_err
copies_open(struct pacs_error *err, const char *from, struct copies **ret_c)
{
	struct copies *c = pacs_calloc(1, sizeof(*c));
	enum pacs_err rc = PACS_OK;

	*ret_c = NULL;
	c->dirfd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dirfd < 0)
		rc = pacs_error_sys(err, errno, "cannot open '%s'", from);
	else if (faccessat(c->dirfd, "pacs-archive", F_OK, 0) == 0)
		c->archive = true;
	else
		rc = list(err, c, from);
	if (rc) {
		copies_close(c);
		return rc;
	}
	*ret_c = c;
	return PACS_OK;
}

void
copies_close(struct copies *c)
{
	size_t i;

	if (!c)
		return;
	if (c->dirfd >= 0)
		close(c->dirfd);
	for (i = 0; i < c->count; i++)
		free(c->list[i].path);
	free(c->list);
	free(c);
}

static const char *
path_of(const struct copies *c, const char *path, const char *sha256)
{
	struct copy key;
	const struct copy *hit;

	if (c->archive)
		return path;
	snprintf(key.sha256, sizeof(key.sha256), "%.64s", sha256);
	hit = c->count ? bsearch(&key, c->list, c->count, sizeof(*c->list),
				 by_digest)
		       : NULL;
	return hit ? hit->path : NULL;
}

/* Whoever stages it checks the digest of what landed. */
bool
copies_find(struct copies *c, const char *path, const char *sha256, int *ret_fd,
	    uint64_t *ret_size)
{
	struct pacs_error e = PACS_ERROR_INIT;
	const char *at = path_of(c, path, sha256);

	return at && !pacs_file_open(&e, c->archive ? c->dirfd : AT_FDCWD, at,
				     ret_fd, ret_size);
}
