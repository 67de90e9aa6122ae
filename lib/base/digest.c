/*
 * The low-level calls of libcrypto, deprecated since 3.0 in favour of EVP:
 * fetching an EVP digest starts the provider machinery, 1.4 ms for a process
 * that may live for five, and a ledger line is too short for a context of its
 * own. The assembly behind them (SHA-NI) is the same.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"

struct pacs_digest {
	SHA256_CTX ctx;
};

struct pacs_digest *
pacs_digest_new(void)
{
	struct pacs_digest *d = pacs_malloc(sizeof(*d));

	SHA256_Init(&d->ctx);
	return d;
}

void
pacs_digest_free(struct pacs_digest *d)
{
	free(d);
}

void
pacs_digest_add(struct pacs_digest *d, const void *bytes, size_t size)
{
	SHA256_Update(&d->ctx, bytes, size);
}

void
pacs_digest_end(struct pacs_digest *d, uint8_t ret[PACS_SHA256_SIZE])
{
	SHA256_Final(ret, &d->ctx);
	SHA256_Init(&d->ctx);
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
	struct pacs_digest d;

	SHA256_Init(&d.ctx);
	pacs_digest_add(&d, bytes, size);
	pacs_digest_end_hex(&d, ret);
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
