/*
 * What the files of this room share.
 */
#ifndef PACS_INDEX_INTERNAL_H
#define PACS_INDEX_INTERNAL_H

#include <sqlite3.h>

#include "dicom/dataset.h"
#include "index/index.h"

/* In the name of the file; a program reads only its own. Raise it when tables
 * or the meaning of a column change. */
#define INDEX_SCHEMA 2

/* --- a SQLite connection (db.c) ------------------------------------------ */

/* Statements that are kept prepared. Their text is in statements.c. */
enum stmt_id {
	ST_META_ALL,
	ST_META_PUT,
	ST_CHECKPOINT_PUT,
	ST_CHECKPOINT_TRIM,
	ST_WORD_FIND,
	ST_WORD_PUT,
	ST_STUDY_GET,
	ST_STUDY_NEW,
	ST_STUDY_VALUES,
	ST_STUDY_ADD,
	ST_STUDY_DELETE,
	ST_STUDY_FORGET,
	ST_STUDY_PATIENT,
	ST_STUDY_RECOUNT,
	ST_SERIES_GET,
	ST_SERIES_NEW,
	ST_SERIES_VALUES,
	ST_SERIES_ADD,
	ST_SERIES_PRUNE,
	ST_SERIES_RECOUNT,
	ST_SERIES_OF_STUDY,
	ST_SERIES_FORGET,
	ST_CLASS_ADD,
	ST_CLASS_CLEAR,
	ST_CLASS_RECOUNT,
	ST_MODALITIES,
	ST_MODALITIES_PUT,
	ST_INSTANCE_FIND,
	ST_INSTANCE_TRIPLE,
	ST_INSTANCE_NEW,
	ST_INSTANCE_DELETE,
	ST_INSTANCE_VALUES,
	ST_INSTANCES_OF_STUDY,
	ST_INSTANCES_BROKEN,
	ST_INSTANCES_ANY_BROKEN,
	ST_INSTANCES_BEHIND,
	ST_PATIENT_FIND,
	ST_PATIENT_GET,
	ST_PATIENT_NEW,
	ST_PATIENT_VALUES,
	ST_PATIENT_ADD,
	ST_PATIENT_RECOUNT,
	ST_PATIENT_PRUNE,
	ST_PATIENT_STUDIES,
	ST_DIFFERS_PUT,
	ST_DIFFERS_AT,
	ST_DIFFERS_CLEAR,
	ST_ADDED_PUT_INSTANCE,
	ST_ADDED_PUT,
	ST_ADDED_HAS,
	ST_ADDED_GAVE,
	ST_ADDED_FORGET,
	ST_ADDED_REMOVE_INSTANCE,
	ST_ADDED_NEXT,
	ST_QUARANTINE_PUT,
	ST_QUARANTINE_DELETE,
	ST_BEGIN_WRITE,
	ST_BEGIN_READ,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_COUNT
};

struct db {
	sqlite3 *conn;
	sqlite3_stmt *stmts[ST_COUNT];
	char *path;
};

enum db_mode {
	DB_READ,      /* no permission to write */
	DB_IMMUTABLE, /* nobody can write: a read-only medium */
	DB_WRITE,     /* of what exists */
	DB_BUILD,     /* of a file that nobody else sees, made if need be */
	DB_SCRATCH,   /* nameless, on disk if it grows */
	DB_MEMORY,
	DB_OVERLAY, /* path: name of a VFS (overlay.c) */
};
enum pacs_err db_open(struct pacs_error *err, struct db *db, const char *path,
		      enum db_mode mode, unsigned wait_ms) PACS_MUST_CHECK;
void db_close(struct db *db);
enum pacs_err db_exec(struct pacs_error *err, struct db *db,
		      const char *sql) PACS_MUST_CHECK;
/* A statement made ready, without bindings; NULL and *err on failure. */
sqlite3_stmt *db_stmt(struct pacs_error *err, struct db *db, enum stmt_id id);
enum pacs_err db_prepare(struct pacs_error *err, struct db *db, const char *sql,
			 sqlite3_stmt **ret) PACS_MUST_CHECK;
