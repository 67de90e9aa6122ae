/*
 * Reading folders. A list that breaks off (a bad disk, a file server that went
 * away) is no shorter list: readdir(3) ends alike in both cases, so it is asked
 * here, and (in chunks that are sorted) in walk.c.
 */
#ifndef PACS_BASE_DIR_H
#define PACS_BASE_DIR_H

#include <dirent.h>
#include <stdbool.h>

#include "base/error.h"

struct pacs_dir {
	DIR *stream;      /* NULL: there is nothing to read */
	const char *path; /* for errors; borrowed */
};

/* flags: 0, or O_NOFOLLOW, where a link is no folder. PACS_ENOTFOUND;
 * PACS_EFORMAT: it is no folder. On failure nothing need be closed. */
enum pacs_err pacs_dir_open(struct pacs_error *err, int dirfd, const char *path,
			    int flags, struct pacs_dir *ret) PACS_MUST_CHECK;
/* The next entry (of one that is not open: NULL) that is not "." or "..", in no
 * order; valid until the next call. NULL at the end, or where the list breaks
 * off: then err->code is set. Nothing may be set before. */
const struct dirent *pacs_dir_next(struct pacs_error *err, struct pacs_dir *d);
/* Its descriptor, owned by it. */
int pacs_dir_fd(const struct pacs_dir *d);
/* Of a zeroed one, too. */
void pacs_dir_close(struct pacs_dir *d);

/* Is there nothing in it but a file system's own lost+found? */
enum pacs_err pacs_dir_is_empty(struct pacs_error *err, int dirfd,
				const char *path, bool *ret) PACS_MUST_CHECK;

#endif
