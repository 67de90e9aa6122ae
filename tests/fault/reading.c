/*
 * A folder whose list breaks off, as on a bad disk or a file server that went
 * away: readdir() of the folder that SHIM_BROKEN names (the end of its path)
 * gives one entry that is not "." or "..", then EIO.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "calls.h"

static bool
is_broken(DIR *dir)
{
	const char *end = getenv("SHIM_BROKEN");
	char link[40], path[PATH_MAX];
	size_t len;
	ssize_t n;

	if (!end)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd(dir));
	n = readlink(link, path, sizeof(path) - 1);
	len = strlen(end);
	return n >= (ssize_t)len && !memcmp(path + n - len, end, len);
}

/* With SHIM_FUSE set every file system is one in user space. */
static int
look_at(const char *name, int fd, struct statfs *st)
{
	int (*real)(int, struct statfs *);
	int r;

	*(void **)&real = dlsym(RTLD_NEXT, name);
	r = real(fd, st);
	if (!r && getenv("SHIM_FUSE"))
		st->f_type = FUSE_SUPER_MAGIC;
	return r;
}

EXPORT int
fstatfs(int fd, struct statfs *st)
{
	return look_at("fstatfs", fd, st);
}

EXPORT int
fstatfs64(int fd, struct statfs64 *st)
{
	return look_at("fstatfs64", fd, (struct statfs *)(void *)st);
}

/* The names of 32 and 64 bits are one on this machine: struct dirent is the
 * same. */
EXPORT struct dirent *
readdir(DIR *dir)
{
	static struct dirent *(*real)(DIR *);
	static __thread DIR *given; /* has had its entry */
	struct dirent *e;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "readdir");
	if (!is_broken(dir))
		return real(dir);
	if (given == dir) {
		given = NULL;
		errno = EIO;
		return NULL;
	}
	do
		e = real(dir);
	while (e && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")));
	given = dir;
	if (!e)
		errno = EIO;
	return e;
}
