/*
 * What changed since the last barrier, and flushing it.
 */
#include <stdlib.h>
#include <string.h>

#include "archive/internal.h"
#include "base/fs.h"

/* More names than this are flushed with the whole file system: one syncfs then
 * costs less than so many fsyncs. Fewer are not, since syncfs also waits for
 * what busy neighbours wrote. */
#define FLUSH_EACH 64u
/* Called with w->lock held, or by the only thread. */
void
writer_dirty(struct pacs_writer *w, const char *path)
{
	struct dirty *d = &w->dirty;
	size_t i;

	if (d->all)
		return;
	for (i = 0; i < d->count; i++)
		if (strcmp(d->paths[i], path) == 0)
			return;
	if (d->count == FLUSH_EACH && !w->flush_each) {
		d->all = true;
		return;
	}
	if (d->count == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 16;
		d->paths = pacs_realloc(d->paths, d->cap * sizeof(*d->paths));
	}
	d->paths[d->count++] = pacs_strdup(path);
}

/* A file that is gone needs no flushing, and could not be opened for it. */
void
writer_gone(struct pacs_writer *w, const char *path)
{
	struct dirty *d = &w->dirty;
	size_t i;

	for (i = 0; i < d->count; i++) {
		if (strcmp(d->paths[i], path) != 0)
			continue;
		free(d->paths[i]);
		d->paths[i] = d->paths[--d->count];
		return;
	}
}

void
writer_dirty_parents(struct pacs_writer *w, const char *path)
{
	char *dir = pacs_strdup(path), *slash;

	while (!w->dirty.all && (slash = strrchr(dir, '/'))) {
		*slash = '\0';
		writer_dirty(w, dir);
	}
	free(dir);
}

void
dirty_clear(struct dirty *d)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		free(d->paths[i]);
	d->count = 0;
	d->all = false;
}

enum pacs_err
dirty_flush(struct pacs_error *err, struct pacs_writer *w,
	    const struct dirty *d, uint32_t segment)
{
	enum pacs_err rc = PACS_OK;
	size_t i;

	if (d->all)
		return pacs_fs_sync_all(err, w->ar->dirfd);
	for (i = 0; !rc && i < d->count; i++)
		rc = pacs_fs_sync_path(err, w->ar->dirfd, d->paths[i]);
	/* Lines come last: they must not outlive what they speak of. */
	if (!rc && segment)
		rc = tail_sync(err, &w->tail, segment);
	return rc;
}
