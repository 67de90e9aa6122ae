/* De-identify objects by PS3.15 Annex E. pacs-anon(1) is the reference. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "deid/run.h"
#include "deid/table.h"

static struct {
	const char *key, *make_key, *output;
	bool print, plan, list_kinds;
	bool safe_private, uids, device, institution, characteristics;
	bool full_dates, modify_dates, graphics, uids_hold_dates;
	uint64_t date_range;
	struct cli_list allow, skip;
} flags;
static struct pacs_deid_options options;

static const struct cli_field fields[] = {
    {"outcome", CLI_TEXT, "written, duplicate, withheld, skipped or failed"},
    {"reason", CLI_TEXT, "why, one word; empty if there is nothing to say"},
    {"PatientID", CLI_TEXT, "the pseudonym; empty if not written"},
    {"StudyInstanceUID", CLI_TEXT, "new; empty if not known"},
    {"SeriesInstanceUID", CLI_TEXT, "new; empty if not known"},
    {"SOPInstanceUID", CLI_TEXT, "new; empty if not known"},
    {"SOPClassUID", CLI_TEXT, "empty if not known"},
    {"size_bytes", CLI_NUMBER, "size of the object as written"},
    {"path", CLI_TEXT, "where it is in the output"},
    {"source", CLI_TEXT, "where it came from"},
    {"count", CLI_NUMBER, "objects, in a plan"},
    {NULL, CLI_TEXT, NULL},
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) - 1 };
#define OBJECT_FIELDS                                                  \
	"outcome,reason,PatientID,StudyInstanceUID,SeriesInstanceUID," \
	"SOPInstanceUID,SOPClassUID,size_bytes,path,source"
#define PLAN_FIELDS "outcome,reason,count,size_bytes"

static const struct cli_opt opts[] = {
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    CLI_OPT_JOBS,
    CLI_OPT_NUL,
    {'o', "output", "DIR", "dir", "where to write: a folder", CLI_STRING,
     &flags.output},
    {0, "allow", "KIND", "none", "let a kind pass that is withheld", CLI_LIST,
     &flags.allow},
    {0, "cap-age", NULL, NULL, "ages over 89 become 090Y", CLI_FLAG,
     &options.cap_age},
    {0, "clean-graphics", NULL, NULL,
     "keep vectors and regions of interest, drop text", CLI_FLAG,
     &flags.graphics},
    {0, "date-range", "DAYS", "none", "largest move of dates (default: 365)",
     CLI_UINT, &flags.date_range},
    {0, "default-issuer", "NAME", "none", "issuer of patient IDs without one",
     CLI_STRING, &options.default_issuer},
    {0, "key", "FILE", "file", "the project's key", CLI_STRING, &flags.key},
    {0, "list-kinds", NULL, NULL, "print what may be withheld, and end",
     CLI_FLAG, &flags.list_kinds},
    {0, "make-key", "FILE", "file", "make a new key and end", CLI_STRING,
     &flags.make_key},
    {0, "modify-dates", NULL, NULL, "move dates, per patient", CLI_FLAG,
     &flags.modify_dates},
    {0, "plan", NULL, NULL, "tell what would be done, write nothing", CLI_FLAG,
     &flags.plan},
    {0, "prefix", "TEXT", "none", "what pseudonyms begin with", CLI_STRING,
     &options.prefix},
    {0, "print", NULL, NULL, "print a record per object", CLI_FLAG,
     &flags.print},
    {0, "retain-device", NULL, NULL, "keep the identity of devices", CLI_FLAG,
     &flags.device},
    {0, "retain-full-dates", NULL, NULL, "keep dates and times", CLI_FLAG,
     &flags.full_dates},
    {0, "retain-institution", NULL, NULL, "keep the institution", CLI_FLAG,
     &flags.institution},
    {0, "retain-patient-characteristics", NULL, NULL,
     "keep sex, age, size, weight and the like", CLI_FLAG,
     &flags.characteristics},
    {0, "retain-safe-private", NULL, NULL,
     "keep private elements that are known to be safe", CLI_FLAG,
     &flags.safe_private},
    {0, "retain-uids", NULL, NULL, "keep UIDs", CLI_FLAG, &flags.uids},
    {0, "skip", "KIND", "none", "a kind that is expected to be withheld",
     CLI_LIST, &flags.skip},
    {0, "whole-weeks", NULL, NULL, "move dates by whole weeks", CLI_FLAG,
     &options.whole_weeks},
    {0, "yes-uids-hold-dates", NULL, NULL,
     "allow --retain-uids with --modify-dates", CLI_FLAG,
     &flags.uids_hold_dates},
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-anon",
    .summary = "de-identify objects by PS3.15 Annex E",
    .operands = "[ITEM ...] ('-': a list on stdin)",
    .opts = opts,
    .fields = fields,
    .about = "PS3.15 Annex E 2026d",
};

/* What a plan counts: outcome and reason. */
struct line {
	enum pacs_deid_outcome outcome;
	const char *reason;
	uint64_t count, bytes;
};

