/*
 * Placing: what a barrier covered gets its name in objects/ or quarantine/.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "archive/writer.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/fs.h"
#include "dicom/uid.h"

/* The bytes say other UIDs: recovery needs to be told which are meant. */
static enum pacs_err
write_given(struct pacs_error *err, struct pacs_writer *w,
	    const struct pacs_staged *st)
{
	char name[sizeof(st->name) + 8];
	struct pacs_buf b = {0};
	enum pacs_err rc;

	snprintf(name, sizeof(name), "%s.uids", st->name);
	pacs_buf_addf(&b, "%s\n%s\n%s\n", st->triple.study, st->triple.series,
		      st->triple.instance);
	rc = pacs_fs_write_file(err, w->dirfd, name, MODE_TEXT, b.data, b.len,
				true);
	pacs_buf_clear(&b);
	return rc;
}

/* A line must be possible before there is a name: so a disk that fills up now
 * does not stop the record of what is placed. */
static enum pacs_err
reserve_line(struct pacs_error *err, struct pacs_writer *w)
{
	enum { MANY = 1024 };
	enum pacs_err rc;

	if (w->reserved == 0) {
		rc = tail_reserve(err, &w->tail, MANY);
		if (rc)
			return rc;
		w->reserved = MANY;
	}
	w->reserved--;
	return PACS_OK;
}

static enum pacs_err
make_dir(struct pacs_error *err, struct pacs_writer *w, const char *dir)
{
	enum pacs_err rc;

	if (strcmp(dir, w->last_dir) == 0)
		return PACS_OK;
	rc = archive_mkdirs(err, w->ar, dir);
	if (!rc)
		snprintf(w->last_dir, sizeof(w->last_dir), "%s", dir);
	return rc;
}

/* Make the folders and link; a purge may remove an empty folder in between. */
static enum pacs_err
link_object(struct pacs_error *err, struct pacs_writer *w,
	    const struct pacs_staged *st, const char *path)
{
	char dir[PACS_PATH_ROOM];
	enum pacs_err rc;
	unsigned try;

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path),
		 path);
	for (try = 0;; try++) {
		rc = make_dir(err, w, dir);
		if (!rc)
			rc = pacs_fs_link(err, w->dirfd, st->name, w->ar->dirfd,
					  path);
		if (rc != PACS_ENOTFOUND || try == 3)
			return rc;
		pacs_error_clear(err);
		w->last_dir[0] = '\0';
	}
}

/* Most archives never purge: then no mark needs to be looked for. A folder
 * without folders has two links (where links of folders are counted). */
static bool
is_purged(struct pacs_writer *w, const struct pacs_triple *t)
{
	struct stat st;

	if (w->none_purged)
		return false;
	w->none_purged =
	    fstatat(w->ar->dirfd, "purged", &st, 0) == 0 && st.st_nlink == 2;
	return !w->none_purged && pacs_object_is_purged(w->ar, t);
}

enum pacs_err
pacs_place_object(struct pacs_error *err, struct pacs_writer *w,
		  struct pacs_staged *st, bool again)
{
	char path[PACS_PATH_ROOM];
	enum pacs_err rc;

	st->placed = PACS_PLACED_NOT;
	st->was_purged = is_purged(w, &st->triple);
	if (st->was_purged && !again) {
		st->placed = PACS_PLACED_PURGED;
		return PACS_OK;
	}
	pacs_object_path(&st->triple, path);
	rc = reserve_line(err, w);
	if (!rc && st->given_uids)
		rc = write_given(err, w, st);
	if (!rc)
		rc = link_object(err, w, st, path);
	if (rc == PACS_EEXISTS) {
		pacs_error_clear(err);
		st->placed = PACS_PLACED_TAKEN;
		return PACS_OK;
	}
	if (rc)
		return rc;
	st->placed = PACS_PLACED_OBJECT;
	pthread_mutex_lock(&w->lock);
	writer_dirty_parents(w, path);
	pthread_mutex_unlock(&w->lock);
	return PACS_OK;
}

void
quarantine_path(const char *sha256, const char *suffix,
		char ret[PACS_SHA256_HEX + 16])
{
	snprintf(ret, PACS_SHA256_HEX + 16, "quarantine/%.64s%s", sha256,
		 suffix);
}

