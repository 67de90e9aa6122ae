/*
 * An index that this user may not write, brought up to date in memory: pages
 * that change are kept here, all others are read from the index where they are.
 *
 * It is a VFS of SQLite with one file, below a connection of its own. While
 * that reads, the connection to the index holds a read transaction; then no
 * checkpoint may change pages of the file that we have not seen
 * (sqlite.org/walformat.html, "WAL Locks"), and what the WAL holds was copied.
 * Between transactions nothing is held; whether the index changed meanwhile is
 * seen at the next one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/overlay.h"

struct file {
	sqlite3_file file;
	struct overlay *o;
	int lock;
};

/* --- holding it -------------------------------------------------------- */

static void
let_go(struct overlay *o)
{
	struct pacs_error late = PACS_ERROR_INIT;

	/* Nothing was written: whatever this says, there is nothing to do. */
	if (o->held && db_simple(&late, &o->base, ST_COMMIT))
		pacs_error_clear(&late);
	o->held = false;
}

/* Begin to read the index. */
static enum pacs_err
hold(struct pacs_error *err, struct overlay *o)
{
	if (db_simple(err, &o->base, ST_BEGIN_READ))
		return err->code;
	o->held = true;
	if (db_run(err, &o->base, o->first_read))
		let_go(o);
	return err->code;
}

static enum pacs_err
cannot(struct pacs_error *err, const struct overlay *o, int rc)
{
	if (rc == SQLITE_FULL)
		return pacs_error_set(err, PACS_EBUSY,
				      "the index is too far behind for a user "
				      "who may not write it");
	return pacs_error_set(err,
			      rc == SQLITE_BUSY     ? PACS_EBUSY
			      : rc == SQLITE_NOTADB ? PACS_EINTEGRITY
						    : PACS_EIO,
			      "cannot read the index '%s': %s", o->base.path,
			      sqlite3_errstr(rc));
}

enum pacs_err
overlay_renew(struct pacs_error *err, struct overlay *o, bool *ret_renewed)
{
	int rc;

	*ret_renewed = false;
	if (o->held)
		return PACS_OK;
	if (hold(err, o))
		return err->code;
	if (!overlay_is_same(o)) {
		rc = overlay_take(o);
		*ret_renewed = rc == SQLITE_OK;
		o->version.taken = rc == SQLITE_OK;
		if (rc != SQLITE_OK)
			cannot(err, o, rc);
	}
	let_go(o);
	return err->code;
}

/* --- the file ---------------------------------------------------------- */

static struct overlay *
of(sqlite3_file *f)
{
	return ((struct file *)(void *)f)->o;
}

static int
file_close(sqlite3_file *f)
{
	(void)f;
	return SQLITE_OK;
}

/* SQLite reads and writes within one page. */
static int
file_read(sqlite3_file *f, void *buf, int n, sqlite3_int64 at)
{
	struct overlay *o = of(f);
	uint32_t number = (uint32_t)(at / o->page_size) + 1;
	const unsigned char *page = overlay_changed(o, number);

	if (page)
		memcpy(buf, page + at % o->page_size, (size_t)n);
	else if (number <= o->page_count)
		return overlay_read_below(o, buf, n, at);
	else
		memset(buf, 0, (size_t)n);
	return number <= o->page_count ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int
file_write(sqlite3_file *f, const void *buf, int n, sqlite3_int64 at)
{
	struct overlay *o = of(f);
	uint32_t number = (uint32_t)(at / o->page_size) + 1;
	unsigned char *bytes;
	int rc;

	bytes = overlay_change(o, number, n == (int)o->page_size, &rc);
	if (!bytes)
		return rc;
	memcpy(bytes + at % o->page_size, buf, (size_t)n);
	if (number > o->page_count)
		o->page_count = number;
	return SQLITE_OK;
}

static int
file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	of(f)->page_count = (uint32_t)(size / of(f)->page_size);
	return SQLITE_OK;
}

