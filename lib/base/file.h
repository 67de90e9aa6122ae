/*
 * Reading files. Nothing here changes a disk (see fs.h). Errors are those of
 * the system call (pacs_error_sys), others where said. Thread-safe.
 */
#ifndef PACS_BASE_FILE_H
#define PACS_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

/* Open for reading. Never blocks on a FIFO or device: those are PACS_EFORMAT
 * ("not a regular file"). Caller closes. ret_size may be NULL. */
enum pacs_err pacs_file_open(struct pacs_error *err, int dirfd,
			     const char *path, int *ret_fd,
			     uint64_t *ret_size) PACS_MUST_CHECK;
/* Read up to size bytes at offset; fewer only at the end of the file. Where the
 * file stands is neither used nor changed. */
enum pacs_err pacs_file_pread(struct pacs_error *err, int fd, void *buf,
			      size_t size, uint64_t offset,
			      size_t *ret_read) PACS_MUST_CHECK;
/* Read up to size bytes from a stream; fewer only at its end. */
enum pacs_err pacs_file_read(struct pacs_error *err, int fd, void *buf,
			     size_t size, size_t *ret_read) PACS_MUST_CHECK;
/* A whole file of at most max bytes, appended; PACS_ELIMIT beyond. */
enum pacs_err pacs_file_slurp(struct pacs_error *err, int dirfd,
			      const char *path, size_t max,
			      struct pacs_buf *out) PACS_MUST_CHECK;

#endif
