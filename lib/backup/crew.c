/*
 * Threads that read objects, compare their digests, and have frames made of
 * them. Results come back in the order of the jobs.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "backup/entry.h"
#include "backup/packing.h"
#include "base/file.h"
#include "base/work.h"

#define CHUNK_BYTES (4u << 20)
#define MANY_JOBS   4u /* more threads: smaller chunks, for the memory */
#define SMALL_CHUNK (1u << 20)
#define SLICE_MS    100 /* of a pause for the rate's sake */

struct crew {
	const struct pacs_archive *ar;
	struct pacs_team *team;
	struct pacs_queue *queue;
	unsigned jobs;
	int level;
	size_t chunk;
	pthread_mutex_t lock;
	pthread_cond_t ready;
	struct job **ring; /* on their way, oldest first */
	size_t first, count, cap;
	struct pacs_buf *spare; /* rooms for frames, to be used again; */
	size_t spare_count;     /* these and what follows: under lock */
	uint64_t rate, start_ms, read;
	bool hurry; /* stopped: no more pauses */
	const struct pacs_backup_hooks *hooks;
};

struct worker {
	ZSTD_CCtx *z;
	struct pacs_digest *digest;
	struct pacs_buf raw, text;
};

void
job_free(struct job *j)
{
	if (!j)
		return;
	pacs_buf_clear(&j->out);
	pacs_buf_clear(&j->values);
	pacs_buf_clear(&j->list);
	free(j->items);
	free(j->failed);
	if (j->range && j->last && j->fd >= 0)
		close(j->fd);
	free(j);
}

/* --- reading -------------------------------------------------------------- */

