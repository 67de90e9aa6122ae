/*
 * What differs between an object in quarantine and the one that holds the place
 * it would have, in words: what pacs-quarantine diff shows.
 */
#ifndef PACS_INGEST_REVIEW_H
#define PACS_INGEST_REVIEW_H

#include <stdbool.h>

#include "archive/archive.h"
#include "archive/quarantine.h"
#include "base/error.h"

struct pacs_review {
	const char *element;     /* "ReferencedSeriesSequence[1].Modality" */
	const char *quarantined; /* value as UTF-8 text; NULL: not there */
	const char *archived;
};
/* Strings are borrowed until the callback returns. They are patient data. */
typedef void pacs_review_fn(void *ctx, const struct pacs_review *r);

/*
 * Tell every difference in meaning, in order. Values that are not text are told
 * by VR and size, with the digest's first digits; long ones are cut. Where one
 * of them cannot be read to its end, what is missing behind that is not told
 * element by element: the last is "(end)", with a word about each that ends
 * early.
 * PACS_ENOTFOUND: no object holds the place; PACS_EUSAGE: the UIDs of what is
 * in quarantine are not known; PACS_EFORMAT, PACS_ELIMIT: one of them cannot be
 * read.
 */
enum pacs_err pacs_review_diff(struct pacs_error *err,
			       const struct pacs_archive *ar,
			       const struct pacs_quarantined *q,
			       pacs_review_fn *fn, void *ctx) PACS_MUST_CHECK;

#endif
