/*
 * From the ledger to what is to be packed: a window of its lines, settled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/packing.h"

static void
add(struct plan *p, const char *path, const char *sha256, uint64_t size,
    bool gone, const struct pacs_cursor *at)
{
	struct item *i;

	if (p->count == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 1024;
		p->list = pacs_realloc(p->list, p->cap * sizeof(*p->list));
	}
	i = &p->list[p->count];
	memset(i, 0, sizeof(*i));
	i->path = pacs_arena_strdup(&p->arena, path);
	i->sha256 = sha256 ? pacs_arena_strdup(&p->arena, sha256) : NULL;
	i->size = size;
	i->gone = gone;
	i->at = *at;
	i->order = (uint32_t)p->count++;
	if (!gone)
		p->bytes += size;
}

/* The object, and the text that says why it is there. */
static void
add_quarantine(struct plan *p, const struct pacs_ledger_line *l, bool gone)
{
	char path[PACS_PATH_ROOM];

	if (strlen(l->sha256) != 64)
		return;
	snprintf(path, sizeof(path), "quarantine/%s.dcm", l->sha256);
	add(p, path, l->sha256, l->size, gone, &l->at);
	snprintf(path, sizeof(path), "quarantine/%s.txt", l->sha256);
	add(p, path, NULL, 4096, gone, &l->at);
}

void
window_line(struct plan *p, const struct pacs_ledger_line *l)
{
	bool gone = l->op == PACS_OP_PURGE || l->op == PACS_OP_VOID;
	struct pacs_triple t;
	char path[PACS_PATH_ROOM];

	p->lines++;
	if (l->op == PACS_OP_QUARANTINE || l->op == PACS_OP_RELEASE) {
		add_quarantine(p, l, l->op == PACS_OP_RELEASE);
		return;
	}
	if (!gone && !pacs_op_places(l->op))
		return;
	snprintf(t.study, sizeof(t.study), "%s", l->study);
	snprintf(t.series, sizeof(t.series), "%s", l->series);
	snprintf(t.instance, sizeof(t.instance), "%s", l->instance);
	if (!pacs_triple_is_safe(&t))
		return;
	pacs_object_path(&t, path);
	add(p, path, l->sha256, l->size, gone, &l->at);
}

static int
by_path(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

void
window_settle(struct plan *p)
{
	size_t i, n = 0;

	if (p->count)
		qsort(p->list, p->count, sizeof(*p->list), by_path);
	for (i = 0; i < p->count; i++) {
		if (n && !strcmp(p->list[n - 1].path, p->list[i].path))
			n--;
		p->list[n++] = p->list[i];
	}
	p->count = n;
}

enum pacs_err
window_read(struct pacs_error *err, const struct pacs_archive *ar,
	    const struct pacs_cursor *from, const struct pacs_cursor *end,
	    uint64_t max_lines, uint64_t max_bytes, struct plan *ret)
{
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	enum pacs_err rc;

	memset(ret, 0, sizeof(*ret));
	ret->to = *from;
	if (!pacs_cursor_before(from, end))
		return PACS_OK;
	rc = pacs_ledger_open(err, ar, from, &r);
	if (rc)
		return rc;
	while (ret->lines < max_lines && ret->bytes < max_bytes &&
	       pacs_cursor_before(pacs_ledger_cursor(r), end)) {
		rc = pacs_ledger_next(err, r, &line);
		if (rc || !line)
			break;
		/* The end of the last sealed segment is the same state as the
		 * start of the next: whose line this is then. */
		if (!pacs_cursor_before(&line->at, end))
			break;
		window_line(ret, line);
		ret->to = line->after;
	}
	pacs_ledger_close(r);
	window_settle(ret);
	return rc;
}

void
window_clear(struct plan *p)
{
	pacs_arena_clear(&p->arena);
	free(p->list);
	memset(p, 0, sizeof(*p));
}
