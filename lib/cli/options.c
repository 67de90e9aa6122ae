/*
 * The command line, read by the table of the program: options, operands, the
 * verb.
 */
#include <locale.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "cli/internal.h"

struct cli_common cli_common = {.log = "text", .progress = "auto"};

static bool want_help, want_version, want_dump;

const struct cli_opt cli_common_opts[] = {
    {'q', "quiet", NULL, NULL, "no notices, no progress", CLI_FLAG,
     &cli_common.quiet},
    {'v', "verbose", NULL, NULL, "say more; twice: still more", CLI_COUNT,
     &cli_common.verbose},
    {0, "log", "FORM", "text|json", "form of the diagnostics", CLI_WORD,
     &cli_common.log},
    {0, "progress", "WHEN", "auto|always|never", "show progress on stderr",
     CLI_WORD, &cli_common.progress},
    {'h', "help", NULL, NULL, "print this and exit", CLI_FLAG, &want_help},
    {'V', "version", NULL, NULL, "print the version and exit", CLI_FLAG,
     &want_version},
    CLI_END,
};

static const struct cli_opt dump_opt = {0,    "dump-options", NULL,      NULL,
					NULL, CLI_FLAG,       &want_dump};

/* Long options are named whole: an abbreviation that works today would break
 * scripts on the day another option is added. */
static const struct cli_opt *
find_in(const struct cli_opt *opts, char letter, const char *name, size_t len)
{
	for (; opts && opts->name; opts++) {
		if (letter && opts->letter == letter)
			return opts;
		if (name && strlen(opts->name) == len &&
		    !memcmp(opts->name, name, len))
			return opts;
	}
	return NULL;
}

static const struct cli_opt *
find_opt(char letter, const char *name, size_t len)
{
	const struct cli_opt *o;

	o = find_in(cli_program_get()->opts, letter, name, len);
	if (!o)
		o = find_in(cli_common_opts, letter, name, len);
	if (!o && name && len == strlen(dump_opt.name) &&
	    !memcmp(name, dump_opt.name, len))
		o = &dump_opt;
	return o;
}

static void
unknown_long(const char *name, size_t len)
{
	const char *words[128], *near;
	const struct cli_opt *o;
	char given[64];
	size_t n = 0;

	for (o = cli_program_get()->opts; o && o->name && n < 100; o++)
		words[n++] = o->name;
	for (o = cli_common_opts; o->name; o++)
		words[n++] = o->name;
	words[n] = NULL;
	snprintf(given, sizeof(given), "%.*s", (int)(len < 60 ? len : 60),
		 name);
	near = cli_suggest(given, words);
	if (near)
		cli_usage("unknown option '--%s'; did you mean '--%s'?", given,
			  near);
	cli_usage("unknown option '--%s'", given);
}

static bool
takes_value(const struct cli_opt *o)
{
	return o->type != CLI_FLAG && o->type != CLI_COUNT;
}

static void
set_flag(const struct cli_opt *o)
{
	if (o->type == CLI_COUNT)
		++*(unsigned *)o->dest;
	else
		*(bool *)o->dest = true;
}

static void
no_value(const struct cli_written *w)
{
	cli_usage("option '%s' needs a value: %s", w->as, w->opt->arg);
}

/* Both parsers return the place in argv that they used last. */
static char **
parse_long(char **arg)
{
	const char *name = *arg + 2, *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	struct cli_written w = {find_opt(0, name, len), ""};

	if (!w.opt) {
		unknown_long(name, len);
		return arg;
	}
	snprintf(w.as, sizeof(w.as), "--%s", w.opt->name);
	if (!takes_value(w.opt)) {
		if (eq)
			cli_usage("option '%s' takes no value", w.as);
		set_flag(w.opt);
		return arg;
	}
	if (!eq && !arg[1])
		no_value(&w);
	cli_option_set(&w, eq ? eq + 1 : arg[1]);
	return eq ? arg : arg + 1;
}

