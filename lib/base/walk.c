/*
 * Folders are read in chunks and never held whole, so that one with ten million
 * files costs no memory (fts(3) reads a folder to its end first). A chunk is
 * sorted by inode, which spares a disk with cold caches most of its seeks.
 */
#include "base/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK_ENTRIES = 512,
	CHUNK_BYTES = 64 << 10, /* of names */
	DEPTH_MAX = 200,        /* a descriptor each */
};

struct entry {
	ino_t ino;
	size_t name; /* offset in names */
	unsigned char type;
};

struct level {
	DIR *dir;
	struct level *up;
	dev_t dev;
	ino_t ino;
	size_t path_len; /* of the path of this folder */
	unsigned depth;
};

/* Folders in folders are recursion, DEPTH_MAX deep at most. */
/* NOLINTBEGIN(misc-no-recursion) */
static bool walk_folder(struct pacs_walk *w, int fd, struct level *up);

static int
by_inode(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* Read the next chunk. *ret_more false: the folder is at its end. */
static size_t
read_chunk(DIR *dir, struct entry *entries, struct pacs_buf *names,
	   bool *ret_more)
{
	struct dirent *d = NULL;
	size_t n = 0;

	pacs_buf_reset(names);
	while (n < CHUNK_ENTRIES && names->len < CHUNK_BYTES) {
		errno = 0;
		d = readdir(dir);
		if (!d)
			break;
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		entries[n].ino = d->d_ino;
		entries[n].type = d->d_type;
		entries[n++].name = names->len;
		pacs_buf_add(names, d->d_name, strlen(d->d_name) + 1);
	}
	*ret_more = n == CHUNK_ENTRIES || names->len >= CHUNK_BYTES;
	return n;
}

static const char *
special_reason(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	case S_IFLNK:
		return "link";
	default:
		return "device";
	}
}

static bool
is_above(const struct level *l, const struct stat *st)
{
	for (; l; l = l->up)
		if (l->dev == st->st_dev && l->ino == st->st_ino)
			return true;
	return false;
}

static bool
enter(struct pacs_walk *w, int dirfd, const char *name, struct level *up)
{
	struct pacs_error err = PACS_ERROR_INIT;
	int fd;

	if (up && up->depth >= DEPTH_MAX) {
		pacs_error_set(&err, PACS_ELIMIT,
			       "more than %d folders deep: not read",
			       DEPTH_MAX);
		w->fail(w, &err, "too-deep");
		return true;
	}
	fd = openat(dirfd, name,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK |
			(up ? O_NOFOLLOW : 0));
	if (fd < 0) {
		pacs_error_sys(&err, errno, "cannot open the folder");
		w->fail(w, &err, pacs_err_name(err.code));
		return true;
	}
	return walk_folder(w, fd, up);
}

/* By what the file system says of it; a link counts as what it leads to. */
static bool
visit_stat(struct pacs_walk *w, int dirfd, const char *name, struct level *up)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct stat st;
	bool via_link;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		goto fail;
	via_link = S_ISLNK(st.st_mode);
	if (via_link && fstatat(dirfd, name, &st, 0))
		goto fail;
	if (S_ISREG(st.st_mode))
		return w->file(w, dirfd, name, via_link);
	if (S_ISDIR(st.st_mode) && !(via_link && up))
		return enter(w, dirfd, name, up);
	w->skip(w, S_ISDIR(st.st_mode) ? "linked-folder"
				       : special_reason(st.st_mode));
	return true;
fail:
	pacs_error_sys(&err, errno, "cannot be looked at");
	w->fail(w, &err, pacs_err_name(err.code));
	return true;
}

static bool
visit(struct pacs_walk *w, const struct entry *e, const char *name,
      struct level *here)
{
	int fd = dirfd(here->dir);

	pacs_buf_addc(&w->path, '/');
	pacs_buf_adds(&w->path, name);
	switch (e->type) {
	case DT_REG:
		return w->file(w, fd, name, false);
	case DT_DIR:
		return enter(w, fd, name, here);
	default:
		return visit_stat(w, fd, name, here);
	}
}

static void
cut_path(struct pacs_walk *w, size_t len)
{
	w->path.len = len;
	w->path.data[len] = '\0';
}

static bool
walk_entries(struct pacs_walk *w, struct level *here)
{
	struct entry entries[CHUNK_ENTRIES];
	struct pacs_buf names = {0};
	struct pacs_error err = PACS_ERROR_INIT;
	bool more = true, go_on = true;
	size_t i, n;

	while (more && go_on) {
		n = read_chunk(here->dir, entries, &names, &more);
		if (!more && errno) {
			pacs_error_sys(&err, errno,
				       "cannot read the folder to its end");
			w->fail(w, &err, pacs_err_name(err.code));
		}
		qsort(entries, n, sizeof(*entries), by_inode);
		for (i = 0; i < n && go_on; i++) {
			go_on = visit(w, &entries[i],
				      names.data + entries[i].name, here);
			cut_path(w, here->path_len);
		}
	}
	pacs_buf_clear(&names);
	return go_on;
}

/* Takes over fd. False ends the walk. */
static bool
walk_folder(struct pacs_walk *w, int fd, struct level *up)
{
	struct level here = {.up = up, .depth = up ? up->depth + 1 : 1};
	struct pacs_error err = PACS_ERROR_INIT;
	struct stat st;
	bool go_on = true;

	if (fstat(fd, &st) || !(here.dir = fdopendir(fd))) {
		pacs_error_sys(&err, errno, "cannot read the folder");
		w->fail(w, &err, pacs_err_name(err.code));
		close(fd);
		return true;
	}
	if (is_above(up, &st)) {
		w->skip(w, "loop");
	} else if (st.st_dev == w->shun_dev && st.st_ino == w->shun_ino) {
		w->skip(w, "archive-itself");
	} else {
		here.dev = st.st_dev;
		here.ino = st.st_ino;
		here.path_len = w->path.len;
		/* "dir/" and "/" end in a slash already. */
		while (!up && here.path_len &&
		       w->path.data[here.path_len - 1] == '/')
			here.path_len--;
		go_on = walk_entries(w, &here);
	}
	closedir(here.dir);
	return go_on;
}

/* NOLINTEND(misc-no-recursion) */

bool
pacs_walk_item(struct pacs_walk *w, const char *path)
{
	pacs_buf_reset(&w->path);
	pacs_buf_adds(&w->path, path);
	return visit_stat(w, AT_FDCWD, path, NULL);
}
