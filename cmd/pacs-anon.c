/* De-identify objects by PS3.15 Annex E. pacs-anon(1) is the reference. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "cmd/anon.h"
#include "deid/checklist.h"
#include "deid/rules.h"
#include "deid/subjects.h"
#include "deid/table.h"

static const struct cli_opt opts[] = {
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    CLI_OPT_JOBS,
    CLI_OPT_NUL,
    {'o', "output", "WHERE", "file",
     "a folder, FILE.tar, FILE.tar.zst, or - for a tar on stdout", CLI_STRING,
     &anon_flags.output},
    {0, "allow", "KIND", "none", "let a kind pass that is withheld", CLI_LIST,
     &anon_flags.allow},
    {0, "cap-age", NULL, NULL, "ages over 89 become 090Y", CLI_FLAG,
     &anon_options.cap_age},
    {0, "checklist", NULL, NULL,
     "print what is done to each of HIPAA's identifiers, and end", CLI_FLAG,
     &anon_flags.checklist},
    {0, "clean-graphics", NULL, NULL,
     "keep vectors and regions of interest, drop text", CLI_FLAG,
     &anon_flags.graphics},
    {0, "date-range", "DAYS", "none", "largest move of dates (default: 365)",
     CLI_UINT, &anon_flags.date_range},
    {0, "default-issuer", "NAME", "none", "issuer of patient IDs without one",
     CLI_STRING, &anon_options.default_issuer},
    {0, "digits", "N", "none", "digits of a pseudonym (default: 16)", CLI_UINT,
     &anon_flags.digits},
    {0, "key", "FILE", "file", "the project's key", CLI_STRING,
     &anon_flags.key},
    {0, "list-kinds", NULL, NULL, "print what may be withheld, and end",
     CLI_FLAG, &anon_flags.list_kinds},
    {0, "make-key", "FILE", "file", "make a new key and end", CLI_STRING,
     &anon_flags.make_key},
    {0, "map", "FILE", "file", "note what was replaced by what", CLI_STRING,
     &anon_flags.map},
    {0, "modify-dates", NULL, NULL, "move dates, per patient", CLI_FLAG,
     &anon_flags.modify_dates},
    {0, "plan", NULL, NULL, "tell what would be done, write nothing", CLI_FLAG,
     &anon_flags.plan},
    {0, "prefix", "TEXT", "none", "what pseudonyms begin with", CLI_STRING,
     &anon_options.prefix},
    {0, "print", NULL, NULL, "print a record per object", CLI_FLAG,
     &anon_flags.print},
    {0, "recipient", "KEY", "none", "encrypt the map by age, for this key",
     CLI_STRING, &anon_flags.recipient},
    {0, "reidentify", NULL, NULL, "ask the map who a pseudonym is", CLI_FLAG,
     &anon_flags.reidentify},
    {0, "retain-device", NULL, NULL, "keep the identity of devices", CLI_FLAG,
     &anon_flags.device},
    {0, "retain-full-dates", NULL, NULL, "keep dates and times", CLI_FLAG,
     &anon_flags.full_dates},
    {0, "retain-institution", NULL, NULL, "keep the institution", CLI_FLAG,
     &anon_flags.institution},
    {0, "retain-patient-characteristics", NULL, NULL,
     "keep sex, age, size, weight and the like", CLI_FLAG,
     &anon_flags.characteristics},
    {0, "retain-safe-private", NULL, NULL,
     "keep private elements that are known to be safe", CLI_FLAG,
     &anon_flags.safe_private},
    {0, "retain-uids", NULL, NULL, "keep UIDs", CLI_FLAG, &anon_flags.uids},
    {0, "rules", "FILE", "file", "rules of the project: pacs-anon-rules(5)",
     CLI_STRING, &anon_flags.rules},
    {0, "skip", "KIND", "none", "a kind that is expected to be withheld",
     CLI_LIST, &anon_flags.skip},
    {0, "stdin", NULL, NULL, "read one object or archive file from stdin",
     CLI_FLAG, &anon_flags.from_stdin},
    {0, "store", NULL, NULL, "the output is an archive: store there", CLI_FLAG,
     &anon_flags.store},
    {0, "subjects", "FILE", "file", "trial IDs of patient IDs", CLI_STRING,
     &anon_flags.subjects},
    {0, "whole-weeks", NULL, NULL, "move dates by whole weeks", CLI_FLAG,
     &anon_options.whole_weeks},
    {0, "yes-uids-hold-dates", NULL, NULL,
     "allow --retain-uids with --modify-dates", CLI_FLAG,
     &anon_flags.uids_hold_dates},
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-anon",
    .summary = "de-identify objects by PS3.15 Annex E",
    .operands = "[ITEM ...] ('-': a list on stdin)",
    .opts = opts,
    .fields = anon_fields,
    .about = "PS3.15 Annex E 2026d",
};

/* --- hooks ------------------------------------------------------------------
 */

