/*
 * What the shim's environment plans for a call: nothing, a failure, a short
 * write, or the end of the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

static const char *const class_names[SHIM_CLASSES] = {
    "any",   "create",  "write",  "copy",   "truncate", "reserve",
    "link",  "symlink", "rename", "unlink", "rmdir",    "mkdir",
    "chmod", "fsync",   "syncfs", "range"};

struct trigger {
	enum shim_class class; /* 0 = any */
	uint64_t number;       /* 0 = never */
	int error;             /* of SHIM_FAIL; -1 = short write */
	bool on, after;
};

/* Shared between processes when SHIM_STATE is set. [0] counts all. */
static uint64_t private_counts[SHIM_CLASSES + 1];
static uint64_t *counts = private_counts;
#define FIRED SHIM_CLASSES /* how often a plan came true */
static struct trigger fail, death;
static enum shim_class lie; /* flushes of this class do nothing */

static void
bad(const char *what)
{
	static const char head[] = "shim: cannot understand ";

	syscall(SYS_write, 2, head, sizeof(head) - 1);
	syscall(SYS_write, 2, what, strlen(what));
	syscall(SYS_write, 2, "\n", 1);
	_exit(99);
}

static enum shim_class
parse_class(const char *s, size_t len)
{
	unsigned i;

	for (i = 1; i < SHIM_CLASSES; i++)
		if (strlen(class_names[i]) == len &&
		    !strncmp(class_names[i], s, len))
			return (enum shim_class)i;
	bad(s);
	return 0;
}

/* "[CLASS:]N" at the start of s; returns what follows the number. */
static const char *
parse_trigger(const char *s, struct trigger *t)
{
	const char *colon = strchr(s, ':');
	char *end;

	if (*s < '0' || *s > '9') {
		if (!colon)
			bad(s);
		t->class = parse_class(s, (size_t)(colon - s));
		s = colon + 1;
	}
	t->number = strtoull(s, &end, 10);
	if (!t->number || (*end && *end != ':'))
		bad(s);
	return *end ? end + 1 : end;
}

static void
parse_fail(const char *s)
{
	static const struct {
		const char *name;
		int error;
	} errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},
		      {"EDQUOT", EDQUOT}, {"EROFS", EROFS},
		      {"EMFILE", EMFILE}, {"short", -1}};
	const char *e = parse_trigger(s, &fail);
	size_t i, len = strcspn(e, ":");

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strlen(errors[i].name) == len &&
		    !strncmp(errors[i].name, e, len))
			fail.error = errors[i].error;
	if (!fail.error || (e[len] && strcmp(e + len, ":on")))
		bad(s);
	fail.on = e[len] != 0;
}

static void
share_counts(const char *path)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path,
			      O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *p;

	if (fd < 0 || syscall(SYS_ftruncate, fd, 4096))
		bad(path);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		bad(path);
	syscall(SYS_close, fd);
	counts = p;
}

/* When the program is loaded, so that a wrong plan is seen at once. */
__attribute__((constructor)) static void
start(void)
{
	const char *s;

	if ((s = getenv("SHIM_STATE")))
		share_counts(s);
	if ((s = getenv("SHIM_FAIL")))
		parse_fail(s);
	if ((s = getenv("SHIM_LIE")))
		lie = parse_class(s, strlen(s));
	if ((s = getenv("SHIM_KILL"))) {
		s = parse_trigger(s, &death);
		if (*s && strcmp(s, "after"))
			bad(s);
		death.after = *s != 0;
	}
}

/* A full disk refuses only what needs new blocks. */
static bool allocates(enum shim_class class)
{
	switch (class) {
	case SHIM_CREATE:
	case SHIM_WRITE:
	case SHIM_COPY:
	case SHIM_RESERVE:
	case SHIM_LINK:
	case SHIM_SYMLINK:
	case SHIM_MKDIR:
		return true;
	default:
		return false;
	}
}

static bool
hits(const struct trigger *t, enum shim_class class, uint64_t any, uint64_t own)
{
	uint64_t n = t->class ? own : any;

	if (!t->number || (t->class && t->class != class))
		return false;
	return t->on ? n >= t->number : n == t->number;
}

void
shim_kill(void)
{
	__atomic_add_fetch(&counts[FIRED], 1, __ATOMIC_SEQ_CST);
	kill(getpid(), SIGKILL);
}

void
shim_plan(struct shim_call *c, bool has_blocks)
{
	enum shim_class class = (enum shim_class)c->rec.op;
	uint64_t any, own;
	bool full;

	any = __atomic_add_fetch(&counts[0], 1, __ATOMIC_SEQ_CST);
	own = __atomic_add_fetch(&counts[class], 1, __ATOMIC_SEQ_CST);
	c->lie = lie && lie == class;
	if (hits(&death, class, any, own)) {
		if (!death.after)
			shim_kill();
		c->kill_after = true;
	}
	if (!hits(&fail, class, any, own))
		return;
	full = fail.on && (fail.error == ENOSPC || fail.error == EDQUOT);
	if (full && (!allocates(class) || has_blocks))
		return;
	if (fail.error < 0) {
		if (class != SHIM_WRITE && class != SHIM_COPY)
			return;
		c->cut = true;
	} else {
		c->fail = fail.error;
	}
	__atomic_add_fetch(&counts[FIRED], 1, __ATOMIC_SEQ_CST);
}
