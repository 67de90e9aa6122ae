/*
 * The entries of a pack: as they are written (tar.c) and read (unpack.c).
 */
#ifndef PACS_BACKUP_ENTRY_H
#define PACS_BACKUP_ENTRY_H

#include <string.h>

#include "archive/archive.h"
#include "backup/stream.h"

#define BLOCK 512u /* of a tar */

/* --- tar.c ---------------------------------------------------------------- */

enum entry_kind {
	ENTRY_FOLDER,
	ENTRY_MARKER,
	ENTRY_LEDGER,
	ENTRY_SMALL, /* address book, amendments, the ledger's lock */
	ENTRY_OBJECT,
	ENTRY_QUARANTINE,
};
struct entry {
	char path[PACS_PATH_ROOM];
	uint64_t size;
	char sha256[PACS_SHA256_HEX]; /* as noted in the pack; "" */
	enum entry_kind kind;
};
/* Can a pack hold this name? False for all that could lead elsewhere. */
bool entry_kind_of(const char *path, enum entry_kind *ret);
/* Append the header of a file (or, path with '/' at its end, a folder). */
void tar_header(struct pacs_buf *out, const char *path, uint64_t size,
		unsigned mode, const char *sha256);
/* Zeros up to the next block. */
static inline size_t
tar_padding(uint64_t size)
{
	return (size_t)((BLOCK - size % BLOCK) % BLOCK);
}
/* Append them, behind the bytes of a file of that size. */
static inline void
tar_pad(struct pacs_buf *out, uint64_t size)
{
	size_t n = tar_padding(size);

	memset(pacs_buf_reserve(out, n), 0, n);
	out->len += n;
}

/* --- unpack.c ------------------------------------------------------------- */

struct unpack;
/* Takes p over: it is closed with the unpacker. */
enum pacs_err unpack_open(struct pacs_error *err, struct pull *p,
			  struct unpack **ret_u) PACS_MUST_CHECK;
/* The next entry, NULL at the end of the stream. What was not read of the one
 * before is passed over. PACS_EFORMAT: no pack. */
enum pacs_err unpack_next(struct pacs_error *err, struct unpack *u,
			  const struct entry **ret_e) PACS_MUST_CHECK;
/* Bytes of the entry; *ret_n = 0 at its end, where its digest was compared
 * with the noted one: PACS_EINTEGRITY. Borrowed until the next call. */
enum pacs_err unpack_data(struct pacs_error *err, struct unpack *u,
			  const void **ret_bytes,
			  size_t *ret_n) PACS_MUST_CHECK;
/* Digest of the entry that was read to its end. */
const char *unpack_sha256(const struct unpack *u);
void unpack_close(struct unpack *u);

#endif
