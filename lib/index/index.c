/*
 * Opening an index, and bringing it up to date.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index/internal.h"

/* Broken headers that an automatic catch-up looks at again. */
#define HEAL_A_LITTLE 16
/* Headers that it reads again for a key that is new to the index. */
#define BACKFILL_A_LITTLE 256

static const struct pacs_index_options no_options;

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
	return index_open_current(err, ix);
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
	more = pacs_cursor_before(&s.cursor, &until);
	if (!more && !heal)
		goto out;
	if (!ix->writable) {
		if (more && index_overlay(err, ix, &until))
			goto out;
		goto out;
	}
	if (catch_up(err, &ix->db, ix->ar, &ix->opts, &until, 0,
		     heal ? heal : HEAL_A_LITTLE, &ix->done)) {
		if (err->code == PACS_ENOSPC &&
		    index_read_only(err, ix, &until))
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
	if (index_open_current(err, ix) ||
	    (!ix->opts.as_is && sync_up(err, ix, 0))) {
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
	index_close_db(ix);
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
		index_close_db(ix);
		if (index_open_current(err, ix))
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
