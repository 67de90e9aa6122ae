/* Keep the index. pacs-index(1) is the reference. */
#include <inttypes.h>
#include <string.h>

#include "cmd/index.h"

struct index_flags flags;

static const struct cli_opt opts[] = {
    {0, "no-files", NULL, NULL, "check: do not look at the objects", CLI_FLAG,
     &flags.no_files},
    {0, "later", NULL, NULL,
     "add: do not read the objects again now, but when the index is used",
     CLI_FLAG, &flags.later},
    {'L', "level", "LEVEL", "study|series|instance",
     "add: whose key it is (default: instance)", CLI_WORD, &flags.level},
    {0, "vr", "VR", "none", "add: how it is compared, as this VR is",
     CLI_STRING, &flags.vr},
    CLI_OPT_ARCHIVE,
    CLI_OPT_FORMAT,
    CLI_OPT_FIELDS,
    CLI_OPT_JOBS,
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-index",
    .summary = "keep the index of an archive",
    .operands = "[KEY ...]",
    .opts = opts,
    .verbs = "update|rebuild|check|stats|schema|add|drop",
    .fields = index_fields,
};

static void
note(const struct pacs_index_done *d)
{
	if (d->resumed)
		cli_note("a rebuild that was stopped goes on");
	cli_note("%" PRIu64 " lines of the ledger, %" PRIu64
		 " instances added, "
		 "%" PRIu64 " removed",
		 d->lines, d->added, d->removed);
	if (d->missing)
		cli_warn("%" PRIu64 " objects are on record, but not there",
			 d->missing);
	if (d->unreadable)
		cli_warn("%" PRIu64
			 " objects have a header that cannot be read",
			 d->unreadable);
	if (d->healed)
		cli_note("%" PRIu64 " headers could be read that could not "
			 "before",
			 d->healed);
}

/* What was done in memory alone was not done. */
static enum pacs_err
refuse(struct pacs_error *err, const struct pacs_index_done *d)
{
	if (d->full)
		return pacs_error_set(
		    err, PACS_ENOSPC,
		    "the index cannot be changed: its disk is "
		    "full");
	if (d->in_memory || d->overlaid)
		return pacs_error_set(err, PACS_EDENIED,
				      "the index is behind, and this user may "
				      "not write it");
	return PACS_OK;
}

static enum pacs_err
update(struct pacs_error *err, const struct pacs_archive *ar,
       const struct pacs_index_options *o)
{
	struct pacs_index_options as_is = *o;
	struct pacs_index_done done;
	struct pacs_index *ix;

	as_is.as_is = true;
	if (pacs_index_open(err, ar, &as_is, &ix))
		return err->code;
	/* If there was none, opening made it. */
	if (pacs_index_done(ix)->rebuilt)
		note(pacs_index_done(ix));
	if (!pacs_index_update(err, ix, &done) && !refuse(err, &done))
		note(&done);
	pacs_index_close(ix);
	return err->code;
}

static enum pacs_err
rebuild(struct pacs_error *err, const struct pacs_archive *ar,
	const struct pacs_index_options *o)
{
	struct pacs_index_done done;

	if (!pacs_index_rebuild(err, ar, o, &done))
		note(&done);
	return err->code;
}

/* Lines of the ledger so far; the rest is not known. */
struct shown {
	uint64_t lines;
};

static bool
progress(void *ctx, uint64_t lines, uint64_t bytes)
{
	struct shown *s = ctx;

	(void)bytes;
	cli_progress_add(lines - s->lines, 0);
	s->lines = lines;
	return !cli_stopped();
}

static enum pacs_err
run(struct pacs_error *err, const char *verb,
    const struct pacs_index_options *o, struct cli_tally *tally)
{
	struct pacs_archive *ar;

	if (pacs_archive_open(err, cli_archive(), PACS_ARCHIVE_READ, &ar))
		return err->code;
	cli_progress_start("lines", 0, 0);
	if (!strcmp(verb, "update"))
		update(err, ar, o);
	else if (!strcmp(verb, "rebuild"))
		rebuild(err, ar, o);
	else if (!strcmp(verb, "check"))
		index_check(err, ar, o, tally);
	else
		index_stats(err, ar, o);
	pacs_archive_close(ar);
	return err->code;
}

static bool
is_about_keys(const char *verb)
{
	return !strcmp(verb, "add") || !strcmp(verb, "drop");
}

static void
check_usage(char **operands, int count)
{
	if (!count)
		cli_usage("what is to be done with the index?");
	if (is_about_keys(operands[0]) ? count < 2 : count > 1)
		cli_usage("%s: %s", operands[0],
			  count > 1 ? "takes no more words" : "which key?");
	if (strcmp(operands[0], "add") != 0 &&
	    (flags.level || flags.vr || flags.later))
		cli_usage("--level, --vr and --later are for 'add'");
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct cli_tally tally = {0};
	struct shown shown = {0};
	struct pacs_index_options o = {.progress = progress,
				       .progress_ctx = &shown};
	int count;
	char **operands = cli_start(&program, argc, argv, &count);

	check_usage(operands, count);
	o.jobs = (unsigned)cli_common.jobs;
	if (!strcmp(operands[0], "schema")) {
		index_schema();
	} else if (is_about_keys(operands[0])
		       ? index_change_keys(&err, operands, &o)
		       : run(&err, operands[0], &o, &tally)) {
		if (err.code != PACS_EINTERRUPTED)
			cli_warn_error(&err, NULL);
		tally.fatal = err.code;
	}
	return cli_finish(&tally);
}
