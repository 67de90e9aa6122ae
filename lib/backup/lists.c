/*
 * The lists of a part: where in its packs each group is, and all its objects.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/packing.h"

static int
by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sort lines in place: by key, then as they came (offsets grow). */
static void
sort_lines(struct pacs_buf *b)
{
	struct pacs_buf sorted = {0};
	size_t count = 0, cap = 0, i;
	char **lines = NULL, *p = b->data, *end = b->data + b->len, *stop;

	for (; p && p < end; p = stop + 1) {
		if (count == cap) {
			cap = cap ? 2 * cap : 256;
			lines = pacs_realloc(lines, cap * sizeof(*lines));
		}
		stop = memchr(p, '\n', (size_t)(end - p));
		if (!stop)
			break; /* each line ends: pacs_buf_adds put it there */
		*stop = '\0';
		lines[count++] = p;
	}
	if (count)
		qsort(lines, count, sizeof(*lines), by_line);
	for (i = 0; i < count; i++) {
		pacs_buf_adds(&sorted, lines[i]);
		pacs_buf_addc(&sorted, '\n');
	}
	free(lines);
	pacs_buf_clear(b);
	*b = sorted;
}

static enum pacs_err
put_index(struct pacs_error *err, struct packer *p, const char *kind,
	  const char *name, const struct pacs_buf *b, uint64_t raw,
	  uint64_t objects)
{
	struct pacs_backup_file f = {0}, *to;
	struct push push;
	enum pacs_err rc = push_open(err, p->repo, &push);

	if (rc)
		return rc;
	rc = push_write(err, &push, pacs_buf_str(b), b->len);
	if (!rc)
		rc = push_place(err, &push, name, &f);
	push_close(&push);
	if (rc)
		return rc;
	to = snapshot_add(p->snapshot);
	*to = f;
	snprintf(to->kind, sizeof(to->kind), "%s", kind);
	to->raw = raw;
	to->objects = objects;
	return PACS_OK;
}

enum pacs_err
pack_index(struct pacs_error *err, struct packer *p, unsigned part)
{
	struct pacs_buf small = {0};
	char name[NAME_ROOM];
	enum pacs_err rc = PACS_OK;

	sort_lines(&p->groups);
	snprintf(name, sizeof(name), "index/%06u/%05u.groups",
		 p->snapshot->number, part);
	if (p->groups.len)
		rc = put_index(err, p, "groups", name, &p->groups,
			       p->groups.len, 0);
	snprintf(name, sizeof(name), "index/%06u/%05u.list.zst",
		 p->snapshot->number, part);
	if (!rc && p->list.len)
		rc = zstd_whole(err, p->list.data, p->list.len, p->level,
				&small);
	if (!rc && p->list.len)
		rc = put_index(err, p, "list", name, &small, p->list.len, 0);
	pacs_buf_reset(&p->groups);
	pacs_buf_reset(&p->list);
	pacs_buf_clear(&small);
	return rc;
}
