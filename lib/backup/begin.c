/*
 * Where a night begins: behind the last snapshot, or where a run was
 * interrupted, whose leftovers go.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/night.h"
#include "backup/snapshot.h"

static enum pacs_err
require_history(struct pacs_error *err, const struct night *n,
		const struct pacs_cursor *c)
{
	bool holds;
	enum pacs_err rc = pacs_ledger_holds(err, n->ar, c, &holds);

	if (rc || holds)
		return rc;
	return pacs_error_set(
	    err, PACS_ECONFLICT,
	    "the last snapshot holds the state %06u-%llu-%s, which this "
	    "archive never had: it is a fork, or an older copy that was "
	    "restored; back it up to another repository",
	    c->segment, (unsigned long long)c->offset, c->check);
}

/* Files of the snapshot that is begun which nobody names. */
static enum pacs_err
remove_leftovers(struct pacs_error *err, struct night *n, const char *top)
{
	struct names names = {0}, named = {0};
	char dir[NAME_ROOM], name[300];
	enum pacs_err rc;
	size_t i;

	for (i = 0; i < n->now.file_count; i++)
		names_add(&named, n->now.files[i].name);
	names_sort(&named);
	snprintf(dir, sizeof(dir), "%s/%06u", top, n->now.number);
	rc = depot_list(err, &n->r->depot, dir, &names);
	for (i = 0; !rc && i < names.count; i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, names.list[i]);
		if (!names_have(&named, name))
			rc = depot_remove(err, &n->r->depot, name);
	}
	names_clear(&names);
	names_clear(&named);
	return rc;
}

static enum pacs_err
clear_tmp(struct pacs_error *err, struct night *n)
{
	struct names names = {0};
	enum pacs_err rc = PACS_OK;
	char name[300];
	size_t i;

	if (n->r->depot.remote)
		return PACS_OK;
	rc = depot_list(err, &n->r->depot, "tmp", &names);
	for (i = 0; !rc && i < names.count; i++) {
		/* A folder of that name may have been there before us. */
		if (strncmp(names.list[i], STAGED, strlen(STAGED)) != 0)
			continue;
		snprintf(name, sizeof(name), "tmp/%s", names.list[i]);
		rc = depot_remove(err, &n->r->depot, name);
	}
	names_clear(&names);
	return rc;
}

void
night_begin_new(struct night *n)
{
	static const struct pacs_cursor start = PACS_CURSOR_START;
	const struct snapshot *b = &n->base;

	n->now.number = b->number + 1;
	snprintf(n->now.archive, sizeof(n->now.archive), "%s",
		 pacs_archive_settings(n->ar)->uuid);
	pacs_time_now(n->now.began);
	n->now.from = n->now.to = b->number ? b->to : start;
	n->now.sealed = b->number ? b->sealed : start;
	memcpy(n->now.previous, b->sha256, sizeof(b->sha256));
	memcpy(n->now.small, b->small, sizeof(b->small));
	n->now.all_objects = b->all_objects;
	n->now.all_bytes = b->all_bytes;
	n->now.all_packs = b->all_packs;
	for (size_t i = 0; i < b->owed_count; i++)
		snapshot_owe(&n->now, &b->owed[i]);
}

/* The number of a file "FOLDER/000007/00012...", if that is greater. */
static void
go_on_behind(const char *name, const char *folder, unsigned *number)
{
	size_t n = strlen(folder);
	const char *digits = strncmp(name, folder, n) == 0 && name[n] == '/'
				 ? strchr(name + n + 1, '/')
				 : NULL;
	unsigned long k = digits ? strtoul(digits + 1, NULL, 10) : 0;

	if (k > *number && k <= PACK_NUMBER_MOST)
		*number = (unsigned)k;
}

/* Numbers of files go on behind those that are named. */
static void
count_files(struct night *n)
{
	size_t i;

	for (i = 0; i < n->now.file_count; i++) {
		go_on_behind(n->now.files[i].name, "packs", &n->packer.serial);
		go_on_behind(n->now.files[i].name, "index", &n->part);
	}
}

enum pacs_err
night_begin(struct pacs_error *err, struct night *n)
{
	struct snapshot partial;
	enum pacs_err rc = snapshot_last(err, n->r, &n->base, &partial);

	if (rc)
		return rc;
	if (partial.number && !strcmp(partial.previous, n->base.sha256)) {
		n->now = partial;
		n->resumed = true;
	} else {
		snapshot_clear(&partial);
		night_begin_new(n);
	}
	rc = require_history(err, n, &n->now.to);
	if (!rc)
		rc = require_history(err, n, &n->now.sealed);
	count_files(n);
	return rc;
}

enum pacs_err
night_sweep(struct pacs_error *err, struct night *n)
{
	enum pacs_err rc = remove_leftovers(err, n, "packs");

	if (!rc)
		rc = remove_leftovers(err, n, "index");
	return rc ? rc : clear_tmp(err, n);
}
