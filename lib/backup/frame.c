/*
 * Frames of zstd: what a pack is made of.
 */
#include <zstd.h>

#include "backup/packing.h"

#define SAMPLE_BYTES (64u << 10)

/* Pixel data that is compressed already gains nothing: a sample tells. */
static bool
is_dense(ZSTD_CCtx *z, const struct pacs_buf *raw)
{
	char out[SAMPLE_BYTES + (SAMPLE_BYTES >> 8) + 512];
	size_t n;

	if (raw->len < 4 * SAMPLE_BYTES)
		return false;
	n = ZSTD_compressCCtx(z, out, sizeof(out), raw->data + raw->len / 2,
			      SAMPLE_BYTES, 1);
	return !ZSTD_isError(n) && n > SAMPLE_BYTES / 100 * 97;
}

static enum pacs_err
frame(struct pacs_error *err, ZSTD_CCtx *z, const void *bytes, size_t size,
      int level, struct pacs_buf *out)
{
	size_t room = ZSTD_compressBound(size), n;

	ZSTD_CCtx_reset(z, ZSTD_reset_session_and_parameters);
	ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	/* Whatever the level: who reads it needs no more memory than this. */
	ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, level > 3 ? 23 : 21);
	pacs_buf_reserve(out, room);
	n = ZSTD_compress2(z, out->data + out->len, room, bytes, size);
	if (ZSTD_isError(n))
		return pacs_error_set(err, PACS_EINTERNAL, "zstd: %s",
				      ZSTD_getErrorName(n));
	out->len += n;
	return PACS_OK;
}

enum pacs_err
frame_add(struct pacs_error *err, ZSTD_CCtx *z, const struct pacs_buf *raw,
	  int level, struct pacs_buf *out)
{
	return frame(err, z, raw->data, raw->len, is_dense(z, raw) ? -1 : level,
		     out);
}

enum pacs_err
zstd_whole(struct pacs_error *err, const void *bytes, size_t size, int level,
	   struct pacs_buf *out)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	enum pacs_err rc = frame(err, z, bytes, size, level, out);

	ZSTD_freeCCtx(z);
	return rc;
}
