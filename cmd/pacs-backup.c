/* Backups of an archive: every night, off site, proved by restoring.
 * pacs-backup(1) is the reference. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/backup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/tree.h"
#include "cli/cli.h"
#include "fixity/fixity.h"
#include "index/index.h"

static struct {
	const char *repo, *identity, *output, *max_time, *sample, *max_age,
	    *metrics, *hold;
	struct cli_list recipients;
	uint64_t level, pack_size, rate, snapshot, studies;
	uint64_t daily, weekly, monthly, yearly;
	bool read_data, against;
} flags;

static const struct cli_opt opts[] = {
    CLI_OPT_ARCHIVE,
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    CLI_OPT_JOBS,
    CLI_OPT_DRY_RUN,
    CLI_OPT_NUL,
    {'o', "output", "DIR", "dir", "restore: where to; drill: scratch space",
     CLI_STRING, &flags.output},
    {'r', "repo", "REPO", "dir",
     "the repository, else PACS_BACKUP_REPO: a folder, rclone:REMOTE:PATH",
     CLI_STRING, &flags.repo},
    {0, "against", NULL, NULL, "verify: compare with the archive of -a",
     CLI_FLAG, &flags.against},
    {0, "hold", "FILE", "file",
     "prune: Study Instance UIDs whose packs stay, one a line", CLI_STRING,
     &flags.hold},
    {0, "identity", "FILE", "file", "age identities, to read what is encrypted",
     CLI_STRING, &flags.identity},
    {0, "keep-daily", "N", "none", "prune: keep the last of N days", CLI_UINT,
     &flags.daily},
    {0, "keep-monthly", "N", "none", "prune: keep the last of N months",
     CLI_UINT, &flags.monthly},
    {0, "keep-weekly", "N", "none", "prune: keep the last of N weeks", CLI_UINT,
     &flags.weekly},
    {0, "keep-yearly", "N", "none", "prune: keep the last of N years", CLI_UINT,
     &flags.yearly},
    {0, "level", "N", "none", "create: level of zstd, 1 to 19; 1", CLI_UINT,
     &flags.level},
    {0, "max-age", "TIME", "none",
     "status: status 1 if the last good backup is older: 30h", CLI_STRING,
     &flags.max_age},
    {0, "max-time", "TIME", "none", "create: stop after this time: 30m, 5h",
     CLI_STRING, &flags.max_time},
    {0, "metrics", "FILE", "file", "status: write OpenMetrics text there",
     CLI_STRING, &flags.metrics},
    {0, "pack-size", "BYTES", "none", "create: size of a pack; 128M", CLI_SIZE,
     &flags.pack_size},
    {0, "rate", "BYTES", "none", "create: read so many bytes a second: 50M",
     CLI_SIZE, &flags.rate},
    {0, "read-data", NULL, NULL, "verify: read the packs and every object",
     CLI_FLAG, &flags.read_data},
    {0, "recipient", "KEY", "none", "create: encrypt a new repository for it",
     CLI_LIST, &flags.recipients},
    {0, "sample", "PART", "none", "verify: read a random part of it: 10%",
     CLI_STRING, &flags.sample},
    {0, "snapshot", "N", "none", "show, restore: this one, not the last",
     CLI_UINT, &flags.snapshot},
    {0, "studies", "N", "none", "drill: restore so many; 3", CLI_UINT,
     &flags.studies},
    CLI_END,
};

enum field {
	F_NUMBER,
	F_BEGAN,
	F_ENDED,
	F_COMPLETE,
	F_OBJECTS,
	F_BYTES,
	F_STORED,
	F_MISSED,
	F_ALL_OBJECTS,
	F_ALL_BYTES,
	F_POSITION,
	F_NAME,
	F_KIND,
	F_SIZE,
	F_SHA256,
	F_FAULT,
	F_DETAIL,
	F_ALL_PACKS,
	F_AGE,
	F_COUNT
};
static const struct cli_field fields[F_COUNT + 1] = {
    [F_NUMBER] = {"snapshot", CLI_NUMBER, "number of the snapshot"},
    [F_BEGAN] = {"began_at", CLI_TEXT, "when it was begun, UTC"},
    [F_ENDED] = {"ended_at", CLI_TEXT, "when it was done, UTC"},
    [F_COMPLETE] = {"complete", CLI_BOOL, "false: the run ended before"},
    [F_OBJECTS] = {"objects", CLI_NUMBER, "objects that it added"},
    [F_BYTES] = {"bytes", CLI_NUMBER, "bytes of these objects"},
    [F_STORED] = {"stored_bytes", CLI_NUMBER, "bytes of the packs it added"},
    [F_MISSED] = {"missed", CLI_NUMBER, "objects that were lost or damaged"},
    [F_ALL_OBJECTS] = {"all_objects", CLI_NUMBER, "with all before it"},
    [F_ALL_BYTES] = {"all_bytes", CLI_NUMBER, "with all before it"},
    [F_POSITION] = {"position", CLI_TEXT,
		    "state of the ledger: 000002-0-check"},
    [F_NAME] = {"name", CLI_TEXT, "a file of the repository, or an object"},
    [F_KIND] = {"kind", CLI_TEXT, "ledger, objects, groups, list"},
    [F_SIZE] = {"size_bytes", CLI_NUMBER, "size of the file"},
    [F_SHA256] = {"sha256", CLI_TEXT, "digest of the file, as it is there"},
    [F_FAULT] = {"fault", CLI_TEXT, "what is wrong, one word"},
    [F_DETAIL] = {"detail", CLI_TEXT, "more about it"},
    [F_ALL_PACKS] = {"all_packs", CLI_NUMBER, "with all before it"},
    [F_AGE] = {"age_seconds", CLI_NUMBER, "since it was done"},
    [F_COUNT] = {NULL, CLI_TEXT, NULL},
};

static const struct cli_program program = {
    .name = "pacs-backup",
    .summary = "back an archive up, prove it, restore it",
    .operands = "[KEY=VALUE ... | REPO]",
    .opts = opts,
    .verbs = "create|list|show|verify|restore|drill|prune|copy|status",
    .fields = fields,
};

struct ctx {
	struct pacs_repo *r;
	struct pacs_archive *ar;
	struct cli_records *records;
	struct cli_tally tally;
	char **operands;
	uint64_t deadline_ms; /* 0 = none */
	bool out_of_time;
};

