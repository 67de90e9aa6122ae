/*
 * Which keys an index has besides its own. The archive's marker says which it
 * should have; what the index has stands in its meta row "added", so that every
 * program that writes to it, whenever it read the marker, fills the same ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/internal.h"

void
added_clear(struct added *a)
{
	pacs_keyring_clear(&a->ring);
}

static enum pacs_err
bad(struct pacs_error *err)
{
	return pacs_error_set(err, PACS_EINTEGRITY,
			      "the index's list of added keys is damaged; make "
			      "it anew with 'pacs-index rebuild'");
}

static bool
parse_state(const char *s, struct added_state *ret, const char **ret_line)
{
	char *end;

	ret->number = strtoll(s, &end, 10);
	if (*end != ' ')
		return false;
	s = end + 1;
	ret->done = !strncmp(s, "done ", 5);
	if (ret->done) {
		*ret_line = s + 5;
		return true;
	}
	ret->series = strtoll(s, &end, 10);
	if (*end != ',')
		return false;
	ret->seq = strtoll(end + 1, &end, 10);
	*ret_line = end + 1;
	return *end == ' ';
}

enum pacs_err
added_parse(struct pacs_error *err, const char *text, struct added *ret)
{
	memset(ret, 0, sizeof(*ret));
	while (text && *text) {
		size_t n = strcspn(text, "\n");
		char *line = pacs_strndup(text, n);
		const char *key;

		if (ret->ring.count == PACS_ADDED_MAX ||
		    !parse_state(line, &ret->states[ret->ring.count], &key))
			bad(err);
		else if (pacs_keyring_add(err, &ret->ring, key))
			pacs_error_wrap(err, "index");
		free(line);
		if (err->code)
			return err->code;
		text += n + (text[n] != '\0');
	}
	return PACS_OK;
}

/* Only looked at if there are any: a string comparison for each line. */
bool
added_fits(const char *text, const char *marker)
{
	const char *s = text ? text : "";

	while (*s) {
		size_t n = strcspn(s, "\n");
		const char *line = strchr(s, ' ');

		if (!line || strncmp(line, " done ", 6) != 0)
			return false;
		line += 6;
		n -= (size_t)(line - s);
		if (strncmp(marker, line, n + 1) != 0)
			return false;
		marker += n + 1;
		s = line + n + 1;
	}
	return !*marker;
}

enum pacs_err
added_store(struct pacs_error *err, struct db *db, const struct added *a)
{
	struct pacs_buf text = {0};
	size_t i;

	for (i = 0; i < a->ring.count; i++) {
		const struct added_state *s = &a->states[i];

		pacs_buf_addf(&text, "%lld ", (long long)s->number);
		if (s->done)
			pacs_buf_adds(&text, "done");
		else
			pacs_buf_addf(&text, "%lld,%lld", (long long)s->series,
				      (long long)s->seq);
		pacs_buf_addf(&text, " %s\n", a->ring.added[i].line);
	}
	if (meta_put(err, db, "added", pacs_buf_str(&text)))
		goto out;
out:
	pacs_buf_clear(&text);
	return err->code;
}

/* --- taking up and forgetting ------------------------------------------ */

static enum pacs_err
new_number(struct pacs_error *err, struct db *db, const char *name,
	   int64_t *ret)
{
	sqlite3_stmt *st = NULL;

	if (db_prepare(err, db, "INSERT INTO t_key (name) VALUES (?)", &st))
		return err->code;
	db_bind_text(st, 1, name);
	if (!db_run(err, db, st))
		*ret = sqlite3_last_insert_rowid(db->conn);
	sqlite3_finalize(st);
	return err->code;
}

static enum pacs_err
forget(struct pacs_error *err, struct db *db, int64_t number)
{
	char sql[192];

	snprintf(sql, sizeof(sql),
		 "DELETE FROM t_added_instance WHERE key = %lld;"
		 "DELETE FROM t_added WHERE key = %lld;"
		 "DELETE FROM t_key WHERE number = %lld",
		 (long long)number, (long long)number, (long long)number);
	return db_exec(err, db, sql);
}

static size_t
find(const struct added *a, const char *line)
{
	size_t i;

	for (i = 0; i < a->ring.count; i++)
		if (!strcmp(a->ring.added[i].line, line))
			break;
	return i;
}

/* new has the keys of the marker: states from old, or fresh ones. */
static enum pacs_err
change(struct pacs_error *err, struct db *db, const struct added *old,
       struct added *new, bool filled)
{
	size_t i, at;

	/* First what goes: a name may come back with another path. */
	for (i = 0; i < old->ring.count; i++)
		if (find(new, old->ring.added[i].line) == new->ring.count &&
		    forget(err, db, old->states[i].number))
			return err->code;
	for (i = 0; i < new->ring.count; i++) {
		struct added_state *s = &new->states[i];

		at = find(old, new->ring.added[i].line);
		if (at < old->ring.count) {
			*s = old->states[at];
			continue;
		}
		s->done = filled;
		s->series = s->seq = -1;
		if (new_number(err, db, new->ring.added[i].key.name,
			       &s->number))
			return err->code;
	}
	return added_store(err, db, new);
}

/* The marker is read while nobody else can change the index: a key that is in
 * the index was in the marker before, so what is missing there was dropped. */
static enum pacs_err
adopt(struct pacs_error *err, struct db *db, const struct pacs_archive *ar,
      bool filled)
{
	struct added old = {.ring = {.count = 0}}, new = old;
	struct state s = {0};
	char *marker = NULL;

	if (state_load(err, db, &s) || added_parse(err, s.added, &old) ||
	    pacs_archive_index_keys(err, ar, &marker))
		goto out;
	if (pacs_keyring_add(err, &new.ring, marker)) {
		pacs_error_wrap(err, "'%s/pacs-archive'",
				pacs_archive_path(ar));
		goto out;
	}
	if (change(err, db, &old, &new, filled))
		goto out;
out:
	state_clear(&s);
	added_clear(&old);
	added_clear(&new);
	free(marker);
	return err->code;
}

enum pacs_err
added_adopt(struct pacs_error *err, struct db *db,
	    const struct pacs_archive *ar)
{
	return adopt(err, db, ar, false);
}

enum pacs_err
added_init(struct pacs_error *err, struct db *db, const struct pacs_archive *ar)
{
	return adopt(err, db, ar, true);
}
