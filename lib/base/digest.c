#include "base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

struct pacs_digest {
	EVP_MD_CTX *ctx;
};

/* Looked up once: a lookup by each digest costs as much as a small hash. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void
fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!sha256)
		abort(); /* a libcrypto without SHA-256: nothing can work */
}

static void
begin(struct pacs_digest *d)
{
	if (EVP_DigestInit_ex2(d->ctx, sha256, NULL) != 1)
		abort();
}

struct pacs_digest *
pacs_digest_new(void)
{
	struct pacs_digest *d = pacs_malloc(sizeof(*d));

	pthread_once(&sha256_once, fetch);
	d->ctx = EVP_MD_CTX_new();
	if (!d->ctx)
		abort();
	begin(d);
	return d;
}

void
pacs_digest_free(struct pacs_digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void
pacs_digest_add(struct pacs_digest *d, const void *bytes, size_t size)
{
	if (EVP_DigestUpdate(d->ctx, bytes, size) != 1)
		abort();
}

void
pacs_digest_end(struct pacs_digest *d, uint8_t ret[PACS_SHA256_SIZE])
{
	unsigned n = PACS_SHA256_SIZE;

	if (EVP_DigestFinal_ex(d->ctx, ret, &n) != 1)
		abort();
	begin(d);
}

void
pacs_hex(const uint8_t *bytes, size_t size, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < size; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * size] = '\0';
}

void
pacs_digest_end_hex(struct pacs_digest *d, char ret[PACS_SHA256_HEX])
{
	uint8_t raw[PACS_SHA256_SIZE];

	pacs_digest_end(d, raw);
	pacs_hex(raw, sizeof(raw), ret);
}

void
pacs_sha256_hex(const void *bytes, size_t size, char ret[PACS_SHA256_HEX])
{
	struct pacs_digest *d = pacs_digest_new();

	pacs_digest_add(d, bytes, size);
	pacs_digest_end_hex(d, ret);
	pacs_digest_free(d);
}

enum pacs_err
pacs_sha256_fd(struct pacs_error *err, int fd, char ret_hex[PACS_SHA256_HEX],
	       uint64_t *ret_size)
{
	enum { CHUNK = 1 << 18 };
	struct pacs_digest *d = pacs_digest_new();
	char *buf = pacs_malloc(CHUNK);
	enum pacs_err rc;
	uint64_t at = 0;
	size_t n;

	while (!(rc = pacs_file_pread(err, fd, buf, CHUNK, at, &n)) && n) {
		pacs_digest_add(d, buf, n);
		at += n;
	}
	if (!rc) {
		pacs_digest_end_hex(d, ret_hex);
		if (ret_size)
			*ret_size = at;
	}
	free(buf);
	pacs_digest_free(d);
	return rc;
}
