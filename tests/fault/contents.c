/*
 * Calls that change what is in a file: making one, writing, copying, its size.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"

static int
do_open(int at, const char *path, int flags, mode_t mode)
{
	struct shim_call c;
	struct stat st;
	bool tmpfile = (flags & O_TMPFILE) == O_TMPFILE;
	char inside[PATH_MAX];
	int fd = -1;
	bool there;

	flags |= O_LARGEFILE;
	if (!(flags & (O_CREAT | O_TRUNC)) && !tmpfile)
		return (int)syscall(SYS_openat, at, path, flags, mode);
	there = !tmpfile && !fstatat(at, path, &st, 0);
	if (there && !((flags & O_TRUNC) && st.st_size))
		return (int)syscall(SYS_openat, at, path, flags, mode);
	snprintf(inside, sizeof(inside), "%s%s", path, tmpfile ? "/." : "");
	shim_begin_name(&c, SHIM_CREATE, at, inside);
	c.rec.flags = tmpfile ? 2 : there ? 1 : 0;
	if (!c.fail)
		fd = (int)syscall(SYS_openat, at, path, flags, mode);
	return shim_end_fd(&c, fd, fd);
}

#define OPEN_MODE(flags, mode)                         \
	do {                                           \
		if ((flags) & (O_CREAT | O_TMPFILE)) { \
			va_list ap;                    \
			va_start(ap, flags);           \
			(mode) = va_arg(ap, mode_t);   \
			va_end(ap);                    \
		}                                      \
	} while (0)

EXPORT int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	OPEN_MODE(flags, mode);
	return do_open(AT_FDCWD, path, flags, mode);
}

EXPORT int
openat(int at, const char *path, int flags, ...)
{
	mode_t mode = 0;

	OPEN_MODE(flags, mode);
	return do_open(at, path, flags, mode);
}

EXPORT int
creat(const char *path, mode_t mode)
{
	return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int __open_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);

EXPORT int
__open_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

EXPORT int
__openat_2(int at, const char *path, int flags)
{
	return do_open(at, path, flags, 0);
}

/* ---- writing ---- */

static size_t
size_of(const struct shim_call *c, size_t n)
{
	return c->cut && n > 1 ? n / 2 : n;
}

/* offset < 0: at the file's own place. */
static ssize_t
do_write(int fd, const void *buf, size_t n, off_t offset)
{
	struct shim_call c;
	off_t at = offset;
	ssize_t r = -1;

	if (at < 0)
		at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
	shim_begin_fd(&c, SHIM_WRITE, fd, at < 0 ? 0 : at + (off_t)n);
	n = size_of(&c, n);
	if (!c.fail)
		r = offset < 0 ? syscall(SYS_write, fd, buf, n)
			       : syscall(SYS_pwrite64, fd, buf, n, offset);
	if (c.ours && r >= 0) {
		/* Afterwards, since O_APPEND moves to the end first. */
		if (offset < 0)
			at = syscall(SYS_lseek, fd, 0, SEEK_CUR) - r;
		c.rec.offset = (uint64_t)at;
		c.rec.data_size = (uint64_t)r;
		c.data = buf;
	}
	return shim_end(&c, r);
}

EXPORT ssize_t
write(int fd, const void *buf, size_t n)
{
	return do_write(fd, buf, n, -1);
}

EXPORT ssize_t
pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	return do_write(fd, buf, n, offset);
}

/* As one write of the joined pieces. */
static ssize_t
do_writev(int fd, const struct iovec *v, int count, off_t offset)
{
	size_t total = 0;
	ssize_t r;
	char *all;
	int i;

	for (i = 0; i < count; i++)
		total += v[i].iov_len;
	all = malloc(total ? total : 1);
	if (!all) {
		errno = ENOMEM;
		return -1;
	}
	for (total = 0, i = 0; i < count; total += v[i++].iov_len)
		memcpy(all + total, v[i].iov_base, v[i].iov_len);
	r = do_write(fd, all, total, offset);
	free(all);
	return r;
}

EXPORT ssize_t
writev(int fd, const struct iovec *v, int count)
{
	return do_writev(fd, v, count, -1);
}

EXPORT ssize_t
pwritev(int fd, const struct iovec *v, int count, off_t offset)
{
	return do_writev(fd, v, count, offset);
}

/* What landed in [offset, offset + n), read through a name of our own since
 * fd may be for writing only. */
