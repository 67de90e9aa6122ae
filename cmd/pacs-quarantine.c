/* What could not be filed: look at it, file it after all, or drop it.
 * pacs-quarantine(1) is the reference. */
#include <string.h>

#include "archive/writer.h"
#include "cmd/quarantine.h"

struct quarantine_flags flags;

static const struct cli_opt opts[] = {
    CLI_OPT_ARCHIVE,
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    CLI_OPT_DRY_RUN,
    CLI_OPT_NUL,
    {0, "replace", NULL, NULL,
     "accept: take the place of the object that holds it", CLI_FLAG,
     &flags.replace},
    {0, "uid", "KEY=UID", "none",
     "accept: file under this UID (StudyInstanceUID=...)", CLI_LIST,
     &flags.uids},
    {0, "why", "TEXT", "none", "accept, discard: the reason, for the ledger",
     CLI_STRING, &flags.why},
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-quarantine",
    .summary = "look at what could not be filed; file it or drop it",
    .operands = "[SHA256 ...] ('-': a list on stdin)",
    .opts = opts,
    .verbs = "list|show|diff|accept|discard",
    .fields = quarantine_fields,
};

static const struct verb {
	const char *name;
	verb_fn *one;
	bool changes;
	const char *defaults; /* fields of its records */
} verbs[] = {
    {"list", NULL, false,
     "sha256,reason,quarantined_at,StudyInstanceUID,SeriesInstanceUID,"
     "SOPInstanceUID,size_bytes,origin,detail"},
    {"show", quarantine_show, false,
     "sha256,reason,quarantined_at,StudyInstanceUID,SeriesInstanceUID,"
     "SOPInstanceUID,size_bytes,origin,detail,path,held_path"},
    {"diff", quarantine_diff, false,
     "element,quarantined_value,archived_value"},
    {"accept", quarantine_accept, true, NULL},
    {"discard", quarantine_discard, true, NULL},
};

static const struct verb *
verb_find(const char *name)
{
	const struct verb *v = verbs;

	while (strcmp(v->name, name) != 0) /* cli_start let no other pass */
		v++;
	return v;
}

static void
check_usage(const struct verb *v, int count)
{
	if (v->one && !count)
		cli_usage("%s needs the digest of what it is about", v->name);
	if (!v->one && count)
		cli_usage("list takes no operands");
	if (v->one != quarantine_accept && (flags.replace || flags.uids.count))
		cli_usage("--replace and --uid are for accept");
	if (!v->changes && (flags.why || cli_common.dry_run))
		cli_usage("--why and -n are for accept and discard");
	if (v->changes && (cli_common.fields || cli_common.format))
		cli_usage("%s prints no records", v->name);
	if (v->one == quarantine_discard && (!flags.why || !*flags.why))
		cli_usage("discard needs --why");
	quarantine_check_uids();
	if (flags.uids.count && count > 1)
		cli_usage("--uid is for one object");
}

static bool
one_item(struct ctx *c, const struct verb *v, const char *prefix)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_quarantined q;

	if (cli_stopped() || cli_stdout_broken())
		return false;
	if (!pacs_quarantine_find(&err, c->ar, prefix, &q) &&
	    !v->one(&err, c, &q)) {
		c->tally.done++;
		if (v->changes && c->w)
			cli_note("%sed %s", v->name, q.sha256);
		return true;
	}
	cli_warn_error(&err, prefix);
	c->tally.failed++;
	/* A disk that fails, or an archive that is held, fails for all. */
	if (err.code == PACS_EIO || err.code == PACS_ENOSPC ||
	    err.code == PACS_EBUSY)
		c->tally.fatal = err.code;
	return !c->tally.fatal;
}

static void
all_items(struct ctx *c, const struct verb *v, char **operands)
{
	struct pacs_buf item = {0};
	bool go_on = true;

	for (; go_on && *operands; operands++) {
		if (strcmp(*operands, "-") != 0) {
			go_on = one_item(c, v, *operands);
			continue;
		}
		while (go_on && cli_next_item(&item))
			go_on = one_item(c, v, pacs_buf_str(&item));
	}
	pacs_buf_clear(&item);
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct ctx c = {0};
	const struct verb *v;
	int count;
	char **operands = cli_start(&program, argc, argv, &count);
	bool writes;

	v = verb_find(*operands++);
	check_usage(v, count - 1);
	writes = v->changes && !cli_common.dry_run;
	if (pacs_archive_open(&err, cli_archive(),
			      writes ? PACS_ARCHIVE_WRITE : PACS_ARCHIVE_READ,
			      &c.ar) ||
	    (writes && pacs_writer_open(&err, c.ar, &c.w)))
		cli_die(&err);
	if (v->defaults)
		c.records = cli_records_new(quarantine_fields, v->defaults);
	if (v->one)
		all_items(&c, v, operands);
	else
		quarantine_list(&c);
	c.tally.no = c.differences > 0;
	pacs_writer_close(c.w);
	pacs_archive_close(c.ar);
	return cli_finish(&c.tally);
}
