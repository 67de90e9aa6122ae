/*
 * A writer: its folder in incoming/, its barriers, its lines in the ledger.
 */
#include "archive/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/dir.h"
#include "base/fs.h"

/* Ask for free space again after so many staged bytes. */
#define SPACE_EVERY (64u << 20)
/* Move the mark in incoming/W forward after so many ledger bytes. */
#define FROM_EVERY (256u << 10)

static void
from_format(const struct pacs_cursor *c, char ret[64])
{
	snprintf(ret, 64, "from-%06u-%010llu-%.16s", c->segment,
		 (unsigned long long)c->offset, c->check);
}

bool
from_parse(const char *name, struct pacs_cursor *ret)
{
	unsigned long long offset;
	unsigned segment;

	/* The widths keep each number in its type. NOLINTNEXTLINE */
	if (sscanf(name, "from-%6u-%10llu-%16[0-9a-f]", &segment, &offset,
		   ret->check) != 3 ||
	    strlen(ret->check) != PACS_CHECK_ROOM - 1 || !segment)
		return false;
	ret->segment = segment;
	ret->offset = offset;
	return true;
}

static enum pacs_err
make_folder(struct pacs_error *err, struct pacs_writer *w)
{
	struct pacs_archive *ar = w->ar;
	enum pacs_err rc;
	unsigned try;

	for (try = 0;; try++) {
		snprintf(w->dir, sizeof(w->dir), "incoming/%llx-%d-%u",
			 (unsigned long long)pacs_time_us(), (int)getpid(),
			 try);
		rc = pacs_fs_mkdir(err, ar->dirfd, w->dir, MODE_DIR);
		if (rc != PACS_EEXISTS || try == 100)
			break;
		pacs_error_clear(err);
	}
	if (!rc)
		rc = archive_give(err, ar, ar->dirfd, w->dir);
	if (rc)
		return rc;
	w->dirfd =
	    openat(ar->dirfd, w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dirfd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", w->dir);
	rc = pacs_fs_create(err, w->dirfd, "lock", MODE_TEXT, &w->lock_fd);
	if (!rc)
		rc = pacs_fs_lock(err, w->lock_fd, true, 0);
	return rc ? rc : archive_give(err, ar, w->dirfd, "lock");
}

/*
 * A folder can be seen, by a program that recovers, between its making and its
 * locking, and be taken away. Then begin again.
 */
static enum pacs_err
make_locked_folder(struct pacs_error *err, struct pacs_writer *w)
{
	enum pacs_err rc;
	struct stat st;
	unsigned try;

	for (try = 0; try < 10; try++) {
		rc = make_folder(err, w);
		if (!rc && fstat(w->lock_fd, &st) == 0 && st.st_nlink > 0)
			return PACS_OK;
		if (rc && rc != PACS_ENOTFOUND && rc != PACS_EBUSY &&
		    rc != PACS_EEXISTS)
			return rc;
		pacs_error_clear(err);
		if (w->lock_fd >= 0)
			close(w->lock_fd);
		if (w->dirfd >= 0)
			close(w->dirfd);
		w->lock_fd = w->dirfd = -1;
	}
	return pacs_error_set(err, PACS_EBUSY,
			      "cannot get a folder in 'incoming'");
}

/* Where our lines can begin. Finds a broken ledger before anything is staged,
 * and opens the segment that space is reserved in. */
static enum pacs_err
mark_beginning(struct pacs_error *err, struct pacs_writer *w)
{
	enum pacs_err rc;
	int fd;

	rc = tail_lock(err, &w->tail, NULL);
	if (rc)
		return rc;
	from_format(&w->tail.end, w->from);
	rc = pacs_fs_create(err, w->dirfd, w->from, MODE_TEXT, &fd);
	tail_unlock(&w->tail);
	if (rc)
		return rc;
	close(fd);
	writer_dirty(w, "incoming");
	writer_dirty(w, w->dir);
	return archive_give(err, w->ar, w->dirfd, w->from);
}

static enum pacs_err
ask_space(struct pacs_error *err, struct pacs_writer *w)
{
	uint64_t total, floor_bytes = 0;
	enum pacs_err rc;

	rc = pacs_fs_space(err, w->ar->dirfd, &w->free_bytes, &total);
	floor_bytes = w->ar->settings.floor_bytes;
	if (!floor_bytes) {
		floor_bytes = total / 50;
		if (floor_bytes > 1u << 30)
			floor_bytes = 1u << 30;
	}
	w->floor_bytes = floor_bytes;
	w->staged_since = 0;
	return rc;
}

enum pacs_err
pacs_writer_open(struct pacs_error *err, struct pacs_archive *ar,
		 struct pacs_writer **ret_w)
{
	struct pacs_writer *w = pacs_calloc(1, sizeof(*w));
	enum pacs_err rc;

	*ret_w = NULL;
	w->ar = ar;
	w->dirfd = w->lock_fd = -1;
	w->tail.fd = w->tail.lock_fd = -1;
	w->flush_each = !pacs_fs_can_sync_all(ar->dirfd);
	pthread_mutex_init(&w->lock, NULL);
	rc = make_locked_folder(err, w);
	if (!rc)
		rc = tail_open(err, ar, &w->tail);
	if (!rc)
		rc = mark_beginning(err, w);
	if (!rc)
		rc = ask_space(err, w);
	if (rc) {
		pacs_writer_close(w);
		return rc;
	}
	*ret_w = w;
	return PACS_OK;
}

/* Remove the folder: first what is in it, then the mark, then the lock. */
static void
remove_folder(struct pacs_writer *w)
{
	struct pacs_error e = PACS_ERROR_INIT;
	struct pacs_error broken = PACS_ERROR_INIT;
	const struct dirent *ent;
	struct pacs_dir d;

	if (pacs_dir_open(&broken, w->dirfd, ".", 0, &d))
		return;
	while ((ent = pacs_dir_next(&broken, &d)))
		if (ent->d_name[0] != '.' && strcmp(ent->d_name, "lock") != 0 &&
		    strncmp(ent->d_name, "from-", 5) != 0 &&
		    pacs_fs_unlink(&e, w->dirfd, ent->d_name))
			pacs_error_clear(&e);
	pacs_dir_close(&d);
	if (broken.code)
		return;
	/* What cannot be removed now is swept by the next program. */
	if (w->from[0] && pacs_fs_unlink(&e, w->dirfd, w->from))
		return;
	if (pacs_fs_unlink(&e, w->dirfd, "lock") ||
	    pacs_fs_rmdir(&e, w->ar->dirfd, w->dir))
		return;
}

void
pacs_writer_close(struct pacs_writer *w)
{
	if (!w)
		return;
	if (w->dirfd >= 0) {
		if (!w->spoiled && w->lock_fd >= 0)
			remove_folder(w);
		close(w->dirfd);
	}
	if (w->lock_fd >= 0)
		close(w->lock_fd);
	tail_close(&w->tail);
	dirty_clear(&w->dirty);
	free(w->dirty.paths);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

enum pacs_err
pacs_writer_room(struct pacs_error *err, struct pacs_writer *w,
		 uint64_t size_bytes)
{
	enum pacs_err rc = PACS_OK;

	pthread_mutex_lock(&w->lock);
	w->staged_since += size_bytes;
	if (w->staged_since >= SPACE_EVERY ||
	    w->free_bytes < w->floor_bytes + w->staged_since) {
		rc = ask_space(err, w);
		w->staged_since = size_bytes;
	}
	if (!rc && w->free_bytes < w->floor_bytes + w->staged_since)
		rc = pacs_error_set(
		    err, PACS_ENOSPC,
		    "only %llu KiB free; the archive keeps %llu KiB free",
		    (unsigned long long)(w->free_bytes >> 10),
		    (unsigned long long)(w->floor_bytes >> 10));
	pthread_mutex_unlock(&w->lock);
	return rc;
}

enum pacs_err
writer_refuse_spoiled(struct pacs_error *err)
{
	return pacs_error_set(err, PACS_EIO, "an earlier flush to disk failed");
}

enum pacs_err
pacs_writer_barrier(struct pacs_error *err, struct pacs_writer *w)
{
	struct dirty taken;
	enum pacs_err rc;
	uint32_t segment;

	if (w->spoiled)
		return writer_refuse_spoiled(err);
	pthread_mutex_lock(&w->lock);
	taken = w->dirty;
	memset(&w->dirty, 0, sizeof(w->dirty));
	pthread_mutex_unlock(&w->lock);
	segment = w->dirty_segment;
	w->dirty_segment = 0;
	rc = dirty_flush(err, w, &taken, segment);
	if (rc)
		w->spoiled = true;
	else
		w->marked = true;
	dirty_clear(&taken);
	free(taken.paths);
	return rc;
}

/* All lines up to the last barrier are durable: say so in the mark. */
static enum pacs_err
move_mark(struct pacs_error *err, struct pacs_writer *w)
{
	struct pacs_cursor old;
	char name[64];
	enum pacs_err rc;

	if (w->dirty_segment || !from_parse(w->from, &old) ||
	    (old.segment == w->tail.end.segment &&
	     w->tail.end.offset - old.offset < FROM_EVERY))
		return PACS_OK;
	from_format(&w->tail.end, name);
	rc = pacs_fs_rename(err, w->dirfd, w->from, w->dirfd, name);
	if (!rc)
		memcpy(w->from, name, sizeof(name));
	return rc;
}

/* Does it hold its place now? What was only put aside does not, the second time
 * neither. */
static bool
holds_place(const struct pacs_staged *st)
{
	return st->placed == PACS_PLACED_OBJECT ||
	       st->placed == PACS_PLACED_LINE ||
	       st->placed == PACS_PLACED_REPAIR ||
	       st->placed == PACS_PLACED_REPLACE;
}

enum pacs_err
pacs_writer_settle(struct pacs_error *err, struct pacs_writer *w,
		   struct pacs_staged *const *sts, size_t count)
{
	enum pacs_err rc = PACS_OK;
	size_t i;

	if (w->spoiled)
		return writer_refuse_spoiled(err);
	for (i = 0; !rc && i < count; i++) {
		if (sts[i]->was_purged && holds_place(sts[i]))
			rc = purge_forget(err, w->ar, &sts[i]->triple);
		if (rc || !sts[i]->name[0])
			continue;
		rc = pacs_fs_unlink(err, w->dirfd, sts[i]->name);
		sts[i]->name[0] = '\0';
	}
	return rc ? rc : move_mark(err, w);
}
