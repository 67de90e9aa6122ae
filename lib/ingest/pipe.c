/*
 * The pipe of a run: files and members on one side, items on the other, all
 * bounded. One lock: an object costs a few uncontended lock operations, which
 * is nothing beside its system calls.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "ingest/internal.h"

enum {
	FILES_MAX = 256,
	ITEMS_MAX = 4096,
	ITEMS_WORTH_WAKING = 256, /* the committer has time */
	MEMBER_BYTES_MAX = 8 << 20,
};
#define ITEM_BYTES_MAX (512ull << 20)

struct pipe {
	pthread_mutex_t lock;
	pthread_cond_t job_came, file_room, item_came, item_room;
	struct job *first_job, **last_job;
	struct item *first_item, **last_item;
	unsigned files, members, members_max;
	size_t member_bytes;
	unsigned working; /* jobs taken and not done */
	unsigned items;
	uint64_t item_bytes;
	bool ended, stopping;
};

struct pipe *
pipe_new(unsigned workers)
{
	struct pipe *p = pacs_calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->job_came, NULL);
	pthread_cond_init(&p->file_room, NULL);
	pthread_cond_init(&p->item_came, &attr);
	pthread_cond_init(&p->item_room, NULL);
	pthread_condattr_destroy(&attr);
	p->last_job = &p->first_job;
	p->last_item = &p->first_item;
	p->members_max = 8 * workers;
	return p;
}

static void
job_free(struct job *j)
{
	free(j->source);
	free(j->bytes);
	free(j);
}

static void
drop_jobs(struct pipe *p)
{
	struct job *j;

	while ((j = p->first_job)) {
		p->first_job = j->next;
		job_free(j);
	}
	p->last_job = &p->first_job;
	p->files = p->members = 0;
	p->member_bytes = 0;
}

void
pipe_free(struct pipe *p)
{
	struct item *it;

	if (!p)
		return;
	drop_jobs(p);
	while ((it = p->first_item)) {
		p->first_item = it->next;
		item_free(it);
	}
	pthread_cond_destroy(&p->job_came);
	pthread_cond_destroy(&p->file_room);
	pthread_cond_destroy(&p->item_came);
	pthread_cond_destroy(&p->item_room);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void
add_job(struct pipe *p, struct job *j)
{
	j->next = NULL;
	*p->last_job = j;
	p->last_job = &j->next;
	pthread_cond_signal(&p->job_came);
}

bool
pipe_push_file(struct pipe *p, struct job *j)
{
	bool ok;

	pthread_mutex_lock(&p->lock);
	while (p->files >= FILES_MAX && !p->stopping)
		pthread_cond_wait(&p->file_room, &p->lock);
	ok = !p->stopping;
	if (ok) {
		p->files++;
		add_job(p, j);
	}
	pthread_mutex_unlock(&p->lock);
	return ok;
}

bool
pipe_push_member(struct pipe *p, struct job *j)
{
	bool ok;

	pthread_mutex_lock(&p->lock);
	ok = !p->stopping && p->members < p->members_max &&
	     p->member_bytes + j->size <= MEMBER_BYTES_MAX;
	if (ok) {
		p->members++;
		p->member_bytes += j->size;
		add_job(p, j);
	}
	pthread_mutex_unlock(&p->lock);
	return ok;
}

void
pipe_end(struct pipe *p)
{
	pthread_mutex_lock(&p->lock);
	p->ended = true;
	pthread_cond_broadcast(&p->job_came);
	pthread_cond_signal(&p->item_came);
	pthread_mutex_unlock(&p->lock);
}

/* A job that is being worked on may still push members. */
static bool
no_more_jobs(const struct pipe *p)
{
	return p->stopping || (p->ended && !p->working && !p->first_job);
}

struct job *
pipe_take(struct pipe *p)
{
	struct job *j = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->first_job && !no_more_jobs(p))
		pthread_cond_wait(&p->job_came, &p->lock);
	if (!p->stopping && (j = p->first_job)) {
		p->first_job = j->next;
		if (!p->first_job)
			p->last_job = &p->first_job;
		p->working++;
		if (!j->bytes && p->files-- == FILES_MAX / 2 + 1)
			pthread_cond_signal(&p->file_room);
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

void
pipe_job_done(struct pipe *p, const struct job *j)
{
	pthread_mutex_lock(&p->lock);
	p->working--;
	if (j->bytes && !p->stopping) {
		p->members--;
		p->member_bytes -= j->size;
	}
	if (no_more_jobs(p))
		pthread_cond_broadcast(&p->job_came);
	if (!p->working && !p->first_job)
		pthread_cond_signal(&p->item_came);
	pthread_mutex_unlock(&p->lock);
}

static enum pipe_state
state_of(const struct pipe *p)
{
	if (p->working || (p->first_job && !p->stopping))
		return PIPE_BUSY;
	return p->ended ? PIPE_ENDED : PIPE_IDLE;
}

/* Items come in hundreds a second: one wake for many. */
static bool
worth_waiting(const struct pipe *p)
{
	switch (state_of(p)) {
	case PIPE_BUSY:
		return p->items < ITEMS_WORTH_WAKING &&
		       p->item_bytes < ITEM_BYTES_MAX / 2;
	case PIPE_IDLE:
		return !p->items;
	default:
		return false;
	}
}

void
pipe_put(struct pipe *p, struct item *it)
{
	it->next = NULL;
	pthread_mutex_lock(&p->lock);
	while (p->items >= ITEMS_MAX || p->item_bytes >= ITEM_BYTES_MAX)
		pthread_cond_wait(&p->item_room, &p->lock);
	*p->last_item = it;
	p->last_item = &it->next;
	p->items++;
	p->item_bytes += it->st.size;
	if (!worth_waiting(p))
		pthread_cond_signal(&p->item_came);
	pthread_mutex_unlock(&p->lock);
}

void
pipe_stop(struct pipe *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	drop_jobs(p);
	pthread_cond_broadcast(&p->job_came);
	pthread_cond_broadcast(&p->file_room);
	pthread_mutex_unlock(&p->lock);
}

bool
pipe_is_stopping(struct pipe *p)
{
	bool stopping;

	pthread_mutex_lock(&p->lock);
	stopping = p->stopping;
	pthread_mutex_unlock(&p->lock);
	return stopping;
}

static struct timespec
in_ms(unsigned ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

struct item *
pipe_collect(struct pipe *p, unsigned wait_ms, enum pipe_state *ret_state)
{
	struct timespec until = in_ms(wait_ms);
	struct item *list;

	pthread_mutex_lock(&p->lock);
	while (worth_waiting(p))
		if (pthread_cond_timedwait(&p->item_came, &p->lock, &until))
			break;
	list = p->first_item;
	p->first_item = NULL;
	p->last_item = &p->first_item;
	p->items = 0;
	p->item_bytes = 0;
	pthread_cond_broadcast(&p->item_room);
	*ret_state = state_of(p);
	pthread_mutex_unlock(&p->lock);
	return list;
}
