#include <time.h>

#include "base/clock.h"
#include "peer/run.h"

enum {
	QUEUE_MAX = 1024,   /* objects that were looked at and wait */
	KEPT_MAX = 2 << 20, /* bytes of them that are in memory */
	KEPT_MIN = 4,       /* so many are looked at, whatever their size */
	SLICE_MS = 100,
	LOOK_AHEAD = 256,
	LOOK_AHEAD_MS = 300,
};

/* Wait for a change, at most ms. With the lock. */
static void
wait_some(struct run *r, pthread_cond_t *what, uint64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	t.tv_sec += (time_t)(ms / 1000) + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	pthread_cond_timedwait(what, &r->lock, &t);
}

static bool
is_over(const struct run *r)
{
	return r->fatal.code ||
	       (r->ended && !r->first && !r->delayed && !r->in_hand);
}

/* Enough for a while; half of it must have gone before more is looked at, so
 * that who looks is not woken for each one. */
static bool
is_full(struct run *r)
{
	bool was = r->full;
	size_t part = was ? 2 : 1;

	r->full = r->ready >= QUEUE_MAX / part ||
		  (r->ready >= KEPT_MIN / part && r->kept >= KEPT_MAX / part);
	return r->full;
}

size_t
queue_room(struct run *r)
{
	size_t room;

	pthread_mutex_lock(&r->lock);
	/* The last one may be over it: at most twice as much is kept. */
	room = r->kept < KEPT_MAX ? KEPT_MAX : 0;
	pthread_mutex_unlock(&r->lock);
	return room;
}

/* With the lock. */
static void
forget(struct run *r, struct work *w)
{
	r->kept -= w->o.bytes.len;
	pacs_buf_clear(&w->o.bytes);
}

void
queue_forget(struct run *r, struct work *w)
{
	pthread_mutex_lock(&r->lock);
	forget(r, w);
	pthread_mutex_unlock(&r->lock);
}

void
queue_add(struct run *r, struct work *w)
{
	pthread_mutex_lock(&r->lock);
	if (is_full(r))
		pthread_cond_broadcast(&r->filled);
	while (is_full(r) && !r->fatal.code && !run_stopped(r))
		wait_some(r, &r->changed, SLICE_MS);
	r->kept += w->o.bytes.len;
	w->need = pacs_needs_find(&r->needs, w->o.sop_class, w->o.syntax);
	r->needs.list[w->need].pending++;
	w->next = NULL;
	if (r->last)
		r->last->next = w;
	else
		r->first = w;
	r->last = w;
	if (++r->ready >= LOOK_AHEAD)
		pthread_cond_broadcast(&r->filled);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void
queue_end(struct run *r)
{
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	pthread_cond_broadcast(&r->filled);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void
queue_fill(struct run *r)
{
	uint64_t until = pacs_time_mono_ms() + LOOK_AHEAD_MS;

	pthread_mutex_lock(&r->lock);
	while (!r->ended && !r->full && r->ready < LOOK_AHEAD &&
	       !run_stopped(r) && pacs_time_mono_ms() < until)
		wait_some(r, &r->filled, SLICE_MS);
	pthread_mutex_unlock(&r->lock);
}

static struct work *
take_ready(struct run *r)
{
	struct work *w = r->delayed;

	if (w && w->not_before_ms <= pacs_time_mono_ms()) {
		r->delayed = w->next;
	} else {
		w = r->first;
		if (!w)
			return NULL;
		r->first = w->next;
		if (!r->first)
			r->last = NULL;
		r->ready--;
	}
	r->in_hand++;
	return w;
}

enum queue_state
queue_take(struct run *r, unsigned ms, struct work **ret)
{
	uint64_t until = pacs_time_mono_ms() + ms, now;
	enum queue_state state = QUEUE_WAIT;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		*ret = NULL;
		if (is_over(r) || run_stopped(r)) {
			state = QUEUE_DONE;
			break;
		}
		*ret = take_ready(r);
		if (*ret) {
			state = QUEUE_GOT;
			break;
		}
		now = pacs_time_mono_ms();
		if (now >= until)
			break;
		wait_some(r, &r->changed,
			  until - now < SLICE_MS ? until - now : SLICE_MS);
	}
	pthread_mutex_unlock(&r->lock);
	return state;
}

void
queue_return(struct run *r, struct work *w, uint64_t not_before_ms)
{
	struct work **at = &r->delayed;

	pthread_mutex_lock(&r->lock);
	w->not_before_ms = not_before_ms;
	while (*at && (*at)->not_before_ms <= not_before_ms)
		at = &(*at)->next;
	w->next = *at;
	*at = w;
	r->in_hand--;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void
queue_done(struct run *r, struct work *w)
{
	pthread_mutex_lock(&r->lock);
	r->needs.list[w->need].pending--;
	forget(r, w);
	pthread_mutex_unlock(&r->lock);
	run_tell(r, w);
	pthread_mutex_lock(&r->lock);
	r->in_hand--;
	if (is_over(r) || (r->full && !is_full(r)))
		pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

/* Nothing more is done about it; what it was told before stands. */
static void
leave(struct run *r, struct work *w)
{
	if (!w->attempts || !*w->reason) {
		w->outcome = PACS_SENT_FAILED;
		w->reason = r->fatal_reason;
		w->transient = r->fatal.code != PACS_EREFUSED;
	}
	run_tell(r, w);
}

void
queue_drain(struct run *r)
{
	struct work *w, *lists[2];
	int i;

	pthread_mutex_lock(&r->lock);
	lists[0] = r->delayed;
	lists[1] = r->first;
	r->delayed = r->first = r->last = NULL;
	r->ready = 0;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	for (i = 0; i < 2; i++)
		while ((w = lists[i])) {
			lists[i] = w->next;
			leave(r, w);
		}
}
