/*
 * Files of the index. Each generation is a new file; index.db is a link to the
 * one in use. A database in use is never renamed over: its WAL would be taken
 * for that of the new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/fs.h"
#include "index/internal.h"

#define MODE_DIR  0750
#define MODE_FILE 0640

char *
index_base(const struct pacs_archive *ar)
{
	const char *given = pacs_archive_settings(ar)->index;

	return pacs_strdup(given && *given ? given : pacs_archive_path(ar));
}

bool
index_is_writable(const char *base)
{
	char *dir = pacs_format("%s/index", base);
	bool ok = eaccess(dir, W_OK | X_OK) == 0 ||
		  (errno == ENOENT && eaccess(base, W_OK | X_OK) == 0);

	free(dir);
	return ok;
}

/* "1-000007.db" of our schema -> 7, else 0. */
static unsigned
number_of(const char *name, const char *suffix)
{
	char *end;
	unsigned long schema = strtoul(name, &end, 10), number;

	if (schema != INDEX_SCHEMA || *end != '-')
		return 0;
	name = end + 1;
	number = strtoul(name, &end, 10);
	if (end != name + 6 || strncmp(end, suffix, strlen(suffix)) != 0)
		return 0;
	return (unsigned)number;
}

static void
generation_name(unsigned number, const char *suffix, char ret[GENERATION_ROOM])
{
	snprintf(ret, GENERATION_ROOM, "index/%d-%06u%s", INDEX_SCHEMA,
		 number % 1000000, suffix);
}

static bool
is_there(const char *base, const char *name)
{
	char *path = pacs_format("%s/%s", base, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* The highest number of a file of our schema; 0: there is none. */
static enum pacs_err
highest(struct pacs_error *err, const char *base, const char *suffix,
	unsigned *ret)
{
	char *path = pacs_format("%s/index", base);
	const struct dirent *e;
	struct pacs_dir dir;

	*ret = 0;
	if (pacs_dir_open(err, AT_FDCWD, path, 0, &dir) == PACS_ENOTFOUND)
		pacs_error_clear(err);
	while ((e = pacs_dir_next(err, &dir))) {
		unsigned n = number_of(e->d_name, suffix);

		*ret = n > *ret ? n : *ret;
	}
	pacs_dir_close(&dir);
	free(path);
	return err->code;
}

void
generation_find(const char *base, char ret[GENERATION_ROOM])
{
	char *link = pacs_format("%s/index.db", base);
	char target[64] = "";
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	struct pacs_error err = PACS_ERROR_INIT;
	unsigned number = 0;

	free(link);
	if (n > 6 && !strncmp(target, "index/", 6))
		number = number_of(target + 6, ".db");
	/* The link is another version's: ours is the newest of our schema. */
	if (!number && highest(&err, base, ".db", &number))
		number = 0; /* who then makes one is told why not */
	ret[0] = '\0';
	if (number)
		generation_name(number, ".db", ret);
	if (number && !is_there(base, ret))
		ret[0] = '\0';
}

enum pacs_err
pacs_index_exists(struct pacs_error *err, const struct pacs_archive *ar,
		  bool *ret)
{
	char *base = index_base(ar), name[GENERATION_ROOM];
	char *folder = pacs_format("%s/index", base);

	generation_find(base, name);
	*ret = name[0] != '\0';
	if (!*ret && access(folder, R_OK | X_OK) != 0 && errno != ENOENT)
		pacs_error_sys(err, errno, "cannot read '%s'", folder);
	free(folder);
	free(base);
	return err->code;
}

/* --- building ---------------------------------------------------------- */

struct build {
	const struct pacs_archive *ar;
	const struct pacs_index_options *opts;
	struct pacs_index_done *done;
	const char *base;
	int base_fd, lock_fd;
	char name[GENERATION_ROOM], making[GENERATION_ROOM];
};

/* Root works for the archive's owner. */
static enum pacs_err
give(struct pacs_error *err, struct build *b, const char *name)
{
	struct stat st;

	if (geteuid() != 0)
		return PACS_OK;
	if (fstat(pacs_archive_dirfd(b->ar), &st) != 0)
		return pacs_error_sys(err, errno, "cannot open '%s'",
				      pacs_archive_path(b->ar));
	return pacs_fs_chown(err, b->base_fd, name, st.st_uid, st.st_gid);
}

static enum pacs_err
lock(struct pacs_error *err, struct build *b)
{
	unsigned wait_ms = b->opts->wait_ms ? b->opts->wait_ms : 60000;

	if (pacs_fs_mkdir(err, b->base_fd, "index", MODE_DIR) == PACS_EEXISTS)
		pacs_error_clear(err);
	if (err->code || give(err, b, "index") ||
	    pacs_fs_open_rw(err, b->base_fd, "index/lock", MODE_FILE,
			    &b->lock_fd) ||
	    give(err, b, "index/lock"))
		return pacs_error_wrap(err, "index of '%s'",
				       pacs_archive_path(b->ar));
	if (pacs_fs_lock(err, b->lock_fd, true, wait_ms) == PACS_EBUSY)
		return pacs_error_wrap(err, "another program is making the "
					    "index");
	return err->code;
}

static void
remove_file(const char *base, const char *name)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	struct pacs_error err = PACS_ERROR_INIT;
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *path = pacs_format("%s/%s%s", base, name, suffixes[i]);

		/* Nothing is lost if it stays: a later rebuild tries again. */
		if (access(path, F_OK) == 0 &&
		    pacs_fs_unlink(&err, AT_FDCWD, path))
			pacs_error_clear(&err);
		free(path);
	}
}