/* --- what all have in common ---------------------------------------------- */

static const char *
repo_name(void)
{
	const char *name =
	    flags.repo ? flags.repo : cli_env("PACS_BACKUP_REPO");

	if (!name || !*name)
		cli_usage("no repository: -r or PACS_BACKUP_REPO");
	return name;
}

static void
fail(struct ctx *c, const struct pacs_error *err)
{
	cli_warn_error(err, NULL);
	c->tally.fatal = err->code;
}

static void
open_repo(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;

	if (pacs_repo_open(&err, repo_name(), flags.identity, &c->r))
		cli_die(&err);
}

static void
missed(void *p, const char *path, const char *why)
{
	struct ctx *c = p;

	c->tally.failed++;
	cli_warn("%s: %s", path, why);
}

static bool
stopped(void *p)
{
	struct ctx *c = p;

	if (c->deadline_ms && pacs_time_mono_ms() >= c->deadline_ms)
		c->out_of_time = true;
	return c->out_of_time || cli_stopped() || cli_stdout_broken();
}

static struct pacs_backup_hooks
hooks_of(struct ctx *c)
{
	return (struct pacs_backup_hooks){c, missed, cli_on_progress, stopped};
}

/* --- create --------------------------------------------------------------- */

static void
end_create(struct ctx *c, const struct pacs_backup_tally *t)
{
	cli_note("snapshot %u: %" PRIu64 " objects, %" PRIu64
		 " bytes, in %" PRIu64 " bytes of packs%s",
		 t->number, t->objects, t->bytes, t->stored,
		 t->complete ? "" : "; not complete");
	c->tally.told = true;
	c->tally.done = t->objects;
	if (!t->complete && !c->tally.fatal && !cli_stopped()) {
		cli_warn("the time was over; the next run goes on");
		c->tally.failed++;
	}
	/* Of earlier nights, too. */
	if (t->missed && !c->tally.failed)
		c->tally.failed = t->missed;
}

