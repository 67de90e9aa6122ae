/* The pipe of a run: bounds, order, ends. */
#include <stdlib.h>

#include "base/work.h"
#include "ingest/internal.h"
#include "unit/test.h"

static struct job *
job(const char *source, size_t size)
{
	struct job *j = pacs_calloc(1, sizeof(*j));

	j->source = pacs_strdup(source);
	if (size)
		j->bytes = pacs_calloc(1, size);
	j->size = size;
	return j;
}

static void
done(struct pipe *p, struct job *j)
{
	pipe_job_done(p, j);
	free(j->source);
	free(j->bytes);
	free(j);
}

static void
free_items(struct item *it)
{
	struct item *next;

	for (; it; it = next) {
		next = it->next;
		item_free(it);
	}
}

static void
test_jobs(void)
{
	struct pipe *p = pipe_new(1);
	enum pipe_state state;
	struct job *j;
	unsigned n = 0;

	TEST("members are taken in up to a bound, and one may follow when one "
	     "is "
	     "done");
	while ((j = job("m", 10)) && pipe_push_member(p, j))
		n++;
	CHECK(n >= 1 && n <= 64);
	free(j->source);
	free(j->bytes);
	free(j);
	done(p, pipe_take(p));
	CHECK(pipe_push_member(p, job("m", 10)));

	TEST("a member that is too big for what is left is refused");
	done(p, pipe_take(p));
	j = job("big", 9 << 20);
	CHECK(!pipe_push_member(p, j));
	free(j->source);
	free(j->bytes);
	free(j);

	TEST("a pipe is busy while there are jobs, idle, then ended");
	CHECK(!pipe_collect(p, 0, &state));
	CHECK_INT(state, PIPE_BUSY);
	while (--n)
		done(p, pipe_take(p));
	CHECK(!pipe_collect(p, 0, &state));
	CHECK_INT(state, PIPE_IDLE);
	pipe_end(p);
	CHECK(!pipe_collect(p, 100000, &state));
	CHECK_INT(state, PIPE_ENDED);
	CHECK(!pipe_take(p));
	pipe_free(p);
}

static void
test_items(void)
{
	struct pipe *p = pipe_new(1);
	enum pipe_state state;
	struct item *list;

	TEST("items come out in the order in which they went in, also at the "
	     "end");
	pipe_put(p, item_new("a"));
	pipe_put(p, item_new("b"));
	pipe_end(p);
	list = pipe_collect(p, 100000, &state);
	CHECK_INT(state, PIPE_ENDED);
	if (CHECK(list && list->next && !list->next->next)) {
		CHECK_STR(list->source, "a");
		CHECK_STR(list->next->source, "b");
	}
	free_items(list);
	pipe_free(p);
}

static void
test_stop(void)
{
	struct pipe *p = pipe_new(1);
	enum pipe_state state;
	struct job *taken, *j = job("later", 0);

	TEST("stopping drops what is queued and lets what has begun end");
	CHECK(pipe_push_file(p, job("a", 0)));
	CHECK(pipe_push_file(p, job("b", 0)));
	taken = pipe_take(p);
	pipe_stop(p);
	CHECK(pipe_is_stopping(p));
	CHECK(!pipe_push_file(p, j));
	CHECK(!pipe_push_member(p, j));
	CHECK(!pipe_take(p));
	pipe_put(p, item_new("a"));
	pipe_end(p);
	free_items(pipe_collect(p, 0, &state));
	CHECK_INT(state, PIPE_BUSY);
	done(p, taken);
	CHECK(!pipe_collect(p, 0, &state));
	CHECK_INT(state, PIPE_ENDED);
	free(j->source);
	free(j);
	pipe_free(p);
}

/* --- with threads ------------------------------------------------------ */

enum { FILES = 5000 };

static void
work_on(void *ctx, unsigned number)
{
	struct pipe *p = ctx;
	struct job *j;

	(void)number;
	while ((j = pipe_take(p))) {
		pipe_put(p, item_new(j->source));
		done(p, j);
	}
}

static void
push_all(void *ctx, unsigned number)
{
	struct pipe *p = ctx;
	int i;

	(void)number;
	for (i = 0; i < FILES; i++)
		if (!pipe_push_file(p, job("f", 0)))
			break;
	pipe_end(p);
}

static void
test_threads(void)
{
	struct pipe *p = pipe_new(3);
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_team *workers, *producer;
	enum pipe_state state = PIPE_BUSY;
	struct item *list, *it;
	int n = 0, most = 0, k;

	TEST("all of many files come through, never too many at once");
	CHECK_OK(pacs_team_start(&err, 3, work_on, p, &workers));
	CHECK_OK(pacs_team_start(&err, 1, push_all, p, &producer));
	while (state != PIPE_ENDED) {
		list = pipe_collect(p, 1000, &state);
		for (k = 0, it = list; it; it = it->next)
			k++;
		n += k;
		most = k > most ? k : most;
		free_items(list);
	}
	pacs_team_join(producer);
	pacs_team_join(workers);
	CHECK_INT(n, FILES);
	CHECK(most <= 4096);
	pipe_free(p);
}

int
main(void)
{
	test_jobs();
	test_items();
	test_stop();
	test_threads();
	return test_done();
}
