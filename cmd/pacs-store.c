/* Bring files, discs and streams into an archive. pacs-store(1) is the
 * reference. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "ingest/ingest.h"

static struct {
	bool print, from_stdin;
} flags;
static struct pacs_ingest_options options = {.stream_fd = -1};

static const struct cli_field fields[] = {
    {"outcome", CLI_TEXT,
     "stored, duplicate, repaired, conflict, quarantined, skipped or failed"},
    {"reason", CLI_TEXT, "why, one word; empty if there is nothing to say"},
    {"StudyInstanceUID", CLI_TEXT, "empty if unknown or unsafe"},
    {"SeriesInstanceUID", CLI_TEXT, "empty if unknown or unsafe"},
    {"SOPInstanceUID", CLI_TEXT, "empty if unknown or unsafe"},
    {"SOPClassUID", CLI_TEXT, "empty if unknown or unsafe"},
    {"sha256", CLI_TEXT, "SHA-256 of the object as filed"},
    {"size_bytes", CLI_NUMBER, "size of the object as filed"},
    {"path", CLI_TEXT, "where it is in the archive"},
    {"source", CLI_TEXT, "where it came from: a path, or FILE//MEMBER"},
    {NULL, CLI_TEXT, NULL},
};

static const struct cli_opt opts[] = {
    CLI_OPT_ARCHIVE,
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    CLI_OPT_JOBS,
    CLI_OPT_DRY_RUN,
    CLI_OPT_NUL,
    {0, "again", NULL, NULL, "take back objects that were purged", CLI_FLAG,
     &options.again},
    {0, "move", NULL, NULL, "remove a source once its object is safe", CLI_FLAG,
     &options.move},
    {0, "origin", "AE@HOST", "none", "origin to note in the ledger", CLI_STRING,
     &options.origin},
    {0, "print", NULL, NULL, "print a record per item once it is safe",
     CLI_FLAG, &flags.print},
    {0, "stdin", NULL, NULL, "read one object or archive file from stdin",
     CLI_FLAG, &flags.from_stdin},
    {0, "strict", NULL, NULL, "what is not DICOM counts as failed", CLI_FLAG,
     &options.strict},
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-store",
    .summary = "bring files, discs and streams into an archive",
    .operands = "[ITEM ...] ('-': a list on stdin)",
    .opts = opts,
    .fields = fields,
};

struct ctx {
	struct cli_operands operands; /* those that are left */
	char **all;
	struct cli_records *records;
	uint64_t full; /* failed since the disk is full */
	struct cli_tally tally;
	pthread_t measurer;
	bool measuring;
	uint64_t files, bytes; /* measured so far */
};

/* --- hooks --------------------------------------------------------------- */

static bool
next_item(void *p, struct pacs_buf *path)
{
	struct ctx *c = p;

	return cli_next_operand(&c->operands, path);
}

static const char *
or_null(const char *s)
{
	return *s ? s : NULL;
}

static void
print_record(struct ctx *c, const struct pacs_ingest_record *r)
{
	char size[24];
	const char *const values[] = {
	    pacs_outcome_name(r->outcome),
	    r->reason,
	    r->triple->study,
	    r->triple->series,
	    r->triple->instance,
	    r->sop_class,
	    r->sha256,
	    *r->sha256 ? size : NULL,
	    r->path,
	    r->source,
	};

	snprintf(size, sizeof(size), "%" PRIu64, r->size);
	cli_record(c->records, values);
}

