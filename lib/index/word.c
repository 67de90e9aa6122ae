/*
 * Words: text that many instances share (classes, syntaxes, origins), kept once
 * in t_word.
 */
#include <stdlib.h>
#include <string.h>

#include "index/apply.h"

static enum pacs_err
find_word(struct pacs_error *err, struct apply *a, const char *text,
	  int64_t *ret)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_WORD_FIND);
	bool row;

	*ret = 0;
	if (!st)
		return err->code;
	db_bind_text(st, 1, text);
	if (db_step(err, a->db, st, &row) || !row)
		return err->code;
	*ret = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return PACS_OK;
}

static enum pacs_err
new_word(struct pacs_error *err, struct apply *a, const char *text,
	 int64_t *ret)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_WORD_PUT);

	if (!st)
		return err->code;
	db_bind_text(st, 1, text);
	if (db_run(err, a->db, st))
		return err->code;
	*ret = sqlite3_last_insert_rowid(a->db->conn);
	return PACS_OK;
}

static struct word *
word_slot(struct apply *a, const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return &a->words[h % WORDS];
}

enum pacs_err
apply_word(struct pacs_error *err, struct apply *a, const char *text,
	   int64_t *ret_id)
{
	struct word *w;

	*ret_id = 0;
	if (!text || !*text)
		return PACS_OK;
	w = word_slot(a, text);
	if (w->text && !strcmp(w->text, text)) {
		*ret_id = w->id;
		return PACS_OK;
	}
	if (find_word(err, a, text, ret_id) ||
	    (!*ret_id && new_word(err, a, text, ret_id)))
		return err->code;
	free(w->text);
	w->text = pacs_strdup(text);
	w->id = *ret_id;
	return PACS_OK;
}
