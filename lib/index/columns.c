/*
 * Which keys are columns of which table, and how they are bound.
 */
#include <math.h>
#include <string.h>

#include "index/internal.h"

bool
column_in(enum pacs_key_id key, enum pacs_level table)
{
	const struct pacs_key *k = &pacs_keys[key];

	if (k->flags & PACS_KEY_COMPUTED)
		return false;
	return k->level == table ||
	       (table == PACS_LEVEL_STUDY && k->level == PACS_LEVEL_PATIENT);
}

bool
column_is_word(enum pacs_key_id key)
{
	return key == PACS_KEY_SOPClassUID ||
	       key == PACS_KEY_TransferSyntaxUID || key == PACS_KEY_ImageType ||
	       key == PACS_KEY_SpecificCharacterSet;
}

bool
column_is_integer(enum pacs_key_id key)
{
	const struct pacs_key *k = &pacs_keys[key];

	return k->type == PACS_TYPE_NUMBER && k->vr != PACS_VR('D', 'S') &&
	       !(k->flags & PACS_KEY_MULTI);
}

void
column_list(struct pacs_buf *out, enum pacs_level table, const char *suffix)
{
	const char *comma = "";
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (column_in((enum pacs_key_id)i, table)) {
			pacs_buf_adds(out, comma);
			pacs_buf_adds(out, pacs_keys[i].snake);
			pacs_buf_adds(out, suffix);
			comma = ", ";
		}
}

void
column_marks(struct pacs_buf *out, enum pacs_level table)
{
	const char *comma = "?";
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (column_in((enum pacs_key_id)i, table)) {
			pacs_buf_adds(out, comma);
			comma = ", ?";
		}
}

/* Integers as such, so that they compare and sort as numbers. What is no
 * integer stays text (PostgreSQL would need a second column for that); what is
 * no number either is bound as bytes, since SQLite has its own mind about text
 * that goes to such a column: "1e400" is infinite to it, "5\n" is 5. */
static void
bind_integer(sqlite3_stmt *st, int i, const char *s)
{
	bool any = s && *s;
	double v = 0;

	if (any && !pacs_value_number(s, strlen(s), &v))
		sqlite3_bind_blob(st, i, s, (int)strlen(s), SQLITE_STATIC);
	else if (any && fabs(v) < 1e15 && v == floor(v))
		sqlite3_bind_int64(st, i, (sqlite3_int64)v);
	else
		db_bind_text(st, i, s);
}

int
column_bind(sqlite3_stmt *st, int first, enum pacs_level table,
	    const char *const *values, const int64_t *words)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++) {
		enum pacs_key_id key = (enum pacs_key_id)i;

		if (!column_in(key, table))
			continue;
		if (column_is_word(key)) {
			if (words[key])
				sqlite3_bind_int64(st, first, words[key]);
			else
				sqlite3_bind_null(st, first);
			first++;
		} else if (column_is_integer(key))
			bind_integer(st, first++, values[i]);
		else
			db_bind_text(st, first++, values[i]);
	}
	return first;
}
