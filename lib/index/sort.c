/*
 * Sorting: all ids with their keys are read, put in order, and listed from
 * there. Bounded; what is bigger is a job for sort(1).
 */
#include <stdlib.h>
#include <string.h>

#include "index/find.h"
#include "query/fold.h"

#define SORT_MAX 1000000

struct item {
	struct hit hit;
	size_t number; /* ties stay in the usual order */
	const char **keys;
};

struct sorting {
	const struct pacs_find_options *opts;
	struct item *items;
	size_t count, room;
	struct pacs_arena arena;
};

static int
compare_key(enum pacs_key_type type, const char *a, const char *b)
{
	double x, y;

	/* Nothing comes before everything. */
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	if (type == PACS_TYPE_NUMBER && pacs_value_number(a, strlen(a), &x) &&
	    pacs_value_number(b, strlen(b), &y))
		return x < y ? -1 : x > y;
	return strcmp(a, b);
}

static int
compare(const void *a, const void *b, void *ctx)
{
	const struct item *x = a, *y = b;
	const struct sorting *s = ctx;
	size_t i;

	for (i = 0; i < s->opts->sort_count; i++) {
		const struct pacs_sort *by = &s->opts->sort[i];
		int r = compare_key(pacs_keys[by->key].type, x->keys[i],
				    y->keys[i]);

		if (r)
			return by->descending ? -r : r;
	}
	return x->number < y->number ? -1 : x->number > y->number;
}

static const char *
key_copy(struct sorting *s, enum pacs_key_id key, const char *value)
{
	struct pacs_buf b = {0};
	const char *copy;

	if (!value)
		return NULL;
	if (pacs_keys[key].type != PACS_TYPE_NAME)
		return pacs_arena_strdup(&s->arena, value);
	pacs_fold(value, strlen(value), &b);
	copy = pacs_arena_strdup(&s->arena, pacs_buf_str(&b));
	pacs_buf_clear(&b);
	return copy;
}

static void
add(struct sorting *s, const struct pacs_find *f, const char *const *values)
{
	const struct record_row *r = &f->chunk[f->next - 1];
	struct item *n;
	size_t i;

	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 256;
		s->items = pacs_realloc(s->items, s->room * sizeof(*s->items));
	}
	n = &s->items[s->count];
	memset(n, 0, sizeof(*n));
	n->number = s->count++;
	if (f->asked == PACS_LEVEL_INSTANCE) {
		n->hit.id = r->at[PACS_LEVEL_SERIES]->id;
		n->hit.seq = r->at[PACS_LEVEL_INSTANCE]->id;
	} else {
		n->hit.id = r->at[f->asked]->id;
	}
	n->keys =
	    pacs_arena_alloc(&s->arena, s->opts->sort_count * sizeof(*n->keys));
	for (i = 0; i < s->opts->sort_count; i++)
		n->keys[i] = key_copy(s, s->opts->sort[i].key,
				      values[s->opts->sort[i].key]);
}

static enum pacs_err
read_all(struct pacs_error *err, struct sorting *s, struct pacs_find *f)
{
	const char *const *values;

	while (!pacs_find_next(err, f, &values) && values) {
		if (s->count == SORT_MAX)
			return pacs_error_set(err, PACS_ELIMIT,
					      "more than %d records to sort; "
					      "ask for fewer, or use sort(1)",
					      SORT_MAX);
		add(s, f, values);
	}
	return err->code;
}

enum pacs_err
find_sorted(struct pacs_error *err, struct pacs_index *ix,
	    const struct pacs_query *q, const struct pacs_find_options *opts,
	    struct hits *ret)
{
	bool want[PACS_KEY_COUNT] = {false};
	struct pacs_find_options plain = {.level = opts->level, .want = want};
	struct sorting s = {.opts = opts};
	struct pacs_find *f;
	size_t i;

	for (i = 0; i < opts->sort_count; i++)
		want[opts->sort[i].key] = true;
	if (pacs_find_open(err, ix, q, &plain, &f))
		return err->code;
	if (read_all(err, &s, f))
		goto out;
	if (s.count)
		qsort_r(s.items, s.count, sizeof(*s.items), compare, &s);
	memset(ret, 0, sizeof(*ret));
	ret->anchored = true;
	ret->list = pacs_malloc((s.count + 1) * sizeof(*ret->list));
	for (ret->count = 0; ret->count < s.count; ret->count++)
		ret->list[ret->count] = s.items[ret->count].hit;
out:
	pacs_find_close(f);
	pacs_arena_clear(&s.arena);
	free(s.items);
	return err->code;
}
