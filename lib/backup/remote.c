/*
 * Files of a remote, by the program rclone, which tries again by itself and
 * compares what arrived.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/depot.h"
#include "base/file.h"

static char *
remote_name(const struct depot *d, const char *name)
{
	size_t n = strlen(d->remote);
	const char *slash = n && strchr(":/", d->remote[n - 1]) ? "" : "/";

	return pacs_format("%s%s%s", d->remote, slash, name);
}

/* Run rclone to its end; what it prints is appended (out may be NULL). */
static enum pacs_err
rclone(struct pacs_error *err, const char *const *argv, struct pacs_buf *out)
{
	struct pacs_child c;
	enum pacs_err rc;
	int ends[2];
	size_t n;

	rc = pacs_child_pipe(err, ends);
	if (rc)
		return rc;
	rc = pacs_child_start(err, argv, -1, ends[1], &c);
	close(ends[1]);
	while (!rc && out) {
		if (out->len > SMALL_MAX) {
			rc = pacs_error_set(err, PACS_ELIMIT,
					    "rclone says too much");
			break;
		}
		pacs_buf_reserve(out, 65536);
		rc = pacs_file_read(err, ends[0], out->data + out->len, 65536,
				    &n);
		if (rc || !n)
			break;
		out->len += n;
		out->data[out->len] = '\0';
	}
	close(ends[0]);
	if (rc) {
		pacs_child_stop(&c);
		return rc;
	}
	return pacs_child_wait(err, &c);
}

/* Modest with files that are not there; each option is rclone's own. */
#define RCLONE(...)                                                         \
	((const char *const[]){"rclone", __VA_ARGS__, "--retries", "5",     \
			       "--low-level-retries", "10", "--contimeout", \
			       "30s", "--timeout", "5m", "-q", NULL})

static enum pacs_err
rclone_two(struct pacs_error *err, const char *verb, const char *a,
	   const char *b)
{
	enum pacs_err rc =
	    b ? rclone(err, RCLONE(verb, a, b, "--ignore-times"), NULL)
	      : rclone(err, RCLONE(verb, a), NULL);

	if (rc)
		pacs_error_wrap(err, "'%s'", b ? b : a);
	return rc;
}

/* rclone tries again what it thinks may pass; we do when it gave up. */
static enum pacs_err
upload(struct pacs_error *err, const char *from, const char *to)
{
	enum pacs_err rc = PACS_OK;
	int i;

	for (i = 0; i < 3; i++) {
		pacs_error_clear(err);
		rc = rclone_two(err, "copyto", from, to);
		if (rc != PACS_EIO)
			break;
	}
	return rc;
}

enum pacs_err
remote_put(struct pacs_error *err, struct depot *d, const char *staged,
	   const char *name)
{
	char *from = pacs_format("%s/%s", d->tmp, staged);
	char *to = remote_name(d, name);
	enum pacs_err rc = upload(err, from, to);

	free(from);
	free(to);
	return rc;
}

enum pacs_err
remote_remove(struct pacs_error *err, struct depot *d, const char *name)
{
	char *at = remote_name(d, name);
	enum pacs_err rc = rclone_two(err, "deletefile", at, NULL);

	free(at);
	return rc;
}

enum pacs_err
remote_move(struct pacs_error *err, struct depot *d, const char *from,
	    const char *to)
{
	char *a = remote_name(d, from), *b = remote_name(d, to);
	enum pacs_err rc = rclone_two(err, "moveto", a, b);

	free(a);
	free(b);
	return rc;
}

/* "NAME TAB SIZE" lines of rclone lsf, which sort as names do; a folder that is
 * not there has none. */
enum pacs_err
remote_list(struct pacs_error *err, struct depot *d, const char *dir,
	    struct names *out, uint64_t **ret_sizes)
{
	char *from = remote_name(d, dir), *line, *save = NULL;
	struct pacs_buf b = {0};
	enum pacs_err rc = rclone(
	    err, RCLONE("lsf", "--format", "ps", "--separator", "\t", from),
	    &b);
	size_t i;