static void
create(struct ctx *c)
{
	const struct pacs_backup_options o = {
	    .jobs = (unsigned)cli_common.jobs,
	    .level = (int)flags.level,
	    .pack_size = flags.pack_size,
	    .rate = flags.rate,
	    .patient = flags.max_time != NULL,
	};
	const struct pacs_backup_hooks hooks = hooks_of(c);
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_backup_tally t = {0};
	const char *repo = repo_name();
	bool stream = strcmp(repo, "-") == 0;

	if (flags.max_time)
		c->deadline_ms =
		    pacs_time_mono_ms() + cli_time_ms(flags.max_time);
	if (pacs_archive_open(&err, cli_archive(), PACS_ARCHIVE_WRITE,
			      &c->ar) ||
	    (!stream && pacs_repo_make(&err, repo, flags.identity,
				       pacs_archive_settings(c->ar)->uuid,
				       flags.recipients.items,
				       flags.recipients.count, &c->r)))
		cli_die(&err);
	cli_progress_start("objects", 0, 0);
	if (stream ? pacs_backup_stream(&err, STDOUT_FILENO, c->ar,
					flags.recipients.items,
					flags.recipients.count, &o, &hooks, &t)
		   : pacs_backup_create(&err, c->r, c->ar, &o, &hooks, &t))
		fail(c, &err);
	cli_progress_end();
	end_create(c, &t);
}

/* --- list, show ----------------------------------------------------------- */

struct numbers {
	char number[12], objects[24], bytes[24], stored[24], missed[24],
	    all_objects[24], all_bytes[24], all_packs[24], position[64];
};

static void
fill(const struct pacs_backup_snapshot *s, struct numbers *n,
     const char *values[F_COUNT])
{
#define N(buf, v) snprintf(buf, sizeof(buf), "%" PRIu64, (uint64_t)(v))
	N(n->number, s->number);
	N(n->objects, s->objects);
	N(n->bytes, s->bytes);
	N(n->stored, s->stored);
	N(n->missed, s->missed);
	N(n->all_objects, s->all_objects);
	N(n->all_bytes, s->all_bytes);
	N(n->all_packs, s->all_packs);
#undef N
	snprintf(n->position, sizeof(n->position), "%06u-%" PRIu64 "-%s",
		 s->at.segment, s->at.offset, s->at.check);
	values[F_NUMBER] = n->number;
	values[F_BEGAN] = s->began;
	values[F_ENDED] = s->ended;
	values[F_COMPLETE] = s->complete ? "true" : "false";
	values[F_OBJECTS] = n->objects;
	values[F_BYTES] = n->bytes;
	values[F_STORED] = n->stored;
	values[F_MISSED] = n->missed;
	values[F_ALL_OBJECTS] = n->all_objects;
	values[F_ALL_BYTES] = n->all_bytes;
	values[F_ALL_PACKS] = n->all_packs;
	values[F_POSITION] = n->position;
}

static void
list_one(void *p, const struct pacs_backup_snapshot *s)
{
	const char *values[F_COUNT] = {0};
	struct numbers n;
	struct ctx *c = p;

	fill(s, &n, values);
	cli_record(c->records, values);
	c->tally.done++;
}

static void
show_one(void *p, const struct pacs_backup_snapshot *s)
{
	const char *values[F_COUNT] = {0};
	struct numbers n;
	struct ctx *c = p;
	char size[24];
	size_t i;

	fill(s, &n, values);
	for (i = 0; i < s->file_count; i++) {
		snprintf(size, sizeof(size), "%" PRIu64, s->files[i].size);
		snprintf(n.objects, sizeof(n.objects), "%" PRIu64,
			 s->files[i].objects);
		values[F_NAME] = s->files[i].name;
		values[F_KIND] = s->files[i].kind;
		values[F_SIZE] = size;
		values[F_SHA256] = s->files[i].sha256;
		cli_record(c->records, values);
	}
	c->tally.done++;
}

static void
list(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;

	open_repo(c);
	c->records = cli_records_new(
	    fields, "snapshot,began_at,ended_at,complete,objects,bytes,"
		    "stored_bytes,missed,all_objects,all_bytes");
	if (pacs_backup_list(&err, c->r, 0, list_one, c))
		fail(c, &err);
	c->tally.no = !c->tally.done && !c->tally.fatal;
}

static void
keep_last(void *p, const struct pacs_backup_snapshot *s)
{
	*(unsigned *)p = s->number;
}

