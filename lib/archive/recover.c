/*
 * Recovery: making true again what the ledger says after a writer died.
 *
 * The folder that a dead writer left in incoming/ says from which place in the
 * ledger its lines can be; from there on the chain is verified and a torn tail
 * cut. Then, for each object that these lines speak of: a line without object
 * is relinked from incoming/ by digest, else void; a name without line (whole,
 * since names come after a barrier) is adopted; purges and releases on record
 * are completed. What nobody was promised is swept.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "archive/recover.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/fs.h"

static void
close_dead(struct dead *d)
{
	if (d->dirfd >= 0)
		close(d->dirfd);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
}

/* Is the owner of this folder dead? Then it is ours, locked. */
static bool
take_folder(const struct pacs_archive *ar, const char *name, struct dead *d)
{
	struct pacs_error e = PACS_ERROR_INIT;
	char dir[300];
	struct stat st;

	memset(d, 0, sizeof(*d));
	d->dirfd = d->lock_fd = -1;
	snprintf(dir, sizeof(dir), "incoming/%s", name);
	snprintf(d->name, sizeof(d->name), "%s", name);
	d->dirfd = openat(ar->dirfd, dir,
			  O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (d->dirfd >= 0 &&
	    !pacs_fs_open_rw(&e, d->dirfd, "lock", MODE_TEXT, &d->lock_fd) &&
	    !pacs_fs_lock(&e, d->lock_fd, true, 0) &&
	    fstat(d->lock_fd, &st) == 0 && st.st_nlink > 0)
		return true;
	close_dead(d);
	return false;
}

static void
add_name(struct dead *d, const char *name)
{
	if (d->count == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 64;
		d->names = pacs_realloc(d->names, d->cap * sizeof(*d->names));
	}
	d->names[d->count++] = pacs_strdup(name);
}

static enum pacs_err
list_folder(struct pacs_error *err, struct dead *d)
{
	const struct dirent *e;
	struct pacs_cursor c;
	struct pacs_dir dir;

	if (pacs_dir_open(err, d->dirfd, ".", 0, &dir))
		return err->code;
	dir.path = d->name;
	while ((e = pacs_dir_next(err, &dir))) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, "lock") == 0)
			continue;
		if (from_parse(e->d_name, &c)) {
			d->from = c;
			d->has_from = true;
		}
		add_name(d, e->d_name);
	}
	pacs_dir_close(&dir);
	return err->code;
}

static void
remove_dead(struct pacs_archive *ar, struct dead *d)
{
	struct pacs_error e = PACS_ERROR_INIT;
	char dir[300];
	size_t i;
	int marks;

	/* The mark goes after the objects, the lock last: a crash in between
	 * leaves a folder that can be recovered again. */
	for (marks = 0; marks < 2; marks++)
		for (i = 0; i < d->count; i++)
			if ((strncmp(d->names[i], "from-", 5) == 0) == marks &&
			    pacs_fs_unlink(&e, d->dirfd, d->names[i]))
				pacs_error_clear(&e);
	if (pacs_fs_unlink(&e, d->dirfd, "lock"))
		pacs_error_clear(&e);
	snprintf(dir, sizeof(dir), "incoming/%s", d->name);
	if (pacs_fs_rmdir(&e, ar->dirfd, dir))
		pacs_error_clear(&e);
	ar->recovery.writers++;
}

static void
free_dead(struct dead *d)
{
	size_t i;

	close_dead(d);
	for (i = 0; i < d->count; i++)
		free(d->names[i]);
	free(d->names);
}

/* Where to begin: the earliest mark, if the ledger went through it. */
static enum pacs_err
beginning(struct pacs_error *err, const struct recovery *r,
	  struct pacs_cursor *ret)
{
	static const struct pacs_cursor start = PACS_CURSOR_START;
	const struct pacs_cursor *first = NULL;
	enum pacs_err rc;
	bool holds;
	size_t i;

	for (i = 0; i < r->dead_count; i++) {
		const struct dead *d = &r->dead[i];

		if (d->has_from &&
		    (!first || pacs_cursor_before(&d->from, first)))
			first = &d->from;
	}
	if (!first)
		return pacs_ledger_tail(err, r->ar, ret);
	*ret = *first;
	rc = pacs_ledger_holds(err, r->ar, ret, &holds);
	if (!rc && !holds)
		*ret = start; /* the state that it names was lost: verify all */
	return rc;
}

static enum pacs_err
read_lines(struct pacs_error *err, struct recovery *r,
	   const struct pacs_cursor *from)
{
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *reader;
	enum pacs_err rc;

	rc = pacs_ledger_open(err, r->ar, from, &reader);
	if (rc)
		return rc;
	while (!(rc = pacs_ledger_next(err, reader, &line)) && line)
		entries_add(&r->entries, line);
	pacs_ledger_close(reader);
	if (!rc)
		entries_settle(&r->entries);
	return rc;
}

/* With the ledger locked. */
static enum pacs_err
mend(struct pacs_error *err, struct recovery *r, struct ledger_tail *tail)
{
	struct pacs_cursor from;
	enum pacs_err rc;

	rc = beginning(err, r, &from);
	if (!rc)
		rc = tail_verify(err, tail, &from, &r->ar->recovery.cut_bytes);
	if (!rc)
		rc = read_lines(err, r, &from);
	if (!rc)
		rc = mend_entries(err, r);
	if (!rc)
		mend_incoming(r);
	if (!rc)
		rc = tail_append(err, tail, &r->texts);
	/* All of it, and what a failed barrier of the dead left in doubt. */
	if (!rc)
		rc = pacs_fs_sync_all(err, r->ar->dirfd);
	if (!rc && !pacs_fs_can_sync_all(r->ar->dirfd))
		rc = tail_sync(err, tail, from.segment);
	return rc;
}

static enum pacs_err
recover_dead(struct pacs_error *err, struct recovery *r)
{
	struct ledger_tail tail = {.fd = -1, .lock_fd = -1};
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < r->dead_count; i++)
		rc = list_folder(err, &r->dead[i]);
	if (!rc)
		rc = tail_open(err, r->ar, &tail);
	if (!rc)
		rc = pacs_fs_lock(err, tail.lock_fd, true, LOCK_WAIT_MS);
	if (!rc) {
		rc = mend(err, r, &tail);
		tail_unlock(&tail);
	}
	tail_close(&tail);
	for (i = 0; !rc && i < r->dead_count; i++)
		remove_dead(r->ar, &r->dead[i]);
	if (rc)
		pacs_error_wrap(err, "recovery");
	return rc;
}

enum pacs_err
recover(struct pacs_error *err, struct pacs_archive *ar)
{
	struct recovery r = {.ar = ar};
	enum pacs_err rc;
	const struct dirent *e;
	struct pacs_dir dir;
	size_t i;

	if (pacs_dir_open(err, ar->dirfd, "incoming", 0, &dir))
		return err->code;
	while ((e = pacs_dir_next(err, &dir))) {
		if (e->d_name[0] == '.')
			continue;
		r.dead =
		    pacs_realloc(r.dead, (r.dead_count + 1) * sizeof(*r.dead));
		r.dead_count +=
		    take_folder(ar, e->d_name, &r.dead[r.dead_count]);
	}
	pacs_dir_close(&dir);
	rc = err->code;
	if (!rc && r.dead_count)
		rc = recover_dead(err, &r);
	for (i = 0; i < r.dead_count; i++)
		free_dead(&r.dead[i]);
	free(r.dead);
	free(r.aside);
	entries_clear(&r.entries);
	pacs_buf_clear(&r.texts);
	return rc;
}