static bool
next_item(void *p, struct pacs_buf *path)
{
	struct ctx *c = p;

	return cli_next_operand(&c->operands, path);
}

static void
on_record(void *p, const struct pacs_deid_record *r)
{
	struct ctx *c = p;

	if (c->export)
		pacs_export_record(c->export, r);
	else
		anon_settle(c, r);
}

static void
on_trouble(void *p, const char *source, const struct pacs_error *err)
{
	(void)p;
	cli_warn_error(err, source);
}

static enum pacs_err
on_admit(struct pacs_error *err, void *p, const struct pacs_deid_identity *id)
{
	struct ctx *c = p;

	return c->map ? pacs_deid_map_add(err, c->map, id) : PACS_OK;
}

/* --- the map ---------------------------------------------------------------
 */

static struct pacs_deid_map *
open_map(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_map *map = NULL;
	bool narrow = is_given(anon_flags.digits) &&
		      anon_flags.digits < PACS_PSEUDONYM_DIGITS;

	if (anon_flags.recipient)
		(void)!pacs_deid_map_open_sealed(&err, anon_flags.map,
						 anon_flags.recipient, &map);
	else if (anon_flags.map && !anon_flags.plan)
		(void)!pacs_deid_map_open(&err, anon_flags.map, narrow, &map);
	if (err.code)
		cli_die(&err);
	return map;
}

/* --- running ---------------------------------------------------------------
 */

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

static struct pacs_deid_output *
open_output(struct ctx *c, const struct pacs_export_hooks *hooks)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_output *out = NULL;
	const char *where = anon_flags.output;
	unsigned jobs = (unsigned)cli_common.jobs;

	if (anon_flags.plan)
		return pacs_deid_output_none();
	if (anon_flags.store)
		(void)!pacs_export_begin(&err, where, hooks, &c->export, &out);
	else if (!strcmp(where, "-"))
		(void)!pacs_deid_output_tar(&err, STDOUT_FILENO, 0, 1, &out);
	else if (ends_in(where, ".tar"))
		(void)!pacs_deid_output_tar_file(&err, where, 0, 1, &out);
	else if (ends_in(where, ".tar.zst"))
		(void)!pacs_deid_output_tar_file(&err, where, 3, jobs, &out);
	else
		(void)!pacs_deid_output_folder(&err, where, &out);
	if (err.code)
		cli_die(&err);
	return out;
}

/* The first error that ends the run is the one to be told. */
static void
note_error(struct ctx *c, struct pacs_error *err)
{
	if (err->code && !c->tally.fatal) {
		cli_warn_error(err, NULL);
		c->tally.fatal = err->code;
	}
	pacs_error_clear(err);
}

static void
end(struct ctx *c, struct pacs_deid_output *out)
{
	struct pacs_error err = PACS_ERROR_INIT;
	bool good = !c->tally.fatal && !cli_stopped();

	(void)!pacs_deid_output_close(&err, out, good);
	note_error(c, &err);
	if (c->export)
		(void)!pacs_export_end(&err, c->export);
	note_error(c, &err);
	(void)!pacs_deid_map_close(&err, c->map);
	note_error(c, &err);
}

static void
run(struct ctx *c, const struct pacs_deid *d)
{
	const struct pacs_export_hooks store = {
	    .ctx = c, .settled = anon_settle, .trouble = on_trouble};
	const struct pacs_deid_hooks hooks = {
	    .ctx = c,
	    .next = next_item,
	    .stopped = cli_on_stopped,
	    .ending = cli_on_ending,
	    .admit = on_admit,
	    .record = on_record,
	    .missing = anon_missing,
	    .progress = cli_on_progress,
	};
	const struct pacs_deid_input input = {
	    .workers = (unsigned)cli_common.jobs,
	    .stream_fd = anon_flags.from_stdin ? STDIN_FILENO : -1,
	    .scratch = pacs_fs_tmp_dir(),
	    .output = anon_flags.output,
	};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_tally *t = pacs_calloc(1, sizeof(*t));
	struct pacs_deid_output *out;

	c->map = open_map();
	out = open_output(c, &store);
	cli_progress_start("de-identifying", 0, 0);
	(void)!pacs_deid_run(&err, d, out, &input, &hooks, t);
	cli_progress_end();
	note_error(c, &err);
	end(c, out);
	if (anon_flags.plan)
		anon_print_plan(c);
	if (!c->tally.fatal && !cli_stopped())
		anon_say_summary(c, t);
	if (!c->tally.done && !c->tally.fatal) {
		c->tally.no = true;
		c->tally.failed = 0;
	}
	free(t);
}

