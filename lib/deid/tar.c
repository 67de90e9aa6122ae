/*
 * A tar of objects, by libarchive: ustar, in the order in which they come, with
 * no times and no owners, so that the same objects make the same members. A
 * file is written beside and gets its name once it is whole, and holds
 * something: an empty one would only be in the next run's way. Without a tar
 * the same counts as written, as a duplicate and as a conflict.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fs.h"
#include "deid/output.h"
#include "deid/part.h"
#include "deid/set.h"

#define CONTENT 8 /* bytes of a digest that tell objects apart */

struct tar {
	struct pacs_deid_output base;
	struct archive *a; /* NULL: nothing is written */
	int fd;
	char *path;               /* of a file; else NULL */
	struct pacs_error failed; /* of the descriptor */
	pthread_mutex_t lock;
	/* Names that are taken, with 8 bytes of the digest of what has each. */
	struct digest_set names;
};

static la_ssize_t
to_fd(struct archive *a, void *ctx, const void *bytes, size_t size)
{
	struct tar *t = ctx;

	(void)a;
	if (t->failed.code || pacs_fs_write(&t->failed, t->fd, bytes, size))
		return -1;
	return (la_ssize_t)size;
}

static enum pacs_err
tar_error(struct pacs_error *err, struct tar *t)
{
	const char *why = archive_error_string(t->a);

	if (t->failed.code) {
		*err = t->failed;
		return err->code;
	}
	return pacs_error_set(err, PACS_EIO, "%s", why ? why : "cannot write");
}

/* --- one object ------------------------------------------------------------
 */

struct measure {
	uint64_t size;
	struct pacs_digest *digest;
};

static enum pacs_err
count(struct pacs_error *err, void *ctx, const void *bytes, size_t size)
{
	struct measure *m = ctx;

	(void)err;
	m->size += size;
	pacs_digest_add(m->digest, bytes, size);
	return PACS_OK;
}

static enum pacs_err
to_tar(struct pacs_error *err, void *ctx, const void *bytes, size_t size)
{
	struct tar *t = ctx;

	while (size) {
		la_ssize_t n = archive_write_data(t->a, bytes, size);

		if (n <= 0)
			return tar_error(err, t);
		bytes = (const char *)bytes + n;
		size -= (size_t)n;
	}
	return PACS_OK;
}

static enum pacs_err
write_member(struct pacs_error *err, struct tar *t, struct pacs_dataset *ds,
	     const char *path, uint64_t size)
{
	struct archive_entry *e = archive_entry_new();

	archive_entry_set_pathname(e, path);
	archive_entry_set_size(e, (la_int64_t)size);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_mtime(e, 0, 0);
	if (archive_write_header(t->a, e) != ARCHIVE_OK)
		tar_error(err, t);
	else if (!pacs_deid_write(err, ds, to_tar, t) &&
		 archive_write_finish_entry(t->a) != ARCHIVE_OK)
		tar_error(err, t);
	archive_entry_free(e);
	return err->code;
}

/* The size stands before the bytes, so the object is made twice: that costs the
 * header's encoding, not the pixels. */
static enum pacs_err
tar_put(struct pacs_error *err, struct pacs_deid_output *out,
	struct pacs_dataset *ds, const struct pacs_deid_result *r,
	const char *path, enum put_outcome *ret, uint64_t *ret_size,
	bool *ret_fatal)
{
	struct tar *t = (struct tar *)out;
	struct measure m = {.digest = pacs_digest_new()};
	uint8_t sha256[PACS_SHA256_SIZE];
	void *content;
	bool is_new;

	*ret_fatal = false;
	if (pacs_deid_write(err, ds, count, &m))
		goto out;
	pacs_digest_end(m.digest, sha256);
	*ret_size = m.size;
	pthread_mutex_lock(&t->lock);
	content = set_put(&t->names, &r->self, &is_new);
	if (is_new) {
		*ret = PUT_WRITTEN;
		memcpy(content, sha256, CONTENT);
		*ret_fatal = t->a && write_member(err, t, ds, path, m.size);
	} else {
		*ret = memcmp(content, sha256, CONTENT) ? PUT_CONFLICT
							: PUT_DUPLICATE;
	}
	pthread_mutex_unlock(&t->lock);
out:
	pacs_digest_free(m.digest);
	return err->code;
}

/* --- beginning and end ------------------------------------------------------
 */

static enum pacs_err
tar_close(struct pacs_error *err, struct pacs_deid_output *out, bool good)
{
	struct tar *t = (struct tar *)out;

	/* What is not good must not look whole: it has no end. */
	if (t->a && !good)
		archive_write_fail(t->a);
	else if (t->a && archive_write_close(t->a) != ARCHIVE_OK)
		tar_error(err, t);
	archive_write_free(t->a);
	if (t->path)
		(void)!part_end(err, t->path, t->fd,
				good && err->code == PACS_OK && t->names.count);
	set_clear(&t->names);
	pthread_mutex_destroy(&t->lock);
	free(t->path);
	free(t);
	return err->code;
}

static bool
set_up(struct tar *t, int zstd_level, unsigned threads)
{
	char number[16];

	if (archive_write_set_format_ustar(t->a) != ARCHIVE_OK)
		return false;
	if (zstd_level) {
		if (archive_write_add_filter_zstd(t->a) != ARCHIVE_OK)
			return false;
		snprintf(number, sizeof(number), "%d", zstd_level);
		archive_write_set_filter_option(t->a, "zstd",
						"compression-level", number);
		/* Older versions know no threads: one, then. */
		snprintf(number, sizeof(number), "%u", threads);
		archive_write_set_filter_option(t->a, "zstd", "threads",
						number);
	}
	archive_write_set_bytes_per_block(t->a, 128 << 10);
	archive_write_set_bytes_in_last_block(t->a, 1);
	return archive_write_open2(t->a, t, NULL, to_fd, NULL, NULL) ==
	       ARCHIVE_OK;
}

static struct tar *
tar_new(int fd)
{
	struct tar *t = pacs_calloc(1, sizeof(*t));

	t->base.put = tar_put;
	t->base.close = tar_close;
	t->fd = fd;
	t->names = (struct digest_set)DIGEST_SET(8, CONTENT);
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

struct pacs_deid_output *
pacs_deid_output_none(void)
{
	return &tar_new(-1)->base;
}

enum pacs_err
pacs_deid_output_tar(struct pacs_error *err, int fd, int zstd_level,
		     unsigned threads, struct pacs_deid_output **ret)
{
	struct tar *t = tar_new(fd);
	struct stat st;

	*ret = NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		t->base.dev = st.st_dev;
		t->base.ino = st.st_ino;
	}
	t->a = archive_write_new();
	if (!t->a || !set_up(t, zstd_level, threads)) {
		tar_error(err, t);
		archive_write_free(t->a);
		free(t);
		return err->code;
	}
	*ret = &t->base;
	return PACS_OK;
}

enum pacs_err
pacs_deid_output_tar_file(struct pacs_error *err, const char *path,
			  int zstd_level, unsigned threads,
			  struct pacs_deid_output **ret)
{
	struct pacs_error gone = PACS_ERROR_INIT;
	int fd;

	*ret = NULL;
	if (part_begin(err, path, 0666, &fd))
		return err->code;
	if (pacs_deid_output_tar(err, fd, zstd_level, threads, ret) || !*ret)
		(void)!part_end(&gone, path, fd, false);
	else
		((struct tar *)*ret)->path = pacs_strdup(path);
	return err->code;
}
