/* Where objects go: what run.c and the kinds of output share. */
#ifndef PACS_DEID_OUTPUT_H
#define PACS_DEID_OUTPUT_H

#include <sys/types.h>

#include "deid/run.h"

/* "STUDY/SERIES/SOP.dcm" and its NUL. */
#define OUTPUT_PATH_MAX (3 * (PACS_UID_MAX + 1) + 8)

enum put_outcome { PUT_WRITTEN, PUT_DUPLICATE, PUT_CONFLICT };

struct pacs_deid_output {
	/* Of a file that is written; 0: none. It is no input. */
	dev_t dev;
	ino_t ino;
	/*
	 * Put an object; any thread. fatal: no other one can be put either.
	 */
	enum pacs_err (*put)(struct pacs_error *err,
			     struct pacs_deid_output *out,
			     struct pacs_dataset *ds,
			     const struct pacs_deid_result *r, const char *path,
			     enum put_outcome *ret, uint64_t *ret_size,
			     bool *ret_fatal);
	enum pacs_err (*close)(struct pacs_error *err,
			       struct pacs_deid_output *out, bool good);
};

#endif
