#include "fixity/part.h"

#include <stdlib.h>
#include <string.h>

#include "fixity/internal.h"
#include "index/index.h"

struct pacs_part {
	char **prefixes; /* sorted; a folder's without the last slash */
	size_t count, room;
	bool shards[PACS_SHARDS];
};

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Cut the archive's own path and slashes at the end off. A path from here, or
 * through a link, is asked where it leads: what is missing must be named as
 * the archive names it. */
static char *
normal(const struct pacs_archive *ar, const char *path)
{
	const char *top = pacs_archive_path(ar);
	size_t n = strlen(top), len;
	char *real = NULL, *prefix;

	if (strncmp(path, "objects/", 8) != 0)
		real = realpath(path, NULL);
	if (real)
		path = real;
	if (strncmp(path, top, n) == 0 && path[n] == '/')
		path += n + 1;
	len = strlen(path);
	while (len && path[len - 1] == '/')
		len--;
	prefix = pacs_strndup(path, len);
	free(real);
	return prefix;
}

static void
add(struct pacs_part *p, char *prefix)
{
	if (strncmp(prefix, "objects/", 8) == 0)
		p->shards[shard_of(prefix) % PACS_SHARDS] = true;
	if (p->count == p->room) {
		p->room = p->room ? 2 * p->room : 64;
		p->prefixes =
		    pacs_realloc(p->prefixes, p->room * sizeof(*p->prefixes));
	}
	p->prefixes[p->count++] = prefix;
}

static enum pacs_err
add_path(struct pacs_error *err, struct pacs_part *p,
	 const struct pacs_archive *ar, const char *path)
{
	char *prefix = normal(ar, path);

	add(p, prefix);
	if (strncmp(prefix, "objects/", 8) != 0)
		return pacs_error_set(err, PACS_EUSAGE,
				      "'%s' is no object, series or study of "
				      "the archive, as pacs-find --paths "
				      "names them",
				      path);
	return PACS_OK;
}

/* The deepest level that a condition speaks of. */
static enum pacs_level
level_of(const struct pacs_query *q)
{
	enum pacs_level level = PACS_LEVEL_STUDY;
	size_t i;

	for (i = 0; i < q->count; i++)
		if (pacs_keys[q->conditions[i].key].level > level)
			level = pacs_keys[q->conditions[i].key].level;
	return level;
}

static enum pacs_err
add_found(struct pacs_error *err, struct pacs_part *p, struct pacs_index *ix,
	  const struct pacs_query *q)
{
	const bool want[PACS_KEY_COUNT] = {[PACS_KEY_path] = true};
	const struct pacs_find_options o = {.level = level_of(q), .want = want};
	const char *const *values;
	struct pacs_find *f;

	if (pacs_find_open(err, ix, q, &o, &f))
		return err->code;
	while (!pacs_find_next(err, f, &values) && values)
		add(p, pacs_strdup(values[PACS_KEY_path]));
	pacs_find_close(f);
	return err->code;
}

static enum pacs_err
add_question(struct pacs_error *err, struct pacs_part *p,
	     const struct pacs_archive *ar, const struct pacs_query *q)
{
	struct pacs_index *ix;

	if (!q || !q->count)
		return PACS_OK;
	if (pacs_index_open(err, ar, NULL, &ix))
		return err->code;
	(void)!add_found(err, p, ix, q);
	pacs_index_close(ix);
	return err->code;
}

enum pacs_err
pacs_part_new(struct pacs_error *err, const struct pacs_archive *ar,
	      char *const *paths, size_t count, const struct pacs_query *q,
	      struct pacs_part **ret_p)
{
	struct pacs_part *p = pacs_calloc(1, sizeof(*p));
	enum pacs_err rc = add_question(err, p, ar, q);
	size_t i;

	*ret_p = NULL;
	for (i = 0; !rc && i < count; i++)
		rc = add_path(err, p, ar, paths[i]);
	if (rc) {
		pacs_part_free(p);
		return rc;
	}
	if (p->count)
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

const bool *
pacs_part_shards(const struct pacs_part *p)
{
	return p->shards;
}

static bool
has(const struct pacs_part *p, const char *path)
{
	return p->count && bsearch(&path, p->prefixes, p->count,
				   sizeof(*p->prefixes), compare) != NULL;
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
