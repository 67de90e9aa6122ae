/*
 * Removing a source whose object is safe.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "ingest/internal.h"

/* Is a folder the archive, or inside it? Asked upwards by inode, so that no
 * link or odd spelling of a path can deceive. */
static enum pacs_err
is_inside(struct pacs_error *err, const struct run *run, const char *dir,
	  bool *ret_inside)
{
	struct stat archive, st, below = {0};
	int fd, up;

	*ret_inside = true;
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(pacs_archive_dirfd(run->ar), &archive))
		goto fail;
	for (;;) {
		if (fstat(fd, &st))
			goto fail;
		if (st.st_dev == archive.st_dev && st.st_ino == archive.st_ino)
			break;
		if (st.st_dev == below.st_dev && st.st_ino == below.st_ino) {
			*ret_inside = false; /* the root is its own parent */
			break;
		}
		below = st;
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			goto fail;
		close(fd);
		fd = up;
	}
	close(fd);
	return PACS_OK;
fail:
	pacs_error_sys(err, errno, "cannot see where its folder is");
	if (fd >= 0)
		close(fd);
	return err->code;
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return pacs_strdup(".");
	return pacs_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* The answer for the last folder is kept: files come folder by folder. */
static enum pacs_err
check_folder(struct pacs_error *err, struct run *run, const char *path)
{
	char *dir = folder_of(path);

	if (!run->move_dir || strcmp(run->move_dir, dir) != 0) {
		free(run->move_dir);
		run->move_dir = NULL;
		if (is_inside(err, run, dir, &run->move_inside)) {
			free(dir);
			return err->code;
		}
		run->move_dir = dir;
	} else {
		free(dir);
	}
	if (run->move_inside)
		return pacs_error_set(err, PACS_EUSAGE,
				      "not removed: it is in the archive");
	return PACS_OK;
}

/* Is the source the object's own file? The way upwards does not tell it of a
 * part of the archive that is mounted elsewhere. Over a network the device is
 * another one, and inode and time are the same. */
static enum pacs_err
check_not_object(struct pacs_error *err, const struct run *run,
		 const struct item *it, const char *object)
{
	struct stat st;

	if (fstatat(pacs_archive_dirfd(run->ar), object, &st,
		    AT_SYMLINK_NOFOLLOW))
		return pacs_error_sys(err, errno,
				      "not removed: cannot see its object");
	if (st.st_ino == it->ino && st.st_mtim.tv_sec == it->mtime.tv_sec &&
	    st.st_mtim.tv_nsec == it->mtime.tv_nsec)
		return pacs_error_set(err, PACS_EUSAGE,
				      "not removed: it is the file that is in "
				      "the archive, under another name");
	return PACS_OK;
}

enum pacs_err
move_source(struct pacs_error *err, struct run *run, const struct item *it,
	    const char *object)
{
	struct stat st;

	if (check_folder(err, run, it->source) ||
	    check_not_object(err, run, it, object))
		return err->code;
	if (fstatat(AT_FDCWD, it->source, &st, AT_SYMLINK_NOFOLLOW))
		return pacs_error_sys(err, errno, "not removed");
	if (st.st_dev != it->dev || st.st_ino != it->ino ||
	    (uint64_t)st.st_size != it->file_size ||
	    st.st_mtim.tv_sec != it->mtime.tv_sec ||
	    st.st_mtim.tv_nsec != it->mtime.tv_nsec)
		return pacs_error_set(err, PACS_ECONFLICT,
				      "not removed: it changed since it was "
				      "read");
	return pacs_fs_unlink(err, AT_FDCWD, it->source);
}
