/*
 * Two archives against each other, by what their ledgers say and, where the
 * digests differ, by what the objects mean.
 */
#ifndef PACS_FIXITY_AGAINST_H
#define PACS_FIXITY_AGAINST_H

#include "archive/archive.h"
#include "dicom/dataset.h"

enum pacs_against {
	PACS_ONLY_HERE,     /* the other archive has no such object */
	PACS_ONLY_THERE,    /* this archive has no such object */
	PACS_OTHER_BYTES,   /* the same data set in another encoding */
	PACS_OTHER_MEANING, /* another data set under the same UIDs */
	PACS_NOT_COMPARED,  /* other bytes, and one could not be read */
};
const char *pacs_against_word(enum pacs_against what); /* "missing-there" */

/* detail: the first difference, or why it could not be compared; no values.
 * Strings are borrowed until it returns. */
typedef void pacs_against_fn(void *ctx, enum pacs_against what,
			     const char *path, const char *here_sha256,
			     const char *there_sha256, const char *detail);

/*
 * Compare the ledgers of two archives, object by object, in the order of paths
 * and in flat memory, with a spool in the place for temporary files. decode as
 * in pacs_dataset_compare. *ret_same counts objects that have the same bytes.
 */
enum pacs_err pacs_fixity_against(struct pacs_error *err,
				  const struct pacs_archive *here,
				  const struct pacs_archive *there,
				  pacs_pixel_decoder *decode,
				  pacs_against_fn *fn, void *ctx,
				  uint64_t *ret_same) PACS_MUST_CHECK;

#endif
