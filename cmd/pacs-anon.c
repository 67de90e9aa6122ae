/* De-identify objects by PS3.15 Annex E. pacs-anon(1) is the reference. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "deid/checklist.h"
#include "deid/map.h"
#include "deid/rules.h"
#include "deid/run.h"
#include "deid/subjects.h"
#include "deid/table.h"
#include "export/export.h"

static struct {
	const char *key, *make_key, *output;
	const char *map, *recipient, *subjects, *rules;
	bool print, plan, list_kinds, store, checklist, reidentify, from_stdin;
	bool safe_private, uids, device, institution, characteristics;
	bool full_dates, modify_dates, graphics, uids_hold_dates;
	uint64_t date_range, digits;
	struct cli_list allow, skip;
} flags;
static struct pacs_deid_options options;

static const struct cli_field fields[] = {
    {"outcome", CLI_TEXT,
     "written, duplicate, withheld, skipped, failed or missing"},
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
    {"kind", CLI_TEXT, "map: patient, unnamed, accession, study or series"},
    {"original", CLI_TEXT, "map: what was there"},
    {"issuer", CLI_TEXT, "map: issuer of a patient ID"},
    {"replacement", CLI_TEXT, "map: what stands for it"},
    {NULL, CLI_TEXT, NULL},
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) - 1 };
#define OBJECT_FIELDS                                                  \
	"outcome,reason,PatientID,StudyInstanceUID,SeriesInstanceUID," \
	"SOPInstanceUID,SOPClassUID,size_bytes,path,source"
#define PLAN_FIELDS "outcome,reason,count,size_bytes"
#define MAP_FIELDS  "kind,original,issuer,replacement"
enum {
	F_REASON = 1,
	F_INSTANCE = 5,
	F_SIZE = 7,
	F_COUNT = 10,
	F_KIND,
	F_ORIGINAL,
	F_ISSUER,
	F_REPLACEMENT
};

static const struct cli_opt opts[] = {
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    CLI_OPT_JOBS,
    CLI_OPT_NUL,
    {'o', "output", "WHERE", "file",
     "a folder, FILE.tar, FILE.tar.zst, or - for a tar on stdout", CLI_STRING,
     &flags.output},
    {0, "allow", "KIND", "none", "let a kind pass that is withheld", CLI_LIST,
     &flags.allow},
    {0, "cap-age", NULL, NULL, "ages over 89 become 090Y", CLI_FLAG,
     &options.cap_age},
    {0, "checklist", NULL, NULL,
     "print what is done to each of HIPAA's identifiers, and end", CLI_FLAG,
     &flags.checklist},
    {0, "clean-graphics", NULL, NULL,
     "keep vectors and regions of interest, drop text", CLI_FLAG,
     &flags.graphics},
    {0, "date-range", "DAYS", "none", "largest move of dates (default: 365)",
     CLI_UINT, &flags.date_range},
    {0, "default-issuer", "NAME", "none", "issuer of patient IDs without one",
     CLI_STRING, &options.default_issuer},
    {0, "digits", "N", "none", "digits of a pseudonym (default: 16)", CLI_UINT,
     &flags.digits},
    {0, "key", "FILE", "file", "the project's key", CLI_STRING, &flags.key},
    {0, "list-kinds", NULL, NULL, "print what may be withheld, and end",
     CLI_FLAG, &flags.list_kinds},
    {0, "make-key", "FILE", "file", "make a new key and end", CLI_STRING,
     &flags.make_key},
    {0, "map", "FILE", "file", "note what was replaced by what", CLI_STRING,
     &flags.map},
    {0, "modify-dates", NULL, NULL, "move dates, per patient", CLI_FLAG,
     &flags.modify_dates},
    {0, "plan", NULL, NULL, "tell what would be done, write nothing", CLI_FLAG,
     &flags.plan},
    {0, "prefix", "TEXT", "none", "what pseudonyms begin with", CLI_STRING,
     &options.prefix},
    {0, "print", NULL, NULL, "print a record per object", CLI_FLAG,
     &flags.print},
    {0, "recipient", "KEY", "none", "encrypt the map by age, for this key",
     CLI_STRING, &flags.recipient},
    {0, "reidentify", NULL, NULL, "ask the map who a pseudonym is", CLI_FLAG,
     &flags.reidentify},
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
    {0, "rules", "FILE", "file", "rules of the project: pacs-anon-rules(5)",
     CLI_STRING, &flags.rules},
    {0, "skip", "KIND", "none", "a kind that is expected to be withheld",
     CLI_LIST, &flags.skip},
    {0, "stdin", NULL, NULL, "read one object or archive file from stdin",
     CLI_FLAG, &flags.from_stdin},
    {0, "store", NULL, NULL, "the output is an archive: store there", CLI_FLAG,
     &flags.store},
    {0, "subjects", "FILE", "file", "trial IDs of patient IDs", CLI_STRING,
     &flags.subjects},
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

/* By which sequence instances are referred to that are not in the export. */
struct absent {
	uint32_t tag;
	uint64_t count;
};

