/*
 * A whole archive from a repository, as of a snapshot: what each one added, in
 * order, and taken away what each one says is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/writer.h"
#include "backup/packing.h"
#include "backup/restore.h"
#include "base/dir.h"
#include "base/fs.h"
#include "base/tree.h"

static const char *
groups_behind(const struct snapshot *s, size_t i)
{
	for (; i < s->file_count; i++)
		if (!strcmp(s->files[i].kind, "groups"))
			return s->files[i].name;
	return NULL;
}

/* Folders of series and study, if that was all they held. */
static void
remove_empty(struct target *t, const char *path)
{
	struct pacs_error e = PACS_ERROR_INIT;
	char dir[PACS_PATH_ROOM];
	int level;

	snprintf(dir, sizeof(dir), "%s", path);
	*t->last_dir = '\0';
	for (level = 0; level < 2; level++) {
		*strrchr(dir, '/') = '\0';
		if (pacs_fs_rmdir(&e, t->dirfd, dir))
			return;
	}
}

/* A line of a groups file: what is gone goes. */
static enum pacs_err
take_gone(struct pacs_error *err, void *ctx, char *line)
{
	struct target *t = ctx;
	struct group_line g;
	enum pacs_err rc;

	if (!group_parse(line, &g))
		return pacs_error_set(err, PACS_EFORMAT, "not a line of it");
	if (g.what == '+')
		return PACS_OK;
	if (g.what == '?')
		names_add(&t->unseen, g.path);
	rc = pacs_fs_unlink(err, t->dirfd, g.path);
	if (!rc && !strncmp(g.path, "objects/", 8))
		remove_empty(t, g.path);
	if (rc != PACS_ENOTFOUND)
		return rc;
	pacs_error_clear(err);
	return PACS_OK;
}

/* A list that says what is to be removed must not be a damaged one. */
static enum pacs_err
require_whole(struct pacs_error *err, struct pacs_repo *r,
	      const struct pacs_backup_file *f)
{
	enum { BUF = 1 << 16 };
	struct pacs_digest *d = pacs_digest_new();
	char *buf = pacs_malloc(BUF), sha[PACS_SHA256_HEX];
	struct pull p;
	enum pacs_err rc = pull_open(err, r, f->name, true, 0, 0, &p);
	size_t n;

	while (!rc && !(rc = pull_read(err, &p, buf, BUF, &n)) && n)
		pacs_digest_add(d, buf, n);
	if (!rc)
		rc = pull_end(err, &p);
	pull_close(&p);
	pacs_digest_end_hex(d, sha);
	if (!rc && strcmp(sha, f->sha256) != 0)
		rc = pacs_error_set(err, PACS_EINTEGRITY,
				    "its digest differs; what it says is gone "
				    "stays");
	pacs_digest_free(d);
	free(buf);
	return rc;
}

static enum pacs_err
take_snapshot(struct pacs_error *err, struct target *t,
	      const struct snapshot *s)
{
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < s->file_count; i++) {
		const struct pacs_backup_file *f = &s->files[i];

		if (!strcmp(f->kind, "ledger"))
			rc = restore_pack(err, t, f, NULL);
		else if (!strcmp(f->kind, "objects"))
			rc = restore_pack(err, t, f, groups_behind(s, i));
		else if (!strcmp(f->kind, "groups") &&
			 !(rc = require_whole(err, t->r, f)))
			rc =
			    groups_each(err, t->r, f->name, NULL, take_gone, t);
		if (restore_goes_on(rc)) {
			restore_missed(t, f->name, err->msg);
			pacs_error_clear(err);
			rc = PACS_OK;
		}
	}
	return rc;
}

/* --- the end -------------------------------------------------------------- */

/* Of what was not seen: what the restored ledger itself lets go needs no line
 * any more. */
static enum pacs_err
settle_unseen(struct pacs_error *err, struct target *t,
	      const struct pacs_archive *ar)
{
	char sha[PACS_SHA256_HEX];
	struct pacs_triple triple;
	uint64_t size;
	size_t i, n = 0;

	for (i = 0; i < t->unseen.count; i++) {
		char *path = t->unseen.list[i];
		bool owed;

		owed = pacs_object_triple(path, &triple) &&
		       faccessat(t->dirfd, path, F_OK, 0) != 0 &&
		       !pacs_ledger_expect(err, ar, &triple, sha, &size);
		if (err->code == PACS_ENOTFOUND)
			pacs_error_clear(err);
		if (owed)
			t->unseen.list[n++] = path;
		else
			free(path);
	}
	t->unseen.count = n;
	return err->code;
}