static enum pacs_err
write_reason(struct pacs_error *err, struct pacs_writer *w, const char *sha256,
	     const struct pacs_staged *st, const char *reason,
	     const char *detail)
{
	char path[PACS_SHA256_HEX + 16], time[PACS_TIME_SIZE];
	struct pacs_buf b = {0};
	const struct {
		const char *key, *uid;
	} uids[] = {
	    {"StudyInstanceUID", st->triple.study},
	    {"SeriesInstanceUID", st->triple.series},
	    {"SOPInstanceUID", st->triple.instance},
	};
	enum pacs_err rc;
	size_t i;

	pacs_time_now(time);
	pacs_buf_addf(&b, "reason=%s\ntime=%s\norigin=%s\n", reason, time,
		      st->origin ? st->origin : "file");
	for (i = 0; i < sizeof(uids) / sizeof(*uids); i++)
		if (pacs_uid_is_safe(uids[i].uid))
			pacs_buf_addf(&b, "%s=%s\n", uids[i].key, uids[i].uid);
	if (detail && *detail)
		pacs_buf_addf(&b, "detail=%s\n", detail);
	quarantine_path(sha256, ".txt", path);
	rc = pacs_fs_write_file(err, w->ar->dirfd, path, MODE_TEXT, b.data,
				b.len, true);
	if (!rc)
		rc = archive_give(err, w->ar, w->ar->dirfd, path);
	pacs_buf_clear(&b);
	return rc;
}

enum pacs_err
pacs_place_quarantine(struct pacs_error *err, struct pacs_writer *w,
		      struct pacs_staged *st, const char *reason,
		      const char *detail)
{
	char path[PACS_SHA256_HEX + 16];
	enum pacs_err rc;

	quarantine_path(st->sha256, ".dcm", path);
	snprintf(st->reason, sizeof(st->reason), "%s", reason);
	if (faccessat(w->ar->dirfd, path, F_OK, 0) == 0) {
		st->placed = PACS_PLACED_QUARANTINED_BEFORE;
		return pacs_place_duplicate(err, w, st);
	}
	rc = reserve_line(err, w);
	if (!rc)
		rc = write_reason(err, w, st->sha256, st, reason, detail);
	if (!rc)
		rc = pacs_fs_link(err, w->dirfd, st->name, w->ar->dirfd, path);
	if (rc == PACS_EEXISTS) {
		pacs_error_clear(err);
		st->placed = PACS_PLACED_QUARANTINED_BEFORE;
		return pacs_place_duplicate(err, w, st);
	}
	if (rc)
		return rc;
	st->placed = PACS_PLACED_QUARANTINE;
	snprintf(st->extra, sizeof(st->extra), "reason=%s", reason);
	pthread_mutex_lock(&w->lock);
	writer_dirty(w, "quarantine");
	pthread_mutex_unlock(&w->lock);
	return PACS_OK;
}

/* The bytes that hold the place now get a second name, durably. */
static enum pacs_err
keep_old(struct pacs_error *err, struct pacs_writer *w, struct pacs_staged *st,
	 const char *path, const char *reason, char sha[PACS_SHA256_HEX])
{
	char kept[PACS_SHA256_HEX + 16];
	enum pacs_err rc;
	int fd;

	rc = pacs_file_open(err, w->ar->dirfd, path, &fd, NULL);
	if (rc)
		return rc;
	rc = pacs_sha256_fd(err, fd, sha, NULL);
	close(fd);
	if (!rc)
		rc = write_reason(err, w, sha, st, reason, NULL);
	if (rc)
		return rc;
	quarantine_path(sha, ".dcm", kept);
	rc = pacs_fs_link(err, w->ar->dirfd, path, w->ar->dirfd, kept);
	if (rc == PACS_EEXISTS) {
		pacs_error_clear(err);
		rc = PACS_OK;
	}
	if (!rc)
		rc = pacs_fs_sync_path(err, w->ar->dirfd, kept);
	return rc ? rc : pacs_fs_sync_path(err, w->ar->dirfd, "quarantine");
}

static enum pacs_err
sync_parent(struct pacs_error *err, const struct pacs_writer *w,
	    const char *path)
{
	char dir[PACS_PATH_ROOM];

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path),
		 path);
	return pacs_fs_sync_path(err, w->ar->dirfd, dir);
}

enum pacs_err
pacs_place_over(struct pacs_error *err, struct pacs_writer *w,
		struct pacs_staged *st, enum pacs_placed how)
{
	const bool repair = how == PACS_PLACED_REPAIR;
	char path[PACS_PATH_ROOM], sha[PACS_SHA256_HEX];
	char second[sizeof(st->name) + 8];
	enum pacs_err rc;