struct ctx {
	struct pacs_deid_map *map;
	struct pacs_export *export;   /* NULL: not into an archive */
	struct cli_operands operands; /* those that are left */
	struct cli_records *records;
	struct line *lines;
	size_t line_count;
	struct absent *absent;
	size_t absent_count;
	struct cli_tally tally;
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

static bool
is_written(const struct pacs_deid_record *r)
{
	return r->outcome == PACS_ANON_WRITTEN ||
	       r->outcome == PACS_ANON_DUPLICATE;
}

static void
print_record(struct ctx *c, const struct pacs_deid_record *r)
{
	bool written = is_written(r);
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

/* The outcome of an object is known: count it and tell it. */
static void
settle(void *p, const struct pacs_deid_record *r)
{
	struct ctx *c = p;
	const char *detail = or_null(r->detail);

	count_line(c, r);
	if (worth_a_word(r))
		c->tally.failed++;
	else if (is_written(r))
		c->tally.done++;
	if (c->records && !flags.plan)
		print_record(c, r);
	if (worth_a_word(r) && !flags.plan)
		cli_warn("%s: %s (%s)%s%s", r->source,
			 pacs_deid_outcome_name(r->outcome), r->reason,
			 detail ? ": " : "", detail ? detail : "");
}

static void
on_record(void *p, const struct pacs_deid_record *r)
{
	struct ctx *c = p;

	if (c->export)
		pacs_export_record(c->export, r);
	else
		settle(c, r);
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

static const char *
keyword_of(uint32_t tag, char buf[12])
{
	const struct pacs_dict_entry *e = pacs_dict_find_tag(tag);

	return e && *e->keyword ? e->keyword : pacs_tag_format(tag, buf);
}

static void
on_missing(void *p, uint32_t tag, const char *uid)
{
	struct ctx *c = p;
	const char *values[FIELDS] = {"missing"};
	char name[12];
	size_t i;

	for (i = 0; i < c->absent_count && c->absent[i].tag != tag; i++)
		;
	if (i == c->absent_count) {
		c->absent = pacs_realloc(c->absent, ++c->absent_count *
							sizeof(*c->absent));
		c->absent[i] = (struct absent){tag, 0};
	}
	c->absent[i].count++;
	if (!c->records || flags.plan)
		return;
	values[F_REASON] = tag ? keyword_of(tag, name) : "";
	values[F_INSTANCE] = uid;
	cli_record(c->records, values);
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
check_output(void)
{
	bool to_stdout = flags.output && !strcmp(flags.output, "-");

	if (!flags.output && !flags.plan)
		cli_usage("-o is missing");
	if (to_stdout && flags.print)
		cli_usage("-o - is a tar on standard output: no room for "
			  "--print");
	if (to_stdout && flags.store)
		cli_usage("--store needs an archive in -o");
	if (to_stdout && isatty(STDOUT_FILENO) && !flags.plan)
		cli_usage("-o - writes a tar, and standard output is a "
			  "terminal");
	if (flags.plan && (flags.map || flags.store))
		cli_usage("--plan writes nothing: no --map, no --store");
	if (flags.recipient && !flags.map)
		cli_usage("--recipient needs --map");
}

static void
check_pseudonyms(void)
{
	if (options.prefix &&
	    (strlen(options.prefix) > 32 || !is_plain(options.prefix)))
		cli_usage("--prefix takes up to 32 printable ASCII characters, "
			  "without \\ ^ =");
	if (!flags.digits)
		return;
	if (flags.digits < 4 || flags.digits > 32)
		cli_usage("--digits takes 4 to 32");
	if (flags.subjects)
		cli_usage("with --subjects pseudonyms have no --digits");
	if (flags.digits < PACS_PSEUDONYM_DIGITS && !flags.plan &&
	    (!flags.map || flags.recipient))
		cli_usage("fewer --digits than %d need --map, without "
			  "--recipient: two patients may get one pseudonym, "
			  "and only a map tells",
			  PACS_PSEUDONYM_DIGITS);
}

static void
check_usage(int count)
{
	if (!flags.key)
		cli_usage("--key is missing; --make-key makes one");
	check_output();
	if (flags.from_stdin && count)
		cli_usage("--stdin takes no items");
	if (!flags.from_stdin && !count)
		cli_usage("nothing to do: name files or folders, '-' for a "
			  "list, or --stdin");
	if (cli_common.jobs < 1 || cli_common.jobs > 64)
		cli_usage("-j takes 1 to 64");
	if ((cli_common.fields || cli_common.format) && !flags.print &&
	    !flags.plan)
		cli_usage("-f and --format shape records: --print is missing");
	check_pseudonyms();
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
		values[F_SIZE] = bytes;
		values[F_COUNT] = count;
		cli_record(c->records, values);
	}
}

static void
say_seen(const struct pacs_deid_tally *t)
{
	unsigned i;

	for (i = 0; i < t->seen_count; i++) {
		char name[12];

		cli_note("not in the table, treated by its kind: %s, %" PRIu64
			 " times",
			 keyword_of(t->seen[i].tag, name), t->seen[i].count);
	}
}

static void
say_missing(struct ctx *c, const struct pacs_deid_tally *t)
{
	struct pacs_buf b = {0};
	char name[12];
	size_t i;

	if (!t->missing)
		return;
	for (i = 0; i < c->absent_count; i++)
		pacs_buf_addf(&b, "%s %" PRIu64 " by %s", i ? "," : "",
			      c->absent[i].count,
			      c->absent[i].tag
				  ? keyword_of(c->absent[i].tag, name)
				  : "no sequence");
	cli_say("%" PRIu64 " of %" PRIu64
		" instances that are referred to are not in this export:%s",
		t->missing, t->references, pacs_buf_str(&b));
	pacs_buf_clear(&b);
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
	say_missing(c, t);
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

/* --- the map ---------------------------------------------------------------
 */

static struct pacs_deid_map *
open_map(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_map *map = NULL;
	bool narrow = flags.digits && flags.digits < PACS_PSEUDONYM_DIGITS;

	if (flags.recipient)
		(void)!pacs_deid_map_open_sealed(&err, flags.map,
						 flags.recipient, &map);
	else if (flags.map && !flags.plan)
		(void)!pacs_deid_map_open(&err, flags.map, narrow, &map);
	if (err.code)
		cli_die(&err);
	return map;
}

/* Print the lines of the map that the operand names. */
static bool
look_up(struct cli_records *records, const struct pacs_buf *text,
	const char *wanted)
{
	char *copy = pacs_strndup(text->data, text->len), *line, *end;
	struct pacs_deid_map_line m;
	bool found = false;

	for (line = copy; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (pacs_deid_map_parse(line, &m) &&
		    !strcmp(m.replacement, wanted)) {
			const char *values[FIELDS] = {NULL};

			values[F_KIND] = m.kind;
			values[F_ORIGINAL] = m.original;
			values[F_ISSUER] = m.issuer;
			values[F_REPLACEMENT] = m.replacement;
			cli_record(records, values);
			found = true;
		}
	}
	free(copy);
	return found;
}

static int
reidentify(char **operands)
{
	struct cli_records *records = cli_records_new(fields, MAP_FIELDS);
	struct cli_tally tally = {.told = true};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf text = {0};

	if (!flags.map || !*operands)
		cli_usage("--reidentify needs --map and what to look up");
	if (flags.key || flags.output || flags.plan)
		cli_usage("--reidentify only reads the map");
	if (cli_slurp(&err, flags.map, 1u << 30, &text))
		cli_die(&err);
	for (; *operands; operands++)
		if (!text.len || !look_up(records, &text, *operands))
			tally.no = true;
	pacs_buf_clear(&text);
	return cli_finish(&tally);
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
	const char *where = flags.output;
	unsigned jobs = (unsigned)cli_common.jobs;

	if (flags.plan)
		return pacs_deid_output_none();
	if (flags.store)
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
	    .ctx = c, .settled = settle, .trouble = on_trouble};
	const struct pacs_deid_hooks hooks = {
	    .ctx = c,
	    .next = next_item,
	    .stopped = cli_on_stopped,
	    .ending = cli_on_ending,
	    .admit = on_admit,
	    .record = on_record,
	    .missing = on_missing,
	    .progress = cli_on_progress,
	};
	const char *tmp = cli_env("TMPDIR");
	const struct pacs_deid_input input = {
	    .workers = (unsigned)cli_common.jobs,
	    .stream_fd = flags.from_stdin ? STDIN_FILENO : -1,
	    .scratch = tmp ? tmp : "/tmp",
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

/* --- other things that it does ---------------------------------------------
 */

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
checklist(void)
{
	struct cli_tally tally = {.told = true};
	const char *what, *done;
	unsigned i;

	for (i = 0; pacs_deid_checklist(&options, i, &what, &done); i++)
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

	if (cli_slurp(&err, flags.rules, 1u << 20, &text) ||
	    pacs_deid_rules_parse(&err, flags.rules, pacs_buf_str(&text),
				  text.len, &rules))
		cli_die(&err);
	pacs_buf_clear(&text);
	return rules;
}

int
main(int argc, char **argv)
{
	struct pacs_deid_subjects *subjects = NULL;
	struct pacs_deid_rules *rules = NULL;
	struct pacs_error err = PACS_ERROR_INIT;
	uint8_t key[PACS_DEID_KEY_SIZE];
	struct pacs_deid *d;
	struct ctx c = {0};
	int count;

	c.operands.next = cli_start(&program, argc, argv, &count);
	if (flags.make_key)
		return make_key(count);
	if (flags.list_kinds)
		return list_kinds();
	options.columns = columns();
	if (flags.checklist)
		return checklist();
	if (flags.reidentify)
		return reidentify(c.operands.next);
	check_usage(count);
	options.allow = kinds_of(&flags.allow, "allow");
	options.skip = kinds_of(&flags.skip, "skip");
	options.digits = (unsigned)flags.digits;
	options.date_range_days = (unsigned)flags.date_range;
	if (pacs_deid_key_read(&err, flags.key, key))
		cli_die(&err);
	if (flags.subjects &&
	    pacs_deid_subjects_read(&err, flags.subjects, &subjects))
		cli_die(&err);
	options.subjects = subjects;
	if (flags.rules)
		options.rules = rules = read_rules();
	d = pacs_deid_new(&options, key);
	if (flags.print || flags.plan)
		c.records = cli_records_new(fields, flags.plan ? PLAN_FIELDS
							       : OBJECT_FIELDS);
	run(&c, d);
	pacs_deid_free(d);
	pacs_deid_subjects_free(subjects);
	pacs_deid_rules_free(rules);
	free(c.lines);
	free(c.absent);
	return cli_finish(&c.tally);
}
