/*
 * Ids of what a question selects.
 */
#include <stdlib.h>
#include <string.h>

#include "index/ask.h"

/* So many are kept in memory (24 MB); if an anchor finds more, going through
 * the table in order is as good. */
#define HITS_MAX 1000000
#define PIECE    512

static enum pacs_err
add(struct pacs_error *err, struct hits *h, sqlite3_stmt *st, size_t max)
{
	bool row = true;

	while (h->count <= max && !db_step(err, h->db, st, &row) && row) {
		struct hit *n;

		if (h->count == h->room) {
			h->room = h->room ? h->room * 2 : 64;
			h->list =
			    pacs_realloc(h->list, h->room * sizeof(*h->list));
		}
		n = &h->list[h->count++];
		n->id = sqlite3_column_int64(st, 0);
		n->instances = sqlite3_column_int64(st, 1);
		n->seq = sqlite3_column_int64(st, 2);
	}
	sqlite3_reset(st);
	return err->code;
}

/* All probes of a plan; statements are shared by probes of one shape. */
static enum pacs_err
collect(struct pacs_error *err, struct hits *h, const struct plan *p)
{
	sqlite3_stmt *st = NULL;
	struct ask a = {0};
	const char *shape = NULL;
	size_t i;
	int k;

	for (i = 0; i < p->probe_count && h->count <= HITS_MAX; i++) {
		const struct probe *b = &p->probes[i];

		if (!shape || strcmp(shape, b->shape) != 0) {
			sqlite3_finalize(st);
			st = NULL;
			ask_clear(&a);
			shape = b->shape;
			ask_plan_sql(p, shape, &a);
			if (ask_prepare(err, h->db, &a, b->bind_count + 1, &st))
				break;
		}
		for (k = 0; k < b->bind_count; k++)
			ask_rebind(st, k + 1, &b->binds[k]);
		if (add(err, h, st, HITS_MAX))
			break;
	}
	sqlite3_finalize(st);
	ask_clear(&a);
	return err->code;
}

static int
in_order(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void
sort_unique(struct hits *h)
{
	size_t i, n = 0;

	if (h->count)
		qsort(h->list, h->count, sizeof(*h->list), in_order);
	for (i = 0; i < h->count; i++)
		if (!n || in_order(&h->list[n - 1], &h->list[i]) != 0)
			h->list[n++] = h->list[i];
	h->count = n;
}

static enum pacs_err
prepare_scan(struct pacs_error *err, struct hits *h)
{
	struct ask a = {0};

	h->count = 0;
	h->anchored = false;
	h->after = INT64_MIN;
	ask_plan_sql(h->plan, NULL, &a);
	h->scan_parameter = (int)a.count + 1;
	if (ask_prepare(err, h->db, &a, 1, &h->scan))
		goto out;
	/* Texts of the conditions must outlive the statement. */
	pacs_buf_clear(&a.sql);
	free(a.binds);
	h->texts = a.arena;
	return PACS_OK;
out:
	ask_clear(&a);
	return err->code;
}

/* Conditions of an --or, each by its own index; *ret_all false: one of them
 * has none. */
static enum pacs_err
collect_any(struct pacs_error *err, struct hits *h, bool *ret_all)
{
	const struct pacs_query *q = h->plan->q;
	size_t i;

	*ret_all = true;
	for (i = 0; i < q->count && *ret_all && !err->code; i++) {
		struct pacs_query one = {.keys = q->keys,
					 .conditions = &q->conditions[i],
					 .count = 1};
		struct plan p;

		/* Ids of series also when instances are asked for. */
		ask_plan_make(&p, &one, h->plan->level);
		*ret_all = p.anchor != NULL;
		if (p.anchor && collect(err, h, &p))
			*ret_all = false;
		ask_plan_clear(&p);
	}
	return err->code;
}

enum pacs_err
hits_open(struct pacs_error *err, struct hits *h, struct db *db,
	  const struct plan *p)
{
	memset(h, 0, sizeof(*h));
	h->db = db;
	h->plan = p;
	if (p->q->any && p->q->count > 1) {
		if (collect_any(err, h, &h->anchored))
			return err->code;
	} else if (p->anchor) {
		h->anchored = true;
		if (collect(err, h, p))
			return err->code;
	}
	if (!h->anchored || (h->count > HITS_MAX && !p->by_instance))
		return prepare_scan(err, h);
	if (h->count > HITS_MAX)
		return pacs_error_set(err, PACS_ELIMIT,
				      "more than %d instances named", HITS_MAX);
	sort_unique(h);
	return PACS_OK;
}

static enum pacs_err
refill(struct pacs_error *err, struct hits *h)
{
	h->count = h->next = 0;
	sqlite3_bind_int64(h->scan, h->scan_parameter, h->after);
	sqlite3_bind_int(h->scan, h->scan_parameter + 1, PIECE);
	if (add(err, h, h->scan, PIECE))
		return err->code;
	h->at_end = h->count < PIECE;
	if (h->count)
		h->after = h->list[h->count - 1].id;
	return PACS_OK;
}

static enum pacs_err
next_sorted(struct pacs_error *err, struct hits *h, struct hit *ret,
	    bool *ret_more)
{
	if (db_step(err, &h->sorter, h->sorted, ret_more) || !*ret_more)
		return err->code;
	ret->id = sqlite3_column_int64(h->sorted, 0);
	ret->seq = sqlite3_column_int64(h->sorted, 1);
	ret->instances = 0;
	return PACS_OK;
}

enum pacs_err
hits_next(struct pacs_error *err, struct hits *h, struct hit *ret,
	  bool *ret_more)
{
	*ret_more = false;
	if (h->sorted)
		return next_sorted(err, h, ret, ret_more);
	if (h->next == h->count && !h->anchored && !h->at_end && refill(err, h))
		return err->code;
	if (h->next == h->count)
		return PACS_OK;
	*ret = h->list[h->next++];
	*ret_more = true;
	return PACS_OK;
}

void
hits_clear(struct hits *h)
{
	sqlite3_finalize(h->scan);
	sqlite3_finalize(h->sorted);
	db_close(&h->sorter);
	pacs_arena_clear(&h->texts);
	free(h->list);
	memset(h, 0, sizeof(*h));
}
