/*
 * The interposed calls. Each asks whether it is about something below the
 * root, lets the plan decide, makes the system call itself, and records what
 * came of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <signal.h>
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

#include "shim.h"

#define EXPORT __attribute__((visibility("default")))

/* Is this absolute path the root or below it? */
static bool
below_root(const char *path)
{
	const char *root = getenv("SHIM_ROOT");
	size_t n;

	if (!root)
		return false;
	n = strlen(root);
	return !strncmp(path, root, n) && (!path[n] || path[n] == '/');
}

static bool
fd_path(int fd, char buf[PATH_MAX])
{
	char link[40];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = syscall(SYS_readlinkat, AT_FDCWD, link, buf, PATH_MAX - 1);
	if (n < 0)
		return false;
	buf[n] = 0;
	return true;
}

/* Find the folder of a path: inode into *ret_ino, last part into name. */
static bool
find_parent(int at, const char *path, uint64_t *ret_ino, char *name,
	    size_t name_size)
{
	char dir[PATH_MAX], real[PATH_MAX];
	size_t len = strlen(path), cut;
	struct stat st;
	int fd;
	bool ours = false;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (cut = len; cut && path[cut - 1] != '/'; cut--)
		;
	if (len >= sizeof(dir) || len - cut >= name_size)
		return false;
	memcpy(dir, path, cut);
	dir[cut] = 0;
	memcpy(name, path + cut, len - cut);
	name[len - cut] = 0;
	fd = (int)syscall(SYS_openat, at, cut ? dir : ".",
			  O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (fd_path(fd, real) && below_root(real) && !fstat(fd, &st)) {
		*ret_ino = st.st_ino;
		ours = true;
	}
	syscall(SYS_close, fd);
	return ours;
}

static void
begin(struct shim_call *c, enum shim_class class)
{
	memset(&c->rec, 0, sizeof(c->rec));
	c->rec.op = class;
	c->ours = c->locked = c->kill_after = c->cut = c->lie = false;
	c->fail = 0;
	c->name[0] = c->name2[0] = 0;
	c->data = c->own_data = NULL;
}

/* It is ours: from here to end() nobody else changes anything (when
 * recording), and the plan is applied. */
static void
enter(struct shim_call *c, bool has_blocks)
{
	int e = errno;

	c->ours = true;
	if (shim_recording())
		shim_record_lock(c);
	shim_plan(c, has_blocks);
	errno = e;
}

static void
begin_name(struct shim_call *c, enum shim_class class, int at, const char *path)
{
	begin(c, class);
	if (find_parent(at, path, &c->rec.parent, c->name, sizeof(c->name)))
		enter(c, false);
}

static void
begin_fd(struct shim_call *c, enum shim_class class, int fd, off_t end)
{
	char real[PATH_MAX];
	struct stat st;

	begin(c, class);
	if (!fd_path(fd, real) || !below_root(real) || fstat(fd, &st))
		return;
	if (class == SHIM_WRITE && !S_ISREG(st.st_mode))
		return;
	c->rec.ino = st.st_ino;
	c->rec.mode = st.st_mode;
	enter(c, end && (off_t)st.st_blocks * 512 >= end);
}

/* Ends a call: fails it if planned, records it if it happened. */
static long
end(struct shim_call *c, long r)
{
	int e = c->fail ? c->fail : errno;

	if (!c->ours)
		return r;
	if (c->fail)
		r = -1;
	if (r >= 0 && c->locked && !c->lie)
		shim_record_write(c);
	if (c->kill_after)
		shim_kill();
	if (c->locked)
		shim_record_unlock(c);
	free(c->own_data);
	errno = e;
	return r;
}

/* ---- making files ---- */

static void
note_fd(struct shim_call *c, int fd)
{
	struct stat st;

	if (!fstat(fd, &st)) {
		c->rec.ino = st.st_ino;
		c->rec.mode = st.st_mode;
	}
}

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
	begin_name(&c, SHIM_CREATE, at, inside);
	c.rec.flags = tmpfile ? 2 : there ? 1 : 0;
	if (!c.fail)
		fd = (int)syscall(SYS_openat, at, path, flags, mode);
	if (fd >= 0)
		note_fd(&c, fd);
	return (int)end(&c, fd);
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
	begin_fd(&c, SHIM_WRITE, fd, at < 0 ? 0 : at + (off_t)n);
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
	return end(&c, r);
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

	begin_fd(&c, SHIM_COPY, out, 0);
	at = out_off ? *out_off : syscall(SYS_lseek, out, 0, SEEK_CUR);
	if (!c.fail)
		r = syscall(SYS_copy_file_range, in, in_off, out, out_off,
			    size_of(&c, n), flags);
	if (c.ours && r >= 0)
		read_back(&c, out, at, (size_t)r);
	return end(&c, r);
}

