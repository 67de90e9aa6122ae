/* Keep the index. pacs-index(1) is the reference. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "index/index.h"

static bool no_files, later;
static const char *level_word, *vr_word;

static const struct cli_opt opts[] = {
    {0, "no-files", NULL, NULL, "check: do not look at the objects", CLI_FLAG,
     &no_files},
    {0, "later", NULL, NULL,
     "add: do not read the objects again now, but when the index is used",
     CLI_FLAG, &later},
    {'L', "level", "LEVEL", "study|series|instance",
     "add: whose key it is (default: instance)", CLI_WORD, &level_word},
    {0, "vr", "VR", "none", "add: how it is compared, as this VR is",
     CLI_STRING, &vr_word},
    CLI_OPT_ARCHIVE,
    CLI_OPT_FORMAT,
    CLI_OPT_FIELDS,
    CLI_OPT_JOBS,
    CLI_END,
};

enum {
	PROBLEM,
	LEVEL,
	KEY,
	STUDY,
	SERIES,
	INSTANCE,
	PATH,
	PATIENTS,
	STUDIES,
	SERIES_COUNT,
	INSTANCES,
	SIZE_BYTES,
	QUARANTINED,
	MISSING,
	UNREADABLE,
	INDEX_BYTES,
	LEDGER_SEGMENT,
	LEDGER_OFFSET,
	INDEX_PATH,
	FIELDS
};
static const struct cli_field fields[FIELDS + 1] = {
    [PROBLEM] = {"problem", CLI_TEXT, "check: what was found, one word"},
    [LEVEL] = {"level", CLI_TEXT, "check: patient, study, series or instance"},
    [KEY] = {"key", CLI_TEXT, "check: the attribute that differs"},
    [STUDY] = {"StudyInstanceUID", CLI_TEXT, "check: of the object"},
    [SERIES] = {"SeriesInstanceUID", CLI_TEXT, "check: of the object"},
    [INSTANCE] = {"SOPInstanceUID", CLI_TEXT, "check: of the object"},
    [PATH] = {"path", CLI_TEXT, "check: the object's file, in the archive"},
    [PATIENTS] = {"patients", CLI_NUMBER, "stats: patients"},
    [STUDIES] = {"studies", CLI_NUMBER, "stats: studies"},
    [SERIES_COUNT] = {"series", CLI_NUMBER, "stats: series"},
    [INSTANCES] = {"instances", CLI_NUMBER, "stats: instances"},
    [SIZE_BYTES] = {"size_bytes", CLI_NUMBER, "stats: bytes of all objects"},
    [QUARANTINED] = {"quarantined", CLI_NUMBER, "stats: objects in quarantine"},
    [MISSING] = {"missing", CLI_NUMBER,
		 "stats: instances without a file when they were indexed"},
    [UNREADABLE] = {"unreadable", CLI_NUMBER,
		    "stats: instances whose header could not be read"},
    [INDEX_BYTES] = {"index_bytes", CLI_NUMBER, "stats: bytes of the index"},
    [LEDGER_SEGMENT] = {"ledger_segment", CLI_NUMBER,
			"stats: segment of the ledger read so far"},
    [LEDGER_OFFSET] = {"ledger_offset", CLI_NUMBER,
		       "stats: bytes of that segment read so far"},
    [INDEX_PATH] = {"index_path", CLI_TEXT,
		    "stats: the file; empty: in memory"},
    [FIELDS] = {NULL, CLI_TEXT, NULL},
};

#define CHECK_FIELDS                                                           \
	"problem,level,key,StudyInstanceUID,SeriesInstanceUID,SOPInstanceUID," \
	"path"
#define STATS_FIELDS                                                        \
	"patients,studies,series,instances,size_bytes,quarantined,missing," \
	"unreadable,index_bytes,ledger_segment,ledger_offset,index_path"

static const struct cli_program program = {
    .name = "pacs-index",
    .summary = "keep the index of an archive",
    .operands = "[KEY ...]",
    .opts = opts,
    .verbs = "update|rebuild|check|stats|schema|add|drop",
    .fields = fields,
};

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

struct checking {
	struct cli_records *records;
	struct cli_tally *tally;
};

static void
found(void *ctx, const struct pacs_finding *f)
{
	struct checking *c = ctx;
	const char *values[FIELDS] = {
	    [PROBLEM] = f->problem, [LEVEL] = f->level,
	    [KEY] = f->key,         [STUDY] = f->study,
	    [SERIES] = f->series,   [INSTANCE] = f->instance,
	    [PATH] = f->path};

	cli_record(c->records, values);
	if (f->damage)
		c->tally->no = true;
}

static enum pacs_err
check(struct pacs_error *err, const struct pacs_archive *ar,
      const struct pacs_index_options *o, struct cli_tally *tally)
{
	struct checking c = {cli_records_new(fields, CHECK_FIELDS), tally};
	struct pacs_index *ix;

	if (pacs_index_open(err, ar, o, &ix))
		return err->code;
	if (pacs_index_check(err, ix, !no_files, found, &c))
		pacs_error_wrap(err, "check");
	pacs_index_close(ix);
	return err->code;
}

static void
print_stats(const struct pacs_index_stats *s, const char *path)
{
	const uint64_t numbers[FIELDS] = {
	    [PATIENTS] = s->patients,
	    [STUDIES] = s->studies,
	    [SERIES_COUNT] = s->series,
	    [INSTANCES] = s->instances,
	    [SIZE_BYTES] = s->size_bytes,
	    [QUARANTINED] = s->quarantined,
	    [MISSING] = s->missing,
	    [UNREADABLE] = s->unreadable,
	    [INDEX_BYTES] = s->index_bytes,
	    [LEDGER_SEGMENT] = s->cursor.segment,
	    [LEDGER_OFFSET] = s->cursor.offset,
	};
	const char *values[FIELDS] = {[INDEX_PATH] = path};
	char text[FIELDS][24];
	int i;

	for (i = PATIENTS; i <= LEDGER_OFFSET; i++) {
		snprintf(text[i], sizeof(text[i]), "%" PRIu64, numbers[i]);
		values[i] = text[i];
	}
	cli_record(cli_records_new(fields, STATS_FIELDS), values);
}

static enum pacs_err
stats(struct pacs_error *err, const struct pacs_archive *ar,
      const struct pacs_index_options *o)
{
	struct pacs_index_stats s;
	struct pacs_index *ix;

	if (pacs_index_open(err, ar, o, &ix))
		return err->code;
	if (!pacs_index_stats(err, ix, &s))
		print_stats(&s, pacs_index_path(ix));
	pacs_index_close(ix);
	return err->code;
}

/* --- added keys -------------------------------------------------------- */

