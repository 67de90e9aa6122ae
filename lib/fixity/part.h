/*
 * A part of an archive, named by paths: of objects, series, studies.
 */
#ifndef PACS_FIXITY_PART_H
#define PACS_FIXITY_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/archive.h"

struct pacs_part;

/*
 * paths are relative to the archive or as pacs-find --paths prints them:
 * "objects/ab3/STUDY", "objects/ab3/STUDY/SERIES", or an object's.
 * PACS_EUSAGE for what is no such path. Keeps no reference to them.
 */
enum pacs_err pacs_part_new(struct pacs_error *err,
			    const struct pacs_archive *ar, char *const *paths,
			    size_t count,
			    struct pacs_part **ret_p) PACS_MUST_CHECK;
void pacs_part_free(struct pacs_part *p); /* NULL is fine */
/* Is the object in it? ctx is the part; for pacs_fixity_options. Threads. */
bool pacs_part_wants(void *ctx, const struct pacs_triple *t);

#endif
