/*
 * The index against the files, by name and size: each series' rows and its
 * folder, side by side; then what no row names.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dir.h"
#include "dicom/uid.h"
#include "index/check.h"

struct entry {
	char *uid;
	uint64_t size;
};
struct list {
	struct entry *entries;
	size_t count, room;
};

static void
list_add(struct list *l, const char *uid, size_t len, uint64_t size)
{
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->entries =
		    pacs_realloc(l->entries, l->room * sizeof(*l->entries));
	}
	l->entries[l->count].uid = pacs_strndup(uid, len);
	l->entries[l->count++].size = size;
}

static void
list_clear(struct list *l)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		free(l->entries[i].uid);
	free(l->entries);
	memset(l, 0, sizeof(*l));
}

static int
by_uid(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->uid,
		      ((const struct entry *)b)->uid);
}

static void
list_sort(struct list *l)
{
	if (l->count)
		qsort(l->entries, l->count, sizeof(struct entry), by_uid);
}

/* "objects/ab3/STUDY/SERIES" */
static void
series_folder(const char *study, const char *series, char ret[PACS_PATH_ROOM])
{
	struct pacs_triple t = {"", "", "x"};

	snprintf(t.study, sizeof(t.study), "%s", study);
	snprintf(t.series, sizeof(t.series), "%s", series);
	pacs_object_path(&t, ret);
	*strrchr(ret, '/') = '\0';
}

static void
stray_in(struct check *c, const char *folder, const char *name)
{
	char *path = pacs_format("%s/%s", folder, name);

	check_tell_stray(c, path);
	free(path);
}

/* Objects in a folder, by name; what is none is told. */
static enum pacs_err
list_folder(struct pacs_error *err, struct check *c, const char *folder,
	    struct list *ret)
{
	const struct dirent *e;
	struct pacs_dir dir;
	struct stat st;