static void
added_lines(struct pacs_buf *out)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_archive *ar;
	const char *s;
	size_t n;

	if (!cli_common.archive)
		return;
	if (pacs_archive_open(&err, cli_archive(), PACS_ARCHIVE_READ, &ar))
		cli_die(&err);
	for (s = pacs_archive_settings(ar)->index_keys; *s; s += n + 1) {
		n = strcspn(s, "\n");
		pacs_buf_addf(out, "-- added: %.*s\n", (int)n, s);
	}
	pacs_archive_close(ar);
}

static void
define(const char *definition, struct pacs_buf *out)
{
	struct pacs_error err = PACS_ERROR_INIT;
	enum pacs_level level = PACS_LEVEL_INSTANCE;

	if (level_word && !pacs_level_parse(level_word, &level))
		cli_usage("no such level: '%s'", level_word);
	if (pacs_key_define(&err, definition, level, vr_word ? vr_word : "",
			    out))
		cli_usage("%s", err.msg);
}

static bool
has_line(const struct pacs_archive *ar, const char *line)
{
	const char *s = pacs_archive_settings(ar)->index_keys;
	size_t n = strlen(line);

	while ((s = strstr(s, line))) {
		bool begins =
		    s == pacs_archive_settings(ar)->index_keys || s[-1] == '\n';

		if (begins && s[n] == '\n')
			return true;
		s += n;
	}
	return false;
}

