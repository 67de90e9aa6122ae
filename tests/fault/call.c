/*
 * What each interposed call does before and after: is it about something below
 * the root, what does the plan say, and what came of it?
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

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

bool
shim_find_parent(int at, const char *path, uint64_t *ret_ino, char *name,
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

void
shim_begin(struct shim_call *c, enum shim_class class)
{
	memset(&c->rec, 0, sizeof(c->rec));
	c->rec.op = class;
	c->ours = c->locked = c->kill_after = c->cut = c->lie = false;
	c->fail = 0;
	c->name[0] = c->name2[0] = 0;
	c->data = c->own_data = NULL;
}

void
shim_enter(struct shim_call *c, bool has_blocks)
{
	int e = errno;

	c->ours = true;
	if (shim_recording())
		shim_record_lock(c);
	shim_plan(c, has_blocks);
	errno = e;
}

void
shim_begin_name(struct shim_call *c, enum shim_class class, int at,
		const char *path)
{
	shim_begin(c, class);
	if (shim_find_parent(at, path, &c->rec.parent, c->name,
			     sizeof(c->name)))
		shim_enter(c, false);
}

void
shim_begin_fd(struct shim_call *c, enum shim_class class, int fd, off_t end)
{
	char real[PATH_MAX];
	struct stat st;

	shim_begin(c, class);
	if (!fd_path(fd, real) || !below_root(real) || fstat(fd, &st))
		return;
	if (class == SHIM_WRITE && !S_ISREG(st.st_mode))
		return;
	c->rec.ino = st.st_ino;
	c->rec.mode = st.st_mode;
	shim_enter(c, end && (off_t)st.st_blocks * 512 >= end);
}

long
shim_end(struct shim_call *c, long r)
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

static void
note(struct shim_call *c, const struct stat *st)
{
	c->rec.ino = st->st_ino;
	c->rec.mode = st->st_mode;
}

int
shim_end_fd(struct shim_call *c, int r, int fd)
{
	struct stat st;

	if (c->ours && r >= 0 && !fstat(fd, &st))
		note(c, &st);
	return (int)shim_end(c, r);
}

int
shim_end_name(struct shim_call *c, int r, int at, const char *path, int flags)
{
	struct stat st;

	if (c->ours && r >= 0 && !fstatat(at, path, &st, flags))
		note(c, &st);
	return (int)shim_end(c, r);
}