EXPORT ssize_t
sendfile(int out, int in, off_t *in_off, size_t n)
{
	struct shim_call c;
	off_t at;
	ssize_t r = -1;

	begin_fd(&c, SHIM_COPY, out, 0);
	at = syscall(SYS_lseek, out, 0, SEEK_CUR);
	if (!c.fail)
		r = syscall(SYS_sendfile, out, in, in_off, size_of(&c, n));
	if (c.ours && r >= 0)
		read_back(&c, out, at, (size_t)r);
	return end(&c, r);
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
	begin_fd(&c, SHIM_COPY, fd, 0);
	if (!c.fail)
		r = (int)syscall(SYS_ioctl, fd, request, arg);
	if (c.ours && r >= 0 && !fstat(fd, &st))
		read_back(&c, fd, 0, (size_t)st.st_size);
	return (int)end(&c, r);
}

/* ---- sizes ---- */

EXPORT int
ftruncate(int fd, off_t size)
{
	struct shim_call c;
	int r = -1;

	begin_fd(&c, SHIM_TRUNCATE, fd, 0);
	c.rec.size = (uint64_t)size;
	if (!c.fail)
		r = (int)syscall(SYS_ftruncate, fd, size);
	return (int)end(&c, r);
}

EXPORT int
fallocate(int fd, int mode, off_t offset, off_t size)
{
	struct shim_call c;
	int r = -1;

	begin_fd(&c, SHIM_RESERVE, fd, 0);
	/* With KEEP_SIZE nothing that a reader sees changes. */
	c.rec.size = mode & FALLOC_FL_KEEP_SIZE ? 0 : (uint64_t)(offset + size);
	c.rec.flags = (uint32_t)mode;
	if (!c.fail)
		r = (int)syscall(SYS_fallocate, fd, mode, offset, size);
	return (int)end(&c, r);
}

EXPORT int
posix_fallocate(int fd, off_t offset, off_t size)
{
	int saved = errno;
	int r = fallocate(fd, 0, offset, size) ? errno : 0;

	errno = saved;
	return r;
}

/* ---- names ---- */

EXPORT int
linkat(int old_at, const char *old, int at, const char *path, int flags)
{
	struct shim_call c;
	struct stat st;
	int r = -1;

	begin_name(&c, SHIM_LINK, at, path);
	if (!c.fail)
		r = (int)syscall(SYS_linkat, old_at, old, at, path, flags);
	if (c.ours && !r && !fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW)) {
		c.rec.ino = st.st_ino;
		c.rec.mode = st.st_mode;
	}
	return (int)end(&c, r);
}

EXPORT int
link(const char *old, const char *path)
{
	return linkat(AT_FDCWD, old, AT_FDCWD, path, 0);
}

EXPORT int
symlinkat(const char *target, int at, const char *path)
{
	struct shim_call c;
	struct stat st;
	int r = -1;

	begin_name(&c, SHIM_SYMLINK, at, path);
	snprintf(c.name2, sizeof(c.name2), "%s", target);
	if (!c.fail)
		r = (int)syscall(SYS_symlinkat, target, at, path);
	if (c.ours && !r && !fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW))
		c.rec.ino = st.st_ino;
	return (int)end(&c, r);
}

EXPORT int
symlink(const char *target, const char *path)
{
	return symlinkat(target, AT_FDCWD, path);
}

EXPORT int
renameat2(int old_at, const char *old, int at, const char *path, unsigned flags)
{
	struct shim_call c;
	struct stat st;
	int r = -1;

	begin_name(&c, SHIM_RENAME, old_at, old);
	c.rec.flags = flags;
	if (c.ours && !find_parent(at, path, &c.rec.parent2, c.name2, 256))
		c.rec.op = SHIM_UNLINK; /* it leaves the root */
	if (c.ours && !fstatat(old_at, old, &st, AT_SYMLINK_NOFOLLOW))
		c.rec.ino = st.st_ino;
	if (!c.fail)
		r = (int)syscall(SYS_renameat2, old_at, old, at, path, flags);
	return (int)end(&c, r);
}

EXPORT int
renameat(int old_at, const char *old, int at, const char *path)
{
	return renameat2(old_at, old, at, path, 0);
}

EXPORT int
rename(const char *old, const char *path)
{
	return renameat2(AT_FDCWD, old, AT_FDCWD, path, 0);
}

EXPORT int
unlinkat(int at, const char *path, int flags)
{
	struct shim_call c;
	int r = -1;

	begin_name(&c, flags & AT_REMOVEDIR ? SHIM_RMDIR : SHIM_UNLINK, at,
		   path);
	if (!c.fail)
		r = (int)syscall(SYS_unlinkat, at, path, flags);
	return (int)end(&c, r);
}

EXPORT int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int
rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

EXPORT int
mkdirat(int at, const char *path, mode_t mode)
{
	struct shim_call c;
	struct stat st;
	int r = -1;

	begin_name(&c, SHIM_MKDIR, at, path);
	if (!c.fail)
		r = (int)syscall(SYS_mkdirat, at, path, mode);
	if (c.ours && !r && !fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW)) {
		c.rec.ino = st.st_ino;
		c.rec.mode = st.st_mode;
	}
	return (int)end(&c, r);
}

