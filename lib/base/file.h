/*
 * Reading files. Nothing here changes a disk (see fs.h).
 */
#ifndef PACS_BASE_FILE_H
#define PACS_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

/* Open for reading. Never blocks on a FIFO or device: those are PACS_EFORMAT
 * ("not a regular file"). Caller closes. */
enum pacs_err pacs_file_open(struct pacs_error *err, int dirfd,
			     const char *path, int *ret_fd,
			     uint64_t *ret_size) PACS_MUST_CHECK;
/* Read up to size bytes at offset; fewer only at the end of the file. */
enum pacs_err pacs_file_pread(struct pacs_error *err, int fd, void *buf,
			      size_t size, uint64_t offset,
			      size_t *ret_read) PACS_MUST_CHECK;
/* Read up to size bytes from a stream; fewer only at its end. */
enum pacs_err pacs_file_read(struct pacs_error *err, int fd, void *buf,
			     size_t size, size_t *ret_read) PACS_MUST_CHECK;
/* A whole file of at most max bytes, appended; else PACS_ELIMIT. */
enum pacs_err pacs_file_slurp(struct pacs_error *err, int dirfd,
			      const char *path, size_t max,
			      struct pacs_buf *out) PACS_MUST_CHECK;

#endif
