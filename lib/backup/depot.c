/*
 * Where a repository is. A folder is changed through base/fs.h; a remote by the
 * program rclone, which tries again by itself and compares what arrived.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/internal.h"
#include "base/file.h"
#include "base/fs.h"

#define MODE_FILE 0640
#define MODE_DIR  0750
#define LOCK_NAME "lock"

void
names_add(struct names *n, const char *name)
{
	if (n->count == n->cap) {
		n->cap = n->cap ? 2 * n->cap : 64;
		n->list = pacs_realloc(n->list, n->cap * sizeof(*n->list));
	}
	n->list[n->count++] = pacs_strdup(name);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
names_sort(struct names *n)
{
	if (n->count)
		qsort(n->list, n->count, sizeof(*n->list), by_name);
}

bool
names_have(const struct names *sorted, const char *name)
{
	return sorted->count && bsearch(&name, sorted->list, sorted->count,
					sizeof(*sorted->list), by_name);
}

void
names_clear(struct names *n)
{
	size_t i;

	for (i = 0; i < n->count; i++)
		free(n->list[i]);
	free(n->list);
	memset(n, 0, sizeof(*n));
}

/* --- rclone --------------------------------------------------------------- */

static char *
remote_name(const struct depot *d, const char *name)
{
	size_t n = strlen(d->remote);
	const char *slash = n && strchr(":/", d->remote[n - 1]) ? "" : "/";

	return pacs_format("%s%s%s", d->remote, slash, name);
}

/* Run rclone to its end; what it prints is appended (out may be NULL). */
static enum pacs_err
rclone(struct pacs_error *err, const char *const *argv, struct pacs_buf *out)
{
	struct pacs_child c;
	enum pacs_err rc;
	int ends[2];
	size_t n;

	rc = pacs_child_pipe(err, ends);
	if (rc)
		return rc;
	rc = pacs_child_start(err, argv, -1, ends[1], &c);
	close(ends[1]);
	while (!rc && out) {
		if (out->len > SMALL_MAX) {
			rc = pacs_error_set(err, PACS_ELIMIT,
					    "rclone says too much");
			break;
		}
		pacs_buf_reserve(out, 65536);
		rc = pacs_file_read(err, ends[0], out->data + out->len, 65536,
				    &n);
		if (rc || !n)
			break;
		out->len += n;
		out->data[out->len] = '\0';
	}
	close(ends[0]);
	if (rc) {
		pacs_child_stop(&c);
		return rc;
	}
	return pacs_child_wait(err, &c);
}

/* Modest with files that are not there; each option is rclone's own. */
#define RCLONE(...)                                                         \
	((const char *const[]){"rclone", __VA_ARGS__, "--retries", "5",     \
			       "--low-level-retries", "10", "--contimeout", \
			       "30s", "--timeout", "5m", "-q", NULL})

static enum pacs_err
rclone_two(struct pacs_error *err, const char *verb, const char *a,
	   const char *b)
{
	enum pacs_err rc =
	    b ? rclone(err, RCLONE(verb, a, b, "--ignore-times"), NULL)
	      : rclone(err, RCLONE(verb, a), NULL);

	if (rc)
		pacs_error_wrap(err, "'%s'", b ? b : a);
	return rc;
}

/* --- opening -------------------------------------------------------------- */

