/* Ask the archive. pacs-find(1) is the reference. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/find.h"

struct find_flags flags = {.limit = UINT64_MAX};

static const struct cli_opt opts[] = {
    {'L', "level", "LEVEL", "patient|study|series|instance",
     "what is listed (default: study)", CLI_WORD, &flags.level},
    {'k', "key", "KEY=VALUE", "none", "a condition, as for findscu", CLI_LIST,
     &flags.keys},
    {0, "as-is", NULL, NULL, "do not bring the index up to date first",
     CLI_FLAG, &flags.as_is},
    {0, "count", NULL, NULL, "print only how many there are", CLI_FLAG,
     &flags.count},
    {0, "group", "KEY", "field",
     "how many have each value of KEY, in place of records", CLI_STRING,
     &flags.group},
    {0, "limit", "N", "none", "print so many records at most", CLI_UINT,
     &flags.limit},
    {0, "or", NULL, NULL, "one of the conditions is enough", CLI_FLAG,
     &flags.any},
    {0, "paths", NULL, NULL,
     "print only the paths of files (of folders with -L study or series)",
     CLI_FLAG, &flags.paths},
    {0, "query", "FILE", "file", "conditions from a file, one a line; - stdin",
     CLI_STRING, &flags.query},
    {0, "sort", "KEY,...", "field", "sort by these; -KEY: the greatest first",
     CLI_STRING, &flags.sort},
    {0, "sum", "KEY", "field", "print the sum of KEY, such as size_bytes",
     CLI_STRING, &flags.sum},
    CLI_OPT_ARCHIVE,
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    CLI_OPT_NUL,
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-find",
    .summary = "ask an archive what it has",
    .operands = "[KEY=VALUE ...]",
    .opts = opts,
    .about = NULL,
    .fields = find_fields,
};

/* findscu's "-k KEY" asks for a value; here -f does. */
static void
findscu_key(struct ctx *x, const char *text)
{
	char *universal;

	if (strchr(text, '=')) {
		question_add(&x->q, text);
		return;
	}
	universal = pacs_format("%s=*", text);
	question_add(&x->q, universal);
	free(universal);
}

static void
ask(struct ctx *x, char **operands)
{
	size_t i;

	for (i = 0; i < flags.keys.count; i++)
		findscu_key(x, flags.keys.items[i]);
	for (; *operands; operands++)
		question_add(&x->q, *operands);
	if (flags.query)
		question_add_file(&x->q, flags.query);
	x->q.query.any = flags.any;
	x->level = x->q.query.has_level ? x->q.query.level : PACS_LEVEL_STUDY;
	if (flags.level && !pacs_level_parse(flags.level, &x->level))
		cli_usage("no such level: '%s'", flags.level);
	if (flags.paths && !flags.level && !x->q.query.has_level)
		x->level = PACS_LEVEL_INSTANCE;
	if (flags.paths && x->level == PACS_LEVEL_PATIENT)
		cli_usage("a patient has no path; use -L study or below");
}

/* SQL's words for a direction, here a '-' before the key. */
static void
check_sort_word(const char *before, const char *word)
{
	if (before && (!strcasecmp(word, "desc") || !strcasecmp(word, "asc")))
		cli_usage("'%s' is no key; '--sort=-%s' sorts downwards, "
			  "'--sort=%s' upwards",
			  word, before, before);
}

static void
sorting(struct ctx *x)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_key *k = NULL;
	char *list, *save = NULL, *word;

	if (!flags.sort)
		return;
	list = pacs_strdup(flags.sort);
	for (word = strtok_r(list, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		struct pacs_sort *s = &x->sort[x->sort_count++];

		if (x->sort_count == sizeof(x->sort) / sizeof(x->sort[0]))
			cli_usage("too many keys to sort by");
		check_sort_word(k ? k->name : NULL, word);
		s->descending = *word == '-';
		if (pacs_keyring_find(&err, &x->q.ring, word + s->descending,
				      &s->key))
			cli_usage("%s", err.msg);
		k = pacs_key_of(&x->q.ring, s->key);
		if (k->level > x->level && !(k->flags & PACS_KEY_COMPUTED))
			cli_usage("a %s has no '%s' to sort by",
				  pacs_level_name(x->level), k->name);
	}
	if (!x->sort_count)
		cli_usage("--sort takes keys");
	free(list);
}

static bool
go_on(void *ctx, uint64_t lines, uint64_t bytes)
{
	(void)ctx, (void)lines, (void)bytes;
	return !cli_stopped();
}

/* It costs each question anew. */
static void
say_memory(const struct pacs_index *ix)
{
	const struct pacs_index_done *d = pacs_index_done(ix);

	if (d->in_memory)
		cli_say("there is no index, and %s: it was made in memory, "
			"for this question",
			d->full ? "its disk is full"
				: "this user may not make one");
	else if (d->full && d->overlaid)
		cli_say("the index cannot grow, its disk is full: %" PRIu64
			" lines of the ledger were added in memory",
			d->lines);
	else if (d->overlaid)
		cli_note("%" PRIu64
			 " lines of the ledger are not in the index, "
			 "and this user may not write it: added in memory",
			 d->lines);
}

static enum pacs_err
run(struct pacs_error *err, struct ctx *x)
{
	struct pacs_index_options o = {.as_is = flags.as_is, .progress = go_on};

	if (pacs_index_open(err, x->ar, &o, &x->ix))
		return err->code;
	say_memory(x->ix);
	if (flags.count                ? find_count(err, x)
	    : flags.group || flags.sum ? find_tally(err, x)
				       : find_list(err, x))
		goto out;
	x->tally.no = !x->tally.done;
out:
	pacs_index_close(x->ix);
	return err->code;
}

/* Options that say different things about the answer. */
static void
check_options(void)
{
	bool tallies = flags.group || flags.sum;

	if (flags.count + flags.paths + tallies > 1)
		cli_usage("--count, --paths and --group or --sum exclude each "
			  "other");
	if ((flags.count || flags.paths || (flags.sum && !flags.group)) &&
	    (cli_common.fields || cli_common.format))
		cli_usage("-f and --format are for records");
	if (flags.sort && (flags.count || tallies))
		cli_usage("--sort is for records");
	if (!flags.limit)
		cli_usage("--limit: no records are no answer; it takes 1 or "
			  "more");
	if (flags.limit != UINT64_MAX && tallies)
		cli_usage("--limit is for records");
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct ctx x = {.level = PACS_LEVEL_STUDY};
	int n;
	char **operands = cli_start(&program, argc, argv, &n);
	const char *archive = cli_archive();

	check_options();
	if (pacs_archive_open(&err, archive, PACS_ARCHIVE_READ, &x.ar))
		cli_die(&err);
	question_begin(&x.q, x.ar);
	find_fields_fill(&x);
	ask(&x, operands);
	sorting(&x);
	if (run(&err, &x)) {
		if (err.code != PACS_EINTERRUPTED)
			cli_warn_error(&err, NULL);
		x.tally.fatal = err.code;
	}
	pacs_archive_close(x.ar);
	question_end(&x.q);
	x.tally.told = true; /* the records are the answer */
	return cli_finish(&x.tally);
}
