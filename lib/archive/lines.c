/*
 * What a writer says in the ledger of the objects that it placed.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/internal.h"

/* The object whose place was taken over goes on record first. */
static void
add_old_line(struct pacs_writer *w, const struct pacs_staged *st,
	     const char *time, struct pacs_buf *texts)
{
	const char *eq = strchr(st->extra, '=');
	char sha[PACS_SHA256_HEX], path[PACS_SHA256_HEX + 16], extra[64];
	struct stat sb;

	if (!eq || strlen(eq + 1) < PACS_SHA256_HEX - 1)
		return;
	snprintf(sha, sizeof(sha), "%.64s", eq + 1);
	quarantine_path(sha, ".dcm", path);
	if (fstatat(w->ar->dirfd, path, &sb, 0) != 0)
		return;
	snprintf(extra, sizeof(extra), "reason=%s",
		 st->placed == PACS_PLACED_REPAIR ? "damaged" : "replaced");
	line_format(texts, time, PACS_OP_QUARANTINE, &st->triple,
		    (uint64_t)sb.st_size, sha, NULL, extra);
	pacs_buf_addc(texts, '\n');
}

/* The operation of the line for an object that was placed. */
static enum pacs_op
writer_op(enum pacs_placed placed)
{
	switch (placed) {
	case PACS_PLACED_QUARANTINE:
		return PACS_OP_QUARANTINE;
	case PACS_PLACED_REPLACE:
		return PACS_OP_REPLACE;
	default:
		return PACS_OP_STORE;
	}
}

/* What else the line says; and that the bytes do not say these UIDs. */
static const char *
line_extra(const struct pacs_staged *st, char room[320])
{
	if (!st->given_uids || st->placed == PACS_PLACED_QUARANTINE)
		return st->extra;
	snprintf(room, 320, "%s%suids=given", st->extra,
		 *st->extra ? "\t" : "");
	return room;
}

static void
add_line(struct pacs_writer *w, const struct pacs_staged *st, const char *time,
	 struct pacs_buf *texts)
{
	static const struct pacs_triple none;
	const struct pacs_triple *t = &st->triple;
	char extra[320];

	switch (st->placed) {
	case PACS_PLACED_REPAIR:
	case PACS_PLACED_REPLACE:
		add_old_line(w, st, time, texts);
		break;
	case PACS_PLACED_QUARANTINE:
		if (!pacs_triple_is_safe(t))
			t = &none;
		break;
	case PACS_PLACED_OBJECT:
	case PACS_PLACED_LINE:
		break;
	default:
		return;
	}
	if (st->placed == PACS_PLACED_LINE)
		line_format(texts, time, PACS_OP_ADOPT, t, st->have_size,
			    st->have_sha256, NULL, NULL);
	else
		line_format(texts, time, writer_op(st->placed), t, st->size,
			    st->sha256, st->origin ? st->origin : "file",
			    line_extra(st, extra));
	pacs_buf_addc(texts, '\n');
}

enum pacs_err
writer_append_texts(struct pacs_error *err, struct pacs_writer *w,
		    const struct pacs_buf *texts)
{
	enum pacs_err rc = PACS_OK;
	uint32_t segment;

	if (w->spoiled)
		return writer_refuse_spoiled(err);
	if (texts->len == 0)
		return PACS_OK;
	/* Without the folder in incoming/ nobody would recover our lines. */
	if (!w->marked)
		rc = pacs_writer_barrier(err, w);
	if (!rc)
		rc = tail_lock(err, &w->tail, NULL);
	if (rc)
		return rc;
	w->last_dir[0] = '\0';
	w->none_purged = false;
	segment = w->tail.end.segment;
	rc = tail_append(err, &w->tail, texts);
	tail_unlock(&w->tail);
	if (!w->dirty_segment)
		w->dirty_segment = segment;
	return rc;
}

enum pacs_err
pacs_writer_append(struct pacs_error *err, struct pacs_writer *w,
		   struct pacs_staged *const *sts, size_t count)
{
	struct pacs_buf texts = {0};
	char time[PACS_TIME_SIZE];
	enum pacs_err rc;
	size_t i;

	pacs_time_now(time);
	for (i = 0; i < count; i++)
		add_line(w, sts[i], time, &texts);
	rc = writer_append_texts(err, w, &texts);
	if (rc)
		w->spoiled = true; /* names without lines: for recovery */
	pacs_buf_clear(&texts);
	return rc;
}
