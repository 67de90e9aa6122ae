/* Restoring objects into an archive that goes on. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup/some.h"

/* Something has its place: these bytes, what is left of them, or another
 * object. */
static enum pacs_err
place_taken(struct pacs_error *err, struct some *s, struct pacs_staged *st)
{
	char path[PACS_PATH_ROOM], sha[PACS_SHA256_HEX] = "";
	uint64_t size;
	int fd;

	if (pacs_object_open(err, s->ar, &st->triple, &fd, NULL))
		return err->code;
	if (pacs_sha256_fd(err, fd, sha, NULL))
		pacs_error_clear(err); /* damaged */
	close(fd);
	if (!strcmp(sha, st->sha256)) {
		s->tally->objects++;
		return pacs_place_duplicate(err, s->w, st);
	}
	*sha = '\0';
	if (pacs_ledger_expect(err, s->ar, &st->triple, sha, &size))
		pacs_error_clear(err);
	if (!strcmp(sha, st->sha256)) {
		s->tally->objects++;
		return pacs_place_over(err, s->w, st, PACS_PLACED_REPAIR);
	}
	s->tally->failed++;
	pacs_object_path(&st->triple, path);
	if (s->hooks->missed)
		s->hooks->missed(s->hooks->ctx, path,
				 "another object holds its place");
	return PACS_OK;
}

static enum pacs_err
place(struct pacs_error *err, struct some *s, struct pacs_staged *st)
{
	pacs_stage_ask_uids(s->w, st);
	if (pacs_place_object(err, s->w, st, true))
		return err->code;
	if (st->placed != PACS_PLACED_OBJECT)
		return place_taken(err, s, st);
	snprintf(st->extra, sizeof(st->extra), "restored=%s", st->sha256);
	s->tally->objects++;
	return PACS_OK;
}

enum pacs_err
some_end_batch(struct pacs_error *err, struct some *s)
{
	struct pacs_error later = PACS_ERROR_INIT, *e;
	struct pacs_staged *ready[SOME_BATCH];
	enum pacs_err rc;
	size_t i, n = 0;

	if (!s->batch_count)
		return PACS_OK;
	rc = pacs_writer_barrier(err, s->w);
	for (i = 0; !rc && i < s->batch_count; i++) {
		struct pacs_staged *st = &s->batch[i];

		rc = place(err, s, st);
		if (!rc && (st->placed == PACS_PLACED_TAKEN ||
			    st->placed == PACS_PLACED_LINE))
			pacs_stage_drop(s->w, st);
		if (!rc && st->placed != PACS_PLACED_TAKEN)
			ready[n++] = st;
	}
	/* What has its name gets its line, whatever became of the others. */
	e = rc ? &later : err;
	if (n && !pacs_writer_append(e, s->w, ready, n) &&
	    !pacs_writer_barrier(e, s->w))
		(void)!pacs_writer_settle(e, s->w, ready, n);
	s->batch_count = 0;
	memset(s->batch, 0, sizeof(s->batch));
	return err->code;
}

enum pacs_err
some_into_archive(struct pacs_error *err, struct some *s, struct unpack *u,
		  const struct entry *e)
{
	struct pacs_staged *st = &s->batch[s->batch_count];
	struct pacs_stage_stream *stream;
	const void *bytes;
	enum pacs_err rc = pacs_writer_room(err, s->w, e->size);
	size_t n;

	if (!rc)
		rc = pacs_stage_begin(err, s->w, &stream);
	if (rc)
		return rc;
	while (!(rc = unpack_data(err, u, &bytes, &n)) && n)
		if ((rc = pacs_stage_add(err, stream, bytes, n)))
			break;
	if (rc) {
		pacs_stage_abort(stream);
		return rc;
	}
	(void)pacs_object_triple(e->path, &st->triple);
	rc = pacs_stage_end(err, stream, st);
	if (!rc && ++s->batch_count == SOME_BATCH)
		rc = some_end_batch(err, s);
	return rc;
}
