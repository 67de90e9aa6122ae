/*
 * Opening an index, and bringing it up to date.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "index/internal.h"

/* Lines of the ledger that a user who may not write reads into memory. */
#define MEMORY_LINES 20000
/* Broken headers that an automatic catch-up looks at again. */
#define HEAL_A_LITTLE 16
/* Bytes of disk below which an index is only read. */
#define ROOM_TO_WRITE (256u << 10)
/* Headers that it reads again for a key that is new to the index. */
#define BACKFILL_A_LITTLE 256

static const struct pacs_index_options no_options;

static bool
is_behind(const struct pacs_cursor *a, const struct pacs_cursor *b)
{
	return a->segment < b->segment ||
	       (a->segment == b->segment && a->offset < b->offset);
}

/* --- opening ----------------------------------------------------------- */

/*
 * A WAL index needs its -shm file, which a user without permission cannot
 * make. If there is no WAL content (or no way for anybody to write), reading
 * the file as it is, is right.
 */
static enum pacs_err
open_read(struct pacs_error *err, struct pacs_index *ix, const char *path)
{
	char *wal = pacs_format("%s-wal", path);
	struct stat st;
	bool has_wal = stat(wal, &st) == 0 && st.st_size > 0;
	struct state s;

	free(wal);
	if (!db_open(err, &ix->db, path, DB_READ, 10000) &&
	    !state_load(err, &ix->db, &s)) {
		state_clear(&s);
		return PACS_OK;
	}
	if (has_wal || err->code == PACS_EINTEGRITY)
		return err->code;
	pacs_error_clear(err);
	db_close(&ix->db);
	return db_open(err, &ix->db, path, DB_IMMUTABLE, 0);
}

/* Is there room to open it for writing? */
static bool
has_room(const struct pacs_index *ix, bool *ret_small_blocks)
{
	struct statvfs s;

	*ret_small_blocks = false;
	if (statvfs(ix->base, &s) != 0)
		return true;
	*ret_small_blocks = s.f_bsize < (unsigned long)sysconf(_SC_PAGESIZE);
	return (uint64_t)s.f_bavail * s.f_frsize >= ROOM_TO_WRITE;
}

static enum pacs_err
open_file(struct pacs_error *err, struct pacs_index *ix)
{
	char *path = pacs_format("%s/%s", ix->base, ix->generation);
	bool small_blocks = false;

	if (ix->writable && !has_room(ix, &small_blocks)) {
		ix->writable = false;
		ix->done.full = true;
	}

	if (ix->writable ? db_open(err, &ix->db, path, DB_WRITE, 10000)
			 : open_read(err, ix, path))
		goto out;
	if (ix->writable && small_blocks)
		db_claim_shm(&ix->db);
	ask_register(&ix->db);
out:
	free(path);
	return err->code;
}

/* Nothing on disk and no permission to make it: all in memory, if it fits. */
static enum pacs_err
open_memory(struct pacs_error *err, struct pacs_index *ix)
{
	struct pacs_cursor until;

	ix->generation[0] = '\0';
	ix->done.in_memory = true;
	if (db_open(err, &ix->db, "", DB_MEMORY, 0))
		return err->code;
	ask_register(&ix->db);
	if (state_init(err, &ix->db, ix->ar) ||
	    pacs_ledger_tail(err, ix->ar, &until))
		return err->code;
	return catch_up(err, &ix->db, ix->ar, &ix->opts, &until, MEMORY_LINES,
			0, &ix->done);
}

/* The generation in use; made if there is none. It may go between the look
 * and the open, when another program rebuilds: look again. */
static enum pacs_err
open_current(struct pacs_error *err, struct pacs_index *ix)
{
	int tries;

	for (tries = 0; tries < 5; tries++) {
		pacs_error_clear(err);
		generation_find(ix->base, ix->generation);
		if (!ix->generation[0] && !ix->writable)
			return open_memory(err, ix);
		if (!ix->generation[0] &&
		    generation_build(err, ix->ar, "", &ix->opts, &ix->done))
			return err->code;
		if (!ix->generation[0])
			continue;
		if (!open_file(err, ix))
			return PACS_OK;
		db_close(&ix->db);
		if (err->code != PACS_EDENIED)
			return err->code;
	}
	return err->code;
}

/* --- does it fit the ledger? ------------------------------------------- */

bool
index_is_of(const struct pacs_archive *ar, const struct state *s)
{
	const struct pacs_settings *set = pacs_archive_settings(ar);
	const char *issuer = set->default_issuer ? set->default_issuer : "";

	return !strcmp(s->archive_uuid, set->uuid) && s->default_issuer &&
	       !strcmp(s->default_issuer, issuer);
}

enum pacs_err
ledger_holds(struct pacs_error *err, const struct pacs_archive *ar,
	     const struct pacs_cursor *c, bool *ret)
{
	if (pacs_ledger_holds(err, ar, c, ret) == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		*ret = false;
	}
	return err->code;
}