static void
remove_older(const struct build *b, unsigned number)
{
	char *path = pacs_format("%s/index", b->base);
	struct pacs_error err = PACS_ERROR_INIT;
	char name[GENERATION_ROOM];
	const struct dirent *e;
	struct pacs_dir dir;

	/* What is not seen now, the next one removes. */
	(void)!pacs_dir_open(&err, AT_FDCWD, path, 0, &dir);
	while ((e = pacs_dir_next(&err, &dir))) {
		unsigned n = number_of(e->d_name, ".db");

		if (n && n < number && !strstr(e->d_name, ".db-")) {
			generation_name(n, ".db", name);
			remove_file(b->base, name);
		}
		n = number_of(e->d_name, ".new");
		if (n && n <= number && !strstr(e->d_name, ".new-")) {
			generation_name(n, ".new", name);
			remove_file(b->base, name);
		}
	}
	pacs_dir_close(&dir);
	free(path);
}

/* Is what a stopped build left a beginning of what we want? */
static enum pacs_err
fits(struct pacs_error *err, struct build *b, struct db *db, bool *ret)
{
	struct state s = {0};
	char *keys = NULL;

	*ret = false;
	if (state_load(err, db, &s) ||
	    ledger_holds(err, b->ar, &s.cursor, ret) ||
	    pacs_archive_index_keys(err, b->ar, &keys))
		goto out;
	*ret = *ret && index_is_of(b->ar, &s) && added_fits(s.added, keys);
out:
	state_clear(&s);
	free(keys);
	return err->code;
}

/* Open what a stopped build left, if there is any and it fits; else it goes. */
static bool
resume(struct build *b, const char *path, struct db *ret)
{
	struct pacs_error err = PACS_ERROR_INIT;
	bool ok = false;

	if (access(path, F_OK) != 0)
		return false;
	if (!db_open(&err, ret, path, DB_BUILD, 0) &&
	    !fits(&err, b, ret, &ok) && ok)
		return true;
	pacs_error_clear(&err);
	db_close(ret);
	remove_file(b->base, b->making);
	return false;
}

static enum pacs_err
start(struct pacs_error *err, struct build *b, const char *path, struct db *ret)
{
	if (db_open(err, ret, path, DB_BUILD, 0) ||
	    db_simple(err, ret, ST_BEGIN_WRITE))
		return err->code;
	if (state_init(err, ret, b->ar))
		return err->code;
	return db_simple(err, ret, ST_COMMIT);
}

/* Fill a database that nobody else sees. What an earlier run could not read is
 * looked at again, as a run from the beginning would do. */
