/* De-identify objects by PS3.15 Annex E. pacs-anon(1) is the reference. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/cli.h"
#include "deid/map.h"
#include "deid/rules.h"
#include "deid/run.h"
#include "deid/subjects.h"
#include "deid/table.h"
#include "ingest/ingest.h"

static struct {
	const char *key, *make_key, *output;
	const char *map, *recipient, *subjects, *rules;
	bool print, plan, list_kinds, store, checklist, reidentify;
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
    {"kind", CLI_TEXT, "map: patient, accession, study or series"},
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
enum { F_SIZE = 7, F_COUNT = 10, F_KIND, F_ORIGINAL, F_ISSUER, F_REPLACEMENT };

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

struct ctx {
	struct pacs_deid_map *map;
	struct storing *storing;      /* NULL: not into an archive */
	struct cli_operands operands; /* those that are left */
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
settle(struct ctx *c, const struct pacs_deid_record *r)
{
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
}

/* --- into an archive --------------------------------------------------------
 *
 * A tar of the objects goes through a pipe to what pacs-store does with a
 * stream. An object counts as written when it is stored, on stable storage and
 * on record, so its record waits for that.
 */

/* An object on its way: its record, or what became of it, whichever came
 * first. Kept by its new UID. */
struct parcel {
	char instance[65];
	bool acknowledged;
	enum pacs_outcome outcome; /* of the archive */
	const char *reason;
	struct pacs_deid_record rec;
	char *text; /* of the record */
};

struct storing {
	struct ctx *c;
	struct pacs_archive *ar;
	pthread_t thread;
	pthread_mutex_t lock;
	void *parcels; /* tsearch(3) */
	int pipe[2];
	struct pacs_error err;
	struct pacs_ingest_tally tally;
};

static int
by_instance(const void *a, const void *b)
{
	return strcmp(((const struct parcel *)a)->instance,
		      ((const struct parcel *)b)->instance);
}

/* The parcel of that UID, made if there is none. */
static struct parcel *
find_parcel(struct storing *s, const char *instance)
{
	struct parcel *p = pacs_calloc(1, sizeof(*p)), **found;

	snprintf(p->instance, sizeof(p->instance), "%s", instance);
	found = tsearch(p, &s->parcels, by_instance);
	if (!found)
		abort(); /* no memory */
	if (*found != p)
		free(p);
	return *found;
}

static void
drop_parcel(struct storing *s, struct parcel *p)
{
	tdelete(p, &s->parcels, by_instance);
	free(p->text);
	free(p);
}

static void
deliver(struct storing *s, struct parcel *p, struct pacs_deid_record *r)
{
	switch (p->outcome) {
	case PACS_OUTCOME_STORED:
	case PACS_OUTCOME_REPAIRED:
		break;
	case PACS_OUTCOME_DUPLICATE:
		r->outcome = PACS_ANON_DUPLICATE;
		break;
	default:
		r->outcome = PACS_ANON_FAILED;
		r->reason =
		    *p->reason ? p->reason : pacs_outcome_name(p->outcome);
		r->detail = "the archive did not take it";
		break;
	}
	settle(s->c, r);
	drop_parcel(s, p);
}

static void
on_stored(void *ctx, const struct pacs_ingest_record *r)
{
	struct storing *s = ctx;
	struct parcel *p;

	if (!*r->triple->instance)
		return;
	pthread_mutex_lock(&s->lock);
	p = find_parcel(s, r->triple->instance);
	p->acknowledged = true;
	p->outcome = r->outcome;
	p->reason = r->reason;
	if (p->text)
		deliver(s, p, &p->rec);
	pthread_mutex_unlock(&s->lock);
}