static void
show(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;
	unsigned number = (unsigned)flags.snapshot;

	open_repo(c);
	c->records =
	    cli_records_new(fields, "name,kind,size_bytes,objects,sha256");
	if ((!number && pacs_backup_list(&err, c->r, 0, keep_last, &number)) ||
	    (number && pacs_backup_list(&err, c->r, number, show_one, c)))
		fail(c, &err);
	c->tally.no = !c->tally.done && !c->tally.fatal;
}

/* --- verify --------------------------------------------------------------- */

static void
finding(void *p, enum pacs_backup_fault fault, const char *name,
	const char *detail)
{
	struct ctx *c = p;
	const char *const values[F_COUNT] = {
	    [F_FAULT] = pacs_backup_fault_word(fault),
	    [F_NAME] = name,
	    [F_DETAIL] = detail,
	};

	c->tally.no = true;
	cli_record(c->records, values);
}

static void
verify(struct ctx *c)
{
	struct pacs_backup_check o = {
	    .read_data = flags.read_data || flags.sample,
	    .sample_ppm = flags.sample ? cli_part_ppm(flags.sample) : 0,
	    .jobs = (unsigned)cli_common.jobs,
	};
	const struct pacs_backup_check_hooks hooks = {c, finding,
						      cli_on_progress, stopped};
	struct pacs_backup_check_tally t;
	struct pacs_error err = PACS_ERROR_INIT;

	open_repo(c);
	if (flags.against &&
	    pacs_archive_open(&err, cli_archive(), PACS_ARCHIVE_READ, &c->ar))
		cli_die(&err);
	o.against = c->ar;
	c->records = cli_records_new(fields, "fault,name,detail");
	cli_progress_start("files", 0, 0);
	if (pacs_backup_verify(&err, c->r, &o, &hooks, &t)) {
		fail(c, &err);
		return;
	}
	cli_progress_end();
	cli_note("%u snapshots, %" PRIu64 " files, %" PRIu64
		 " of them read (%" PRIu64 " bytes, %" PRIu64
		 " objects), %" PRIu64 " recorded objects are in packs",
		 t.snapshots, t.files, t.files_read, t.bytes_read,
		 t.objects_read, t.covered);
	c->tally.told = true;
	if (t.digests_only)
		cli_say("encrypted, and no --identity: %s",
			o.read_data ? "digests of the encrypted files were "
				      "compared, not what is in them"
				    : "names and sizes of the encrypted files "
				      "were compared, not what is in them");
	if (!t.snapshots) {
		cli_warn("there is no snapshot");
		c->tally.no = true;
	}
}

/* --- restore -------------------------------------------------------------- */

static void
restored_finding(void *p, const struct pacs_fixity_finding *f)
{
	struct ctx *c = p;

	if (f->fault == PACS_FAULT_MODE)
		return;
	cli_warn("%s: %s in the restored archive", f->path,
		 pacs_fault_word(f->fault));
	c->tally.failed++;
}

/* Every object that its ledger names must be there. */
static void
check_restored(struct ctx *c, const char *path)
{
	const struct pacs_fixity_options o = {.quick = true, .jobs = 1};
	const struct pacs_fixity_hooks hooks = {.ctx = c,
						.finding = restored_finding};
	struct pacs_fixity_tally t;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_archive *ar;

	if (pacs_archive_open(&err, path, PACS_ARCHIVE_READ, &ar) ||
	    pacs_fixity_check(&err, ar, &o, &hooks, &t))
		fail(c, &err);
	pacs_archive_close(ar);
}

static void
restore(struct ctx *c)
{
	const struct pacs_backup_hooks hooks = hooks_of(c);
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_restore_tally t;
	bool some = *c->operands != NULL;

	open_repo(c);
	cli_progress_start("objects", 0, 0);
	if (some ? pacs_backup_restore_some(
		       &err, c->r, (unsigned)flags.snapshot, c->operands,
		       flags.output, &hooks, &t)
		 : pacs_backup_restore(&err, c->r, (unsigned)flags.snapshot,
				       flags.output, &hooks, &t)) {
		if (err.code == PACS_EUSAGE)
			cli_usage("%s", err.msg);
		fail(c, &err);
		return;
	}
	cli_progress_end();
	if (!some)
		check_restored(c, flags.output);
	c->tally.no = some && !t.objects && !t.failed;
	c->tally.done = t.objects;
	c->tally.told = true;
	cli_note("snapshot %u: %" PRIu64 " objects, %" PRIu64
		 " bytes restored; %" PRIu64 " bytes of packs read",
		 t.number, t.objects, t.bytes, t.read);
}

