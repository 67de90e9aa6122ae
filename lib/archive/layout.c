/*
 * Where things are: paths follow from the UIDs alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/file.h"
#include "base/fs.h"
#include "dicom/uid.h"

bool
pacs_triple_is_safe(const struct pacs_triple *t)
{
	return pacs_uid_is_safe(t->study) && pacs_uid_is_safe(t->series) &&
	       pacs_uid_is_safe(t->instance);
}

void
archive_path_in(const char *top, const struct pacs_triple *t,
		const char *suffix, char ret[PACS_PATH_ROOM])
{
	char hex[PACS_SHA256_HEX];

	pacs_sha256_hex(t->study, strlen(t->study), hex);
	snprintf(ret, PACS_PATH_ROOM, "%s/%.3s/%s/%s/%s%s", top, hex, t->study,
		 t->series, t->instance, suffix);
}

void
pacs_object_path(const struct pacs_triple *t, char ret[PACS_PATH_ROOM])
{
	archive_path_in("objects", t, ".dcm", ret);
}

static void
archive_purged_path(const struct pacs_triple *t, char ret[PACS_PATH_ROOM])
{
	archive_path_in("purged", t, "", ret);
}

/* Copy a component up to the next slash; returns what follows it, or NULL. */
static const char *
component(const char *s, char *buf, size_t size)
{
	const char *end = strchr(s, '/');
	size_t n = end ? (size_t)(end - s) : strlen(s);

	if (n == 0 || n >= size)
		return NULL;
	memcpy(buf, s, n);
	buf[n] = '\0';
	return end ? end + 1 : s + n;
}

bool
pacs_object_triple(const char *path, struct pacs_triple *ret)
{
	char shard[8], name[PACS_UID_ROOM + 4], back[PACS_PATH_ROOM];
	const char *p = path;
	size_t n;

	if (strncmp(p, "objects/", 8) != 0)
		return false;
	p = component(p + 8, shard, sizeof(shard));
	p = p ? component(p, ret->study, sizeof(ret->study)) : NULL;
	p = p ? component(p, ret->series, sizeof(ret->series)) : NULL;
	p = p ? component(p, name, sizeof(name)) : NULL;
	n = p ? strlen(name) : 0;
	if (n < 5 || n - 4 >= sizeof(ret->instance) ||
	    strcmp(name + n - 4, ".dcm") != 0)
		return false;
	memcpy(ret->instance, name, n - 4);
	ret->instance[n - 4] = '\0';
	if (!pacs_triple_is_safe(ret))
		return false;
	pacs_object_path(ret, back);
	return strcmp(back, path) == 0;
}

enum pacs_err
pacs_object_open(struct pacs_error *err, const struct pacs_archive *ar,
		 const struct pacs_triple *t, int *ret_fd, uint64_t *ret_size)
{
	char path[PACS_PATH_ROOM];

	*ret_fd = -1;
	if (!pacs_triple_is_safe(t))
		return pacs_error_set(err, PACS_ENOTFOUND,
				      "UIDs that cannot be file names");
	pacs_object_path(t, path);
	return pacs_file_open(err, ar->dirfd, path, ret_fd, ret_size);
}

bool
pacs_object_is_purged(const struct pacs_archive *ar,
		      const struct pacs_triple *t)
{
	char path[PACS_PATH_ROOM];

	archive_purged_path(t, path);
	return faccessat(ar->dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

enum pacs_err
archive_give(struct pacs_error *err, const struct pacs_archive *ar, int dirfd,
	     const char *path)
{
	if (!ar->give_away)
		return PACS_OK;
	return pacs_fs_chown(err, dirfd, path, ar->uid, ar->gid);
}

static enum pacs_err
make_one(struct pacs_error *err, const struct pacs_archive *ar,
	 const char *path)
{
	enum pacs_err rc;

	rc = pacs_fs_mkdir(err, ar->dirfd, path, MODE_DIR);
	if (rc == PACS_EEXISTS) {
		pacs_error_clear(err);
		return PACS_OK;
	}
	return rc ? rc : archive_give(err, ar, ar->dirfd, path);
}

enum pacs_err
archive_mkdirs(struct pacs_error *err, const struct pacs_archive *ar,
	       const char *path)
{
	char copy[PACS_PATH_ROOM], *p;
	enum pacs_err rc;

	/* Nearly always all but the last one are there. */
	if (faccessat(ar->dirfd, path, F_OK, 0) == 0)
		return PACS_OK;
	snprintf(copy, sizeof(copy), "%s", path);
	for (p = strchr(copy, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		rc = make_one(err, ar, copy);
		*p = '/';
		if (rc)
			return rc;
	}
	return make_one(err, ar, copy);
}

enum pacs_err
archive_unlink(struct pacs_error *err, const struct pacs_archive *ar,
	       const char *path)
{
	enum pacs_err rc = pacs_fs_unlink(err, ar->dirfd, path);

	if (rc != PACS_ENOTFOUND)
		return rc;
	pacs_error_clear(err);
	return PACS_OK;
}