/* What somebody has to look at, or would wonder about. */
static bool
worth_a_word(const struct pacs_ingest_record *r)
{
	static const char *const usual[] = {"not-dicom", "dicomdir", "empty"};
	size_t i;

	if (r->outcome == PACS_OUTCOME_STORED || r->truncated)
		return *r->reason;
	if (r->outcome == PACS_OUTCOME_DUPLICATE)
		return false;
	for (i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (r->outcome == PACS_OUTCOME_SKIPPED &&
		    !strcmp(r->reason, usual[i]))
			return false;
	return true;
}

static void
on_record(void *p, const struct pacs_ingest_record *r)
{
	struct ctx *c = p;
	const char *detail = or_null(r->detail);

	switch (r->outcome) {
	case PACS_OUTCOME_CONFLICT:
	case PACS_OUTCOME_QUARANTINED:
	case PACS_OUTCOME_FAILED:
		c->tally.failed++;
		break;
	case PACS_OUTCOME_SKIPPED:
		break;
	default:
		if (r->truncated)
			c->tally.failed++;
		else
			c->tally.done++;
		break;
	}
	if (c->records)
		print_record(c, r);
	if (!worth_a_word(r))
		return;
	/* All that was under way fails with the disk: one line is enough. */
	if (!strcmp(r->reason, "nospc") && c->full++)
		return;
	cli_warn(
	    "%s: %s%s%s%s%s%s%s%s", r->source, pacs_outcome_name(r->outcome),
	    r->truncated ? ", but it ends early" : "", *r->reason ? " (" : "",
	    r->reason, *r->reason ? ")" : "", detail ? ": " : "",
	    detail ? detail : "", cli_common.dry_run ? " [dry run]" : "");
}

static void
on_flush(void *p)
{
	(void)p;
	cli_flush();
}

static void
on_trouble(void *p, const char *source, const struct pacs_error *err)
{
	struct ctx *c = p;

	c->tally.failed++;
	cli_warn_error(err, source);
}

/* --- progress: how much there will be ---------------------------------- */

static void *
measure(void *p)
{
	struct ctx *c = p;
	char **item;

	for (item = c->all; *item && !cli_on_stopped(NULL); item++)
		pacs_ingest_measure(*item, cli_on_stopped, NULL, &c->files,
				    &c->bytes);
	if (!cli_on_stopped(NULL))
		cli_progress_total(c->files, c->bytes);
	return NULL;
}

static bool
progress_is_shown(void)
{
	const char *when = cli_common.progress;

	return (when && !strcmp(when, "always")) ||
	       ((!when || !strcmp(when, "auto")) && !cli_common.quiet &&
		isatty(STDERR_FILENO));
}

/* Folders are walked ahead only if somebody watches. A list or a stream has no
 * end that could be known. */
static void
start_progress(struct ctx *c)
{
	char **item;

	cli_progress_start("storing", 0, 0);
	if (!progress_is_shown() || flags.from_stdin)
		return;
	for (item = c->all; *item; item++)
		if (!strcmp(*item, "-"))
			return;
	c->measuring = !pthread_create(&c->measurer, NULL, measure, c);
}

/* ------------------------------------------------------------------------------
 */

static void
check_usage(int count)
{
	if (flags.from_stdin && count)
		cli_usage("--stdin takes no items");
	if (!flags.from_stdin && !count)
		cli_usage("nothing to store: name files or folders, '-' for a "
			  "list, or --stdin");
	if (cli_common.jobs < 1 || cli_common.jobs > 64)
		cli_usage("-j takes 1 to 64");
	if ((cli_common.fields || cli_common.format) && !flags.print &&
	    !cli_common.dry_run)
		cli_usage("-f and --format shape records: --print is missing");
	if (options.origin &&
	    (strpbrk(options.origin, "\t\n\r") || strlen(options.origin) > 95))
		cli_usage("--origin takes up to 95 bytes, without tabs");
}

static void
say_recovery(const struct pacs_archive *ar)
{
	const struct pacs_recovery *r = pacs_archive_recovery(ar);

	if (r->writers)
		cli_note("recovered what %u writer(s) left: %" PRIu64
			 " adopted, %" PRIu64 " relinked, %" PRIu64
			 " void, %" PRIu64 " swept",
			 r->writers, r->adopted, r->relinked, r->voided,
			 r->swept);
}

static void
say_summary(const struct pacs_ingest_tally *t)
{
	struct pacs_buf b = {0};
	int i;

	for (i = 0; i < PACS_OUTCOMES; i++)
		if (t->outcomes[i])
			pacs_buf_addf(&b, "%s%" PRIu64 " %s", b.len ? ", " : "",
				      t->outcomes[i],
				      pacs_outcome_name((enum pacs_outcome)i));
	cli_note("%s%s", b.len ? pacs_buf_str(&b) : "nothing found",
		 cli_common.dry_run ? " [dry run]" : "");
	pacs_buf_clear(&b);
}

/* Was there no object at all? An empty list is no news, though. */
static bool
found_nothing(const struct pacs_ingest_tally *t, char **operands)
{
	uint64_t seen = 0;
	int i;

	for (i = 0; i < PACS_OUTCOMES; i++)
		if (i != PACS_OUTCOME_SKIPPED)
			seen += t->outcomes[i];
	if (seen)
		return false;
	if (t->outcomes[PACS_OUTCOME_SKIPPED] || flags.from_stdin)
		return true;
	for (; *operands; operands++)
		if (strcmp(*operands, "-") != 0)
			return true;
	return false;
}

static void
run(struct ctx *c)
{
	const struct pacs_ingest_hooks hooks = {
	    .ctx = c,
	    .next = next_item,
	    .record = on_record,
	    .flush = on_flush,
	    .trouble = on_trouble,
	    .stopped = cli_on_stopped,
	    .ending = cli_on_ending,
	    .progress = cli_on_progress,
	};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_ingest_tally told;
	struct pacs_archive *ar;
	enum pacs_archive_mode mode =
	    cli_common.dry_run ? PACS_ARCHIVE_READ : PACS_ARCHIVE_WRITE;

	if (pacs_archive_open(&err, cli_archive(), mode, &ar))
		cli_die(&err);
	say_recovery(ar);
	start_progress(c);
	if (pacs_ingest(&err, ar, &options, &hooks, &told))
		c->tally.fatal = err.code;
	if (c->measuring)
		pthread_join(c->measurer, NULL);
	cli_progress_end();
	if (c->full > 1)
		cli_warn("%" PRIu64 " more were not stored for this reason",
			 c->full - 1);
	if (err.code)
		cli_warn_error(&err, NULL);
	say_summary(&told);
	c->tally.told = true;
	if (!err.code && !cli_stopped() && found_nothing(&told, c->all)) {
		cli_say("no DICOM object found");
		c->tally.no = true;
	}
	pacs_archive_close(ar);
}

int
main(int argc, char **argv)
{
	struct ctx c = {0};
	int count;

	c.operands.next = c.all = cli_start(&program, argc, argv, &count);
	check_usage(count);
	if (flags.from_stdin)
		options.stream_fd = STDIN_FILENO;
	options.workers = (unsigned)cli_common.jobs;
	options.dry_run = cli_common.dry_run;
	if (flags.print || options.dry_run)
		c.records = cli_records_new(fields, NULL);
	run(&c);
	return cli_finish(&c.tally);
}
