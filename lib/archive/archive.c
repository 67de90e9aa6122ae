/*
 * Opening an archive: what its marker says, who owns it.
 */
#include "archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/file.h"

/* The archive owns text, in place of what it had there. */
static const char *
keep(struct pacs_archive *ar, enum marker_text which, char *text)
{
	free(ar->texts[which]);
	return ar->texts[which] = text;
}

static void
add_index_key(struct pacs_archive *ar, const char *value)
{
	const char **keys = &ar->settings.index_keys;

	*keys = keep(ar, TEXT_KEYS, pacs_format("%s%s\n", *keys, value));
}

static void
add_unknown(struct pacs_archive *ar, const char *key)
{
	const char **unknown = &ar->settings.unknown;

	*unknown = keep(
	    ar, TEXT_UNKNOWN,
	    pacs_format("%s%s%.64s", *unknown, **unknown ? ", " : "", key));
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
		s->index = keep(ar, TEXT_INDEX, pacs_strdup(value));
	else if (strcmp(key, "default-issuer") == 0)
		s->default_issuer = keep(ar, TEXT_ISSUER, pacs_strdup(value));
	else if (strcmp(key, "timezone") == 0)
		s->timezone = keep(ar, TEXT_ZONE, pacs_strdup(value));
	else if (strcmp(key, "index-key") == 0)
		add_index_key(ar, value);
	else if (strcmp(key, "floor") == 0)
		return read_floor(err, ar, value);
	else if (strcmp(key, "required") == 0 && *value)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "'%s' needs the feature '%.64s', which "
				      "this version does not have",
				      ar->path, value);
	else if (strcmp(key, "required") != 0 && strcmp(key, "compatible") != 0)
		add_unknown(ar, key); /* for other versions: skip */
	return PACS_OK;
}

static enum pacs_err
read_marker(struct pacs_error *err, struct pacs_archive *ar)
{
	struct pacs_buf b = {0};
	char *line, *save = NULL, *eq;
	enum pacs_err rc;

	ar->settings.default_issuer = ar->settings.timezone = "";
	ar->settings.index_keys = ar->settings.unknown = "";
	rc = pacs_file_slurp(err, ar->dirfd, MARKER, MARKER_MAX, &b);
	if (rc == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		rc = pacs_error_set(err, rc,
				    "'%s' is not an archive (no file "
				    "'pacs-archive' in it)",
				    ar->path);
	} else if (rc) {
		pacs_error_wrap(err, "archive '%s'", ar->path);
	} else if (strncmp(b.data, "pacs-archive ", 13) != 0) {
		rc = pacs_error_set(err, PACS_EFORMAT,
				    "'%s/pacs-archive' is not a marker",
				    ar->path);
	} else if (strncmp(b.data, MARKER_FIRST_LINE,
			   strlen(MARKER_FIRST_LINE)) != 0) {
		rc = pacs_error_set(err, PACS_EUNSUPPORTED,
				    "'%s' has a newer format", ar->path);
	}
	if (!rc)
		strtok_r(b.data, "\n", &save);
	while (!rc && (line = strtok_r(NULL, "\n", &save))) {
		if (*line == '#')
			continue;
		eq = strchr(line, '=');
		if (eq)
			*eq = '\0';
		if (eq)
			rc = apply_setting(err, ar, line, eq + 1);
		else
			add_unknown(ar, line);
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
	    faccessat(ar->dirfd, "incoming", W_OK | X_OK, AT_EACCESS) == 0 &&
	    faccessat(ar->dirfd, "quarantine", W_OK | X_OK, AT_EACCESS) == 0;
	return PACS_OK;
}

/* Programs that copy trees may leave out empty folders and files. */
static enum pacs_err
why_not_writable(struct pacs_error *err, const struct pacs_archive *ar,
		 const char *path)
{
	static const char *const needed[] = {"ledger/lock", "incoming",
					     "quarantine"};
	size_t i;

	if (faccessat(ar->dirfd, "ledger", F_OK, 0) != 0 && errno == ENOENT)
		return pacs_error_set(err, PACS_EINTEGRITY,
				      "'%s/ledger' is lost: restore the "
				      "archive from a backup",
				      path);
	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (faccessat(ar->dirfd, needed[i], F_OK, 0) != 0 &&
		    errno == ENOENT)
			return pacs_error_set(err, PACS_ENOTFOUND,
					      "'%s/%s' is missing: make it "
					      "again, empty",
					      path, needed[i]);
	return pacs_error_set(err, PACS_EDENIED, "no permission to change '%s'",
			      path);
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
		rc = why_not_writable(err, ar, path);
	if (!rc && ar->writable)
		rc = recover(err, ar);
	if (!rc && mode == PACS_ARCHIVE_WRITE)
		rc = marks_recover(err, ar);
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
	for (i = 0; i < TEXT_COUNT; i++)
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

const struct pacs_recovery *
pacs_archive_recovery(const struct pacs_archive *ar)
{
	return &ar->recovery;
}