/* Keep a record until the archive has answered. */
static void
keep_record(struct parcel *p, const struct pacs_deid_record *r)
{
	static const struct pacs_deid_identity known;
	struct pacs_buf b = {0};
	const char *const texts[] = {r->source, r->path,   r->sop_class,
				     r->study,  r->series, r->pseudonym};
	const char **const places[] = {&p->rec.source,    &p->rec.path,
				       &p->rec.sop_class, &p->rec.study,
				       &p->rec.series,    &p->rec.pseudonym};
	size_t at[6], i;

	for (i = 0; i < 6; i++) {
		at[i] = b.len;
		pacs_buf_add(&b, texts[i], strlen(texts[i]) + 1);
	}
	p->rec = *r;
	p->text = pacs_buf_take(&b);
	for (i = 0; i < 6; i++)
		*places[i] = p->text + at[i];
	p->rec.instance = p->instance;
	p->rec.detail = "";
	p->rec.identity = &known; /* the map has what it needs */
}

static void
await_store(struct storing *s, const struct pacs_deid_record *r)
{
	struct pacs_deid_record copy = *r;
	struct parcel *p;

	pthread_mutex_lock(&s->lock);
	p = find_parcel(s, r->instance);
	if (p->acknowledged)
		deliver(s, p, &copy);
	else
		keep_record(p, r);
	pthread_mutex_unlock(&s->lock);
}

static void
on_store_trouble(void *p, const char *source, const struct pacs_error *err)
{
	(void)p;
	cli_warn_error(err, source);
}

static bool
never(void *p)
{
	(void)p;
	return false;
}

static void *
store_all(void *p)
{
	struct storing *s = p;
	const struct pacs_ingest_options how = {
	    .workers = 1, .stream_fd = s->pipe[0], .origin = "pacs-anon"};
	const struct pacs_ingest_hooks hooks = {.ctx = s,
						.record = on_stored,
						.trouble = on_store_trouble,
						.stopped = never};

	(void)!pacs_ingest(&s->err, s->ar, &how, &hooks, &s->tally);
	close(s->pipe[0]); /* whoever writes on is told so */
	return NULL;
}

static struct storing *
storing_begin(struct ctx *c)
{
	struct storing *s = pacs_calloc(1, sizeof(*s));
	struct pacs_error err = PACS_ERROR_INIT;

	s->c = c;
	pthread_mutex_init(&s->lock, NULL);
	if (pacs_archive_open(&err, flags.output, PACS_ARCHIVE_WRITE, &s->ar))
		cli_die(&err);
	if (pipe2(s->pipe, O_CLOEXEC)) {
		pacs_error_sys(&err, errno, "cannot make a pipe");
		cli_die(&err);
	}
	if (pthread_create(&s->thread, NULL, store_all, s)) {
		pacs_error_sys(&err, EAGAIN, "cannot start a thread");
		cli_die(&err);
	}
	return s;
}

