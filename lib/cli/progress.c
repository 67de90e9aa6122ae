#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/internal.h"

enum { INTERVAL_MS = 200, LINE = 256 };

/* The counts are atomic, so that workers add without a lock; the rest is
 * protected by stderr's lock. */
static struct {
	const char *what;
	_Atomic bool active;
	_Atomic uint64_t items, bytes, total_items, total_bytes;
	_Atomic uint64_t next_ms; /* when the line may be drawn again */
	uint64_t start_ms;
	bool terminal;
	size_t shown; /* characters of the line on the terminal */
} prog;

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static size_t
terminal_columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || w.ws_col < 20)
		return 80;
	return w.ws_col;
}

static void
add_bytes(struct pacs_buf *b, uint64_t n)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double v = (double)n;
	unsigned u = 0;

	for (; v >= 1024 && u < 4; u++)
		v /= 1024;
	pacs_buf_addf(b, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

static void
add_time(struct pacs_buf *b, uint64_t seconds)
{
	if (seconds >= 3600)
		pacs_buf_addf(b, "%" PRIu64 ":%02u:%02u", seconds / 3600,
			      (unsigned)(seconds / 60 % 60),
			      (unsigned)(seconds % 60));
	else
		pacs_buf_addf(b, "%u:%02u", (unsigned)(seconds / 60),
			      (unsigned)(seconds % 60));
}

/* Bytes tell the time better than items; without either total, nothing does. */
static void
add_left(struct pacs_buf *b, uint64_t elapsed_ms)
{
	uint64_t done = prog.bytes, total = prog.total_bytes;
	double left;

	if (!total) {
		done = prog.items;
		total = prog.total_items;
	}
	if (!total || !done || done > total || elapsed_ms < 1000)
		return;
	left = (double)(total - done) / (double)done * (double)elapsed_ms;
	if (left > 1e12)
		return;
	pacs_buf_adds(b, "  ");
	add_time(b, (uint64_t)(left / 1000));
	pacs_buf_adds(b, " left");
}

static void
describe(struct pacs_buf *b)
{
	uint64_t ms = now_ms() - prog.start_ms;

	pacs_buf_addf(b, "%s  %" PRIu64, prog.what, prog.items);
	if (prog.total_items)
		pacs_buf_addf(b, " of %" PRIu64, prog.total_items);
	if (prog.bytes) {
		pacs_buf_adds(b, "  ");
		add_bytes(b, prog.bytes);
	}
	if (prog.total_bytes) {
		pacs_buf_adds(b, " of ");
		add_bytes(b, prog.total_bytes);
	}
	if (prog.bytes && ms) {
		pacs_buf_adds(b, "  ");
		add_bytes(b,
			  (uint64_t)((double)prog.bytes / (double)ms * 1000));
		pacs_buf_adds(b, "/s");
	} else if (prog.items && ms) {
		pacs_buf_addf(b, "  %.0f/s",
			      (double)prog.items / (double)ms * 1000);
	}
	add_left(b, ms);
}

/* Spaces over the old line, no escape sequences: any terminal knows these. */
void
cli_progress_hide(void)
{
	char blank[LINE + 2];

	if (!prog.shown)
		return;
	memset(blank, ' ', sizeof(blank));
	blank[0] = '\r';
	blank[prog.shown + 1] = '\r';
	cli_stderr_write(blank, prog.shown + 2);
	prog.shown = 0;
}

static void
draw_terminal(const struct pacs_buf *b)
{
	size_t n = b->len, most = terminal_columns() - 1;
	struct pacs_buf line = {0};

	if (most > LINE)
		most = LINE;
	if (n > most)
		n = most;
	pacs_buf_addc(&line, '\r');
	pacs_buf_add(&line, b->data, n);
	for (; line.len - 1 < prog.shown;)
		pacs_buf_addc(&line, ' ');
	cli_stderr_write(line.data, line.len);
	prog.shown = line.len - 1;
	pacs_buf_clear(&line);
}

/* A terminal's line is rewritten; a log gets lines. */
static void
draw(void)
{
	struct pacs_buf b = {0};

	describe(&b);
	if (prog.terminal) {
		cli_stderr_lock();
		if (prog.active)
			draw_terminal(&b);
		cli_stderr_unlock();
	} else {
		cli_diag("progress", pacs_buf_str(&b));
	}
	pacs_buf_clear(&b);
}

static bool
is_wanted(bool terminal)
{
	if (!strcmp(cli_common.progress, "always"))
		return true;
	return terminal && !cli_common.quiet &&
	       !strcmp(cli_common.progress, "auto") &&
	       strcmp(cli_common.log, "json") != 0;
}

void
cli_progress_start(const char *what, uint64_t total_items, uint64_t total_bytes)
{
	bool terminal = isatty(STDERR_FILENO);

	cli_progress_end();
	prog.what = what;
	prog.items = 0;
	prog.bytes = 0;
	prog.total_items = total_items;
	prog.total_bytes = total_bytes;
	prog.start_ms = now_ms();
	prog.next_ms = prog.start_ms + INTERVAL_MS;
	prog.terminal = terminal && strcmp(cli_common.log, "json") != 0;
	prog.active = is_wanted(terminal);
}

void
cli_progress_total(uint64_t total_items, uint64_t total_bytes)
{
	prog.total_items = total_items;
	prog.total_bytes = total_bytes;
}

void
cli_progress_add(uint64_t items, uint64_t bytes)
{
	uint64_t now, due;

	prog.items += items;
	prog.bytes += bytes;
	if (!prog.active)
		return;
	now = now_ms();
	due = prog.next_ms;
	/* One of the threads that come now draws, the others go on. */
	if (now >= due && atomic_compare_exchange_strong(
			      &prog.next_ms, &due,
			      now + (prog.terminal ? INTERVAL_MS : 1000)))
		draw();
}

/* The line goes away from a terminal; a log gets the last state. */
void
cli_progress_end(void)
{
	if (!prog.active)
		return;
	if (!prog.terminal)
		draw();
	cli_stderr_lock();
	prog.active = false;
	cli_progress_hide();
	cli_stderr_unlock();
}
