/* See part.h. */
#include "deid/part.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

enum { TRIES = 10 };

/* Does the name still lead to what was opened? */
static bool
is_same(const char *part, int fd)
{
	struct stat a, b;

	return !stat(part, &a) && !fstat(fd, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* *ret_fd: the file with that name, locked; -1 if it went meanwhile. */
static enum pacs_err
try_open(struct pacs_error *err, const char *part, mode_t mode, int *ret_fd)
{
	if (pacs_fs_open_rw(err, AT_FDCWD, part, mode, ret_fd))
		return err->code;
	if (pacs_fs_lock(err, *ret_fd, true, 0))
		pacs_error_wrap(err, "'%s'", part);
	else if (is_same(part, *ret_fd))
		return PACS_OK;
	close(*ret_fd);
	*ret_fd = -1;
	return err->code;
}

enum pacs_err
part_begin(struct pacs_error *err, const char *path, mode_t mode, int *ret_fd)
{
	struct pacs_error gone = PACS_ERROR_INIT;
	char *part = pacs_format("%s.part", path);
	int i;

	*ret_fd = -1;
	for (i = 0; i < TRIES && *ret_fd < 0 && !err->code; i++)
		(void)!try_open(err, part, mode, ret_fd);
	if (!err->code && *ret_fd < 0)
		pacs_error_set(err, PACS_EBUSY, "'%s' comes and goes", part);
	else if (!err->code && !access(path, F_OK))
		pacs_error_set(err, PACS_EEXISTS, "'%s' is there already",
			       path);
	else if (!err->code)
		(void)!pacs_fs_truncate(err, *ret_fd, 0);
	if (err->code && *ret_fd >= 0) {
		(void)!pacs_fs_unlink(&gone, AT_FDCWD, part);
		close(*ret_fd);
		*ret_fd = -1;
	}
	free(part);
	return err->code;
}

enum pacs_err
part_end(struct pacs_error *err, const char *path, int fd, bool good)
{
	struct pacs_error gone = PACS_ERROR_INIT;
	char *part = pacs_format("%s.part", path);

	if (good && !pacs_fs_sync(err, fd) &&
	    !pacs_fs_link(err, AT_FDCWD, part, AT_FDCWD, path))
		(void)!pacs_fs_sync_parent(err, AT_FDCWD, path);
	(void)!pacs_fs_unlink(&gone, AT_FDCWD, part);
	close(fd);
	free(part);
	return err->code;
}