/* --- drill ---------------------------------------------------------------- */

/* "StudyInstanceUID=1.2.3\\4.5.6": these studies. Caller frees. */
static char *
draw(struct ctx *c, struct pacs_error *err, size_t *ret_count)
{
	struct pacs_buf b = {0};
	size_t i, most = flags.studies ? (size_t)flags.studies : 3;
	char **uids;

	(void)!pacs_backup_draw(err, c->r, most, &uids, ret_count);
	pacs_buf_adds(&b, "StudyInstanceUID=");
	for (i = 0; i < *ret_count; i++) {
		pacs_buf_addf(&b, "%s%s", i ? "\\" : "", uids[i]);
		free(uids[i]);
	}
	free(uids);
	return pacs_buf_take(&b);
}

/* A new archive from what was drawn, an index of it, every object read. */
static void
rehearse(struct ctx *c, struct pacs_error *err, const char *scratch,
	 char *condition, struct pacs_restore_tally *t)
{
	const struct pacs_settings s = {
	    .default_issuer = "", .timezone = "", .floor_bytes = 1};
	const struct pacs_backup_hooks hooks = hooks_of(c);
	const struct pacs_fixity_options o = {.jobs =
						  (unsigned)cli_common.jobs};
	const struct pacs_fixity_hooks fh = {
	    .ctx = c, .finding = restored_finding, .stopped = stopped};
	char *const conditions[] = {condition, NULL};
	struct pacs_query all = {0};
	struct pacs_fixity_tally ft;
	struct pacs_index *ix = NULL;
	uint64_t count = 0;

	if (pacs_archive_create(err, scratch, &s) ||
	    pacs_backup_restore_some(err, c->r, 0, conditions, scratch, &hooks,
				     t) ||
	    pacs_archive_open(err, scratch, PACS_ARCHIVE_READ, &c->ar) ||
	    pacs_index_open(err, c->ar, NULL, &ix) ||
	    pacs_index_count(err, ix, &all, PACS_LEVEL_INSTANCE, &count) ||
	    pacs_fixity_check(err, c->ar, &o, &fh, &ft))
		cli_warn_error(err, NULL);
	pacs_index_close(ix);
	if (!err->code && (count != t->objects || ft.objects != count)) {
		cli_warn("%" PRIu64 " objects were restored, %" PRIu64
			 " are found",
			 t->objects, count);
		c->tally.failed++;
	}
}

/* A folder of our own where -o does not name one. Free. */
static char *
scratch_folder(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const char *tmp = cli_env("TMPDIR");
	char *folder =
	    pacs_format("%s/pacs-drill.XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (!mkdtemp(folder)) {
		pacs_error_sys(&err, errno, "cannot make a folder in '%s'",
			       tmp && *tmp ? tmp : "/tmp");
		cli_die(&err);
	}
	return folder;
}

static void
drill(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT, e = PACS_ERROR_INIT;
	struct pacs_restore_tally t = {0};
	char *folder = NULL, *scratch, *condition;
	size_t studies = 0;

	open_repo(c);
	condition = draw(c, &err, &studies);
	if (err.code)
		cli_die(&err);
	if (!flags.output)
		folder = scratch_folder();
	scratch =
	    pacs_format("%s/pacs-drill", flags.output ? flags.output : folder);
	if (studies)
		rehearse(c, &err, scratch, condition, &t);
	if (err.code)
		c->tally.fatal = err.code;
	/* The answer of a drill is no if anything was not as it should be. */
	c->tally.no = c->tally.failed || !t.objects;
	c->tally.failed = 0;
	if (pacs_tree_remove(&e, scratch) ||
	    (folder && pacs_tree_remove(&e, folder)))
		cli_warn_error(&e, NULL);
	free(folder);
	cli_note("%" PRIu64 " of %zu studies restored, %" PRIu64
		 " objects, %" PRIu64 " bytes: %s",
		 t.studies, studies, t.objects, t.bytes,
		 c->tally.no || err.code ? "not as recorded" : "all whole");
	if (!studies)
		cli_warn("there is no study in this backup");
	c->tally.told = true;
	free(scratch);
	free(condition);
}

/* --- prune ---------------------------------------------------------------- */

