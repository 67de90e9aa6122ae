/* Backups of an archive: every night, off site, proved by restoring.
 * pacs-backup(1) is the reference. */
#include <string.h>

#include "cmd/backup.h"

struct backup_flags flags;

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
     CLI_RATE, &flags.rate},
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

const struct cli_field backup_fields[F_COUNT + 1] = {
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
    .fields = backup_fields,
};

static const struct verb {
	const char *name;
	void (*run)(struct ctx *c);
	bool operands, records;
} verbs[] = {
    {"create", backup_create, false, false},
    {"list", backup_list, false, true},
    {"show", backup_show, false, true},
    {"verify", backup_verify, false, true},
    {"restore", backup_restore, true, false},
    {"drill", backup_drill, false, false},
    {"prune", backup_prune, false, false},
    {"copy", backup_copy, true, false},
    {"status", backup_status, false, true},
};

static void
check_house(const struct verb *v)
{
	bool keeps =
	    flags.daily || flags.weekly || flags.monthly || flags.yearly;

	if (v->run == backup_prune && !keeps)
		cli_usage("prune needs --keep-daily, --keep-weekly, "
			  "--keep-monthly or --keep-yearly");
	if (v->run != backup_prune &&
	    (keeps || flags.hold || cli_common.dry_run))
		cli_usage("-n, --hold and --keep-... are for prune");
	if (flags.daily > 100000 || flags.weekly > 100000 ||
	    flags.monthly > 100000 || flags.yearly > 100000)
		cli_usage("--keep-...: up to 100000");
	if (v->run != backup_status && (flags.metrics || flags.max_age))
		cli_usage("--metrics and --max-age are for status");
	if (flags.studies > 1000 || (v->run != backup_drill && flags.studies))
		cli_usage("--studies is for drill, up to 1000");
}

static void
check_numbers(const struct verb *v)
{
	if (flags.level > 19 || (v->run != backup_create && flags.level))
		cli_usage("--level is for create, 1 to 19");
	if (v->run != backup_create &&
	    (flags.recipients.count || flags.max_time || flags.rate ||
	     flags.pack_size))
		cli_usage("--recipient, --max-time, --rate and --pack-size are "
			  "for create");
	if (v->run != backup_verify &&
	    (flags.read_data || flags.sample || flags.against))
		cli_usage("--read-data, --sample and --against are for verify");
	if (flags.pack_size && flags.pack_size < (1u << 16))
		cli_usage("--pack-size: 64K at least");
	if (flags.snapshot > 999999)
		cli_usage("--snapshot: there is no such number");
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
	if (v->run == backup_restore && !flags.output)
		cli_usage("restore needs -o, where to");
	if (v->run != backup_restore && v->run != backup_drill && flags.output)
		cli_usage("-o is for restore and drill");
	if (v->run == backup_copy && count != 1)
		cli_usage("copy needs one operand: the other repository");
	check_house(v);
	check_numbers(v);
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