	pacs_object_path(&st->triple, path);
	rc = keep_old(err, w, st, path, repair ? "damaged" : "replaced", sha);
	if (!rc && st->given_uids)
		rc = write_given(err, w, st);
	/* A second incoming name takes the place, since the first must outlive
	 * the barrier. */
	snprintf(second, sizeof(second), "%s.over", st->name);
	if (!rc)
		rc = pacs_fs_link(err, w->dirfd, st->name, w->dirfd, second);
	if (!rc)
		rc = pacs_fs_rename(err, w->dirfd, second, w->ar->dirfd, path);
	/* Recovery sees that a line's object is there, not which one: so the
	 * line must not outlive the change. */
	if (!rc && (rc = sync_parent(err, w, path)))
		w->spoiled = true; /* changed and not on record */
	if (rc)
		return rc;
	st->placed = how;
	snprintf(st->extra, sizeof(st->extra), "%s=%s",
		 repair ? "repaired" : "replaced", sha);
	pthread_mutex_lock(&w->lock);
	writer_dirty_parents(w, path);
	writer_dirty(w, "quarantine");
	pthread_mutex_unlock(&w->lock);
	return PACS_OK;
}

/* Is another writer, dead or alive, at work? In doubt yes: a line more does no
 * harm. */
static bool
others_at_work(const struct pacs_writer *w)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct dirent *e;
	struct pacs_dir d;
	bool others = false;

	if (pacs_dir_open(&err, w->ar->dirfd, "incoming", 0, &d))
		return true;
	while (!others && (e = pacs_dir_next(&err, &d)))
		others = e->d_name[0] != '.' &&
			 strcmp(e->d_name, strchr(w->dir, '/') + 1) != 0;
	pacs_dir_close(&d);
	return others || err.code;
}

static enum pacs_err
hash_have(struct pacs_error *err, struct pacs_writer *w, struct pacs_staged *st,
	  const char *path)
{
	enum pacs_err rc;
	int fd;

	rc = pacs_file_open(err, w->ar->dirfd, path, &fd, NULL);
	if (rc)
		return rc;
	rc = pacs_sha256_fd(err, fd, st->have_sha256, &st->have_size);
	close(fd);
	return rc;
}

/* What is at path gets a line, and is flushed with it. */
static enum pacs_err
owe_line(struct pacs_error *err, struct pacs_writer *w, struct pacs_staged *st,
	 const char *path, enum pacs_placed placed)
{
	enum pacs_err rc;

	rc = hash_have(err, w, st, path);
	if (rc)
		return rc;
	st->placed = placed;
	pthread_mutex_lock(&w->lock);
	writer_dirty(w, path);
	writer_dirty_parents(w, path);
	pthread_mutex_unlock(&w->lock);
	return PACS_OK;
}

/*
 * A writer unlinks its incoming name when name and line are durable. So a
 * single link means that the acknowledgement has been earned already. (Links
 * that an admin made for a copy only cost a line while others write.)
 */
enum pacs_err
pacs_place_duplicate(struct pacs_error *err, struct pacs_writer *w,
		     struct pacs_staged *st)
{
	const bool quarantined = st->placed == PACS_PLACED_QUARANTINED_BEFORE;
	char path[PACS_PATH_ROOM];
	struct stat sb;

	if (quarantined)
		quarantine_path(st->sha256, ".dcm", path);
	else
		pacs_object_path(&st->triple, path);
	if (fstatat(w->ar->dirfd, path, &sb, 0) != 0)
		return pacs_error_sys(err, errno, "'%s'", path);
	if (sb.st_nlink < 2 || !others_at_work(w))
		return PACS_OK;
	if (quarantined)
		snprintf(st->extra, sizeof(st->extra), "reason=%s", st->reason);
	return owe_line(err, w, st, path,
			quarantined ? PACS_PLACED_QUARANTINE
				    : PACS_PLACED_LINE);
}

enum pacs_err
pacs_place_orphan(struct pacs_error *err, struct pacs_writer *w,
		  struct pacs_staged *st)
{
	char path[PACS_PATH_ROOM];

	pacs_object_path(&st->triple, path);
	return owe_line(err, w, st, path, PACS_PLACED_LINE);
}
