/*
 * A regular file: an object, an archive file, or neither.
 *
 * A small one costs open, fstat, one read and close.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "dicom/dataset.h"
#include "ingest/internal.h"

/* Remember what was read, for move. */
static void
note_file(struct item *it, int fd, const struct job *j)
{
	struct stat st;

	if (j->via_link || fstat(fd, &st))
		return;
	it->removable = true;
	it->dev = st.st_dev;
	it->ino = st.st_ino;
	it->file_size = (uint64_t)st.st_size;
	it->mtime = st.st_mtim;
}

/* Not DICOM by its first bytes, which are in wk->bytes. */
static void
take_other(struct worker *wk, struct item *it, int fd, uint64_t size, size_t n)
{
	enum pacs_container kind = PACS_CONTAINER_NONE;
	struct pacs_error err = PACS_ERROR_INIT;

	/* An ISO 9660 image says so behind its first 32 KiB. */
	if (size > PACS_CONTAINER_PEEK && n < PACS_CONTAINER_PEEK &&
	    pacs_file_pread(&err, fd, wk->bytes, PACS_CONTAINER_PEEK, 0, &n)) {
		item_fail(wk->run, it, &err, false);
		return;
	}
	kind = pacs_container_of(wk->bytes, n);
	it->removable = false;
	if (kind != PACS_CONTAINER_NONE) {
		source_archive(wk, it, fd, size, kind, NULL, 0);
		return;
	}
	run_progress(wk->run, 1, size);
	item_finish(wk->run, it, PACS_OUTCOME_SKIPPED,
		    size ? "not-dicom" : "empty", NULL);
}

static void
take_file(struct worker *wk, struct item *it, int fd, uint64_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct body body = {.fd = fd, .size = size};
	bool small = size <= SMALL_BYTES;
	size_t n;

	if (pacs_file_pread(&err, fd, wk->bytes, small ? (size_t)size : 4096, 0,
			    &n)) {
		item_fail(wk->run, it, &err, false);
		return;
	}
	if (!pacs_dicom_looks_like(wk->bytes, n)) {
		take_other(wk, it, fd, size, n);
		return;
	}
	run_progress(wk->run, 1, size);
	if (small) {
		body.bytes = wk->bytes;
		body.size = n;
	}
	object_take(wk, it, &body);
}

void
source_file(struct worker *wk, const struct job *j)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct item *it = item_new(j->source);
	uint64_t size;
	int fd;

	if (pacs_file_open(&err, AT_FDCWD, j->source, &fd, &size)) {
		item_fail(wk->run, it, &err, false);
		return;
	}
	if (wk->run->opts->move)
		note_file(it, fd, j);
	take_file(wk, it, fd, size);
	close(fd);
}

void
source_member(struct worker *wk, const struct job *j)
{
	struct body body = {.bytes = j->bytes, .fd = -1, .size = j->size};

	object_take(wk, item_new(j->source), &body);
}
