/*
 * A file that is to be sent: what has to be known before a byte of it goes out.
 */
#ifndef PACS_PEER_OBJECT_H
#define PACS_PEER_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "dicom/uid.h"

struct pacs_object {
	char *path; /* owned */
	char study[PACS_UID_MAX + 1];
	char series[PACS_UID_MAX + 1];
	char instance[PACS_UID_MAX + 1];
	char sop_class[PACS_UID_MAX + 1];
	char syntax[PACS_UID_MAX + 1];   /* that its data set is in */
	uint64_t charsets;               /* that it needs (dicom/text.h) */
	uint64_t size;                   /* of the file */
	uint64_t data_offset, data_size; /* of the data set in it */
	bool pad; /* a NUL more: a deflated data set of odd length */
	/* The file's bytes, as they were looked at; empty: read it again. */
	struct pacs_buf bytes;
	/* As it was looked at: what changes before it is sent is not sent. */
	dev_t dev;
	ino_t ino;
	struct timespec mtime;
};

enum pacs_object_kind {
	PACS_OBJECT_GOOD,
	PACS_OBJECT_OTHER, /* not DICOM, or a media directory: reason */
	PACS_OBJECT_BAD,   /* DICOM that cannot be sent: reason, err */
};

/*
 * Look at a file. path is taken over, also if the object is not good. *reason
 * is one word, static. The bytes of a good one are kept if they are at most
 * keep; else memory does not grow with the file.
 */
enum pacs_object_kind pacs_object_look(struct pacs_error *err, char *path,
				       size_t keep, struct pacs_object *ret,
				       const char **ret_reason);
/* The file for reading, if it is still what was looked at. Caller closes. */
enum pacs_err pacs_object_reopen(struct pacs_error *err,
				 const struct pacs_object *o,
				 int *ret_fd) PACS_MUST_CHECK;
void pacs_object_clear(struct pacs_object *o);

#endif
