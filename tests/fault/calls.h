/*
 * Between the files of interposed calls (contents.c, names.c, barriers.c). Each
 * call begins a struct shim_call, does nothing if that is to fail, makes the
 * system call itself, and ends:
 *
 *	shim_begin_fd(&c, SHIM_TRUNCATE, fd, 0);
 *	if (!c.fail)
 *		r = syscall(...);
 *	return shim_end(&c, r);
 */
#ifndef CALLS_H
#define CALLS_H

#include <sys/types.h>

#include "shim.h"

#define EXPORT __attribute__((visibility("default")))
/* The same call under the name that large-file programs use. */
#define ALIAS(ret, name, args, real) \
	ret name args;               \
	EXPORT ret name args __attribute__((alias(real)))

/* A call about no file in particular. */
void shim_begin(struct shim_call *c, enum shim_class class);
/* It is ours: from here to shim_end nobody else changes anything (when
 * recording), and the plan is applied. has_blocks: it needs no more room. */
void shim_enter(struct shim_call *c, bool has_blocks);
/* A call about a name, or about an open file (which it makes end there; 0: it
 * does not grow): entered if that is below the root. */
void shim_begin_name(struct shim_call *c, enum shim_class class, int at,
		     const char *path);
void shim_begin_fd(struct shim_call *c, enum shim_class class, int fd,
		   off_t end);
/* The folder of a path: inode into *ret_ino, last part into name; false if it
 * is not below the root. */
bool shim_find_parent(int at, const char *path, uint64_t *ret_ino, char *name,
		      size_t name_size);

/* Fails the call if planned, records it if it happened (r >= 0). */
long shim_end(struct shim_call *c, long r);
/* The same, with inode and mode of what it was about; flags as for fstatat. */
int shim_end_fd(struct shim_call *c, int r, int fd);
int shim_end_name(struct shim_call *c, int r, int at, const char *path,
		  int flags);

#endif
