/*
 * Walking folders: every regular file below a path, in flat memory.
 *
 * What is not a regular file is told and never opened, since opening a FIFO or
 * a device may block or do harm. Links below a folder are followed to files,
 * not to folders; no folder is entered twice on one path.
 */
#ifndef PACS_BASE_WALK_H
#define PACS_BASE_WALK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/mem.h"

struct pacs_walk {
	/* What to do with a regular file. False ends the walk. */
	bool (*file)(struct pacs_walk *w, int dirfd, const char *name,
		     bool via_link);
	/* What is not read (path), and why: a word, static. fail: since it
	 * cannot be; err is for the time of the call. The walk goes on. */
	void (*skip)(struct pacs_walk *w, const char *reason);
	void (*fail)(struct pacs_walk *w, struct pacs_error *err,
		     const char *reason);
	void *ctx;
	struct pacs_buf path; /* of the entry at hand */
	dev_t shun_dev;       /* a folder not to be entered: the archive */
	ino_t shun_ino;
};

/* One item: a file or a folder with all below it, links followed since the user
 * named it. False if file() ended it. w->path is of the entry at hand; free it
 * with pacs_buf_clear after the last item. */
bool pacs_walk_item(struct pacs_walk *w, const char *path);

#endif
