/* pacs-backup restore. */
#include <inttypes.h>

#include "cmd/backup.h"
#include "fixity/fixity.h"

void
backup_restored_finding(void *p, const struct pacs_fixity_finding *f)
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
	const struct pacs_fixity_hooks hooks = {
	    .ctx = c, .finding = backup_restored_finding};
	struct pacs_fixity_tally t;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_archive *ar;

	if (pacs_archive_open(&err, path, PACS_ARCHIVE_READ, &ar) ||
	    pacs_fixity_check(&err, ar, &o, &hooks, &t))
		backup_fail(c, &err);
	pacs_archive_close(ar);
}

void
backup_restore(struct ctx *c)
{
	const struct pacs_backup_hooks hooks = backup_hooks(c);
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_restore_tally t;
	bool some = *c->operands != NULL;

	backup_open(c);
	cli_progress_start("objects", 0, 0);
	if (some ? pacs_backup_restore_some(
		       &err, c->r, (unsigned)flags.snapshot, c->operands,
		       flags.output, &hooks, &t)
		 : pacs_backup_restore(&err, c->r, (unsigned)flags.snapshot,
				       flags.output, &hooks, &t)) {
		if (err.code == PACS_EUSAGE)
			cli_usage("%s", err.msg);
		backup_fail(c, &err);
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
