/*
 * measure COMMAND...: runs it and prints its wall time in seconds, its CPU
 * time and the largest memory it had in KiB on descriptor 3 (or stderr). It is
 * small itself, so that the memory is the command's and not its parent's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int
main(int argc, char **argv)
{
	int out = fcntl(3, F_GETFD) < 0 ? 2 : 3, status;
	double begun = now();
	struct rusage ru;
	pid_t pid;

	if (argc < 2) {
		dprintf(2, "usage: measure COMMAND...\n");
		return 2;
	}
	pid = vfork();
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &ru) != pid) {
		dprintf(2, "measure: %s\n", strerror(errno));
		return 126;
	}
	dprintf(out, "%.6f %.6f %ld\n", now() - begun,
		seconds(ru.ru_utime) + seconds(ru.ru_stime), ru.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
