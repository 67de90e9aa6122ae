#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *meaning;
	int status;
} codes[PACS_ERR_COUNT] = {
    [PACS_OK] = {"OK", "no error", 0},
#define E(n, s, m) [PACS_E##n] = {#n, m, s},
#include "base/errcodes.def"
#undef E
};

/* A list of its own: records keep these pointers beyond the thread that asked.
 * The size tells when one is missing. */
const char *
pacs_err_name(enum pacs_err code)
{
	static const char *const low[] = {
	    [PACS_OK] = "ok",
	    [PACS_EUSAGE] = "usage",
	    [PACS_ENOTFOUND] = "notfound",
	    [PACS_EEXISTS] = "exists",
	    [PACS_EBUSY] = "busy",
	    [PACS_EDENIED] = "denied",
	    [PACS_EIO] = "io",
	    [PACS_ENOSPC] = "nospc",
	    [PACS_EFORMAT] = "format",
	    [PACS_EUNSUPPORTED] = "unsupported",
	    [PACS_ELIMIT] = "limit",
	    [PACS_ECONFLICT] = "conflict",
	    [PACS_EINTEGRITY] = "integrity",
	    [PACS_ENETWORK] = "network",
	    [PACS_EREFUSED] = "refused",
	    [PACS_EINTERRUPTED] = "interrupted",
	    [PACS_EINTERNAL] = "internal",
	};

	_Static_assert(sizeof(low) / sizeof(low[0]) == PACS_ERR_COUNT,
		       "a name for each code");
	return low[code];
}

const char *
pacs_err_meaning(enum pacs_err code)
{
	return codes[code].meaning;
}

int
pacs_err_status(enum pacs_err code)
{
	return codes[code].status;
}

void
pacs_error_clear(struct pacs_error *err)
{
	err->code = PACS_OK;
	err->sys_errno = 0;
	err->msg[0] = '\0';
}

/* Messages are one line: a file name with a newline must not forge another. */
static void
one_line(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static enum pacs_err set(struct pacs_error *err, enum pacs_err code,
			 int sys_errno, const char *fmt, va_list ap)
    PACS_PRINTF(4, 0);

static enum pacs_err
set(struct pacs_error *err, enum pacs_err code, int sys_errno, const char *fmt,
    va_list ap)
{
	size_t n;

	if (err->code != PACS_OK)
		return err->code;
	err->code = code;
	err->sys_errno = sys_errno;
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	n = strlen(err->msg);
	if (sys_errno)
		snprintf(err->msg + n, sizeof(err->msg) - n, ": %s",
			 strerror(sys_errno));
	one_line(err->msg);
	return code;
}

enum pacs_err
pacs_error_set(struct pacs_error *err, enum pacs_err code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	code = set(err, code, 0, fmt, ap);
	va_end(ap);
	return code;
}

static enum pacs_err
code_of(int sys_errno)
{
	switch (sys_errno) {
	case ENOSPC:
	case EDQUOT:
		return PACS_ENOSPC;
	case EACCES:
	case EPERM:
	case EROFS:
		return PACS_EDENIED;
	case ENOENT:
	case ENOTDIR:
		return PACS_ENOTFOUND;
	case EEXIST:
		return PACS_EEXISTS;
	default:
		return PACS_EIO;
	}
}

enum pacs_err
pacs_error_sys(struct pacs_error *err, int sys_errno, const char *fmt, ...)
{
	enum pacs_err code;
	va_list ap;

	va_start(ap, fmt);
	code = set(err, code_of(sys_errno), sys_errno, fmt, ap);
	va_end(ap);
	return code;
}

enum pacs_err
pacs_error_wrap(struct pacs_error *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;
	size_t n;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	n = strlen(err->msg);
	snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", old);
	one_line(err->msg);
	return err->code;
}
