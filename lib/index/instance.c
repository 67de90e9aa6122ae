/*
 * The row of an instance.
 */
#include <string.h>

#include "index/apply.h"

enum pacs_err
instance_words(struct pacs_error *err, struct apply *a, const struct record *r,
	       int64_t *words)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++) {
		words[i] = 0;
		if (column_is_word((enum pacs_key_id)i) &&
		    apply_word(err, a, r->values[i], &words[i]))
			return err->code;
	}
	return PACS_OK;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

static bool
unhex(const char *hex, uint8_t *ret)
{
	size_t i;

	if (strlen(hex) != PACS_SHA256_HEX - 1)
		return false;
	for (i = 0; i < PACS_SHA256_HEX - 1; i++) {
		int v = digit(hex[i]);

		if (v < 0)
			return false;
		ret[i / 2] = (uint8_t)(i % 2 ? ret[i / 2] | v : v << 4);
	}
	return true;
}

static void
bind_digest(sqlite3_stmt *st, int i, const char *hex)
{
	uint8_t digest[PACS_SHA256_SIZE];

	if (unhex(hex, digest))
		sqlite3_bind_blob(st, i, digest, sizeof(digest),
				  SQLITE_TRANSIENT);
	else
		sqlite3_bind_null(st, i);
}

bool
instance_is_same(sqlite3_stmt *st, int column, const char *hex)
{
	uint8_t digest[PACS_SHA256_SIZE];

	return unhex(hex, digest) &&
	       sqlite3_column_bytes(st, column) == (int)sizeof(digest) &&
	       !memcmp(sqlite3_column_blob(st, column), digest, sizeof(digest));
}

enum pacs_err
instance_insert(struct pacs_error *err, struct apply *a,
		const struct entity *series, const struct placed *p,
		const struct record *r, const int64_t *words)
{
	sqlite3_stmt *st;
	int64_t origin;

	if (apply_word(err, a, p->origin, &origin))
		return err->code;
	st = db_stmt(err, a->db, ST_INSTANCE_NEW);
	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, series->id);
	sqlite3_bind_int64(st, 2, a->next_seq);
	db_bind_text(st, 3, p->triple.instance);
	sqlite3_bind_int64(st, 4, (sqlite3_int64)p->size);
	bind_digest(st, 5, p->sha256);
	sqlite3_bind_int64(st, 6, p->stored_us);
	if (origin)
		sqlite3_bind_int64(st, 7, origin);
	else
		sqlite3_bind_null(st, 7);
	sqlite3_bind_int(st, 8, (int)r->state);
	column_bind(st, 9, PACS_LEVEL_INSTANCE, r->values, words);
	return db_run(err, a->db, st);
}
