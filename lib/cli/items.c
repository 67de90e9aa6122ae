#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "cli/internal.h"

enum {
	LONGEST = 64 * 1024,
	CHUNK = 64 * 1024,
	POLL_MS = 200,
};

static struct {
	char chunk[CHUNK];
	size_t at, len;
	uint64_t number; /* of the item being read, from 1 */
	uint64_t failed;
	bool ended, broken, crlf;
} in;

static atomic_bool ended_early;

void
cli_items_end(void)
{
	ended_early = true;
}

uint64_t
cli_items_failed(void)
{
	return in.failed;
}

bool
cli_items_broken(void)
{
	return in.broken;
}

/*
 * False when a signal asked to stop. A read cannot be relied on to be
 * interrupted: the signal may come just before it, or go to another thread than
 * the one that reads the list. So it is looked for in between.
 */
static bool
wait_for_input(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

	while (!cli_stopped() && !ended_early)
		if (poll(&p, 1, POLL_MS) > 0)
			return true;
	return false;
}

/* Get more of stdin; false at its end, at an error or after a signal. */
static bool
refill(void)
{
	ssize_t n;

	if (in.ended)
		return false;
	do
		n = wait_for_input() ? read(STDIN_FILENO, in.chunk, CHUNK) : 0;
	while (n < 0 && errno == EINTR && !cli_stopped());
	if (n < 0 && errno != EINTR) {
		cli_warn("cannot read the list on standard input: %s",
			 strerror(errno));
		in.broken = true;
	}
	in.at = 0;
	in.len = n > 0 ? (size_t)n : 0;
	in.ended = n <= 0;
	return n > 0;
}

static void
skip_item(const char *why)
{
	cli_warn("item %" PRIu64 " on standard input: %s", in.number, why);
	in.failed++;
}

/* Read up to the next separator, keeping LONGEST bytes and one more. False at
 * the end, unless a last item without separator came before it. */
static bool
read_raw(struct pacs_buf *b, char separator)
{
	size_t n, room;
	char *end;

	pacs_buf_reset(b);
	for (;;) {
		if (in.at == in.len && !refill())
			return b->len > 0 && !in.broken && !cli_stopped() &&
			       !ended_early;
		n = in.len - in.at;
		end = memchr(in.chunk + in.at, separator, n);
		if (end)
			n = (size_t)(end - (in.chunk + in.at));
		room = LONGEST + 1 - b->len;
		pacs_buf_add(b, in.chunk + in.at, n < room ? n : room);
		in.at += n + (end ? 1 : 0);
		if (end)
			return true;
	}
}

/* A name may end so, but hardly ever does. */
static void
warn_of_crlf(const struct pacs_buf *b)
{
	if (cli_common.nul || in.crlf || b->data[b->len - 1] != '\r')
		return;
	in.crlf = true;
	cli_warn("item %" PRIu64 " on standard input ends in a carriage "
		 "return: if the list came from Windows, pipe it through "
		 "tr -d '\\r'",
		 in.number);
}

bool
cli_next_item(struct pacs_buf *b)
{
	char separator = cli_common.nul ? '\0' : '\n';

	while (!cli_stopped() && !ended_early && read_raw(b, separator)) {
		in.number++;
		if (!b->len)
			continue;
		if (b->len > LONGEST)
			skip_item("longer than 64 KiB, skipped");
		else if (memchr(b->data, '\0', b->len))
			skip_item("holds a NUL byte, skipped "
				  "(-0 reads NUL-separated lists)");
		else {
			warn_of_crlf(b);
			return true;
		}
	}
	pacs_buf_reset(b);
	return false;
}
