/*
 * What is really in objects/.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixity/internal.h"

static void
add(struct tree *t, const char *path, const struct stat *st, uid_t owner)
{
	struct found *f;

	if (t->count == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 256;
		t->list = pacs_realloc(t->list, t->cap * sizeof(*t->list));
	}
	f = &t->list[t->count++];
	f->path = pacs_arena_strdup(&t->arena, path);
	f->size = (uint64_t)st->st_size;
	f->mode = st->st_mode & 07777;
	f->owned = st->st_uid == owner;
}

struct walk {
	struct run *run;
	struct tree *tree;
	uid_t owner;
};

static enum pacs_err walk_dir(struct pacs_error *err, struct walk *w,
			      const char *dir, unsigned depth);

/* depth 0 is a shard's folder, 1 a study's, 2 a series', 3 the files. */
static enum pacs_err
take(struct pacs_error *err, struct walk *w, const char *path, unsigned depth)
{
	struct pacs_triple t;
	struct stat st;

	if (fstatat(pacs_archive_dirfd(w->run->ar), path, &st,
		    AT_SYMLINK_NOFOLLOW) != 0)
		return PACS_OK; /* purged a moment ago */
	if (depth < 3 && S_ISDIR(st.st_mode))
		return walk_dir(err, w, path, depth);
	if (depth == 3 && S_ISREG(st.st_mode) && pacs_object_triple(path, &t))
		add(w->tree, path, &st, w->owner);
	else
		run_finding(w->run, PACS_FAULT_MISPLACED, path, "", "");
	return PACS_OK;
}

static enum pacs_err
walk_dir(struct pacs_error *err, struct walk *w, const char *dir,
	 unsigned depth)
{
	int fd = openat(pacs_archive_dirfd(w->run->ar), dir,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	enum pacs_err rc = PACS_OK;
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		/* A file where a shard's folder should be. */
		if (errno == ENOTDIR || errno == ELOOP)
			run_finding(w->run, PACS_FAULT_MISPLACED, dir, "", "");
		else if (errno != ENOENT)
			run_finding(w->run, PACS_FAULT_UNREADABLE, dir, "",
				    strerror(errno));
		return PACS_OK;
	}
	while (!rc && (e = readdir(d))) {
		char *path;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		path = pacs_format("%s/%s", dir, e->d_name);
		rc = take(err, w, path, depth + 1);
		free(path);
	}
	closedir(d);
	return rc;
}

/* What stands beside the shards is no object's, whatever it is. */
void
tree_top(struct run *run)
{
	int fd = openat(pacs_archive_dirfd(run->ar), "objects",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;
	char path[sizeof("objects/") + sizeof(e->d_name)];

	while (d && (e = readdir(d))) {
		const char *name = e->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    (strlen(name) == 3 &&
		     strspn(name, "0123456789abcdef") == 3))
			continue;
		snprintf(path, sizeof(path), "objects/%s", name);
		run_finding(run, PACS_FAULT_MISPLACED, path, "", "");
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->path,
		      ((const struct found *)b)->path);
}

enum pacs_err
tree_read(struct pacs_error *err, struct run *run, unsigned first, unsigned end,
	  struct tree *ret)
{
	struct walk w = {.run = run, .tree = ret};
	enum pacs_err rc = PACS_OK;
	struct stat st;
	char dir[32];
	unsigned i;

	memset(ret, 0, sizeof(*ret));
	if (fstat(pacs_archive_dirfd(run->ar), &st) == 0)
		w.owner = st.st_uid;
	for (i = first; !rc && i < end; i++) {
		if (run->opts->shards && !run->opts->shards[i])
			continue;
		snprintf(dir, sizeof(dir), "objects/%03x", i);
		rc = walk_dir(err, &w, dir, 0);
	}
	if (ret->count)
		qsort(ret->list, ret->count, sizeof(*ret->list), by_path);
	return rc;
}

void
tree_clear(struct tree *t)
{
	free(t->list);
	pacs_arena_clear(&t->arena);
	memset(t, 0, sizeof(*t));
}
