/*
 * The marker of an archive; creating and opening one.
 */
#include "archive/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/file.h"
#include "base/fs.h"

#define FIRST_LINE "pacs-archive 1\n"

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
	DIR *d = fdopendir(dup(dirfd));
	struct dirent *e;
	enum pacs_err rc = PACS_OK;

	if (!d)
		return pacs_error_sys(err, errno, "cannot read '%s'", path);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    strcmp(e->d_name, "lost+found") != 0)
			rc = PACS_EEXISTS;
	closedir(d);
	if (rc)
		return pacs_error_set(err, rc, "'%s' is not empty", path);
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

	pacs_buf_adds(&b, FIRST_LINE);
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

enum pacs_err
pacs_archive_create(struct pacs_error *err, const char *path,
		    const struct pacs_settings *s)
{
	enum pacs_err rc;
	bool made = false;
	int dirfd;

	rc = pacs_fs_mkdir(err, AT_FDCWD, path, MODE_DIR);
	if (rc == PACS_OK)
		made = true;
	else if (rc == PACS_EEXISTS)
		pacs_error_clear(err);
	else
		return rc;
	dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", path);
	rc = require_empty(err, dirfd, path);
	if (!rc && !made)
		rc = pacs_fs_chmod(err, dirfd, MODE_DIR);
	if (!rc)
		rc = fill_new(err, dirfd, s);
	if (!rc && made) {
		/* The new folder's own name, in its parent. */
		char *up = pacs_format("%s/..", path);

		rc = pacs_fs_sync_path(err, AT_FDCWD, up);
		free(up);
	}
	close(dirfd);
	return rc;
}

static void
add_index_key(struct pacs_archive *ar, const char *value)
{
	char *more = pacs_format("%s%s\n", ar->settings.index_keys, value);

	free(ar->texts[3]);
	ar->settings.index_keys = ar->texts[3] = more;
}

/* A floor that is misread would let a disk fill up. */
static enum pacs_err
read_floor(struct pacs_error *err, struct pacs_archive *ar, const char *value)
{
	char *end;

	errno = 0;
	ar->settings.floor_bytes = strtoull(value, &end, 10);
	if (errno || *end || *value < '0' || *value > '9')
		return pacs_error_set(err, PACS_EFORMAT,
				      "'floor=%.64s' in '%s/pacs-archive' is "
				      "no number of bytes",
				      value, ar->path);
	return PACS_OK;
}

static enum pacs_err
apply_setting(struct pacs_error *err, struct pacs_archive *ar, const char *key,
	      const char *value)
{
	struct pacs_settings *s = &ar->settings;

	if (strcmp(key, "uuid") == 0)
		snprintf(s->uuid, sizeof(s->uuid), "%s", value);
	else if (strcmp(key, "created") == 0)
		snprintf(s->created, sizeof(s->created), "%s", value);
	else if (strcmp(key, "index") == 0)
		s->index = ar->texts[0] = pacs_strdup(value);
	else if (strcmp(key, "default-issuer") == 0)
		s->default_issuer = ar->texts[1] = pacs_strdup(value);
	else if (strcmp(key, "timezone") == 0)
		s->timezone = ar->texts[2] = pacs_strdup(value);
	else if (strcmp(key, "index-key") == 0)
		add_index_key(ar, value);
	else if (strcmp(key, "floor") == 0)
		return read_floor(err, ar, value);
	else if (strcmp(key, "required") == 0 && *value)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "'%s' needs the feature '%.64s', which "
				      "this version does not have",
				      ar->path, value);
	return PACS_OK; /* other keys are for other versions: skip */
}

static enum pacs_err
read_marker(struct pacs_error *err, struct pacs_archive *ar)
{
	struct pacs_buf b = {0};
	char *line, *save = NULL, *eq;
	enum pacs_err rc;

	ar->settings.default_issuer = ar->settings.timezone = "";
	ar->settings.index_keys = "";
	rc = pacs_file_slurp(err, ar->dirfd, MARKER, MARKER_MAX, &b);
	if (rc == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		rc = pacs_error_set(err, rc,
				    "'%s' is not an archive (no file "
				    "'pacs-archive' in it)",
				    ar->path);
	} else if (!rc && strncmp(b.data, "pacs-archive ", 13) != 0) {
		rc = pacs_error_set(err, PACS_EFORMAT,
				    "'%s/pacs-archive' is not a marker",
				    ar->path);
	} else if (!rc &&
		   strncmp(b.data, FIRST_LINE, strlen(FIRST_LINE)) != 0) {
		rc = pacs_error_set(err, PACS_EUNSUPPORTED,
				    "'%s' has a newer format", ar->path);
	}
	if (!rc)
		strtok_r(b.data, "\n", &save);
	while (!rc && (line = strtok_r(NULL, "\n", &save))) {
		eq = strchr(line, '=');
		if (!eq)
			continue;
		*eq = '\0';
		rc = apply_setting(err, ar, line, eq + 1);
	}
	pacs_buf_clear(&b);
	return rc;
}

/* Who owns the archive, and may we write? */
static enum pacs_err
look_at_owner(struct pacs_error *err, struct pacs_archive *ar)
{
	struct stat st;

	if (fstat(ar->dirfd, &st) != 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", ar->path);
	ar->uid = st.st_uid;
	ar->gid = st.st_gid;
	ar->give_away = geteuid() == 0 && st.st_uid != 0;
	ar->writable =
	    faccessat(ar->dirfd, "ledger/lock", W_OK, AT_EACCESS) == 0 &&
	    faccessat(ar->dirfd, "incoming", W_OK | X_OK, AT_EACCESS) == 0;
	return PACS_OK;
}

enum pacs_err
pacs_archive_open(struct pacs_error *err, const char *path,
		  enum pacs_archive_mode mode, struct pacs_archive **ret_ar)
{
	struct pacs_archive *ar = pacs_calloc(1, sizeof(*ar));
	char *real = realpath(path, NULL);
	enum pacs_err rc;

	*ret_ar = NULL;
	ar->path = real ? real : pacs_strdup(path);
	ar->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ar->dirfd < 0)
		rc = pacs_error_sys(err, errno, "cannot open archive '%s'",
				    path);
	else
		rc = read_marker(err, ar);
	if (!rc)
		rc = look_at_owner(err, ar);
	if (!rc && mode == PACS_ARCHIVE_WRITE && !ar->writable)
		rc = pacs_error_set(err, PACS_EDENIED,
				    "no permission to change '%s'", path);
	if (!rc && ar->writable)
		rc = recover(err, ar);
	if (rc) {
		pacs_archive_close(ar);
		return rc;
	}
	*ret_ar = ar;
	return PACS_OK;
}

void
pacs_archive_close(struct pacs_archive *ar)
{
	size_t i;

	if (!ar)
		return;
	if (ar->dirfd >= 0)
		close(ar->dirfd);
	for (i = 0; i < sizeof(ar->texts) / sizeof(ar->texts[0]); i++)
		free(ar->texts[i]);
	free(ar->path);
	free(ar);
}

const struct pacs_settings *
pacs_archive_settings(const struct pacs_archive *ar)
{
	return &ar->settings;
}

const char *
pacs_archive_path(const struct pacs_archive *ar)
{
	return ar->path;
}

int
pacs_archive_dirfd(const struct pacs_archive *ar)
{
	return ar->dirfd;
}

bool
pacs_archive_is_writable(const struct pacs_archive *ar)
{
	return ar->writable;
}

const struct pacs_recovery *
pacs_archive_recovery(const struct pacs_archive *ar)
{
	return &ar->recovery;
}