static void
read_back(struct shim_call *c, int fd, off_t offset, size_t n)
{
	char link[40];
	int in;

	if (!c->locked)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	in = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
	c->own_data = malloc(n ? n : 1);
	if (in < 0 || !c->own_data ||
	    syscall(SYS_pread64, in, c->own_data, n, offset) != (long)n)
		abort();
	syscall(SYS_close, in);
	c->rec.offset = (uint64_t)offset;
	c->rec.data_size = n;
	c->data = c->own_data;
}

EXPORT ssize_t
copy_file_range(int in, off_t *in_off, int out, off_t *out_off, size_t n,
		unsigned flags)
{
	struct shim_call c;
	off_t at;
	ssize_t r = -1;

	shim_begin_fd(&c, SHIM_COPY, out, 0);
	at = out_off ? *out_off : syscall(SYS_lseek, out, 0, SEEK_CUR);
	if (!c.fail)
		r = syscall(SYS_copy_file_range, in, in_off, out, out_off,
			    size_of(&c, n), flags);
	if (c.ours && r >= 0)
		read_back(&c, out, at, (size_t)r);
	return shim_end(&c, r);
}

EXPORT ssize_t
sendfile(int out, int in, off_t *in_off, size_t n)
{
	struct shim_call c;
	off_t at;
	ssize_t r = -1;

	shim_begin_fd(&c, SHIM_COPY, out, 0);
	at = syscall(SYS_lseek, out, 0, SEEK_CUR);
	if (!c.fail)
		r = syscall(SYS_sendfile, out, in, in_off, size_of(&c, n));
	if (c.ours && r >= 0)
		read_back(&c, out, at, (size_t)r);
	return shim_end(&c, r);
}

EXPORT int
ioctl(int fd, unsigned long request, ...)
{
	struct shim_call c;
	struct stat st;
	void *arg;
	va_list ap;
	int r = -1;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request != FICLONE)
		return (int)syscall(SYS_ioctl, fd, request, arg);
	shim_begin_fd(&c, SHIM_COPY, fd, 0);
	if (!c.fail)
		r = (int)syscall(SYS_ioctl, fd, request, arg);
	if (c.ours && r >= 0 && !fstat(fd, &st))
		read_back(&c, fd, 0, (size_t)st.st_size);
	return (int)shim_end(&c, r);
}

/* ---- sizes ---- */

EXPORT int
ftruncate(int fd, off_t size)
{
	struct shim_call c;
	int r = -1;

	shim_begin_fd(&c, SHIM_TRUNCATE, fd, 0);
	c.rec.size = (uint64_t)size;
	if (!c.fail)
		r = (int)syscall(SYS_ftruncate, fd, size);
	return (int)shim_end(&c, r);
}

EXPORT int
fallocate(int fd, int mode, off_t offset, off_t size)
{
	struct shim_call c;
	int r = -1;

	shim_begin_fd(&c, SHIM_RESERVE, fd, 0);
	/* With KEEP_SIZE nothing that a reader sees changes. */
	c.rec.size = mode & FALLOC_FL_KEEP_SIZE ? 0 : (uint64_t)(offset + size);
	c.rec.flags = (uint32_t)mode;
	if (!c.fail)
		r = (int)syscall(SYS_fallocate, fd, mode, offset, size);
	return (int)shim_end(&c, r);
}

EXPORT int
posix_fallocate(int fd, off_t offset, off_t size)
{
	int saved = errno;
	int r = fallocate(fd, 0, offset, size) ? errno : 0;

	errno = saved;
	return r;
}

ALIAS(int, open64, (const char *path, int flags, ...), "open");
ALIAS(int, openat64, (int at, const char *path, int flags, ...), "openat");
ALIAS(int, creat64, (const char *path, mode_t mode), "creat");
ALIAS(int, __open64_2, (const char *path, int flags), "__open_2");
ALIAS(int, __openat64_2, (int at, const char *path, int flags), "__openat_2");
ALIAS(ssize_t, pwrite64, (int fd, const void *buf, size_t n, off64_t offset),
      "pwrite");
ALIAS(ssize_t, pwritev64,
      (int fd, const struct iovec *v, int count, off64_t offset), "pwritev");
ALIAS(ssize_t, sendfile64, (int out, int in, off64_t *in_off, size_t n),
      "sendfile");
ALIAS(int, ftruncate64, (int fd, off64_t size), "ftruncate");
ALIAS(int, fallocate64, (int fd, int mode, off64_t offset, off64_t size),
      "fallocate");
ALIAS(int, posix_fallocate64, (int fd, off64_t offset, off64_t size),
      "posix_fallocate");
