/*
 * A folder of objects by their new UIDs. An object is written to a folder of
 * this run's own, beside, and gets its name by a move that is never over
 * something: whatever the moment of a kill -9, a name means whole bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/file.h"
#include "base/fs.h"
#include "base/hmac.h"
#include "base/tree.h"
#include "deid/output.h"

#define HALF  ".pacs-anon" /* folder of the folders of runs */
#define LOCK  "lock"
#define CHUNK (64u << 10)
#define TRIES 10

struct folder {
	struct pacs_deid_output base;
	char *path;
	int fd, half_fd, own_fd, lock_fd;
	char own[40]; /* name of this run's folder */
	atomic_ullong serial;
	/* The folder of a series made last, so that most objects cost no
	 * mkdir. */
	pthread_mutex_t lock;
	char made[2 * (PACS_UID_MAX + 1) + 1];
};

/* --- one object ------------------------------------------------------------
 */

struct file_sink {
	int fd;
	uint64_t size;
};

static enum pacs_err
to_file(struct pacs_error *err, void *ctx, const void *bytes, size_t size)
{
	struct file_sink *s = ctx;

	s->size += size;
	return pacs_fs_write(err, s->fd, bytes, size);
}

static enum pacs_err
make_folders(struct pacs_error *err, struct folder *f, const char *path)
{
	const char *end = strrchr(path, '/');
	char series[sizeof(f->made)];
	bool known;

	snprintf(series, sizeof(series), "%.*s", (int)(end - path), path);
	pthread_mutex_lock(&f->lock);
	known = !strcmp(series, f->made);
	pthread_mutex_unlock(&f->lock);
	if (known)
		return PACS_OK;
	if (pacs_fs_mkdirs(err, f->fd, series, 0777))
		return err->code;
	pthread_mutex_lock(&f->lock);
	memcpy(f->made, series, sizeof(series));
	pthread_mutex_unlock(&f->lock);
	return PACS_OK;
}

/* Is all that b holds the beginning of a? */
static enum pacs_err
begins_with(struct pacs_error *err, int a, int b, bool *ret)
{
	char *x = pacs_malloc(2 * CHUNK), *y = x + CHUNK;
	uint64_t at = 0;
	size_t n = 1, m;

	*ret = true;
	while (n && *ret) {
		if (pacs_file_pread(err, a, x, CHUNK, at, &n) ||
		    pacs_file_pread(err, b, y, CHUNK, at, &m))
			break;
		*ret = n >= m && !memcmp(x, y, m);
		at += n;
	}
	free(x);
	return err->code;
}

/*
 * The name is taken: by the same object? A name is given to whole bytes, so one
 * that holds the beginning of these and no more was cut by a loss of power, and
 * has nothing to lose.
 */
static enum pacs_err
compare(struct pacs_error *err, struct folder *f, const char *name,
	const char *path, enum put_outcome *ret)
{
	uint64_t size_a, size_b;
	int a = -1, b = -1;
	bool begins = false;

	*ret = PUT_CONFLICT;
	if (!pacs_file_open(err, f->own_fd, name, &a, &size_a) &&
	    !pacs_file_open(err, f->fd, path, &b, &size_b) && size_a >= size_b)
		(void)!begins_with(err, a, b, &begins);
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
	if (err->code || !begins)
		return err->code;
	*ret = size_a == size_b ? PUT_DUPLICATE : PUT_WRITTEN;
	return *ret == PUT_DUPLICATE
		   ? PACS_OK
		   : pacs_fs_rename(err, f->own_fd, name, f->fd, path);
}

static enum pacs_err
place(struct pacs_error *err, struct folder *f, const char *name,
      const char *path, enum put_outcome *ret)
{
	struct pacs_error moved = PACS_ERROR_INIT;

	*ret = PUT_WRITTEN;
	if (make_folders(err, f, path))
		return err->code;
	if (!pacs_fs_move(&moved, f->own_fd, name, f->fd, path))
		return PACS_OK;
	if (moved.code == PACS_EEXISTS)
		return compare(err, f, name, path, ret);
	*err = moved;
	return err->code;
}

static enum pacs_err
folder_put(struct pacs_error *err, struct pacs_deid_output *out,
	   struct pacs_dataset *ds, const struct pacs_deid_result *r,
	   const char *path, enum put_outcome *ret, uint64_t *ret_size,
	   bool *ret_fatal)
{
	struct folder *f = (struct folder *)out;
	struct pacs_error gone = PACS_ERROR_INIT;
	struct file_sink sink = {.fd = -1};
	char name[32];

	(void)r;
	*ret_fatal = false;
	*ret = PUT_WRITTEN;
	snprintf(name, sizeof(name), "%llu",
		 atomic_fetch_add(&f->serial, 1ULL));
	if (pacs_fs_create(err, f->own_fd, name, 0666, &sink.fd)) {
		*ret_fatal = true;
		return err->code;
	}
	if (pacs_deid_write(err, ds, to_file, &sink) == PACS_OK)
		(void)!place(err, f, name, path, ret);
	if (close(sink.fd) && err->code == PACS_OK)
		pacs_error_sys(err, errno, "cannot write to '%s'", f->path);
	if (err->code || *ret != PUT_WRITTEN)
		(void)!pacs_fs_unlink(&gone, f->own_fd, name);
	*ret_size = sink.size;
	*ret_fatal = err->code == PACS_ENOSPC || err->code == PACS_EIO ||
		     err->code == PACS_EDENIED;
	return err->code;
}

/* --- folders of runs -------------------------------------------------------
 */

