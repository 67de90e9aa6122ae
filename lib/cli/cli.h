/*
 * What all programs share: options from one table, diagnostics, progress,
 * records, item lists, the exit status.
 *
 * The only room that prints, exits and reads the environment. Only cmd/ uses
 * it. Single-threaded, except cli_warn and cli_progress_*, which any thread
 * may call.
 */
#ifndef PACS_CLI_CLI_H
#define PACS_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

/* Exit statuses, from cli/exit.def: CLI_EXIT_OK 0, CLI_EXIT_NO 1,
 * CLI_EXIT_USAGE 2, CLI_EXIT_PARTIAL 3, CLI_EXIT_FAILED 4, CLI_EXIT_AGAIN 75 */
enum cli_exit {
#define X(name, status, meaning) CLI_EXIT_##name = (status),
#include "cli/exit.def"
#undef X
};

/* --- options ------------------------------------------------------------ */

enum cli_type {
	CLI_FLAG,   /* bool *: set to true */
	CLI_COUNT,  /* unsigned *: one more each time (-v -v) */
	CLI_STRING, /* const char **: borrowed from argv */
	CLI_UINT,   /* uint64_t *: decimal */
	CLI_SIZE,   /* uint64_t *: bytes, with K M G T (powers of 1024) */
	CLI_RATE,   /* uint64_t *: the same, more than 0 */
	CLI_WORD,   /* const char **: one of words, "tsv|json|csv|table" */
	CLI_LIST,   /* struct cli_list *: may be given many times */
};

struct cli_list {
	const char **items; /* borrowed from argv */
	size_t count;
};

struct cli_opt {
	char letter;      /* 0 if there is only a long name */
	const char *name; /* "archive": --archive=DIR */
	const char *arg;  /* placeholder "DIR", NULL for flags */
	const char *kind; /* for completion: "dir" "file" "peer" "field"
			   * "none", or the closed word list */
	const char *help; /* one line, lower case, no stop */
	enum cli_type type;
	void *dest;
};
/* clang-format off */
#define CLI_END {0, NULL, NULL, NULL, NULL, CLI_FLAG, NULL}
/* clang-format on */

/* What nearly every program has; a table names those that it takes:
 *	CLI_OPT_ARCHIVE, CLI_OPT_FORMAT, ... , CLI_END
 * They write to cli_common. --help, --version, -q, -v, --log and
 * --progress are in every table by themselves. */
struct cli_common {
	const char *archive; /* -a, else PACS_ARCHIVE; NULL if neither */
	const char *format;  /* --format; NULL: table on a terminal, else tsv */
	const char *fields;  /* -f, --fields: "A,B" or NULL */
	uint64_t jobs;       /* -j; the CPUs by default */
	bool dry_run;        /* -n */
	bool nul;            /* -0 */
	bool quiet;          /* -q */
	unsigned verbose;    /* -v */
	const char *log;     /* text (default) or json */
	const char *progress; /* auto always never */
};
extern struct cli_common cli_common;
/* clang-format off */
#define CLI_OPT_ARCHIVE \
	{'a', "archive", "DIR", "dir", "the archive, else PACS_ARCHIVE", \
	 CLI_STRING, &cli_common.archive}
#define CLI_OPT_FORMAT \
	{0, "format", "FORM", "tsv|json|csv|table", "form of the records", \
	 CLI_WORD, &cli_common.format}
#define CLI_OPT_FIELDS \
	{'f', "fields", "FIELD,...", "field", "fields to print, in this order", \
	 CLI_STRING, &cli_common.fields}
#define CLI_OPT_JOBS \
	{'j', "jobs", "N", "none", "workers (default: the CPUs)", CLI_UINT, \
	 &cli_common.jobs}
#define CLI_OPT_DRY_RUN \
	{'n', "dry-run", NULL, NULL, "say what would be done, do nothing", \
	 CLI_FLAG, &cli_common.dry_run}
