/*
 * Dropping snapshots, and removing packs that hold nothing that a kept one
 * needs.
 *
 * A dropped snapshot moves to dropped/: its text is still the list of the packs
 * that the later ones build on. A pack that goes is named in dropped/removed,
 * durably, before it is removed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backup/prune.h"
#include "backup/snapshot.h"

#define FAR (31 * 86400) /* seconds ahead of the last snapshot */

enum { PERIOD = 32 };

int64_t
pacs_backup_seconds(const char *time)
{
	struct tm tm = {0};

	/* NOLINTNEXTLINE(cert-err34-c): the widths bound the numbers */
	if (sscanf(time, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return timegm(&tm);
}

/* --- what to keep --------------------------------------------------------- */

static enum pacs_err
read_snapshots(struct pacs_error *err, struct pruning *g)
{
	const struct snapshot *s;
	struct chain c;
	enum pacs_err rc = chain_open(err, g->r, 0, &c);
	size_t cap = 0;

	while (!rc && !(rc = chain_next(err, g->r, &c, &s)) && s) {
		if (s->partial)
			continue;
		if (g->count == cap) {
			cap = cap ? 2 * cap : 64;
			g->list = pacs_realloc(g->list, cap * sizeof(*g->list));
		}
		g->list[g->count++] =
		    (struct kept){s->number, pacs_backup_seconds(s->ended),
				  s->dropped, false};
		g->all_objects = s->all_objects;
	}
	chain_close(&c);
	if (!rc && !g->count)
		rc =
		    pacs_error_set(err, PACS_ENOTFOUND, "there is no snapshot");
	return rc;
}

/* With a wrong clock everything would seem old, or nothing. */
static enum pacs_err
check_clock(struct pacs_error *err, const struct pruning *g)
{
	int64_t now = pacs_time_us() / 1000000, before = 0;
	size_t i;

	for (i = 0; i < g->count; i++) {
		if (g->list[i].ended < before)
			return pacs_error_set(
			    err, PACS_ECONFLICT,
			    "snapshot %u is older than the one before it: a "
			    "clock went backwards",
			    g->list[i].number);
		before = g->list[i].ended;
	}
	if (now < before)
		return pacs_error_set(err, PACS_ECONFLICT,
				      "the last snapshot is of the future: the "
				      "clock went backwards");
	if (now > before + FAR)
		return pacs_error_set(
		    err, PACS_ECONFLICT,
		    "the last snapshot is older than 31 days: "
		    "the clock is far ahead, or no backup "
		    "ran; nothing is pruned");
	return PACS_OK;
}

static void
name_period(const struct tm *tm, char unit, char ret[PERIOD])
{
	size_t n;

	switch (unit) {
	case 'd':
		n = strftime(ret, PERIOD, "%Y-%m-%d", tm);
		break;
	case 'w':
		n = strftime(ret, PERIOD, "%G-%V", tm);
		break;
	case 'm':
		n = strftime(ret, PERIOD, "%Y-%m", tm);
		break;
	default:
		n = strftime(ret, PERIOD, "%Y", tm);
	}
	if (!n)
		*ret = '\0';
}

/* The last snapshot of each of the last n periods that have one. */
static void
keep_by(struct pruning *g, unsigned n, char unit)
{
	char before[PERIOD] = "", period[PERIOD];
	struct tm tm;
	time_t t;
	size_t i;

	for (i = g->count; n && i-- > 0;) {
		if (g->list[i].dropped)
			continue;
		t = (time_t)g->list[i].ended;
		gmtime_r(&t, &tm);
		name_period(&tm, unit, period);
		if (!strcmp(period, before))
			continue;
		memcpy(before, period, sizeof(before));
		g->list[i].keep = true;
		n--;
	}
}

static void
choose(struct pruning *g, struct pacs_prune_tally *ret)
{
	size_t i;

	keep_by(g, g->p->daily, 'd');
	keep_by(g, g->p->weekly, 'w');
	keep_by(g, g->p->monthly, 'm');
	keep_by(g, g->p->yearly, 'y');
	/* The newest holds the only copies of what is live. */
	g->list[g->count - 1].keep = true;
	for (i = 0; i < g->count; i++) {
		ret->kept += g->list[i].keep;
		ret->dropped += !g->list[i].keep && !g->list[i].dropped;
	}
}

/* --- doing it ------------------------------------------------------------- */

static enum pacs_err
write_removed(struct pacs_error *err, struct pruning *g)
{
	struct names all = {0};
	struct pacs_buf b = {0};
	enum pacs_err rc = removed_read(err, g->r, &all);
	size_t i;

	for (i = 0; i < g->pack_count; i++)
		if (!g->packs[i].needed)
			names_add(&all, g->packs[i].name);
	names_sort(&all);
	for (i = 0; i < all.count; i++)
		pacs_buf_addf(&b, "%s\n", all.list[i]);
	if (!rc)
		text_seal(&b);
	if (!rc)
		rc = depot_put(err, &g->r->depot, "dropped/removed", b.data,
			       b.len, true);
	names_clear(&all);
	pacs_buf_clear(&b);
	return rc;
}

static enum pacs_err
drop_snapshots(struct pacs_error *err, struct pruning *g,
	       void (*tell)(void *, const char *, const char *), void *ctx)
{
	char from[NAME_ROOM], to[NAME_ROOM];
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < g->count; i++) {
		if (g->list[i].keep || g->list[i].dropped)
			continue;
		snprintf(from, sizeof(from), "snapshots/%06u",
			 g->list[i].number);
		snprintf(to, sizeof(to), "dropped/%06u", g->list[i].number);
		if (tell)
			tell(ctx, "snapshot", from);
		if (!g->p->dry_run)
			rc = depot_move(err, &g->r->depot, from, to);
	}
	return rc;
}

static enum pacs_err
remove_packs(struct pacs_error *err, struct pruning *g,
	     void (*tell)(void *, const char *, const char *), void *ctx,
	     struct pacs_prune_tally *ret)
{
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; i < g->pack_count; i++)
		if (!g->packs[i].needed) {
			ret->packs++;
			ret->bytes += g->packs[i].size;
			if (tell)
				tell(ctx, "pack", g->packs[i].name);
		}
	if (!ret->packs || g->p->dry_run)
		return PACS_OK;
	rc = write_removed(err, g);
	for (i = 0; !rc && i < g->pack_count; i++)
		if (!g->packs[i].needed)
			rc = depot_remove(err, &g->r->depot, g->packs[i].name);
	return rc;
}

