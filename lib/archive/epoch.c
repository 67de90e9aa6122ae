/*
 * Segments that end before they are full, and new lives of an archive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/internal.h"

/* With the ledger locked. */
static enum pacs_err
seal(struct pacs_error *err, struct ledger_tail *t)
{
	return t->end.offset ? tail_rotate(err, t) : PACS_OK;
}

enum pacs_err
pacs_ledger_seal(struct pacs_error *err, const struct pacs_archive *ar,
		 struct pacs_cursor *ret_end)
{
	struct ledger_tail t = {.fd = -1, .lock_fd = -1};
	enum pacs_err rc = tail_open(err, ar, &t);

	if (!rc)
		rc = tail_lock(err, &t, NULL);
	if (!rc) {
		rc = seal(err, &t);
		tail_unlock(&t);
	}
	if (!rc)
		*ret_end = t.end;
	tail_close(&t);
	return rc;
}

static void
add_purges(struct pacs_buf *texts, const char *time, char *const *paths,
	   size_t count)
{
	struct pacs_triple triple;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!pacs_object_triple(paths[i], &triple))
			continue;
		line_format(texts, time, PACS_OP_PURGE, &triple, 0, NULL, NULL,
			    "why=purged-while-the-backup-ran");
		pacs_buf_addc(texts, '\n');
	}
}

enum pacs_err
pacs_ledger_begin_epoch(struct pacs_error *err, const struct pacs_archive *ar,
			unsigned snapshot, char *const *gone_paths,
			size_t count, struct pacs_cursor *ret_parent)
{
	struct ledger_tail t = {.fd = -1, .lock_fd = -1};
	struct pacs_buf texts = {0};
	char uuid[37], time[PACS_TIME_SIZE], extra[200];
	enum pacs_err rc = tail_open(err, ar, &t);

	if (!rc)
		rc = tail_lock(err, &t, NULL);
	if (rc)
		goto out;
	rc = seal(err, &t);
	*ret_parent = t.end;
	archive_new_uuid(uuid);
	pacs_time_now(time);
	snprintf(extra, sizeof(extra),
		 "uuid=%s\tparent=%06u-%llu-%s\trestored=snapshot-%06u", uuid,
		 t.end.segment, (unsigned long long)t.end.offset, t.end.check,
		 snapshot);
	line_format(&texts, time, PACS_OP_EPOCH, NULL, 0, NULL, NULL, extra);
	pacs_buf_addc(&texts, '\n');
	add_purges(&texts, time, gone_paths, count);
	if (!rc)
		rc = tail_append(err, &t, &texts);
	if (!rc)
		rc = tail_sync(err, &t, t.end.segment);
	tail_unlock(&t);
out:
	tail_close(&t);
	pacs_buf_clear(&texts);
	return rc;
}