#define CLI_OPT_NUL \
	{'0', "null", NULL, NULL, "lists are NUL-separated, in and out", \
	 CLI_FLAG, &cli_common.nul}
/* clang-format on */

struct cli_field;

struct cli_program {
	const char *name;     /* "pacs-find" */
	const char *summary;  /* one line, the .Nd of the man page */
	const char *operands; /* "[KEY=VALUE ...]", for the usage line */
	const struct cli_opt *opts;
	/* Sub-commands ("list|show|accept"), NULL if none: the first operand
	 * must be one of them; completed and shown in --help. */
	const char *verbs;
	/* More lines for --version ("DICOM dictionary 2026d"), or NULL. */
	const char *about;
	/* The record fields that -f takes, ended by a NULL name, or NULL: for
	 * --help and completion. The same table goes to cli_records_new. */
	const struct cli_field *fields;
};

/*
 * Start a program: locale "C" for numbers, SIGPIPE ignored, SIGINT and SIGTERM
 * noted (cli_stopped), options parsed (GNU style, permuted, "--" ends them).
 * --help, --version and the hidden --dump-options print and exit 0; wrong
 * usage exits 2. Returns the operands, NULL-terminated, borrowed from argv;
 * *ret_count their number.
 */
char **cli_start(const struct cli_program *program, int argc, char **argv,
		 int *ret_count);

/* The one of words (ended by NULL) that the user may have meant, or NULL when
 * none is near. Borrowed from words. */
const char *cli_suggest(const char *word, const char *const *words);

/* Wrong usage: prints "pacs-x: <message>" and "try 'pacs-x --help'"; exit 2. */
void cli_usage(const char *fmt, ...) PACS_PRINTF(1, 2)
    __attribute__((noreturn));

/* "90", "30m", "2h" in milliseconds; "1%", "0.1%" of a million; wrong usage if
 * it is something else. */
uint64_t cli_time_ms(const char *s);
unsigned cli_part_ppm(const char *s);

/* The archive named by -a or PACS_ARCHIVE; cli_usage() if there is none. */
const char *cli_archive(void);

/* The signal that asked to stop, or 0. Long loops look at it. Async-safe. */
int cli_stopped(void);

/* From now on SIGHUP does not stop: cli_hups counts how often it came. */
void cli_watch_hup(void);
unsigned cli_hups(void);

/* --- diagnostics -------------------------------------------------------- */

/* One line on stderr, "pacs-x: <message>", or a JSON object with --log=json
 * ({"time","program","level","message"}). cli_note only with -v, cli_say
 * unless -q. */
void cli_warn(const char *fmt, ...) PACS_PRINTF(1, 2);
void cli_note(const char *fmt, ...) PACS_PRINTF(1, 2);
void cli_say(const char *fmt, ...) PACS_PRINTF(1, 2);
/* Print err->msg (with a prefix "<item>: " unless item is NULL). */
void cli_warn_error(const struct pacs_error *err, const char *item);
/* Print the error and end with the status that it has in errcodes.def. */
void cli_die(const struct pacs_error *err) __attribute__((noreturn));

/* --- progress ----------------------------------------------------------- */

/* On a terminal (or --progress=always) a line on stderr, rewritten at most 5
 * times a second: count, bytes, rate, time left if totals are known (0 =
 * unknown). Never mixed into other lines. */
void cli_progress_start(const char *what, uint64_t total_items,
			uint64_t total_bytes);
void cli_progress_total(uint64_t total_items, uint64_t total_bytes);
void cli_progress_add(uint64_t items, uint64_t bytes);
void cli_progress_end(void);

/* --- records ------------------------------------------------------------ */

enum cli_value {
	CLI_TEXT,   /* string; JSON string, "" when empty, null when NULL */
	CLI_NUMBER, /* decimal digits; JSON number, null when NULL */
	CLI_BOOL,   /* "true"/"false" */
};

struct cli_field {
	const char *name; /* DICOM keyword, or our own in lower_case */
	enum cli_value type;
	const char *help; /* one line for --help and pacs-records(5) */
};

struct cli_records;

