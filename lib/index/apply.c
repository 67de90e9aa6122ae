/*
 * One line of the ledger -> rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index/apply.h"

enum pacs_err
apply_begin(struct pacs_error *err, struct apply *a, struct db *db,
	    const struct pacs_archive *ar)
{
	struct state s;

	memset(a, 0, sizeof(*a));
	a->db = db;
	a->ar = ar;
	a->default_issuer = pacs_archive_settings(ar)->default_issuer;
	if (!a->default_issuer)
		a->default_issuer = "";
	a->read = record_read;
	if (state_load(err, db, &s))
		return err->code;
	if (added_parse(err, s.added, &a->added)) {
		state_clear(&s);
		return err->code;
	}
	record_map_init(&a->map, &a->added.ring);
	a->next_seq = s.next_seq;
	a->removals = s.removals;
	a->changes = s.next_seq + s.removals;
	state_clear(&s);
	return PACS_OK;
}

void
apply_clear(struct apply *a)
{
	size_t i;

	entity_drop_all(a);
	for (i = 0; i < WORDS; i++)
		free(a->words[i].text);
	free(a->touched);
	added_clear(&a->added);
	memset(a, 0, sizeof(*a));
}

/* --- instances --------------------------------------------------------- */

static void
add_class(struct pacs_error *err, struct apply *a, struct entity *series,
	  int64_t word)
{
	size_t i, n = sizeof(series->classes) / sizeof(series->classes[0]);

	if (!word)
		return;
	for (i = 0; i < n; i++)
		if (!series->classes[i].add || series->classes[i].word == word)
			break;
	if (i == n) {
		/* A fifth class in one series: write out what there is. */
		if (entity_flush_all(err, a))
			return;
		i = 0;
	}
	series->classes[i].word = word;
	series->classes[i].add++;
}

static void
count_one(struct entity *e, const struct placed *p)
{
	e->add_instances++;
	e->add_bytes += (int64_t)p->size;
	if (!e->first_us || p->stored_us < e->first_us)
		e->first_us = p->stored_us;
	if (!e->last_us || p->stored_us > e->last_us)
		e->last_us = p->stored_us;
}

static void
tally(struct apply *a, const struct record *r)
{
	a->done->added++;
	if (r->state == RECORD_MISSING)
		a->done->missing++;
	else if (r->state == RECORD_UNREADABLE)
		a->done->unreadable++;
}

static enum pacs_err
add(struct pacs_error *err, struct apply *a, struct entity *study,
    struct entity *series, const struct placed *p, const struct record *r)
{
	int64_t words[PACS_KEY_COUNT];
	bool had_modality = series->values[PACS_KEY_Modality] != NULL;

	if (instance_words(err, a, r, words))
		return err->code;
	if (instance_insert(err, a, series, p, r, words) ||
	    added_put_instance(err, a, r, series->id, a->next_seq))
		return err->code;
	if (entity_merge(err, a, series, r, series->id, a->next_seq) ||
	    entity_merge(err, a, study, r, series->id, a->next_seq))
		return err->code;
	if (!had_modality && series->values[PACS_KEY_Modality])
		study->modalities_dirty = true;
	a->next_seq++;
	/* May write out what is counted so far, so this one is counted behind:
	 * a series that counted none is not written. */
	add_class(err, a, series, words[PACS_KEY_SOPClassUID]);
	count_one(series, p);
	count_one(study, p);
	tally(a, r);
	return err->code;
}

static enum pacs_err
delete_row(struct pacs_error *err, struct apply *a, int64_t series, int64_t seq)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_INSTANCE_DELETE);

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, series);
	sqlite3_bind_int64(st, 2, seq);
	a->removals++;
	if (db_run(err, a->db, st))
		return err->code;
	return added_remove_instance(err, a, series, seq);
}

/* Is it there already, as it should be? Another one is taken away first. */
static enum pacs_err
make_room(struct pacs_error *err, struct apply *a, const struct entity *study,
	  const struct entity *series, const struct placed *p,
	  const struct record *r, bool *ret_there)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_INSTANCE_FIND);
	bool row, same;
	int64_t seq;

	*ret_there = false;
	if (!st)
		return err->code;
	db_bind_text(st, 1, p->triple.instance);
	sqlite3_bind_int64(st, 2, series->id);
	if (db_step(err, a->db, st, &row) || !row)
		return err->code;
	seq = sqlite3_column_int64(st, 0);
	same = instance_is_same(st, 1, p->sha256);
	/* A repair: the same object, whose header can be read now. */
	if (same && sqlite3_column_int(st, 2) != RECORD_OK &&
	    r->state == RECORD_OK)
		resettle_note(a, study->id, true);
	sqlite3_reset(st);
	*ret_there = same;
	if (same)
		return PACS_OK;
	resettle_note(a, study->id, true);
	return delete_row(err, a, series->id, seq);
}

/* If something was taken from this study, that comes first: a study that was
 * emptied and is filled again is a new one, wherever transactions end. */
static enum pacs_err
settle_before(struct pacs_error *err, struct apply *a, const char *uid)
{
	struct entity *study;
	size_t i;

	if (!a->touched_count)
		return PACS_OK;
	if (entity_study(err, a, uid, &study))
		return err->code;
	for (i = 0; i < a->touched_count; i++)
		if (a->touched[i].study == study->id)
			break;
	if (i == a->touched_count)
		return PACS_OK;
	if (entity_flush_all(err, a) || resettle_all(err, a))
		return err->code;
	entity_drop_all(a);
	return PACS_OK;
}

