/*
 * The entries of a pack into a folder that becomes an archive; of a damaged
 * pack those that are whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/entry.h"
#include "backup/packing.h"
#include "backup/restore.h"
#include "base/file.h"
#include "base/fs.h"

#define PART "pacs-archive.part" /* what replaces an older one */

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

static bool
has_bytes(const struct target *t, const char *name, const char *sha256)
{
	struct pacs_error e = PACS_ERROR_INIT;
	char sha[PACS_SHA256_HEX] = "";
	int fd;

	if (pacs_file_open(&e, t->dirfd, name, &fd, NULL))
		return false;
	if (pacs_sha256_fd(&e, fd, sha, NULL))
		*sha = '\0';
	close(fd);
	return *sha && !strcmp(sha, sha256);
}

/* What came is not whole. What an older pack had of that name stays if it is
 * the same, and goes if it is not what is recorded. */
static void
drop_entry(struct target *t, const struct entry *e, const char *part,
	   const char *name)
{
	struct pacs_error ignored = PACS_ERROR_INIT;

	(void)!pacs_fs_unlink(&ignored, t->dirfd, part);
	if (part == name)
		return;
	t->kept = has_bytes(t, name, e->sha256);
	pacs_error_clear(&ignored);
	if (!t->kept)
		(void)!pacs_fs_unlink(&ignored, t->dirfd, name);
}

/* The bytes of the entry into a new file, at most so many of them. */
static enum pacs_err
write_entry(struct pacs_error *err, struct target *t, struct unpack *u,
	    const struct entry *e, const char *name, mode_t mode, uint64_t most)
{
	const char *part = name;
	const void *bytes;
	enum pacs_err rc;
	size_t n;
	int fd;

	rc = restore_parents(err, t->dirfd, name, t->last_dir);
	if (rc)
		return rc;
	rc = pacs_fs_create(err, t->dirfd, name, mode, &fd);
	if (rc == PACS_EEXISTS) {
		/* The folder is ours: it is an older one of the same name,
		 * which stays until this one is whole. */
		pacs_error_clear(err);
		part = PART;
		rc = pacs_fs_create(err, t->dirfd, part, mode, &fd);
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
	if (close(fd) != 0 && !rc)
		rc = pacs_error_sys(err, errno, "cannot write");
	if (!rc && part != name)
		rc = pacs_fs_rename(err, t->dirfd, part, t->dirfd, name);
	if (rc)
		drop_entry(t, e, part, name);
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

	t->kept = false;
	switch (e->kind) {
	case ENTRY_FOLDER:
		return pacs_fs_mkdirs(err, t->dirfd, e->path, 0750);
	case ENTRY_MARKER:
		return write_entry(err, t, u, e, MARKER_AHEAD, 0640,
				   UINT64_MAX);
	case ENTRY_LEDGER:
		most = bytes_of_segment(t, e->path);
		return most ? write_entry(err, t, u, e, e->path, 0640, most)
			    : PACS_OK;
	case ENTRY_SMALL:
		return write_entry(err, t, u, e, e->path, 0640, UINT64_MAX);
	case ENTRY_OBJECT:
	case ENTRY_QUARANTINE:
		rc = write_entry(err, t, u, e, e->path,
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

void
restore_missed(struct target *t, const char *what, const char *why)
{
	t->tally->failed++;
	if (t->hooks->missed)
		t->hooks->missed(t->hooks->ctx, what, why);
}

/* All entries of a stream; a damaged object is told and passed over. */
static enum pacs_err
take_entries(struct pacs_error *err, struct target *t, const char *pack,
	     struct pull *p)
{
	const struct entry *e;
	struct unpack *u;
	char why[NAME_ROOM + 64];
	enum pacs_err rc = unpack_open(err, p, &u);

	while (!rc && !(rc = unpack_next(err, u, &e)) && e) {
		rc = take_entry(err, t, u, e);
		if (rc == PACS_EINTEGRITY) {
			pacs_error_clear(err);
			snprintf(why, sizeof(why), "damaged in '%s'%s", pack,
				 t->kept ? ", but whole in an older pack" : "");
			restore_missed(t, e->path, why);
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
		rc = take_entries(err, v->t, v->pack->name, &p);
	if (!restore_goes_on(rc))
		return rc;
	snprintf(what, sizeof(what), "%s, at %llu", v->pack->name,
		 (unsigned long long)g.offset);
	restore_missed(v->t, what, err->msg);
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

	/* Seven digits fit. NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(pack->name, "packs/%*6u/%7u", &v.number) != 1)
		return PACS_OK;
	rc = groups_each(err, t->r, groups, NULL, take_extent, &v);
	if (restore_goes_on(rc)) {
		pacs_error_clear(err); /* told when it is its turn */
		rc = PACS_OK;
	}
	return rc;
}

/* groups: the file that says where in it what is; NULL if there is none. */
enum pacs_err
restore_pack(struct pacs_error *err, struct target *t,
	     const struct pacs_backup_file *f, const char *groups)
{
	const struct pacs_restore_tally before = *t->tally;
	struct pull p;
	enum pacs_err rc = pull_open(err, t->r, f->name, false, 0, 0, &p);

	if (!rc)
		rc = take_entries(err, t, f->name, &p);
	t->tally->read += f->size;
	if (!restore_goes_on(rc))
		return rc;
	if (groups && !repo_encrypted(t->r) && rc != PACS_ENOTFOUND) {
		t->tally->objects = before.objects;
		t->tally->bytes = before.bytes;
		restore_missed(t, f->name, err->msg);
		pacs_error_clear(err);
		return salvage(err, t, f, groups);
	}
	restore_missed(t, f->name, err->msg);
	pacs_error_clear(err);
	return PACS_OK;
}
