/*
 * Calls that change names, and who may do what.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

EXPORT int
linkat(int old_at, const char *old, int at, const char *path, int flags)
{
	struct shim_call c;
	int r = -1;

	shim_begin_name(&c, SHIM_LINK, at, path);
	if (!c.fail)
		r = (int)syscall(SYS_linkat, old_at, old, at, path, flags);
	return shim_end_name(&c, r, at, path, AT_SYMLINK_NOFOLLOW);
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

	shim_begin_name(&c, SHIM_SYMLINK, at, path);
	snprintf(c.name2, sizeof(c.name2), "%s", target);
	if (!c.fail)
		r = (int)syscall(SYS_symlinkat, target, at, path);
	if (c.ours && !r && !fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW))
		c.rec.ino = st.st_ino;
	return (int)shim_end(&c, r);
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

	shim_begin_name(&c, SHIM_RENAME, old_at, old);
	c.rec.flags = flags;
	if (c.ours && !shim_find_parent(at, path, &c.rec.parent2, c.name2, 256))
		c.rec.op = SHIM_UNLINK; /* it leaves the root */
	if (c.ours && !fstatat(old_at, old, &st, AT_SYMLINK_NOFOLLOW))
		c.rec.ino = st.st_ino;
	if (!c.fail)
		r = (int)syscall(SYS_renameat2, old_at, old, at, path, flags);
	return (int)shim_end(&c, r);
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

	shim_begin_name(&c, flags & AT_REMOVEDIR ? SHIM_RMDIR : SHIM_UNLINK, at,
			path);
	if (!c.fail)
		r = (int)syscall(SYS_unlinkat, at, path, flags);
	return (int)shim_end(&c, r);
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
	int r = -1;

	shim_begin_name(&c, SHIM_MKDIR, at, path);
	if (!c.fail)
		r = (int)syscall(SYS_mkdirat, at, path, mode);
	return shim_end_name(&c, r, at, path, AT_SYMLINK_NOFOLLOW);
}

EXPORT int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* ---- who may ---- */

EXPORT int
fchmod(int fd, mode_t mode)
{
	struct shim_call c;
	int r = -1;

	shim_begin_fd(&c, SHIM_CHMOD, fd, 0);
	if (!c.fail)
		r = (int)syscall(SYS_fchmod, fd, mode);
	return shim_end_fd(&c, r, fd);
}

EXPORT int
fchmodat(int at, const char *path, mode_t mode, int flags)
{
	struct shim_call c;
	int r = -1;

	(void)flags;
	shim_begin_name(&c, SHIM_CHMOD, at, path);
	if (!c.fail)
		r = (int)syscall(SYS_fchmodat, at, path, mode);
	return shim_end_name(&c, r, at, path, 0);
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

	shim_begin_fd(&c, SHIM_CHMOD, fd, 0);
	if (!c.fail)
		r = (int)syscall(SYS_fchown, fd, uid, gid);
	return shim_end_fd(&c, r, fd);
}

EXPORT int
fchownat(int at, const char *path, uid_t uid, gid_t gid, int flags)
{
	struct shim_call c;
	int r = -1;

	shim_begin_name(&c, SHIM_CHMOD, at, path);
	if (!c.fail)
		r = (int)syscall(SYS_fchownat, at, path, uid, gid, flags);
	return shim_end_name(&c, r, at, path, 0);
}