/* What an interrupted prune had named and not yet removed. */
static enum pacs_err
finish_removing(struct pacs_error *err, struct pruning *g)
{
	struct names all = {0}, there = {0};
	struct depot *d = &g->r->depot;
	enum pacs_err rc = removed_read(err, g->r, &all);
	size_t i;

	if (!rc && all.count && d->remote)
		rc = remote_list_packs(err, d, &there);
	for (i = 0; !rc && i < all.count; i++)
		if (d->remote ? names_have(&there, all.list[i])
			      : faccessat(d->dirfd, all.list[i], F_OK, 0) == 0)
			rc = depot_remove(err, d, all.list[i]);
	names_clear(&all);
	names_clear(&there);
	return rc;
}

enum pacs_err
pacs_backup_prune(struct pacs_error *err, struct pacs_repo *r,
		  const struct pacs_prune *p,
		  void (*tell)(void *ctx, const char *what, const char *name),
		  void *ctx, struct pacs_prune_tally *ret)
{
	struct pruning g = {.r = r, .p = p};
	enum pacs_err rc = depot_lock(err, &r->depot, &r->lock_fd);
	size_t i;

	memset(ret, 0, sizeof(*ret));
	if (rc)
		return rc;
	for (i = 0; i < p->hold_count; i++)
		names_add(&g.hold, p->hold[i]);
	names_sort(&g.hold);
	rc = read_snapshots(err, &g);
	if (!rc)
		rc = check_clock(err, &g);
	if (!rc)
		choose(&g, ret);
	ret->packs_unknown = pacs_repo_is_closed(r);
	if (!rc && !ret->packs_unknown)
		rc = find_needed(err, &g);
	if (!rc && !p->dry_run)
		rc = finish_removing(err, &g);
	if (!rc)
		rc = drop_snapshots(err, &g, tell, ctx);
	if (!rc)
		rc = remove_packs(err, &g, tell, ctx, ret);
	free(g.list);
	free(g.packs);
	names_clear(&g.hold);
	close(r->lock_fd);
	r->lock_fd = -1;
	return rc;
}
