/*
 * A whole archive from a repository, as of a snapshot: what each one added, in
 * order, and taken away what each one says is gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/writer.h"
#include "backup/internal.h"
#include "backup/restore.h"
#include "base/fs.h"

#define MARKER_AHEAD "pacs-archive.restored" /* until all else is there */

struct target {
	struct pacs_repo *r;
	const struct pacs_backup_hooks *hooks;
	struct pacs_restore_tally *tally;
	int dirfd;
	char last_dir[PACS_PATH_ROOM];
	struct pacs_cursor to; /* the state that is restored */
	struct names unseen;   /* recorded, and gone before they were read */
};

/* --- writing -------------------------------------------------------------- */

enum pacs_err
restore_parents(struct pacs_error *err, int dirfd, const char *path,
		char last_dir[PACS_PATH_ROOM])
{
	char dir[PACS_PATH_ROOM];
	const char *slash = strrchr(path, '/');
	enum pacs_err rc;

	if (!slash)
		return PACS_OK;
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	if (!strcmp(dir, last_dir))
		return PACS_OK;
	rc = pacs_fs_mkdirs(err, dirfd, dir, 0750);
	if (!rc)
		memcpy(last_dir, dir, PACS_PATH_ROOM);
	return rc;
}

/* The bytes of the entry into a new file, at most so many of them. */
static enum pacs_err
write_entry(struct pacs_error *err, struct target *t, struct unpack *u,
	    const char *name, mode_t mode, uint64_t most)
{
	struct pacs_error e = PACS_ERROR_INIT;
	const void *bytes;
	enum pacs_err rc;
	size_t n;
	int fd;

	rc = restore_parents(err, t->dirfd, name, t->last_dir);
	if (rc)
		return rc;
	rc = pacs_fs_create(err, t->dirfd, name, mode, &fd);
	if (rc == PACS_EEXISTS) {
		/* The folder is ours: it is an older one of the same name. */
		pacs_error_clear(err);
		rc = pacs_fs_unlink(err, t->dirfd, name);
		if (!rc)
			rc = pacs_fs_create(err, t->dirfd, name, mode, &fd);
	}
	if (rc)
		return rc;
	while (!(rc = unpack_data(err, u, &bytes, &n)) && n) {
		if (n > most)
			n = (size_t)most;
		rc = pacs_fs_write(err, fd, bytes, n);
		if (rc)
			break;
		most -= n;
	}
	close(fd);
	if (rc)
		(void)!pacs_fs_unlink(&e, t->dirfd, name);
	return rc;
}

static uint64_t
bytes_of_segment(const struct target *t, const char *path)
{
	unsigned segment = (unsigned)strtoul(path + 7, NULL, 10);

	if (segment < t->to.segment)
		return UINT64_MAX;
	return segment == t->to.segment ? t->to.offset : 0;
}

static enum pacs_err
take_entry(struct pacs_error *err, struct target *t, struct unpack *u,
	   const struct entry *e)
{
	enum pacs_err rc = PACS_OK;
	uint64_t most;

	switch (e->kind) {
	case ENTRY_FOLDER:
		return pacs_fs_mkdirs(err, t->dirfd, e->path, 0750);
	case ENTRY_MARKER:
		return write_entry(err, t, u, MARKER_AHEAD, 0640, UINT64_MAX);
	case ENTRY_LEDGER:
		most = bytes_of_segment(t, e->path);
		return most ? write_entry(err, t, u, e->path, 0640, most)
			    : PACS_OK;
	case ENTRY_SMALL:
		return write_entry(err, t, u, e->path, 0640, UINT64_MAX);
	case ENTRY_OBJECT:
	case ENTRY_QUARANTINE:
		rc = write_entry(err, t, u, e->path,
				 strstr(e->path, ".dcm") ? 0440 : 0640,
				 UINT64_MAX);
		if (!rc) {
			t->tally->objects += e->kind == ENTRY_OBJECT;
			t->tally->bytes += e->size;
			if (t->hooks->progress)
				t->hooks->progress(t->hooks->ctx, 1, e->size);
		}
	}
	return rc;
}

/* --- reading -------------------------------------------------------------- */

bool
restore_goes_on(enum pacs_err rc)
{
	/* What is wrong with one file of the repository is no reason not to
	 * read the others. EIO may be the reading of it as well as our own
	 * writing; the latter then fails again. */
	return rc == PACS_EINTEGRITY || rc == PACS_EFORMAT ||
	       rc == PACS_ENOTFOUND || rc == PACS_EIO || rc == PACS_ELIMIT;
}

static void
missed(struct target *t, const char *what, const char *why)
{
	t->tally->failed++;
	if (t->hooks->missed)
		t->hooks->missed(t->hooks->ctx, what, why);
}