/* One by one: those that are there already are no error the second time, so a
 * run that was stopped can be run again. */
static enum pacs_err
register_keys(struct pacs_error *err, const struct pacs_archive *ar,
	      char **definitions)
{
	struct pacs_keyring ring = {.count = 0};
	struct pacs_buf line = {0};

	if (pacs_keyring_add(err, &ring, pacs_archive_settings(ar)->index_keys))
		goto out;
	for (; *definitions; definitions++) {
		pacs_buf_reset(&line);
		define(*definitions, &line);
		if (has_line(ar, pacs_buf_str(&line)))
			continue;
		/* Is there room for it? */
		if (pacs_keyring_add(err, &ring, pacs_buf_str(&line)) ||
		    pacs_archive_add_index_key(err, ar, pacs_buf_str(&line)))
			goto out;
	}
out:
	pacs_keyring_clear(&ring);
	pacs_buf_clear(&line);
	return err->code;
}

static enum pacs_err
unregister_keys(struct pacs_error *err, const struct pacs_archive *ar,
		char **names)
{
	for (; *names; names++)
		if (pacs_archive_drop_index_key(err, ar, *names))
			return err->code;
	return PACS_OK;
}

static enum pacs_err
change_keys(struct pacs_error *err, char **operands)
{
	struct pacs_index_options o = {.jobs = (unsigned)cli_common.jobs,
				       .progress = progress};
	bool drop = !strcmp(operands[0], "drop");
	struct shown shown = {0};
	struct pacs_index *ix = NULL;
	struct pacs_archive *ar;

	o.progress_ctx = &shown;
	if (pacs_archive_open(err, cli_archive(), PACS_ARCHIVE_WRITE, &ar))
		return err->code;
	if (drop ? unregister_keys(err, ar, operands + 1)
		 : register_keys(err, ar, operands + 1))
		goto out;
	if (later)
		goto out;
	cli_progress_start("objects", 0, 0);
	if (!pacs_index_open(err, ar, &o, &ix) && pacs_index_backfill(err, ix))
		goto out;
out:
	pacs_index_close(ix);
	pacs_archive_close(ar);
	return err->code;
}

static void
schema(void)
{
	struct pacs_buf sql = {0};

	pacs_index_schema(&sql);
	added_lines(&sql);
	while (sql.len && sql.data[sql.len - 1] == '\n')
		sql.data[--sql.len] = '\0';
	cli_line(pacs_buf_str(&sql));
	pacs_buf_clear(&sql);
}

static enum pacs_err
run(struct pacs_error *err, const char *verb, struct cli_tally *tally)
{
	struct shown shown = {0};
	struct pacs_index_options o = {.jobs = (unsigned)cli_common.jobs,
				       .progress = progress,
				       .progress_ctx = &shown};
	struct pacs_archive *ar;

	if (pacs_archive_open(err, cli_archive(), PACS_ARCHIVE_READ, &ar))
		return err->code;
	cli_progress_start("lines", 0, 0);
	if (!strcmp(verb, "update"))
		update(err, ar, &o);
	else if (!strcmp(verb, "rebuild"))
		rebuild(err, ar, &o);
	else if (!strcmp(verb, "check"))
		check(err, ar, &o, tally);
	else
		stats(err, ar, &o);
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
	if (strcmp(operands[0], "add") != 0 && (level_word || vr_word || later))
		cli_usage("--level, --vr and --later are for 'add'");
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct cli_tally tally = {0};
	int count;
	char **operands = cli_start(&program, argc, argv, &count);

	check_usage(operands, count);
	if (!strcmp(operands[0], "schema")) {
		schema();
	} else if (is_about_keys(operands[0])
		       ? change_keys(&err, operands)
		       : run(&err, operands[0], &tally)) {
		if (err.code != PACS_EINTERRUPTED)
			cli_warn_error(&err, NULL);
		tally.fatal = err.code;
	}
	return cli_finish(&tally);
}