	if (pacs_dir_open(err, pacs_archive_dirfd(c->ar), folder, 0, &dir))
		return err->code;
	while ((e = pacs_dir_next(err, &dir))) {
		size_t n = strlen(e->d_name);

		if (fstatat(pacs_dir_fd(&dir), e->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (n > 4 && !strcmp(e->d_name + n - 4, ".dcm") &&
		    S_ISREG(st.st_mode))
			list_add(ret, e->d_name, n - 4, (uint64_t)st.st_size);
		else
			stray_in(c, folder, e->d_name);
	}
	pacs_dir_close(&dir);
	return err->code;
}

static enum pacs_err
list_rows(struct pacs_error *err, struct check *c, sqlite3_stmt *st,
	  int64_t series, struct list *ret)
{
	bool row = true;

	sqlite3_bind_int64(st, 1, series);
	while (!db_step(err, c->db, st, &row) && row)
		list_add(ret, db_text(st, 0), strlen(db_text(st, 0)),
			 (uint64_t)sqlite3_column_int64(st, 1));
	return err->code;
}

static void
compare(struct check *c, const char *study, const char *series,
	struct list *rows, struct list *files)
{
	size_t i = 0, j = 0;

	list_sort(rows);
	list_sort(files);
	while (i < rows->count || j < files->count) {
		int r = i == rows->count ? 1
			: j == files->count
			    ? -1
			    : by_uid(&rows->entries[i], &files->entries[j]);

		if (r < 0)
			check_tell(c, "no-file", "instance", true, study,
				   series, rows->entries[i].uid);
		else if (r > 0)
			check_tell(c, "unrecorded", "instance", true, study,
				   series, files->entries[j].uid);
		else if (rows->entries[i].size != files->entries[j].size)
			check_tell(c, "size", "instance", true, study, series,
				   rows->entries[i].uid);
		i += r <= 0;
		j += r >= 0;
	}
}

static enum pacs_err
one_series(struct pacs_error *err, struct check *c, sqlite3_stmt *instances,
	   int64_t id, const char *study, const char *series)
{
	struct list rows = {0}, files = {0};
	char folder[PACS_PATH_ROOM];

	if (!list_rows(err, c, instances, id, &rows)) {
		series_folder(study, series, folder);
		if (list_folder(err, c, folder, &files) == PACS_ENOTFOUND)
			pacs_error_clear(err); /* so are its files */
	}
	if (!err->code)
		compare(c, study, series, &rows, &files);
	list_clear(&rows);
	list_clear(&files);
	return err->code;
}

static enum pacs_err
all_series(struct pacs_error *err, struct check *c)
{
	sqlite3_stmt *st = NULL, *instances = NULL;
	bool row = true;

	if (db_prepare(err, c->db,
		       "SELECT e.id, s.study_instance_uid,"
		       " e.series_instance_uid FROM t_series AS e, t_study AS s"
		       " WHERE s.id = e.study ORDER BY e.id",
		       &st) ||
	    db_prepare(err, c->db,
		       "SELECT sop_instance_uid, size_bytes FROM t_instance"
		       " WHERE series = ?",
		       &instances))
		goto out;
	while (!db_step(err, c->db, st, &row) && row)
		if (one_series(err, c, instances, sqlite3_column_int64(st, 0),
			       db_text(st, 1), db_text(st, 2)))
			break;
out:
	sqlite3_finalize(st);
	sqlite3_finalize(instances);
	return err->code;
}

/* --- what no row names -------------------------------------------------- */

typedef enum pacs_err folder_fn(struct pacs_error *err, struct check *c,
				const char *path);

/* A folder is fn's; anything else there is a stray. */
static enum pacs_err
take(struct pacs_error *err, struct check *c, const struct dirent *e,
     const char *path, folder_fn *fn)
{
	struct stat st;

	if (e->d_type == DT_DIR)
		return fn(err, c, path);
	if (fstatat(pacs_archive_dirfd(c->ar), path, &st,
		    AT_SYMLINK_NOFOLLOW) != 0)
		return PACS_OK; /* gone a moment ago */
	if (S_ISDIR(st.st_mode))
		return fn(err, c, path);
	check_tell_stray(c, path);
	return PACS_OK;
}

static enum pacs_err
each_folder(struct pacs_error *err, struct check *c, const char *path,
	    folder_fn *fn)
{
	const struct dirent *e;
	struct pacs_dir dir;
	char *below;

	if (pacs_dir_open(err, pacs_archive_dirfd(c->ar), path, 0, &dir)) {
		if (err->code == PACS_ENOTFOUND)
			pacs_error_clear(err);
		return err->code;
	}
	while (!err->code && (e = pacs_dir_next(err, &dir))) {
		/* lost+found is the file system's, if objects/ is its own. */
		if (!strcmp(e->d_name, "lost+found"))
			continue;
		below = pacs_format("%s/%s", path, e->d_name);
		(void)!take(err, c, e, below, fn); /* the loop sees it */
		free(below);
	}
	pacs_dir_close(&dir);
	return err->code;
}

static enum pacs_err
series_is_known(struct pacs_error *err, struct check *c, const char *study,
		const char *series, bool *ret)
{
	sqlite3_stmt *st = NULL;

	if (db_prepare(err, c->db,
		       "SELECT 1 FROM t_series AS e, t_study AS s WHERE"
		       " e.series_instance_uid = ? AND s.id = e.study AND"
		       " s.study_instance_uid = ?",
		       &st))
		return err->code;
	db_bind_text(st, 1, series);
	db_bind_text(st, 2, study);
	if (db_step(err, c->db, st, ret))
		*ret = false;
	sqlite3_finalize(st);
	return err->code;
}

/* Files in a folder that is no known series', or not where that is. */
static enum pacs_err
tell_all(struct pacs_error *err, struct check *c, const char *path,
	 const char *study, const char *series)
{
	bool uids = pacs_uid_is_safe(study) && pacs_uid_is_safe(series);
	struct list files = {0};
	size_t i;

	(void)!list_folder(err, c, path, &files);
	for (i = 0; i < files.count; i++) {
		char *file =
		    pacs_format("%s/%s.dcm", path, files.entries[i].uid);

		if (uids && pacs_uid_is_safe(files.entries[i].uid))
			check_tell_unrecorded(c, file, study, series,
					      files.entries[i].uid);
		else
			check_tell_stray(c, file);
		free(file);
	}
	list_clear(&files);
	return err->code;
}

/* "objects/SHARD/STUDY/SERIES" */
static enum pacs_err
series_level(struct pacs_error *err, struct check *c, const char *path)
{
	const char *series = strrchr(path, '/') + 1;
	const char *shard = strchr(path, '/') + 1;
	const char *above = strchr(shard, '/') + 1;
	char *study = pacs_strndup(above, (size_t)(series - 1 - above));
	char right[PACS_PATH_ROOM] = "";
	bool known = false;

	if (pacs_uid_is_safe(study) && pacs_uid_is_safe(series)) {
		series_folder(study, series, right);
		if (!strcmp(path, right) &&
		    series_is_known(err, c, study, series, &known))
			goto out;
	}
	if (!known)
		(void)!tell_all(err, c, path, study, series);
out:
	free(study);
	return err->code;
}

static enum pacs_err
study_level(struct pacs_error *err, struct check *c, const char *path)
{
	return each_folder(err, c, path, series_level);
}

static enum pacs_err
shard_level(struct pacs_error *err, struct check *c, const char *path)
{
	return each_folder(err, c, path, study_level);
}

enum pacs_err
check_files(struct pacs_error *err, struct check *c)
{
	if (all_series(err, c))
		return err->code;
	return each_folder(err, c, "objects", shard_level);
}