static void
pruned(void *p, const char *what, const char *name)
{
	(void)p;
	if (cli_common.dry_run)
		cli_say("would remove the %s %s", what, name);
}

/* Lines of a file; caller frees the text, and the list. */
static char **
read_hold(struct pacs_buf *text, size_t *ret_count)
{
	struct pacs_error err = PACS_ERROR_INIT;
	char *line, *save = NULL, **list = NULL;

	*ret_count = 0;
	if (!flags.hold)
		return NULL;
	if (cli_slurp(&err, flags.hold, 64u << 20, text))
		cli_die(&err);
	for (line = text->len ? strtok_r(text->data, " \t\r\n", &save) : NULL;
	     line; line = strtok_r(NULL, " \t\r\n", &save)) {
		list = pacs_realloc(list, (*ret_count + 1) * sizeof(*list));
		list[(*ret_count)++] = line;
	}
	return list;
}

static void
prune(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf text = {0};
	struct pacs_prune_tally t;
	size_t holds;
	char **hold = read_hold(&text, &holds);
	const struct pacs_prune p = {
	    .daily = (unsigned)flags.daily,
	    .weekly = (unsigned)flags.weekly,
	    .monthly = (unsigned)flags.monthly,
	    .yearly = (unsigned)flags.yearly,
	    .hold = hold,
	    .hold_count = holds,
	    .dry_run = cli_common.dry_run,
	};

	open_repo(c);
	if (pacs_backup_prune(&err, c->r, &p, pruned, c, &t)) {
		fail(c, &err);
	} else {
		cli_note("%u snapshots kept, %u dropped; %" PRIu64
			 " packs removed, %" PRIu64 " bytes",
			 t.kept, t.dropped, t.packs, t.bytes);
		if (t.packs_unknown)
			cli_say("encrypted, and no --identity: which packs "
				"nobody needs is not known, none was removed");
	}
	c->tally.told = true;
	free(hold);
	pacs_buf_clear(&text);
}

/* --- copy, status --------------------------------------------------------- */

static void
copy(struct ctx *c)
{
	const struct pacs_backup_hooks hooks = hooks_of(c);
	struct pacs_error err = PACS_ERROR_INIT;
	uint64_t files, bytes;

	open_repo(c);
	cli_progress_start("files", 0, 0);
	if (pacs_backup_copy(&err, c->r, *c->operands, &hooks, &files, &bytes))
		fail(c, &err);
	cli_progress_end();
	cli_note("%" PRIu64 " files, %" PRIu64 " bytes copied", files, bytes);
	c->tally.told = true;
}

struct last {
	struct ctx *c;
	struct numbers n;
	char ended[PACS_TIME_SIZE], began[PACS_TIME_SIZE];
	int64_t good; /* seconds since 1970, 0: none */
	const char *values[F_COUNT];
	uint64_t snapshots;
};

static void
keep_good(void *p, const struct pacs_backup_snapshot *s)
{
	struct last *l = p;

	l->snapshots++;
	if (!s->complete || s->missed)
		return;
	fill(s, &l->n, l->values);
	snprintf(l->ended, sizeof(l->ended), "%s", s->ended);
	snprintf(l->began, sizeof(l->began), "%s", s->began);
	l->values[F_ENDED] = l->ended;
	l->values[F_BEGAN] = l->began;
	l->good = pacs_backup_seconds(s->ended);
}

static void
gauge(struct pacs_buf *b, const char *name, const char *help, const char *value)
{
	pacs_buf_addf(b, "# TYPE %s gauge\n# HELP %s %s\n%s %s\n", name, name,
		      help, name, value ? value : "0");
}

static enum pacs_err
write_metrics(struct pacs_error *err, const struct last *l)
{
	struct pacs_buf b = {0};
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%" PRId64, l->good);
	gauge(&b, "pacs_backup_last_good_seconds",
	      "when the last good backup ended, since 1970; 0 = never",
	      seconds);
	gauge(&b, "pacs_backup_snapshot", "its number", l->values[F_NUMBER]);
	gauge(&b, "pacs_backup_objects", "objects in the repository",
	      l->values[F_ALL_OBJECTS]);
	gauge(&b, "pacs_backup_bytes", "bytes of these objects",
	      l->values[F_ALL_BYTES]);
	gauge(&b, "pacs_backup_packs", "packs", l->values[F_ALL_PACKS]);
	pacs_buf_adds(&b, "# EOF\n");
	(void)!pacs_fs_write_file(err, AT_FDCWD, flags.metrics, 0644, b.data,
				  b.len, true);
	pacs_buf_clear(&b);
	return err->code;
}

