/*
 * Packs: the first byte says how. 0: a pack as it is; 1: a tar, which is
 * compressed into frames of so many bytes as the second byte says (times 64).
 * Whatever comes, no name leads out of an archive, and an entry that is read to
 * its end has the size it claims and the digest it notes.
 */
#include "backup/entry.h"
#include "backup/packing.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 16 << 20 }; /* bytes that one input may unpack to */

static void
check_name(const struct entry *e)
{
	const char *p;

	must(*e->path && *e->path != '/' && strlen(e->path) < PACS_PATH_ROOM);
	for (p = e->path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
		must(*p != '.');
	must(!strncmp(e->path, "objects/", 8) ||
	     !strncmp(e->path, "quarantine/", 11) ||
	     !strncmp(e->path, "ledger/", 7) ||
	     !strncmp(e->path, "amendments/", 11) ||
	     !strcmp(e->path, "pacs-archive") || !strcmp(e->path, "peers") ||
	     e->kind == ENTRY_FOLDER);
}

static void
unpack(const void *bytes, size_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct entry *e;
	struct unpack *u;
	struct pull p;
	uint64_t total = 0;
	const void *part;
	unsigned n = 0;
	size_t got;

	pull_memory(&p, bytes, size);
	must(unpack_open(&err, &p, &u) == PACS_OK);
	while (total < MOST && !unpack_next(&err, u, &e) && e) {
		uint64_t read = 0, claimed = e->size;
		char sha[PACS_SHA256_HEX];

		check_name(e);
		memcpy(sha, e->sha256, sizeof(sha));
		if (n++ % 3 == 2)
			continue; /* some are passed over */
		while (total < MOST && !unpack_data(&err, u, &part, &got) &&
		       got) {
			read += got;
			total += got;
		}
		if (!err.code && total < MOST) {
			must(read == claimed);
			must(!*sha || !strcmp(sha, unpack_sha256(u)));
		}
		pacs_error_clear(&err);
	}
	unpack_close(u);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf b = {0};
	size_t at, step;

	if (size < 2)
		return 0;
	if (data[0] != 1) {
		unpack(data + 1, size - 1);
		return 0;
	}
	step = 64 * (1 + (size_t)data[1]);
	for (at = 2; at < size; at += step)
		must(zstd_whole(&err, data + at,
				size - at < step ? size - at : step, 1,
				&b) == PACS_OK);
	unpack(b.data, b.len);
	pacs_buf_clear(&b);
	return 0;
}
