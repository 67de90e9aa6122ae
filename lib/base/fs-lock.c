/* Locks of whole files: see fs.h. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/clock.h"
#include "base/fs.h"

static int
try_lock(int fd, bool exclusive)
{
	struct flock fl = {
	    .l_type = (short)(exclusive ? F_WRLCK : F_RDLCK),
	    .l_whence = SEEK_SET,
	};

	return fcntl(fd, F_OFD_SETLK, &fl);
}

enum pacs_err
pacs_fs_lock(struct pacs_error *err, int fd, bool exclusive,
	     unsigned timeout_ms)
{
	uint64_t end = pacs_time_mono_ms() + timeout_ms;
	struct timespec wait = {0, 100 * 1000};

	while (try_lock(fd, exclusive) != 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return pacs_error_sys(err, errno, "cannot lock");
		if (pacs_time_mono_ms() >= end)
			return pacs_error_set(err, PACS_EBUSY,
					      "locked by another program");
		nanosleep(&wait, NULL);
		if (wait.tv_nsec < 10 * 1000 * 1000)
			wait.tv_nsec *= 2;
	}
	return PACS_OK;
}

void
pacs_fs_unlock(int fd)
{
	struct flock fl = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

	(void)fcntl(fd, F_OFD_SETLK, &fl);
}
