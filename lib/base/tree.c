#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/mem.h"

static enum pacs_err
remove_entry(struct pacs_error *err, const FTSENT *e)
{
	switch (e->fts_info) {
	case FTS_D:
		return PACS_OK; /* its turn comes behind what is in it */
	case FTS_DP:
		return pacs_fs_rmdir(err, AT_FDCWD, e->fts_path);
	case FTS_NS:
		if (e->fts_level == 0 && e->fts_errno == ENOENT)
			return PACS_OK;
		/* fall through */
	case FTS_DNR:
	case FTS_ERR:
		return pacs_error_sys(err, e->fts_errno, "cannot read '%s'",
				      e->fts_path);
	default:
		return pacs_fs_unlink(err, AT_FDCWD, e->fts_path);
	}
}

static enum pacs_err
sync_entry(struct pacs_error *err, const FTSENT *e)
{
	switch (e->fts_info) {
	case FTS_F:
	case FTS_DP:
		if (pacs_fs_sync_path(err, AT_FDCWD, e->fts_path) ==
		    PACS_EDENIED)
			pacs_error_clear(err);
		return err->code;
	case FTS_ERR:
		return pacs_error_sys(err, e->fts_errno, "cannot read '%s'",
				      e->fts_path);
	default:
		return PACS_OK;
	}
}

static enum pacs_err
each_entry(struct pacs_error *err, const char *path,
	   enum pacs_err (*fn)(struct pacs_error *err, const FTSENT *e))
{
	char *top = pacs_strdup(path);
	char *const tops[] = {top, NULL};
	FTS *fts = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	do {
		errno = 0;
		e = fts ? fts_read(fts) : NULL;
	} while (e && !fn(err, e));
	if (!e && errno)
		pacs_error_sys(err, errno, "cannot read all of '%s'", path);
	if (fts)
		fts_close(fts);
	free(top);
	return err->code;
}

enum pacs_err
pacs_tree_remove(struct pacs_error *err, const char *path)
{
	return each_entry(err, path, remove_entry);
}

enum pacs_err
pacs_tree_sync(struct pacs_error *err, int dirfd, const char *path)
{
	return pacs_fs_can_sync_all(dirfd) ? pacs_fs_sync_all(err, dirfd)
					   : each_entry(err, path, sync_entry);
}
