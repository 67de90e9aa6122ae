/*
 * The parts of recovery that compare lines, names and incoming files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/recover.h"
#include "base/file.h"
#include "base/fs.h"

static const struct pacs_triple none;

/* "<64 hex>" or "<64 hex>.<n>"; gives the digest. */
static bool
is_object_name(const char *name, char sha256[PACS_SHA256_HEX])
{
	size_t hex = strspn(name, "0123456789abcdef");
	const char *rest = name + 64;

	if (hex != 64 || (*rest && (*rest != '.' ||
				    rest[1 + strspn(rest + 1, "0123456789")])))
		return false;
	memcpy(sha256, name, 64);
	sha256[64] = '\0';
	return true;
}

/* An incoming file of a dead writer with these bytes, checked by digest. */
static bool
find_bytes(const struct recovery *r, const char *sha256, int *ret_dirfd,
	   const char **ret_name)
{
	size_t i, j;

	for (i = 0; i < r->dead_count; i++) {
		const struct dead *d = &r->dead[i];

		for (j = 0; j < d->count; j++) {
			struct pacs_error e = PACS_ERROR_INIT;
			char sha[PACS_SHA256_HEX], real[PACS_SHA256_HEX];
			bool same;
			int fd;

			if (!is_object_name(d->names[j], sha) ||
			    strcmp(sha, sha256) != 0 ||
			    pacs_file_open(&e, d->dirfd, d->names[j], &fd,
					   NULL))
				continue;
			same = !pacs_sha256_fd(&e, fd, real, NULL) &&
			       strcmp(real, sha256) == 0;
			close(fd);
			if (same) {
				*ret_dirfd = d->dirfd;
				*ret_name = d->names[j];
				return true;
			}
		}
	}
	return false;
}

static enum pacs_err
link_back(struct pacs_error *err, struct recovery *r, int dirfd,
	  const char *name, const char *path)
{
	char dir[PACS_PATH_ROOM];
	enum pacs_err rc;

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path),
		 path);
	rc = archive_mkdirs(err, r->ar, dir);
	if (!rc)
		rc = pacs_fs_link(err, dirfd, name, r->ar->dirfd, path);
	if (!rc && !pacs_fs_can_sync_all(r->ar->dirfd))
		rc = pacs_fs_sync_parent(err, r->ar->dirfd, path);
	if (!rc)
		r->ar->recovery.relinked++;
	return rc;
}

static void
add_text(struct recovery *r, enum pacs_op op, const struct pacs_triple *t,
	 uint64_t size, const char *sha256, const char *extra)
{
	char time[PACS_TIME_SIZE];

	pacs_time_now(time);
	line_format(&r->texts, time, op, t, size, sha256, NULL, extra);
	pacs_buf_addc(&r->texts, '\n');
}