static enum pacs_err
rebuild_here(struct pacs_error *err, struct pacs_index *ix)
{
	if (!ix->writable)
		return pacs_error_set(err, PACS_EBUSY,
				      "the index does not fit the archive, and "
				      "this user may not make it anew");
	db_close(&ix->db);
	if (generation_build(err, ix->ar, ix->generation, &ix->opts, &ix->done))
		return err->code;
	return open_current(err, ix);
}

/* Past the last commit that the ledger remembers: a power cut took lines that
 * the index had seen. Take them back, if that is possible. */
static enum pacs_err
step_back(struct pacs_error *err, struct pacs_index *ix)
{
	bool done = false;

	if (ix->writable &&
	    roll_back(err, &ix->db, ix->ar, &ix->opts, &ix->done, &done))
		return err->code;
	return done ? PACS_OK : rebuild_here(err, ix);
}

static enum pacs_err
fit(struct pacs_error *err, struct pacs_index *ix, struct state *s)
{
	bool ours = index_is_of(ix->ar, s), ok = false;

	if (ours && ledger_holds(err, ix->ar, &s->cursor, &ok))
		return err->code;
	if (ok)
		return PACS_OK;
	if (ours ? step_back(err, ix) : rebuild_here(err, ix))
		return err->code;
	state_clear(s);
	return state_load(err, &ix->db, s);
}

/* Apply what is missing. Somebody who may write can do it meanwhile; then there
 * is less to add. */
static enum pacs_err
add_in_memory(struct pacs_error *err, struct pacs_index *ix,
	      const struct pacs_cursor *until)
{
	struct pacs_index_options opts = ix->opts;
	struct pacs_error late = PACS_ERROR_INIT;
	bool renewed;
	int tries;

	opts.wait_ms = 1;
	for (tries = 0; tries < 5; tries++) {
		pacs_error_clear(err);
		if (catch_up(err, &ix->db, ix->ar, &opts, until, MEMORY_LINES,
			     0, &ix->done) != PACS_EBUSY)
			break;
		if (overlay_renew(&late, ix->overlay, &renewed) || !renewed)
			break;
	}
	return err->code;
}

/* For whoever may not write. */
static enum pacs_err
overlay(struct pacs_error *err, struct pacs_index *ix,
	const struct pacs_cursor *until)
{
	if (!ix->overlay) {
		if (overlay_open(err, &ix->db, &ix->overlay))
			return err->code;
		ask_register(&ix->db);
	}
	ix->done.overlaid = true;
	return add_in_memory(err, ix, until);
}

enum pacs_err
index_hold(struct pacs_error *err, struct pacs_index *ix)
{
	struct pacs_cursor until;
	bool renewed;

	if (!ix->overlay || overlay_renew(err, ix->overlay, &renewed) ||
	    !renewed || pacs_ledger_tail(err, ix->ar, &until))
		return err->code;
	return add_in_memory(err, ix, &until);
}

static void
close_db(struct pacs_index *ix)
{
	db_close(&ix->db);
	overlay_close(ix->overlay);
	ix->overlay = NULL;
}

/* The disk is full: what is missing is added in memory. */
static enum pacs_err
read_only(struct pacs_error *err, struct pacs_index *ix,
	  const struct pacs_cursor *until)
{
	static const struct pacs_index_done nothing;

	pacs_error_clear(err);
	close_db(ix);
	ix->writable = false;
	ix->done = nothing;
	ix->done.full = true;
	if (open_file(err, ix))
		return err->code;
	return overlay(err, ix, until);
}

/* Does the index have the keys that the archive wants, and all of them filled?
 * The marker may be another one than when the archive was opened. */
static enum pacs_err
keys_fit(struct pacs_error *err, const struct pacs_index *ix,
	 const struct state *s, bool *ret)
{
	char *marker;

	*ret = added_fits(s->added, pacs_archive_settings(ix->ar)->index_keys);
	if (*ret)
		return PACS_OK;
	if (pacs_archive_index_keys(err, ix->ar, &marker))
		return err->code;
	*ret = added_fits(s->added, marker);
	free(marker);
	return PACS_OK;
}

static enum pacs_err
sync_up(struct pacs_error *err, struct pacs_index *ix, size_t heal)
{
	struct pacs_cursor until;
	struct state s;
	bool more = true, fits;

	if (index_hold(err, ix) || state_load(err, &ix->db, &s))
		return err->code;
	if (fit(err, ix, &s) || keys_fit(err, ix, &s, &fits) ||
	    pacs_ledger_has_more(err, ix->ar, &s.cursor, &more))
		goto out;
	if (!more && !heal)
		goto out;
	if (pacs_ledger_tail(err, ix->ar, &until))
		goto out;
	more = is_behind(&s.cursor, &until);
	if (!more && !heal)
		goto out;
	if (!ix->writable) {
		if (more && overlay(err, ix, &until))
			goto out;
		goto out;
	}
	if (catch_up(err, &ix->db, ix->ar, &ix->opts, &until, 0,
		     heal ? heal : HEAL_A_LITTLE, &ix->done)) {
		if (err->code == PACS_ENOSPC && read_only(err, ix, &until))
			goto out;
		goto out;
	}
	if (!fits && backfill(err, &ix->db, ix->ar, &ix->opts,
			      heal ? SIZE_MAX : BACKFILL_A_LITTLE, &fits))
		goto out;
out:
	state_clear(&s);
	return err->code;
}

