/*
 * SHA-256, by libcrypto. One digest object is used by one thread at a time.
 */
#ifndef PACS_BASE_DIGEST_H
#define PACS_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define PACS_SHA256_SIZE 32
#define PACS_SHA256_HEX  65 /* with the NUL */

struct pacs_digest;

/* Ready for the first byte. Free with pacs_digest_free (NULL is fine). */
struct pacs_digest *pacs_digest_new(void);
void pacs_digest_free(struct pacs_digest *d);
void pacs_digest_add(struct pacs_digest *d, const void *bytes, size_t size);
/* The digest of all that was added; then *d is ready for another first byte. */
void pacs_digest_end(struct pacs_digest *d, uint8_t ret[PACS_SHA256_SIZE]);
void pacs_digest_end_hex(struct pacs_digest *d, char ret[PACS_SHA256_HEX]);

/* In one call. */
void pacs_sha256_hex(const void *bytes, size_t size, char ret[PACS_SHA256_HEX]);
void pacs_hex(const uint8_t *bytes, size_t size, char *ret /* 2*size+1 */);
/* Digest of a file from its start to its end, by pread, and its size (NULL: not
 * wanted). */
enum pacs_err pacs_sha256_fd(struct pacs_error *err, int fd,
			     char ret_hex[PACS_SHA256_HEX],
			     uint64_t *ret_size) PACS_MUST_CHECK;

#endif
