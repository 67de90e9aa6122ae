#include "fixity/mend.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "dicom/tag.h"
#include "fixity/copies.h"
#include "fixity/internal.h"

enum { BATCH = 256 };

struct noted {
	enum pacs_fault fault;
	char *path, *expected, *found;
	bool mended;
};

struct pacs_mend {
	struct pacs_archive *ar;
	struct copies *copies;
	const struct pacs_mend_source *source;
	bool adopt;
	struct noted *list;
	size_t count, cap;
};

enum pacs_err
pacs_mend_open(struct pacs_error *err, struct pacs_archive *ar,
	       const char *from, bool adopt, struct pacs_mend **ret_m)
{
	struct pacs_mend *m = pacs_calloc(1, sizeof(*m));

	*ret_m = NULL;
	m->ar = ar;
	m->adopt = adopt;
	if (from && copies_open(err, from, &m->copies)) {
		free(m);
		return err->code;
	}
	*ret_m = m;
	return PACS_OK;
}

void
pacs_mend_from(struct pacs_mend *m, const struct pacs_mend_source *source)
{
	m->source = source;
}

void
pacs_mend_close(struct pacs_mend *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->count; i++) {
		free(m->list[i].path);
		free(m->list[i].expected);
		free(m->list[i].found);
	}
	free(m->list);
	copies_close(m->copies);
	free(m);
}

bool
pacs_mend_note(struct pacs_mend *m, const struct pacs_fixity_finding *f)
{
	bool lost =
	    f->fault == PACS_FAULT_MISSING || f->fault == PACS_FAULT_DAMAGED;
	struct noted *n;

	if (!(lost && (m->copies || m->source)) &&
	    !(f->fault == PACS_FAULT_ORPHAN && m->adopt))
		return false;
	if (m->count == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 64;
		m->list = pacs_realloc(m->list, m->cap * sizeof(*m->list));
	}
	n = &m->list[m->count++];
	n->fault = f->fault;
	n->path = pacs_strdup(f->path);
	n->expected = pacs_strdup(f->expected);
	n->found = pacs_strdup(f->found);
	n->mended = false;
	return true;
}

/* Folders or nothing above it, and in its place nothing or a file: what else
 * stands there (a link, too) is somebody's to look at, and no reason to give
 * the others up. */
