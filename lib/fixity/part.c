#include "fixity/part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct pacs_part {
	char **prefixes; /* sorted; a folder's without the last slash */
	size_t count;
};

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Cut the archive's own path and slashes at the end off. */
static char *
normal(const struct pacs_archive *ar, const char *path)
{
	const char *top = pacs_archive_path(ar);
	size_t n = strlen(top), len;

	if (strncmp(path, top, n) == 0 && path[n] == '/')
		path += n + 1;
	len = strlen(path);
	while (len && path[len - 1] == '/')
		len--;
	return pacs_strndup(path, len);
}

enum pacs_err
pacs_part_new(struct pacs_error *err, const struct pacs_archive *ar,
	      char *const *paths, size_t count, struct pacs_part **ret_p)
{
	struct pacs_part *p = pacs_calloc(1, sizeof(*p));
	size_t i;

	*ret_p = NULL;
	p->prefixes = pacs_calloc(count, sizeof(*p->prefixes));
	for (i = 0; i < count; i++) {
		p->prefixes[i] = normal(ar, paths[i]);
		p->count++;
		if (strncmp(p->prefixes[i], "objects/", 8) != 0) {
			pacs_error_set(err, PACS_EUSAGE,
				       "'%s' is no path of an object, series "
				       "or study in the archive",
				       paths[i]);
			pacs_part_free(p);
			return err->code;
		}
	}
	qsort(p->prefixes, p->count, sizeof(*p->prefixes), compare);
	*ret_p = p;
	return PACS_OK;
}

void
pacs_part_free(struct pacs_part *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < p->count; i++)
		free(p->prefixes[i]);
	free(p->prefixes);
	free(p);
}

static bool
has(const struct pacs_part *p, const char *path)
{
	return bsearch(&path, p->prefixes, p->count, sizeof(*p->prefixes),
		       compare) != NULL;
}

/* The object itself, or one of the folders above it. */
bool
pacs_part_wants(void *ctx, const struct pacs_triple *t)
{
	const struct pacs_part *p = ctx;
	char path[PACS_PATH_ROOM], *slash;

	pacs_object_path(t, path);
	for (;;) {
		if (has(p, path))
			return true;
		slash = strrchr(path, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
}