/* Step a statement that gives no rows (or whose rows do not matter); reset. */
enum pacs_err db_run(struct pacs_error *err, struct db *db,
		     sqlite3_stmt *st) PACS_MUST_CHECK;
/* Step to a row: *ret_row tells; at the end, or on failure, it is reset. */
enum pacs_err db_step(struct pacs_error *err, struct db *db, sqlite3_stmt *st,
		      bool *ret_row) PACS_MUST_CHECK;
enum pacs_err db_simple(struct pacs_error *err, struct db *db,
			enum stmt_id id) PACS_MUST_CHECK;
/* The room of what is open is on the disk from now on. */
void db_claim_shm(struct db *db);
/* Keep the WAL short. */
void db_tidy(struct db *db);
/* NULL for NULL and "". */
void db_bind_text(sqlite3_stmt *st, int i, const char *s);
const char *db_text(sqlite3_stmt *st, int i); /* NULL if NULL */

/* Text of a statement, appended to *out. (statements.c) */
void stmt_text(enum stmt_id id, struct pacs_buf *out);

/* --- columns (columns.c) ----------------------------------------------- */

/* Keys kept as columns of the table of a level. A study has the patient's
 * too: what its own objects say. */
bool column_in(enum pacs_key_id key, enum pacs_level table);
/* Text that many instances share, kept once in t_word. */
bool column_is_word(enum pacs_key_id key);
/* A number column (IS, US); DS stays text. */
bool column_is_integer(enum pacs_key_id key);
/* "patient_name, patient_id, ..." of a table; suffix behind each name ("=?").
 */
void column_list(struct pacs_buf *out, enum pacs_level table,
		 const char *suffix);
void column_marks(struct pacs_buf *out, enum pacs_level table); /* "?,?,?" */
/* Bind values[key] from parameter first on; returns the next parameter. words
 * (may be NULL where the table has none): ids of those that are words, or 0. */
int column_bind(sqlite3_stmt *st, int first, enum pacs_level table,
		const char *const *values, const int64_t *words);

/* --- records (record.c) ------------------------------------------------ */

enum record_state { RECORD_OK, RECORD_MISSING, RECORD_UNREADABLE };
const char *record_state_name(int state);

/* What the header of one object says. */
struct record {
	const char *values[PACS_KEY_END]; /* NULL = none; added ones too */
	enum record_state state;
};

/* Tags of the keys in order, made once for each thread. */
struct record_map {
	struct record_map_entry {
		uint32_t tag;
		uint32_t inner;
		enum pacs_key_id key;
	} entries[PACS_KEY_COUNT];
	size_t count;
	const struct pacs_keyring *added;
	uint32_t stop_tag;
};
/* added: read these too; borrowed. */
void record_map_init(struct record_map *map, const struct pacs_keyring *added);
/* Read an object's header; values in arena. What cannot be read gives a state,
 * not an error: its line in the ledger still counts. */
void record_read(const struct pacs_archive *ar, const struct record_map *map,
		 const struct pacs_triple *t, struct pacs_arena *arena,
		 struct pacs_buf *scratch, struct record *ret);

/* --- lines of the ledger ----------------------------------------------- */

/* What the ledger says of an object. */
struct placed {
	struct pacs_triple triple;
	uint64_t size;
	char sha256[PACS_SHA256_HEX];
	char origin[128];
	int64_t stored_us;
};

/* The value of an added key, a place for each item. (path.c) */
void record_path(const struct pacs_item *root, const struct pacs_added_key *a,
		 struct pacs_buf *out);

/* --- added keys (added.c, backfill.c) ---------------------------------- */

/*
 * The keys that this index has besides its own, by its meta row "added": a line
 * each, "NUMBER STATE NAME LEVEL VR PATH". NUMBER is that of t_key. STATE is
 * "done", or "SERIES,SEQ": so far the instances that were there before the key
 * have been read again.
 */
struct added {
	struct pacs_keyring ring;
	struct added_state {
		int64_t number;
		bool done;
		int64_t series, seq;
	} states[PACS_ADDED_MAX];
};
/* From state.added (may be NULL). */
enum pacs_err added_parse(struct pacs_error *err, const char *text,
			  struct added *ret) PACS_MUST_CHECK;
