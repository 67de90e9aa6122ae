/* Ask the archive. pacs-find(1) is the reference. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/cli.h"
#include "cmd/question.h"
#include "index/index.h"

static const char *level_word, *query_file, *sort_list, *group_key, *sum_key;
static bool count_only, paths, any, as_is;
static uint64_t limit = UINT64_MAX; /* that is none */
static struct cli_list keys;

static const struct cli_opt opts[] = {
    {'L', "level", "LEVEL", "patient|study|series|instance",
     "what is listed (default: study)", CLI_WORD, &level_word},
    {'k', "key", "KEY=VALUE", "none", "a condition, as for findscu", CLI_LIST,
     &keys},
    {0, "as-is", NULL, NULL, "do not bring the index up to date first",
     CLI_FLAG, &as_is},
    {0, "count", NULL, NULL, "print only how many there are", CLI_FLAG,
     &count_only},
    {0, "group", "KEY", "field",
     "how many have each value of KEY, in place of records", CLI_STRING,
     &group_key},
    {0, "limit", "N", "none", "print so many records at most", CLI_UINT,
     &limit},
    {0, "or", NULL, NULL, "one of the conditions is enough", CLI_FLAG, &any},
    {0, "paths", NULL, NULL,
     "print only the paths of files (of folders with -L study or series)",
     CLI_FLAG, &paths},
    {0, "query", "FILE", "file", "conditions from a file, one a line; - stdin",
     CLI_STRING, &query_file},
    {0, "sort", "KEY,...", "field", "sort by these; -KEY: the greatest first",
     CLI_STRING, &sort_list},
    {0, "sum", "KEY", "field", "print the sum of KEY, such as size_bytes",
     CLI_STRING, &sum_key},
    CLI_OPT_ARCHIVE,
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    CLI_OPT_NUL,
    CLI_END,
};

static const struct cli_field fields[PACS_KEY_COUNT + 1] = {
#define IS CLI_NUMBER
#define UL CLI_NUMBER
#define US CLI_NUMBER
#define AS CLI_TEXT
#define CS CLI_TEXT
#define DA CLI_TEXT
#define DS CLI_TEXT
#define DT CLI_TEXT
#define LO CLI_TEXT
#define LT CLI_TEXT
#define PN CLI_TEXT
#define SH CLI_TEXT
#define TM CLI_TEXT
#define UI CLI_TEXT
#define UR CLI_TEXT
#define UT CLI_TEXT
#define K(id, name, sequence, tag, vr, level, flags, snake, help) \
	[PACS_KEY_##id] = {name, vr, help},
#include "query/keys.def"
#undef K
    [PACS_KEY_COUNT] = {NULL, CLI_TEXT, NULL},
};

static const struct cli_program program = {
    .name = "pacs-find",
    .summary = "ask an archive what it has",
    .operands = "[KEY=VALUE ...]",
    .opts = opts,
    .about = NULL,
    .fields = fields,
};

static const char *const defaults[] = {
    [PACS_LEVEL_PATIENT] = "PatientID,PatientName,PatientBirthDate,PatientSex,"
			   "NumberOfPatientRelatedStudies",
    [PACS_LEVEL_STUDY] = "StudyDate,PatientID,PatientName,ModalitiesInStudy,"
			 "AccessionNumber,StudyDescription,"
			 "NumberOfStudyRelatedInstances,StudyInstanceUID",
    [PACS_LEVEL_SERIES] = "StudyDate,PatientID,Modality,SeriesNumber,"
			  "SeriesDescription,NumberOfSeriesRelatedInstances,"
			  "StudyInstanceUID,SeriesInstanceUID",
    [PACS_LEVEL_INSTANCE] = "Modality,SeriesNumber,InstanceNumber,size_bytes,"
			    "SOPInstanceUID,path",
};

struct ctx {
	struct pacs_archive *ar;
	struct pacs_index *ix;
	struct question q;
	enum pacs_level level;
	bool want[PACS_KEY_END];
	struct pacs_sort sort[16];
	size_t sort_count;
	struct cli_records *records;
	struct cli_tally tally;
	struct cli_field fields[PACS_KEY_COUNT + PACS_ADDED_MAX + 1];
};

/* The fields of the table, and behind them those that the archive adds. */
static void
added_keys(struct ctx *x)
{
	size_t i;

	memcpy(x->fields, fields, sizeof(fields));
	for (i = 0; i < x->q.ring.count; i++) {
		const struct pacs_key *k = &x->q.ring.added[i].key;

		x->fields[PACS_KEY_COUNT + i].name = k->name;
		x->fields[PACS_KEY_COUNT + i].help = "added";
		x->fields[PACS_KEY_COUNT + i].type =
		    k->vr == PACS_VR('I', 'S') || k->vr == PACS_VR('U', 'S')
			? CLI_NUMBER
			: CLI_TEXT;
	}
}

/* --- the question ------------------------------------------------------ */

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

	for (i = 0; i < keys.count; i++)
		findscu_key(x, keys.items[i]);
	for (; *operands; operands++)
		question_add(&x->q, *operands);
	if (query_file)
		question_add_file(&x->q, query_file);
	x->q.query.any = any;
	x->level = x->q.query.has_level ? x->q.query.level : PACS_LEVEL_STUDY;
	if (level_word && !pacs_level_parse(level_word, &x->level))
		cli_usage("no such level: '%s'", level_word);
	if (paths && !level_word && !x->q.query.has_level)
		x->level = PACS_LEVEL_INSTANCE;
	if (paths && x->level == PACS_LEVEL_PATIENT)
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

	if (!sort_list)
		return;
	list = pacs_strdup(sort_list);
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
	free(list);
}