struct ctx {
	char **operands; /* those that are left to be read */
	bool in_list;    /* "-" is being read */
	struct cli_records *records;
	struct line *lines;
	size_t line_count;
	struct cli_tally tally;
};

/* --- hooks ------------------------------------------------------------------
 */

static bool
next_item(void *p, struct pacs_buf *path)
{
	struct ctx *c = p;
	const char *item;

	for (;;) {
		if (c->in_list) {
			if (cli_next_item(path))
				return true;
			c->in_list = false;
		}
		item = *c->operands;
		if (!item)
			return false;
		c->operands++;
		c->in_list = !strcmp(item, "-");
		if (c->in_list)
			continue;
		pacs_buf_reset(path);
		pacs_buf_adds(path, item);
		return true;
	}
}

static bool
on_stopped(void *p)
{
	(void)p;
	return cli_stopped() || cli_stdout_broken();
}

static void
on_ending(void *p)
{
	(void)p;
	cli_items_end();
}

static void
on_progress(void *p, uint64_t items, uint64_t bytes)
{
	(void)p;
	cli_progress_add(items, bytes);
}

static void
count_line(struct ctx *c, const struct pacs_deid_record *r)
{
	size_t i;

	for (i = 0; i < c->line_count; i++)
		if (c->lines[i].outcome == r->outcome &&
		    !strcmp(c->lines[i].reason, r->reason))
			break;
	if (i == c->line_count) {
		c->lines =
		    pacs_realloc(c->lines, ++c->line_count * sizeof(*c->lines));
		c->lines[i] = (struct line){r->outcome, r->reason, 0, 0};
	}
	c->lines[i].count++;
	c->lines[i].bytes += r->size;
}

static const char *
or_null(const char *s)
{
	return *s ? s : NULL;
}

static void
print_record(struct ctx *c, const struct pacs_deid_record *r)
{
	bool written = r->identity != NULL;
	char size[24];
	const char *const values[FIELDS] = {
	    pacs_deid_outcome_name(r->outcome),
	    r->reason,
	    written ? r->pseudonym : "",
	    r->study,
	    r->series,
	    r->instance,
	    r->sop_class,
	    written ? size : NULL,
	    r->path,
	    r->source,
	    NULL,
	};

	snprintf(size, sizeof(size), "%" PRIu64, r->size);
	cli_record(c->records, values);
}

static bool
worth_a_word(const struct pacs_deid_record *r)
{
	return r->outcome == PACS_ANON_WITHHELD ||
	       r->outcome == PACS_ANON_FAILED;
}

static enum pacs_err
on_record(struct pacs_error *err, void *p, const struct pacs_deid_record *r)
{
	struct ctx *c = p;
	const char *detail = or_null(r->detail);

	count_line(c, r);
	if (r->outcome == PACS_ANON_WITHHELD || r->outcome == PACS_ANON_FAILED)
		c->tally.failed++;
	else if (r->identity)
		c->tally.done++;
	if (c->records && !flags.plan)
		print_record(c, r);
	if (worth_a_word(r) && !flags.plan)
		cli_warn("%s: %s (%s)%s%s", r->source,
			 pacs_deid_outcome_name(r->outcome), r->reason,
			 detail ? ": " : "", detail ? detail : "");
	return err->code;
}

/* --- options ---------------------------------------------------------------
 */