void added_clear(struct added *a);
/* Nothing but what the marker says, and all of it done? */
bool added_fits(const char *text, const char *marker);
/* Into an empty index: all keys of the marker, done. */
enum pacs_err added_init(struct pacs_error *err, struct db *db,
			 const struct pacs_archive *ar) PACS_MUST_CHECK;
/* Take up the keys of the marker; forget those that are no longer there. In a
 * transaction that writes. */
enum pacs_err added_adopt(struct pacs_error *err, struct db *db,
			  const struct pacs_archive *ar) PACS_MUST_CHECK;
/* Read instances again, at most max of them in one transaction each; *ret_done:
 * all keys are done. Transactions are its own. */
enum pacs_err backfill(struct pacs_error *err, struct db *db,
		       const struct pacs_archive *ar,
		       const struct pacs_index_options *opts, size_t max,
		       bool *ret_done) PACS_MUST_CHECK;
enum pacs_err added_store(struct pacs_error *err, struct db *db,
			  const struct added *a) PACS_MUST_CHECK;

struct apply;
struct entity;
/* What an instance says: of itself ... (added-rows.c) */
enum pacs_err added_put_instance(struct pacs_error *err, struct apply *a,
				 const struct record *r, int64_t series,
				 int64_t seq) PACS_MUST_CHECK;
/* ... and of its series or study, unless an earlier one said it. */
enum pacs_err added_put(struct pacs_error *err, struct apply *a,
			const struct record *r, enum pacs_level level,
			int64_t owner, int64_t seq) PACS_MUST_CHECK;
enum pacs_err added_merge(struct pacs_error *err, struct apply *a,
			  struct entity *e, const struct record *r,
			  int64_t seq) PACS_MUST_CHECK;
enum pacs_err added_remove_instance(struct pacs_error *err, struct apply *a,
				    int64_t series,
				    int64_t seq) PACS_MUST_CHECK;
/* Did this instance give a value to its series or study? */
enum pacs_err added_gave(struct pacs_error *err, struct apply *a,
			 enum pacs_level level, int64_t owner, int64_t seq,
			 bool *ret) PACS_MUST_CHECK;
enum pacs_err added_forget(struct pacs_error *err, struct apply *a,
			   enum pacs_level level,
			   int64_t owner) PACS_MUST_CHECK;

/* --- the index as a whole ---------------------------------------------- */

#define GENERATION_ROOM 32 /* "index/1-000007.db" */

struct pacs_index {
	const struct pacs_archive *ar;
	struct pacs_index_options opts;
	char *base; /* the folder where index.db is */
	bool writable;
	struct db db;
	struct pacs_index_done done;
	char generation[GENERATION_ROOM];
	struct overlay *overlay; /* below db, or NULL */
};

/*
 * What a user who may not write adds to an index, in memory. (overlay.c)
 * overlay_open puts one below *db, which was opened for reading; on failure
 * too, *ret is to be closed, after db. What the index gets meanwhile makes the
 * next statement fail with PACS_EBUSY until overlay_renew: all that was added
 * is dropped then.
 */
struct overlay;
enum pacs_err overlay_open(struct pacs_error *err, struct db *db,
			   struct overlay **ret) PACS_MUST_CHECK;
enum pacs_err overlay_renew(struct pacs_error *err, struct overlay *o,
			    bool *ret_renewed) PACS_MUST_CHECK;
void overlay_close(struct overlay *o); /* NULL is fine */
/* Lines of the ledger that a user who may not write reads into memory. */
#define MEMORY_LINES 20000

/* The generation in use, made if there is none. (open.c) */
enum pacs_err index_open_current(struct pacs_error *err,
				 struct pacs_index *ix) PACS_MUST_CHECK;
/* That of ix->generation. */
enum pacs_err index_open_file(struct pacs_error *err,
			      struct pacs_index *ix) PACS_MUST_CHECK;
