#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID = 2000 };

extern char **environ;

static int
spawn(const char *const *argv, int in, int out, int said, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t pipe_only, none;
	int rc;

	/* Ignored signals are inherited; a filter must die of a closed pipe. */
	sigemptyset(&none);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &pipe_only);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF |
					    POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&files);
	if (in < 0)
		posix_spawn_file_actions_addopen(&files, 0, "/dev/null",
						 O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&files, in, 0);
	if (out < 0)
		posix_spawn_file_actions_addopen(&files, 1, "/dev/null",
						 O_WRONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&files, out, 1);
	if (said < 0)
		posix_spawn_file_actions_addopen(&files, 2, "/dev/null",
						 O_WRONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&files, said, 2);
	rc = posix_spawnp(ret_pid, argv[0], &files, &attr, (char *const *)argv,
			  environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return rc;
}

enum pacs_err
pacs_child_start(struct pacs_error *err, const char *const *argv, int in,
		 int out, struct pacs_child *ret_c)
{
	int said = memfd_create("stderr", MFD_CLOEXEC), rc;

	memset(ret_c, 0, sizeof(*ret_c));
	ret_c->said = -1;
	rc = spawn(argv, in, out, said, &ret_c->pid);
	if (rc) {
		ret_c->pid = 0;
		if (said >= 0)
			close(said);
		if (rc == ENOENT)
			return pacs_error_set(err, PACS_EUNSUPPORTED,
					      "the program '%s' is not "
					      "installed",
					      argv[0]);
		return pacs_error_sys(err, rc, "cannot run '%s'", argv[0]);
	}
	ret_c->name = argv[0];
	ret_c->said = said;
	return PACS_OK;
}

/* Cut the last line off; what is left ends in something. */
static char *
last_line(char *buf)
{
	char *start, *p;

	for (p = buf + strlen(buf); p > buf && (unsigned char)p[-1] <= ' '; p--)
		p[-1] = '\0';
	start = strrchr(buf, '\n');
	return start ? start + 1 : buf;
}

/* The last line with something in it, without control characters; in buf. Where
 * to report errors, as age(1) says last, is not why. */
static const char *
last_words(const struct pacs_child *c, char buf[SAID])
{
	off_t size = c->said >= 0 ? lseek(c->said, 0, SEEK_END) : 0;
	off_t from = size > SAID - 1 ? size - (SAID - 1) : 0;
	ssize_t n = size > 0 ? pread(c->said, buf, SAID - 1, from) : 0;
	char *start, *p;

	buf[n > 0 ? n : 0] = '\0';
	start = last_line(buf);
	if (start > buf && strstr(start, "report unexpected")) {
		start[-1] = '\0';
		start = last_line(buf);
	}
	for (p = start; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	return start;
}

static int
wait_for(struct pacs_child *c)
{
	int status = -1;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
	return status;
}

enum pacs_err
pacs_child_wait(struct pacs_error *err, struct pacs_child *c)
{
	char room[SAID];
	const char *said;
	int status;

	if (!c->pid)
		return PACS_OK;
	status = wait_for(c);
	said = last_words(c, room);
	if (c->said >= 0)
		close(c->said);
	c->said = -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return PACS_OK;
	/* Some say their own name. */
	if (!strncmp(said, c->name, strlen(c->name)) &&
	    said[strlen(c->name)] == ':')
		return pacs_error_set(err, PACS_EIO, "%.250s", said);
	return pacs_error_set(err, PACS_EIO, "%s: %.250s", c->name,
			      *said ? said : "failed without a word");
}

void
pacs_child_stop(struct pacs_child *c)
{
	if (!c->pid)
		return;
	kill(c->pid, SIGKILL);
	(void)wait_for(c);
	if (c->said >= 0)
		close(c->said);
	c->said = -1;
}

enum pacs_err
pacs_child_pipe(struct pacs_error *err, int ret_ends[2])
{
	if (pipe2(ret_ends, O_CLOEXEC) != 0)
		return pacs_error_sys(err, errno, "cannot make a pipe");
	return PACS_OK;
}