enum pacs_err
apply_place(struct pacs_error *err, struct apply *a, const struct placed *p,
	    const struct record *r)
{
	struct entity *study, *series;
	bool there;

	if (settle_before(err, a, p->triple.study))
		return err->code;
	if (entity_study(err, a, p->triple.study, &study) ||
	    entity_series(err, a, study, p->triple.series, &series))
		return err->code;
	if (make_room(err, a, study, series, p, r, &there) || there)
		return err->code;
	return add(err, a, study, series, p, r);
}

/* --- removing ---------------------------------------------------------- */

enum pacs_err
apply_run_id(struct pacs_error *err, struct apply *a, enum stmt_id stmt,
	     int64_t id)
{
	sqlite3_stmt *st = db_stmt(err, a->db, stmt);

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, id);
	return db_run(err, a->db, st);
}

enum pacs_err
apply_has(struct pacs_error *err, struct apply *a, enum stmt_id stmt,
	  enum pacs_level level, int64_t owner, int64_t seq, bool *ret)
{
	sqlite3_stmt *st = db_stmt(err, a->db, stmt);

	if (!st)
		return err->code;
	sqlite3_bind_int(st, 1, (int)level);
	sqlite3_bind_int64(st, 2, owner);
	sqlite3_bind_int64(st, 3, seq);
	if (db_step(err, a->db, st, ret))
		return err->code;
	sqlite3_reset(st);
	return PACS_OK;
}

enum pacs_err
apply_remove(struct pacs_error *err, struct apply *a,
	     const struct pacs_triple *t)
{
	int64_t series, seq, study, filled;
	bool row, refill, differs = false, gave = false;
	sqlite3_stmt *st;

	if (entity_flush_all(err, a))
		return err->code;
	st = db_stmt(err, a->db, ST_INSTANCE_TRIPLE);
	if (!st)
		return err->code;
	db_bind_text(st, 1, t->instance);
	db_bind_text(st, 2, t->series);
	db_bind_text(st, 3, t->study);
	if (db_step(err, a->db, st, &row) || !row)
		return err->code;
	series = sqlite3_column_int64(st, 0);
	seq = sqlite3_column_int64(st, 1);
	study = sqlite3_column_int64(st, 2);
	filled = sqlite3_column_int64(st, 3);
	if (sqlite3_column_int64(st, 4) > filled)
		filled = sqlite3_column_int64(st, 4);
	sqlite3_reset(st);
	refill = seq <= filled;
	if (!refill && (apply_has(err, a, ST_DIFFERS_AT, PACS_LEVEL_STUDY,
				  study, seq, &refill) ||
			apply_has(err, a, ST_DIFFERS_AT, PACS_LEVEL_SERIES,
				  series, seq, &differs)))
		return err->code;
	if (!refill && !differs &&
	    (added_gave(err, a, PACS_LEVEL_STUDY, study, seq, &refill) ||
	     added_gave(err, a, PACS_LEVEL_SERIES, series, seq, &gave)))
		return err->code;
	resettle_note(a, study, refill || differs || gave);
	a->done->removed++;
	return delete_row(err, a, series, seq);
}

enum pacs_err
apply_quarantine(struct pacs_error *err, struct apply *a, const char *sha256,
		 bool in)
{
	sqlite3_stmt *st =
	    db_stmt(err, a->db, in ? ST_QUARANTINE_PUT : ST_QUARANTINE_DELETE);

	if (!st)
		return err->code;
	sqlite3_bind_text(st, 1, sha256, -1, SQLITE_STATIC);
	a->removals++; /* a roll-back could not undo it */
	return db_run(err, a->db, st);
}

/* --- before a commit --------------------------------------------------- */

static enum pacs_err
write_checkpoint(struct pacs_error *err, struct apply *a,
		 const struct pacs_cursor *c)
{
	sqlite3_stmt *st = db_stmt(err, a->db, ST_CHECKPOINT_PUT);

	if (!st)
		return err->code;
	sqlite3_bind_int64(st, 1, c->segment);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)c->offset);
	db_bind_text(st, 3, c->check);
	sqlite3_bind_int64(st, 4, a->next_seq);
	sqlite3_bind_int64(st, 5, a->removals);
	/* Old ones go now and then: each costs little room. */
	if (db_run(err, a->db, st) ||
	    a->changes / 16 == (a->next_seq + a->removals) / 16)
		return err->code;
	return db_simple(err, a->db, ST_CHECKPOINT_TRIM);
}

static enum pacs_err
write_state(struct pacs_error *err, struct apply *a,
	    const struct pacs_cursor *c)
{
	char text[96];

	snprintf(text, sizeof(text), "%u %llu %s", c->segment,
		 (unsigned long long)c->offset, c->check);
	if (meta_put(err, a->db, "cursor", text) ||
	    meta_put_int(err, a->db, "next_seq", a->next_seq) ||
	    meta_put_int(err, a->db, "removals", a->removals))
		return err->code;
	return write_checkpoint(err, a, c);
}

enum pacs_err
apply_flush(struct pacs_error *err, struct apply *a,
	    const struct pacs_cursor *cursor)
{
	if (entity_flush_all(err, a))
		return err->code;
	if (a->touched_count && resettle_all(err, a))
		return err->code;
	entity_drop_all(a);
	return write_state(err, a, cursor);
}
