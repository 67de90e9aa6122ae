/* pacs-backup verify: is it whole? */
#include <inttypes.h>

#include "cmd/backup.h"

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

void
backup_verify(struct ctx *c)
{
	struct pacs_backup_check o = {
	    .read_data = flags.read_data || flags.sample,
	    .sample_ppm = flags.sample ? cli_part_ppm(flags.sample) : 0,
	    .jobs = (unsigned)cli_common.jobs,
	};
	const struct pacs_backup_check_hooks hooks = {
	    c, finding, cli_on_progress, backup_stopped};
	struct pacs_backup_check_tally t;
	struct pacs_error err = PACS_ERROR_INIT;

	backup_open(c);
	if (flags.against &&
	    pacs_archive_open(&err, cli_archive(), PACS_ARCHIVE_READ, &c->ar))
		cli_die(&err);
	o.against = c->ar;
	c->records = cli_records_new(backup_fields, "fault,name,detail");
	cli_progress_start("files", 0, 0);
	if (pacs_backup_verify(&err, c->r, &o, &hooks, &t)) {
		backup_fail(c, &err);
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
