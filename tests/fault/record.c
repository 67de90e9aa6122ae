/*
 * The shim's journal: each change below the root, in the order in which it
 * happened over all threads and processes, with the bytes that were written.
 *
 * A lock is held around the call and its record, so the order is true. How
 * much had been written to SHIM_OUT (the program's stdout) by then stands in
 * each record: that is what must be kept if the power fails before this change.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static pid_t journal_pid;

static void
die(void)
{
	static const char text[] = "shim: cannot write the journal\n";

	syscall(SYS_write, 2, text, sizeof(text) - 1);
	_exit(98);
}

bool
shim_recording(void)
{
	return getenv("SHIM_JOURNAL") != NULL;
}

/* A forked child shares its parent's open file and so its flock: it opens
 * its own. The number is high to stay out of the program's way. */
static void
open_journal(void)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, getenv("SHIM_JOURNAL"),
			      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		die();
	journal = fcntl(fd, F_DUPFD_CLOEXEC, 900);
	if (journal < 0)
		die();
	syscall(SYS_close, fd);
	journal_pid = getpid();
}

void
shim_record_lock(struct shim_call *c)
{
	const char *out = getenv("SHIM_OUT");
	struct stat st;

	pthread_mutex_lock(&mutex);
	if (journal < 0 || journal_pid != getpid())
		open_journal();
	while (flock(journal, LOCK_EX) && errno == EINTR)
		;
	c->locked = true;
	if (out && !stat(out, &st))
		c->rec.out = (uint64_t)st.st_size;
}

void
shim_record_write(const struct shim_call *c)
{
	struct shim_record r = c->rec;
	struct iovec v[4];
	size_t total;

	r.magic = SHIM_MAGIC;
	r.pid = (uint32_t)getpid();
	r.name_size = (uint32_t)strlen(c->name);
	r.name2_size = (uint32_t)strlen(c->name2);
	v[0] = (struct iovec){&r, sizeof(r)};
	v[1] = (struct iovec){(void *)c->name, r.name_size};
	v[2] = (struct iovec){(void *)c->name2, r.name2_size};
	v[3] = (struct iovec){(void *)c->data, r.data_size};
	total = sizeof(r) + r.name_size + r.name2_size + r.data_size;
	if (syscall(SYS_writev, journal, v, 4) != (long)total)
		die();
}

void
shim_record_unlock(struct shim_call *c)
{
	flock(journal, LOCK_UN);
	pthread_mutex_unlock(&mutex);
	c->locked = false;
}
