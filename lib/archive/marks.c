/*
 * Marks of what was purged. They follow from the ledger, and a writer asks them
 * instead of it: without its mark a purged object could return.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/file.h"
#include "base/fs.h"

#define AHEAD "purged.new" /* as long as it is not whole */

enum pacs_err
mark_leave(struct pacs_error *err, const struct pacs_archive *ar,
	   const char *top, const struct pacs_triple *t)
{
	char path[PACS_PATH_ROOM], dir[PACS_PATH_ROOM];
	enum pacs_err rc;
	int fd;

	archive_path_in(top, t, "", path);
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path),
		 path);
	rc = archive_mkdirs(err, ar, dir);
	if (!rc)
		rc = pacs_fs_open_rw(err, ar->dirfd, path, MODE_TEXT, &fd);
	if (rc)
		return rc;
	close(fd);
	return archive_give(err, ar, ar->dirfd, path);
}

static enum pacs_err
forget_in(struct pacs_error *err, const struct pacs_archive *ar,
	  const char *top, const struct pacs_triple *t)
{
	char path[PACS_PATH_ROOM];
	enum pacs_err rc;

	archive_path_in(top, t, "", path);
	rc = archive_unlink(err, ar, path);
	if (!rc)
		purge_remove_empty(ar, path);
	return rc;
}

enum pacs_err
purge_forget(struct pacs_error *err, const struct pacs_archive *ar,
	     const struct pacs_triple *t)
{
	return forget_in(err, ar, "purged", t);
}

/* What each line does to the marks; the last one about an object counts. */
static enum pacs_err
apply(struct pacs_error *err, const struct pacs_archive *ar, const char *top,
      const struct pacs_ledger_line *line, uint64_t *marks)
{
	struct pacs_triple t;

	if (line->op != PACS_OP_PURGE && (!*marks || !pacs_op_places(line->op)))
		return PACS_OK;
	snprintf(t.study, sizeof(t.study), "%s", line->study);
	snprintf(t.series, sizeof(t.series), "%s", line->series);
	snprintf(t.instance, sizeof(t.instance), "%s", line->instance);
	if (!pacs_triple_is_safe(&t))
		return PACS_OK;
	if (line->op != PACS_OP_PURGE)
		return forget_in(err, ar, top, &t);
	++*marks;
	return mark_leave(err, ar, top, &t);
}

static enum pacs_err
remake_in(struct pacs_error *err, const struct pacs_archive *ar,
	  const char *top)
{
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	uint64_t marks = 0;
	enum pacs_err rc;

	rc = pacs_ledger_open(err, ar, NULL, &r);
	if (rc)
		return rc;
	while (!(rc = pacs_ledger_next(err, r, &line)) && line)
		if ((rc = apply(err, ar, top, line, &marks)))
			break;
	pacs_ledger_close(r);
	return rc;
}

enum pacs_err
pacs_archive_remake_marks(struct pacs_error *err, const struct pacs_archive *ar)
{
	return remake_in(err, ar, "purged");
}

static bool
are_lost(const struct pacs_archive *ar)
{
	return faccessat(ar->dirfd, "purged", F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
	       errno == ENOENT;
}

/* With the ledger locked: nobody purges meanwhile, nobody else does this. */
static enum pacs_err
remake(struct pacs_error *err, const struct pacs_archive *ar)
{
	enum pacs_err rc = archive_mkdirs(err, ar, AHEAD);

	if (!rc)
		rc = remake_in(err, ar, AHEAD);
	if (!rc)
		rc = pacs_fs_sync_all(err, ar->dirfd);
	if (!rc)
		rc = pacs_fs_rename(err, ar->dirfd, AHEAD, ar->dirfd, "purged");
	return rc ? rc : pacs_fs_sync(err, ar->dirfd);
}

enum pacs_err
marks_recover(struct pacs_error *err, const struct pacs_archive *ar)
{
	struct ledger_tail tail = {.fd = -1, .lock_fd = -1};
	enum pacs_err rc;

	if (!are_lost(ar))
		return PACS_OK;
	rc = tail_open(err, ar, &tail);
	if (!rc)
		rc = pacs_fs_lock(err, tail.lock_fd, true, LOCK_WAIT_MS);
	if (!rc) {
		rc = are_lost(ar) ? remake(err, ar) : PACS_OK;
		tail_unlock(&tail);
	}
	tail_close(&tail);
	return rc ? pacs_error_wrap(err, "purged") : PACS_OK;
}
