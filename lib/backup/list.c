/*
 * What snapshots there are.
 */
#include <string.h>

#include "backup/snapshot.h"

static void
describe(const struct snapshot *s, struct pacs_backup_snapshot *v)
{
	size_t i;

	memset(v, 0, sizeof(*v));
	v->number = s->number;
	v->began = s->began;
	v->ended = s->ended;
	v->complete = !s->partial;
	v->at = s->to;
	v->objects = s->objects;
	v->bytes = s->bytes;
	v->missed = s->missed;
	v->all_objects = s->all_objects;
	v->all_bytes = s->all_bytes;
	v->all_packs = s->all_packs;
	v->files = s->files;
	v->file_count = s->file_count;
	for (i = 0; i < s->file_count; i++)
		if (!strncmp(s->files[i].name, "packs/", 6)) {
			v->packs++;
			v->stored += s->files[i].size;
		}
}

enum pacs_err
pacs_backup_list(struct pacs_error *err, struct pacs_repo *r, unsigned number,
		 pacs_backup_snapshot_fn *fn, void *ctx)
{
	struct pacs_backup_snapshot v;
	const struct snapshot *s;
	struct chain c;
	enum pacs_err rc = chain_open(err, r, number, &c);
	bool any = false;

	while (!rc && !(rc = chain_next(err, r, &c, &s)) && s) {
		if (s->dropped || (number && s->number != number))
			continue;
		describe(s, &v);
		fn(ctx, &v);
		any = true;
	}
	chain_close(&c);
	if (!rc && number && !any)
		rc = pacs_error_set(err, PACS_ENOTFOUND,
				    "there is no snapshot %u", number);
	return rc;
}
