/*
 * What was recorded after the ledger was scanned. Others write, purge and
 * replace while we look: an object that a later line speaks of, or that a
 * living writer is about to record, is no finding.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/dir.h"
#include "fixity/internal.h"

enum { WAIT_MS = 20, WAIT_ALL_MS = 3000 };

static void
add(struct late *l, const struct pacs_ledger_line *line)
{
	char path[PACS_PATH_ROOM];
	struct pacs_triple t;

	if (line->op == PACS_OP_QUARANTINE || line->op == PACS_OP_RELEASE) {
		quarantine_name(line->sha256, path);
	} else if (*line->instance) {
		fixity_triple(line, &t);
		pacs_object_path(&t, path);
	} else {
		return;
	}
	if (l->count == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->paths = pacs_realloc(l->paths, l->cap * sizeof(*l->paths));
	}
	l->paths[l->count++] = pacs_strdup(path);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Read on; a ledger that cannot be read on gave its finding in the scan. */
static void
refresh(struct run *run, struct late *l)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	size_t before = l->count;
	bool more;

	if (pacs_ledger_has_more(&err, run->ar, &l->at, &more) || !more ||
	    pacs_ledger_open(&err, run->ar, &l->at, &r))
		return;
	while (!pacs_ledger_next(&err, r, &line) && line)
		add(l, line);
	l->at = *pacs_ledger_cursor(r);
	pacs_ledger_close(r);
	if (l->count > before)
		qsort(l->paths, l->count, sizeof(*l->paths), compare);
}

bool
late_touched(struct run *run, const char *path)
{
	struct late *l = &run->late;
	bool hit;

	pthread_mutex_lock(&l->lock);
	refresh(run, l);
	hit = l->count &&
	      bsearch(&path, l->paths, l->count, sizeof(*l->paths), compare);
	pthread_mutex_unlock(&l->lock);
	return hit;
}

/* Is a name in that folder of incoming/ this file's? */
static bool
is_in(const struct run *run, const char *writer, const struct stat *file)
{
	char *path = pacs_format("incoming/%s", writer);
	struct pacs_error why = PACS_ERROR_INIT;
	const struct dirent *e;
	struct pacs_dir d;
	struct stat st;
	bool is = false;

	(void)!pacs_dir_open(&why, pacs_archive_dirfd(run->ar), path, 0, &d);
	while (!is && (e = pacs_dir_next(&why, &d)))
		is = fstatat(pacs_dir_fd(&d), e->d_name, &st,
			     AT_SYMLINK_NOFOLLOW) == 0 &&
		     st.st_ino == file->st_ino && st.st_dev == file->st_dev;
	pacs_dir_close(&d);
	free(path);
	return is;
}

static bool
is_incoming(const struct run *run, const struct stat *file)
{
	struct pacs_error why = PACS_ERROR_INIT;
	const struct dirent *e;
	struct pacs_dir d;
	bool is = false;

	(void)!pacs_dir_open(&why, pacs_archive_dirfd(run->ar), "incoming", 0,
			     &d);
	while (!is && (e = pacs_dir_next(&why, &d)))
		is = is_in(run, e->d_name, file);
	pacs_dir_close(&d);
	return is;
}

/* A second link may be the name in incoming/ of a writer that has not yet
 * recorded it (recovery finishes the work of a dead one), or just somebody's
 * link. The writer takes its name away when the line is there, so the ledger
 * is asked last. */
bool
late_coming(struct run *run, const char *path)
{
	struct stat st;

	if (fstatat(pacs_archive_dirfd(run->ar), path, &st,
		    AT_SYMLINK_NOFOLLOW) != 0)
		return true; /* gone again */
	return (st.st_nlink > 1 && is_incoming(run, &st)) ||
	       late_touched(run, path);
}

/* Writers have their folders in incoming/ while they live. */
bool
late_writes(const struct run *run)
{
	struct pacs_error why = PACS_ERROR_INIT;
	const struct dirent *e = NULL;
	struct pacs_dir d;

	if (pacs_dir_open(&why, pacs_archive_dirfd(run->ar), "incoming", 0, &d))
		return false;
	while ((e = pacs_dir_next(&why, &d)) && e->d_name[0] == '.')
		;
	pacs_dir_close(&d);
	return e != NULL;
}

bool
late_wait(struct run *run, bool writes)
{
	static const struct timespec pause = {0, WAIT_MS * 1000000};

	if (!writes || run->late.waited_ms >= WAIT_ALL_MS)
		return false;
	nanosleep(&pause, NULL);
	run->late.waited_ms += WAIT_MS;
	return true;
}

bool
late_stays(struct run *run,
	   bool (*wrong)(struct run *run, const struct expected *e),
	   const struct expected *e)
{
	bool writes;

	do {
		writes = late_writes(run); /* asked before the rest */
		if (!wrong(run, e))
			return false;
		if (!late_wait(run, writes))
			return true;
	} while (!check_stopped(run));
	return false;
}

void
late_clear(struct late *l)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		free(l->paths[i]);
	free(l->paths);
	pthread_mutex_destroy(&l->lock);
}
