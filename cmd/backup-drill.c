/* pacs-backup drill: a rehearsal of the restore. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/tree.h"
#include "cmd/backup.h"
#include "fixity/fixity.h"
#include "index/index.h"

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
	const struct pacs_backup_hooks hooks = backup_hooks(c);
	const struct pacs_fixity_options o = {.jobs =
						  (unsigned)cli_common.jobs};
	const struct pacs_fixity_hooks fh = {.ctx = c,
					     .finding = backup_restored_finding,
					     .stopped = backup_stopped};
	char *const conditions[] = {condition, NULL};
	struct pacs_query all = {0};
	struct pacs_fixity_tally ft = {0};
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

/* A new folder, which nobody else may enter and which is ours to remove.
 * Free. */
static char *
scratch_folder(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const char *in = flags.output ? flags.output : pacs_fs_tmp_dir();
	char *folder = pacs_format("%s/pacs-drill.XXXXXX", in);

	if (!mkdtemp(folder)) {
		pacs_error_sys(&err, errno, "cannot make a folder in '%s'", in);
		cli_die(&err);
	}
	return folder;
}

void
backup_drill(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT, e = PACS_ERROR_INIT;
	struct pacs_restore_tally t = {0};
	char *folder, *scratch, *condition;
	size_t studies = 0;

	backup_open(c);
	condition = draw(c, &err, &studies);
	if (err.code)
		cli_die(&err);
	folder = scratch_folder();
	scratch = pacs_format("%s/archive", folder);
	if (studies)
		rehearse(c, &err, scratch, condition, &t);
	if (err.code)
		c->tally.fatal = err.code;
	/* The answer of a drill is no if anything was not as it should be. */
	c->tally.no = c->tally.failed || !t.objects;
	c->tally.failed = 0;
	if (pacs_tree_remove(&e, folder))
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
