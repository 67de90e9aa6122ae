/*
 * Staging: bytes into incoming/W under their digest, hashed while written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "archive/writer.h"
#include "base/file.h"
#include "base/fs.h"

#define COPY_BYTES (256u << 10)
/* The disk starts on an object of this size at once, while the next is hashed;
 * smaller ones are cheaper to write many at a time. */
#define EARLY_FLUSH_BYTES (256u << 10)

struct pacs_stage_stream {
	struct pacs_writer *w;
	struct pacs_digest *digest;
	char name[40];
	int fd;
	uint64_t size;
};

static unsigned
next_serial(struct pacs_writer *w)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = ++w->serial;
	pthread_mutex_unlock(&w->lock);
	return n;
}

/* The path of a staged file in the archive, under the lock of dirty names. */
static void
tell_dirty(struct pacs_writer *w, const char *name, bool gone)
{
	char path[sizeof(w->dir) + sizeof(((struct pacs_staged *)0)->name)];

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	pthread_mutex_lock(&w->lock);
	if (gone) {
		writer_gone(w, path);
	} else {
		writer_dirty(w, path);
		writer_dirty(w, w->dir);
	}
	pthread_mutex_unlock(&w->lock);
}

/*
 * Make the file that has the digest as its name. The same bytes can come
 * twice in one run, from two threads: the second gets a suffix.
 */
static enum pacs_err
create_named(struct pacs_error *err, struct pacs_writer *w,
	     struct pacs_staged *st, int *ret_fd)
{
	enum pacs_err rc;

	snprintf(st->name, sizeof(st->name), "%s", st->sha256);
	rc = pacs_fs_create(err, w->dirfd, st->name, MODE_OBJECT, ret_fd);
	if (rc != PACS_EEXISTS)
		return rc;
	pacs_error_clear(err);
	snprintf(st->name, sizeof(st->name), "%s.%u", st->sha256,
		 next_serial(w));
	return pacs_fs_create(err, w->dirfd, st->name, MODE_OBJECT, ret_fd);
}

static void
discard(struct pacs_writer *w, char *name)
{
	struct pacs_error e = PACS_ERROR_INIT;

	if (name[0] && pacs_fs_unlink(&e, w->dirfd, name))
		pacs_error_clear(&e); /* swept with the folder */
	name[0] = '\0';
}

enum pacs_err
pacs_stage_memory(struct pacs_error *err, struct pacs_writer *w,
		  const void *head, size_t head_size, const void *bytes,
		  size_t size, struct pacs_staged *st)
{
	struct pacs_digest *d = pacs_digest_new();
	enum pacs_err rc;
	int fd = -1;

	pacs_digest_add(d, head, head_size);
	pacs_digest_add(d, bytes, size);
	pacs_digest_end_hex(d, st->sha256);
	pacs_digest_free(d);
	st->size = head_size + size;
	rc = create_named(err, w, st, &fd);
	if (rc) {
		st->name[0] = '\0';
		return rc;
	}
	if (head_size)
		rc = pacs_fs_write(err, fd, head, head_size);
	if (!rc)
		rc = pacs_fs_write(err, fd, bytes, size);
	if (!rc && size >= EARLY_FLUSH_BYTES)
		pacs_fs_start_flush(fd);
	if (close(fd) != 0 && !rc)
		rc = pacs_error_sys(err, errno, "cannot write");
	if (!rc)
		rc = archive_give(err, w->ar, w->dirfd, st->name);
	if (rc)
		discard(w, st->name);
	else
		tell_dirty(w, st->name, false);
	return rc;
}

enum pacs_err
pacs_stage_begin(struct pacs_error *err, struct pacs_writer *w,
		 struct pacs_stage_stream **ret_s)
{
	struct pacs_stage_stream *s = pacs_calloc(1, sizeof(*s));
	enum pacs_err rc;

	*ret_s = NULL;
	s->w = w;
	snprintf(s->name, sizeof(s->name), "part-%u", next_serial(w));
	rc = pacs_fs_create(err, w->dirfd, s->name, MODE_OBJECT, &s->fd);
	if (rc) {
		free(s);
		return rc;
	}
	s->digest = pacs_digest_new();
	*ret_s = s;
	return PACS_OK;
}

enum pacs_err
pacs_stage_add(struct pacs_error *err, struct pacs_stage_stream *s,
	       const void *bytes, size_t size)
{
	pacs_digest_add(s->digest, bytes, size);
	s->size += size;
	return pacs_fs_write(err, s->fd, bytes, size);
}

