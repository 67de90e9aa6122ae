/*
 * SQL in the making: text and what is bound to it; and the functions of ours
 * that it calls.
 */
#include <stdlib.h>
#include <string.h>

#include "index/ask.h"

void
ask_clear(struct ask *a)
{
	pacs_buf_clear(&a->sql);
	pacs_arena_clear(&a->arena);
	free(a->binds);
	memset(a, 0, sizeof(*a));
}

static struct ask_bind *
new_bind(struct ask *a)
{
	if ((a->count & (a->count - 1)) == 0)
		a->binds =
		    pacs_realloc(a->binds, (a->count ? a->count * 2 : 1) *
					       sizeof(*a->binds));
	memset(&a->binds[a->count], 0, sizeof(*a->binds));
	return &a->binds[a->count++];
}

void
ask_bind_int(struct ask *a, int64_t i)
{
	struct ask_bind *b = new_bind(a);

	b->kind = ASK_INT;
	b->i = i;
}

void
ask_bind_text(struct ask *a, const char *s)
{
	struct ask_bind *b = new_bind(a);

	b->kind = ASK_TEXT;
	b->s = s;
}

void
ask_bind_real(struct ask *a, double d)
{
	struct ask_bind *b = new_bind(a);

	b->kind = ASK_REAL;
	b->d = d;
}

void
ask_bind_condition(struct ask *a, const struct pacs_condition *c)
{
	struct ask_bind *b = new_bind(a);

	b->kind = ASK_CONDITION;
	b->c = c;
}

void
ask_rebind(sqlite3_stmt *st, int at, const struct ask_bind *b)
{
	void *pointer;

	/* SQLite hands pointers back as they are, to match() and items(). */
	switch (b->kind) {
	case ASK_INT:
		sqlite3_bind_int64(st, at, b->i);
		break;
	case ASK_REAL:
		sqlite3_bind_double(st, at, b->d);
		break;
	case ASK_TEXT:
	case ASK_DIGEST:
		sqlite3_bind_text(st, at, b->s, -1, SQLITE_STATIC);
		break;
	case ASK_CONDITION:
		memcpy(&pointer, &b->c, sizeof(pointer));
		sqlite3_bind_pointer(st, at, pointer, "pacs_condition", NULL);
		break;
	case ASK_ITEMS:
		memcpy(&pointer, &b->items, sizeof(pointer));
		sqlite3_bind_pointer(st, at, pointer, "ask_items", NULL);
		break;
	}
}

enum pacs_err
ask_prepare(struct pacs_error *err, struct db *db, const struct ask *a,
	    int first, sqlite3_stmt **ret)
{
	size_t i;

	*ret = NULL;
	if (db_prepare(err, db, pacs_buf_str(&a->sql), ret))
		return err->code;
	for (i = 0; i < a->count; i++)
		ask_rebind(*ret, (int)i + first, &a->binds[i]);
	return PACS_OK;
}

void
ask_bind_items(struct ask *a, const struct ask_items *items)
{
	struct ask_bind *b = new_bind(a);

	b->kind = ASK_ITEMS;
	b->items = pacs_arena_dup(&a->arena, items, sizeof(*items));
}

/* --- the function ------------------------------------------------------ */

static void
match(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const struct pacs_condition *c =
	    sqlite3_value_pointer(v[0], "pacs_condition");

	(void)n;
	sqlite3_result_int(ctx,
			   c && pacs_condition_matches(
				    c, (const char *)sqlite3_value_text(v[1])));
}

/* pacs_items(conditions, value of the first, of the second, ...) */
static void
items(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const struct ask_items *list = sqlite3_value_pointer(v[0], "ask_items");
	const char *values[PACS_ITEM_CONDITIONS];
	int i;

	if (!list || n != (int)list->count + 1) {
		sqlite3_result_int(ctx, 0);
		return;
	}
	for (i = 1; i < n; i++)
		values[i - 1] = (const char *)sqlite3_value_text(v[i]);
	sqlite3_result_int(ctx,
			   pacs_items_match(list->list, values, list->count));
}

void
ask_register(struct db *db)
{
	sqlite3_create_function_v2(db->conn, "pacs_items", -1,
				   SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				   items, NULL, NULL, NULL);
	sqlite3_create_function_v2(db->conn, "pacs_match", 2,
				   SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				   match, NULL, NULL, NULL);
}
