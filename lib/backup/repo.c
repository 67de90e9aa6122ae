/*
 * A repository's marker; opening and making one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/snapshot.h"
#include "base/fs.h"

#define MARKER     "pacs-backup"
#define FIRST_LINE "pacs-backup 1\n"

/* Is it a whole marker of this format? */
static enum pacs_err
check_marker(struct pacs_error *err, const char *where, struct pacs_buf *b)
{
	size_t len;

	if (strncmp(pacs_buf_str(b), "pacs-backup ", 12) != 0)
		return pacs_error_set(err, PACS_EFORMAT,
				      "'%s/pacs-backup' is not a marker",
				      where);
	if (strncmp(b->data, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "'%s' has a newer format", where);
	if (!text_whole(b->data, b->len, &len))
		return pacs_error_set(err, PACS_EINTEGRITY,
				      "'%s/pacs-backup' is damaged", where);
	return PACS_OK;
}

static enum pacs_err
take_line(struct pacs_error *err, struct pacs_repo *r, const char *line)
{
	if (!strncmp(line, "archive=", 8))
		snprintf(r->archive, sizeof(r->archive), "%s", line + 8);
	else if (!strncmp(line, "created=", 8))
		snprintf(r->created, sizeof(r->created), "%s", line + 8);
	else if (!strncmp(line, "recipient=", 10))
		names_add(&r->recipients, line + 10);
	else if (!strncmp(line, "required=", 9) && line[9])
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "'%s' needs '%.64s', which this "
				      "version does not have",
				      r->depot.where, line + 9);
	return PACS_OK;
}

static enum pacs_err
read_marker(struct pacs_error *err, struct pacs_repo *r)
{
	struct pacs_buf b = {0};
	char *line, *save = NULL;
	enum pacs_err rc = depot_slurp(err, &r->depot, MARKER, &b);

	if (rc == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		rc = pacs_error_set(err, rc,
				    "'%s' is no repository (no file "
				    "'pacs-backup' in it)",
				    r->depot.where);
	} else if (!rc) {
		rc = check_marker(err, r->depot.where, &b);
	}
	for (line = rc ? NULL : strtok_r(b.data, "\n", &save); !rc && line;
	     line = strtok_r(NULL, "\n", &save))
		rc = take_line(err, r, line);
	if (!rc && strlen(r->archive) != 36)
		rc = pacs_error_set(err, PACS_EFORMAT,
				    "'%s/pacs-backup' names no archive",
				    r->depot.where);
	pacs_buf_clear(&b);
	return rc;
}

enum pacs_err
pacs_repo_open(struct pacs_error *err, const char *where, const char *identity,
	       struct pacs_repo **ret_r)
{
	struct pacs_repo *r = pacs_calloc(1, sizeof(*r));
	enum pacs_err rc;

	*ret_r = NULL;
	r->lock_fd = -1;
	r->identity = identity ? pacs_strdup(identity) : NULL;
	rc = depot_open(err, where, false, &r->depot);
	if (!rc)
		rc = read_marker(err, r);
	if (rc) {
		pacs_repo_close(r);
		return rc;
	}
	*ret_r = r;
	return PACS_OK;
}

bool
pacs_repo_is_at(const char *where)
{
	char *marker;
	bool is;

	if (depot_remote(where))
		return true;
	marker = pacs_format("%s/" MARKER, where);
	is = access(marker, F_OK) == 0;
	free(marker);
	return is;
}

void
pacs_repo_close(struct pacs_repo *r)
{
	if (!r)
		return;
	if (r->lock_fd >= 0)
		close(r->lock_fd);
	depot_close(&r->depot);
	names_clear(&r->recipients);
	free(r->identity);
	free(r);
}

static bool
same_recipients(const struct pacs_repo *r, const char *const *list,
		size_t count)
{
	size_t i, k;

	for (i = 0; i < count; i++) {
		for (k = 0; k < r->recipients.count; k++)
			if (!strcmp(r->recipients.list[k], list[i]))
				break;
		if (k == r->recipients.count)
			return false;
	}
	return count == r->recipients.count;
}

