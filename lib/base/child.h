/*
 * Running another program with pipes to it. It gets our environment, and none
 * of our descriptors but those named. Knows no shell.
 */
#ifndef PACS_BASE_CHILD_H
#define PACS_BASE_CHILD_H

#include <sys/types.h>

#include "base/error.h"

struct pacs_child {
	pid_t pid; /* 0: none */
	const char *name;
	int said; /* its stderr, a file that has no name; -1 */
};

/*
 * Start argv[0] (looked for in PATH) with the descriptors in and out as its
 * standard input and output; -1 is /dev/null. Both stay the caller's. argv[0]
 * must outlive the child. PACS_EUNSUPPORTED: there is no such program.
 */
enum pacs_err pacs_child_start(struct pacs_error *err, const char *const *argv,
			       int in, int out,
			       struct pacs_child *ret_c) PACS_MUST_CHECK;
/* Wait for its end. PACS_EIO, with the last line that it said, if it did not
 * end with status 0. c is none afterwards. */
enum pacs_err pacs_child_wait(struct pacs_error *err,
			      struct pacs_child *c) PACS_MUST_CHECK;
/* End it now, whatever it does. Fine if there is none. */
void pacs_child_stop(struct pacs_child *c);
/* A pipe, close-on-exec at both ends. */
enum pacs_err pacs_child_pipe(struct pacs_error *err,
			      int ret_ends[2]) PACS_MUST_CHECK;

#endif
