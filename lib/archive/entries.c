/*
 * What the lines since a dead writer's mark say last of each object, and of
 * each digest in quarantine.
 */
#include <stdlib.h>
#include <string.h>

#include "archive/recover.h"

/* Quarantine and release speak of a digest, the others of an object. */
static bool
is_quarantine(enum pacs_op op)
{
	return op == PACS_OP_QUARANTINE || op == PACS_OP_RELEASE;
}

static void
copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

void
entries_add(struct entries *es, const struct pacs_ledger_line *line)
{
	struct entry *e;

	if (!pacs_op_places(line->op) && line->op != PACS_OP_PURGE &&
	    line->op != PACS_OP_VOID && !is_quarantine(line->op))
		return;
	if (es->count == es->cap) {
		es->cap = es->cap ? 2 * es->cap : 256;
		es->list = pacs_realloc(es->list, es->cap * sizeof(*es->list));
	}
	e = &es->list[es->count];
	memset(e, 0, sizeof(*e));
	e->order = es->count++;
	e->op = line->op;
	e->size = line->size;
	copy(e->sha256, sizeof(e->sha256), line->sha256);
	if (is_quarantine(line->op)) {
		(void)pacs_ledger_extra(line, "reason", e->reason,
					sizeof(e->reason));
		return;
	}
	copy(e->triple.study, PACS_UID_ROOM, line->study);
	copy(e->triple.series, PACS_UID_ROOM, line->series);
	copy(e->triple.instance, PACS_UID_ROOM, line->instance);
}

/* Same object, or same digest where no object is named. */
static int
compare_key(const struct entry *a, const struct entry *b)
{
	int c = strcmp(a->triple.instance, b->triple.instance);

	if (!c)
		c = strcmp(a->triple.series, b->triple.series);
	if (!c)
		c = strcmp(a->triple.study, b->triple.study);
	if (!c && !a->triple.instance[0])
		c = strcmp(a->sha256, b->sha256);
	return c;
}

static int
compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = compare_key(x, y);

	return c ? c : x->order < y->order ? -1 : x->order > y->order;
}

void
entries_settle(struct entries *es)
{
	size_t i, kept = 0;

	if (es->count)
		qsort(es->list, es->count, sizeof(*es->list), compare);
	for (i = 0; i < es->count; i++) {
		if (i + 1 < es->count &&
		    compare_key(&es->list[i], &es->list[i + 1]) == 0)
			continue;
		es->list[kept++] = es->list[i];
	}
	es->count = kept;
}

static int
compare_found(const void *a, const void *b)
{
	return compare_key(a, b);
}

const struct entry *
entries_find(const struct entries *es, const struct pacs_triple *t,
	     const char *sha256)
{
	struct entry key = {.triple = *t};

	if (!es->count)
		return NULL;
	copy(key.sha256, sizeof(key.sha256), sha256);
	return bsearch(&key, es->list, es->count, sizeof(*es->list),
		       compare_found);
}

void
entries_clear(struct entries *es)
{
	free(es->list);
	es->list = NULL;
	es->count = es->cap = 0;
}