static enum pacs_err
need_folders(struct pacs_error *err, struct target *t)
{
	static const char *const folders[] = {
	    "objects", "ledger", "index", "quarantine", "incoming", "purged"};
	enum pacs_err rc = PACS_OK;
	size_t i;
	int fd;

	for (i = 0; !rc && i < sizeof(folders) / sizeof(*folders); i++)
		rc = pacs_fs_mkdirs(err, t->dirfd, folders[i], 0750);
	if (!rc)
		rc = pacs_fs_open_rw(err, t->dirfd, "ledger/lock", 0640, &fd);
	if (!rc)
		close(fd);
	return rc;
}

static enum pacs_err
come_alive(struct pacs_error *err, struct target *t, const char *to)
{
	struct pacs_archive *ar = NULL;
	struct pacs_cursor parent;
	enum pacs_err rc = need_folders(err, t);
	bool holds = false;

	if (!rc)
		rc = pacs_tree_sync(err, t->dirfd, to);
	if (rc)
		return rc;
	if (pacs_fs_rename(err, t->dirfd, MARKER_AHEAD, t->dirfd,
			   "pacs-archive"))
		return pacs_error_wrap(err, "the marker is in no pack");
	rc = pacs_archive_open(err, to, PACS_ARCHIVE_WRITE, &ar);
	if (!rc)
		rc = pacs_ledger_holds(err, ar, &t->to, &holds);
	if (!rc && !holds)
		rc = pacs_error_set(err, PACS_EINTEGRITY,
				    "the ledger in the packs is not the one "
				    "that the snapshot names");
	if (!rc)
		rc = settle_unseen(err, t, ar);
	if (!rc)
		rc = pacs_ledger_begin_epoch(err, ar, t->tally->number,
					     t->unseen.list, t->unseen.count,
					     &parent);
	if (!rc)
		rc = pacs_archive_remake_marks(err, ar);
	if (!rc)
		rc = pacs_tree_sync(err, t->dirfd, to);
	pacs_archive_close(ar);
	return rc;
}

static enum pacs_err
open_empty(struct pacs_error *err, const char *to, int *ret_dirfd)
{
	enum pacs_err rc = pacs_fs_mkdir(err, AT_FDCWD, to, 0750);
	bool empty;

	*ret_dirfd = -1;
	if (rc && rc != PACS_EEXISTS)
		return rc;
	pacs_error_clear(err);
	*ret_dirfd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dirfd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", to);
	if (pacs_dir_is_empty(err, *ret_dirfd, ".", &empty) || empty)
		return err->code;
	if (faccessat(*ret_dirfd, MARKER_AHEAD, F_OK, 0) == 0)
		return pacs_error_set(err, PACS_EEXISTS,
				      "'%s' holds a restore that did not end; "
				      "remove it and begin anew",
				      to);
	return pacs_error_set(err, PACS_EEXISTS, "'%s' is not empty", to);
}

static enum pacs_err
restore_find(struct pacs_error *err, struct pacs_repo *r, unsigned number,
	     struct snapshot *ret)
{
	struct chain c;
	enum pacs_err rc = chain_open(err, r, number, &c);

	memset(ret, 0, sizeof(*ret));
	if (!rc && !c.names.count)
		rc =
		    pacs_error_set(err, PACS_ENOTFOUND, "there is no snapshot");
	if (!rc)
		rc = snapshot_read(err, r, c.names.list[c.names.count - 1] + 7,
				   ret);
	if (!rc && number && (ret->number != number || ret->dropped))
		rc = pacs_error_set(err, PACS_ENOTFOUND,
				    "there is no snapshot %u", number);
	chain_close(&c);
	if (rc)
		snapshot_clear(ret);
	return rc;
}

enum pacs_err
pacs_backup_restore(struct pacs_error *err, struct pacs_repo *r,
		    unsigned number, const char *to,
		    const struct pacs_backup_hooks *hooks,
		    struct pacs_restore_tally *ret)
{
	struct target t = {.r = r, .hooks = hooks, .tally = ret, .dirfd = -1};
	const struct snapshot *s;
	struct snapshot last;
	struct chain c = {0};
	enum pacs_err rc = repo_readable(err, r);

	memset(ret, 0, sizeof(*ret));
	if (!rc)
		rc = restore_find(err, r, number, &last);
	if (rc)
		return rc;
	ret->number = last.number;
	t.to = last.to;
	snapshot_clear(&last);
	rc = open_empty(err, to, &t.dirfd);
	if (!rc)
		rc = chain_open(err, r, ret->number, &c);
	while (!rc && !(rc = chain_next(err, r, &c, &s)) && s)
		rc = take_snapshot(err, &t, s);
	if (!rc)
		rc = come_alive(err, &t, to);
	chain_close(&c);
	names_clear(&t.unseen);
	if (t.dirfd >= 0)
		close(t.dirfd);
	return rc;
}
