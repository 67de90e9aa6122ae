/*
 * A night: what the ledger says is new goes into packs, and a snapshot says so.
 *
 *   seal    the active segment ends, so that each segment is packed once
 *   ledger  the new segments, and the marker, the address book, ...
 *   window  so many lines: of each object the last word; objects into packs,
 *           packs durable, lists durable, then "snapshots/N.partial" says so
 *   end     "snapshots/N" instead of it
 *
 * Interrupted anywhere, the next run goes on behind the last window that the
 * partial snapshot names; what was placed and is not named is removed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/night.h"
#include "backup/packing.h"

#define WINDOW_LINES 50000u
#define WINDOW_PACKS 16u
#define PACK_BYTES   (128u << 20)
/* Pictures are mostly noise: level 3 takes three times as long as level 1 for
 * some per cent (of the corpus: 6 in the median, 20 at most). */
#define LEVEL_OBJECTS 1
#define LEVEL_TEXT    3

/* --- windows -------------------------------------------------------------- */

/* Are the files there that it is going to name? A remote is asked at the end,
 * once: it may have gone and come again, empty. */
static enum pacs_err
confirm(struct pacs_error *err, struct night *n, bool partial)
{
	enum pacs_err rc = PACS_OK;

	if (partial && n->r->depot.remote)
		return PACS_OK;
	rc = depot_confirm(err, &n->r->depot, n->now.files + n->confirmed,
			   n->now.file_count - n->confirmed);
	if (!rc)
		n->confirmed = n->now.file_count;
	return rc;
}

static enum pacs_err
write_snapshot(struct pacs_error *err, struct night *n, bool partial)
{
	struct pacs_buf b = {0};
	char name[NAME_ROOM];
	enum pacs_err rc = confirm(err, n, partial);

	if (rc)
		return rc;
	pacs_time_now(n->now.ended);
	n->now.partial = partial;
	snapshot_format(&n->now, &b);
	snprintf(name, sizeof(name), "snapshots/%06u%s", n->now.number,
		 partial ? ".partial" : "");
	rc = depot_put(err, &n->r->depot, name, b.data, b.len, partial);
	n->wrote_partial |= partial;
	pacs_buf_clear(&b);
	return rc;
}

static enum pacs_err
pack_window(struct pacs_error *err, struct night *n, struct plan *plan)
{
	enum pacs_err rc = pack_plan(err, &n->packer, plan);

	if (!rc && n->r)
		rc = pack_finish(err, &n->packer);
	if (!rc)
		rc = night_settle(err, n, &plan->to);
	if (!rc && n->r)
		rc = pack_index(err, &n->packer, ++n->part);
	pacs_buf_reset(&n->packer.groups);
	pacs_buf_reset(&n->packer.list);
	return rc;
}

/* What was missed before may be there now. Its line is read again. */
static enum pacs_err
pack_owed(struct pacs_error *err, struct night *n)
{
	struct pacs_cursor *owed = n->now.owed;
	size_t count = n->now.owed_count, i;
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	struct plan plan = {0};
	enum pacs_err rc = PACS_OK;

	if (!count)
		return PACS_OK;
	n->now.owed = NULL;
	n->now.owed_count = 0;
	n->now.missed = 0;
	for (i = 0; !rc && i < count; i++) {
		rc = pacs_ledger_open(err, n->ar, &owed[i], &r);
		if (rc)
			break;
		rc = pacs_ledger_next(err, r, &line);
		if (!rc && line)
			window_line(&plan, line);
		pacs_ledger_close(r);
	}
	window_settle(&plan);
	plan.to = n->now.to;
	if (!rc)
		rc = pack_window(err, n, &plan);
	window_clear(&plan);
	free(owed);
	return rc;
}

static bool
stopped(const struct night *n)
{
	return n->hooks->stopped && n->hooks->stopped(n->hooks->ctx);
}

static bool
time_is_over(const struct night *n)
{
	return n->hooks->time_over && n->hooks->time_over(n->hooks->ctx);
}

static enum pacs_err
pack_windows(struct pacs_error *err, struct night *n, bool *ret_all)
{
	uint64_t bytes =
	    n->packer.pack_size * (n->hooks->time_over ? 1 : WINDOW_PACKS);
	enum pacs_err rc = PACS_OK;
	bool first = true;

	while (!rc && pacs_cursor_before(&n->now.to, &n->end)) {
		struct plan plan;

		/* However short the time is, every night gets on. */
		if (stopped(n) || (!first && time_is_over(n)))
			break;
		first = false;
		rc = window_read(err, n->ar, &n->now.to, &n->end, WINDOW_LINES,
				 bytes, &plan);
		if (!rc && !plan.lines) {
			n->now.to = n->end; /* the same state */
			window_clear(&plan);
			break;
		}
		if (!rc)
			rc = pack_window(err, n, &plan);
		if (!rc)
			n->now.to = plan.to;
		window_clear(&plan);
		if (!rc && n->r && pacs_cursor_before(&n->now.to, &n->end))
			rc = write_snapshot(err, n, true);
	}
	*ret_all = !rc && !pacs_cursor_before(&n->now.to, &n->end);
	return rc;
}

/* --- the night ------------------------------------------------------------ */

