/*
 * Where a repository is. A folder is changed through base/fs.h; a remote is
 * reached as remote.c says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/depot.h"
#include "base/file.h"
#include "base/fs.h"

#define MODE_FILE 0640
#define MODE_DIR  0750
#define LOCK_NAME "lock"

/* --- opening -------------------------------------------------------------- */

static enum pacs_err
open_folder(struct pacs_error *err, struct depot *d, bool make)
{
	enum pacs_err rc;

	d->dirfd = open(d->where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->dirfd < 0 && errno == ENOENT && make) {
		rc = pacs_fs_mkdir(err, AT_FDCWD, d->where, MODE_DIR);
		if (rc && rc != PACS_EEXISTS) /* by another run */
			return rc;
		pacs_error_clear(err);
		d->dirfd = open(d->where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	/* "Not found" would be a reason to make it. */
	if (d->dirfd < 0 && errno == ENOTDIR)
		return pacs_error_set(err, PACS_EEXISTS, "'%s' is no folder",
				      d->where);
	if (d->dirfd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", d->where);
	d->tmp = pacs_format("%s/tmp", d->where);
	return PACS_OK;
}

const char *
depot_remote(const char *where)
{
	static const char prefix[] = "rclone:";
	size_t n = strlen(prefix);

	return strncmp(where, prefix, n) == 0 ? where + n : NULL;
}

enum pacs_err
depot_open(struct pacs_error *err, const char *where, bool make,
	   struct depot *d)
{
	const char *remote = depot_remote(where);

	memset(d, 0, sizeof(*d));
	d->dirfd = d->tmpfd = -1;
	d->where = pacs_strdup(where);
	if (!remote)
		return open_folder(err, d, make);
	if (!strchr(remote, ':'))
		return pacs_error_set(err, PACS_EUSAGE,
				      "'%s': rclone:REMOTE:PATH is expected",
				      where);
	d->remote = pacs_strdup(remote);
	d->tmp = pacs_strdup(pacs_fs_tmp_dir());
	return PACS_OK;
}

void
depot_close(struct depot *d)
{
	if (d->dirfd >= 0)
		close(d->dirfd);
	if (d->tmpfd >= 0)
		close(d->tmpfd);
	free(d->where);
	free(d->remote);
	free(d->tmp);
	memset(d, 0, sizeof(*d));
	d->dirfd = d->tmpfd = -1;
}

enum pacs_err
depot_settle(struct pacs_error *err, struct depot *d)
{
	return d->remote ? PACS_OK : pacs_fs_sync_path(err, d->dirfd, "..");
}

/* The folder for files on their way, when it is needed first. */
static enum pacs_err
need_tmp(struct pacs_error *err, struct depot *d)
{
	enum pacs_err rc = PACS_OK;

	if (d->tmpfd >= 0)
		return PACS_OK;
	if (!d->remote)
		rc = pacs_fs_mkdirs(err, d->dirfd, "tmp", MODE_DIR);
	if (rc)
		return rc;
	d->tmpfd = open(d->tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->tmpfd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", d->tmp);
	return PACS_OK;
}

/* A folder that was renamed, unmounted or replaced while we hold it open still
 * takes all that is written: to where nobody will look for it. */
static enum pacs_err
still_there(struct pacs_error *err, const struct depot *d)
{
	struct stat named, held;

	if (stat(d->where, &named) == 0 && fstat(d->dirfd, &held) == 0 &&
	    named.st_dev == held.st_dev && named.st_ino == held.st_ino &&
	    held.st_nlink > 0)
		return PACS_OK;
	return pacs_error_set(err, PACS_EIO,
			      "'%s' is not there any more: moved, unmounted or "
			      "removed while this ran",
			      d->where);
}

/* Whatever failed in it, that it is gone is what there is to be said. */
static enum pacs_err
say_if_gone(struct pacs_error *err, const struct depot *d, enum pacs_err rc)
{
	struct pacs_error gone = PACS_ERROR_INIT;

	if (!still_there(&gone, d))
		return rc;
	*err = gone;
	return gone.code;
}

enum pacs_err
depot_stage(struct pacs_error *err, struct depot *d, char ret_name[NAME_ROOM],
	    int *ret_fd)
{
	enum pacs_err rc = need_tmp(err, d);

	*ret_fd = -1;
	if (rc)
		return rc;
	snprintf(ret_name, NAME_ROOM, STAGED "%d-%llx-%u", (int)getpid(),
		 (unsigned long long)pacs_time_us(), d->serial++);
	/* On its way to a remote it lies where all may look. */
	rc = pacs_fs_create(err, d->tmpfd, ret_name,
			    d->remote ? 0600 : MODE_FILE, ret_fd);
	return rc && !d->remote ? say_if_gone(err, d, rc) : rc;
}

void
depot_drop(struct depot *d, const char *staged)
{
	struct pacs_error e = PACS_ERROR_INIT;

	(void)!pacs_fs_unlink(&e, d->tmpfd, staged);
}

/* mkdir -p of the folder that name is in, each new one durable. */
static enum pacs_err
make_parents(struct pacs_error *err, struct depot *d, const char *name)
{
	char dir[NAME_ROOM], up[NAME_ROOM];
	const char *p = name;
	enum pacs_err rc;

	while ((p = strchr(p, '/'))) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(p - name), name);
		p++;
		rc = pacs_fs_mkdir(err, d->dirfd, dir, MODE_DIR);
		if (rc == PACS_EEXISTS) {
			pacs_error_clear(err);
			continue;
		}
		snprintf(up, sizeof(up), "%s", dir);
		if (strrchr(up, '/'))
			*strrchr(up, '/') = '\0';
		else
			snprintf(up, sizeof(up), ".");
		if (!rc)
			rc = pacs_fs_sync_path(err, d->dirfd, up);
		if (rc)
			return rc;
	}
	return PACS_OK;
}

static enum pacs_err
sync_folder_of(struct pacs_error *err, struct depot *d, const char *name)
{
	char dir[NAME_ROOM];
	const char *slash = strrchr(name, '/');

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - name) : 1,
		 slash ? name : ".");
	return pacs_fs_sync_path(err, d->dirfd, dir);
}