/* All entries of a stream; a damaged object is told and passed over. */
static enum pacs_err
take_entries(struct pacs_error *err, struct target *t, struct pull *p)
{
	const struct entry *e;
	struct unpack *u;
	enum pacs_err rc = unpack_open(err, p, &u);

	while (!rc && !(rc = unpack_next(err, u, &e)) && e) {
		rc = take_entry(err, t, u, e);
		if (rc == PACS_EINTEGRITY) {
			pacs_error_clear(err);
			missed(t, e->path, "damaged");
			rc = PACS_OK;
		}
		if (!rc && t->hooks->stopped &&
		    t->hooks->stopped(t->hooks->ctx))
			rc = pacs_error_set(err, PACS_EINTERRUPTED,
					    "stopped before the end");
	}
	unpack_close(u);
	return rc;
}

struct salvage {
	struct target *t;
	const struct pacs_backup_file *pack;
	unsigned number; /* of the pack */
};

/* One group of a damaged pack. */
static enum pacs_err
take_extent(struct pacs_error *err, void *ctx, char *line)
{
	struct salvage *v = ctx;
	struct group_line g;
	char what[NAME_ROOM + 48];
	struct pull p;
	enum pacs_err rc;

	if (!group_parse(line, &g))
		return pacs_error_set(err, PACS_EFORMAT, "not a line of it");
	if (g.what != '+' || g.pack != v->number)
		return PACS_OK;
	rc = pull_open(err, v->t->r, v->pack->name, false, g.offset, g.length,
		       &p);
	if (!rc)
		rc = take_entries(err, v->t, &p);
	if (!restore_goes_on(rc))
		return rc;
	snprintf(what, sizeof(what), "%s, at %llu", v->pack->name,
		 (unsigned long long)g.offset);
	missed(v->t, what, err->msg);
	pacs_error_clear(err);
	return PACS_OK;
}

/* The groups that are whole; each begins with a frame of its own. */
static enum pacs_err
salvage(struct pacs_error *err, struct target *t,
	const struct pacs_backup_file *pack, const char *groups)
{
	struct salvage v = {t, pack, 0};
	enum pacs_err rc;

	if (sscanf(pack->name, "packs/%*6u/%5u", &v.number) != 1)
		return PACS_OK;
	rc = groups_each(err, t->r, groups, NULL, take_extent, &v);
	if (restore_goes_on(rc)) {
		pacs_error_clear(err); /* told when it is its turn */
		rc = PACS_OK;
	}
	return rc;
}

/* groups: the file that says where in it what is; NULL if there is none. */
static enum pacs_err
take_pack(struct pacs_error *err, struct target *t,
	  const struct pacs_backup_file *f, const char *groups)
{
	const struct pacs_restore_tally before = *t->tally;
	struct pull p;
	enum pacs_err rc = pull_open(err, t->r, f->name, false, 0, 0, &p);

	if (!rc)
		rc = take_entries(err, t, &p);
	t->tally->read += f->size;
	if (!restore_goes_on(rc))
		return rc;
	if (groups && !repo_encrypted(t->r) && rc != PACS_ENOTFOUND) {
		t->tally->objects = before.objects;
		t->tally->bytes = before.bytes;
		missed(t, f->name, err->msg);
		pacs_error_clear(err);
		return salvage(err, t, f, groups);
	}
	missed(t, f->name, err->msg);
	pacs_error_clear(err);
	return PACS_OK;
}

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
			rc = take_pack(err, t, f, NULL);
		else if (!strcmp(f->kind, "objects"))
			rc = take_pack(err, t, f, groups_behind(s, i));
		else if (!strcmp(f->kind, "groups") &&
			 !(rc = require_whole(err, t->r, f)))
			rc =
			    groups_each(err, t->r, f->name, NULL, take_gone, t);
		if (restore_goes_on(rc)) {
			missed(t, f->name, err->msg);
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
		rc = pacs_fs_sync_all(err, t->dirfd);
	if (!rc)
		rc = pacs_fs_rename(err, t->dirfd, MARKER_AHEAD, t->dirfd,
				    "pacs-archive");
	if (rc) {
		pacs_error_wrap(err, "the marker is in no pack");
		return rc;
	}
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
		rc = pacs_fs_sync_all(err, t->dirfd);
	pacs_archive_close(ar);
	return rc;
}

static enum pacs_err
open_empty(struct pacs_error *err, const char *to, int *ret_dirfd)
{
	enum pacs_err rc = pacs_fs_mkdir(err, AT_FDCWD, to, 0750);
	struct dirent *e;
	DIR *d;

	*ret_dirfd = -1;
	if (rc && rc != PACS_EEXISTS)
		return rc;
	pacs_error_clear(err);
	*ret_dirfd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = *ret_dirfd >= 0 ? fdopendir(dup(*ret_dirfd)) : NULL;
	if (!d)
		return pacs_error_sys(err, errno, "cannot open '%s'", to);
	rc = PACS_OK;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    strcmp(e->d_name, "lost+found") != 0)
			rc = PACS_EEXISTS;
	closedir(d);
	if (rc)
		return pacs_error_set(err, rc, "'%s' is not empty", to);
	return PACS_OK;
}

enum pacs_err
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
