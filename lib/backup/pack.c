/*
 * Writing packs: frames in order, and where each group of them begins and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/entry.h"
#include "backup/packing.h"
#include "base/file.h"

#define FILE_CHUNK (4u << 20)

/* --- the pack that is being written ------------------------------------- */

static enum pacs_err
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

static enum pacs_err
write_frames(struct pacs_error *err, struct packer *p,
	     const struct pacs_buf *frames, uint64_t raw)
{
	enum pacs_err rc = push_write(err, &p->push, frames->data, frames->len);

	p->size += frames->len;
	p->raw += raw;
	return rc;
}

/* --- results of the crew -------------------------------------------------- */

static void
note_failed(struct packer *p, struct item *item)
{
	if (p->failed_count == p->failed_cap) {
		p->failed_cap = p->failed_cap ? 2 * p->failed_cap : 64;
		p->failed =
		    pacs_realloc(p->failed, p->failed_cap * sizeof(*p->failed));
	}
	p->failed[p->failed_count++] = item;
}

/* The lines of the job's list, with the pack before each. */
static void
add_list(struct packer *p, const struct job *j)
{
	const char *s = pacs_buf_str(&j->list), *nl;

	for (; (nl = strchr(s, '\n')); s = nl + 1) {
		pacs_buf_addf(&p->list, "%05u\t", p->serial);
		pacs_buf_add(&p->list, s, (size_t)(nl - s) + 1);
	}
}

static enum pacs_err
begin_extent(struct pacs_error *err, struct packer *p, struct job *j)
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

static enum pacs_err
take_job(struct pacs_error *err, struct packer *p, struct job *j)
{
	enum pacs_err rc = j->rc;
	size_t i;

	for (i = 0; i < j->failed_count; i++)
		note_failed(p, j->failed[i]);
	if (rc)
		*err = j->err;
	if (!rc && j->raw)
		rc = begin_extent(err, p, j);
	if (!rc && j->raw)
		rc = write_frames(err, p, &j->out, j->raw);
	if (!rc && j->raw) {
		p->extent.raw += j->raw;
		p->extent.objects += j->done;
		p->objects += j->done;
		p->snapshot->objects += j->done;
		p->snapshot->bytes += j->bytes;
		p->snapshot->all_objects += j->done;
		p->snapshot->all_bytes += j->bytes;
		add_list(p, j);
		if (p->hooks->progress)
			p->hooks->progress(p->hooks->ctx, j->done, j->bytes);
	}
	crew_done(p->crew, j);
	return rc;
}

static enum pacs_err
submit(struct pacs_error *err, struct packer *p, struct job *j)
{
	enum pacs_err rc = PACS_OK;

	if (!p->patient && p->hooks->stopped &&
	    p->hooks->stopped(p->hooks->ctx))
		rc = pacs_error_set(err, PACS_EINTERRUPTED,
				    "stopped; the next run goes on");
	if (!rc && crew_full(p->crew))
		rc = take_job(err, p, crew_collect(p->crew));
	if (rc) {
		job_free(j);
		return rc;
	}
	crew_submit(p->crew, j);
	return PACS_OK;
}

/* --- a plan --------------------------------------------------------------- */

static struct job *
job_new(const char *key, bool with_values, size_t count)
{
	struct job *j = pacs_calloc(1, sizeof(*j));

	memcpy(j->key, key, KEY_ROOM);
	j->with_values = with_values;
	j->fd = -1;
	j->items = pacs_calloc(count, sizeof(*j->items));
	return j;
}

/* Is it there, as recorded? Then *ret_fd. */
static bool
open_big(const struct packer *p, const struct item *item, int *ret_fd,
	 unsigned *ret_mode)
{
	struct pacs_error e = PACS_ERROR_INIT;
	char sha[PACS_SHA256_HEX];
	uint64_t size;
	struct stat st;

	if (pacs_file_open(&e, pacs_archive_dirfd(p->ar), item->path, ret_fd,
			   &size))
		return false;
	if (item->sha256 && size == item->size && fstat(*ret_fd, &st) == 0 &&
	    !pacs_sha256_fd(&e, *ret_fd, sha, &size) &&
	    strcmp(sha, item->sha256) == 0) {
		*ret_mode = st.st_mode & 0777;
		return true;
	}
	close(*ret_fd);
	return false;
}

/* An object that is larger than a chunk: in ranges. */
static enum pacs_err
pack_big(struct pacs_error *err, struct packer *p, struct item *item,
	 const char *key, bool with_values)
{
	size_t chunk = crew_chunk(p->crew);
	enum pacs_err rc = PACS_OK;
	uint64_t at = 0;
	unsigned mode;
	int fd;

	if (!open_big(p, item, &fd, &mode)) {
		note_failed(p, item);
		return PACS_OK;
	}
	while (!rc && at < item->size) {
		struct job *j = job_new(key, with_values && !at, 1);

		j->items[0] = item;
		j->count = 1;
		j->range = true;
		j->fd = fd;
		j->mode = mode;
		j->offset = at;
		j->first = !at;
		j->length = item->size - at < chunk ? item->size - at : chunk;
		at += j->length;
		j->last = at == item->size;
		rc = submit(err, p, j);
	}
	return rc;
}

