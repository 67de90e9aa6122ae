/* pacs-backup list, show: snapshots, and the files of one. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/backup.h"

void
backup_fill(const struct pacs_backup_snapshot *s, struct numbers *n,
	    const char *values[F_COUNT])
{
#define N(buf, v) snprintf(buf, sizeof(buf), "%" PRIu64, (uint64_t)(v))
	N(n->number, s->number);
	N(n->objects, s->objects);
	N(n->bytes, s->bytes);
	N(n->stored, s->stored);
	N(n->missed, s->missed);
	N(n->all_objects, s->all_objects);
	N(n->all_bytes, s->all_bytes);
	N(n->all_packs, s->all_packs);
#undef N
	snprintf(n->position, sizeof(n->position), "%06u-%" PRIu64 "-%s",
		 s->at.segment, s->at.offset, s->at.check);
	values[F_NUMBER] = n->number;
	values[F_BEGAN] = s->began;
	values[F_ENDED] = s->ended;
	values[F_COMPLETE] = s->complete ? "true" : "false";
	values[F_OBJECTS] = n->objects;
	values[F_BYTES] = n->bytes;
	values[F_STORED] = n->stored;
	values[F_MISSED] = n->missed;
	values[F_ALL_OBJECTS] = n->all_objects;
	values[F_ALL_BYTES] = n->all_bytes;
	values[F_ALL_PACKS] = n->all_packs;
	values[F_POSITION] = n->position;
}

static void
list_one(void *p, const struct pacs_backup_snapshot *s)
{
	const char *values[F_COUNT] = {0};
	struct numbers n;
	struct ctx *c = p;

	backup_fill(s, &n, values);
	cli_record(c->records, values);
	c->tally.done++;
}

static void
show_one(void *p, const struct pacs_backup_snapshot *s)
{
	const char *values[F_COUNT] = {0};
	struct numbers n;
	struct ctx *c = p;
	char size[24];
	size_t i;

	backup_fill(s, &n, values);
	for (i = 0; i < s->file_count; i++) {
		snprintf(size, sizeof(size), "%" PRIu64, s->files[i].size);
		snprintf(n.objects, sizeof(n.objects), "%" PRIu64,
			 s->files[i].objects);
		values[F_NAME] = s->files[i].name;
		values[F_KIND] = s->files[i].kind;
		values[F_SIZE] = size;
		values[F_SHA256] = s->files[i].sha256;
		cli_record(c->records, values);
	}
	c->tally.done++;
}

void
backup_list(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;

	backup_open(c);
	c->records = cli_records_new(
	    backup_fields, "snapshot,began_at,ended_at,complete,objects,bytes,"
			   "stored_bytes,missed,all_objects,all_bytes");
	if (pacs_backup_list(&err, c->r, 0, list_one, c))
		backup_fail(c, &err);
	c->tally.no = !c->tally.done && !c->tally.fatal;
}

static void
keep_last(void *p, const struct pacs_backup_snapshot *s)
{
	*(unsigned *)p = s->number;
}

void
backup_show(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;
	unsigned number = (unsigned)flags.snapshot;

	backup_open(c);
	c->records = cli_records_new(backup_fields,
				     "name,kind,size_bytes,objects,sha256");
	if ((!number && pacs_backup_list(&err, c->r, 0, keep_last, &number)) ||
	    (number && pacs_backup_list(&err, c->r, number, show_one, c)))
		backup_fail(c, &err);
	c->tally.no = !c->tally.done && !c->tally.fatal;
}