/* So many bytes were read: wait if that was faster than allowed. */
static void
be_slow(struct crew *c, uint64_t bytes)
{
	uint64_t due, now;

	if (!c->rate)
		return;
	pthread_mutex_lock(&c->lock);
	c->read += bytes;
	due = c->start_ms + c->read * 1000 / c->rate;
	while (!c->hurry && (now = pacs_time_mono_ms()) < due) {
		uint64_t ms = due - now < SLICE_MS ? due - now : SLICE_MS;
		struct timespec t = {0, (long)ms * 1000000};

		pthread_mutex_unlock(&c->lock);
		nanosleep(&t, NULL);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
}

/* All of a file behind out; false if it cannot be read whole. */
static bool
read_whole(int fd, uint64_t size, struct pacs_buf *out)
{
	struct pacs_error e = PACS_ERROR_INIT;
	size_t n;

	pacs_buf_reserve(out, (size_t)size);
	if (pacs_file_pread(&e, fd, out->data + out->len, (size_t)size, 0,
			    &n) ||
	    n != size)
		return false;
	out->len += n;
	return true;
}

static void
list_line(struct job *j, const char *sha256, uint64_t size, const char *path)
{
	pacs_buf_addf(&j->list, "%s\t%llu\t%s\n", sha256,
		      (unsigned long long)size, path);
}

/* Header and bytes of an object behind what w->raw has, if it is there as
 * recorded: *ret_size of its bytes, the last ones, and their digest. */
static bool
read_item(const struct crew *c, struct worker *w, const struct item *item,
	  uint64_t *ret_size, char ret_sha[PACS_SHA256_HEX])
{
	struct pacs_error e = PACS_ERROR_INIT;
	struct stat st;
	uint64_t size;
	bool ok;
	int fd;

	if (pacs_file_open(&e, pacs_archive_dirfd(c->ar), item->path, &fd,
			   &size))
		return false;
	/* What is recorded is what memory was planned for. */
	ok = fstat(fd, &st) == 0 && size <= c->chunk &&
	     (!item->sha256 || size == item->size);
	if (ok && item->sha256) {
		tar_header(&w->raw, item->path, size, st.st_mode & 0777,
			   item->sha256);
		ok = read_whole(fd, size, &w->raw);
	} else if (ok) {
		pacs_buf_reset(&w->text);
		ok = read_whole(fd, size, &w->text);
		pacs_sha256_hex(pacs_buf_str(&w->text), w->text.len, ret_sha);
		tar_header(&w->raw, item->path, size, st.st_mode & 0777,
			   ret_sha);
		pacs_buf_add(&w->raw, pacs_buf_str(&w->text), w->text.len);
	}
	close(fd);
	*ret_size = size;
	if (!ok || !item->sha256)
		return ok;
	pacs_digest_add(w->digest, w->raw.data + w->raw.len - size,
			(size_t)size);
	pacs_digest_end_hex(w->digest, ret_sha);
	return strcmp(ret_sha, item->sha256) == 0;
}

/* An object as an entry behind what is in raw; false, and nothing added, if its
 * bytes are not there or not those recorded. */
static bool
add_item(struct crew *c, struct worker *w, struct job *j,
	 const struct item *item)
{
	size_t before = w->raw.len;
	char sha[PACS_SHA256_HEX];
	uint64_t size;

	if (!read_item(c, w, item, &size, sha)) {
		w->raw.len = before;
		return false;
	}
	if (j->with_values && !j->values.len)
		group_values(&j->values, w->raw.data + w->raw.len - size,
			     (size_t)size);
	tar_pad(&w->raw, size);
	list_line(j, sha, size, item->path);
	j->bytes += size;
	j->done++;
	be_slow(c, size);
	return true;
}

/* A part of an object whose digest was compared before. */
static enum pacs_err
add_range(struct crew *c, struct worker *w, struct job *j)
{
	const struct item *item = j->items[0];
	enum pacs_err rc;
	size_t n;

	if (j->first)
		tar_header(&w->raw, item->path, item->size, j->mode,
			   item->sha256);
	pacs_buf_reserve(&w->raw, (size_t)j->length);
	rc = pacs_file_pread(&j->err, j->fd, w->raw.data + w->raw.len,
			     (size_t)j->length, j->offset, &n);
	if (!rc && n != j->length)
		rc = pacs_error_set(&j->err, PACS_EINTEGRITY,
				    "'%s' became shorter", item->path);
	if (rc)
		return rc;
	if (j->first && j->with_values)
		group_values(&j->values, w->raw.data + w->raw.len, n);
	w->raw.len += n;
	if (j->last) {
		tar_pad(&w->raw, item->size);
		list_line(j, item->sha256, item->size, item->path);
		j->done++;
		j->bytes += item->size;
	}
	be_slow(c, n);
	return PACS_OK;
}

/* --- jobs ----------------------------------------------------------------- */

/* Rooms are used again: fresh memory costs a fault for each page of it. */
static void
take_room(struct crew *c, struct job *j)
{
	pthread_mutex_lock(&c->lock);
	if (c->spare_count)
		j->out = c->spare[--c->spare_count];
	pthread_mutex_unlock(&c->lock);
	pacs_buf_reset(&j->out);
}

void
crew_done(struct crew *c, struct job *j)
{
	pthread_mutex_lock(&c->lock);
	if (c->spare_count < c->cap) {
		c->spare[c->spare_count++] = j->out;
		memset(&j->out, 0, sizeof(j->out));
	}
	pthread_mutex_unlock(&c->lock);
	job_free(j);
}

static void
work(struct crew *c, struct worker *w, struct job *j)
{
	size_t i;

	take_room(c, j);
	pacs_buf_reset(&w->raw);
	if (j->range)
		j->rc = add_range(c, w, j);
	for (i = 0; !j->range && i < j->count; i++)
		if (!add_item(c, w, j, j->items[i]))
			j->failed[j->failed_count++] = j->items[i];
	j->raw = w->raw.len;
	if (!j->rc && j->raw)
		j->rc = frame_add(&j->err, w->z, &w->raw, c->level, &j->out);
}

static void
run(void *ctx, unsigned number)
{
	struct crew *c = ctx;
	struct worker w = {.z = ZSTD_createCCtx(), .digest = pacs_digest_new()};
	void *p;

	(void)number;
	while (pacs_queue_pop(c->queue, &p)) {
		struct job *j = p;

		work(c, &w, j);
		pthread_mutex_lock(&c->lock);
		j->ready = true;
		pthread_cond_signal(&c->ready);
		pthread_mutex_unlock(&c->lock);
	}
	ZSTD_freeCCtx(w.z);
	pacs_digest_free(w.digest);
	pacs_buf_clear(&w.raw);
	pacs_buf_clear(&w.text);
}

/* --- the crew ------------------------------------------------------------- */

enum pacs_err
crew_open(struct pacs_error *err, const struct pacs_archive *ar, unsigned jobs,
	  int level, uint64_t rate, const struct pacs_backup_hooks *hooks,
	  struct crew **ret_c)
{
	struct crew *c = pacs_calloc(1, sizeof(*c));
	enum pacs_err rc;

	if (!jobs)
		jobs = 1;
	if (jobs > 16)
		jobs = 16; /* memory has a bound */
	c->ar = ar;
	c->jobs = jobs;
	c->level = level;
	c->rate = rate;
	c->hooks = hooks;
	c->start_ms = pacs_time_mono_ms();
	c->chunk = jobs > MANY_JOBS ? SMALL_CHUNK : CHUNK_BYTES;
	c->cap = 2 * jobs;
	c->ring = pacs_calloc(c->cap, sizeof(*c->ring));
	c->spare = pacs_calloc(c->cap, sizeof(*c->spare));
	c->queue = pacs_queue_new(c->cap, SIZE_MAX);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->ready, NULL);
	rc = pacs_team_start(err, jobs, run, c, &c->team);
	*ret_c = c;
	if (rc) {
		crew_close(c);
		*ret_c = NULL;
	}
	return rc;
}

