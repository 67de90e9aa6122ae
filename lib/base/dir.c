#include "base/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum pacs_err
pacs_dir_open(struct pacs_error *err, int dirfd, const char *path, int flags,
	      struct pacs_dir *ret)
{
	int fd =
	    openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	int code;

	ret->path = path;
	ret->stream = fd >= 0 ? fdopendir(fd) : NULL;
	if (ret->stream)
		return PACS_OK;
	code = errno;
	if (fd >= 0)
		close(fd);
	if (code == ENOTDIR || code == ELOOP)
		return pacs_error_set(err, PACS_EFORMAT, "'%s' is no folder",
				      path);
	return pacs_error_sys(err, code, "cannot read '%s'", path);
}

const struct dirent *
pacs_dir_next(struct pacs_error *err, struct pacs_dir *d)
{
	const struct dirent *e;

	if (!d->stream)
		return NULL;
	do {
		errno = 0;
		e = readdir(d->stream);
	} while (e && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")));
	if (!e && errno)
		pacs_error_sys(err, errno, "cannot read all of '%s'", d->path);
	return e;
}

int
pacs_dir_fd(const struct pacs_dir *d)
{
	return dirfd(d->stream);
}

void
pacs_dir_close(struct pacs_dir *d)
{
	if (d->stream)
		closedir(d->stream);
	d->stream = NULL;
}

enum pacs_err
pacs_dir_is_empty(struct pacs_error *err, int dirfd, const char *path,
		  bool *ret)
{
	const struct dirent *e;
	struct pacs_dir d;

	*ret = true;
	if (pacs_dir_open(err, dirfd, path, 0, &d))
		return err->code;
	while ((e = pacs_dir_next(err, &d)))
		if (strcmp(e->d_name, "lost+found") != 0)
			*ret = false;
	pacs_dir_close(&d);
	return err->code;
}
