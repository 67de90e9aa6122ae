/*
 * The marks of what was purged, which keep it from coming back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dir.h"
#include "fixity/internal.h"

/* "purged/ab3/STUDY/SERIES/SOP" of "objects/ab3/STUDY/SERIES/SOP.dcm" */
static char *
mark_of(const char *object)
{
	const char *rest = object + strlen("objects");

	return pacs_format("purged%.*s", (int)strlen(rest) - 4, rest);
}

/* Where it cannot be looked at, nothing is known: the folder is told. */
static bool
is_unmarked(struct run *run, const struct expected *e)
{
	char *mark = mark_of(e->path);
	bool none = faccessat(pacs_archive_dirfd(run->ar), mark, F_OK,
			      AT_SYMLINK_NOFOLLOW) != 0 &&
		    (errno == ENOENT || errno == ENOTDIR);

	free(mark);
	return none && !late_touched(run, e->path);
}

static void
tell(struct run *run, const char *mark, const struct pacs_triple *t,
     const char *expected, const char *found)
{
	run_finding_of(run, PACS_FAULT_MARK, mark, t, expected, found);
}

static void
check_purged(struct run *run, const struct expected *e)
{
	struct pacs_triple t;
	char *mark;

	if (!e->purged || !e->wanted || !late_stays(run, is_unmarked, e))
		return;
	mark = mark_of(e->path);
	(void)pacs_object_triple(e->path, &t);
	tell(run, mark, &t, "a mark", "none");
	free(mark);
}

static int
by_path(const void *path, const void *e)
{
	return strcmp(path, ((const struct expected *)e)->path);
}

/* The object's writer takes the mark away when its line is durable. */
static bool
is_marked(struct run *run, const struct expected *e)
{
	struct pacs_triple t;

	return pacs_object_triple(e->path, &t) &&
	       pacs_object_is_purged(run->ar, &t) &&
	       !late_touched(run, e->path);
}

static void
check_mark(struct run *run, const char *mark, const struct bucket *b)
{
	char *object = pacs_format("objects%s.dcm", strchr(mark, '/'));
	struct expected none = {.path = object};
	const struct expected *e;
	struct pacs_triple t;

	if (!pacs_object_triple(object, &t)) {
		if (looks_at_all(run->opts))
			run_finding(run, PACS_FAULT_MARK, mark, "none", "");
		free(object);
		return;
	}
	e = b->count
		? bsearch(object, b->list, b->count, sizeof(*b->list), by_path)
		: NULL;
	if (e ? !e->purged && e->wanted : looks_at_all(run->opts))
		if (late_stays(run, is_marked, e ? e : &none))
			tell(run, mark, &t, "none", "a mark");
	free(object);
}

static void walk(struct run *run, const char *dir, unsigned depth,
		 const struct bucket *b);

/* Folders hold folders down to the marks, which are files. */
static void
look(struct run *run, const char *path, unsigned depth, const struct bucket *b)
{
	struct stat st;

	if (fstatat(pacs_archive_dirfd(run->ar), path, &st,
		    AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT) /* taken away a moment ago */
			run_finding(run, PACS_FAULT_UNREADABLE, path, "",
				    "cannot be looked at");
		return;
	}
	if (depth < 3 && S_ISDIR(st.st_mode))
		walk(run, path, depth + 1, b);
	else if (depth == 3 && S_ISREG(st.st_mode))
		check_mark(run, path, b);
	else if (looks_at_all(run->opts))
		run_finding(run, PACS_FAULT_MARK, path, "", "no mark");
}

/* depth 1 holds studies, 2 series, 3 marks. */
static void
walk(struct run *run, const char *dir, unsigned depth, const struct bucket *b)
{
	struct pacs_error why = PACS_ERROR_INIT;
	const struct dirent *e;
	struct pacs_dir d;

	(void)!pacs_dir_open(&why, pacs_archive_dirfd(run->ar), dir, O_NOFOLLOW,
			     &d);
	while ((e = pacs_dir_next(&why, &d))) {
		char *path = pacs_format("%s/%s", dir, e->d_name);

		look(run, path, depth, b);
		free(path);
	}
	pacs_dir_close(&d);
	if (why.code == PACS_EFORMAT)
		run_finding(run, PACS_FAULT_MARK, dir, "", "no folder");
	else if (why.code && why.code != PACS_ENOTFOUND)
		run_finding(run, PACS_FAULT_UNREADABLE, dir, "", why.msg);
}

/* What stands beside the shards. */
void
marks_top(struct run *run)
{
	struct pacs_error why = PACS_ERROR_INIT;
	const struct dirent *e;
	struct pacs_dir d = {.stream = NULL};
	char path[sizeof("purged/") + sizeof(e->d_name)];

	if (faccessat(pacs_archive_dirfd(run->ar), "purged", X_OK,
		      AT_EACCESS) != 0 &&
	    errno == EACCES)
		pacs_error_sys(&why, errno, "cannot read 'purged'");
	else
		(void)!pacs_dir_open(&why, pacs_archive_dirfd(run->ar),
				     "purged", 0, &d);
	while ((e = pacs_dir_next(&why, &d))) {
		if (is_shard(e->d_name))
			continue;
		snprintf(path, sizeof(path), "purged/%s", e->d_name);
		run_finding(run, PACS_FAULT_MARK, path, "", "no mark");
	}
	pacs_dir_close(&d);
	if (why.code && why.code != PACS_ENOTFOUND && why.code != PACS_EFORMAT)
		run_finding(run, PACS_FAULT_UNREADABLE, "purged", "", why.msg);
}

void
marks_check(struct run *run, unsigned first, unsigned end,
	    const struct bucket *b)
{
	char dir[32];
	size_t i;

	/* If it is not there, all of it is made anew before anybody writes; if
	 * it cannot be read, that is told once (marks_top). */
	if (faccessat(pacs_archive_dirfd(run->ar), "purged", R_OK | X_OK,
		      AT_EACCESS) != 0)
		return;
	for (i = 0; i < b->count; i++)
		check_purged(run, &b->list[i]);
	for (; first < end; first++) {
		if (run->opts->shards && !run->opts->shards[first])
			continue;
		snprintf(dir, sizeof(dir), "purged/%03x", first);
		walk(run, dir, 1, b);
	}
}