static enum pacs_err
fill(struct pacs_error *err, struct build *b, const char *path)
{
	struct pacs_cursor until;
	struct db db = {0};
	size_t heal;

	b->done->resumed = resume(b, path, &db);
	heal = b->done->resumed ? HEAL_ALL : 0;
	if (!b->done->resumed && start(err, b, path, &db))
		goto out;
	if (pacs_ledger_tail(err, b->ar, &until) ||
	    catch_up(err, &db, b->ar, b->opts, &until, 0, heal, b->done))
		goto out;
	/* All of it into the one file, which gets another name. */
	if (db_exec(err, &db, "PRAGMA journal_mode=DELETE"))
		goto out;
out:
	db_close(&db);
	return err->code;
}

/* Mode and owner before any WAL is made: SQLite gives it the same. */
static enum pacs_err
publish(struct pacs_error *err, struct build *b)
{
	char *path = pacs_format("%s/%s", b->base, b->name);
	struct db db;
	int fd = -1;

	if (pacs_fs_open_rw(err, b->base_fd, b->making, MODE_FILE, &fd) ||
	    pacs_fs_chmod(err, fd, MODE_FILE) || give(err, b, b->making) ||
	    pacs_fs_sync(err, fd) ||
	    pacs_fs_rename(err, b->base_fd, b->making, b->base_fd, b->name))
		goto out;
	if (db_open(err, &db, path, DB_WRITE, 1000))
		goto out;
	if (db_exec(err, &db, "PRAGMA journal_mode=WAL"))
		pacs_error_wrap(err, "'%s'", path);
	db_close(&db);
	if (!err->code &&
	    !pacs_fs_symlink_swap(err, b->base_fd, b->name, "index.db") &&
	    pacs_fs_sync(err, b->base_fd))
		goto out;
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return err->code;
}

static enum pacs_err
make(struct pacs_error *err, struct build *b)
{
	unsigned number, n;
	char *path;

	/* Never a number that is in use: a WAL must not be renamed over. */
	if (highest(err, b->base, ".db", &number) ||
	    highest(err, b->base, ".new", &n))
		return err->code;
	/* A build that was stopped goes on under its number. */
	number = n > number ? n : number + 1;
	generation_name(number, ".db", b->name);
	generation_name(number, ".new", b->making);
	path = pacs_format("%s/%s", b->base, b->making);
	if (fill(err, b, path) || publish(err, b)) {
		if (err->code != PACS_EINTERRUPTED)
			remove_file(b->base, b->making);
	} else {
		remove_older(b, number);
	}
	free(path);
	return err->code;
}

/* The link's name must be free for it, before minutes of work. A file there is
 * replaced: nobody else's data has that name. */
static enum pacs_err
clear_the_way(struct pacs_error *err, const struct build *b)
{
	struct stat st;

	if (fstatat(b->base_fd, "index.db", &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISDIR(st.st_mode))
		return PACS_OK;
	if (pacs_fs_rmdir(err, b->base_fd, "index.db")) {
		pacs_error_clear(err);
		return pacs_error_set(
		    err, PACS_EEXISTS,
		    "'%s/index.db' is a folder with something "
		    "in it, where the link to the index "
		    "belongs; move it away",
		    b->base);
	}
	return PACS_OK;
}

enum pacs_err
generation_build(struct pacs_error *err, const struct pacs_archive *ar,
		 const char *instead_of, const struct pacs_index_options *opts,
		 struct pacs_index_done *done)
{
	char *base = index_base(ar), now[GENERATION_ROOM];
	struct build b = {
	    .ar = ar, .opts = opts, .done = done, .base = base, .lock_fd = -1};

	b.base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b.base_fd < 0) {
		pacs_error_sys(err, errno, "cannot open '%s'", base);
		goto out;
	}
	if (lock(err, &b) || clear_the_way(err, &b))
		goto out;
	generation_find(base, now);
	if (instead_of && strcmp(now, instead_of) != 0)
		goto out;
	if (!make(err, &b))
		done->rebuilt = true;
out:
	if (b.lock_fd >= 0)
		close(b.lock_fd);
	if (b.base_fd >= 0)
		close(b.base_fd);
	free(base);
	return err->code;
}
