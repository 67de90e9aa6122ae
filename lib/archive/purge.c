/*
 * Purging: recorded durably before anything is removed.
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

void
purge_remove_empty(const struct pacs_archive *ar, char *path)
{
	struct pacs_error e = PACS_ERROR_INIT;
	char *slash;
	int level;

	for (level = 0; level < 2; level++) {
		slash = strrchr(path, '/');
		*slash = '\0';
		if (pacs_fs_rmdir(&e, ar->dirfd, path))
			return;
	}
}

enum pacs_err
purge_finish(struct pacs_error *err, const struct pacs_archive *ar,
	     const struct pacs_triple *t)
{
	char path[PACS_PATH_ROOM];
	enum pacs_err rc;

	rc = mark_leave(err, ar, "purged", t);
	if (rc)
		return rc;
	pacs_object_path(t, path);
	rc = archive_unlink(err, ar, path);
	if (!rc)
		purge_remove_empty(ar, path);
	return rc;
}

static enum pacs_err
add_purge_line(struct pacs_error *err, struct pacs_writer *w,
	       const struct pacs_triple *t, const char *time, const char *extra,
	       struct pacs_buf *texts)
{
	char sha[PACS_SHA256_HEX] = "";
	uint64_t size = 0;
	enum pacs_err rc;
	int fd;

	rc = pacs_object_open(err, w->ar, t, &fd, &size);
	if (rc == PACS_ENOTFOUND)
		pacs_error_clear(
		    err); /* lost already: on record all the same */
	else if (rc)
		return rc;
	if (fd >= 0) {
		rc = pacs_sha256_fd(err, fd, sha, &size);
		close(fd);
		if (rc)
			return rc;
	}
	line_format(texts, time, PACS_OP_PURGE, t, size, sha, NULL, extra);
	pacs_buf_addc(texts, '\n');
	return PACS_OK;
}

enum pacs_err
pacs_writer_purge(struct pacs_error *err, struct pacs_writer *w,
		  const struct pacs_triple *const *triples, size_t count,
		  const char *why)
{
	struct pacs_buf texts = {0}, extra = {0};
	char time[PACS_TIME_SIZE];
	enum pacs_err rc = PACS_OK;
	size_t i;

	pacs_time_now(time);
	pacs_buf_adds(&extra, "why=");
	line_encode(&extra, why, 200);
	for (i = 0; !rc && i < count; i++)
		rc = add_purge_line(err, w, triples[i], time, extra.data,
				    &texts);
	if (!rc)
		rc = writer_append_texts(err, w, &texts);
	if (!rc)
		rc = pacs_writer_barrier(err, w);
	for (i = 0; !rc && i < count; i++)
		rc = purge_finish(err, w->ar, triples[i]);
	if (!rc)
		rc = pacs_fs_sync_all(err, w->ar->dirfd);
	if (rc)
		w->spoiled = true; /* recovery completes what is on record */
	pacs_buf_clear(&texts);
	pacs_buf_clear(&extra);
	return rc;
}
