#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/internal.h"

/*
 * Our own buffer instead of stdio's: a write that a signal interrupts must not
 * lose bytes, and every failure must be remembered until the end.
 */
static struct {
	struct pacs_buf buf;
	int error; /* errno of the first failure; nothing is written after it */
	int terminal; /* 0 unknown, 1 yes, -1 no */
} out;

enum {
	BUFFER = 64 * 1024,
	PIPE_PAGE = 4096,    /* what poll() promises of a writable pipe */
	STOP_WAIT_MS = 2000, /* for a reader that stalls, after a signal */
};

static bool
is_terminal(void)
{
	if (!out.terminal)
		out.terminal = isatty(STDOUT_FILENO) ? 1 : -1;
	return out.terminal > 0;
}

/*
 * After a signal the reader may never read again, so ask before each write
 * and give up after a while. Also for a pipe that somebody made non-blocking.
 */
static bool
wait_writable(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
	int r;

	do
		r = poll(&p, 1, cli_stopped() ? STOP_WAIT_MS : -1);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		errno = ETIMEDOUT;
	return r > 0;
}

static ssize_t
write_some(const char *p, size_t n)
{
	if (cli_stopped()) {
		if (!wait_writable())
			return -1;
		if (n > PIPE_PAGE)
			n = PIPE_PAGE;
	}
	return write(STDOUT_FILENO, p, n);
}

void
cli_out_flush(void)
{
	const char *p = out.buf.data;
	size_t left = out.buf.len;
	ssize_t n;

	while (left && !out.error) {
		n = write_some(p, left);
		if (n > 0) {
			p += n;
			left -= (size_t)n;
		} else if (n == 0) {
			out.error = EIO;
		} else if (errno == EAGAIN) {
			if (!wait_writable())
				out.error = errno;
		} else if (errno != EINTR) {
			out.error = errno;
		}
	}
	pacs_buf_reset(&out.buf);
}

void
cli_out(const void *bytes, size_t n)
{
	if (out.error)
		return;
	pacs_buf_add(&out.buf, bytes, n);
	if (out.buf.len >= BUFFER || (is_terminal() && memchr(bytes, '\n', n)))
		cli_out_flush();
}

void
cli_outs(const char *s)
{
	cli_out(s, strlen(s));
}

void
cli_outf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n >= 0)
		cli_out(s, (size_t)n);
	free(s);
}

bool
cli_stdout_broken(void)
{
	return out.error != 0;
}

/* close() is where NFS and quotas report; EINTR there means closed. */
int
cli_out_close(void)
{
	cli_out_flush();
	pacs_buf_clear(&out.buf);
	if (close(STDOUT_FILENO) && !out.error && errno != EINTR)
		out.error = errno;
	return out.error;
}

void
cli_line(const char *text)
{
	cli_outs(text);
	cli_out(cli_common.nul ? "" : "\n", 1);
}
