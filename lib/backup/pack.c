/*
 * Writing packs: frames in order, and where each group of them begins and ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/entry.h"
#include "backup/packing.h"

enum pacs_err
pack_begin(struct pacs_error *err, struct packer *p)
{
	static const struct names none;
	enum pacs_err rc;

	if (p->open)
		return PACS_OK;
	rc = p->repo ? push_open(err, p->repo, &p->push)
		     : push_stream(err, p->stream_fd, &none, &p->push);
	p->size = p->raw = p->objects = 0;
	p->open = !rc;
	p->serial += !rc;
	return rc;
}

static void
end_extent(struct packer *p)
{
	if (!*p->extent.key || p->extent.offset == p->size)
		return;
	pacs_buf_addf(&p->groups, "%s\t+\t%05u\t%012llu\t%llu\t%llu\t%llu",
		      p->extent.key, p->serial,
		      (unsigned long long)p->extent.offset,
		      (unsigned long long)(p->size - p->extent.offset),
		      (unsigned long long)p->extent.raw,
		      (unsigned long long)p->extent.objects);
	if (p->extent.values.len)
		pacs_buf_adds(&p->groups, pacs_buf_str(&p->extent.values));
	else
		group_values(&p->groups, "", 0);
	pacs_buf_addc(&p->groups, '\n');
	p->extent.offset = p->size;
	p->extent.raw = p->extent.objects = 0;
}

enum pacs_err
pack_finish(struct pacs_error *err, struct packer *p)
{
	static const char zeros[2 * BLOCK];
	struct pacs_buf end = {0};
	struct pacs_backup_file f = {0}, *to;
	char name[NAME_ROOM];
	enum pacs_err rc;

	if (!p->open)
		return PACS_OK;
	end_extent(p);
	rc = zstd_whole(err, zeros, sizeof(zeros), 1, &end);
	if (!rc)
		rc = push_write(err, &p->push, end.data, end.len);
	snprintf(name, sizeof(name), "packs/%06u/%05u.tar.zst",
		 p->snapshot->number, p->serial);
	if (!rc)
		rc = push_place(err, &p->push, p->repo ? name : NULL, &f);
	if (!rc && p->repo) {
		to = snapshot_add(p->snapshot);
		*to = f;
		snprintf(to->kind, sizeof(to->kind), "%s", p->kind);
		to->raw = p->raw;
		to->objects = p->objects;
		p->snapshot->all_packs++;
	}
	push_close(&p->push);
	pacs_buf_clear(&end);
	p->open = false;
	*p->extent.key = '\0';
	return rc;
}

enum pacs_err
pack_frames(struct pacs_error *err, struct packer *p,
	    const struct pacs_buf *frames, uint64_t raw)
{
	enum pacs_err rc = push_write(err, &p->push, frames->data, frames->len);

	p->size += frames->len;
	p->raw += raw;
	return rc;
}

enum pacs_err
pack_extent(struct pacs_error *err, struct packer *p, const struct job *j)
{
	bool whole = !j->range || j->first;
	bool same = !strcmp(p->extent.key, j->key);
	char key[KEY_ROOM];
	enum pacs_err rc = PACS_OK;

	memcpy(key, j->key, sizeof(key));
	if (p->open && whole && p->size &&
	    p->size + j->out.len + BLOCK > p->pack_size) {
		rc = pack_finish(err, p);
	} else if (p->open && !same) {
		end_extent(p);
	}
	if (!rc)
		rc = pack_begin(err, p);
	if (rc)
		return rc;
	if (j->with_values) {
		pacs_buf_reset(&p->extent.values);
		pacs_buf_adds(&p->extent.values, pacs_buf_str(&j->values));
	}
	if (strcmp(p->extent.key, key) != 0) {
		memcpy(p->extent.key, key, sizeof(key));
		p->extent.offset = p->size;
		p->extent.raw = p->extent.objects = 0;
	}
	return PACS_OK;
}

void
packer_clear(struct packer *p)
{
	crew_close(p->crew);
	if (p->open)
		push_close(&p->push);
	pacs_buf_clear(&p->extent.values);
	pacs_buf_clear(&p->groups);
	pacs_buf_clear(&p->list);
	free(p->failed);
	memset(p, 0, sizeof(*p));
}
