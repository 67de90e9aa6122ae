/*
 * Errors: a code that says what the caller can do, and a sentence for people.
 *
 * Every function that can fail returns enum pacs_err and takes a caller-owned
 * struct pacs_error as its first parameter. The struct needs no freeing and no
 * memory. Nothing here prints. A message may hold paths and UIDs, never a
 * patient's name, ID, birth date or accession number.
 */
#ifndef PACS_BASE_ERROR_H
#define PACS_BASE_ERROR_H

#define PACS_MUST_CHECK        __attribute__((warn_unused_result))
#define PACS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum pacs_err {
	PACS_OK = 0,
#define E(name, status, meaning) PACS_E##name,
#include "base/errcodes.def"
#undef E
	PACS_ERR_COUNT
};

struct pacs_error {
	enum pacs_err code;
	int sys_errno; /* 0, or the errno behind the error */
	char msg[400]; /* UTF-8, no newline, no final stop */
};

#define PACS_ERROR_INIT        \
	{                      \
		PACS_OK, 0, "" \
	}

/*
 * Record an error and return its code. The first error wins: a second set is
 * ignored, so a cleanup path cannot hide the cause.
 */
enum pacs_err pacs_error_set(struct pacs_error *err, enum pacs_err code,
			     const char *fmt, ...) PACS_PRINTF(3, 4);

/*
 * Record a failed system call; ": <reason>" is appended, and the code follows
 * from sys_errno (ENOSPC and EDQUOT give PACS_ENOSPC, EACCES, EPERM and EROFS
 * PACS_EDENIED, ENOENT and ENOTDIR PACS_ENOTFOUND, EEXIST PACS_EEXISTS,
 * the rest PACS_EIO).
 */
enum pacs_err pacs_error_sys(struct pacs_error *err, int sys_errno,
			     const char *fmt, ...) PACS_PRINTF(3, 4);

/* Put "<context>: " before the message; returns the code, for return lines. */
enum pacs_err pacs_error_wrap(struct pacs_error *err, const char *fmt, ...)
    PACS_PRINTF(2, 3);

/* Make *err say "no error" again, for the next item of a loop. */
void pacs_error_clear(struct pacs_error *err);

/* Name of a code in lower case ("nospc"); "ok" for PACS_OK. Static. */
const char *pacs_err_name(enum pacs_err code);

/* The sentence of errcodes.def. Static. */
const char *pacs_err_meaning(enum pacs_err code);

/* The exit status for a run that this error ended. */
int pacs_err_status(enum pacs_err code);

#endif
