/*
 * A program that is nothing but lib/cli, so that the contract which all
 * programs share (options, records, diagnostics, exit statuses) has its own
 * tests: tests/cmd/cli.bats. Operands say what to do, in order.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static bool flag;
static const char *level = "study", *file;
static uint64_t number, size;
static struct cli_list why;

static const struct cli_opt opts[] = {
    CLI_OPT_ARCHIVE,
    CLI_OPT_FORMAT,
    CLI_OPT_FIELDS,
    CLI_OPT_JOBS,
    CLI_OPT_DRY_RUN,
    CLI_OPT_NUL,
    {'L', "level", "LEVEL", "patient|study|series", "what to list", CLI_WORD,
     &level},
    {0, "flag", NULL, NULL, "a flag", CLI_FLAG, &flag},
    {0, "number", "N", "none", "a number", CLI_UINT, &number},
    {'s', "size", "BYTES", "none", "a size", CLI_SIZE, &size},
    {'w', "why", "TEXT", "none", "may be given many times", CLI_LIST, &why},
    {0, "file", "FILE", "file", "a file", CLI_STRING, &file},
    CLI_END,
};

static const struct cli_field fields[] = {
    {"PatientName", CLI_TEXT, "the name"},
    {"Count", CLI_NUMBER, "how many"},
    {"whole", CLI_BOOL, "is it whole"},
    {"path", CLI_TEXT, "where"},
    {NULL, CLI_TEXT, NULL},
};

static const struct cli_program program = {
    .name = "cli-probe",
    .summary = "exercise what all programs share",
    .operands = "[ACTION ...]",
    .opts = opts,
    .about = "about line",
    .fields = fields,
};

struct ctx {
	struct cli_tally tally;
	struct cli_records *records;
};

static void
show_options(char **operands, int count)
{
	size_t i;

	printf("archive=%s format=%s fields=%s jobs=%" PRIu64
	       " dry=%d nul=%d quiet=%d verbose=%u\n",
	       cli_common.archive ? cli_common.archive : "-",
	       cli_common.format ? cli_common.format : "-",
	       cli_common.fields ? cli_common.fields : "-", cli_common.jobs,
	       cli_common.dry_run, cli_common.nul, cli_common.quiet,
	       cli_common.verbose);
	printf("level=%s flag=%d number=%" PRIu64 " size=%" PRIu64 " file=%s\n",
	       level, flag, number, size, file ? file : "-");
	for (i = 0; i < why.count; i++)
		printf("why=%s\n", why.items[i]);
	for (i = 0; i < (size_t)count; i++)
		printf("operand=%s\n", operands[i]);
	fflush(stdout);
}

static void
record(struct ctx *x, const char *a, const char *b, const char *c,
       const char *d)
{
	const char *values[4] = {a, b, c, d};

	if (!x->records)
		x->records = cli_records_new(fields, "PatientName,Count,whole");
	cli_record(x->records, values);
}

static void
many(struct ctx *x, unsigned long n)
{
	char text[32];
	unsigned long i;

	for (i = 0; i < n && !cli_stdout_broken() && !cli_stopped(); i++) {
		snprintf(text, sizeof(text), "%lu", i);
		record(x, "row", text, "true", text);
	}
}

/* Says that it waits; a signal between the words and the wait is kept. */
static void
wait_from_now(sigset_t *ret_before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, ret_before);
	cli_say("waiting");
}

static void
wait_for_signal(void)
{
	sigset_t before;

	wait_from_now(&before);
	while (!cli_stopped())
		sigsuspend(&before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
ignore_requests(void)
{
	sigset_t before;

	wait_from_now(&before);
	for (;;) {
		sigsuspend(&before);
		cli_say("asked once");
	}
}

static void
progress(void)
{
	unsigned i;

	cli_progress_start("probing", 10, 10 * 1024);
	for (i = 0; i < 10; i++)
		cli_progress_add(1, 1024);
	cli_warn("in between");
	cli_progress_add(0, 0);
	cli_progress_end();
}

static void *
warner(void *unused)
{
	int i;

	(void)unused;
	for (i = 0; i < 500; i++) {
		cli_progress_add(1, 1);
		cli_warn("a line from a thread");
	}
	return NULL;
}

static void
threads(void)
{
	pthread_t t[4];
	int i;

	cli_progress_start("threads", 2000, 0);
	for (i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, warner, NULL))
			abort();
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	cli_progress_end();
}

static void
list_items(void)
{
	struct pacs_buf b = {0};

	while (cli_next_item(&b))
		cli_line(b.data);
	pacs_buf_clear(&b);
}

static void
fatal(enum pacs_err code)
{
	struct pacs_error err = PACS_ERROR_INIT;

	pacs_error_set(&err, code, "the run cannot go on");
	cli_die(&err);
}

static void
hostile(struct ctx *x)
{
	record(x, "tab\there\nline\rcr\\back", "007", "false", NULL);
	record(x, "quote\"comma, \x1b[31mred\xff", NULL, NULL, "");
	record(x, "\xe5\xb1\xb1\xe7\x94\xb0", "12", "true", "last");
}

static void
diagnostics(void)
{
	struct pacs_error err = PACS_ERROR_INIT;

	cli_warn("warned");
	cli_note("noted");
	cli_say("said");
	cli_warn("a\nforged \x1b[31m line \"quoted\"");
	pacs_error_set(&err, PACS_EIO, "broken");
	cli_warn_error(&err, "item");
}

static void
act(struct ctx *x, char **operands, int count, const char *what)
{
	if (!strcmp(what, "options"))
		show_options(operands, count);
	else if (!strcmp(what, "record"))
		record(x, "A^B", "3", "true", "p");
	else if (!strcmp(what, "hostile"))
		hostile(x);
	else if (!strncmp(what, "many=", 5))
		many(x, strtoul(what + 5, NULL, 10));
	else if (!strcmp(what, "none"))
		x->records = cli_records_new(fields, NULL);
	else if (!strncmp(what, "line=", 5))
		cli_line(what + 5);
	else if (!strcmp(what, "flush"))
		cli_flush();
	else if (!strcmp(what, "items"))
		list_items();
	else if (!strcmp(what, "diag"))
		diagnostics();
	else if (!strcmp(what, "wait"))
		wait_for_signal();
	else if (!strcmp(what, "deaf"))
		ignore_requests();
	else if (!strcmp(what, "progress"))
		progress();
	else if (!strcmp(what, "threads"))
		threads();
	else if (!strcmp(what, "archive"))
		cli_line(cli_archive());
	else if (!strcmp(what, "no"))
		x->tally.no = true;
	else if (!strcmp(what, "done"))
		x->tally.done++;
	else if (!strcmp(what, "failed"))
		x->tally.failed++;
	else if (!strcmp(what, "nospc"))
		fatal(PACS_ENOSPC);
	else if (!strcmp(what, "busy"))
		fatal(PACS_EBUSY);
	else
		cli_usage("unknown action '%s'", what);
}

int
main(int argc, char **argv)
{
	struct ctx x = {0};
	char **operands;
	int count, i;

	operands = cli_start(&program, argc, argv, &count);
	for (i = 0; i < count; i++) {
		act(&x, operands, count, operands[i]);
		if (!strcmp(operands[i], "options"))
			break;
	}
	return cli_finish(&x.tally);
}