static uint64_t
kinds_of(const struct cli_list *list, const char *option)
{
	uint64_t bits = 0, bit;
	const char *near;
	size_t i;

	for (i = 0; i < list->count; i++) {
		bit = pacs_deid_kind_bit(list->items[i]);
		near = cli_suggest(list->items[i], pacs_deid_kinds);
		if (!bit && near)
			cli_usage("--%s: no kind '%s'; did you mean '%s'?",
				  option, list->items[i], near);
		if (!bit)
			cli_usage("--%s: no kind '%s'", option, list->items[i]);
		bits |= bit;
	}
	return bits;
}

static unsigned
columns(void)
{
	return (flags.safe_private ? PACS_OPT_SAFE_PRIVATE : 0u) |
	       (flags.uids ? PACS_OPT_UIDS : 0u) |
	       (flags.device ? PACS_OPT_DEVICE : 0u) |
	       (flags.institution ? PACS_OPT_INSTITUTION : 0u) |
	       (flags.characteristics ? PACS_OPT_CHARACTERISTICS : 0u) |
	       (flags.full_dates ? PACS_OPT_FULL_DATES : 0u) |
	       (flags.modify_dates ? PACS_OPT_MODIFIED_DATES : 0u) |
	       (flags.graphics ? PACS_OPT_GRAPHICS : 0u);
}

static bool
is_plain(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~' || *s == '\\' || *s == '^' ||
		    *s == '=')
			return false;
	return true;
}

static void
check_dates(void)
{
	if (flags.full_dates && flags.modify_dates)
		cli_usage("--retain-full-dates and --modify-dates exclude each "
			  "other");
	if (flags.uids && flags.modify_dates && !flags.uids_hold_dates)
		cli_usage("UIDs often hold dates: --retain-uids with "
			  "--modify-dates needs --yes-uids-hold-dates");
	if ((flags.date_range || options.whole_weeks) && !flags.modify_dates)
		cli_usage("--date-range and --whole-weeks need --modify-dates");
	if (flags.date_range &&
	    (flags.date_range < 7 || flags.date_range > 36500))
		cli_usage("--date-range takes 7 to 36500 days");
}

static void
check_usage(int count)
{
	if (!flags.key)
		cli_usage("--key is missing; --make-key makes one");
	if (!flags.output && !flags.plan)
		cli_usage("-o is missing");
	if (!count)
		cli_usage("nothing to do: name files or folders, or '-' for a "
			  "list");
	if (cli_common.jobs < 1 || cli_common.jobs > 64)
		cli_usage("-j takes 1 to 64");
	if (options.prefix &&
	    (strlen(options.prefix) > 32 || !is_plain(options.prefix)))
		cli_usage("--prefix takes up to 32 printable ASCII characters, "
			  "without \\ ^ =");
	if ((cli_common.fields || cli_common.format) && !flags.print &&
	    !flags.plan)
		cli_usage("-f and --format shape records: --print is missing");
	check_dates();
}

/* --- the end ---------------------------------------------------------------
 */

static void
print_plan(struct ctx *c)
{
	size_t i;

	for (i = 0; i < c->line_count; i++) {
		char count[24], bytes[24];
		const char *values[FIELDS] = {
		    pacs_deid_outcome_name(c->lines[i].outcome),
		    c->lines[i].reason};

		snprintf(count, sizeof(count), "%" PRIu64, c->lines[i].count);
		snprintf(bytes, sizeof(bytes), "%" PRIu64, c->lines[i].bytes);
		values[7] = bytes;
		values[10] = count;
		cli_record(c->records, values);
	}
}

static void
say_seen(const struct pacs_deid_tally *t)
{
	unsigned i;

	for (i = 0; i < t->seen_count; i++) {
		const struct pacs_dict_entry *e =
		    pacs_dict_find_tag(t->seen[i].tag);
		char name[12];

		cli_note("not in the table, treated by its kind: %s, %" PRIu64
			 " times",
			 e && *e->keyword
			     ? e->keyword
			     : pacs_tag_format(t->seen[i].tag, name),
			 t->seen[i].count);
	}
}