/* Add what is missing in memory; the same if the disk is full. (memory.c) */
enum pacs_err index_overlay(struct pacs_error *err, struct pacs_index *ix,
			    const struct pacs_cursor *until) PACS_MUST_CHECK;
enum pacs_err index_read_only(struct pacs_error *err, struct pacs_index *ix,
			      const struct pacs_cursor *until) PACS_MUST_CHECK;
void index_close_db(struct pacs_index *ix);
/* Before a transaction that reads: is the overlay still good? If not, it is
 * made again. */
enum pacs_err index_hold(struct pacs_error *err,
			 struct pacs_index *ix) PACS_MUST_CHECK;

/* Are these keys of ring (used[n]; ring may be NULL) filled in? They are, when
 * it returns; PACS_EBUSY if this user cannot do it. (index.c) */
enum pacs_err index_ready(struct pacs_error *err, struct pacs_index *ix,
			  const struct pacs_keyring *ring,
			  const bool *used) PACS_MUST_CHECK;

/* Cursor and the like of a connection. (state.c) */
struct state {
	struct pacs_cursor cursor;
	int64_t next_seq, removals;
	char archive_uuid[37];
	char *default_issuer; /* free() */
	char *added;          /* free(); see added_parse() */
};
enum pacs_err state_load(struct pacs_error *err, struct db *db,
			 struct state *ret) PACS_MUST_CHECK;
void state_clear(struct state *s);
enum pacs_err state_init(struct pacs_error *err, struct db *db,
			 const struct pacs_archive *ar) PACS_MUST_CHECK;
enum pacs_err meta_put(struct pacs_error *err, struct db *db, const char *key,
		       const char *value) PACS_MUST_CHECK;
enum pacs_err meta_put_int(struct pacs_error *err, struct db *db,
			   const char *key, int64_t value) PACS_MUST_CHECK;

/* Apply the ledger from the connection's cursor up to *until, in transactions.
 * max_lines: PACS_EBUSY beyond (0 = no bound). (catchup.c) */
enum pacs_err catch_up(struct pacs_error *err, struct db *db,
		       const struct pacs_archive *ar,
		       const struct pacs_index_options *opts,
		       const struct pacs_cursor *until, uint64_t max_lines,
		       size_t heal,
		       struct pacs_index_done *done) PACS_MUST_CHECK;

/* Back to the newest commit that the ledger still holds; *ret_done false: there
 * is none, or something was removed since. (rollback.c) */
enum pacs_err roll_back(struct pacs_error *err, struct db *db,
			const struct pacs_archive *ar,
			const struct pacs_index_options *opts,
			struct pacs_index_done *done,
			bool *ret_done) PACS_MUST_CHECK;
/* Was it made for this archive, with its settings? (index.c) */
bool index_is_of(const struct pacs_archive *ar, const struct state *s);
/* Does the ledger have this state in it? */
enum pacs_err ledger_holds(struct pacs_error *err,
			   const struct pacs_archive *ar,
			   const struct pacs_cursor *c,
			   bool *ret) PACS_MUST_CHECK;
#define HEAL_ALL (SIZE_MAX / 2)
/* Who waits for the right to write tries again after so long at most. Who gives
 * it back and takes it again, for long, rests longer now and then, or nobody
 * else would ever get it. */
#define INDEX_NAP_MS 50
void index_nap(unsigned ms);

/* Generations. (generation.c) */
/* The one in use, "" if there is none. */
void generation_find(const char *base, char ret[GENERATION_ROOM]);
/* A new generation from the whole ledger, swapped in. instead_of: only if that
 * one is still in use (another program may have done it meanwhile); NULL: in
 * any case. */
enum pacs_err generation_build(struct pacs_error *err,
			       const struct pacs_archive *ar,
			       const char *instead_of,
			       const struct pacs_index_options *opts,
			       struct pacs_index_done *done) PACS_MUST_CHECK;

/* The folder where index.db is. free() */
char *index_base(const struct pacs_archive *ar);
/* May this user make generations there? */
bool index_is_writable(const char *base);

/* --- questions -> SQL (ask.c) ------------------------------------------ */

/* The SQL function pacs_match(condition, value). */
void ask_register(struct db *db);

#endif