/*
 * Records on stdout in the form of cli_common.format. fields lists every field
 * that the program knows, ended by a NULL name; defaults is a "A,B" list of
 * those printed when -f is not given (NULL: all). An unknown name in -f is
 * wrong usage, with a suggestion. Caller closes with cli_finish().
 */
struct cli_records *cli_records_new(const struct cli_field *fields,
				    const char *defaults);
/* Is this field asked for? (So a costly one need not be computed.) */
bool cli_records_wants(const struct cli_records *r, const char *name);
/* One record: values[i] belongs to fields[i] (all that the program knows);
 * NULL = no value. TSV escapes tab, newline, CR, backslash, NUL; with -0 a
 * record ends in NUL. Table: buffered up to 1,000 rows for alignment. */
void cli_record(struct cli_records *r, const char *const *values);

/* Raw lines for --paths and the like: text, then newline or (-0) NUL. */
void cli_line(const char *text);

/* Write out what was printed so far, rows of a table too: at the end of a
 * batch, so that a reader of the pipe sees what is acknowledged. */
void cli_flush(void);

/* stdout can no longer be written (closed pipe, full disk): loops stop. */
bool cli_stdout_broken(void);

/* --- items -------------------------------------------------------------- */

/*
 * Read a list of items from stdin ("-"): lines, or NUL-separated with -0.
 * Returns the next one in *b (never empty), false at the end, after a signal,
 * or when stdin cannot be read. Items up to 64 KiB; a longer one, or a line
 * with a NUL byte in it, is warned of, skipped and counted: cli_finish then
 * gives status 3. A failed read is warned of and gives status 4.
 */
bool cli_next_item(struct pacs_buf *b);
/* Make a cli_next_item that waits, or is called later, return false. From any
 * thread. */
void cli_items_end(void);

/* Operands one by one, where "-" stands for the items of that list: begin with
 * {operands, false}. Memory and errors as for cli_next_item. */
struct cli_operands {
	char **next;
	bool in_list;
};
bool cli_next_operand(struct cli_operands *o, struct pacs_buf *item);

/* Hooks that rooms take (ingest, peer, deid, fixity); ctx is not looked at.
 * Stopped: by a signal, or since nobody reads the records. */
bool cli_on_stopped(void *ctx);
void cli_on_ending(void *ctx); /* cli_items_end() */
void cli_on_progress(void *ctx, uint64_t items, uint64_t bytes);

/* A whole file, or with "-" standard input, of at most max bytes, appended:
 * PACS_ELIMIT beyond. */
enum pacs_err cli_slurp(struct pacs_error *err, const char *file, size_t max,
			struct pacs_buf *out) PACS_MUST_CHECK;

/* A setting of the user's, NULL if it is not set. */
const char *cli_env(const char *name);
/* Our own application entity title: as given, else PACS_AET, else PACS-TOOLS.
 */
const char *cli_aetitle(const char *given);
/* Where a file of settings may be: in the archive (if one is named), the
 * user's, the machine's; in that order. Returns how many; caller frees each. */
enum { CLI_CONFIG_FILES = 3 };
size_t cli_config_files(const char *name, char *ret[CLI_CONFIG_FILES]);

/* Local time is that of this zone from now on; NULL or "": the machine's. */
void cli_timezone(const char *zone);

/* --- the end ------------------------------------------------------------ */

struct cli_tally {
	uint64_t done;   /* items that went well */
	uint64_t failed; /* items that did not: status 3 */
	bool no;         /* the answer is no: status 1 */
	bool told;       /* the program said itself, with -v, what was done */
	/* A run that could not go on: status of the error that ended it. */
	enum pacs_err fatal;
};

/*
 * Flush and close stdout, end progress, and compute the status: 128+n if a
 * signal stopped the run (the process then dies by that signal after flushing),
 * else fatal's status, else 4 if stdout broke (a closed pipe counts unless
 * everything was written), else 3, 1, 0.
 */
int cli_finish(const struct cli_tally *tally);

#endif
