/*
 * How often each value occurs among the records of a question.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/ask.h"

/* Values that are told apart; more is a list, not a tally. */
#define VALUES_MAX 1000000

struct value {
	struct value *next;
	uint64_t count;
	double sum;
	char text[];
};

struct tally {
	struct value **bucket;
	size_t buckets, count;
};

static size_t
slot(const struct tally *t, const char *s, size_t len)
{
	uint64_t h = 14695981039346656037u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 1099511628211u;
	return (size_t)(h ^ h >> 32) & (t->buckets - 1);
}

static void
grow(struct tally *t)
{
	struct tally bigger = {.buckets = t->buckets ? t->buckets * 2 : 256,
			       .count = t->count};
	size_t i;

	bigger.bucket = pacs_calloc(bigger.buckets, sizeof(struct value *));
	for (i = 0; i < t->buckets; i++)
		while (t->bucket[i]) {
			struct value *v = t->bucket[i], **to;

			t->bucket[i] = v->next;
			to = &bigger.bucket[slot(&bigger, v->text,
						 strlen(v->text))];
			v->next = *to;
			*to = v;
		}
	free(t->bucket);
	*t = bigger;
}

static struct value *
find(struct tally *t, const char *s, size_t len)
{
	struct value *v, **bucket;

	if (t->count >= t->buckets)
		grow(t);
	bucket = &t->bucket[slot(t, s, len)];
	for (v = *bucket; v; v = v->next)
		if (!strncmp(v->text, s, len) && !v->text[len])
			return v;
	v = pacs_calloc(1, sizeof(*v) + len + 1);
	memcpy(v->text, s, len);
	v->next = *bucket;
	*bucket = v;
	t->count++;
	return v;
}

static void
add(struct tally *t, const char *s, size_t len, double number)
{
	struct value *v = find(t, s, len);

	v->count++;
	v->sum += number;
}

/* Each of several values counts once. */
static void
add_record(struct tally *t, const char *const *values, enum pacs_key_id key,
	   bool several, enum pacs_key_id sum)
{
	const char *s =
	    key == PACS_KEY_COUNT || !values[key] ? "" : values[key];
	const char *of = sum == PACS_KEY_COUNT ? NULL : values[sum], *end;
	double number = 0;

	if (of && !pacs_value_number(of, strlen(of), &number))
		number = 0;
	while (several && (end = strchr(s, '\\'))) {
		add(t, s, (size_t)(end - s), number);
		s = end + 1;
	}
	add(t, s, strlen(s), number);
}

/* What stands for a key of a lower level in a study's record. */
static enum pacs_err
usable(struct pacs_error *err, const struct pacs_keyring *keys,
       enum pacs_level level, enum pacs_key_id *key)
{
	const struct pacs_key *k = pacs_key_of(keys, *key);

	if (!k || k->level <= level || *key == PACS_KEY_size_bytes ||
	    *key == PACS_KEY_stored_at)
		return PACS_OK;
	if (level == PACS_LEVEL_STUDY && *key == PACS_KEY_Modality)
		*key = PACS_KEY_ModalitiesInStudy;
	else if (level == PACS_LEVEL_STUDY && *key == PACS_KEY_SOPClassUID)
		*key = PACS_KEY_SOPClassesInStudy;
	else
		return pacs_error_set(err, PACS_EUSAGE,
				      "'%s' is not one value of a %s; ask at "
				      "the %s level",
				      k->name, pacs_level_name(level),
				      pacs_level_name(k->level));
	return PACS_OK;
}

static enum pacs_err
read_all(struct pacs_error *err, struct pacs_index *ix,
	 const struct pacs_query *q, enum pacs_level level,
	 enum pacs_key_id key, enum pacs_key_id sum, struct tally *t)
{
	bool want[PACS_KEY_END] = {false};
	struct pacs_find_options o = {
	    .level = level, .want = want, .want_added = want + PACS_KEY_ADDED};
	const struct pacs_key *k = pacs_key_of(q->keys, key);
	bool several = k && k->flags & PACS_KEY_MULTI;
	const char *const *values;
	struct pacs_find *f;

	want[key] = want[sum] = true;
	if (pacs_find_open(err, ix, q, &o, &f))
		return err->code;
	while (t->count <= VALUES_MAX && !pacs_find_next(err, f, &values) &&
	       values)
		add_record(t, values, key, several, sum);
	pacs_find_close(f);
	return err->code;
}