static enum pacs_err
open_folder(struct pacs_error *err, struct depot *d, bool make)
{
	enum pacs_err rc;

	d->dirfd = open(d->where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->dirfd < 0 && errno == ENOENT && make) {
		rc = pacs_fs_mkdir(err, AT_FDCWD, d->where, MODE_DIR);
		if (rc)
			return rc;
		d->dirfd = open(d->where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (d->dirfd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", d->where);
	d->tmp = pacs_format("%s/tmp", d->where);
	return PACS_OK;
}

enum pacs_err
depot_open(struct pacs_error *err, const char *where, bool make,
	   struct depot *d)
{
	memset(d, 0, sizeof(*d));
	d->dirfd = d->tmpfd = -1;
	d->where = pacs_strdup(where);
	if (strncmp(where, "rclone:", 7) != 0)
		return open_folder(err, d, make);
	if (!strchr(where + 7, ':'))
		return pacs_error_set(err, PACS_EUSAGE,
				      "'%s': rclone:REMOTE:PATH is expected",
				      where);
	d->remote = pacs_strdup(where + 7);
	d->tmp = pacs_strdup("/tmp");
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
	snprintf(ret_name, NAME_ROOM, "pacs-backup-%d-%llx-%u", (int)getpid(),
		 (unsigned long long)pacs_time_us(), d->serial++);
	rc = pacs_fs_create(err, d->tmpfd, ret_name, MODE_FILE, ret_fd);
	return rc && !d->remote ? say_if_gone(err, d, rc) : rc;
}

enum pacs_err
depot_nameless(struct pacs_error *err, struct depot *d, int *ret_fd)
{
	char name[NAME_ROOM];
	struct pacs_error e = PACS_ERROR_INIT;
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum pacs_err rc;

	*ret_fd = -1;
	if (dir < 0)
		return pacs_error_sys(err, errno, "cannot open '/tmp'");
	snprintf(name, sizeof(name), "pacs-backup-%d-%llx-%u", (int)getpid(),
		 (unsigned long long)pacs_time_us(), d->serial++);
	rc = pacs_fs_create(err, dir, name, 0600, ret_fd);
	if (!rc)
		(void)!pacs_fs_unlink(&e, dir, name);
	close(dir);
	return rc;
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

/* rclone tries again what it thinks may pass; we do when it gave up. */
static enum pacs_err
upload(struct pacs_error *err, const char *from, const char *to)
{
	enum pacs_err rc = PACS_OK;
	int i;

	for (i = 0; i < 3; i++) {
		pacs_error_clear(err);
		rc = rclone_two(err, "copyto", from, to);
		if (rc != PACS_EIO)
			break;
	}
	return rc;
}

enum pacs_err
depot_place(struct pacs_error *err, struct depot *d, const char *staged, int fd,
	    const char *name)
{
	enum pacs_err rc;
	char *from, *to;

	if (d->remote) {
		from = pacs_format("%s/%s", d->tmp, staged);
		to = remote_name(d, name);
		rc = upload(err, from, to);
		if (!rc)
			depot_drop(d, staged);
		free(from);
		free(to);
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
	enum pacs_err rc;
	char *from;

	if (!d->remote)
		return pacs_file_slurp(err, d->dirfd, name, SMALL_MAX, out);
	from = remote_name(d, name);
	rc = rclone(err, RCLONE("cat", from), out);
	/* What is not there and what cannot be reached are told apart by asking
	 * for the folder. */
	if (rc) {
		struct names in = {0};
		struct pacs_error e = PACS_ERROR_INIT;
		const char *base = strrchr(name, '/');
		char dir[NAME_ROOM];
		size_t i;
		bool listed = false;

		snprintf(dir, sizeof(dir), "%.*s",
			 base ? (int)(base - name) : 0, name);
		if (!depot_list(&e, d, dir, &in)) {
			for (i = 0; i < in.count; i++)
				listed |=
				    !strcmp(in.list[i], base ? base + 1 : name);
			if (!listed) {
				pacs_error_clear(err);
				rc = pacs_error_set(err, PACS_ENOTFOUND,
						    "'%s' is not there", from);
			}
		}
		names_clear(&in);
	}
	free(from);
	return rc;
}

/* --- listing -------------------------------------------------------------- */

static enum pacs_err
list_folder(struct pacs_error *err, struct depot *d, const char *dir,
	    struct names *out)
{
	int fd = openat(d->dirfd, *dir ? dir : ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;
	struct stat st;

	if (!list && errno == ENOENT)
		return PACS_OK;
	if (!list)
		return pacs_error_sys(err, errno, "cannot read '%s/%s'",
				      d->where, dir);
	while ((e = readdir(list))) {
		if (e->d_name[0] == '.')
			continue;
		if (e->d_type == DT_DIR ||
		    (e->d_type == DT_UNKNOWN &&
		     fstatat(fd, e->d_name, &st, 0) == 0 &&
		     S_ISDIR(st.st_mode))) {
			char *name = pacs_format("%s/", e->d_name);

			names_add(out, name);
			free(name);
		} else {
			names_add(out, e->d_name);
		}
	}
	closedir(list);
	return PACS_OK;
}

/* "SIZE;NAME" lines of rclone lsf; a folder that is not there has none. */
static enum pacs_err
list_remote(struct pacs_error *err, struct depot *d, const char *dir,
	    struct names *out, uint64_t **ret_sizes)
{
	char *from = remote_name(d, dir), *line, *save = NULL;
	struct pacs_buf b = {0};
	enum pacs_err rc =
	    rclone(err, RCLONE("lsf", "--format", "sp", from), &b);

	if (rc && strstr(err->msg, "not found")) {
		pacs_error_clear(err);
		rc = PACS_OK;
		pacs_buf_reset(&b);
	}
	for (line = rc || !b.len ? NULL : strtok_r(b.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *semi = strchr(line, ';');

		if (!semi)
			continue;
		names_add(out, semi + 1);
		if (ret_sizes) {
			*ret_sizes = pacs_realloc(
			    *ret_sizes, out->count * sizeof(**ret_sizes));
			(*ret_sizes)[out->count - 1] = strtoull(line, NULL, 10);
		}
	}
	pacs_buf_clear(&b);
	free(from);
	return rc;
}

enum pacs_err
depot_list(struct pacs_error *err, struct depot *d, const char *dir,
	   struct names *out)
{
	enum pacs_err rc = d->remote ? list_remote(err, d, dir, out, NULL)
				     : list_folder(err, d, dir, out);

	names_sort(out);
	return rc;
}

enum pacs_err
depot_sizes(struct pacs_error *err, struct depot *d, const char *dir,
	    struct names *out, uint64_t **ret_sizes)
{
	enum pacs_err rc;
	struct stat st;
	size_t i;
	char *path;

	*ret_sizes = NULL;
	if (d->remote)
		return list_remote(err, d, dir, out, ret_sizes);
	rc = list_folder(err, d, dir, out);
	*ret_sizes = pacs_calloc(out->count + 1, sizeof(**ret_sizes));
	for (i = 0; !rc && i < out->count; i++) {
		path = pacs_format("%s/%s", dir, out->list[i]);
		if (fstatat(d->dirfd, path, &st, 0) == 0)
			(*ret_sizes)[i] = (uint64_t)st.st_size;
		free(path);
	}
	return rc;
}

static enum pacs_err
lost(struct pacs_error *err, const struct depot *d, const char *name)
{
	return pacs_error_set(err, PACS_EIO,
			      "'%s' is not in '%s' any more: it was removed "
			      "while this ran",
			      name, d->where);
}

/* Those of them in one folder, which is listed once. */
static enum pacs_err
confirm_below(struct pacs_error *err, struct depot *d, const char *dir,
	      const struct pacs_backup_file *files, size_t count)
{
	size_t i, k, n = strlen(dir);
	struct names names = {0};
	uint64_t *sizes = NULL;
	enum pacs_err rc = depot_sizes(err, d, dir, &names, &sizes);

	for (i = 0; !rc && i < count; i++) {
		if (strncmp(files[i].name, dir, n) != 0)
			continue;
		for (k = 0; k < names.count; k++)
			if (!strcmp(names.list[k], files[i].name + n + 1) &&
			    sizes[k] == files[i].size)
				break;
		if (k == names.count)
			rc = lost(err, d, files[i].name);
	}
	names_clear(&names);
	free(sizes);
	return rc;
}

static enum pacs_err
confirm_remote(struct pacs_error *err, struct depot *d,
	       const struct pacs_backup_file *files, size_t count)
{
	static const size_t number_end[] = {sizeof("packs/000000") - 1,
					    sizeof("index/000000") - 1};
	char dir[NAME_ROOM];
	enum pacs_err rc = PACS_OK;
	size_t i, top;

	for (top = 0; !rc && top < 2; top++)
		for (i = 0; i < count; i++) {
			if (*files[i].name != (top ? 'i' : 'p'))
				continue;
			snprintf(dir, sizeof(dir), "%.*s",
				 (int)number_end[top], files[i].name);
			rc = confirm_below(err, d, dir, files, count);
			break;
		}
	return rc;
}

enum pacs_err
depot_confirm(struct pacs_error *err, struct depot *d,
	      const struct pacs_backup_file *files, size_t count)
{
	struct stat st;
	size_t i;

	if (d->remote)
		return confirm_remote(err, d, files, count);
	for (i = 0; i < count; i++)
		if (fstatat(d->dirfd, files[i].name, &st, 0) != 0 ||
		    (uint64_t)st.st_size != files[i].size)
			return lost(err, d, files[i].name);
	return PACS_OK;
}

/* --- removing, moving, locking -------------------------------------------- */

enum pacs_err
depot_remove(struct pacs_error *err, struct depot *d, const char *name)
{
	enum pacs_err rc;
	char *at;

	if (!d->remote) {
		rc = pacs_fs_unlink(err, d->dirfd, name);
		if (rc != PACS_ENOTFOUND)
			return rc;
		pacs_error_clear(err);
		return PACS_OK;
	}
	at = remote_name(d, name);
	rc = rclone_two(err, "deletefile", at, NULL);
	free(at);
	return rc;
}

enum pacs_err
depot_move(struct pacs_error *err, struct depot *d, const char *from,
	   const char *to)
{
	enum pacs_err rc;
	char *a, *b;

	if (!d->remote) {
		rc = make_parents(err, d, to);
		if (!rc)
			rc = pacs_fs_rename(err, d->dirfd, from, d->dirfd, to);
		if (!rc)
			rc = sync_folder_of(err, d, to);
		if (!rc)
			rc = sync_folder_of(err, d, from);
		return say_if_gone(err, d, rc);
	}
	a = remote_name(d, from);
	b = remote_name(d, to);
	rc = rclone_two(err, "moveto", a, b);
	free(a);
	free(b);
	return rc;
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
