/*
 * Calls that promise that something is on stable storage.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

static int
do_fsync(int fd, long number)
{
	struct shim_call c;
	int r = -1;

	shim_begin_fd(&c, SHIM_FSYNC, fd, 0);
	if (!c.fail)
		r = c.lie ? 0 : (int)syscall(number, fd);
	return (int)shim_end(&c, r);
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

	shim_begin_fd(&c, SHIM_SYNCFS, fd, 0);
	if (!c.fail)
		r = c.lie ? 0 : (int)syscall(SYS_syncfs, fd);
	return (int)shim_end(&c, r);
}

/* It cannot say that it failed, so only its success is a barrier. */
EXPORT void
sync(void)
{
	struct shim_call c;

	shim_begin(&c, SHIM_SYNCFS);
	if (getenv("SHIM_ROOT"))
		shim_enter(&c, false);
	if (!c.fail)
		syscall(SYS_sync);
	shim_end(&c, 0);
}

EXPORT int
sync_file_range(int fd, off_t offset, off_t size, unsigned flags)
{
	struct shim_call c;
	int r = -1;

	shim_begin_fd(&c, SHIM_RANGE, fd, 0);
	if (!c.fail)
		r = (int)syscall(SYS_sync_file_range, fd, offset, size, flags);
	return (int)shim_end(&c, r);
}
