/*
 * Making an archive: its folders, the first line of the ledger, the marker.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/dir.h"
#include "base/fs.h"

#define MAX_DEPTH 64 /* folders above that are looked at */

static const char *const folders[] = {"objects",    "ledger",   "index",
				      "quarantine", "incoming", "purged"};

void
archive_new_uuid(char ret[37])
{
	uint8_t b[16];
	char hex[33];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		abort(); /* without randomness two archives could be one */
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	pacs_hex(b, sizeof(b), hex);
	snprintf(ret, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
		 hex + 16, hex + 20);
}

static enum pacs_err
require_empty(struct pacs_error *err, int dirfd, const char *path)
{
	bool empty;

	if (pacs_dir_is_empty(err, dirfd, ".", &empty) || empty)
		return err->code;
	return pacs_error_set(err, PACS_EEXISTS,
			      faccessat(dirfd, MARKER, F_OK, 0) == 0
				  ? "'%s' is an archive already"
				  : "'%s' is not empty",
			      path);
}

/* An archive's folders hold what its ledger says, and nothing else. */
static enum pacs_err
refuse_nesting(struct pacs_error *err, int dirfd, const char *path)
{
	char up[3 * MAX_DEPTH + sizeof(MARKER)] = "";
	struct stat here, before = {0};
	unsigned depth;

	for (depth = 0; depth < MAX_DEPTH; depth++) {
		size_t len = strlen(up);

		memcpy(up + len, "../", 4);
		if (fstatat(dirfd, up, &here, 0) != 0 ||
		    (here.st_ino == before.st_ino &&
		     here.st_dev == before.st_dev))
			break; /* the root is its own parent */
		before = here;
		memcpy(up + len + 3, MARKER, sizeof(MARKER));
		if (faccessat(dirfd, up, F_OK, 0) == 0)
			return pacs_error_set(err, PACS_EEXISTS,
					      "'%s' lies in another archive",
					      path);
		up[len + 3] = '\0';
	}
	return PACS_OK;
}

/* The first line names this archive, so two archives never share a chain. */
static enum pacs_err
write_epoch(struct pacs_error *err, int dirfd, const char *uuid,
	    const char *created)
{
	static const struct pacs_cursor start = PACS_CURSOR_START;
	struct pacs_digest *d = pacs_digest_new();
	struct pacs_buf line = {0};
	char extra[64], check[PACS_CHECK_ROOM];
	enum pacs_err rc;

	snprintf(extra, sizeof(extra), "uuid=%s", uuid);
	line_format(&line, created, PACS_OP_EPOCH, NULL, 0, NULL, NULL, extra);
	chain_check(d, start.check, line.data, line.len, check);
	pacs_buf_addf(&line, "\t%s\n", check);
	rc = pacs_fs_write_file(err, dirfd, "ledger/000001.tsv", MODE_TEXT,
				line.data, line.len, false);
	pacs_buf_clear(&line);
	pacs_digest_free(d);
	return rc;
}

static enum pacs_err
write_marker(struct pacs_error *err, int dirfd, const struct pacs_settings *s,
	     const char *uuid, const char *created)
{
	struct pacs_buf b = {0};
	enum pacs_err rc;

	pacs_buf_adds(&b, MARKER_FIRST_LINE);
	pacs_buf_addf(&b, "uuid=%s\ncreated=%s\nrequired=\ncompatible=\n", uuid,
		      created);
	if (s->index && *s->index)
		pacs_buf_addf(&b, "index=%s\n", s->index);
	if (s->default_issuer && *s->default_issuer)
		pacs_buf_addf(&b, "default-issuer=%s\n", s->default_issuer);
	if (s->timezone && *s->timezone)
		pacs_buf_addf(&b, "timezone=%s\n", s->timezone);
	if (s->floor_bytes)
		pacs_buf_addf(&b, "floor=%llu\n",
			      (unsigned long long)s->floor_bytes);
	rc = pacs_fs_write_file(err, dirfd, MARKER, MODE_TEXT, b.data, b.len,
				false);
	pacs_buf_clear(&b);
	return rc;
}

static enum pacs_err
fill_new(struct pacs_error *err, int dirfd, const struct pacs_settings *s)
{
	char uuid[37], created[PACS_TIME_SIZE];
	enum pacs_err rc = PACS_OK;
	size_t i;
	int fd;

	archive_new_uuid(uuid);
	pacs_time_now(created);
	for (i = 0; !rc && i < sizeof(folders) / sizeof(folders[0]); i++)
		rc = pacs_fs_mkdir(err, dirfd, folders[i], MODE_DIR);
	if (!rc)
		rc = pacs_fs_create(err, dirfd, "ledger/lock", MODE_TEXT, &fd);
	if (rc)
		return rc;
	close(fd);
	rc = write_epoch(err, dirfd, uuid, created);
	/* The marker comes last: with it the archive exists. */
	if (!rc)
		rc = pacs_fs_sync(err, dirfd);
	if (!rc)
		rc = write_marker(err, dirfd, s, uuid, created);
	return rc;
}

/* An empty folder that lies in no archive, made if it is not there. */
static enum pacs_err
open_folder(struct pacs_error *err, const char *path, bool *ret_made,
	    int *ret_fd)
{
	struct pacs_error ignored = PACS_ERROR_INIT;

	*ret_fd = -1;
	*ret_made = pacs_fs_mkdir(err, AT_FDCWD, path, MODE_DIR) == PACS_OK;
	if (err->code == PACS_EEXISTS)
		pacs_error_clear(err);
	if (err->code)
		return err->code;
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", path);
	if (require_empty(err, *ret_fd, path) ||
	    refuse_nesting(err, *ret_fd, path)) {
		if (*ret_made)
			(void)!pacs_fs_rmdir(&ignored, AT_FDCWD, path);
		return err->code;
	}
	return *ret_made ? PACS_OK : pacs_fs_chmod(err, *ret_fd, MODE_DIR);
}

enum pacs_err
pacs_archive_create(struct pacs_error *err, const char *path,
		    const struct pacs_settings *s)
{
	char *up = pacs_format("%s/..", path);
	bool made;
	int dirfd;

	if (open_folder(err, path, &made, &dirfd) || fill_new(err, dirfd, s))
		goto out;
	if (made) /* the new folder's own name, in its parent */
		(void)!pacs_fs_sync_path(err, AT_FDCWD, up);
out:
	if (dirfd >= 0)
		close(dirfd);
	free(up);
	return err->code;
}
