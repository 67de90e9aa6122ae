#include "peer/journal.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define SCHEMA_VERSION 1
#define SCHEMA_TEXT    "1"

enum { FIND, ACCEPTED, ASKED, ANSWERED, STATEMENTS };

struct pacs_journal {
	pthread_mutex_t lock;
	sqlite3 *db;
	char *peer;
	sqlite3_stmt *st[STATEMENTS];
};

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS sent("
    " peer TEXT NOT NULL, instance TEXT NOT NULL, sha256 TEXT NOT NULL,"
    " study TEXT NOT NULL, series TEXT NOT NULL, sop_class TEXT NOT NULL,"
    " outcome INTEGER NOT NULL, status INTEGER NOT NULL, at TEXT NOT NULL,"
    " committed INTEGER NOT NULL,"
    " PRIMARY KEY(peer, instance, sha256)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS asked("
    " peer TEXT NOT NULL, transaction_uid TEXT NOT NULL,"
    " instance TEXT NOT NULL, sha256 TEXT NOT NULL,"
    " PRIMARY KEY(peer, transaction_uid, instance, sha256)) WITHOUT ROWID;"
    "PRAGMA user_version=" SCHEMA_TEXT ";"
    "COMMIT;";

static const char *const texts[STATEMENTS] = {
    [FIND] = "SELECT outcome, status, committed FROM sent"
	     " WHERE peer=?1 AND instance=?2 AND sha256=?3",
    [ACCEPTED] =
	"INSERT INTO sent(peer, instance, sha256, study, series, sop_class,"
	" outcome, status, at, committed) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,"
	"?10) ON CONFLICT DO UPDATE SET outcome=?7, status=?8, at=?9,"
	" committed=?10",
    [ASKED] = "INSERT OR IGNORE INTO asked(peer, instance, sha256,"
	      " transaction_uid) VALUES(?1,?2,?3,?4)",
    [ANSWERED] =
	"UPDATE sent SET committed=?4 WHERE peer=?1 AND (instance, sha256) IN"
	" (SELECT instance, sha256 FROM asked WHERE peer=?1 AND"
	" transaction_uid=?2 AND instance=?3)",
};

static enum pacs_err
failed(struct pacs_error *err, struct pacs_journal *j)
{
	int rc = sqlite3_errcode(j->db);
	enum pacs_err code = PACS_EIO;

	if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return pacs_error_set(err, PACS_EBUSY,
				      "the journal is in use by another run");
	if (rc == SQLITE_NOTADB || rc == SQLITE_CORRUPT)
		code = PACS_EFORMAT;
	else if (rc == SQLITE_FULL)
		code = PACS_ENOSPC;
	else if (rc == SQLITE_READONLY || rc == SQLITE_CANTOPEN ||
		 rc == SQLITE_PERM || rc == SQLITE_AUTH)
		code = PACS_EDENIED;
	return pacs_error_set(err, code, "the journal: %s",
			      sqlite3_errmsg(j->db));
}

/* Somebody else's SQLite file is not written into. */
static enum pacs_err
check_version(struct pacs_error *err, struct pacs_journal *j)
{
	sqlite3_stmt *st;
	int version = 0, tables = 0;

	if (sqlite3_prepare_v2(j->db,
			       "SELECT (SELECT user_version FROM "
			       "pragma_user_version), count(*) FROM "
			       "sqlite_schema",
			       -1, &st, NULL) != SQLITE_OK)
		return failed(err, j);
	if (sqlite3_step(st) == SQLITE_ROW) {
		version = sqlite3_column_int(st, 0);
		tables = sqlite3_column_int(st, 1);
	} else {
		failed(err, j);
	}
	sqlite3_finalize(st);
	if (!err->code && version != SCHEMA_VERSION && (version || tables))
		pacs_error_set(err, PACS_EFORMAT,
			       "it is no journal that this version knows");
	return err->code;
}

static enum pacs_err
prepare(struct pacs_error *err, struct pacs_journal *j)
{
	int i;

	/* EXCLUSIVE: held until closed, so two runs cannot send the same. */
	if (sqlite3_exec(j->db,
			 "PRAGMA locking_mode=EXCLUSIVE;"
			 "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
			 NULL, NULL, NULL) != SQLITE_OK)
		return failed(err, j);
	if (check_version(err, j))
		return err->code;
	if (sqlite3_exec(j->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return failed(err, j);
	for (i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(j->db, texts[i], -1,
				       SQLITE_PREPARE_PERSISTENT, &j->st[i],
				       NULL) != SQLITE_OK)
			return failed(err, j);
	return PACS_OK;
}

enum pacs_err
pacs_journal_open(struct pacs_error *err, const char *path, const char *peer,
		  struct pacs_journal **ret)
{
	struct pacs_journal *j = pacs_calloc(1, sizeof(*j));

	*ret = NULL;
	pthread_mutex_init(&j->lock, NULL);
	j->peer = pacs_strdup(peer);
	if (sqlite3_open_v2(path, &j->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
				SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		failed(err, j);
	else
		(void)!prepare(err, j);
	if (err->code) {
		pacs_journal_close(j);
		return pacs_error_wrap(err, "%s", path);
	}
	*ret = j;
	return PACS_OK;
}

void
pacs_journal_close(struct pacs_journal *j)
{
	int i;

	if (!j)
		return;
	for (i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(j->st[i]);
	sqlite3_close(j->db);
	pthread_mutex_destroy(&j->lock);
	free(j->peer);
	free(j);
}

static void
bind(sqlite3_stmt *st, int at, const char *text)
{
	sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

/* Run a statement that gives no row, and unlock. */
static enum pacs_err
run(struct pacs_error *err, struct pacs_journal *j, int which)
{
	if (sqlite3_step(j->st[which]) != SQLITE_DONE)
		failed(err, j);
	sqlite3_reset(j->st[which]);
	pthread_mutex_unlock(&j->lock);
	return err->code;
}

static sqlite3_stmt *
begin(struct pacs_journal *j, int which)
{
	pthread_mutex_lock(&j->lock);
	bind(j->st[which], 1, j->peer);
	return j->st[which];
}

enum pacs_err
pacs_journal_find(struct pacs_error *err, struct pacs_journal *j,
		  const char *instance, const char *sha256,
		  struct pacs_journal_entry *ret, bool *ret_found)
{
	sqlite3_stmt *st = begin(j, FIND);
	int rc;

	bind(st, 2, instance);
	bind(st, 3, sha256);
	rc = sqlite3_step(st);
	*ret_found = rc == SQLITE_ROW;
	if (*ret_found) {
		ret->outcome = sqlite3_column_int(st, 0);
		ret->status = sqlite3_column_int(st, 1);
		ret->committed = sqlite3_column_int(st, 2);
	} else if (rc != SQLITE_DONE) {
		failed(err, j);
	}
	sqlite3_reset(st);
	pthread_mutex_unlock(&j->lock);
	return err->code;
}

enum pacs_err
pacs_journal_accepted(struct pacs_error *err, struct pacs_journal *j,
		      const struct pacs_journal_entry *e)
{
	sqlite3_stmt *st = begin(j, ACCEPTED);
	char now[PACS_TIME_SIZE];

	pacs_time_now(now);
	bind(st, 2, e->instance);
	bind(st, 3, e->sha256);
	bind(st, 4, e->study);
	bind(st, 5, e->series);
	bind(st, 6, e->sop_class);
	sqlite3_bind_int(st, 7, e->outcome);
	sqlite3_bind_int(st, 8, e->status);
	bind(st, 9, now);
	sqlite3_bind_int(st, 10, e->committed);
	return run(err, j, ACCEPTED);
}

enum pacs_err
pacs_journal_asked(struct pacs_error *err, struct pacs_journal *j,
		   const char *instance, const char *sha256,
		   const char *transaction)
{
	sqlite3_stmt *st = begin(j, ASKED);

	bind(st, 2, instance);
	bind(st, 3, sha256);
	bind(st, 4, transaction);
	return run(err, j, ASKED);
}

enum pacs_err
pacs_journal_answered(struct pacs_error *err, struct pacs_journal *j,
		      const char *transaction, const char *instance,
		      int committed)
{
	sqlite3_stmt *st = begin(j, ANSWERED);

	bind(st, 2, transaction);
	bind(st, 3, instance);
	sqlite3_bind_int(st, 4, committed);
	return run(err, j, ANSWERED);
}