EXPORT int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* ---- who may ---- */

static int
end_stat(struct shim_call *c, int r, int at, const char *path, int fd)
{
	struct stat st;

	if (c->ours && !r &&
	    !(path ? fstatat(at, path, &st, 0) : fstat(fd, &st))) {
		c->rec.ino = st.st_ino;
		c->rec.mode = st.st_mode;
	}
	return (int)end(c, r);
}

EXPORT int
fchmod(int fd, mode_t mode)
{
	struct shim_call c;
	int r = -1;

	begin_fd(&c, SHIM_CHMOD, fd, 0);
	if (!c.fail)
		r = (int)syscall(SYS_fchmod, fd, mode);
	return end_stat(&c, r, 0, NULL, fd);
}

EXPORT int
fchmodat(int at, const char *path, mode_t mode, int flags)
{
	struct shim_call c;
	int r = -1;

	(void)flags;
	begin_name(&c, SHIM_CHMOD, at, path);
	if (!c.fail)
		r = (int)syscall(SYS_fchmodat, at, path, mode);
	return end_stat(&c, r, at, path, -1);
}

EXPORT int
chmod(const char *path, mode_t mode)
{
	return fchmodat(AT_FDCWD, path, mode, 0);
}

EXPORT int
fchown(int fd, uid_t uid, gid_t gid)
{
	struct shim_call c;
	int r = -1;

	begin_fd(&c, SHIM_CHMOD, fd, 0);
	if (!c.fail)
		r = (int)syscall(SYS_fchown, fd, uid, gid);
	return end_stat(&c, r, 0, NULL, fd);
}

EXPORT int
fchownat(int at, const char *path, uid_t uid, gid_t gid, int flags)
{
	struct shim_call c;
	int r = -1;

	begin_name(&c, SHIM_CHMOD, at, path);
	if (!c.fail)
		r = (int)syscall(SYS_fchownat, at, path, uid, gid, flags);
	return end_stat(&c, r, at, path, -1);
}

/* ---- barriers ---- */

static int
do_fsync(int fd, long number)
{
	struct shim_call c;
	int r = -1;

	begin_fd(&c, SHIM_FSYNC, fd, 0);
	if (!c.fail)
		r = c.lie ? 0 : (int)syscall(number, fd);
	return (int)end(&c, r);
}

EXPORT int
fsync(int fd)
{
	return do_fsync(fd, SYS_fsync);
}

EXPORT int
fdatasync(int fd)
{
	return do_fsync(fd, SYS_fdatasync);
}

EXPORT int
syncfs(int fd)
{
	struct shim_call c;
	int r = -1;

	begin_fd(&c, SHIM_SYNCFS, fd, 0);
	if (!c.fail)
		r = c.lie ? 0 : (int)syscall(SYS_syncfs, fd);
	return (int)end(&c, r);
}

/* It cannot say that it failed, so only its success is a barrier. */
EXPORT void
sync(void)
{
	struct shim_call c;

	begin(&c, SHIM_SYNCFS);
	if (getenv("SHIM_ROOT"))
		enter(&c, false);
	if (!c.fail)
		syscall(SYS_sync);
	end(&c, 0);
}

EXPORT int
sync_file_range(int fd, off_t offset, off_t size, unsigned flags)
{
	struct shim_call c;
	int r = -1;

	begin_fd(&c, SHIM_RANGE, fd, 0);
	if (!c.fail)
		r = (int)syscall(SYS_sync_file_range, fd, offset, size, flags);
	return (int)end(&c, r);
}

/* The same calls under the names that large-file programs use. */
#define ALIAS(ret, name, args, real) \
	EXPORT ret name args __attribute__((alias(real)))
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
ALIAS(int, open64, (const char *path, int flags, ...), "open");
ALIAS(int, openat64, (int at, const char *path, int flags, ...), "openat");
ALIAS(int, creat64, (const char *path, mode_t mode), "creat");
int __open64_2(const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);
ALIAS(int, __open64_2, (const char *path, int flags), "__open_2");
ALIAS(int, __openat64_2, (int at, const char *path, int flags), "__openat_2");
ALIAS(ssize_t, pwrite64, (int fd, const void *buf, size_t n, off64_t offset),
      "pwrite");
ALIAS(ssize_t, pwritev64,
      (int fd, const struct iovec *v, int count, off64_t offset), "pwritev");
ssize_t sendfile64(int out, int in, off64_t *in_off, size_t n);
ALIAS(ssize_t, sendfile64, (int out, int in, off64_t *in_off, size_t n),
      "sendfile");
ALIAS(int, ftruncate64, (int fd, off64_t size), "ftruncate");
ALIAS(int, fallocate64, (int fd, int mode, off64_t offset, off64_t size),
      "fallocate");
ALIAS(int, posix_fallocate64, (int fd, off64_t offset, off64_t size),
      "posix_fallocate");