/* --- other things that it does ---------------------------------------------
 */

static int
make_key(int count)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct cli_tally tally = {.told = true};

	if (count || anon_flags.key || anon_flags.output)
		cli_usage("--make-key stands alone");
	if (pacs_deid_key_make(&err, anon_flags.make_key))
		cli_die(&err);
	return cli_finish(&tally);
}

static void
print_pair(const char *a, const char *b)
{
	char *line = pacs_format("%s\t%s", a, b);

	cli_line(line);
	free(line);
}

static int
list_kinds(void)
{
	struct cli_tally tally = {.told = true};
	int i;

	for (i = 0; pacs_deid_kinds[i]; i++)
		print_pair(pacs_deid_kinds[i],
			   pacs_deid_kind_meaning(pacs_deid_kinds[i]));
	return cli_finish(&tally);
}

static int
checklist(int count)
{
	struct cli_tally tally = {.told = true};
	const char *what, *done;
	unsigned i;

	if (count)
		cli_usage("--checklist takes no items");
	anon_check_dates();
	for (i = 0; pacs_deid_checklist(&anon_options, i, &what, &done); i++)
		print_pair(what, done);
	cli_say("no claim of Safe Harbor is made");
	return cli_finish(&tally);
}

static struct pacs_deid_rules *
read_rules(void)
{
	struct pacs_deid_rules *rules;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf text = {0};

	if (cli_slurp(&err, anon_flags.rules, 1u << 20, &text) ||
	    pacs_deid_rules_parse(&err, anon_flags.rules, pacs_buf_str(&text),
				  text.len, &rules))
		cli_die(&err);
	pacs_buf_clear(&text);
	return rules;
}

/* The files of the project that say more than options do. */
static void
read_settings(struct pacs_deid_subjects **ret_subjects,
	      struct pacs_deid_rules **ret_rules)
{
	struct pacs_error err = PACS_ERROR_INIT;

	*ret_subjects = NULL;
	*ret_rules = NULL;
	anon_options.columns = anon_columns();
	anon_options.allow = anon_kinds(&anon_flags.allow, "allow");
	anon_options.skip = anon_kinds(&anon_flags.skip, "skip");
	if (is_given(anon_flags.digits))
		anon_options.digits = (unsigned)anon_flags.digits;
	if (is_given(anon_flags.date_range))
		anon_options.date_range_days = (unsigned)anon_flags.date_range;
	if (anon_flags.subjects &&
	    pacs_deid_subjects_read(&err, anon_flags.subjects, ret_subjects))
		cli_die(&err);
	anon_options.subjects = *ret_subjects;
	if (anon_flags.rules)
		anon_options.rules = *ret_rules = read_rules();
}

int
main(int argc, char **argv)
{
	struct pacs_deid_subjects *subjects;
	struct pacs_deid_rules *rules;
	struct pacs_error err = PACS_ERROR_INIT;
	uint8_t key[PACS_DEID_KEY_SIZE];
	struct pacs_deid *d;
	struct ctx c = {0};
	int count;

	c.operands.next = cli_start(&program, argc, argv, &count);
	if (anon_flags.make_key)
		return make_key(count);
	if (anon_flags.list_kinds)
		return list_kinds();
	if (anon_flags.reidentify)
		return anon_reidentify(c.operands.next);
	if (!anon_flags.checklist) {
		anon_check_usage(count, c.operands.next);
		if (pacs_deid_key_read(&err, anon_flags.key, key))
			cli_die(&err);
	}
	read_settings(&subjects, &rules);
	if (anon_flags.checklist)
		return checklist(count);
	d = pacs_deid_new(&anon_options, key);
	if (anon_flags.print || anon_flags.plan)
		c.records = cli_records_new(
		    anon_fields, anon_flags.plan ? PLAN_FIELDS : OBJECT_FIELDS);
	run(&c, d);
	pacs_deid_free(d);
	pacs_deid_subjects_free(subjects);
	pacs_deid_rules_free(rules);
	free(c.lines);
	free(c.absent);
	return cli_finish(&c.tally);
}
