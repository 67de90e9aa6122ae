/*
 * Lines of the ledger -> rows. (apply.c, instance.c, entity.c, entity-write.c,
 * patient.c, resettle.c, word.c)
 */
#ifndef PACS_INDEX_APPLY_H
#define PACS_INDEX_APPLY_H

#include "index/internal.h"

struct touched {
	int64_t study;
	bool refill; /* its attributes may come from what was removed */
};

#define ENTITIES 64
#define WORDS    512

/* The state of a program that changes the index, within a transaction. */
struct apply {
	struct db *db;
	const struct pacs_archive *ar;
	struct pacs_index_done *done;
	const char *default_issuer;
	int64_t next_seq;
	int64_t removals; /* ever; so that a roll-back knows if it can */
	int64_t changes;  /* next_seq + removals, to begin with */
	struct added added;
	struct entity *studies[ENTITIES], *series[ENTITIES];
	uint64_t clock; /* for the cache of entities */
	struct word {
		char *text;
		int64_t id;
	} words[WORDS];
	struct touched *touched;
	size_t touched_count, touched_room;
	struct record_map map;
	/* Reads a header again; record_read unless a test has its own. */
	void (*read)(const struct pacs_archive *ar,
		     const struct record_map *map, const struct pacs_triple *t,
		     struct pacs_arena *arena, struct pacs_buf *scratch,
		     struct record *ret);
};

enum pacs_err apply_begin(struct pacs_error *err, struct apply *a,
			  struct db *db,
			  const struct pacs_archive *ar) PACS_MUST_CHECK;
void apply_clear(struct apply *a);
/* An object is in its place. */
enum pacs_err apply_place(struct pacs_error *err, struct apply *a,
			  const struct placed *p,
			  const struct record *r) PACS_MUST_CHECK;
/* It no longer is. */
enum pacs_err apply_remove(struct pacs_error *err, struct apply *a,
			   const struct pacs_triple *t) PACS_MUST_CHECK;
/* Bytes went to quarantine, or left it. */
enum pacs_err apply_quarantine(struct pacs_error *err, struct apply *a,
			       const char *sha256, bool in) PACS_MUST_CHECK;
/* Write out what is held in memory, and the cursor; before each commit. */
enum pacs_err apply_flush(struct pacs_error *err, struct apply *a,
			  const struct pacs_cursor *cursor) PACS_MUST_CHECK;
/* Look again for objects whose header could not be read; at most max. */
enum pacs_err apply_heal(struct pacs_error *err, struct apply *a,
			 size_t max) PACS_MUST_CHECK;
/* Run a statement about one row. */
enum pacs_err apply_run_id(struct pacs_error *err, struct apply *a,
			   enum stmt_id stmt, int64_t id) PACS_MUST_CHECK;
/* Does the statement find a row of that level and owner, by that instance? */
enum pacs_err apply_has(struct pacs_error *err, struct apply *a,
			enum stmt_id stmt, enum pacs_level level, int64_t owner,
			int64_t seq, bool *ret) PACS_MUST_CHECK;
enum pacs_err apply_word(struct pacs_error *err, struct apply *a,
			 const char *text, int64_t *ret_id) PACS_MUST_CHECK;

/* The row of an instance. (instance.c) words: ids of values that are words. */
enum pacs_err instance_words(struct pacs_error *err, struct apply *a,
			     const struct record *r,
			     int64_t *words) PACS_MUST_CHECK;
enum pacs_err instance_insert(struct pacs_error *err, struct apply *a,
			      const struct entity *series,
			      const struct placed *p, const struct record *r,
			      const int64_t *words) PACS_MUST_CHECK;
/* Is this digest in that column? */
bool instance_is_same(sqlite3_stmt *st, int column, const char *hex);

/* A study or series, with changes that are not written yet. (entity.c) */
struct entity {
	enum pacs_level level;
	int64_t id;
	int64_t parent; /* series: study; study: patient, 0 = not yet */
	char uid[PACS_UID_ROOM];
	char *values[PACS_KEY_COUNT];
	/* By which; -1: before it was read. */
	int64_t given_seq[PACS_KEY_COUNT];
	bool differs[PACS_KEY_COUNT];           /* noted already */
	bool has_added[PACS_ADDED_MAX], looked; /* values that are there */
	int64_t filled_seq; /* the last instance that gave a value */
	bool values_dirty, patient_dirty, modalities_dirty;
	int64_t add_series, add_instances, add_bytes;
	int64_t first_us, last_us; /* of those added; 0 = none */
	struct {
		int64_t word, add;
	} classes[4];
	uint64_t used;
};
enum pacs_err entity_study(struct pacs_error *err, struct apply *a,
			   const char *uid,
			   struct entity **ret) PACS_MUST_CHECK;
enum pacs_err entity_series(struct pacs_error *err, struct apply *a,
			    struct entity *study, const char *uid,
			    struct entity **ret) PACS_MUST_CHECK;
/* Take over what an instance says where the entity says nothing yet; note
 * where it says something else. */
enum pacs_err entity_merge(struct pacs_error *err, struct apply *a,
			   struct entity *e, const struct record *r,
			   int64_t series, int64_t seq) PACS_MUST_CHECK;
enum pacs_err entity_flush(struct pacs_error *err, struct apply *a,
			   struct entity *e) PACS_MUST_CHECK;
void entity_free(struct entity *e); /* NULL is fine */
enum pacs_err entity_flush_all(struct pacs_error *err,
			       struct apply *a) PACS_MUST_CHECK;
void entity_drop_all(struct apply *a); /* without writing */

/* --- patients (patient.c) ---------------------------------------------- */

/* File a study, which was just written, under its patient, and count it there.
 */
enum pacs_err patient_file(struct pacs_error *err, struct apply *a,
			   struct entity *study) PACS_MUST_CHECK;
/* Count a patient's studies anew, take its values from them; gone if none. */
enum pacs_err patient_recount(struct pacs_error *err, struct apply *a,
			      int64_t id) PACS_MUST_CHECK;
/* The three folded groups of a name into parameters first to first+2. */
void patient_bind_folded(sqlite3_stmt *st, int first, const char *name);

/* After removals: what is counted and said of a study, made anew. */
enum pacs_err resettle_all(struct pacs_error *err,
			   struct apply *a) PACS_MUST_CHECK;
void resettle_note(struct apply *a, int64_t study, bool refill);

#endif