void
crew_close(struct crew *c)
{
	struct job *j;

	if (!c)
		return;
	crew_hurry(c);
	while ((j = crew_collect(c)))
		job_free(j);
	pacs_queue_close(c->queue);
	pacs_team_join(c->team);
	pacs_queue_free(c->queue);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->ready);
	while (c->spare_count)
		pacs_buf_clear(&c->spare[--c->spare_count]);
	free(c->spare);
	free(c->ring);
	free(c);
}

size_t
crew_chunk(const struct crew *c)
{
	return c->chunk;
}

bool
crew_full(const struct crew *c)
{
	return c->count == c->cap;
}

void
crew_submit(struct crew *c, struct job *j)
{
	j->failed = pacs_calloc(j->count ? j->count : 1, sizeof(*j->failed));
	c->ring[(c->first + c->count++) % c->cap] = j;
	(void)pacs_queue_push(c->queue, j, 1);
}

void
crew_hurry(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->hurry = true;
	pthread_mutex_unlock(&c->lock);
}

/* With the lock. Those who wait for the rate's sake are told of a stop; the
 * caller's thread asks, since only that is promised to the hooks. */
static void
wait_ready(struct crew *c)
{
	struct timespec t;

	if (!c->rate || !c->hooks->stopped) {
		pthread_cond_wait(&c->ready, &c->lock);
		return;
	}
	c->hurry |= c->hooks->stopped(c->hooks->ctx);
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += SLICE_MS * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	(void)pthread_cond_timedwait(&c->ready, &c->lock, &t);
}

struct job *
crew_collect(struct crew *c)
{
	struct job *j;

	if (!c->count)
		return NULL;
	j = c->ring[c->first];
	pthread_mutex_lock(&c->lock);
	while (!j->ready)
		wait_ready(c);
	pthread_mutex_unlock(&c->lock);
	c->first = (c->first + 1) % c->cap;
	c->count--;
	return j;
}