static void
say_summary(struct ctx *c, const struct pacs_deid_tally *t)
{
	struct pacs_buf b = {0};
	size_t i;

	say_seen(t);
	if (t->no_issuers)
		cli_note("%" PRIu64
			 " objects have a patient ID without issuer%s",
			 t->no_issuers,
			 options.default_issuer ? ": the default counted" : "");
	if (t->blank_ids)
		cli_say("%" PRIu64 " objects have no patient ID: each study is "
			"a patient of its own",
			t->blank_ids);
	if (t->missing)
		cli_say("%" PRIu64 " of %" PRIu64
			" instances that are referred "
			"to are not in this export",
			t->missing, t->references);
	for (i = 0; i < c->line_count; i++)
		pacs_buf_addf(&b, "%s%" PRIu64 " %s%s%s%s", b.len ? ", " : "",
			      c->lines[i].count,
			      pacs_deid_outcome_name(c->lines[i].outcome),
			      *c->lines[i].reason ? " (" : "",
			      c->lines[i].reason,
			      *c->lines[i].reason ? ")" : "");
	if (c->tally.failed || !c->tally.done)
		cli_say("%s", b.len ? pacs_buf_str(&b) : "nothing found");
	else
		cli_note("%s", pacs_buf_str(&b));
	c->tally.told = true;
	pacs_buf_clear(&b);
}

static void
run(struct ctx *c, const struct pacs_deid *d)
{
	const struct pacs_deid_hooks hooks = {
	    .ctx = c,
	    .next = next_item,
	    .stopped = on_stopped,
	    .ending = on_ending,
	    .record = on_record,
	    .progress = on_progress,
	};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_output *out;
	struct pacs_deid_tally *t = pacs_calloc(1, sizeof(*t));

	if (flags.plan)
		out = pacs_deid_output_none();
	else if (pacs_deid_output_folder(&err, flags.output, &out))
		cli_die(&err);
	cli_progress_start("de-identifying", 0, 0);
	if (pacs_deid_run(&err, d, out, (unsigned)cli_common.jobs, &hooks, t)) {
		cli_warn_error(&err, NULL);
		c->tally.fatal = err.code;
	}
	cli_progress_end();
	if (pacs_deid_output_close(&err, out, !c->tally.fatal) &&
	    !c->tally.fatal) {
		cli_warn_error(&err, NULL);
		c->tally.fatal = err.code;
	}
	if (flags.plan)
		print_plan(c);
	if (!c->tally.fatal && !cli_stopped())
		say_summary(c, t);
	if (!c->tally.done && !c->tally.fatal) {
		c->tally.no = true;
		c->tally.failed = 0;
	}
	free(t);
}

static int
make_key(int count)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct cli_tally tally = {.told = true};

	if (count || flags.key || flags.output)
		cli_usage("--make-key stands alone");
	if (pacs_deid_key_make(&err, flags.make_key))
		cli_die(&err);
	return cli_finish(&tally);
}

static int
list_kinds(void)
{
	struct cli_tally tally = {.told = true};
	struct pacs_buf b = {0};
	int i;

	for (i = 0; pacs_deid_kinds[i]; i++) {
		pacs_buf_reset(&b);
		pacs_buf_addf(&b, "%s\t%s", pacs_deid_kinds[i],
			      pacs_deid_kind_meaning(pacs_deid_kinds[i]));
		cli_line(pacs_buf_str(&b));
	}
	pacs_buf_clear(&b);
	return cli_finish(&tally);
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	uint8_t key[PACS_DEID_KEY_SIZE];
	struct pacs_deid *d;
	struct ctx c = {0};
	int count;

	c.operands = cli_start(&program, argc, argv, &count);
	if (flags.make_key)
		return make_key(count);
	if (flags.list_kinds)
		return list_kinds();
	check_usage(count);
	options.allow = kinds_of(&flags.allow, "allow");
	options.skip = kinds_of(&flags.skip, "skip");
	options.columns = columns();
	options.date_range_days = (unsigned)flags.date_range;
	if (pacs_deid_key_read(&err, flags.key, key))
		cli_die(&err);
	d = pacs_deid_new(&options, key);
	if (flags.print || flags.plan)
		c.records = cli_records_new(fields, flags.plan ? PLAN_FIELDS
							       : OBJECT_FIELDS);
	run(&c, d);
	pacs_deid_free(d);
	free(c.lines);
	return cli_finish(&c.tally);
}
