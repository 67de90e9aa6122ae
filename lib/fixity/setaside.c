/*
 * Quarantine: what the ledger says was set aside must be there and whole, and
 * nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/file.h"
#include "fixity/internal.h"

enum { WORD = PACS_SHA256_HEX + 2, HEX = PACS_SHA256_HEX - 1 };

/* What the ledger says last of each digest, by digest: "<digest> +\n". */
struct words {
	const char **list;
	size_t count;
};

void
quarantine_name(const char *sha256, char ret[PACS_PATH_ROOM])
{
	snprintf(ret, PACS_PATH_ROOM, "quarantine/%.64s.dcm", sha256);
}

static void
tell(struct run *run, const char *path, const char *expected, const char *found)
{
	if (!late_touched(run, path)) /* let out meanwhile */
		run_finding(run, PACS_FAULT_QUARANTINE, path, expected, found);
}

static void
check_bytes(struct run *run, const char *path, const char *sha256)
{
	struct pacs_error err = PACS_ERROR_INIT;
	char have[PACS_SHA256_HEX];
	uint64_t size = 0;
	int fd;

	if (pacs_file_open(&err, pacs_archive_dirfd(run->ar), path, &fd,
			   &size)) {
		if (!late_touched(run, path))
			run_finding(run, PACS_FAULT_UNREADABLE, path, sha256,
				    err.msg);
		return;
	}
	if (pacs_sha256_fd(&err, fd, have, &size))
		run_finding(run, PACS_FAULT_UNREADABLE, path, sha256, err.msg);
	else if (strcmp(have, sha256) != 0)
		tell(run, path, sha256, have);
	run_read(run, 0, size);
	close(fd);
}

/* The reason is another file; without it nobody knows what to do. */
static void
check_reason(struct run *run, const char *path)
{
	char *text = pacs_format("%.*s.txt", (int)strlen(path) - 4, path);

	if (faccessat(pacs_archive_dirfd(run->ar), text, F_OK,
		      AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT && !late_touched(run, path))
		run_finding(run, PACS_FAULT_QUARANTINE, text, "the reason", "");
	free(text);
}

static void
check_one(struct run *run, const char *sha256)
{
	char path[PACS_PATH_ROOM];
	struct stat st;

	quarantine_name(sha256, path);
	if (fstatat(pacs_archive_dirfd(run->ar), path, &st,
		    AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			tell(run, path, sha256, "");
		else
			run_finding(run, PACS_FAULT_UNREADABLE, path, sha256,
				    "cannot be looked at");
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		tell(run, path, sha256, "not a regular file");
		return;
	}
	if (!run->opts->quick)
		check_bytes(run, path, sha256);
	check_reason(run, path);
}

/* Words are in ledger order; the last one about a digest counts. A sort that
 * keeps that order (they are in one buffer) brings them together. */
static int
by_digest(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int c = memcmp(x, y, HEX);

	return c ? c : x < y ? -1 : x > y;
}

static void
settle(const struct pacs_buf *b, struct words *ret)
{
	size_t i, kept = 0, n = b->len / WORD;

	ret->list = pacs_calloc(n, sizeof(*ret->list));
	for (i = 0; i < n; i++)
		ret->list[i] = b->data + i * WORD;
	if (n)
		qsort(ret->list, n, sizeof(*ret->list), by_digest);
	for (i = 0; i < n; i++)
		if (i + 1 == n ||
		    memcmp(ret->list[i], ret->list[i + 1], HEX) != 0)
			ret->list[kept++] = ret->list[i];
	ret->count = kept;
}

static int
compare(const void *sha256, const void *word)
{
	return memcmp(sha256, *(const char *const *)word, HEX);
}

/* It is there, and neither the ledger nor a writer knows of it. */
static bool
is_unrecorded(struct run *run, const struct expected *e)
{
	return !late_coming(run, e->path);
}

/* A line that was lost, with the ledger's end or without, leaves this. */
static void
check_entry(struct run *run, const struct words *w, const char *name)
{
	char path[PACS_PATH_ROOM];
	const struct expected e = {.path = path};
	const char *const *word;

	if (strlen(name) != HEX + 4 || strcmp(name + HEX, ".dcm") != 0 ||
	    strspn(name, "0123456789abcdef") != HEX)
		return;
	word = w->count
		   ? bsearch(name, w->list, w->count, sizeof(*w->list), compare)
		   : NULL;
	quarantine_name(name, path);
	if ((!word || (*word)[HEX + 1] != '+') &&
	    late_stays(run, is_unrecorded, &e))
		run_finding(run, PACS_FAULT_QUARANTINE, path, "",
			    "not on record");
}

static void
check_folder(struct run *run, const struct words *w)
{
	struct pacs_error why = PACS_ERROR_INIT;
	const struct dirent *e;
	struct pacs_dir d;

	(void)!pacs_dir_open(&why, pacs_archive_dirfd(run->ar), "quarantine", 0,
			     &d);
	while ((e = pacs_dir_next(&why, &d)))
		check_entry(run, w, e->d_name);
	pacs_dir_close(&d);
	if (why.code && why.code != PACS_ENOTFOUND && why.code != PACS_EFORMAT)
		run_finding(run, PACS_FAULT_UNREADABLE, "quarantine", "",
			    why.msg);
}

void
quarantine_check(struct run *run)
{
	char sha256[PACS_SHA256_HEX];
	struct words w;
	size_t i;

	settle(&run->quarantine, &w);
	for (i = 0; i < w.count && !check_stopped(run); i++) {
		snprintf(sha256, sizeof(sha256), "%.64s", w.list[i]);
		if (w.list[i][HEX + 1] == '+')
			check_one(run, sha256);
	}
	check_folder(run, &w);
	free(w.list);
}
