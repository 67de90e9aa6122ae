/* Prove that nothing is lost. pacs-verify(1) is the reference. */
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backup/backup.h"
#include "base/clock.h"
#include "cmd/verify.h"
#include "dcmtk/codec.h"

struct verify_flags flags;

static const struct cli_opt opts[] = {
    CLI_OPT_ARCHIVE,
    CLI_OPT_FORMAT,
    CLI_OPT_FIELDS,
    CLI_OPT_JOBS,
    CLI_OPT_NUL,
    {0, "adopt", NULL, NULL, "record orphans", CLI_FLAG, &flags.adopt},
    {0, "against", "DIR", "dir", "compare with another archive, by ledger",
     CLI_STRING, &flags.against},
    {0, "budget", "TIME", "none", "stop after this time: 30m, 2h", CLI_STRING,
     &flags.budget},
    {0, "identity", "FILE", "file",
     "age identities, to repair from an encrypted backup", CLI_STRING,
     &flags.identity},
    {0, "quick", NULL, NULL, "names and sizes only; no object is read",
     CLI_FLAG, &flags.quick},
    {0, "rate", "BYTES", "none", "read so many bytes a second: 50M", CLI_RATE,
     &flags.rate},
    {0, "repair-from", "DIR", "dir",
     "put lost objects back from an archive, folder or backup", CLI_STRING,
     &flags.repair_from},
    {0, "sample", "PART", "none", "a random part of the objects: 1%",
     CLI_STRING, &flags.sample},
    {0, "since", "TIME", "none", "only what was recorded since", CLI_STRING,
     &flags.since},
    {0, "state", "FILE", "file", "remember what was checked when", CLI_STRING,
     &flags.state},
    {0, "sums", NULL, NULL, "print lines for sha256sum -c, read nothing",
     CLI_FLAG, &flags.sums},
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-verify",
    .summary = "prove that nothing in an archive is lost",
    .operands = "[PATH | KEY=VALUE | -] ...",
    .opts = opts,
    .fields = verify_fields,
};

/* What can be mended is told when it has been tried. */
static void
finding(void *p, const struct pacs_fixity_finding *f)
{
	struct ctx *c = p;

	if (!c->mend || !pacs_mend_note(c->mend, f))
		verify_tell(c, f, false);
}

static void
shard(void *p, unsigned number)
{
	struct ctx *c = p;

	pacs_verify_state_checked(c->state, number);
}

static bool
stopped(void *p)
{
	struct ctx *c = p;

	if (c->deadline_ms && pacs_time_mono_ms() >= c->deadline_ms)
		c->out_of_time = true;
	return c->out_of_time || cli_stopped() || cli_stdout_broken();
}

/* Others come first at the disk (ioprio_set(2): idle class). Where that cannot
 * be had, nothing is lost. */
static void
be_modest(void)
{
	enum { WHO_PROCESS = 1, CLASS_IDLE = 3 << 13 };

	(void)syscall(SYS_ioprio_set, WHO_PROCESS, 0, CLASS_IDLE);
}

static void
check_options(struct pacs_fixity_options *o, struct ctx *c)
{
	if (flags.budget && !flags.state)
		cli_usage("--budget needs --state, to go on next time");
	o->quick = flags.quick || flags.sums;
	o->rate_bytes = flags.rate;
	o->jobs = (unsigned)cli_common.jobs;
	o->sample_ppm = flags.sample ? cli_part_ppm(flags.sample) : 0;
	o->sample_salt = (uint64_t)pacs_time_us();
	if (flags.budget)
		c->deadline_ms =
		    pacs_time_mono_ms() + cli_time_ms(flags.budget);
}

static void
compare_archives(struct pacs_error *err, struct pacs_archive *ar, struct ctx *c)
{
	struct pacs_archive *other;
	uint64_t same;

	if (pacs_archive_open(err, flags.against, PACS_ARCHIVE_READ, &other))
		return;
	if (!pacs_fixity_against(err, ar, other, pacs_dcm_decode_pixels,
				 verify_tell_against, c, &same))
		cli_note("%" PRIu64 " objects have the same bytes", same);
	pacs_archive_close(other);
}

/* Of the objects of a shard all are looked at, to their end. */
static bool
is_whole(const struct pacs_fixity_options *o)
{
	return !o->quick && !o->since && !o->sample_ppm && !o->wants;
}