static enum pacs_err
has_news(struct pacs_error *err, struct night *n, bool *ret)
{
	enum pacs_err rc;

	*ret = true;
	if (n->resumed || n->now.owed_count || !n->base.number)
		return PACS_OK;
	rc = pacs_ledger_has_more(err, n->ar, &n->now.to, ret);
	return rc || *ret ? rc : night_small_news(err, n, ret);
}

static enum pacs_err
open_packer(struct pacs_error *err, struct night *n)
{
	n->packer.repo = n->r;
	n->packer.ar = n->ar;
	n->packer.snapshot = &n->now;
	n->packer.hooks = n->hooks;
	n->packer.kind = "objects";
	n->packer.level = n->o->level ? n->o->level : LEVEL_TEXT;
	n->packer.pack_size = n->o->pack_size ? n->o->pack_size : PACK_BYTES;
	return crew_open(err, n->ar, n->o->jobs,
			 n->o->level ? n->o->level : LEVEL_OBJECTS, n->o->rate,
			 n->hooks, &n->packer.crew);
}

static enum pacs_err
pack_all(struct pacs_error *err, struct night *n, bool *ret_all)
{
	enum pacs_err rc = open_packer(err, n);

	*ret_all = false;
	if (!rc)
		rc = night_sweep(err, n);
	if (!rc)
		rc = pacs_ledger_seal(err, n->ar, &n->end);
	if (!rc)
		rc = night_pack_ledger(err, n);
	if (!rc)
		rc = pack_owed(err, n);
	if (!rc)
		rc = pack_windows(err, n, ret_all);
	return rc;
}

static enum pacs_err
finish(struct pacs_error *err, struct night *n, bool all)
{
	char name[NAME_ROOM];
	enum pacs_err rc;

	if (!all)
		return write_snapshot(err, n, true);
	rc = write_snapshot(err, n, false);
	if (rc || (!n->resumed && !n->wrote_partial))
		return rc;
	snprintf(name, sizeof(name), "snapshots/%06u.partial", n->now.number);
	return depot_remove(err, &n->r->depot, name);
}

static void
tell(const struct night *n, uint64_t objects, uint64_t bytes, size_t files,
     struct pacs_backup_tally *ret)
{
	size_t i;

	memset(ret, 0, sizeof(*ret));
	ret->number = n->now.number;
	ret->objects = n->now.objects - objects;
	ret->bytes = n->now.bytes - bytes;
	ret->missed = n->now.missed;
	for (i = files; i < n->now.file_count; i++)
		if (!strncmp(n->now.files[i].name, "packs/", 6)) {
			ret->packs++;
			ret->stored += n->now.files[i].size;
		}
}

static void
night_clear(struct night *n)
{
	packer_clear(&n->packer);
	snapshot_clear(&n->base);
	snapshot_clear(&n->now);
	free(n->late);
}

enum pacs_err
pacs_backup_create(struct pacs_error *err, struct pacs_repo *r,
		   struct pacs_archive *ar, const struct pacs_backup_options *o,
		   const struct pacs_backup_hooks *hooks,
		   struct pacs_backup_tally *ret)
{
	struct night n = {.r = r, .ar = ar, .o = o, .hooks = hooks};
	enum pacs_err rc = depot_lock(err, &r->depot, &r->lock_fd);
	bool news = false, all = true;
	uint64_t objects = 0, bytes = 0;
	size_t files = 0;

	memset(ret, 0, sizeof(*ret));
	if (rc)
		return rc;
	rc = night_begin(err, &n);
	if (!rc)
		rc = has_news(err, &n, &news);
	objects = n.now.objects;
	bytes = n.now.bytes;
	files = n.now.file_count;
	if (!rc && news)
		rc = pack_all(err, &n, &all);
	if (!rc)
		rc = finish(err, &n, all);
	tell(&n, objects, bytes, files, ret);
	ret->complete = !rc && all;
	night_clear(&n);
	close(r->lock_fd);
	r->lock_fd = -1;
	return rc;
}

/* --- one stream ----------------------------------------------------------- */

enum pacs_err
pacs_backup_stream(struct pacs_error *err, int fd, struct pacs_archive *ar,
		   const char *const *recipients, size_t count,
		   const struct pacs_backup_options *o,
		   const struct pacs_backup_hooks *hooks,
		   struct pacs_backup_tally *ret)
{
	struct night n = {.ar = ar, .o = o, .hooks = hooks};
	struct names to = {0};
	enum pacs_err rc;
	bool all = false;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < count; i++)
		names_add(&to, recipients[i]);
	night_begin_new(&n);
	rc = open_packer(err, &n);
	n.packer.pack_size = UINT64_MAX;
	if (!rc)
		rc = pacs_ledger_seal(err, ar, &n.end);
	if (!rc)
		rc = push_stream(err, fd, &to, &n.packer.push);
	if (!rc) {
		n.packer.open = true;
		n.packer.serial = 1;
		rc = night_pack_ledger(err, &n);
	}
	if (!rc)
		rc = pack_windows(err, &n, &all);
	if (!rc)
		rc = pack_finish(err, &n.packer);
	tell(&n, 0, 0, 0, ret);
	ret->stored = n.packer.size;
	ret->packs = 1;
	ret->complete = !rc && all;
	night_clear(&n);
	names_clear(&to);
	return rc;
}