int
pacs_stage_fd(const struct pacs_stage_stream *s)
{
	return s->fd;
}

static void
stream_free(struct pacs_stage_stream *s)
{
	pacs_digest_free(s->digest);
	free(s);
}

/* Give the finished part its digest as name; a taken name gets a suffix. */
static enum pacs_err
name_part(struct pacs_error *err, struct pacs_stage_stream *s,
	  struct pacs_staged *st)
{
	struct pacs_writer *w = s->w;
	enum pacs_err rc;

	snprintf(st->name, sizeof(st->name), "%s", st->sha256);
	rc = pacs_fs_link(err, w->dirfd, s->name, w->dirfd, st->name);
	if (rc == PACS_EEXISTS) {
		pacs_error_clear(err);
		snprintf(st->name, sizeof(st->name), "%s.%u", st->sha256,
			 next_serial(w));
		rc = pacs_fs_link(err, w->dirfd, s->name, w->dirfd, st->name);
	}
	if (rc)
		st->name[0] = '\0';
	return rc;
}

enum pacs_err
pacs_stage_end(struct pacs_error *err, struct pacs_stage_stream *s,
	       struct pacs_staged *st)
{
	struct pacs_writer *w = s->w;
	enum pacs_err rc = PACS_OK;

	pacs_digest_end_hex(s->digest, st->sha256);
	st->size = s->size;
	if (close(s->fd) != 0)
		rc = pacs_error_sys(err, errno, "cannot write");
	if (!rc)
		rc = archive_give(err, w->ar, w->dirfd, s->name);
	if (!rc)
		rc = name_part(err, s, st);
	discard(w, s->name);
	if (!rc)
		tell_dirty(w, st->name, false);
	stream_free(s);
	return rc;
}

void
pacs_stage_abort(struct pacs_stage_stream *s)
{
	if (!s)
		return;
	close(s->fd);
	discard(s->w, s->name);
	stream_free(s);
}

/* Copy a file behind what the stream has; hash what is written. */
static enum pacs_err
copy_in(struct pacs_error *err, struct pacs_stage_stream *s, int fd,
	uint64_t size)
{
	char *buf = pacs_malloc(COPY_BYTES);
	enum pacs_err rc;
	uint64_t at = 0;
	size_t n;

	while (!(rc = pacs_file_pread(err, fd, buf, COPY_BYTES, at, &n)) && n) {
		at += n;
		if ((rc = pacs_stage_add(err, s, buf, n)))
			break;
	}
	if (!rc && at != size)
		rc = pacs_error_set(err, PACS_EIO, "changed while it was read");
	free(buf);
	return rc;
}

/* The blocks are shared; read them back for the digest. */
static enum pacs_err
hash_clone(struct pacs_error *err, struct pacs_stage_stream *s, uint64_t size)
{
	char *buf = pacs_malloc(COPY_BYTES);
	enum pacs_err rc;
	size_t n;

	while (
	    !(rc = pacs_file_pread(err, s->fd, buf, COPY_BYTES, s->size, &n)) &&
	    n) {
		pacs_digest_add(s->digest, buf, n);
		s->size += n;
	}
	if (!rc && s->size != size)
		rc = pacs_error_set(err, PACS_EIO, "changed while it was read");
	free(buf);
	return rc;
}

enum pacs_err
pacs_stage_file(struct pacs_error *err, struct pacs_writer *w, const void *head,
		size_t head_size, int fd, uint64_t size, struct pacs_staged *st)
{
	struct pacs_stage_stream *s;
	enum pacs_err rc;

	rc = pacs_stage_begin(err, w, &s);
	if (rc)
		return rc;
	if (head_size == 0 && pacs_fs_clone(fd, s->fd)) {
		rc = hash_clone(err, s, size);
	} else {
		if (head_size)
			rc = pacs_stage_add(err, s, head, head_size);
		if (!rc)
			rc = copy_in(err, s, fd, size);
	}
	if (rc) {
		pacs_stage_abort(s);
		return rc;
	}
	return pacs_stage_end(err, s, st);
}

void
pacs_stage_drop(struct pacs_writer *w, struct pacs_staged *st)
{
	if (w->spoiled)
		return; /* recovery may need it */
	if (st->name[0])
		tell_dirty(w, st->name, true);
	discard(w, st->name);
}

enum pacs_err
pacs_stage_open(struct pacs_error *err, const struct pacs_writer *w,
		const struct pacs_staged *st, int *ret_fd)
{
	return pacs_file_open(err, w->dirfd, st->name, ret_fd, NULL);
}
