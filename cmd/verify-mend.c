/* Where pacs-verify puts lost objects back from: an archive or a folder, or a
 * repository of pacs-backup. */
#include "backup/backup.h"
#include "cmd/verify.h"

static bool
find_in_backup(void *ctx, const char *path, const char *sha256, int *ret_fd,
	       uint64_t *ret_size)
{
	return pacs_backup_source_find(ctx, path, sha256, ret_fd, ret_size);
}

void
verify_mend_open(struct pacs_archive *ar, struct pacs_mend_source *source,
		 struct pacs_mend **ret_m)
{
	bool backup = flags.repair_from && pacs_repo_is_at(flags.repair_from);
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_backup_source *s = NULL;

	if ((backup && pacs_backup_source_open(&err, flags.repair_from,
					       flags.identity, &s)) ||
	    pacs_mend_open(&err, ar, backup ? NULL : flags.repair_from,
			   flags.adopt, ret_m))
		cli_die(&err);
	source->ctx = s;
	source->find = find_in_backup;
	if (backup)
		pacs_mend_from(*ret_m, source);
}
