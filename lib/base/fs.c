#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static enum pacs_err
open_as(struct pacs_error *err, int dirfd, const char *path, int flags,
	mode_t mode, int *ret_fd)
{
	int fd;

	*ret_fd = -1;
	do
		fd = openat(dirfd, path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return pacs_error_sys(err, errno, "cannot create '%s'", path);
	*ret_fd = fd;
	return PACS_OK;
}

enum pacs_err
pacs_fs_create(struct pacs_error *err, int dirfd, const char *path, mode_t mode,
	       int *ret_fd)
{
	return open_as(err, dirfd, path, O_RDWR | O_CREAT | O_EXCL, mode,
		       ret_fd);
}

enum pacs_err
pacs_fs_open_rw(struct pacs_error *err, int dirfd, const char *path,
		mode_t mode, int *ret_fd)
{
	return open_as(err, dirfd, path, O_RDWR | O_CREAT | O_NOFOLLOW, mode,
		       ret_fd);
}

/* Says which file it was, as far as the system knows its name: who has to make
 * room wants to know where. */
static enum pacs_err
fd_failed(struct pacs_error *err, int sys_errno, const char *what, int fd)
{
	enum { SHOWN = 256 };
	char link[40], name[SHOWN];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof(name));
	if (n <= 0 || n == SHOWN || name[0] != '/')
		return pacs_error_sys(err, sys_errno, "%s", what);
	return pacs_error_sys(err, sys_errno, "%s '%.*s'", what, (int)n, name);
}

enum pacs_err
pacs_fs_write(struct pacs_error *err, int fd, const void *bytes, size_t size)
{
	const char *p = bytes;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fd_failed(err, n ? errno : EIO, "cannot write",
					 fd);
		p += n;
		size -= (size_t)n;
	}
	return PACS_OK;
}

enum pacs_err
pacs_fs_pwrite(struct pacs_error *err, int fd, const void *bytes, size_t size,
	       uint64_t offset)
{
	const char *p = bytes;

	while (size) {
		ssize_t n = pwrite(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fd_failed(err, n ? errno : EIO, "cannot write",
					 fd);
		p += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return PACS_OK;
}

bool
pacs_fs_clone(int in_fd, int out_fd)
{
	return ioctl(out_fd, FICLONE, in_fd) == 0;
}

enum pacs_err
pacs_fs_truncate(struct pacs_error *err, int fd, uint64_t size)
{
	while (ftruncate(fd, (off_t)size) != 0)
		if (errno != EINTR)
			return pacs_error_sys(err, errno, "cannot truncate");
	return PACS_OK;
}

enum pacs_err
pacs_fs_reserve(struct pacs_error *err, int fd, uint64_t offset, uint64_t size)
{
	while (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size) !=
	       0) {
		if (errno == EOPNOTSUPP || errno == ENOSYS)
			return PACS_OK;
		if (errno != EINTR)
			return fd_failed(err, errno, "cannot reserve space for",
					 fd);
	}
	return PACS_OK;
}

enum pacs_err
pacs_fs_chmod(struct pacs_error *err, int fd, mode_t mode)
{
	if (fchmod(fd, mode) != 0)
		return pacs_error_sys(err, errno, "cannot change the mode");
	return PACS_OK;
}

enum pacs_err
pacs_fs_chown(struct pacs_error *err, int dirfd, const char *path, uid_t uid,
	      gid_t gid)
{
	if (fchownat(dirfd, path, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
		return pacs_error_sys(err, errno,
				      "cannot change the owner of '%s'", path);
	return PACS_OK;
}

enum pacs_err
pacs_fs_sync(struct pacs_error *err, int fd)
{
	if (fsync(fd) != 0)
		return fd_failed(err, errno, "cannot flush to disk", fd);
	return PACS_OK;
}

void
pacs_fs_start_flush(int fd)
{
	/* Waits for nothing and promises nothing; what goes wrong in the
	 * writing is told by the barrier (errseq_t in Linux). */
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

enum pacs_err
pacs_fs_sync_path(struct pacs_error *err, int dirfd, const char *path)
{
	enum pacs_err rc;
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", path);
	rc = pacs_fs_sync(err, fd);
	if (rc)
		pacs_error_wrap(err, "'%s'", path);
	close(fd);
	return rc;
}

enum pacs_err
pacs_fs_sync_all(struct pacs_error *err, int fd)
{
	if (syncfs(fd) != 0)
		return pacs_error_sys(err, errno,
				      "cannot flush the file system");
	return PACS_OK;
}

bool
pacs_fs_can_sync_all(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) == 0 && st.f_type != FUSE_SUPER_MAGIC;
}

enum pacs_err
pacs_fs_link(struct pacs_error *err, int old_dirfd, const char *old_path,
	     int new_dirfd, const char *new_path)
{
	if (linkat(old_dirfd, old_path, new_dirfd, new_path, 0) != 0)
		return pacs_error_sys(err, errno, "cannot link '%s'", new_path);
	return PACS_OK;
}

enum pacs_err
pacs_fs_rename(struct pacs_error *err, int old_dirfd, const char *old_path,
	       int new_dirfd, const char *new_path)
{
	if (renameat(old_dirfd, old_path, new_dirfd, new_path) != 0)
		return pacs_error_sys(err, errno, "cannot rename to '%s'",
				      new_path);
	return PACS_OK;
}

enum pacs_err
pacs_fs_move(struct pacs_error *err, int old_dirfd, const char *old_path,
	     int new_dirfd, const char *new_path)
{
	if (renameat2(old_dirfd, old_path, new_dirfd, new_path,
		      RENAME_NOREPLACE) == 0)
		return PACS_OK;
	if (errno != EINVAL && errno != ENOSYS)
		return pacs_error_sys(err, errno, "cannot rename to '%s'",
				      new_path);
	if (pacs_fs_link(err, old_dirfd, old_path, new_dirfd, new_path))
		return err->code;
	return pacs_fs_unlink(err, old_dirfd, old_path);
}

enum pacs_err
pacs_fs_unlink(struct pacs_error *err, int dirfd, const char *path)
{
	if (unlinkat(dirfd, path, 0) != 0)
		return pacs_error_sys(err, errno, "cannot remove '%s'", path);
	return PACS_OK;
}

enum pacs_err
pacs_fs_rmdir(struct pacs_error *err, int dirfd, const char *path)
{
	if (unlinkat(dirfd, path, AT_REMOVEDIR) != 0)
		return pacs_error_sys(err, errno, "cannot remove folder '%s'",
				      path);
	return PACS_OK;
}

enum pacs_err
pacs_fs_mkdir(struct pacs_error *err, int dirfd, const char *path, mode_t mode)
{
	if (mkdirat(dirfd, path, mode) != 0)
		return pacs_error_sys(err, errno, "cannot make folder '%s'",
				      path);
	return PACS_OK;
}

enum pacs_err
pacs_fs_mkdirs(struct pacs_error *err, int dirfd, const char *path, mode_t mode)
{
	char *copy = pacs_strdup(path), *p = copy;
	enum pacs_err rc = PACS_OK;

	while (!rc && p) {
		p = strchr(p + 1, '/');
		if (p)
			*p = '\0';
		if (mkdirat(dirfd, copy, mode) != 0 && errno != EEXIST)
			rc = pacs_error_sys(err, errno,
					    "cannot make folder '%s'", copy);
		if (p)
			*p = '/';
	}
	free(copy);
	return rc;
}

/* A name beside path that nobody else uses, no other thread either. */
static char *
temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path + 1) : 0;

	return pacs_format("%.*s.new-%d-%llx", dir, path, (int)gettid(),
			   (unsigned long long)pacs_time_us());
}

static const char *tmp_dir = "/tmp";

void
pacs_fs_set_tmp_dir(const char *dir)
{
	tmp_dir = dir;
}

const char *
pacs_fs_tmp_dir(void)
{
	return tmp_dir;
}

enum pacs_err
pacs_fs_unnamed(struct pacs_error *err, const char *folder, int *ret_fd)
{
	char *path, *name;

	*ret_fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (*ret_fd >= 0)
		return PACS_OK;
	path = pacs_format("%s/x", folder);
	name = temporary_name(path);
	*ret_fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*ret_fd >= 0)
		unlinkat(AT_FDCWD, name, 0);
	else
		pacs_error_sys(err, errno, "cannot make a file in '%s'",
			       folder);
	free(name);
	free(path);
	return err->code;
}