/* All are sent: wait for the last answers. What has none is not written. */
static void
storing_end(struct storing *s)
{
	close(s->pipe[1]);
	pthread_join(s->thread, NULL);
	while (s->parcels) {
		struct parcel *p = *(struct parcel **)s->parcels;

		if (p->text) {
			p->rec.outcome = PACS_ANON_FAILED;
			p->rec.reason = "not-stored";
			settle(s->c, &p->rec);
		}
		drop_parcel(s, p);
	}
	if (s->err.code) {
		cli_warn_error(&s->err, NULL);
		s->c->tally.fatal = s->err.code;
	}
	pacs_archive_close(s->ar);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ------------------------------------------------------------------------------
 */

static enum pacs_err
on_record(struct pacs_error *err, void *p, const struct pacs_deid_record *r)
{
	struct ctx *c = p;

	if (c->map && r->identity &&
	    pacs_deid_map_add(err, c->map, r->identity))
		return err->code;
	if (!c->storing) {
		settle(c, r);
	} else if (r->identity && r->outcome == PACS_ANON_WRITTEN) {
		await_store(c->storing, r);
	} else {
		pthread_mutex_lock(&c->storing->lock);
		settle(c, r);
		pthread_mutex_unlock(&c->storing->lock);
	}
	return PACS_OK;
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
check_usage(int count)
{
	if (!flags.key)
		cli_usage("--key is missing; --make-key makes one");
	check_output();
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

/* --- the map ---------------------------------------------------------------
 */

/* A map for somebody's key: text into age, which never stands on a disk. */
struct age {
	pid_t pid;
	char *part;
};

static struct pacs_deid_map *
start_age(struct age *age)
{
	char *part = age->part = pacs_format("%s.part", flags.map);
	char *argv[] = {(char *)"age", (char *)"-r", (char *)flags.recipient,
			(char *)"-o",  part,         NULL};
	posix_spawn_file_actions_t actions;
	struct pacs_error err = PACS_ERROR_INIT;
	int fds[2], failed;

	if (!access(flags.map, F_OK)) {
		pacs_error_set(&err, PACS_EEXISTS,
			       "'%s' is there, and nothing can be added to an "
			       "encrypted map: name another",
			       flags.map);
		cli_die(&err);
	}
	(void)!pacs_fs_unlink(&err, AT_FDCWD, part);
	pacs_error_clear(&err);
	if (pipe2(fds, O_CLOEXEC)) {
		pacs_error_sys(&err, errno, "cannot make a pipe");
		cli_die(&err);
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO,
					 STDOUT_FILENO);
	failed = posix_spawnp(&age->pid, "age", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[0]);
	if (failed) {
		pacs_error_sys(&err, failed, "cannot run age(1)");
		cli_die(&err);
	}
	return pacs_deid_map_to(fds[1]);
}

static enum pacs_err
end_age(struct pacs_error *err, struct age *age)
{
	struct pacs_error gone = PACS_ERROR_INIT;
	int status = 0;

	while (waitpid(age->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		pacs_error_set(err, PACS_EIO, "age did not encrypt the map");
	else if (!pacs_fs_sync_path(err, AT_FDCWD, age->part))
		(void)!pacs_fs_link(err, AT_FDCWD, age->part, AT_FDCWD,
				    flags.map);
	(void)!pacs_fs_unlink(&gone, AT_FDCWD, age->part);
	free(age->part);
	return err->code;
}

static void
open_map(struct ctx *c, struct age *age)
{
	struct pacs_error err = PACS_ERROR_INIT;

	if (flags.recipient)
		c->map = start_age(age);
	else if (flags.map && pacs_deid_map_open(&err, flags.map, &c->map))
		cli_die(&err);
}

static void
close_map(struct ctx *c, struct age *age)
{
	struct pacs_error err = PACS_ERROR_INIT;

	if (!pacs_deid_map_close(&err, c->map) && flags.recipient)
		(void)!end_age(&err, age);
	if (!err.code)
		return;
	cli_warn_error(&err, NULL);
	if (!c->tally.fatal)
		c->tally.fatal = err.code;
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
open_output(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_output *out = NULL;
	unsigned jobs = (unsigned)cli_common.jobs;
	enum pacs_err code = PACS_OK;

	if (flags.plan)
		return pacs_deid_output_none();
	if (flags.store) {
		c->storing = storing_begin(c);
		code =
		    pacs_deid_output_tar(&err, c->storing->pipe[1], 0, 1, &out);
	} else if (!strcmp(flags.output, "-")) {
		code = pacs_deid_output_tar(&err, STDOUT_FILENO, 0, 1, &out);
	} else if (ends_in(flags.output, ".tar")) {
		code =
		    pacs_deid_output_tar_file(&err, flags.output, 0, 1, &out);
	} else if (ends_in(flags.output, ".tar.zst")) {
		code = pacs_deid_output_tar_file(&err, flags.output, 3, jobs,
						 &out);
	} else {
		code = pacs_deid_output_folder(&err, flags.output, &out);
	}
	if (code)
		cli_die(&err);
	return out;
}

static void
note_error(struct ctx *c, const struct pacs_error *err)
{
	if (!c->tally.fatal)
		cli_warn_error(err, NULL);
	if (!c->tally.fatal)
		c->tally.fatal = err->code;
}

static void
run(struct ctx *c, const struct pacs_deid *d)
{
	const struct pacs_deid_hooks hooks = {
	    .ctx = c,
	    .next = next_item,
	    .stopped = cli_on_stopped,
	    .ending = cli_on_ending,
	    .record = on_record,
	    .progress = cli_on_progress,
	};
	struct pacs_error err = PACS_ERROR_INIT, closed = PACS_ERROR_INIT;
	struct pacs_deid_tally *t = pacs_calloc(1, sizeof(*t));
	struct pacs_deid_output *out;
	struct age age = {0};

	open_map(c, &age);
	out = open_output(c);
	cli_progress_start("de-identifying", 0, 0);
	if (pacs_deid_run(&err, d, out, (unsigned)cli_common.jobs, &hooks, t))
		note_error(c, &err);
	cli_progress_end();
	if (pacs_deid_output_close(&closed, out,
				   !c->tally.fatal && !cli_stopped()))
		note_error(c, &closed);
	if (c->storing)
		storing_end(c->storing);
	close_map(c, &age);
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

static const char *
kept_if(bool kept, const char *otherwise)
{
	return kept ? "kept, since an option says so" : otherwise;
}

/* HIPAA 45 CFR 164.514(b)(2)(i), (A) to (R). */
static int
checklist(void)
{
	const char *dates =
	    flags.full_dates ? "kept, since an option says so; birth dates go"
	    : flags.modify_dates ? "moved, per patient; birth dates go"
				 : "removed or replaced; ages go too";
	const char *const lines[][2] = {
	    {"A names", "attributes: removed or replaced"},
	    {"B places smaller than a state",
	     kept_if(flags.institution,
		     "attributes: addresses and institutions removed")},
	    {"C dates, ages over 89",
	     flags.characteristics && !options.cap_age
		 ? "dates as chosen; ages over 89 are NOT capped (--cap-age)"
		 : dates},
	    {"D telephone numbers", "attributes: removed"},
	    {"E fax numbers", "attributes: removed"},
	    {"F e-mail addresses", "attributes: removed"},
	    {"G social security numbers", "attributes: removed"},
	    {"H medical record numbers", "pseudonym, by the key"},
	    {"I health plan numbers", "attributes: removed"},
	    {"J account numbers",
	     "attributes: removed; accession numbers by the key"},
	    {"K licence numbers", "attributes: removed"},
	    {"L vehicle numbers", "not examined"},
	    {"M device identifiers",
	     kept_if(flags.device, "attributes: removed or replaced")},
	    {"N web addresses", "attributes: removed"},
	    {"O IP addresses", "attributes: removed"},
	    {"P biometric identifiers", "not examined"},
	    {"Q full-face photographs",
	     "photographs withheld unless allowed; faces in CT and MR of the "
	     "head NOT examined"},
	    {"R other unique numbers",
	     kept_if(flags.uids, "UIDs replaced, by the key; private elements "
				 "removed unless known to be safe")},
	    {"pixels of any object",
	     "NOT examined: burned-in text may be there "
	     "in what is not withheld"},
	};
	struct cli_tally tally = {.told = true};
	struct pacs_buf b = {0};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		pacs_buf_reset(&b);
		pacs_buf_addf(&b, "%s\t%s", lines[i][0], lines[i][1]);
		cli_line(pacs_buf_str(&b));
	}
	cli_say("no claim of Safe Harbor is made");
	pacs_buf_clear(&b);
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
	if (flags.checklist)
		return checklist();
	if (flags.reidentify)
		return reidentify(c.operands.next);
	check_usage(count);
	options.allow = kinds_of(&flags.allow, "allow");
	options.skip = kinds_of(&flags.skip, "skip");
	options.columns = columns();
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
	return cli_finish(&c.tally);
}
