/*
 * Synthetic DICOM studies that look real: people who never lived, pixels from
 * formulas, UIDs from a seed. For rehearsals, demonstrations and tests.
 *
 * The same options give the same bytes, on each run and with any number of
 * threads. Knows the IODs it makes and one folder to put them in; must not
 * know archives. Memory is flat: one frame for each thread.
 */
#ifndef PACS_PHANTOM_PHANTOM_H
#define PACS_PHANTOM_PHANTOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum pacs_phantom_kind {
	PACS_PHANTOM_CT,
	PACS_PHANTOM_MR,
	PACS_PHANTOM_US,
	PACS_PHANTOM_CR,
	PACS_PHANTOM_SR,
	PACS_PHANTOM_PDF,
	PACS_PHANTOM_RTSTRUCT,
	PACS_PHANTOM_SEG,
	PACS_PHANTOM_KINDS,
};

struct pacs_phantom_options {
	const char *dir; /* made if it is not there */
	unsigned kinds;  /* bits, 1u << PACS_PHANTOM_CT and so on */
	uint64_t studies;
	uint64_t series;    /* of each kind in a study */
	uint64_t instances; /* in a series of images; documents are alone */
	uint64_t rows;      /* and columns; a multiple of 4 */
	uint64_t frames;    /* of a US loop (0: 12); over 1: of an MR volume */
	uint64_t seed;
	const char *syntax;  /* transfer syntax UID */
	const char *charset; /* (0008,0005), or "mixed" */
	unsigned threads;
	bool dry_run; /* report, make nothing */
};

/* Values for all of it but dir. */
#define PACS_PHANTOM_DEFAULTS                                              \
	{                                                                  \
		.kinds = 1u << PACS_PHANTOM_CT, .studies = 1, .series = 1, \
		.instances = 24, .rows = 256, .frames = 0, .seed = 1,      \
		.syntax = "1.2.840.10008.1.2.1", .charset = "ISO_IR 100",  \
		.threads = 1                                               \
	}

/* One file that was made. Borrowed for the time of the call. */
struct pacs_phantom_file {
	const char *path;
	const char *modality;
	const char *charset;
	const char *study_uid, *series_uid, *sop_uid;
	const char *sop_class, *syntax;
	uint64_t size_bytes; /* 0 in a dry run */
};

/* Called for one file at a time, in the order of the files, on any of the
 * threads. False stops the run. */
typedef bool pacs_phantom_report(void *ctx,
				 const struct pacs_phantom_file *file);

/* "CT", "RTSTRUCT", ... (case ignored) -> kind; false: no such kind. */
bool pacs_phantom_kind_parse(const char *word, size_t len,
			     enum pacs_phantom_kind *ret_kind);

/*
 * The charset that a user may mean, as the value of (0008,0005): the term, or
 * a term without the backslash before it. Static. NULL: no names for it.
 */
const char *pacs_phantom_charset(const char *term);

/*
 * Check what can be checked before anything is touched (PACS_EUSAGE), and say
 * how many files it comes to. Sets of structures and segmentations bring the
 * CT that they refer to.
 */
enum pacs_err pacs_phantom_plan(struct pacs_error *err,
				const struct pacs_phantom_options *opts,
				uint64_t *ret_files) PACS_MUST_CHECK;

/*
 * Make the files DIR/<study UID>/<series UID>/<number>.dcm. The first error
 * ends the run (PACS_EEXISTS where a file is there already: nothing is written
 * over); what was reported until then is whole, the file of the error is
 * removed. Not flushed to stable storage. PACS_EINTERRUPTED if report said so.
 */
enum pacs_err pacs_phantom_make(struct pacs_error *err,
				const struct pacs_phantom_options *opts,
				pacs_phantom_report *report,
				void *ctx) PACS_MUST_CHECK;

#endif