static bool
is_free(const struct pacs_mend *m, const char *path)
{
	char *upto = pacs_strdup(path), *slash = upto;
	struct stat st;
	bool is = true;

	while (is && (slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		is = fstatat(pacs_archive_dirfd(m->ar), upto, &st,
			     AT_SYMLINK_NOFOLLOW) != 0 ||
		     S_ISDIR(st.st_mode) || !strcmp(upto, "objects");
		*slash = '/';
	}
	if (is && fstatat(pacs_archive_dirfd(m->ar), path, &st,
			  AT_SYMLINK_NOFOLLOW) == 0)
		is = S_ISREG(st.st_mode);
	free(upto);
	return is;
}

/* Stage a copy of the lost object; false if there is none with its digest. */
static bool
stage_copy(struct pacs_error *err, struct pacs_mend *m, struct pacs_writer *w,
	   const struct noted *n, struct pacs_staged *st)
{
	uint64_t size;
	bool same;
	int fd;

	if (!is_free(m, n->path))
		return false;
	if (m->source
		? !m->source->find(m->source->ctx, n->path, n->expected, &fd,
				   &size)
		: !copies_find(m->copies, n->path, n->expected, &fd, &size))
		return false;
	same = !pacs_writer_room(err, w, size) &&
	       !pacs_stage_file(err, w, NULL, 0, fd, size, st) &&
	       strcmp(st->sha256, n->expected) == 0;
	close(fd);
	if (!same)
		pacs_stage_drop(w, st);
	return same;
}

/* An orphan under a name that its UIDs contradict, or that cannot be read, is
 * recorded by nobody: the line would say what is not so. */
static bool
is_itself(const struct pacs_mend *m, const struct noted *n,
	  const struct pacs_triple *place)
{
	static const struct pacs_read_options header = {.stop_tag =
							    PACS_TAG_PixelData};
	int fd = openat(pacs_archive_dirfd(m->ar), n->path,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;
	struct pacs_triple own;
	bool is = false;

	if (fd < 0)
		return false;
	if (!pacs_dataset_read_fd(&err, fd, &header, &ds))
		is = object_says(pacs_dataset_root(ds), place, &own);
	pacs_dataset_free(ds);
	close(fd);
	return is;
}

static enum pacs_err
place(struct pacs_error *err, struct pacs_writer *w, struct noted *n,
      struct pacs_staged *st)
{
	enum pacs_err rc;

	if (n->fault == PACS_FAULT_ORPHAN)
		return pacs_place_orphan(err, w, st);
	if (n->fault == PACS_FAULT_DAMAGED)
		return pacs_place_over(err, w, st, PACS_PLACED_REPAIR);
	rc = pacs_place_object(err, w, st, false);
	if (!rc && st->placed == PACS_PLACED_OBJECT)
		snprintf(st->extra, sizeof(st->extra), "restored=%s",
			 st->sha256);
	return rc;
}

/* A batch: stage all, flush, place and record, flush. */
static enum pacs_err
mend_batch(struct pacs_error *err, struct pacs_mend *m, struct pacs_writer *w,
	   struct noted *list, size_t count)
{
	struct pacs_staged *sts = pacs_calloc(count, sizeof(*sts));
	struct pacs_staged **ready = pacs_calloc(count, sizeof(*ready));
	enum pacs_err rc = PACS_OK;
	size_t i, n = 0;

	for (i = 0; !err->code && i < count; i++) {
		(void)pacs_object_triple(list[i].path, &sts[i].triple);
		list[i].mended = list[i].fault == PACS_FAULT_ORPHAN
				     ? is_itself(m, &list[i], &sts[i].triple)
				     : stage_copy(err, m, w, &list[i], &sts[i]);
	}
	rc = err->code ? err->code : pacs_writer_barrier(err, w);
	for (i = 0; !rc && i < count; i++) {
		if (!list[i].mended)
			continue;
		rc = place(err, w, &list[i], &sts[i]);
		list[i].mended = sts[i].placed == PACS_PLACED_OBJECT ||
				 sts[i].placed == PACS_PLACED_REPAIR ||
				 sts[i].placed == PACS_PLACED_LINE;
		if (list[i].mended)
			ready[n++] = &sts[i];
	}
	if (!rc)
		rc = pacs_writer_append(err, w, ready, n);
	if (!rc)
		rc = pacs_writer_barrier(err, w);
	if (!rc)
		rc = pacs_writer_settle(err, w, ready, n);
	for (i = 0; rc && i < count; i++)
		list[i].mended = false;
	free(sts);
	free(ready);
	return rc;
}

enum pacs_err
pacs_mend_all(struct pacs_error *err, struct pacs_mend *m,
	      void (*tell)(void *ctx, const struct pacs_fixity_finding *f,
			   bool mended),
	      void *ctx)
{
	struct pacs_writer *w = NULL;
	enum pacs_err rc = PACS_OK;
	size_t i, n;

	if (m->count)
		rc = pacs_writer_open(err, m->ar, &w);
	for (i = 0; !rc && i < m->count; i += n) {
		n = m->count - i < BATCH ? m->count - i : BATCH;
		rc = mend_batch(err, m, w, &m->list[i], n);
	}
	pacs_writer_close(w);
	for (i = 0; i < m->count; i++) {
		struct pacs_triple t = {"", "", ""};
		const struct pacs_fixity_finding f = {
		    m->list[i].fault, m->list[i].path, &t, m->list[i].expected,
		    m->list[i].found};

		(void)pacs_object_triple(m->list[i].path, &t);
		tell(ctx, &f, m->list[i].mended);
	}
	return rc;
}
