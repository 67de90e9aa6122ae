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

#endif
