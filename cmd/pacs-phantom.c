/* Make synthetic studies. pacs-phantom(1) is the reference. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "phantom/phantom.h"

static const struct cli_field fields[] = {
    {"path", CLI_TEXT, "the file"},
    {"Modality", CLI_TEXT, "CT, MR, DOC, ..."},
    {"StudyInstanceUID", CLI_TEXT, "the study"},
    {"SeriesInstanceUID", CLI_TEXT, "the series"},
    {"SOPInstanceUID", CLI_TEXT, "the instance"},
    {"SOPClassUID", CLI_TEXT, "what it is"},
    {"TransferSyntaxUID", CLI_TEXT, "how it is encoded"},
    {"SpecificCharacterSet", CLI_TEXT, "how text is encoded"},
    {"size_bytes", CLI_NUMBER, "size of the file; none with -n"},
    {NULL, CLI_TEXT, NULL},
};

static struct pacs_phantom_options options = PACS_PHANTOM_DEFAULTS;
static struct {
	const char *modality;
	bool print;
} flags = {.modality = "CT"};

static const struct cli_opt opts[] = {
    {0, "charset", "TERM", "none",
     "character set of names, or mixed (ISO_IR 100)", CLI_STRING,
     &options.charset},
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    {0, "frames", "N", "none", "frames of a US loop (12), of an MR (1)",
     CLI_UINT, &options.frames},
    {0, "instances", "N", "none", "images in a series (24)", CLI_UINT,
     &options.instances},
    CLI_OPT_JOBS,
    {0, "modality", "LIST", "none", "CT,MR,US,CR,SR,PDF,RTSTRUCT,SEG (CT)",
     CLI_STRING, &flags.modality},
    CLI_OPT_DRY_RUN,
    CLI_OPT_NUL,
    {'o', "output", "DIR", "dir", "the folder to make them in (needed)",
     CLI_STRING, &options.dir},
    {0, "print", NULL, NULL, "print a record for each file", CLI_FLAG,
     &flags.print},
    {0, "rows", "N", "none", "rows and columns of an image (256)", CLI_UINT,
     &options.rows},
    {0, "seed", "N", "none", "the same number makes the same files (1)",
     CLI_UINT, &options.seed},
    {0, "series", "N", "none", "series of each modality in a study (1)",
     CLI_UINT, &options.series},
    {0, "studies", "N", "none", "studies to make (1)", CLI_UINT,
     &options.studies},
    {0, "syntax", "UID", "none", "transfer syntax (explicit little endian)",
     CLI_STRING, &options.syntax},
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-phantom",
    .summary = "make synthetic studies that look real",
    .operands = "-o DIR",
    .opts = opts,
    .fields = fields,
};

struct ctx {
	struct cli_records *records; /* NULL: not asked for */
	struct cli_tally tally;
};

static bool
report(void *arg, const struct pacs_phantom_file *file)
{
	struct ctx *ctx = arg;
	char *size =
	    file->size_bytes ? pacs_format("%" PRIu64, file->size_bytes) : NULL;
	const char *values[] = {
	    file->path,       file->modality, file->study_uid,
	    file->series_uid, file->sop_uid,  file->sop_class,
	    file->syntax,     file->charset,  size,
	};

	if (ctx->records)
		cli_record(ctx->records, values);
	free(size);
	ctx->tally.done++;
	cli_progress_add(1, file->size_bytes);
	return !cli_stopped() && !cli_stdout_broken();
}

/* "CT,SEG" -> bits. */
static unsigned
parse_kinds(const char *list)
{
	unsigned kinds = 0;

	for (;;) {
		size_t n = strcspn(list, ",");
		enum pacs_phantom_kind kind;

		if (!pacs_phantom_kind_parse(list, n, &kind))
			cli_usage("unknown modality '%.*s'", (int)n, list);
		kinds |= 1u << kind;
		if (!list[n])
			return kinds;
		list += n + 1;
	}
}

static enum pacs_err
prepare(struct pacs_error *err, struct ctx *ctx, uint64_t *ret_files)
{
	if (!options.dir || !*options.dir)
		cli_usage("-o DIR is needed");
	options.kinds = parse_kinds(flags.modality);
	options.threads =
	    cli_common.jobs > 256 ? 256 : (unsigned)cli_common.jobs;
	options.dry_run = cli_common.dry_run;
	if (flags.print || options.dry_run)
		ctx->records = cli_records_new(fields, NULL);
	return pacs_phantom_plan(err, &options, ret_files);
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct ctx ctx = {0};
	uint64_t files;
	int count;
	char **operands = cli_start(&program, argc, argv, &count);

	if (count)
		cli_usage("unexpected operand '%s'", operands[0]);
	if (prepare(&err, &ctx, &files)) {
		if (err.code == PACS_EUSAGE)
			cli_usage("%s", err.msg);
		cli_die(&err);
	}
	cli_progress_start("making", files, 0);
	if (pacs_phantom_make(&err, &options, report, &ctx) &&
	    err.code != PACS_EINTERRUPTED) {
		cli_warn_error(&err, NULL);
		ctx.tally.fatal = err.code;
	}
	cli_progress_end();
	cli_note("%" PRIu64 " of %" PRIu64 " files made", ctx.tally.done,
		 files);
	ctx.tally.told = true;
	return cli_finish(&ctx.tally);
}