enum pacs_err
pacs_fs_symlink_swap(struct pacs_error *err, int dirfd, const char *target,
		     const char *path)
{
	char *tmp = temporary_name(path);
	enum pacs_err rc = PACS_OK;

	if (symlinkat(target, dirfd, tmp) != 0)
		rc = pacs_error_sys(err, errno, "cannot link '%s'", path);
	else if ((rc = pacs_fs_rename(err, dirfd, tmp, dirfd, path)))
		unlinkat(dirfd, tmp, 0);
	free(tmp);
	return rc;
}

enum pacs_err
pacs_fs_sync_parent(struct pacs_error *err, int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? pacs_strndup(path, (size_t)(slash - path))
			  : pacs_strdup(".");
	enum pacs_err rc = pacs_fs_sync_path(err, dirfd, *dir ? dir : "/");

	free(dir);
	return rc;
}

enum pacs_err
pacs_fs_write_file(struct pacs_error *err, int dirfd, const char *path,
		   mode_t mode, const void *bytes, size_t size, bool replace)
{
	char *tmp = temporary_name(path);
	enum pacs_err rc;
	int fd;

	rc = pacs_fs_create(err, dirfd, tmp, mode, &fd);
	if (rc)
		goto out;
	rc = pacs_fs_write(err, fd, bytes, size);
	if (!rc)
		rc = pacs_fs_sync(err, fd);
	close(fd);
	if (!rc && replace)
		rc = pacs_fs_rename(err, dirfd, tmp, dirfd, path);
	else if (!rc)
		rc = pacs_fs_link(err, dirfd, tmp, dirfd, path);
	if (rc || !replace)
		unlinkat(dirfd, tmp, 0);
	if (!rc)
		rc = pacs_fs_sync_parent(err, dirfd, path);
out:
	if (rc)
		pacs_error_wrap(err, "'%s'", path);
	free(tmp);
	return rc;
}

enum pacs_err
pacs_fs_space(struct pacs_error *err, int fd, uint64_t *ret_free_bytes,
	      uint64_t *ret_total_bytes)
{
	struct statvfs v;

	if (fstatvfs(fd, &v) != 0)
		return pacs_error_sys(err, errno, "cannot ask for free space");
	*ret_free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	*ret_total_bytes = (uint64_t)v.f_blocks * v.f_frsize;
	return PACS_OK;
}
