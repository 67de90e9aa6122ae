#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <utf8proc.h>

#include "cli/internal.h"

static const struct cli_program *current;
static pthread_mutex_t stderr_mutex = PTHREAD_MUTEX_INITIALIZER;

const struct cli_program *
cli_program_get(void)
{
	return current;
}

void
cli_program_set(const struct cli_program *program)
{
	current = program;
}

const char *
cli_program_name(void)
{
	return current ? current->name : "pacs";
}

void
cli_stderr_lock(void)
{
	pthread_mutex_lock(&stderr_mutex);
}

void
cli_stderr_unlock(void)
{
	pthread_mutex_unlock(&stderr_mutex);
}

/* A stalled reader of stderr must not hang the program for ever. */
void
cli_stderr_write(const char *bytes, size_t n)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t w;

	while (n) {
		w = write(STDERR_FILENO, bytes, n);
		if (w > 0) {
			bytes += w;
			n -= (size_t)w;
		} else if (w < 0 && errno == EAGAIN) {
			if (poll(&p, 1, 1000) <= 0)
				return;
		} else if (w == 0 || errno != EINTR) {
			return;
		}
	}
}

void
cli_json_string(struct pacs_buf *b, const char *s)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)s;
	utf8proc_int32_t ch;
	utf8proc_ssize_t n;

	pacs_buf_addc(b, '"');
	while (*p) {
		n = utf8proc_iterate(p, -1, &ch);
		if (n <= 0)
			pacs_buf_adds(b, "\xef\xbf\xbd");
		else if (*p == '"' || *p == '\\')
			pacs_buf_addf(b, "\\%c", *p);
		else if (*p == '\n')
			pacs_buf_adds(b, "\\n");
		else if (*p == '\t')
			pacs_buf_adds(b, "\\t");
		else if (*p == '\r')
			pacs_buf_adds(b, "\\r");
		else if (*p < 0x20 || *p == 0x7f)
			pacs_buf_addf(b, "\\u%04x", *p);
		else
			pacs_buf_add(b, p, (size_t)n);
		p += n > 0 ? n : 1;
	}
	pacs_buf_addc(b, '"');
}

/* A file's name must neither forge a line nor drive the terminal: control
 * characters (C0, DEL, and C1 in UTF-8) are shown as '?'. */
static void
add_plain(struct pacs_buf *b, const char *s)
{
	const unsigned char *p;

	for (p = (const unsigned char *)s; *p; p++) {
		if (*p < 0x20 || *p == 0x7f) {
			pacs_buf_addc(b, '?');
		} else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
			pacs_buf_addc(b, '?');
			p++;
		} else {
			pacs_buf_addc(b, (char)*p);
		}
	}
}

static void
add_now(struct pacs_buf *b)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	pacs_buf_addf(b, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

static void
add_json(struct pacs_buf *b, const char *level, const char *text)
{
	pacs_buf_adds(b, "{\"time\":\"");
	add_now(b);
	pacs_buf_adds(b, "\",\"program\":");
	cli_json_string(b, cli_program_name());
	pacs_buf_adds(b, ",\"level\":");
	cli_json_string(b, level);
	pacs_buf_adds(b, ",\"message\":");
	cli_json_string(b, text);
	pacs_buf_adds(b, "}\n");
}

void
cli_diag(const char *level, const char *text)
{
	struct pacs_buf b = {0};

	if (!strcmp(cli_common.log, "json")) {
		add_json(&b, level, text);
	} else {
		pacs_buf_addf(&b, "%s: ", cli_program_name());
		add_plain(&b, text);
		pacs_buf_addc(&b, '\n');
	}
	cli_stderr_lock();
	cli_progress_hide();
	cli_stderr_write(b.data, b.len);
	cli_stderr_unlock();
	pacs_buf_clear(&b);
}

static void diagv(const char *level, const char *fmt, va_list ap)
    PACS_PRINTF(2, 0);

static void
diagv(const char *level, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) >= 0)
		cli_diag(level, text);
	free(text);
}

void
cli_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diagv("warning", fmt, ap);
	va_end(ap);
}

void
cli_note(const char *fmt, ...)
{
	va_list ap;

	if (!cli_common.verbose)
		return;
	va_start(ap, fmt);
	diagv("debug", fmt, ap);
	va_end(ap);
}

void
cli_say(const char *fmt, ...)
{
	va_list ap;

	if (cli_common.quiet)
		return;
	va_start(ap, fmt);
	diagv("info", fmt, ap);
	va_end(ap);
}

void
cli_warn_error(const struct pacs_error *err, const char *item)
{
	char *text;

	if (!item) {
		cli_diag("error", err->msg);
		return;
	}
	text = pacs_format("%s: %s", item, err->msg);
	cli_diag("error", text);
	free(text);
}

void
cli_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diagv("error", fmt, ap);
	va_end(ap);
	if (strcmp(cli_common.log, "json") != 0) {
		char *hint = pacs_format("try '%s --help'", cli_program_name());

		cli_diag("info", hint);
		free(hint);
	}
	exit(CLI_EXIT_USAGE);
}
