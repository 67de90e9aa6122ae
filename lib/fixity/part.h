/*
 * A part of an archive: paths of objects, series, studies, and a question.
 */
#ifndef PACS_FIXITY_PART_H
#define PACS_FIXITY_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/archive.h"
#include "query/query.h"

struct pacs_part;

/*
 * paths are relative to the archive or as pacs-find --paths prints them:
 * "objects/ab3/STUDY", "objects/ab3/STUDY/SERIES", or an object's.
 * PACS_EUSAGE for what is no such path. q, if not NULL and not empty, adds what
 * the index finds for it: studies if it speaks of studies only, else series or
 * instances. About 200 bytes of memory for each. Keeps no reference to them.
 */
enum pacs_err pacs_part_new(struct pacs_error *err,
			    const struct pacs_archive *ar, char *const *paths,
			    size_t count, const struct pacs_query *q,
			    struct pacs_part **ret_p) PACS_MUST_CHECK;
void pacs_part_free(struct pacs_part *p); /* NULL is fine */
/* The shards that it has objects in, for pacs_fixity_options. Of the part. */
const bool *pacs_part_shards(const struct pacs_part *p);
/* Is the object in it? ctx is the part; for pacs_fixity_options. Threads. */
bool pacs_part_wants(void *ctx, const struct pacs_triple *t);

#endif