/* All but the lock: while there is something, there is a lock. */
static void
empty_folder(int fd)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_error broken = PACS_ERROR_INIT;
	const struct dirent *e;
	struct pacs_dir dir;

	if (pacs_dir_open(&broken, fd, ".", 0, &dir))
		return;
	while ((e = pacs_dir_next(&broken, &dir))) {
		if (strcmp(e->d_name, LOCK) &&
		    pacs_fs_unlink(&err, fd, e->d_name))
			pacs_error_clear(&err);
	}
	pacs_dir_close(&dir);
	if (!broken.code)
		(void)!pacs_fs_unlink(&err, fd, LOCK);
}

/* One that nobody holds the lock of is of a run that was killed. One without a
 * lock is of a run that was killed, has lost its power, or has just begun and
 * takes another then. */
static void
sweep_one(struct folder *f, const char *name)
{
	struct pacs_error err = PACS_ERROR_INIT;
	int fd = openat(f->half_fd, name,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int lock = -1;

	if (fd >= 0 && !pacs_fs_open_rw(&err, fd, LOCK, 0600, &lock) &&
	    !pacs_fs_lock(&err, lock, true, 0))
		empty_folder(fd);
	pacs_error_clear(&err);
	(void)!pacs_fs_rmdir(&err, f->half_fd, name); /* if it is empty */
	if (lock >= 0)
		close(lock);
	if (fd >= 0)
		close(fd);
}

static void
sweep(struct folder *f)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct dirent *e;
	struct pacs_dir dir;

	/* What is not seen now is seen by the next run. */
	if (pacs_dir_open(&err, f->half_fd, ".", 0, &dir))
		return;
	while ((e = pacs_dir_next(&err, &dir)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, f->own) != 0)
			sweep_one(f, e->d_name);
	pacs_dir_close(&dir);
}

static enum pacs_err
open_folder(struct pacs_error *err, int dirfd, const char *path, int *ret)
{
	*ret = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", path);
	return PACS_OK;
}

static enum pacs_err
try_own(struct pacs_error *err, struct folder *f)
{
	uint8_t random[8];
	struct stat st;
	char hex[17];

	if (pacs_random_bytes(err, random, sizeof(random)))
		return err->code;
	pacs_hex(random, sizeof(random), hex);
	snprintf(f->own, sizeof(f->own), "%ld-%s", (long)getpid(), hex);
	if (pacs_fs_mkdirs(err, f->fd, HALF, 0700) ||
	    open_folder(err, f->fd, HALF, &f->half_fd) ||
	    pacs_fs_mkdir(err, f->half_fd, f->own, 0700) ||
	    open_folder(err, f->half_fd, f->own, &f->own_fd) ||
	    pacs_fs_create(err, f->own_fd, LOCK, 0600, &f->lock_fd) ||
	    pacs_fs_lock(err, f->lock_fd, true, 0))
		return err->code;
	if (fstat(f->lock_fd, &st) || !st.st_nlink)
		return pacs_error_set(err, PACS_ENOTFOUND,
				      "'%s': another run swept it", f->path);
	return PACS_OK;
}

static bool
is_swept(enum pacs_err code)
{
	return code == PACS_ENOTFOUND || code == PACS_EEXISTS ||
	       code == PACS_EBUSY;
}

/* Another run that begins or ends may take away what is not locked yet. */
static enum pacs_err
open_own(struct pacs_error *err, struct folder *f)
{
	int i;

	for (i = 0; i < TRIES && is_swept(try_own(err, f)); i++) {
		if (f->half_fd >= 0)
			close(f->half_fd);
		if (f->own_fd >= 0)
			close(f->own_fd);
		if (f->lock_fd >= 0)
			close(f->lock_fd);
		f->half_fd = f->own_fd = f->lock_fd = -1;
		if (i + 1 < TRIES)
			pacs_error_clear(err);
	}
	return err->code;
}

static enum pacs_err
folder_close(struct pacs_error *err, struct pacs_deid_output *out, bool good)
{
	struct folder *f = (struct folder *)out;
	struct pacs_error gone = PACS_ERROR_INIT;

	if (f->own_fd >= 0) {
		empty_folder(f->own_fd);
		(void)!pacs_fs_rmdir(&gone, f->half_fd, f->own);
		(void)!pacs_fs_rmdir(&gone, f->fd, HALF);
	}
	/* One flush for all: what is told by status 0 outlives the power. */
	if (good && f->fd >= 0)
		(void)!pacs_tree_sync(err, f->fd, f->path);
	if (f->lock_fd >= 0)
		close(f->lock_fd);
	if (f->own_fd >= 0)
		close(f->own_fd);
	if (f->half_fd >= 0)
		close(f->half_fd);
	if (f->fd >= 0)
		close(f->fd);
	pthread_mutex_destroy(&f->lock);
	free(f->path);
	free(f);
	return err->code;
}

enum pacs_err
pacs_deid_output_folder(struct pacs_error *err, const char *path,
			struct pacs_deid_output **ret)
{
	struct folder *f = pacs_calloc(1, sizeof(*f));

	*ret = NULL;
	f->base.put = folder_put;
	f->base.close = folder_close;
	f->path = pacs_strdup(path);
	f->fd = f->half_fd = f->own_fd = f->lock_fd = -1;
	pthread_mutex_init(&f->lock, NULL);
	if (pacs_fs_mkdirs(err, AT_FDCWD, path, 0777) ||
	    open_folder(err, AT_FDCWD, path, &f->fd) || open_own(err, f)) {
		(void)!folder_close(err, &f->base, false);
		return err->code;
	}
	sweep(f);
	*ret = &f->base;
	return PACS_OK;
}

enum pacs_err
pacs_deid_output_close(struct pacs_error *err, struct pacs_deid_output *out,
		       bool good)
{
	return out ? out->close(err, out, good) : PACS_OK;
}
