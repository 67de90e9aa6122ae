/*
 * Catching up in memory, for whoever may not write or has no room.
 */
#include "index/internal.h"

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
enum pacs_err
index_overlay(struct pacs_error *err, struct pacs_index *ix,
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

void
index_close_db(struct pacs_index *ix)
{
	db_close(&ix->db);
	overlay_close(ix->overlay);
	ix->overlay = NULL;
}

/* The disk is full: what is missing is added in memory. */
enum pacs_err
index_read_only(struct pacs_error *err, struct pacs_index *ix,
		const struct pacs_cursor *until)
{
	static const struct pacs_index_done nothing;

	pacs_error_clear(err);
	index_close_db(ix);
	ix->writable = false;
	ix->done = nothing;
	ix->done.full = true;
	if (index_open_file(err, ix))
		return err->code;
	return index_overlay(err, ix, until);
}
