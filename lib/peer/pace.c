/*
 * How fast, when, and how soon again.
 */
#include <time.h>

#include "base/clock.h"
#include "peer/run.h"

enum { SLICE_MS = 100, FIRST_MS = 1000, LONGEST_MS = 60000 };

void
pace_sleep(struct run *r, uint64_t ms)
{
	uint64_t until = pacs_time_mono_ms() + ms, now;

	while ((now = pacs_time_mono_ms()) < until && !run_stopped(r)) {
		uint64_t k = until - now < SLICE_MS ? until - now : SLICE_MS;
		struct timespec t = {0, (long)k * 1000000};

		nanosleep(&t, NULL);
	}
}

/* --- rate -------------------------------------------------------------- */

/* A bucket of a tenth of a second; n bytes are taken from it, into debt if need
 * be. How long until the debt is paid. With the lock. */
static uint64_t
take_credit(struct run *r, uint64_t rate, uint64_t n)
{
	uint64_t now = pacs_time_mono_ms();
	double most = (double)rate / 10;

	r->credit += (double)(now - r->credit_ms) * (double)rate / 1000;
	r->credit_ms = now;
	if (r->credit > most)
		r->credit = most;
	r->credit -= (double)n;
	return r->credit >= 0 ? 0
			      : (uint64_t)(-r->credit * 1000 / (double)rate);
}

bool
pace_bytes(struct run *r, uint64_t n)
{
	const struct pacs_peer *peer = run_peer(r);
	uint64_t ms;

	if (!peer->rate)
		return true;
	pthread_mutex_lock(&r->lock);
	ms = take_credit(r, peer->rate, n);
	pthread_mutex_unlock(&r->lock);
	if (ms)
		pace_sleep(r, ms);
	return !run_stopped(r);
}

/* --- window ------------------------------------------------------------ */

bool
pace_window_is_open(struct run *r)
{
	const struct pacs_peer *peer = run_peer(r);
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_window w;
	time_t now = time(NULL);
	struct tm tm;

	if (!peer->window || pacs_window_parse(&err, peer->window, &w) ||
	    !localtime_r(&now, &tm))
		return true;
	return pacs_window_is_open(&w, &tm);
}

void
pace_wait_window(struct run *r)
{
	if (pace_window_is_open(r))
		return;
	run_note(r, "waiting for the window '%s'", run_peer(r)->window);
	while (!pace_window_is_open(r) && !run_stopped(r))
		pace_sleep(r, 1000);
}

/* --- failures ------------------------------------------------------------ */

void
pace_progress(struct run *r)
{
	pthread_mutex_lock(&r->lock);
	r->trouble_since_ms = 0;
	r->trouble_count = 0;
	pthread_mutex_unlock(&r->lock);
}

/* Twice as long each time, between half and all of it, so that many senders do
 * not come back at once; a small budget begins with small waits. */
static uint64_t
backoff(struct run *r, unsigned count)
{
	uint64_t ms = r->o->budget_ms / 8;

	if (ms > FIRST_MS)
		ms = FIRST_MS;
	ms <<= count < 6 ? count : 6;
	if (ms > LONGEST_MS)
		ms = LONGEST_MS;
	r->random = r->random * 6364136223846793005u + 1442695040888963407u;
	return ms / 2 + (r->random >> 33) % (ms / 2 + 1);
}

bool
pace_failure(struct run *r, uint64_t *ret_ms)
{
	uint64_t now = pacs_time_mono_ms();
	bool may;

	pthread_mutex_lock(&r->lock);
	if (!r->trouble_since_ms)
		r->trouble_since_ms = now;
	*ret_ms = backoff(r, r->trouble_count++);
	may = r->o->budget_ms &&
	      now + *ret_ms <= r->trouble_since_ms + r->o->budget_ms;
	pthread_mutex_unlock(&r->lock);
	return may;
}

void
pace_next_object(struct run *r)
{
	pthread_mutex_lock(&r->lock);
	r->trouble_count = 0;
	pthread_mutex_unlock(&r->lock);
}

bool
pace_later(struct run *r, struct work *w, uint64_t *ret_not_before_ms)
{
	uint64_t now = pacs_time_mono_ms();
	bool may;

	pthread_mutex_lock(&r->lock);
	if (!w->since_ms)
		w->since_ms = now;
	*ret_not_before_ms = now + backoff(r, w->laters++);
	may = r->o->budget_ms &&
	      *ret_not_before_ms <= w->since_ms + r->o->budget_ms;
	pthread_mutex_unlock(&r->lock);
	return may;
}
