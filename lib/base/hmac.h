/*
 * HMAC-SHA256 (RFC 2104), by libcrypto's SHA-256. A key is prepared once and
 * used by any number of threads.
 */
#ifndef PACS_BASE_HMAC_H
#define PACS_BASE_HMAC_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

struct pacs_hmac;

/* Prepare a key of any size. Free with pacs_hmac_free (NULL is fine), which
 * overwrites it. */
struct pacs_hmac *pacs_hmac_new(const void *key, size_t size);
void pacs_hmac_free(struct pacs_hmac *h);
void pacs_hmac_of(const struct pacs_hmac *h, const void *bytes, size_t size,
		  uint8_t ret[PACS_SHA256_SIZE]);

/* n random bytes of the kernel, fit for keys. Errors: PACS_EIO. */
enum pacs_err pacs_random_bytes(struct pacs_error *err, void *buf,
				size_t n) PACS_MUST_CHECK;
/* Overwrite memory that held a secret. */
void pacs_forget(void *p, size_t n);

#endif
