/* The low-level calls, for the reason given in digest.c: an EVP_MAC costs more
 * than the hash of a UID. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hmac.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

struct pacs_hmac {
	SHA256_CTX inner, outer; /* after the key's block */
};

struct pacs_hmac *
pacs_hmac_new(const void *key, size_t size)
{
	struct pacs_hmac *h = pacs_malloc(sizeof(*h));
	uint8_t block[SHA256_CBLOCK] = {0};
	size_t i;

	if (size > sizeof(block))
		SHA256(key, size, block);
	else if (size)
		memcpy(block, key, size);
	for (i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36;
	SHA256_Init(&h->inner);
	SHA256_Update(&h->inner, block, sizeof(block));
	for (i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	SHA256_Init(&h->outer);
	SHA256_Update(&h->outer, block, sizeof(block));
	pacs_forget(block, sizeof(block));
	return h;
}

void
pacs_hmac_free(struct pacs_hmac *h)
{
	if (h)
		pacs_forget(h, sizeof(*h));
	free(h);
}

void
pacs_hmac_of(const struct pacs_hmac *h, const void *bytes, size_t size,
	     uint8_t ret[PACS_SHA256_SIZE])
{
	SHA256_CTX c = h->inner;

	SHA256_Update(&c, bytes, size);
	SHA256_Final(ret, &c);
	c = h->outer;
	SHA256_Update(&c, ret, PACS_SHA256_SIZE);
	SHA256_Final(ret, &c);
}

enum pacs_err
pacs_random_bytes(struct pacs_error *err, void *buf, size_t n)
{
	uint8_t *p = buf;

	while (n) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return pacs_error_sys(err, errno, "no random bytes");
		p += got;
		n -= (size_t)got;
	}
	return PACS_OK;
}

void
pacs_forget(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