static int
file_sync(sqlite3_file *f, int flags)
{
	(void)f, (void)flags;
	return SQLITE_OK;
}

static int
file_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)of(f)->page_count * of(f)->page_size;
	return SQLITE_OK;
}

/* A transaction begins: is the index still the one that we know? */
static int
file_lock(sqlite3_file *f, int lock)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct overlay *o = of(f);

	if (!o->held) {
		if (hold(&err, o))
			return SQLITE_BUSY;
		if (!overlay_is_same(o)) {
			let_go(o);
			return SQLITE_BUSY;
		}
	}
	((struct file *)(void *)f)->lock = lock;
	return SQLITE_OK;
}

static int
file_unlock(sqlite3_file *f, int lock)
{
	if (lock == SQLITE_LOCK_NONE)
		let_go(of(f));
	((struct file *)(void *)f)->lock = lock;
	return SQLITE_OK;
}

static int
file_is_reserved(sqlite3_file *f, int *ret)
{
	*ret = ((struct file *)(void *)f)->lock >= SQLITE_LOCK_RESERVED;
	return SQLITE_OK;
}

static int
file_control(sqlite3_file *f, int what, void *arg)
{
	(void)f, (void)what, (void)arg;
	return SQLITE_NOTFOUND;
}

static int
file_sector(sqlite3_file *f)
{
	(void)f;
	return 4096;
}

static int
file_kind(sqlite3_file *f)
{
	(void)f;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_is_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_kind,
};

/* --- the VFS ----------------------------------------------------------- */

/* Temporary files are the real ones. */
static int
vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
	 int *ret_flags)
{
	struct overlay *o = (struct overlay *)(void *)vfs;
	struct file *mine = (struct file *)(void *)f;

	if (!(flags & SQLITE_OPEN_MAIN_DB))
		return o->real->xOpen(o->real, name, f, flags, ret_flags);
	memset(mine, 0, sizeof(*mine));
	mine->file.pMethods = &methods;
	mine->o = o;
	if (ret_flags)
		*ret_flags = flags;
	return SQLITE_OK;
}

/* Of journal and WAL there is none, whatever lies in the current folder. */
static int
vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
	(void)vfs, (void)name, (void)flags;
	*ret = 0;
	return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs, (void)name, (void)sync;
	return SQLITE_OK;
}

static void
vfs_make(struct overlay *o)
{
	o->real = sqlite3_vfs_find(NULL);
	o->vfs = *o->real;
	o->vfs.pNext = NULL;
	o->vfs.iVersion = 1;
	if (o->vfs.szOsFile < (int)sizeof(struct file))
		o->vfs.szOsFile = (int)sizeof(struct file);
	snprintf(o->name, sizeof(o->name), "pacs-overlay-%p", (void *)o);
	o->vfs.zName = o->name;
	o->vfs.xOpen = vfs_open;
	o->vfs.xAccess = vfs_access;
	o->vfs.xDelete = vfs_delete;
	sqlite3_vfs_register(&o->vfs, 0);
}

enum pacs_err
overlay_open(struct pacs_error *err, struct db *db, struct overlay **ret)
{
	struct overlay *o = pacs_calloc(1, sizeof(*o));
	bool renewed;

	*ret = o;
	o->base = *db;
	memset(db, 0, sizeof(*db));
	overlay_drop(o);
	vfs_make(o);
	if (db_prepare(err, &o->base, "SELECT 1 FROM t_meta", &o->first_read) ||
	    overlay_renew(err, o, &renewed))
		return err->code;
	return db_open(err, db, o->name, DB_OVERLAY, 0);
}

void
overlay_close(struct overlay *o)
{
	if (!o)
		return;
	let_go(o);
	sqlite3_vfs_unregister(&o->vfs);
	sqlite3_finalize(o->first_read);
	db_close(&o->base);
	overlay_drop(o);
	free(o->pages);
	free(o);
}
