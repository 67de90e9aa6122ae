/*
 * What the index remembers about itself: whose it is, how far it has read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/internal.h"

enum pacs_err
meta_put(struct pacs_error *err, struct db *db, const char *key,
	 const char *value)
{
	sqlite3_stmt *st = db_stmt(err, db, ST_META_PUT);

	if (!st)
		return err->code;
	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, value, -1, SQLITE_STATIC);
	return db_run(err, db, st);
}

enum pacs_err
meta_put_int(struct pacs_error *err, struct db *db, const char *key,
	     int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return meta_put(err, db, key, text);
}

/* "segment offset check" */
static void
take_cursor(struct pacs_cursor *c, const char *value)
{
	char *end;

	c->segment = (uint32_t)strtoul(value, &end, 10);
	c->offset = strtoull(end, &end, 10);
	snprintf(c->check, sizeof(c->check), "%s", *end ? end + 1 : end);
}

static void
take(struct state *s, const char *key, const char *value)
{
	if (!strcmp(key, "cursor")) {
		take_cursor(&s->cursor, value);
	} else if (!strcmp(key, "next_seq")) {
		s->next_seq = strtoll(value, NULL, 10);
	} else if (!strcmp(key, "removals")) {
		s->removals = strtoll(value, NULL, 10);
	} else if (!strcmp(key, "archive")) {
		snprintf(s->archive_uuid, sizeof(s->archive_uuid), "%s", value);
	} else if (!strcmp(key, "added")) {
		free(s->added);
		s->added = pacs_strdup(value);
	} else if (!strcmp(key, "default_issuer")) {
		free(s->default_issuer);
		s->default_issuer = pacs_strdup(value);
	}
}

/* All of it in one statement: a reader does this at each start. */
enum pacs_err
state_load(struct pacs_error *err, struct db *db, struct state *ret)
{
	static const struct pacs_cursor start = PACS_CURSOR_START;
	sqlite3_stmt *st = db_stmt(err, db, ST_META_ALL);
	bool row = true;

	memset(ret, 0, sizeof(*ret));
	ret->cursor = start;
	if (!st)
		return err->code;
	while (!db_step(err, db, st, &row) && row)
		take(ret, db_text(st, 0), db_text(st, 1));
	if (err->code)
		state_clear(ret);
	return err->code;
}

void
state_clear(struct state *s)
{
	free(s->default_issuer);
	free(s->added);
	s->default_issuer = s->added = NULL;
}

enum pacs_err
state_init(struct pacs_error *err, struct db *db, const struct pacs_archive *ar)
{
	const struct pacs_settings *s = pacs_archive_settings(ar);
	struct pacs_buf sql = {0};

	pacs_index_schema(&sql);
	if (!db_exec(err, db, pacs_buf_str(&sql)) &&
	    !meta_put(err, db, "archive", s->uuid) &&
	    !meta_put(err, db, "default_issuer",
		      s->default_issuer ? s->default_issuer : "") &&
	    added_init(err, db, ar))
		goto out;
out:
	pacs_buf_clear(&sql);
	return err->code;
}
