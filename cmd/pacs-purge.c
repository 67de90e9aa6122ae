/* Remove objects from an archive, on record. pacs-purge(1) is the reference. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/writer.h"
#include "cli/cli.h"
#include "cmd/question.h"
#include "index/index.h"

enum { BATCH = 1000 };

static struct {
	bool broad, yes, print;
	const char *why, *query_file;
} flags;

/* Of each record, in the order of struct victim's values. */
static const struct cli_field fields[] = {
    {"outcome", CLI_TEXT, "matched, or purged with --yes"},
    {"StudyInstanceUID", CLI_TEXT, "UID of the study"},
    {"SeriesInstanceUID", CLI_TEXT, "UID of the series"},
    {"SOPInstanceUID", CLI_TEXT, "UID of the instance"},
    {"size_bytes", CLI_NUMBER, "size of the object"},
    {"path", CLI_TEXT, "where it is, or was, in the archive"},
    {NULL, CLI_TEXT, NULL},
};

static const struct cli_opt opts[] = {
    CLI_OPT_ARCHIVE,
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    CLI_OPT_DRY_RUN,
    CLI_OPT_NUL,
    {0, "broad", NULL, NULL,
     "let a condition match every object, or those without a value", CLI_FLAG,
     &flags.broad},
    {0, "print", NULL, NULL, "with --yes, print a record for each object",
     CLI_FLAG, &flags.print},
    {0, "query", "FILE", "file", "conditions from a file, one a line; - stdin",
     CLI_STRING, &flags.query_file},
    {0, "why", "TEXT", "none", "the reason, for the ledger", CLI_STRING,
     &flags.why},
    {0, "yes", NULL, NULL, "do it; without, only show what matches", CLI_FLAG,
     &flags.yes},
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-purge",
    .summary = "remove objects from an archive, on record",
    .operands = "KEY=VALUE ...",
    .opts = opts,
    .fields = fields,
};

struct victim {
	struct pacs_triple triple;
	char size[24];
};

struct ctx {
	struct pacs_archive *ar;
	struct pacs_index *ix;
	struct pacs_writer *w; /* with --yes */
	struct question q;
	struct cli_records *records;
	struct victim *batch;
	size_t count;
	uint64_t bytes;
	struct cli_tally tally;
};

/* --- the question ------------------------------------------------------ */

/* What is left of PatientID=$P or PatientID=$P* if P is not set: no value, or
 * any. Such a condition must be meant. */
static void
check_narrow(const struct pacs_query *q)
{
	size_t i, t;

	for (i = 0; i < q->count; i++)
		for (t = 0; t < q->conditions[i].count; t++) {
			const struct pacs_condition *c = &q->conditions[i];
			bool all = c->terms[t].kind == PACS_TERM_ALL;
			const char *about = all ? "matches every value"
					    : c->negated
						? "matches all that have any"
						: "matches all that have none";

			if (all || c->terms[t].kind == PACS_TERM_EMPTY)
				cli_usage("%s: that %s (is a variable of the "
					  "shell not set?); if it is meant, "
					  "add --broad",
					  c->k->name, about);
		}
}

static void
ask(struct ctx *c, char **operands)
{
	question_begin(&c->q, c->ar);
	for (; *operands; operands++)
		question_add(&c->q, *operands);
	if (flags.query_file)
		question_add_file(&c->q, flags.query_file);
	/* An empty question matches everything. */
	if (!c->q.query.count)
		cli_usage("what to remove is not said: KEY=VALUE is missing");
	if (!flags.broad)
		check_narrow(&c->q.query);
}

/* --- removing ---------------------------------------------------------- */

static void
tell(struct ctx *c, const struct victim *v)
{
	char path[PACS_PATH_ROOM];
	const char *const values[] = {
	    c->w ? "purged" : "matched", v->triple.study, v->triple.series,
	    v->triple.instance,          v->size,         path,
	};

	c->tally.done++;
	c->bytes += strtoull(v->size, NULL, 10);
	if (!c->records)
		return;
	pacs_object_path(&v->triple, path);
	cli_record(c->records, values);
}

/* What was collected goes, and is told when that is durable. */
static enum pacs_err
end_batch(struct pacs_error *err, struct ctx *c)
{
	const struct pacs_triple *triples[BATCH];
	size_t i;

	for (i = 0; i < c->count; i++)
		triples[i] = &c->batch[i].triple;
	if (c->w && c->count &&
	    pacs_writer_purge(err, c->w, triples, c->count, flags.why))
		return err->code;
	for (i = 0; i < c->count; i++)
		tell(c, &c->batch[i]);
	c->count = 0;
	cli_flush();
	return PACS_OK;
}

