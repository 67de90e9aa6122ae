#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/internal.h"

static volatile sig_atomic_t stop_signal;

/* The first one is a request; a second one is an order. */
static void
on_signal(int sig)
{
	if (stop_signal) {
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	stop_signal = sig;
}

int
cli_stopped(void)
{
	return (int)stop_signal;
}

/* A signal that the caller ignores (nohup, a job in the background of a
 * script) stays ignored. No SA_RESTART: waits must end. */
static void
note_signal(int sig)
{
	struct sigaction old, sa = {.sa_handler = on_signal};

	if (sigaction(sig, NULL, &old) || old.sa_handler == SIG_IGN)
		return;
	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

static volatile sig_atomic_t hups;

static void
on_hup(int sig)
{
	(void)sig;
	hups++;
}

void
cli_watch_hup(void)
{
	struct sigaction sa = {.sa_handler = on_hup};

	sigemptyset(&sa.sa_mask);
	sigaction(SIGHUP, &sa, NULL);
}

unsigned
cli_hups(void)
{
	return (unsigned)hups;
}

void
cli_signals_start(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGPIPE, &ignore, NULL);
	/* Ignored by who started us, the end of a filter could not be seen. */
	signal(SIGCHLD, SIG_DFL);
	note_signal(SIGINT);
	note_signal(SIGTERM);
	note_signal(SIGHUP);
}

/*
 * A missing descriptor is filled with one that gives an error for what the
 * program wants of it: writing to a closed stdout must fail, not vanish.
 */
void
cli_fds_start(void)
{
	int fd, got;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* The lowest free number is fd, since all below are open. */
		got = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
		if (got != fd)
			_exit(CLI_EXIT_FAILED);
	}
}

void
cli_signals_die(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	_exit(128 + sig);
}
