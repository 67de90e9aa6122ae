/*
 * Changing the marker: the one setting that programs change is which further
 * attributes the index knows. The rest of the marker stays as it is, byte for
 * byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/file.h"
#include "base/fs.h"

#define KEY     "index-key="
#define KEY_LEN (sizeof(KEY) - 1)

static enum pacs_err
slurp(struct pacs_error *err, const struct pacs_archive *ar,
      struct pacs_buf *out)
{
	return pacs_file_slurp(err, ar->dirfd, MARKER, MARKER_MAX, out);
}

/* For each line of the marker: its length, without the newline. */
static const char *
next_line(const char *line, size_t *ret_len)
{
	*ret_len = strcspn(line, "\n");
	return *line ? line : NULL;
}

enum pacs_err
pacs_archive_index_keys(struct pacs_error *err, const struct pacs_archive *ar,
			char **ret)
{
	struct pacs_buf marker = {0}, keys = {0};
	const char *line;
	size_t n;

	*ret = NULL;
	if (slurp(err, ar, &marker))
		goto out;
	for (line = pacs_buf_str(&marker); (line = next_line(line, &n));
	     line += n + (line[n] != '\0'))
		if (n > KEY_LEN && !strncmp(line, KEY, KEY_LEN)) {
			pacs_buf_add(&keys, line + KEY_LEN, n - KEY_LEN);
			pacs_buf_addc(&keys, '\n');
		}
	*ret = pacs_strdup(pacs_buf_str(&keys));
out:
	pacs_buf_clear(&marker);
	pacs_buf_clear(&keys);
	return err->code;
}

static bool
is_key(const char *line, size_t len, const char *name, size_t name_len)
{
	return len > KEY_LEN + name_len && !strncmp(line, KEY, KEY_LEN) &&
	       !strncmp(line + KEY_LEN, name, name_len) &&
	       line[KEY_LEN + name_len] == ' ';
}

/* The marker without the key of that name; how many were left out. */
static unsigned
copy_without(const char *marker, const char *name, size_t name_len,
	     struct pacs_buf *out)
{
	const char *line;
	unsigned found = 0;
	size_t n;

	for (line = marker; (line = next_line(line, &n));
	     line += n + (line[n] != '\0')) {
		if (is_key(line, n, name, name_len)) {
			found++;
			continue;
		}
		pacs_buf_add(out, line, n);
		pacs_buf_addc(out, '\n');
	}
	return found;
}

/* Two programs that change it take turns, by the lock of the ledger. */
static enum pacs_err
lock(struct pacs_error *err, const struct pacs_archive *ar, int *ret_fd)
{
	if (!ar->writable)
		return pacs_error_set(err, PACS_EDENIED,
				      "no permission to change '%s'", ar->path);
	if (pacs_fs_open_rw(err, ar->dirfd, "ledger/lock", MODE_TEXT, ret_fd))
		return err->code;
	if (pacs_fs_lock(err, *ret_fd, true, LOCK_WAIT_MS)) {
		close(*ret_fd);
		return err->code;
	}
	return PACS_OK;
}

#define FRESH MARKER ".new"

/* Whole, and the owner's, with the mode that it had, before it has the name
 * that counts. */
static enum pacs_err
write_fresh(struct pacs_error *err, const struct pacs_archive *ar,
	    const struct pacs_buf *text)
{
	struct stat was;
	int fd;

	if (fstatat(ar->dirfd, MARKER, &was, AT_SYMLINK_NOFOLLOW) != 0)
		return pacs_error_sys(err, errno,
				      "cannot look at '" MARKER "'");
	/* Left by a program that was killed. */
	if (pacs_fs_unlink(err, ar->dirfd, FRESH) == PACS_ENOTFOUND)
		pacs_error_clear(err);
	if (err->code || pacs_fs_create(err, ar->dirfd, FRESH, MODE_TEXT, &fd))
		return err->code;
	if (!pacs_fs_write(err, fd, text->data, text->len) &&
	    !pacs_fs_chmod(err, fd, was.st_mode & 0777) &&
	    !pacs_fs_sync(err, fd))
		(void)!archive_give(err, ar, ar->dirfd, FRESH);
	close(fd);
	return err->code;
}

static enum pacs_err
replace(struct pacs_error *err, const struct pacs_archive *ar,
	const struct pacs_buf *text)
{
	if (text->len > MARKER_MAX)
		return pacs_error_set(err, PACS_ELIMIT,
				      "the marker would be over %d bytes",
				      MARKER_MAX);
	if (write_fresh(err, ar, text) ||
	    pacs_fs_rename(err, ar->dirfd, FRESH, ar->dirfd, MARKER))
		return err->code;
	return pacs_fs_sync(err, ar->dirfd);
}

static enum pacs_err
edit(struct pacs_error *err, const struct pacs_archive *ar, const char *name,
     size_t name_len, const char *add)
{
	struct pacs_buf old = {0}, text = {0};
	unsigned found;
	int fd = -1;

	if (lock(err, ar, &fd))
		return err->code;
	if (slurp(err, ar, &old))
		goto out;
	found = copy_without(pacs_buf_str(&old), name, name_len, &text);
	if ((add != NULL) == (found > 0)) {
		pacs_error_set(err, add ? PACS_EEXISTS : PACS_ENOTFOUND,
			       "'%.*s' is %s", (int)name_len, name,
			       add ? "added already" : "no added key");
		goto out;
	}
	if (add)
		pacs_buf_addf(&text, KEY "%s\n", add);
	(void)!replace(err, ar, &text);
out:
	close(fd);
	pacs_buf_clear(&old);
	pacs_buf_clear(&text);
	return err->code;
}

enum pacs_err
pacs_archive_add_index_key(struct pacs_error *err,
			   const struct pacs_archive *ar, const char *line)
{
	return edit(err, ar, line, strcspn(line, " "), line);
}

enum pacs_err
pacs_archive_drop_index_key(struct pacs_error *err,
			    const struct pacs_archive *ar, const char *name)
{
	return edit(err, ar, name, strlen(name), NULL);
}
