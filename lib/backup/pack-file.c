/*
 * Files of a pack that are not objects: ledger, marker, folders, and more.
 */
#include <unistd.h>

#include "backup/entry.h"
#include "backup/packing.h"
#include "base/file.h"

#define FILE_CHUNK (4u << 20)

static enum pacs_err
file_chunk(struct pacs_error *err, struct packer *p, struct pacs_buf *raw)
{
	struct pacs_buf out = {0};
	enum pacs_err rc = zstd_whole(err, raw->data, raw->len, p->level, &out);

	if (!rc)
		rc = pack_frames(err, p, &out, raw->len);
	pacs_buf_clear(&out);
	pacs_buf_reset(raw);
	return rc;
}

/* Bytes of a file, but for the last chunk, which waits in raw for its padding.
 */
static enum pacs_err
pack_bytes(struct pacs_error *err, struct packer *p, const char *path, int fd,
	   uint64_t total, struct pacs_buf *raw)
{
	enum pacs_err rc = PACS_OK;
	uint64_t at = 0;
	size_t n;

	while (!rc && at < total) {
		uint64_t want = total - at;

		if (want > FILE_CHUNK)
			want = FILE_CHUNK;
		pacs_buf_reserve(raw, (size_t)want);
		rc = pacs_file_pread(err, fd, raw->data + raw->len,
				     (size_t)want, at, &n);
		if (!rc && n != want)
			rc = pacs_error_set(err, PACS_EINTEGRITY,
					    "'%s' became shorter", path);
		if (rc)
			break;
		raw->len += n;
		at += n;
		if (at < total)
			rc = file_chunk(err, p, raw);
	}
	return rc;
}

enum pacs_err
pack_file(struct pacs_error *err, struct packer *p, const char *path,
	  unsigned mode, const void *bytes, size_t size)
{
	struct pacs_buf raw = {0};
	char sha[PACS_SHA256_HEX];
	uint64_t total = size;
	enum pacs_err rc = pack_begin(err, p);
	int fd = -1;

	if (!rc && !bytes) {
		rc = pacs_file_open(err, pacs_archive_dirfd(p->ar), path, &fd,
				    &total);
		if (!rc)
			rc = pacs_sha256_fd(err, fd, sha, &total);
	} else if (!rc) {
		pacs_sha256_hex(bytes, size, sha);
	}
	if (rc)
		goto out;
	tar_header(&raw, path, total, mode, sha);
	if (bytes)
		pacs_buf_add(&raw, bytes, size);
	else
		rc = pack_bytes(err, p, path, fd, total, &raw);
	tar_pad(&raw, total);
	if (!rc)
		rc = file_chunk(err, p, &raw);
out:
	if (fd >= 0)
		close(fd);
	pacs_buf_clear(&raw);
	return rc;
}
