/*
 * The quarantine: what is there and why; filing it after all; dropping it.
 */
#include "archive/quarantine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/fs.h"

static void
copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

static void
apply(struct pacs_quarantined *q, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *to;
		size_t size;
	} known[] = {
	    {"reason", q->reason, sizeof(q->reason)},
	    {"time", q->time, sizeof(q->time)},
	    {"origin", q->origin, sizeof(q->origin)},
	    {"detail", q->detail, sizeof(q->detail)},
	    {"StudyInstanceUID", q->triple.study, sizeof(q->triple.study)},
	    {"SeriesInstanceUID", q->triple.series, sizeof(q->triple.series)},
	    {"SOPInstanceUID", q->triple.instance, sizeof(q->triple.instance)},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(key, known[i].key) == 0)
			copy(known[i].to, known[i].size, value);
}

static void
read_reason(const struct pacs_archive *ar, struct pacs_quarantined *q)
{
	struct pacs_error e = PACS_ERROR_INIT;
	char path[sizeof(q->path)], *line, *save = NULL, *eq;
	struct pacs_buf b = {0};

	copy(q->reason, sizeof(q->reason), "unknown");
	quarantine_path(q->sha256, ".txt", path);
	if (!pacs_file_slurp(&e, ar->dirfd, path, 65536, &b) && b.data)
		for (line = strtok_r(b.data, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			eq = strchr(line, '=');
			if (!eq)
				continue;
			*eq = '\0';
			apply(q, line, eq + 1);
		}
	pacs_buf_clear(&b);
}

/* "<64 hex>.dcm" */
static bool
is_entry(const char *name)
{
	return strlen(name) == 68 && strcmp(name + 64, ".dcm") == 0 &&
	       strspn(name, "0123456789abcdef") == 64;
}

static bool
read_entry(const struct pacs_archive *ar, const char *name,
	   struct pacs_quarantined *q)
{
	struct stat st;

	memset(q, 0, sizeof(*q));
	memcpy(q->sha256, name, 64);
	quarantine_path(q->sha256, ".dcm", q->path);
	if (fstatat(ar->dirfd, q->path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	q->size = (uint64_t)st.st_size;
	read_reason(ar, q);
	return true;
}

static int
by_time(const void *a, const void *b)
{
	const struct pacs_quarantined *x = a, *y = b;
	int c = strcmp(x->time, y->time);

	return c ? c : strcmp(x->sha256, y->sha256);
}

enum pacs_err
pacs_quarantine_list(struct pacs_error *err, const struct pacs_archive *ar,
		     struct pacs_quarantined **ret, size_t *ret_count)
{
	struct pacs_quarantined *list = NULL;
	size_t count = 0, cap = 0;
	const struct dirent *e;
	struct pacs_dir d;

	*ret = NULL;
	*ret_count = 0;
	if (pacs_dir_open(err, ar->dirfd, "quarantine", 0, &d))
		return err->code;
	while ((e = pacs_dir_next(err, &d))) {
		if (!is_entry(e->d_name))
			continue;
		if (count == cap) {
			cap = cap ? 2 * cap : 16;
			list = pacs_realloc(list, cap * sizeof(*list));
		}
		count += read_entry(ar, e->d_name, &list[count]);
	}
	pacs_dir_close(&d);
	if (err->code) {
		free(list);
		return err->code;
	}
	if (count)
		qsort(list, count, sizeof(*list), by_time);
	*ret = list;
	*ret_count = count;
	return PACS_OK;
}

enum pacs_err
pacs_quarantine_find(struct pacs_error *err, const struct pacs_archive *ar,
		     const char *prefix, struct pacs_quarantined *ret)
{
	size_t hits = 0, len = strlen(prefix);
	const struct dirent *e;
	struct pacs_dir d;

	if (len < 4)
		return pacs_error_set(err, PACS_EUSAGE,
				      "at least 4 digits of the digest are "
				      "needed");
	if (pacs_dir_open(err, ar->dirfd, "quarantine", 0, &d))
		return err->code;
	while ((e = pacs_dir_next(err, &d)))
		if (is_entry(e->d_name) && len <= 64 &&
		    strncasecmp(e->d_name, prefix, len) == 0)
			hits += read_entry(ar, e->d_name, ret);
	pacs_dir_close(&d);
	if (err->code)
		return err->code;
	if (hits == 1)
		return PACS_OK;
	if (!hits)
		return pacs_error_set(err, PACS_ENOTFOUND, "not in quarantine");
	return pacs_error_set(err, PACS_EUSAGE,
			      "fits %zu objects in quarantine", hits);
}

static void
add_release(struct pacs_buf *texts, const struct pacs_quarantined *q,
	    const char *what, const char *why)
{
	struct pacs_buf extra = {0};
	char time[PACS_TIME_SIZE];

	pacs_time_now(time);
	pacs_buf_addf(&extra, "reason=%s\twhy=", what);
	line_encode(&extra, why, 200);
	line_format(texts, time, PACS_OP_RELEASE,
		    pacs_triple_is_safe(&q->triple) ? &q->triple : NULL,
		    q->size, q->sha256, NULL, extra.data);
	pacs_buf_addc(texts, '\n');
	pacs_buf_clear(&extra);
}

enum pacs_err
quarantine_remove(struct pacs_error *err, const struct pacs_archive *ar,
		  const char *sha256)
{
	static const char *const suffix[] = {".dcm", ".txt"};
	char path[PACS_SHA256_HEX + 16];
	enum pacs_err rc = PACS_OK;
	int i;

	for (i = 0; !rc && i < 2; i++) {
		quarantine_path(sha256, suffix[i], path);
		rc = archive_unlink(err, ar, path);
	}
	return rc;
}

/* Record, flush, remove: in this order nothing goes that is not on record. */
static enum pacs_err
release(struct pacs_error *err, struct pacs_writer *w,
	const struct pacs_quarantined *q, const char *what, const char *why)
{
	struct pacs_buf texts = {0};
	enum pacs_err rc;

	add_release(&texts, q, what, why);
	rc = writer_append_texts(err, w, &texts);
	pacs_buf_clear(&texts);
	if (!rc)
		rc = pacs_writer_barrier(err, w);
	if (!rc)
		rc = quarantine_remove(err, w->ar, q->sha256);
	if (!rc)
		rc = pacs_fs_sync_path(err, w->ar->dirfd, "quarantine");
	if (rc)
		w->spoiled = true;
	return rc;
}

enum pacs_err
pacs_quarantine_discard(struct pacs_error *err, struct pacs_writer *w,
			const struct pacs_quarantined *q, const char *why)
{
	return release(err, w, q, "discarded", why);
}

enum pacs_err
pacs_quarantine_accept(struct pacs_error *err, struct pacs_writer *w,
		       const struct pacs_quarantined *q,
		       const struct pacs_triple *t, bool replace,
		       const char *why)
{
	struct pacs_staged st = {0}, *one = &st;
	enum pacs_err rc;

	st.triple = *t;
	st.size = q->size;
	st.origin = q->origin[0] ? q->origin : NULL;
	memcpy(st.sha256, q->sha256, sizeof(st.sha256));
	memcpy(st.name, q->sha256, sizeof(st.sha256));
	rc = pacs_fs_link(err, w->ar->dirfd, q->path, w->dirfd, st.name);
	if (rc)
		return rc;
	writer_dirty(w, w->dir);
	pacs_stage_ask_uids(w, &st);
	rc = pacs_writer_barrier(err, w);
	if (!rc)
		rc = pacs_place_object(err, w, &st, true);
	if (!rc && st.placed == PACS_PLACED_TAKEN && replace)
		rc = pacs_place_over(err, w, &st, PACS_PLACED_REPLACE);
	if (!rc && st.placed == PACS_PLACED_TAKEN)
		rc = pacs_error_set(err, PACS_EEXISTS,
				    "another object holds its place");
	if (!rc)
		rc = pacs_writer_append(err, w, &one, 1);
	if (!rc)
		rc = release(err, w, q, "accepted", why);
	if (!rc)
		rc = pacs_writer_settle(err, w, &one, 1);
	return rc;
}
