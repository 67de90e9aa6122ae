/*
 * An archive in a scratch folder, for fuzz targets that need a disk: in memory
 * where there is /dev/shm, removed at the end.
 */
#ifndef FUZZ_SCRATCH_H
#define FUZZ_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"

static char scratch[64]; /* the folder; the archive is "scratch/a" */
static char scratch_archive[80];

static inline void
must(int ok)
{
	if (!ok)
		abort();
}

static inline int
scratch_remove_one(const char *path, const struct stat *st, int kind,
		   struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

static inline void
scratch_remove(const char *path)
{
	nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void
scratch_end(void)
{
	if (*scratch)
		scratch_remove(scratch);
}

/* An empty archive, anew. */
static inline void
scratch_new(void)
{
	struct pacs_settings s = {.default_issuer = "", .timezone = ""};
	struct pacs_error err = PACS_ERROR_INIT;

	if (!*scratch) {
		snprintf(scratch, sizeof(scratch), "%s/pacs-fuzz.XXXXXX",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		must(mkdtemp(scratch) != NULL);
		atexit(scratch_end);
		snprintf(scratch_archive, sizeof(scratch_archive), "%s/a",
			 scratch);
	}
	scratch_remove(scratch_archive);
	s.floor_bytes = 1;
	must(pacs_archive_create(&err, scratch_archive, &s) == PACS_OK);
}

/* A file of the archive gets these bytes. */
static inline void
scratch_put(const char *name, const void *bytes, size_t size)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", scratch_archive, name);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0640);
	must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

#endif