static void
verify(struct pacs_error *err, struct pacs_archive *ar,
       struct pacs_fixity_options *o, struct ctx *c,
       struct pacs_fixity_tally *t)
{
	const struct pacs_fixity_hooks hooks = {
	    .ctx = c,
	    .finding = finding,
	    .shard = c->state && is_whole(o) ? shard : NULL,
	    .object = flags.sums ? verify_tell_sum : NULL,
	    .progress = cli_on_progress,
	    .stopped = stopped,
	};

	cli_progress_start("objects", 0, 0);
	if (!pacs_fixity_check(err, ar, o, &hooks, t)) {
		verify_tell_summary(t);
		if (c->mend)
			(void)!pacs_mend_all(err, c->mend, verify_tell, c);
		if (!err->code && c->state)
			(void)!pacs_verify_state_write(err, c->state, ar, t);
	}
	cli_progress_end();
}

static void
not_itself(const struct pacs_archive *ar, const char *other)
{
	struct stat a, b;

	if (other && !fstat(pacs_archive_dirfd(ar), &a) && !stat(other, &b) &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		cli_usage("'%s' is the archive itself", other);
}

/* What is open during a run. */
struct session {
	struct pacs_archive *ar;
	struct pacs_part *part;
	struct pacs_mend_source source;
	char since[PACS_TIME_SIZE];
};

static bool
mends(void)
{
	return flags.adopt || flags.repair_from;
}

static void
check_usage(int operands)
{
	if (mends() && flags.sums)
		cli_usage("--sums only prints");
	if (flags.against && (mends() || flags.sums || flags.state || operands))
		cli_usage("--against goes with no part, state or repair");
	if (flags.identity && !flags.repair_from)
		cli_usage("--identity is for --repair-from");
}

static void
open_state(const struct pacs_archive *ar, struct ctx *c,
	   struct pacs_fixity_options *o)
{
	struct pacs_error err = PACS_ERROR_INIT;

	if (pacs_verify_state_read(&err, flags.state,
				   pacs_archive_settings(ar)->uuid, &c->state))
		cli_die(&err);
	o->first_shard = pacs_verify_state_oldest(c->state);
	o->known = pacs_verify_state_ledger(c->state);
}

/* All that a run needs, or the program ends. */
static void
open_all(struct session *s, struct ctx *c, struct pacs_fixity_options *o,
	 char **items, int count)
{
	struct pacs_error err = PACS_ERROR_INIT;

	if (pacs_archive_open(&err, cli_archive(),
			      mends() ? PACS_ARCHIVE_WRITE : PACS_ARCHIVE_READ,
			      &s->ar))
		cli_die(&err);
	if (*pacs_archive_settings(s->ar)->unknown)
		cli_warn("settings that this version does not know are "
			 "ignored: %s",
			 pacs_archive_settings(s->ar)->unknown);
	not_itself(s->ar, flags.against);
	not_itself(s->ar, flags.repair_from);
	if (mends())
		verify_mend_open(s->ar, &s->source, &c->mend);
	if (count) {
		s->part = verify_part(s->ar, items);
		o->wants = pacs_part_wants;
		o->wants_ctx = s->part;
		o->shards = pacs_part_shards(s->part);
	}
	o->since = verify_since(s->ar, flags.since, s->since);
	if (flags.state)
		open_state(s->ar, c, o);
	o->index = !count && !flags.since && !flags.sample && !flags.budget &&
		   !flags.sums;
	if (!flags.sums)
		c->records = cli_records_new(verify_fields, NULL);
}

static void
close_all(struct session *s, struct ctx *c)
{
	pacs_verify_state_free(c->state);
	pacs_part_free(s->part);
	pacs_mend_close(c->mend);
	pacs_backup_source_close(s->source.ctx);
	pacs_archive_close(s->ar);
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_fixity_options o = {0};
	struct pacs_fixity_tally t = {0};
	struct session s = {0};
	struct cli_tally tally = {0};
	struct ctx c = {0};
	int count;
	char **items = cli_start(&program, argc, argv, &count);

	check_options(&o, &c);
	check_usage(count);
	open_all(&s, &c, &o, items, count);
	be_modest();
	if (flags.against)
		compare_archives(&err, s.ar, &c);
	else
		verify(&err, s.ar, &o, &c, &t);
	if (err.code) {
		cli_warn_error(&err, NULL);
		tally.fatal = err.code;
	} else if (s.part && !t.wanted && !cli_stopped()) {
		cli_warn("no object is recorded in that part");
		c.damage = true;
	}
	if (flags.sums && (c.damage || c.unread))
		cli_warn("not all is whole: pacs-verify without --sums says "
			 "what");
	tally.no = c.damage;
	tally.failed = c.unread;
	close_all(&s, &c);
	return cli_finish(&tally);
}