enum pacs_err
depot_place(struct pacs_error *err, struct depot *d, const char *staged, int fd,
	    const char *name)
{
	enum pacs_err rc;

	if (d->remote) {
		rc = remote_put(err, d, staged, name);
		if (!rc)
			depot_drop(d, staged);
		return rc;
	}
	rc = pacs_fs_sync(err, fd);
	if (!rc)
		rc = make_parents(err, d, name);
	if (!rc)
		rc = pacs_fs_rename(err, d->tmpfd, staged, d->dirfd, name);
	if (!rc)
		rc = sync_folder_of(err, d, name);
	return say_if_gone(err, d, rc);
}

enum pacs_err
depot_put(struct pacs_error *err, struct depot *d, const char *name,
	  const void *bytes, size_t size, bool replace)
{
	char staged[NAME_ROOM];
	enum pacs_err rc;
	int fd;

	/* One run at a time holds the lock: nobody comes in between. A remote
	 * was listed just before, and asking it costs. */
	if (!replace && !d->remote && faccessat(d->dirfd, name, F_OK, 0) == 0)
		return pacs_error_set(err, PACS_EEXISTS,
				      "'%s' is in the repository already",
				      name);
	rc = depot_stage(err, d, staged, &fd);
	if (rc)
		return rc;
	rc = pacs_fs_write(err, fd, bytes, size);
	if (!rc)
		rc = depot_place(err, d, staged, fd, name);
	close(fd);
	if (rc)
		depot_drop(d, staged);
	return rc;
}

enum pacs_err
depot_slurp(struct pacs_error *err, struct depot *d, const char *name,
	    struct pacs_buf *out)
{
	return d->remote ? remote_slurp(err, d, name, out)
			 : pacs_file_slurp(err, d->dirfd, name, SMALL_MAX, out);
}

/* --- removing, moving, locking -------------------------------------------- */

enum pacs_err
depot_remove(struct pacs_error *err, struct depot *d, const char *name)
{
	enum pacs_err rc;

	if (d->remote)
		return remote_remove(err, d, name);
	rc = pacs_fs_unlink(err, d->dirfd, name);
	if (rc != PACS_ENOTFOUND)
		return rc;
	pacs_error_clear(err);
	return PACS_OK;
}

enum pacs_err
depot_move(struct pacs_error *err, struct depot *d, const char *from,
	   const char *to)
{
	enum pacs_err rc;

	if (d->remote)
		return remote_move(err, d, from, to);
	rc = make_parents(err, d, to);
	if (!rc)
		rc = pacs_fs_rename(err, d->dirfd, from, d->dirfd, to);
	if (!rc)
		rc = sync_folder_of(err, d, to);
	if (!rc)
		rc = sync_folder_of(err, d, from);
	return say_if_gone(err, d, rc);
}

/* Of a remote the lock is this machine's: two machines that write to the same
 * remote are for their administrator to keep apart. */
enum pacs_err
depot_lock(struct pacs_error *err, struct depot *d, int *ret_fd)
{
	char hex[PACS_SHA256_HEX], name[120];
	enum pacs_err rc;

	if (d->remote) {
		pacs_sha256_hex(d->remote, strlen(d->remote), hex);
		snprintf(name, sizeof(name), "/tmp/pacs-backup-%u-%.16s.lock",
			 (unsigned)geteuid(), hex);
		rc = pacs_fs_open_rw(err, AT_FDCWD, name, 0600, ret_fd);
	} else {
		rc = pacs_fs_open_rw(err, d->dirfd, LOCK_NAME, MODE_FILE,
				     ret_fd);
	}
	if (rc)
		return rc;
	rc = pacs_fs_lock(err, *ret_fd, true, 0);
	if (rc) {
		close(*ret_fd);
		*ret_fd = -1;
		pacs_error_wrap(err, "'%s'", d->where);
	}
	return rc;
}
