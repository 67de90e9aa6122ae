/*
 * What the files of this room share; not for cmd/.
 */
#ifndef PACS_CLI_INTERNAL_H
#define PACS_CLI_INTERNAL_H

#include "cli/cli.h"

/* The options of every program, ended by CLI_END. */
extern const struct cli_opt cli_common_opts[];

/* --- option-value.c ------------------------------------------------------- */
/* An option with a value, as it was written: "-a" or "--archive". */
struct cli_written {
	const struct cli_opt *opt;
	char as[80];
};
/* Borrows value, as argv does. Wrong values, and a second one that differs,
 * end the program. */
void cli_option_set(const struct cli_written *w, const char *value);

/* "pacs-find", or "pacs" before cli_start. */
const char *cli_program_name(void);
const struct cli_program *cli_program_get(void);
void cli_program_set(const struct cli_program *program);

/* --- signals.c ---------------------------------------------------------- */
void cli_signals_start(void);
/* Make sure that descriptors 0 to 2 are open, so that no file of an archive
 * can land on one of them. */
void cli_fds_start(void);
/* Die by this signal, so that the caller sees 128+n. */
void cli_signals_die(int sig);

/* --- out.c: stdout, buffered, with its errors remembered ----------------- */
void cli_out(const void *bytes, size_t n);
void cli_outs(const char *s);
void cli_outf(const char *fmt, ...) PACS_PRINTF(1, 2);
void cli_out_flush(void);
/* Flush and close; the errno of the first failure since the start, or 0. */
int cli_out_close(void);

/* --- help.c ------------------------------------------------------------- */
void cli_help(const struct cli_program *p);
void cli_version(const struct cli_program *p);
void cli_dump(const struct cli_program *p);
/* The words of "a|b|c" as an array ended by NULL; one block, free() it. */
const char **cli_words(const char *list, char separator);

/* --- diag.c ------------------------------------------------------------- */
void cli_diag(const char *level, const char *text);
/* UTF-8 text as a JSON string with its quotes; bad bytes become U+FFFD. */
void cli_json_string(struct pacs_buf *b, const char *s);

/* --- progress.c --------------------------------------------------------- */
/* Called with stderr's lock held: take the line away before another one. */
void cli_progress_hide(void);
/* stderr is shared by all threads. */
void cli_stderr_lock(void);
void cli_stderr_unlock(void);
/* All of it, or what the other side takes. */
void cli_stderr_write(const char *bytes, size_t n);

/* --- records.c and the forms --------------------------------------------- */
struct cli_records {
	const struct cli_field *fields;
	size_t *columns; /* indices into fields, in the order asked for */
	size_t column_count;
	const struct cli_form *form;
	bool started;   /* a header was written */
	char **cells;   /* table: rows waiting for alignment, row by row */
	size_t rows;    /* how many of them */
	size_t *widths; /* table: of each column, in terminal cells */
	bool aligned;   /* table: widths are fixed now */
	struct pacs_buf line;
	struct cli_records *next;
};

struct cli_form {
	const char *name;
	/* Before the first record, or at the end if there was none. */
	void (*header)(struct cli_records *r);
	void (*record)(struct cli_records *r, const char *const *values);
	/* Rows that wait; NULL if the form keeps none. */
	void (*flush)(struct cli_records *r);
};
extern const struct cli_form cli_form_tsv;
extern const struct cli_form cli_form_csv;
extern const struct cli_form cli_form_json;
extern const struct cli_form cli_form_table;

/* Flush all records, write headers that are due, free everything. */
void cli_records_end(bool complete);

/* --- items.c ------------------------------------------------------------ */
/* Items that could not be handed out; and whether reading itself failed. */
uint64_t cli_items_failed(void);
bool cli_items_broken(void);

#endif