enum pacs_err
pacs_index_open(struct pacs_error *err, const struct pacs_archive *ar,
		const struct pacs_index_options *opts,
		struct pacs_index **ret_ix)
{
	struct pacs_index *ix = pacs_calloc(1, sizeof(*ix));

	*ret_ix = NULL;
	ix->ar = ar;
	ix->opts = opts ? *opts : no_options;
	ix->base = index_base(ar);
	ix->writable = index_is_writable(ix->base);
	if (open_current(err, ix) || (!ix->opts.as_is && sync_up(err, ix, 0))) {
		pacs_index_close(ix);
		return err->code;
	}
	*ret_ix = ix;
	return PACS_OK;
}

enum pacs_err
pacs_index_backfill(struct pacs_error *err, struct pacs_index *ix)
{
	bool done;

	if (!ix->writable)
		return pacs_error_set(err, PACS_EDENIED,
				      "no permission to change the index");
	return backfill(err, &ix->db, ix->ar, &ix->opts, SIZE_MAX, &done);
}

/* --- are the keys of a question all there? ----------------------------- */

/* The line of a key that is not filled yet, or NULL. */
static enum pacs_err
find_unready(struct pacs_error *err, struct pacs_index *ix,
	     const struct pacs_keyring *ring, const bool *used,
	     const char **ret_name)
{
	struct added a = {.ring = {.count = 0}};
	struct state s;
	size_t i, j;

	*ret_name = NULL;
	if (state_load(err, &ix->db, &s))
		return err->code;
	if (added_parse(err, s.added, &a))
		goto out;
	for (i = 0; i < ring->count; i++) {
		for (j = 0; j < a.ring.count; j++)
			if (a.states[j].done &&
			    !strcmp(a.ring.added[j].line, ring->added[i].line))
				break;
		if (used[i] && j == a.ring.count)
			*ret_name = ring->added[i].key.name;
	}
out:
	state_clear(&s);
	added_clear(&a);
	return err->code;
}

enum pacs_err
index_ready(struct pacs_error *err, struct pacs_index *ix,
	    const struct pacs_keyring *ring, const bool *used)
{
	const char *name;
	bool any = false, done = false;
	size_t i;

	if (index_hold(err, ix))
		return err->code;
	for (i = 0; ring && i < ring->count; i++)
		any = any || used[i];
	if (!any || ix->opts.as_is)
		return PACS_OK;
	if (find_unready(err, ix, ring, used, &name) || !name)
		return err->code;
	if (ix->writable && ix->db.path && *ix->db.path &&
	    (backfill(err, &ix->db, ix->ar, &ix->opts, SIZE_MAX, &done) ||
	     find_unready(err, ix, ring, used, &name)))
		return err->code;
	if (!name)
		return PACS_OK;
	return pacs_error_set(err, PACS_EBUSY,
			      "the index does not have '%s' of all objects "
			      "yet; whoever may write it should run "
			      "'pacs-index update'",
			      name);
}

void
pacs_index_close(struct pacs_index *ix)
{
	if (!ix)
		return;
	close_db(ix);
	free(ix->base);
	free(ix);
}

const struct pacs_index_done *
pacs_index_done(const struct pacs_index *ix)
{
	return &ix->done;
}

const char *
pacs_index_path(const struct pacs_index *ix)
{
	return ix->db.path;
}

enum pacs_err
pacs_index_update(struct pacs_error *err, struct pacs_index *ix,
		  struct pacs_index_done *ret_done)
{
	const struct pacs_index_done before = {.in_memory = ix->done.in_memory,
					       .full = ix->done.full};
	char now[GENERATION_ROOM];

	ix->done = before;
	generation_find(ix->base, now);
	if (ix->generation[0] && strcmp(now, ix->generation) != 0) {
		close_db(ix);
		if (open_current(err, ix))
			return err->code;
	}
	sync_up(err, ix, HEAL_ALL);
	if (ret_done)
		*ret_done = ix->done;
	return err->code;
}

enum pacs_err
pacs_index_rebuild(struct pacs_error *err, const struct pacs_archive *ar,
		   const struct pacs_index_options *opts,
		   struct pacs_index_done *ret_done)
{
	static const struct pacs_index_done nothing;
	struct pacs_index_done done = nothing;

	if (generation_build(err, ar, NULL, opts ? opts : &no_options, &done))
		return err->code;
	if (ret_done)
		*ret_done = done;
	return PACS_OK;
}
