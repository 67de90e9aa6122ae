#include "base/work.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"

struct slot {
	void *p;
	size_t weight;
};

struct pacs_queue {
	pthread_mutex_t lock;
	pthread_cond_t not_full, not_empty;
	struct slot *ring;
	size_t capacity, first, count;
	size_t weight, max_weight;
	bool closed;
};

struct pacs_queue *
pacs_queue_new(size_t max_entries, size_t max_weight)
{
	struct pacs_queue *q = pacs_calloc(1, sizeof(*q));

	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->not_full, NULL);
	pthread_cond_init(&q->not_empty, NULL);
	q->capacity = max_entries ? max_entries : 1;
	q->ring = pacs_calloc(q->capacity, sizeof(*q->ring));
	q->max_weight = max_weight;
	return q;
}

void
pacs_queue_free(struct pacs_queue *q)
{
	if (!q)
		return;
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->not_full);
	pthread_cond_destroy(&q->not_empty);
	free(q->ring);
	free(q);
}

static bool
is_full(const struct pacs_queue *q, size_t weight)
{
	if (q->count == 0)
		return false;
	return q->count == q->capacity || weight > q->max_weight ||
	       q->weight > q->max_weight - weight;
}

static void
add(struct pacs_queue *q, void *p, size_t weight)
{
	struct slot *s = &q->ring[(q->first + q->count) % q->capacity];

	s->p = p;
	s->weight = weight;
	q->count++;
	q->weight += weight;
	pthread_cond_signal(&q->not_empty);
}

bool
pacs_queue_push(struct pacs_queue *q, void *p, size_t weight)
{
	bool ok;

	pthread_mutex_lock(&q->lock);
	while (!q->closed && is_full(q, weight))
		pthread_cond_wait(&q->not_full, &q->lock);
	ok = !q->closed;
	if (ok)
		add(q, p, weight);
	pthread_mutex_unlock(&q->lock);
	return ok;
}

bool
pacs_queue_try_push(struct pacs_queue *q, void *p, size_t weight)
{
	bool ok;

	pthread_mutex_lock(&q->lock);
	ok = !q->closed && !is_full(q, weight);
	if (ok)
		add(q, p, weight);
	pthread_mutex_unlock(&q->lock);
	return ok;
}

static bool
take(struct pacs_queue *q, void **ret_p)
{
	struct slot *s = &q->ring[q->first];

	if (q->count == 0)
		return false;
	*ret_p = s->p;
	q->weight -= s->weight;
	q->first = (q->first + 1) % q->capacity;
	q->count--;
	/* One heavy entry may make room for several light ones. */
	pthread_cond_broadcast(&q->not_full);
	return true;
}

bool
pacs_queue_pop(struct pacs_queue *q, void **ret_p)
{
	bool ok;

	pthread_mutex_lock(&q->lock);
	while (!q->closed && q->count == 0)
		pthread_cond_wait(&q->not_empty, &q->lock);
	ok = take(q, ret_p);
	pthread_mutex_unlock(&q->lock);
	return ok;
}

void
pacs_queue_close(struct pacs_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->not_full);
	pthread_cond_broadcast(&q->not_empty);
	pthread_mutex_unlock(&q->lock);
}

struct member {
	struct pacs_team *team;
	pthread_t thread;
	unsigned number;
};

struct pacs_team {
	void (*fn)(void *ctx, unsigned number);
	void *ctx;
	unsigned count;
	struct member members[];
};

static void *
run(void *arg)
{
	struct member *m = arg;

	m->team->fn(m->team->ctx, m->number);
	return NULL;
}

enum pacs_err
pacs_team_start(struct pacs_error *err, unsigned threads,
		void (*fn)(void *ctx, unsigned number), void *ctx,
		struct pacs_team **ret_team)
{
	struct pacs_team *t;
	sigset_t all, old;
	int rc = 0;

	t = pacs_calloc(1, sizeof(*t) + threads * sizeof(t->members[0]));
	t->fn = fn;
	t->ctx = ctx;
	/* Signals belong to the main thread, which looks for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (t->count < threads) {
		struct member *m = &t->members[t->count];

		m->team = t;
		m->number = t->count;
		rc = pthread_create(&m->thread, NULL, run, m);
		if (rc)
			break;
		t->count++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	*ret_team = t;
	if (t->count || threads == 0)
		return PACS_OK; /* fewer threads than asked do the same work */
	free(t);
	*ret_team = NULL;
	return pacs_error_sys(err, rc, "cannot start a thread");
}

void
pacs_team_join(struct pacs_team *team)
{
	unsigned i;

	if (!team)
		return;
	for (i = 0; i < team->count; i++)
		pthread_join(team->members[i].thread, NULL);
	free(team);
}

unsigned
pacs_cpu_count(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}