static void
collect(struct ctx *c, const char *const *values)
{
	struct victim *v = &c->batch[c->count++];
	const char *size = values[PACS_KEY_size_bytes];

	memset(v, 0, sizeof(*v));
	snprintf(v->triple.study, sizeof(v->triple.study), "%s",
		 values[PACS_KEY_StudyInstanceUID]);
	snprintf(v->triple.series, sizeof(v->triple.series), "%s",
		 values[PACS_KEY_SeriesInstanceUID]);
	snprintf(v->triple.instance, sizeof(v->triple.instance), "%s",
		 values[PACS_KEY_SOPInstanceUID]);
	snprintf(v->size, sizeof(v->size), "%s", size ? size : "0");
}

/* Sums over a patient, study or series: what is removed changes them. */
static bool
is_sum(const struct pacs_key *k)
{
	return k->flags & PACS_KEY_COMPUTED &&
	       k->level != PACS_LEVEL_INSTANCE &&
	       (k->type == PACS_TYPE_NUMBER || k->flags & PACS_KEY_MULTI);
}

/* Nothing goes on the word of the index alone: its record must meet what was
 * asked, too. */
static enum pacs_err
check(struct pacs_error *err, const struct pacs_query *q,
      const char *const *values)
{
	size_t i;

	for (i = 0; i < q->count; i++) {
		const struct pacs_condition *c = &q->conditions[i];

		if (!is_sum(c->k) && !pacs_condition_matches(c, values[c->key]))
			return pacs_error_set(
			    err, PACS_EINTEGRITY,
			    "object %s was found and is not what %s asks for: "
			    "its study changed meanwhile, or the index is "
			    "wrong; see 'pacs-index check'",
			    values[PACS_KEY_SOPInstanceUID], c->k->name);
	}
	return PACS_OK;
}

/* What records need, and what is asked about. */
static void
choose(const struct pacs_query *q, bool *want, bool *want_added)
{
	size_t i;

	want[PACS_KEY_StudyInstanceUID] = true;
	want[PACS_KEY_SeriesInstanceUID] = true;
	want[PACS_KEY_SOPInstanceUID] = true;
	want[PACS_KEY_size_bytes] = true;
	for (i = 0; i < q->count; i++) {
		size_t key = (size_t)q->conditions[i].key;

		if (key < PACS_KEY_COUNT)
			want[key] = true;
		else
			want_added[key - PACS_KEY_ADDED] = true;
	}
}

static enum pacs_err
purge(struct pacs_error *err, struct ctx *c)
{
	bool want[PACS_KEY_COUNT] = {false};
	bool want_added[PACS_ADDED_MAX] = {false};
	const struct pacs_find_options o = {.level = PACS_LEVEL_INSTANCE,
					    .want = want,
					    .want_added = want_added};
	const char *const *values;
	struct pacs_find *f;
	enum pacs_err rc;

	choose(&c->q.query, want, want_added);
	if (pacs_find_open(err, c->ix, &c->q.query, &o, &f))
		return err->code;
	while (!(rc = pacs_find_next(err, f, &values)) && values &&
	       !cli_stopped() && !cli_stdout_broken()) {
		if ((rc = check(err, &c->q.query, values)))
			break;
		collect(c, values);
		if (c->count == BATCH && (rc = end_batch(err, c)))
			break;
	}
	pacs_find_close(f);
	if (!rc && !cli_stopped() && !cli_stdout_broken())
		rc = end_batch(err, c);
	return rc;
}

static void
check_usage(void)
{
	if (flags.yes && cli_common.dry_run)
		cli_usage("-n and --yes contradict each other");
	if (flags.yes && (!flags.why || !*flags.why))
		cli_usage("--yes needs --why");
	if (flags.print && !flags.yes)
		cli_usage("--print is for --yes; without it all is printed");
	if (flags.yes && !flags.print &&
	    (cli_common.fields || cli_common.format))
		cli_usage("-f and --format shape records: --print is missing");
}

static enum pacs_err
run(struct pacs_error *err, struct ctx *c, char **operands)
{
	if (pacs_archive_open(
		err, cli_archive(),
		flags.yes ? PACS_ARCHIVE_WRITE : PACS_ARCHIVE_READ, &c->ar))
		return err->code;
	ask(c, operands);
	if (!flags.yes || flags.print)
		c->records = cli_records_new(fields, NULL);
	if (pacs_index_open(err, c->ar, NULL, &c->ix) ||
	    (flags.yes && pacs_writer_open(err, c->ar, &c->w)))
		return err->code;
	return purge(err, c);
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct ctx c = {0};
	int count;
	char **operands = cli_start(&program, argc, argv, &count);

	check_usage();
	c.batch = pacs_calloc(BATCH, sizeof(*c.batch));
	if (run(&err, &c, operands)) {
		cli_warn_error(&err, NULL);
		c.tally.fatal = err.code;
	} else if (!cli_stopped()) {
		c.tally.no = !c.tally.done;
		c.tally.told = true;
		cli_note("%" PRIu64 " objects, %" PRIu64 " bytes %s",
			 c.tally.done, c.bytes, flags.yes ? "purged" : "match");
	}
	pacs_writer_close(c.w);
	pacs_index_close(c.ix);
	pacs_archive_close(c.ar);
	question_end(&c.q);
	free(c.batch);
	return cli_finish(&c.tally);
}
