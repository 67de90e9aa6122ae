/*
 * Whole folders.
 */
#ifndef PACS_BASE_TREE_H
#define PACS_BASE_TREE_H

#include "base/error.h"

/* Remove a folder and all that is in it; follows no link. Not durable. Fine if
 * it is not there. On an error (of the system call) the rest stays. */
enum pacs_err pacs_tree_remove(struct pacs_error *err,
			       const char *path) PACS_MUST_CHECK;
/*
 * Flush a folder and all that is in it: the whole file system where that means
 * something (pacs_fs_can_sync_all), else file by file and folder by folder;
 * what may not be opened is not ours, and left out. It follows no link.
 * Durability: when it returns PACS_OK what is there survives a loss of power.
 */
enum pacs_err pacs_tree_sync(struct pacs_error *err, int dirfd,
			     const char *path) PACS_MUST_CHECK;

#endif
