#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/mem.h"

enum pacs_err
pacs_tree_remove(struct pacs_error *err, const char *path)
{
	char *top = pacs_strdup(path);
	char *const tops[] = {top, NULL};
	FTS *fts = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	if (!fts)
		pacs_error_sys(err, errno, "cannot read '%s'", path);
	while (fts && !err->code && (e = fts_read(fts))) {
		if (e->fts_info == FTS_D ||
		    (e->fts_info == FTS_NS && e->fts_level == 0))
			continue;
		if (e->fts_info == FTS_DP)
			(void)!pacs_fs_rmdir(err, AT_FDCWD, e->fts_path);
		else
			(void)!pacs_fs_unlink(err, AT_FDCWD, e->fts_path);
	}
	if (fts)
		fts_close(fts);
	free(top);
	return err->code;
}
