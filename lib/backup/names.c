/*
 * Lists of names.
 */
#include <stdlib.h>
#include <string.h>

#include "backup/depot.h"

void
names_add(struct names *n, const char *name)
{
	if (n->count == n->cap) {
		n->cap = n->cap ? 2 * n->cap : 64;
		n->list = pacs_realloc(n->list, n->cap * sizeof(*n->list));
	}
	n->list[n->count++] = pacs_strdup(name);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
names_sort(struct names *n)
{
	if (n->count)
		qsort(n->list, n->count, sizeof(*n->list), by_name);
}

size_t
names_find(const struct names *sorted, const char *name)
{
	char **at = sorted->count ? bsearch(&name, sorted->list, sorted->count,
					    sizeof(*sorted->list), by_name)
				  : NULL;

	return at ? (size_t)(at - sorted->list) : sorted->count;
}

bool
names_have(const struct names *sorted, const char *name)
{
	return names_find(sorted, name) < sorted->count;
}

void
names_clear(struct names *n)
{
	size_t i;

	for (i = 0; i < n->count; i++)
		free(n->list[i]);
	free(n->list);
	memset(n, 0, sizeof(*n));
}
