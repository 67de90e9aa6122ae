/*
 * One SQLite connection: opening, statements, errors.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "index/internal.h"

static enum pacs_err
code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return PACS_EBUSY;
	case SQLITE_FULL:
		return PACS_ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return PACS_EINTEGRITY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return PACS_EDENIED;
	case SQLITE_IOERR:
		return PACS_EIO;
	case SQLITE_TOOBIG:
		return PACS_ELIMIT;
	default:
		return PACS_EINTERNAL;
	}
}

static enum pacs_err
db_error(struct pacs_error *err, const struct db *db, const char *what)
{
	int rc = sqlite3_extended_errcode(db->conn);
	enum pacs_err code = code_of(rc);
	const char *msg = sqlite3_errmsg(db->conn);

	/* Our SQL names what our schema has: a file that is empty or lost a
	 * table is damaged, though it is a sound database. */
	if (rc == SQLITE_ERROR && !strncmp(msg, "no such ", 8))
		code = PACS_EINTEGRITY;
	if (code == PACS_EINTEGRITY)
		return pacs_error_set(err, code,
				      "%s: the index is damaged; make it anew "
				      "with 'pacs-index rebuild' (%s)",
				      what, msg);
	return pacs_error_set(err, code, "%s: %s", what, msg);
}

enum pacs_err
db_exec(struct pacs_error *err, struct db *db, const char *sql)
{
	if (sqlite3_exec(db->conn, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(err, db, "index");
	return PACS_OK;
}

/* "file:PATH?immutable=1", with what a URI gives a meaning escaped. */
static char *
uri_of(const char *path, const char *parameter)
{
	struct pacs_buf b = {0};

	pacs_buf_adds(&b, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path))
			pacs_buf_addf(&b, "%%%02X", (unsigned char)*path);
		else
			pacs_buf_addc(&b, *path);
	}
	pacs_buf_addf(&b, "?%s=1", parameter);
	return pacs_buf_take(&b);
}

/* The name that SQLite gets. free() */
static char *
name_of(enum db_mode mode, const char *path)
{
	switch (mode) {
	case DB_READ:
		/* Where others could write, a disk may be full. */
		return uri_of(path, "readonly_shm");
	case DB_IMMUTABLE:
		return uri_of(path, "immutable");
	case DB_MEMORY:
		return pacs_strdup(":memory:");
	case DB_SCRATCH:
		return pacs_strdup("");
	case DB_OVERLAY:
		return pacs_strdup("overlay");
	default:
		return pacs_strdup(path);
	}
}

static int
open_flags(enum db_mode mode)
{
	/* NOMUTEX: a connection is used by one thread. */
	switch (mode) {
	case DB_READ:
	case DB_IMMUTABLE:
		return SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
		       SQLITE_OPEN_URI;
	case DB_WRITE:
	case DB_OVERLAY:
		return SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	default:
		return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		       SQLITE_OPEN_NOMUTEX;
	}
}

/*
 * LIKE must tell case apart as in the standard and in PostgreSQL. NORMAL with
 * WAL: a power cut may lose the newest commits, never the file; the ledger
 * gives them back.
 */
static const char *
settings(enum db_mode mode)
{
	/* What was committed survives, so that a build that is stopped can go
	 * on. Nobody reads it: the WAL may grow, which saves writing pages that
	 * change again and again. */
	if (mode == DB_BUILD)
		return "PRAGMA locking_mode=EXCLUSIVE; PRAGMA "
		       "journal_mode=WAL;"
		       "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-24000;"
		       "PRAGMA wal_autocheckpoint=16384;"
		       "PRAGMA case_sensitive_like=ON;";
	if (mode == DB_OVERLAY)
		return "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"
		       "PRAGMA cache_size=-8000;"
		       "PRAGMA case_sensitive_like=ON;";
	if (mode == DB_SCRATCH)
		return "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		       "PRAGMA cache_size=-8000;";
	return "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8000;"
	       "PRAGMA case_sensitive_like=ON;";
}

/* The WAL stays when the last program leaves: users without permission to
 * write cannot open the index if they would have to make it. And leaving must
 * not cost a flush; whoever writes next tidies up. */