/* --- a column at once -------------------------------------------------- */

/* The column of a key in the rows that are listed, or NULL. */
static const char *
column_of(enum pacs_key_id key, enum pacs_level level)
{
	switch (key) {
	case PACS_KEY_size_bytes:
		return "size_bytes";
	case PACS_KEY_ModalitiesInStudy:
		return level == PACS_LEVEL_STUDY ? "modalities_in_study" : NULL;
	case PACS_KEY_COUNT:
		return "id";
	default:
		return key < PACS_KEY_COUNT && column_in(key, level) &&
			       !column_is_word(key)
			   ? pacs_keys[key].snake
			   : NULL;
	}
}

/* No index helps, and the values stand in the rows themselves. */
static bool
is_scan(const struct plan *p, const struct pacs_query *q, enum pacs_key_id key,
	enum pacs_key_id sum)
{
	return !p->anchor && !q->any && p->asked != PACS_LEVEL_INSTANCE &&
	       column_of(key, p->asked) && column_of(sum, p->asked);
}

static enum pacs_err
scan(struct pacs_error *err, struct pacs_index *ix, const struct plan *p,
     enum pacs_key_id key, enum pacs_key_id sum, struct tally *t)
{
	bool several =
	    key < PACS_KEY_COUNT && pacs_keys[key].flags & PACS_KEY_MULTI;
	const char *values[PACS_KEY_END] = {NULL};
	struct ask a = {0};
	sqlite3_stmt *st = NULL;
	char select[160];
	bool row = true;

	snprintf(select, sizeof(select), "%s.%s, %s.%s", ask_alias[p->asked],
		 column_of(key, p->asked), ask_alias[p->asked],
		 column_of(sum, p->asked));
	ask_plan_scan_sql(p, select, &a);
	if (ask_prepare(err, &ix->db, &a, 1, &st))
		goto out;
	while (t->count <= VALUES_MAX && !db_step(err, &ix->db, st, &row) &&
	       row) {
		values[sum] = db_text(st, 1);
		values[key] = db_text(st, 0);
		add_record(t, values, key, several, sum);
	}
out:
	sqlite3_finalize(st);
	ask_clear(&a);
	return err->code;
}

static enum pacs_err
scan_or_read(struct pacs_error *err, struct pacs_index *ix,
	     const struct pacs_query *q, enum pacs_level level,
	     enum pacs_key_id key, enum pacs_key_id sum, struct tally *t)
{
	struct plan p;

	ask_plan_make(&p, q, level);
	if (is_scan(&p, q, key, sum))
		scan(err, ix, &p, key, sum, t);
	else
		read_all(err, ix, q, level, key, sum, t);
	ask_plan_clear(&p);
	if (!err->code && t->count > VALUES_MAX)
		return pacs_error_set(err, PACS_ELIMIT,
				      "more than %d different values",
				      VALUES_MAX);
	return err->code;
}

static int
by_text(const void *a, const void *b)
{
	const struct value *const *x = a, *const *y = b;

	return strcmp((*x)->text, (*y)->text);
}

static void
tell(struct tally *t, pacs_tally_fn *fn, void *ctx)
{
	struct value **all =
			 pacs_malloc((t->count + 1) * sizeof(struct value *)),
		     *v;
	size_t i, n = 0;

	for (i = 0; i < t->buckets; i++)
		for (v = t->bucket[i]; v; v = v->next)
			all[n++] = v;
	if (n)
		qsort(all, n, sizeof(struct value *), by_text);
	for (i = 0; i < n; i++)
		fn(ctx, all[i]->text, all[i]->count, all[i]->sum);
	free(all);
}

enum pacs_err
pacs_index_tally(struct pacs_error *err, struct pacs_index *ix,
		 const struct pacs_query *q, enum pacs_level level,
		 enum pacs_key_id key, enum pacs_key_id sum, pacs_tally_fn *fn,
		 void *ctx)
{
	struct tally t = {0};
	size_t i;

	if (usable(err, q->keys, level, &key) ||
	    usable(err, q->keys, level, &sum))
		return err->code;
	if (!scan_or_read(err, ix, q, level, key, sum, &t))
		tell(&t, fn, ctx);
	for (i = 0; i < t.buckets; i++)
		while (t.bucket[i]) {
			struct value *v = t.bucket[i];

			t.bucket[i] = v->next;
			free(v);
		}
	free(t.bucket);
	return err->code;
}