static char **
parse_letters(char **arg)
{
	const char *p;
	struct cli_written w;

	for (p = *arg + 1; *p; p++) {
		w.opt = find_opt(*p, NULL, 0);
		snprintf(w.as, sizeof(w.as), "-%c", *p);
		if (!w.opt)
			cli_usage("unknown option '%s'", w.as);
		if (!takes_value(w.opt)) {
			set_flag(w.opt);
			continue;
		}
		if (p[1]) {
			cli_option_set(&w, p + 1);
			return arg;
		}
		if (!arg[1])
			no_value(&w);
		cli_option_set(&w, arg[1]);
		return arg + 1;
	}
	return arg;
}

/* Operands are moved to the front of argv, in their order. */
/* What the environment says where options do not. */
static void
take_environment(void)
{
	const char *archive = getenv("PACS_ARCHIVE"), *tmp = getenv("TMPDIR");

	if (!cli_common.archive && archive && *archive)
		cli_common.archive = archive;
	if (tmp && *tmp)
		pacs_fs_set_tmp_dir(tmp);
}

static int
parse(char **argv)
{
	char **arg, **to = argv;

	for (arg = argv; *arg; arg++) {
		if ((*arg)[0] != '-' || !(*arg)[1]) {
			*to++ = *arg;
		} else if (!strcmp(*arg, "--")) {
			while (*++arg)
				*to++ = *arg;
			break;
		} else if ((*arg)[1] == '-') {
			arg = parse_long(arg);
		} else {
			arg = parse_letters(arg);
		}
	}
	*to = NULL;
	return (int)(to - argv);
}

/* A variable that was meant to be set: before anything is done. */
static void
check_operands(char **operands)
{
	for (; *operands; operands++)
		if (!**operands)
			cli_usage("an operand is empty");
}

/* The CPUs that this process may use, which a container can limit; up to the
 * most workers that every program takes. */
static uint64_t
cpus(void)
{
	cpu_set_t set;
	int n = 0;

	if (!sched_getaffinity(0, sizeof(set), &set))
		n = CPU_COUNT(&set);
	return n > 64 ? 64 : n > 0 ? (uint64_t)n : 1;
}

static void
check_verb(const struct cli_program *p, const char *verb)
{
	const char **words, **w, *near;

	if (!p->verbs)
		return;
	if (!verb)
		cli_usage("what to do is missing: one of %s", p->verbs);
	words = cli_words(p->verbs, '|');
	for (w = words; *w; w++)
		if (!strcmp(*w, verb))
			break;
	if (!*w) {
		near = cli_suggest(verb, words);
		if (near)
			cli_usage("unknown '%s'; did you mean '%s'?", verb,
				  near);
		cli_usage("'%s' is none of %s", verb, p->verbs);
	}
	free(words);
}

static void
answer_and_exit(const struct cli_program *p)
{
	struct cli_tally tally = {0};

	if (want_dump)
		cli_dump(p);
	else if (want_help)
		cli_help(p);
	else
		cli_version(p);
	exit(cli_finish(&tally));
}

char **
cli_start(const struct cli_program *program, int argc, char **argv,
	  int *ret_count)
{
	cli_program_set(program);
	cli_fds_start();
	cli_signals_start();
	setlocale(LC_ALL, "C");
	cli_common.jobs = cpus();
	*ret_count = parse(argc ? argv + 1 : argv);
	if (want_help || want_version || want_dump)
		answer_and_exit(program);
	if (cli_common.jobs < 1 || cli_common.jobs > 1024)
		cli_usage("option '--jobs' takes 1 to 1024");
	take_environment();
	check_operands(argc ? argv + 1 : argv);
	check_verb(program, argc ? argv[1] : NULL);
	return argc ? argv + 1 : argv;
}

const char *
cli_archive(void)
{
	if (!cli_common.archive)
		cli_usage("no archive: give -a DIR or set PACS_ARCHIVE");
	return cli_common.archive;
}