static void
keep_wal(sqlite3 *conn)
{
	int on = 1;

	sqlite3_file_control(conn, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	sqlite3_db_config(conn, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static bool
has_a_file(enum db_mode mode)
{
	return mode != DB_MEMORY && mode != DB_SCRATCH && mode != DB_OVERLAY;
}

/* What is there, and no file, SQLite cannot tell from one that may not be
 * opened. */
static bool
is_no_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

/* SQLite counts the bytes of each allocation under a lock, for a statistic that
 * nobody asks for: a tenth of a short question. */
static void
configure(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum pacs_err
open_conn(struct pacs_error *err, struct db *db, const char *path,
	  enum db_mode mode)
{
	char *name = name_of(mode, path);

	if (sqlite3_open_v2(name, &db->conn, open_flags(mode),
			    mode == DB_OVERLAY ? path : NULL) != SQLITE_OK)
		db_error(err, db, "cannot open the index");
	free(name);
	return err->code;
}

enum pacs_err
db_open(struct pacs_error *err, struct db *db, const char *path,
	enum db_mode mode, unsigned wait_ms)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, configure);
	memset(db, 0, sizeof(*db));
	if (has_a_file(mode) && is_no_file(path))
		return pacs_error_set(err, PACS_EINTEGRITY,
				      "the index is damaged; make it anew with "
				      "'pacs-index rebuild' ('%s' is no file)",
				      path);
	if (open_conn(err, db, path, mode)) {
		db_close(db);
		return err->code;
	}
	db->path = pacs_strdup(has_a_file(mode) ? path : "");
	sqlite3_extended_result_codes(db->conn, 1);
	sqlite3_busy_timeout(db->conn, (int)wait_ms);
	if (db_exec(err, db, settings(mode))) {
		db_close(db);
		return err->code;
	}
	if (mode == DB_WRITE)
		keep_wal(db->conn);
	return PACS_OK;
}

void
db_close(struct db *db)
{
	size_t i;

	for (i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(db->stmts[i]);
	if (db->conn)
		sqlite3_close_v2(db->conn);
	free(db->path);
	memset(db, 0, sizeof(*db));
}

enum pacs_err
db_prepare(struct pacs_error *err, struct db *db, const char *sql,
	   sqlite3_stmt **ret)
{
	if (sqlite3_prepare_v3(db->conn, sql, -1, SQLITE_PREPARE_PERSISTENT,
			       ret, NULL) != SQLITE_OK)
		return db_error(err, db, "index");
	return PACS_OK;
}

sqlite3_stmt *
db_stmt(struct pacs_error *err, struct db *db, enum stmt_id id)
{
	struct pacs_buf text = {0};

	if (!db->stmts[id]) {
		stmt_text(id, &text);
		if (db_prepare(err, db, pacs_buf_str(&text), &db->stmts[id]))
			db->stmts[id] = NULL;
		pacs_buf_clear(&text);
	}
	if (db->stmts[id])
		sqlite3_reset(db->stmts[id]);
	return db->stmts[id];
}

enum pacs_err
db_step(struct pacs_error *err, struct db *db, sqlite3_stmt *st, bool *ret_row)
{
	int rc = sqlite3_step(st);

	*ret_row = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW)
		return PACS_OK;
	if (rc != SQLITE_DONE)
		db_error(err, db, "index");
	sqlite3_reset(st);
	return err->code;
}

enum pacs_err
db_run(struct pacs_error *err, struct db *db, sqlite3_stmt *st)
{
	bool row = true;

	if (!st)
		return err->code;
	if (db_step(err, db, st, &row))
		return err->code;
	if (row)
		sqlite3_reset(st);
	return PACS_OK;
}

enum pacs_err
db_simple(struct pacs_error *err, struct db *db, enum stmt_id id)
{
	return db_run(err, db, db_stmt(err, db, id));
}

void
db_bind_text(sqlite3_stmt *st, int i, const char *s)
{
	if (s && *s)
		sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(st, i);
}

const char *
db_text(sqlite3_stmt *st, int i)
{
	return (const char *)sqlite3_column_text(st, i);
}

/*
 * SQLite maps the -shm file and writes one byte of each page, so where blocks
 * are smaller than pages it has holes; to touch one when the disk has become
 * full ends the process (SIGBUS). A change that changes nothing fills them.
 */
void
db_claim_shm(struct db *db)
{
	const int region = 32768, step = 512;
	volatile void *shm = NULL;
	sqlite3_file *f = NULL;
	int i;

	sqlite3_file_control(db->conn, "main", SQLITE_FCNTL_FILE_POINTER, &f);
	if (!f || !f->pMethods || f->pMethods->iVersion < 2 ||
	    f->pMethods->xShmMap(f, 0, region, 1, &shm) != SQLITE_OK)
		return;
	for (i = 0; shm && i < region; i += step)
		__atomic_fetch_or((volatile unsigned char *)shm + i, 0,
				  __ATOMIC_SEQ_CST);
}

/* The first program to open an index reads its whole WAL. */
#define WAL_MAX_BYTES (1 << 20)

void
db_tidy(struct db *db)
{
	char *wal = pacs_format("%s-wal", db->path);
	struct stat st;

	/* If somebody reads an old state, the next one tidies up. */
	if (*db->path && stat(wal, &st) == 0 && st.st_size > WAL_MAX_BYTES)
		sqlite3_wal_checkpoint_v2(
		    db->conn, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	free(wal);
}
