/*
 * What is really in objects/.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dir.h"
#include "fixity/internal.h"

static void
describe(const struct run *run, const struct stat *st, struct found *ret)
{
	ret->size = (uint64_t)st->st_size;
	ret->mode = st->st_mode & 07777;
	ret->owned = st->st_uid == run->owner;
}

static void
add(const struct run *run, struct tree *t, const char *path,
    const struct stat *st)
{
	struct found *f;

	if (t->count == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 256;
		t->list = pacs_realloc(t->list, t->cap * sizeof(*t->list));
	}
	f = &t->list[t->count++];
	f->path = pacs_arena_strdup(&t->arena, path);
	describe(run, st, f);
}

struct walk {
	struct run *run;
	struct tree *tree;
};

/* Nobody can say of which part it is. */
static void
misplaced(struct run *run, const char *path)
{
	if (looks_at_all(run->opts))
		run_finding(run, PACS_FAULT_MISPLACED, path, "", "");
}

static enum pacs_err walk_dir(struct pacs_error *err, struct walk *w,
			      const char *dir, unsigned depth);

/* depth 0 is a shard's folder, 1 a study's, 2 a series', 3 the files. */
static enum pacs_err
take(struct pacs_error *err, struct walk *w, const char *path, unsigned depth)
{
	struct pacs_triple t;
	struct stat st;

	if (fstatat(pacs_archive_dirfd(w->run->ar), path, &st,
		    AT_SYMLINK_NOFOLLOW) != 0) {
		/* Purged a moment ago; else it is there, and not known. */
		w->tree->broken |= errno != ENOENT;
		return PACS_OK;
	}
	if (depth < 3 && S_ISDIR(st.st_mode))
		return walk_dir(err, w, path, depth);
	if (depth == 3 && S_ISREG(st.st_mode) && pacs_object_triple(path, &t))
		add(w->run, w->tree, path, &st);
	else
		misplaced(w->run, path);
	return PACS_OK;
}

static bool
is_broken(const struct pacs_error *why)
{
	return why->code && why->code != PACS_EFORMAT &&
	       why->code != PACS_ENOTFOUND;
}

/* A folder that is a file, cannot be read, or not to its end. */
static void
tell_folder(struct run *run, const char *dir, const struct pacs_error *why)
{
	if (why->code == PACS_EFORMAT)
		misplaced(run, dir);
	else if (is_broken(why))
		run_finding(run, PACS_FAULT_UNREADABLE, dir, "", why->msg);
}

static enum pacs_err
walk_dir(struct pacs_error *err, struct walk *w, const char *dir,
	 unsigned depth)
{
	struct pacs_error why = PACS_ERROR_INIT;
	enum pacs_err rc = PACS_OK;
	const struct dirent *e;
	struct pacs_dir d;
	struct stat st;

	(void)!pacs_dir_open(&why, pacs_archive_dirfd(w->run->ar), dir,
			     O_NOFOLLOW, &d);
	if (d.stream && fstat(pacs_dir_fd(&d), &st) == 0)
		mode_check(w->run, dir, &st);
	while (!rc && (e = pacs_dir_next(&why, &d))) {
		char *path = pacs_format("%s/%s", dir, e->d_name);

		rc = take(err, w, path, depth + 1);
		free(path);
	}
	pacs_dir_close(&d);
	tell_folder(w->run, dir, &why);
	w->tree->broken |= is_broken(&why);
	return rc;
}

bool
is_shard(const char *name)
{
	return strlen(name) == 3 && strspn(name, "0123456789abcdef") == 3;
}

/* What stands beside the shards is no object's, whatever it is. */
void
tree_top(struct run *run)
{
	struct pacs_error why = PACS_ERROR_INIT;
	const struct dirent *e;
	struct pacs_dir d;
	char path[sizeof("objects/") + sizeof(e->d_name)];

	(void)!pacs_dir_open(&why, pacs_archive_dirfd(run->ar), "objects", 0,
			     &d);
	while ((e = pacs_dir_next(&why, &d))) {
		if (is_shard(e->d_name))
			continue;
		snprintf(path, sizeof(path), "objects/%s", e->d_name);
		misplaced(run, path);
	}
	pacs_dir_close(&d);
	tell_folder(run, "objects", &why);
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
	char dir[32];
	unsigned i;

	memset(ret, 0, sizeof(*ret));
	if (faccessat(pacs_archive_dirfd(run->ar), "objects", X_OK,
		      AT_EACCESS) != 0 &&
	    errno == EACCES) {
		ret->broken = true; /* told once (tree_top) */
		return rc;
	}
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

enum pacs_err
tree_look(struct pacs_error *err, const struct run *run, const struct tree *t,
	  const char *path, struct found *ret)
{
	struct stat st;

	/* What is not in a whole list is not there. */
	if (!t->broken)
		return pacs_error_set(err, PACS_ENOTFOUND, "not there");
	if (fstatat(pacs_archive_dirfd(run->ar), path, &st,
		    AT_SYMLINK_NOFOLLOW) != 0)
		return pacs_error_sys(err, errno, "cannot be looked at");
	describe(run, &st, ret);
	return PACS_OK;
}

void
tree_clear(struct tree *t)
{
	free(t->list);
	pacs_arena_clear(&t->arena);
	memset(t, 0, sizeof(*t));
}
