/*
 * When a place is taken: is the newcomer the same, a repair, or a conflict?
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "dcmtk/codec.h"
#include "dicom/dataset.h"
#include "ingest/internal.h"

#define INFLATED_MAX (256ull << 20)

/* Compare len bytes of the file at offset with memory. */
static enum pacs_err
same_part(struct pacs_error *err, int fd, uint64_t offset, const char *bytes,
	  uint64_t len, char *chunk, bool *ret_same)
{
	size_t n, want;
	uint64_t at = 0;

	*ret_same = false;
	while (at < len) {
		want = len - at < COMPARE_BYTES ? (size_t)(len - at)
						: COMPARE_BYTES;
		if (pacs_file_pread(err, fd, chunk, want, offset + at, &n))
			return err->code;
		if (n != want || memcmp(chunk, bytes + at, n) != 0)
			return PACS_OK;
		at += n;
	}
	*ret_same = true;
	return PACS_OK;
}

/* Compare two files from an offset of the first on. chunk serves both. */
static enum pacs_err
same_files(struct pacs_error *err, int a, uint64_t offset, int b, uint64_t len,
	   char *chunk, bool *ret_same)
{
	const size_t half = COMPARE_BYTES / 2;
	size_t n, m, want;
	uint64_t at = 0;

	*ret_same = false;
	while (at < len) {
		want = len - at < half ? (size_t)(len - at) : half;
		if (pacs_file_pread(err, a, chunk, want, offset + at, &n) ||
		    pacs_file_pread(err, b, chunk + half, want, at, &m))
			return err->code;
		if (n != want || m != want ||
		    memcmp(chunk, chunk + half, n) != 0)
			return PACS_OK;
		at += n;
	}
	*ret_same = true;
	return PACS_OK;
}

enum pacs_err
same_bytes(struct pacs_error *err, int fd, uint64_t size,
	   const struct pacs_buf *head, const struct body *body, char *chunk,
	   bool *ret_same)
{
	*ret_same = size == head->len + body->size;
	if (*ret_same && head->len &&
	    same_part(err, fd, 0, head->data, head->len, chunk, ret_same))
		return err->code;
	if (!*ret_same)
		return PACS_OK;
	if (body->bytes)
		return same_part(err, fd, head->len, body->bytes, body->size,
				 chunk, ret_same);
	return same_files(err, fd, head->len, body->fd, body->size, chunk,
			  ret_same);
}

/* A data set that cannot be read or compared is not the same. */
static bool
same_meaning(int fd, const struct body *body, char *diff, size_t diff_size)
{
	const struct pacs_read_options opts = {.max_inflated = INFLATED_MAX};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *a = NULL, *b = NULL;
	struct pacs_difference d = {"", ""};
	bool same = false;
	enum pacs_err rc = pacs_dataset_read_fd(&err, fd, &opts, &a);

	if (rc)
		pacs_error_wrap(&err, "the object in its place");
	else if (body->bytes)
		rc = pacs_dataset_read_memory(&err, body->bytes,
					      (size_t)body->size, &opts, &b);
	else
		rc = pacs_dataset_read_fd(&err, body->fd, &opts, &b);
	if (!rc)
		rc = pacs_dataset_compare(&err, a, b, pacs_dcm_decode_pixels,
					  NULL, &same, &d);
	same = same && !rc;
	if (rc)
		snprintf(diff, diff_size, "not comparable: %s", err.msg);
	else if (!same)
		snprintf(diff, diff_size, "%.200s: %.50s", d.path, d.what);
	pacs_dataset_free(a);
	pacs_dataset_free(b);
	return same;
}

/* Does the ledger say that the place should hold exactly these bytes? */
static bool
is_expected(struct pacs_archive *ar, const struct pacs_triple *t,
	    const char *sha256)
{
	struct pacs_error err = PACS_ERROR_INIT;
	char expected[PACS_SHA256_HEX];
	uint64_t size;

	return !pacs_ledger_expect(&err, ar, t, expected, &size) &&
	       !strcmp(expected, sha256);
}

enum pacs_err
resolve(struct pacs_error *err, struct pacs_archive *ar,
	const struct pacs_triple *t, const char *sha256,
	const struct body *body, const struct pacs_buf *head,
	enum resolution *ret, struct held *held, char *diff, size_t diff_size)
{
	uint64_t size = 0;
	bool meaning = false, readable;
	int fd = -1;

	if (pacs_object_open(err, ar, t, &fd, &size))
		return err->code;
	readable = !pacs_sha256_fd(err, fd, held->sha256, &held->size);
	pacs_error_clear(err); /* a place that cannot be read is damaged */
	if (readable && !strcmp(held->sha256, sha256)) {
		*ret = SAME_BYTES;
		goto out;
	}
	if (readable)
		meaning = same_meaning(fd, body, diff, diff_size);
	/*
	 * The ledger is searched last, as it may be long. But bytes may rot
	 * where they mean nothing: the size tells, since the same object in
	 * another encoding nearly always has another.
	 */
	if (meaning && size != head->len + body->size)
		*ret = SAME_MEANING;
	else if (is_expected(ar, t, sha256))
		*ret = DAMAGED;
	else
		*ret = meaning ? SAME_MEANING : DIFFERS;
out:
	close(fd);
	return PACS_OK;
}

void
item_shows_held(struct item *it, const struct held *held)
{
	memcpy(it->st.sha256, held->sha256, sizeof(it->st.sha256));
	it->st.size = held->size;
}

void
resolution_finish(struct run *run, struct item *it, enum resolution res,
		  const struct held *held, const char *diff)
{
	switch (res) {
	case SAME_BYTES:
		item_finish(run, it, PACS_OUTCOME_DUPLICATE, "", NULL);
		break;
	case SAME_MEANING:
		item_shows_held(it, held);
		item_finish(run, it, PACS_OUTCOME_DUPLICATE, "same-meaning",
			    NULL);
		break;
	case DAMAGED:
		item_finish(run, it, PACS_OUTCOME_REPAIRED, "", NULL);
		break;
	case DIFFERS:
		item_finish(run, it, PACS_OUTCOME_CONFLICT, "differs", diff);
		break;
	}
}