/* --- the answer -------------------------------------------------------- */

/* Does a record of this level have it? Some of our own keys stand for the
 * record; what is of the levels below is not one value. */
static bool
is_of_level(const struct pacs_key *k, enum pacs_key_id id,
	    enum pacs_level level)
{
	return k->level <= level || id == PACS_KEY_size_bytes ||
	       id == PACS_KEY_stored_at ||
	       (id == PACS_KEY_path && level != PACS_LEVEL_PATIENT);
}

/* A blank would look like an object without that attribute. */
static void
check_field(const struct ctx *x, enum pacs_key_id id)
{
	const struct pacs_key *k = pacs_key_of(&x->q.ring, id);
	const char *other = "";

	if (!x->want[id] || is_of_level(k, id, x->level))
		return;
	if (id == PACS_KEY_path)
		cli_usage("a patient has no path; use -L study or below");
	if (x->level == PACS_LEVEL_STUDY && id == PACS_KEY_Modality)
		other = "ModalitiesInStudy or ";
	if (x->level == PACS_LEVEL_STUDY && id == PACS_KEY_SOPClassUID)
		other = "SOPClassesInStudy or ";
	cli_usage("%s is of the %s, and a %s may have many; use %s-L %s",
		  k->name, pacs_level_name(k->level), pacs_level_name(x->level),
		  other, pacs_level_name(k->level));
}

static void
open_records(struct ctx *x)
{
	int i;

	if (paths) {
		x->want[PACS_KEY_path] = true;
		return;
	}
	x->records = cli_records_new(x->fields, defaults[x->level]);
	for (i = 0; i < PACS_KEY_COUNT; i++)
		x->want[i] = cli_records_wants(x->records, fields[i].name);
	for (i = 0; i < (int)x->q.ring.count; i++)
		x->want[PACS_KEY_ADDED + i] =
		    cli_records_wants(x->records, x->q.ring.added[i].key.name);
	for (i = 0; i < PACS_KEY_COUNT; i++)
		check_field(x, (enum pacs_key_id)i);
	for (i = 0; i < (int)x->q.ring.count; i++)
		check_field(x, (enum pacs_key_id)(PACS_KEY_ADDED + i));
}

static void
print_record(struct ctx *x, const char *const *values)
{
	const char *all[PACS_KEY_COUNT + PACS_ADDED_MAX];

	if (!x->q.ring.count) {
		cli_record(x->records, values);
		return;
	}
	memcpy(all, values, PACS_KEY_COUNT * sizeof(*all));
	memcpy(all + PACS_KEY_COUNT, values + PACS_KEY_ADDED,
	       PACS_ADDED_MAX * sizeof(*all));
	cli_record(x->records, all);
}

static void
print(struct ctx *x, const char *const *values)
{
	char *path;

	x->tally.done++;
	if (!paths) {
		print_record(x, values);
		return;
	}
	path = pacs_format("%s/%s", pacs_archive_path(x->ar),
			   values[PACS_KEY_path]);
	cli_line(path);
	free(path);
}

