/*
 * A file that is written beside, as NAME.part, and gets its name once it is
 * whole. Locked while it is written, so that two programs never share one.
 */
#ifndef PACS_DEID_PART_H
#define PACS_DEID_PART_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* Begin; what a run that was killed left has no value and goes. *ret_fd is the
 * caller's, until part_end. PACS_EEXISTS: path is there; PACS_EBUSY: somebody
 * is writing it. */
enum pacs_err part_begin(struct pacs_error *err, const char *path, mode_t mode,
			 int *ret_fd) PACS_MUST_CHECK;
/* good: give it its name, durably when it returns PACS_OK; else throw it away.
 * Closes fd. */
enum pacs_err part_end(struct pacs_error *err, const char *path, int fd,
		       bool good) PACS_MUST_CHECK;

#endif
