/* Queues and teams: order, bounds, closing. */
#include <pthread.h>

#include "base/clock.h"
#include "base/work.h"
#include "test.h"

struct job {
	struct pacs_queue *q;
	pthread_mutex_t lock;
	long sum;
	unsigned got;
};

static void
consume(void *ctx, unsigned number)
{
	struct job *j = ctx;
	void *p;

	(void)number;
	while (pacs_queue_pop(j->q, &p)) {
		pthread_mutex_lock(&j->lock);
		j->sum += *(int *)p;
		j->got++;
		pthread_mutex_unlock(&j->lock);
	}
}

int
main(void)
{
	static int numbers[10000];
	struct pacs_error e = PACS_ERROR_INIT;
	struct job j = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct pacs_team *team;
	char time[PACS_TIME_SIZE];
	int i, x = 1;
	void *p;

	TEST("four threads take everything that one pushes, through a small "
	     "queue");
	j.q = pacs_queue_new(3, 1000);
	CHECK_OK(pacs_team_start(&e, 4, consume, &j, &team));
	for (i = 0; i < 10000; i++) {
		numbers[i] = i;
		if (!pacs_queue_push(j.q, &numbers[i], (size_t)i % 400))
			break;
	}
	pacs_queue_close(j.q);
	pacs_team_join(team);
	CHECK_INT(j.got, 10000);
	CHECK_INT(j.sum, 49995000);
	CHECK(!pacs_queue_push(j.q, &x, 1));
	pacs_queue_free(j.q);

	TEST("first in, first out; an entry heavier than the bound fits when "
	     "alone");
	j.q = pacs_queue_new(10, 100);
	CHECK(pacs_queue_push(j.q, &numbers[1], 5000));
	CHECK(!pacs_queue_try_push(j.q, &numbers[2], 1));
	CHECK(pacs_queue_pop(j.q, &p) && p == &numbers[1]);
	CHECK(pacs_queue_push(j.q, &numbers[2], 50));
	CHECK(pacs_queue_push(j.q, &numbers[3], 50));
	pacs_queue_close(j.q);
	CHECK(pacs_queue_pop(j.q, &p) && p == &numbers[2]);
	CHECK(pacs_queue_pop(j.q, &p) && p == &numbers[3]);
	CHECK(!pacs_queue_pop(j.q, &p));
	pacs_queue_free(j.q);

	TEST("times are UTC with microseconds, before 1970 too");
	pacs_time_format(1000000LL * 1767225600 + 42, time);
	CHECK_STR(time, "2026-01-01T00:00:00.000042Z");
	pacs_time_format(-1, time);
	CHECK_STR(time, "1969-12-31T23:59:59.999999Z");
	CHECK(pacs_cpu_count() >= 1);
	return test_done();
}