static enum pacs_err
list(struct pacs_error *err, struct ctx *x)
{
	struct pacs_find_options o = {.level = x->level,
				      .want = x->want,
				      .want_added = x->want + PACS_KEY_ADDED,
				      .limit = limit == UINT64_MAX ? 0 : limit,
				      .sort = x->sort,
				      .sort_count = x->sort_count};
	const char *const *values = NULL;
	struct pacs_find *f;

	open_records(x);
	if (pacs_find_open(err, x->ix, &x->q.query, &o, &f))
		return err->code;
	while (!cli_stopped() && !cli_stdout_broken() &&
	       !pacs_find_next(err, f, &values) && values)
		print(x, values);
	pacs_find_close(f);
	return err->code;
}

static enum pacs_err
count(struct pacs_error *err, struct ctx *x)
{
	char text[24];

	if (pacs_index_count(err, x->ix, &x->q.query, x->level, &x->tally.done))
		return err->code;
	if (x->tally.done > limit)
		x->tally.done = limit;
	snprintf(text, sizeof(text), "%" PRIu64, x->tally.done);
	cli_line(text);
	return PACS_OK;
}

/* --- tallies ----------------------------------------------------------- */

static const struct cli_field tally_fields[] = {
    {"value", CLI_TEXT, "--group: a value of KEY; empty: none"},
    {"count", CLI_NUMBER, "--group: how many records have it"},
    {"sum", CLI_NUMBER, "--group with --sum: over those"},
    {NULL, CLI_TEXT, NULL},
};

static void
tallied(void *ctx, const char *value, uint64_t n, double sum)
{
	struct ctx *x = ctx;
	char number[24], total[32];
	const char *values[] = {value, number, total};

	x->tally.done += n;
	snprintf(number, sizeof(number), "%" PRIu64, n);
	snprintf(total, sizeof(total), "%.15g", sum);
	if (group_key)
		cli_record(x->records, values);
	else
		cli_line(total);
}

static void
tally_key(const struct ctx *x, const char *name, enum pacs_key_id *ret)
{
	struct pacs_error err = PACS_ERROR_INIT;

	*ret = PACS_KEY_COUNT;
	if (name && pacs_keyring_find(&err, &x->q.ring, name, ret))
		cli_usage("%s", err.msg);
}

static enum pacs_err
tally(struct pacs_error *err, struct ctx *x)
{
	enum pacs_key_id group, sum;

	tally_key(x, group_key, &group);
	tally_key(x, sum_key, &sum);
	if (sum_key && pacs_key_of(&x->q.ring, sum)->type != PACS_TYPE_NUMBER)
		cli_usage("'%s' is no number", sum_key);
	if (group_key)
		x->records = cli_records_new(
		    tally_fields, sum_key ? "value,count,sum" : "value,count");
	if (pacs_index_tally(err, x->ix, &x->q.query, x->level, group, sum,
			     tallied, x) == PACS_EUSAGE)
		cli_usage("%s", err->msg);
	if (!x->tally.done && !group_key)
		cli_line("0");
	return err->code;
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
		cli_say("there is no index, and this user may not make one: it "
			"was made in memory, for this question");
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
	struct pacs_index_options o = {.as_is = as_is, .progress = go_on};

	if (pacs_index_open(err, x->ar, &o, &x->ix))
		return err->code;
	say_memory(x->ix);
	if (count_only             ? count(err, x)
	    : group_key || sum_key ? tally(err, x)
				   : list(err, x))
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
	bool tallies = group_key || sum_key;

	if (count_only + paths + tallies > 1)
		cli_usage("--count, --paths and --group or --sum exclude each "
			  "other");
	if ((count_only || paths || (sum_key && !group_key)) &&
	    (cli_common.fields || cli_common.format))
		cli_usage("-f and --format are for records");
	if (sort_list && (count_only || tallies))
		cli_usage("--sort is for records");
	if (!limit)
		cli_usage("--limit: no records are no answer; it takes 1 or "
			  "more");
	if (limit != UINT64_MAX && tallies)
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
	added_keys(&x);
	ask(&x, operands);
	sorting(&x);
	if (run(&err, &x)) {
		if (err.code != PACS_EINTERRUPTED)
			cli_warn_error(&err, NULL);
		x.tally.fatal = err.code;
	}
	pacs_archive_close(x.ar);
	question_end(&x.q);
	return cli_finish(&x.tally);
}