/* Anything but what a making that was interrupted left? */
static enum pacs_err
require_free(struct pacs_error *err, struct pacs_repo *r)
{
	struct names names = {0};
	enum pacs_err rc = depot_list(err, &r->depot, "", &names);
	size_t i;

	/* Made since it was looked for: read then, with the lock. */
	if (!rc && names_have(&names, MARKER))
		names_clear(&names);
	for (i = 0; !rc && i < names.count; i++)
		if (strcmp(names.list[i], "tmp/") != 0 &&
		    strcmp(names.list[i], "lock") != 0 &&
		    strcmp(names.list[i], "lost+found/") != 0)
			rc = pacs_error_set(err, PACS_EEXISTS,
					    "'%s' is no repository, and not "
					    "empty",
					    r->depot.where);
	names_clear(&names);
	return rc;
}

static enum pacs_err
write_marker(struct pacs_error *err, struct pacs_repo *r, const char *archive,
	     const char *const *recipients, size_t count)
{
	char now[PACS_TIME_SIZE];
	struct pacs_buf b = {0};
	enum pacs_err rc;
	size_t i;

	pacs_time_now(now);
	pacs_buf_addf(&b, FIRST_LINE "archive=%s\ncreated=%s\nrequired=\n",
		      archive, now);
	for (i = 0; i < count; i++)
		pacs_buf_addf(&b, "recipient=%s\n", recipients[i]);
	text_seal(&b);
	rc = depot_put(err, &r->depot, MARKER, b.data, b.len, true);
	pacs_buf_clear(&b);
	return rc;
}

static enum pacs_err
make_new(struct pacs_error *err, struct pacs_repo *r, const char *archive,
	 const char *const *recipients, size_t count)
{
	enum pacs_err rc = require_free(err, r);

	if (!rc)
		rc = depot_lock(err, &r->depot, &r->lock_fd);
	if (rc)
		return rc;
	/* Another run may have made it before we had the lock. */
	rc = read_marker(err, r);
	if (rc == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		rc = depot_settle(err, &r->depot);
		if (!rc)
			rc = write_marker(err, r, archive, recipients, count);
		if (!rc)
			rc = read_marker(err, r);
	}
	close(r->lock_fd);
	r->lock_fd = -1;
	return rc;
}

enum pacs_err
pacs_repo_make(struct pacs_error *err, const char *where, const char *identity,
	       const char *archive_uuid, const char *const *recipients,
	       size_t count, struct pacs_repo **ret_r)
{
	struct pacs_repo *r = pacs_calloc(1, sizeof(*r));
	enum pacs_err rc;

	*ret_r = NULL;
	r->lock_fd = -1;
	r->identity = identity ? pacs_strdup(identity) : NULL;
	rc = depot_open(err, where, true, &r->depot);
	if (!rc)
		rc = read_marker(err, r);
	if (rc == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		rc = make_new(err, r, archive_uuid, recipients, count);
	}
	if (!rc && count && !same_recipients(r, recipients, count))
		rc =
		    pacs_error_set(err, PACS_EUSAGE,
				   "'%s' was made for other recipients", where);
	if (!rc && strcmp(r->archive, archive_uuid) != 0)
		rc = pacs_error_set(err, PACS_ECONFLICT,
				    "'%s' holds the archive %s, not %s", where,
				    r->archive, archive_uuid);
	if (rc) {
		pacs_repo_close(r);
		return rc;
	}
	*ret_r = r;
	return PACS_OK;
}

bool
pacs_repo_is_closed(const struct pacs_repo *r)
{
	return repo_encrypted(r) && !r->identity;
}

enum pacs_err
repo_readable(struct pacs_error *err, const struct pacs_repo *r)
{
	if (!pacs_repo_is_closed(r))
		return PACS_OK;
	return pacs_error_set(err, PACS_EDENIED,
			      "'%s' is encrypted: an identity is needed",
			      r->depot.where);
}