static void
note_gone(struct packer *p, const struct item *item, char what)
{
	char key[KEY_ROOM];

	group_key(item->path, key);
	pacs_buf_addf(&p->groups, "%s\t%c\t%s\n", key, what, item->path);
}

/* Objects from *at on that go into one frame: of one study, and small. */
static struct job *
next_job(struct packer *p, struct plan *plan, size_t *at, const char *key,
	 bool with_values)
{
	size_t i = *at, most = 0, chunk = crew_chunk(p->crew);
	uint64_t bytes = 0;
	struct job *j;

	while (i + most < plan->count && most < 4096)
		most++;
	j = job_new(key, with_values, most);
	for (; i < plan->count && j->count < most; i++) {
		struct item *item = &plan->list[i];
		char own[KEY_ROOM];

		if (item->gone) {
			note_gone(p, item, '-');
			continue;
		}
		group_key(item->path, own);
		if (strcmp(own, key) != 0 || item->size > chunk ||
		    (j->count && bytes + item->size > chunk))
			break;
		bytes += item->size + 4 * BLOCK;
		j->items[j->count++] = item;
	}
	*at = i;
	return j;
}

static enum pacs_err
settle(struct pacs_error *err, struct packer *p)
{
	enum pacs_err rc = PACS_OK;
	struct job *j;

	while ((j = crew_collect(p->crew)))
		if (rc)
			job_free(j);
		else
			rc = take_job(err, p, j);
	return rc;
}

enum pacs_err
pack_plan(struct pacs_error *err, struct packer *p, struct plan *plan)
{
	char key[KEY_ROOM], before[KEY_ROOM] = "";
	enum pacs_err rc = PACS_OK, end;
	size_t i = 0;

	while (!rc && i < plan->count) {
		struct item *item = &plan->list[i];
		bool first;

		if (item->gone) {
			note_gone(p, item, '-');
			i++;
			continue;
		}
		group_key(item->path, key);
		first = strcmp(key, before) != 0;
		memcpy(before, key, sizeof(before));
		if (item->size > crew_chunk(p->crew)) {
			rc = pack_big(err, p, item, key, first);
			i++;
		} else {
			rc = submit(err, p, next_job(p, plan, &i, key, first));
		}
	}
	end = settle(rc ? &(struct pacs_error)PACS_ERROR_INIT : err, p);
	return rc ? rc : end;
}

/* --- files that are not objects ------------------------------------------- */

static enum pacs_err
file_chunk(struct pacs_error *err, struct packer *p, struct pacs_buf *raw)
{
	struct pacs_buf out = {0};
	enum pacs_err rc = zstd_whole(err, raw->data, raw->len, p->level, &out);

	if (!rc)
		rc = write_frames(err, p, &out, raw->len);
	pacs_buf_clear(&out);
	pacs_buf_reset(raw);
	return rc;
}

/* Bytes of a file, but for the last chunk, which waits in raw for its padding.
 */
static enum pacs_err
pack_bytes(struct pacs_error *err, struct packer *p, const char *path, int fd,
	   uint64_t total, struct pacs_buf *raw)
{
	enum pacs_err rc = PACS_OK;
	uint64_t at = 0;
	size_t n;

	while (!rc && at < total) {
		uint64_t want = total - at;

		if (want > FILE_CHUNK)
			want = FILE_CHUNK;
		pacs_buf_reserve(raw, (size_t)want);
		rc = pacs_file_pread(err, fd, raw->data + raw->len,
				     (size_t)want, at, &n);
		if (!rc && n != want)
			rc = pacs_error_set(err, PACS_EINTEGRITY,
					    "'%s' became shorter", path);
		if (rc)
			break;
		raw->len += n;
		at += n;
		if (at < total)
			rc = file_chunk(err, p, raw);
	}
	return rc;
}

enum pacs_err
pack_file(struct pacs_error *err, struct packer *p, const char *path,
	  unsigned mode, const void *bytes, size_t size)
{
	struct pacs_buf raw = {0};
	char sha[PACS_SHA256_HEX];
	uint64_t total = size;
	enum pacs_err rc = pack_begin(err, p);
	size_t pad;
	int fd = -1;

	if (!rc && !bytes) {
		rc = pacs_file_open(err, pacs_archive_dirfd(p->ar), path, &fd,
				    &total);
		if (!rc)
			rc = pacs_sha256_fd(err, fd, sha, &total);
	} else if (!rc) {
		pacs_sha256_hex(bytes, size, sha);
	}
	if (rc)
		goto out;
	tar_header(&raw, path, total, mode, sha);
	if (bytes)
		pacs_buf_add(&raw, bytes, size);
	else
		rc = pack_bytes(err, p, path, fd, total, &raw);
	pad = path[strlen(path) - 1] == '/' ? 0 : tar_padding(total);
	memset(pacs_buf_reserve(&raw, pad), 0, pad);
	raw.len += pad;
	if (!rc)
		rc = file_chunk(err, p, &raw);
out:
	if (fd >= 0)
		close(fd);
	pacs_buf_clear(&raw);
	return rc;
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