static bool
is_there(const struct recovery *r, const char *path, struct stat *st)
{
	return fstatat(r->ar->dirfd, path, st, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum pacs_err
mend_placed(struct pacs_error *err, struct recovery *r, const struct entry *e)
{
	char path[PACS_PATH_ROOM];
	const char *name;
	struct stat st;
	int dirfd;

	if (!pacs_triple_is_safe(&e->triple))
		return PACS_OK;
	pacs_object_path(&e->triple, path);
	if (is_there(r, path, &st)) {
		if (pacs_object_is_purged(r->ar, &e->triple))
			return purge_forget(err, r->ar, &e->triple);
		return PACS_OK;
	}
	if (find_bytes(r, e->sha256, &dirfd, &name))
		return link_back(err, r, dirfd, name, path);
	r->ar->recovery.voided++;
	add_text(r, PACS_OP_VOID, &e->triple, e->size, e->sha256, NULL);
	return PACS_OK;
}

static enum pacs_err
mend_quarantined(struct pacs_error *err, struct recovery *r,
		 const struct entry *e)
{
	char path[PACS_SHA256_HEX + 16];
	const char *name;
	struct stat st;
	int dirfd;

	if (strlen(e->sha256) != PACS_SHA256_HEX - 1)
		return PACS_OK;
	quarantine_path(e->sha256, ".dcm", path);
	if (is_there(r, path, &st))
		return PACS_OK;
	if (find_bytes(r, e->sha256, &dirfd, &name))
		return link_back(err, r, dirfd, name, path);
	r->ar->recovery.voided++;
	add_text(r, PACS_OP_RELEASE, NULL, e->size, e->sha256, "reason=lost");
	return PACS_OK;
}

static enum pacs_err
mend_purged(struct pacs_error *err, struct recovery *r, const struct entry *e)
{
	char path[PACS_PATH_ROOM];
	struct stat st;

	if (!pacs_triple_is_safe(&e->triple))
		return PACS_OK;
	pacs_object_path(&e->triple, path);
	r->ar->recovery.purged += is_there(r, path, &st);
	return purge_finish(err, r->ar, &e->triple);
}

enum pacs_err
mend_entries(struct pacs_error *err, struct recovery *r)
{
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < r->entries.count; i++) {
		const struct entry *e = &r->entries.list[i];

		if (pacs_op_places(e->op))
			rc = mend_placed(err, r, e);
		else if (e->op == PACS_OP_PURGE)
			rc = mend_purged(err, r, e);
		else if (e->op == PACS_OP_QUARANTINE)
			rc = mend_quarantined(err, r, e);
		else if (e->op == PACS_OP_RELEASE && e->sha256[0] &&
			 strcmp(e->reason, "lost") != 0)
			rc = quarantine_remove(err, r->ar, e->sha256);
	}
	return rc;
}

/* The UIDs under which an incoming file was, or would have been, placed. */
static bool
triple_of(const struct dead *d, const char *name, struct pacs_triple *ret,
	  bool *ret_given)
{
	struct pacs_error e = PACS_ERROR_INIT;
	char uids[96];
	struct pacs_buf b = {0};
	bool ok;

	memset(ret, 0, sizeof(*ret));
	*ret_given = false;
	snprintf(uids, sizeof(uids), "%s.uids", name);
	if (!pacs_file_slurp(&e, d->dirfd, uids, 4096, &b)) {
		ok = sscanf(pacs_buf_str(&b), "%128s %128s %128s", ret->study,
			    ret->series, ret->instance) == 3;
		pacs_buf_clear(&b);
		*ret_given = ok;
		return ok;
	}
	return bytes_say(d->dirfd, name, ret) && pacs_triple_is_safe(ret);
}

/* A reason file was written before its object got the name. */
static void
adopt_quarantined(struct recovery *r, const char *sha256, uint64_t size)
{
	char path[PACS_SHA256_HEX + 16], extra[48] = "reason=unknown";
	struct pacs_error e = PACS_ERROR_INIT;
	struct pacs_buf b = {0};
	char word[24];

	quarantine_path(sha256, ".txt", path);
	if (!pacs_file_slurp(&e, r->ar->dirfd, path, 65536, &b) &&
	    sscanf(pacs_buf_str(&b), "reason=%23[a-z-]", word) == 1)
		snprintf(extra, sizeof(extra), "reason=%s", word);
	pacs_buf_clear(&b);
	add_text(r, PACS_OP_QUARANTINE, NULL, size, sha256, extra);
	r->ar->recovery.adopted++;
}

/* Is the object in quarantine that file? */
static bool
is_that(const struct recovery *r, const struct pacs_quarantined *q,
	const struct stat *file)
{
	char path[PACS_SHA256_HEX + 16];
	struct stat st;

	quarantine_path(q->sha256, ".dcm", path);
	return is_there(r, path, &st) && st.st_ino == file->st_ino;
}

/*
 * An object took a place and its line was lost: so was that of the object that
 * had the place before and is in quarantine now. Or it was about to take it
 * (held: what holds the place still), and the other was set aside already.
 */
static void
adopt_replaced(struct recovery *r, const struct pacs_triple *t,
	       const struct stat *held)
{
	struct pacs_error e = PACS_ERROR_INIT;
	char extra[48];
	size_t i;

	if (!r->aside_known &&
	    pacs_quarantine_list(&e, r->ar, &r->aside, &r->aside_count))
		return;
	r->aside_known = true;
	for (i = 0; i < r->aside_count; i++) {
		const struct pacs_quarantined *q = &r->aside[i];

		if ((strcmp(q->reason, "damaged") != 0 &&
		     strcmp(q->reason, "replaced") != 0) ||
		    !triple_is_same(&q->triple, t) ||
		    entries_find(&r->entries, &none, q->sha256) ||
		    (held && !is_that(r, q, held)))
			continue;
		snprintf(extra, sizeof(extra), "reason=%s", q->reason);
		add_text(r, PACS_OP_QUARANTINE, t, q->size, q->sha256, extra);
		r->ar->recovery.adopted++;
	}
}

/* It is in quarantine. */
static void
mend_aside(struct recovery *r, const char *sha256, const struct stat *in)
{
	char path[PACS_SHA256_HEX + 16];
	struct stat st;

	quarantine_path(sha256, ".dcm", path);
	if (is_there(r, path, &st) && st.st_ino == in->st_ino &&
	    !entries_find(&r->entries, &none, sha256))
		adopt_quarantined(r, sha256, (uint64_t)in->st_size);
}

/* One incoming file: has it a name that no line speaks of? */
static void
mend_one(struct recovery *r, const struct dead *d, const char *name,
	 const char *sha256)
{
	char path[PACS_PATH_ROOM];
	struct pacs_triple t;
	const struct entry *e;
	struct stat in, st;
	bool given;

	if (fstatat(d->dirfd, name, &in, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (in.st_nlink < 2)
		r->ar->recovery.swept++;
	else
		mend_aside(r, sha256, &in);
	if (!triple_of(d, name, &t, &given))
		return;
	pacs_object_path(&t, path);
	if (!is_there(r, path, &st))
		return;
	if (st.st_ino != in.st_ino) {
		if (st.st_nlink > 1)
			adopt_replaced(r, &t, &st);
		return;
	}
	e = entries_find(&r->entries, &t, sha256);
	if (e && pacs_op_places(e->op) && strcmp(e->sha256, sha256) == 0)
		return;
	adopt_replaced(r, &t, NULL);
	add_text(r, PACS_OP_ADOPT, &t, (uint64_t)in.st_size, sha256,
		 given ? "uids=given" : NULL);
	r->ar->recovery.adopted++;
}

void
mend_incoming(struct recovery *r)
{
	char sha256[PACS_SHA256_HEX];
	size_t i, j;

	for (i = 0; i < r->dead_count; i++)
		for (j = 0; j < r->dead[i].count; j++)
			if (is_object_name(r->dead[i].names[j], sha256))
				mend_one(r, &r->dead[i], r->dead[i].names[j],
					 sha256);
}
