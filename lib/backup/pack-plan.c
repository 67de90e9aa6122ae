/*
 * The objects of a plan: jobs for the crew, of one study each, and what the
 * crew makes of them into packs, in the order of the plan.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/entry.h"
#include "backup/packing.h"
#include "base/file.h"

enum {
	JOB_OBJECTS = 4096,      /* of a frame, at most */
	ENTRY_BYTES = 4 * BLOCK, /* what tar.c puts around an object, at most */
};

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

/* What the crew made of a job goes to the pack, and is counted. */
static enum pacs_err
write_job(struct pacs_error *err, struct packer *p, struct job *j)
{
	enum pacs_err rc = pack_extent(err, p, j);

	if (!rc)
		rc = pack_frames(err, p, &j->out, j->raw);
	if (rc)
		return rc;
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
	else if (j->raw)
		rc = write_job(err, p, j);
	crew_done(p->crew, j);
	return rc;
}

static enum pacs_err
submit(struct pacs_error *err, struct packer *p, struct job *j)
{
	enum pacs_err rc = PACS_OK;

	if (p->hooks->stopped && p->hooks->stopped(p->hooks->ctx))
		rc = pacs_error_set(err, PACS_EINTERRUPTED,
				    "stopped; the next run goes on");
	if (!rc && crew_full(p->crew))
		rc = take_job(err, p, crew_collect(p->crew));
	if (rc) {
		j->fd = -1; /* stays the caller's */
		job_free(j);
		return rc;
	}
	crew_submit(p->crew, j);
	return PACS_OK;
}

/* Wait for what is on its way. After a failure it goes nowhere. */
static enum pacs_err
settle(struct pacs_error *err, struct packer *p, enum pacs_err rc)
{
	struct job *j;

	if (rc)
		crew_hurry(p->crew);
	while ((j = crew_collect(p->crew)))
		if (rc)
			job_free(j);
		else
			rc = take_job(err, p, j);
	return rc;
}

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
	if (rc) { /* the last range, which closes it, was not submitted */
		(void)!settle(err, p, rc);
		close(fd);
	}
	return rc;
}

static void
note_gone(struct packer *p, const struct item *item)
{
	char key[KEY_ROOM];

	group_key(item->path, key);
	pacs_buf_addf(&p->groups, "%s\t-\t%s\n", key, item->path);
}

/* Objects from *at on that go into one frame: of one study, and small. */
static struct job *
next_job(struct packer *p, struct plan *plan, size_t *at, const char *key,
	 bool with_values)
{
	size_t i = *at, most, chunk = crew_chunk(p->crew);
	uint64_t bytes = 0;
	struct job *j;

	most = plan->count - i < JOB_OBJECTS ? plan->count - i : JOB_OBJECTS;
	j = job_new(key, with_values, most);
	for (; i < plan->count && j->count < most; i++) {
		struct item *item = &plan->list[i];
		char own[KEY_ROOM];

		if (item->gone) {
			note_gone(p, item);
			continue;
		}
		group_key(item->path, own);
		if (strcmp(own, key) != 0 || item->size > chunk ||
		    (j->count && bytes + item->size > chunk))
			break;
		bytes += item->size + ENTRY_BYTES;
		j->items[j->count++] = item;
	}
	*at = i;
	return j;
}

enum pacs_err
pack_plan(struct pacs_error *err, struct packer *p, struct plan *plan)
{
	char key[KEY_ROOM], before[KEY_ROOM] = "";
	enum pacs_err rc = PACS_OK;
	size_t i = 0;

	while (!rc && i < plan->count) {
		struct item *item = &plan->list[i];
		bool first;

		if (item->gone) {
			note_gone(p, item);
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
	return settle(err, p, rc);
}