static void
status(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct last l = {.c = c};
	char age[24];
	int64_t seconds;

	open_repo(c);
	c->records = cli_records_new(
	    fields,
	    "snapshot,ended_at,age_seconds,all_objects,all_bytes,all_packs");
	if (pacs_backup_list(&err, c->r, 0, keep_good, &l) ||
	    (flags.metrics && write_metrics(&err, &l))) {
		fail(c, &err);
		return;
	}
	seconds = pacs_time_us() / 1000000 - l.good;
	c->tally.no =
	    !l.good || (flags.max_age &&
			(uint64_t)seconds * 1000 > cli_time_ms(flags.max_age));
	if (!l.good) {
		cli_warn("there is no good backup");
		return;
	}
	snprintf(age, sizeof(age), "%" PRId64, seconds);
	l.values[F_AGE] = age;
	cli_record(c->records, l.values);
	if (c->tally.no)
		cli_warn("the last good backup is too old");
}

/* -------------------------------------------------------------------------- */

static const struct verb {
	const char *name;
	void (*run)(struct ctx *c);
	bool operands, records;
} verbs[] = {
    {"create", create, false, false},  {"list", list, false, true},
    {"show", show, false, true},       {"verify", verify, false, true},
    {"restore", restore, true, false}, {"drill", drill, false, false},
    {"prune", prune, false, false},    {"copy", copy, true, false},
    {"status", status, false, true},
};

static void
check_house(const struct verb *v)
{
	bool keeps =
	    flags.daily || flags.weekly || flags.monthly || flags.yearly;

	if (v->run == prune && !keeps)
		cli_usage("prune needs --keep-daily, --keep-weekly, "
			  "--keep-monthly or --keep-yearly");
	if (v->run != prune && (keeps || flags.hold || cli_common.dry_run))
		cli_usage("-n, --hold and --keep-... are for prune");
	if (flags.daily > 100000 || flags.weekly > 100000 ||
	    flags.monthly > 100000 || flags.yearly > 100000)
		cli_usage("--keep-...: up to 100000");
	if (v->run != status && (flags.metrics || flags.max_age))
		cli_usage("--metrics and --max-age are for status");
	if (flags.studies > 1000 || (v->run != drill && flags.studies))
		cli_usage("--studies is for drill, up to 1000");
}

static void
check_usage(const struct verb *v, int count)
{
	if (count && !v->operands)
		cli_usage("%s takes no operands", v->name);
	if (cli_common.jobs < 1 || cli_common.jobs > 64)
		cli_usage("-j takes 1 to 64");
	if ((cli_common.fields || cli_common.format) && !v->records)
		cli_usage("%s prints no records", v->name);
	if (v->run == restore && !flags.output)
		cli_usage("restore needs -o, where to");
	if (v->run != restore && v->run != drill && flags.output)
		cli_usage("-o is for restore and drill");
	if (v->run == copy && count != 1)
		cli_usage("copy needs one operand: the other repository");
	check_house(v);
	if (flags.level > 19 || (v->run != create && flags.level))
		cli_usage("--level is for create, 1 to 19");
	if (v->run != create && (flags.recipients.count || flags.max_time ||
				 flags.rate || flags.pack_size))
		cli_usage("--recipient, --max-time, --rate and --pack-size are "
			  "for create");
	if (v->run != verify &&
	    (flags.read_data || flags.sample || flags.against))
		cli_usage("--read-data, --sample and --against are for verify");
	if (flags.pack_size && flags.pack_size < (1u << 16))
		cli_usage("--pack-size: 64K at least");
	if (flags.snapshot > 999999)
		cli_usage("--snapshot: there is no such number");
}

int
main(int argc, char **argv)
{
	struct ctx c = {0};
	const struct verb *v = verbs;
	int count;

	c.operands = cli_start(&program, argc, argv, &count);
	while (strcmp(v->name, *c.operands) != 0)
		v++; /* cli_start let no other pass */
	c.operands++;
	check_usage(v, count - 1);
	v->run(&c);
	pacs_repo_close(c.r);
	pacs_archive_close(c.ar);
	return cli_finish(&c.tally);
}
