/*
 * Where copies of lost objects may be; part of this room's inside.
 */
#ifndef PACS_FIXITY_COPIES_H
#define PACS_FIXITY_COPIES_H

#include "archive/archive.h"
#include "base/digest.h"

struct copies;
enum pacs_err copies_open(struct pacs_error *err, const char *from,
			  struct copies **ret_c) PACS_MUST_CHECK;
void copies_close(struct copies *c);
/* A file with that digest, open for reading, and its size; false if there is
 * none. path is where it is in the archive. Caller closes. */
bool copies_find(struct copies *c, const char *path, const char *sha256,
		 int *ret_fd, uint64_t *ret_size);

#endif