	if (rc && strstr(err->msg, "not found")) {
		pacs_error_clear(err);
		rc = PACS_OK;
		pacs_buf_reset(&b);
	}
	for (line = rc || !b.len ? NULL : strtok_r(b.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (strchr(line, '\t'))
			names_add(out, line);
	names_sort(out);
	if (ret_sizes)
		*ret_sizes = pacs_calloc(out->count + 1, sizeof(**ret_sizes));
	for (i = 0; i < out->count; i++) {
		char *size = out->list[i] + strcspn(out->list[i], "\t");

		*size++ = '\0';
		if (ret_sizes)
			(*ret_sizes)[i] = strtoull(size, NULL, 10);
	}
	pacs_buf_clear(&b);
	free(from);
	return rc;
}

enum pacs_err
remote_list_packs(struct pacs_error *err, struct depot *d, struct names *out)
{
	char *from = remote_name(d, "packs"), *line, *name, *save = NULL;
	struct pacs_buf b = {0};
	enum pacs_err rc =
	    rclone(err, RCLONE("lsf", "--recursive", "--files-only", from), &b);

	for (line = rc || !b.len ? NULL : strtok_r(b.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		name = pacs_format("packs/%s", line);
		names_add(out, name);
		free(name);
	}
	names_sort(out);
	pacs_buf_clear(&b);
	free(from);
	return rc;
}

/* Is the file in the list of its folder? */
static bool
is_listed(struct depot *d, const char *name)
{
	const char *slash = strrchr(name, '/');
	struct pacs_error e = PACS_ERROR_INIT;
	struct names in = {0};
	char dir[NAME_ROOM];
	bool found;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - name) : 0,
		 name);
	/* If that fails too, it cannot be reached: that is not "not there". */
	found = remote_list(&e, d, dir, &in, NULL) != PACS_OK;
	found |= names_have(&in, slash ? slash + 1 : name);
	names_clear(&in);
	return found;
}

enum pacs_err
remote_slurp(struct pacs_error *err, struct depot *d, const char *name,
	     struct pacs_buf *out)
{
	char *from = remote_name(d, name);
	enum pacs_err rc = rclone(err, RCLONE("cat", from), out);

	if (rc && !is_listed(d, name)) {
		pacs_error_clear(err);
		rc = pacs_error_set(err, PACS_ENOTFOUND, "'%s' is not there",
				    from);
	}
	free(from);
	return rc;
}

/* Those of them in one folder, which is listed once. */
static enum pacs_err
confirm_below(struct pacs_error *err, struct depot *d, const char *dir,
	      const struct pacs_backup_file *files, size_t count)
{
	size_t i, k, n = strlen(dir);
	struct names names = {0};
	uint64_t *sizes = NULL;
	enum pacs_err rc = remote_list(err, d, dir, &names, &sizes);

	for (i = 0; !rc && i < count; i++) {
		if (strncmp(files[i].name, dir, n) != 0)
			continue;
		k = names_find(&names, files[i].name + n + 1);
		if (k == names.count || sizes[k] != files[i].size)
			rc = depot_lost(err, d, files[i].name);
	}
	names_clear(&names);
	free(sizes);
	return rc;
}

enum pacs_err
remote_confirm(struct pacs_error *err, struct depot *d,
	       const struct pacs_backup_file *files, size_t count)
{
	static const size_t number_end[] = {sizeof("packs/000000") - 1,
					    sizeof("index/000000") - 1};
	char dir[NAME_ROOM];
	enum pacs_err rc = PACS_OK;
	size_t i, top;

	for (top = 0; !rc && top < 2; top++)
		for (i = 0; i < count; i++) {
			if (*files[i].name != (top ? 'i' : 'p'))
				continue;
			snprintf(dir, sizeof(dir), "%.*s", (int)number_end[top],
				 files[i].name);
			rc = confirm_below(err, d, dir, files, count);
			break;
		}
	return rc;
}
