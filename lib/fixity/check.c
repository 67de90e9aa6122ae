/*
 * All of it: the ledger first, then bucket by bucket the objects, then the
 * rest.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "fixity/internal.h"

const char *
pacs_fault_word(enum pacs_fault fault)
{
	static const char *const words[] = {
#define F(name, word, meaning) [PACS_FAULT_##name] = word,
	    PACS_FAULTS(F)
#undef F
	};

	return words[fault];
}

bool
pacs_fault_is_damage(enum pacs_fault fault)
{
	return fault != PACS_FAULT_UNREADABLE && fault != PACS_FAULT_DOUBLED;
}

void
run_finding(struct run *run, enum pacs_fault fault, const char *path,
	    const char *expected, const char *found)
{
	static const struct pacs_triple none;
	struct pacs_triple t = none;

	if (!pacs_object_triple(path, &t))
		t = none;
	run_finding_of(run, fault, path, &t, expected, found);
}

void
run_finding_of(struct run *run, enum pacs_fault fault, const char *path,
	       const struct pacs_triple *t, const char *expected,
	       const char *found)
{
	const struct pacs_fixity_finding f = {fault, path, t, expected, found};

	pthread_mutex_lock(&run->lock);
	run->tally->findings[fault]++;
	run->hooks->finding(run->hooks->ctx, &f);
	pthread_mutex_unlock(&run->lock);
}

bool
check_stopped(struct run *run)
{
	const struct pacs_fixity_hooks *h = run->hooks;
	bool stop = h->stopped && h->stopped(h->ctx);

	if (stop) {
		pthread_mutex_lock(&run->lock);
		run->tally->complete = false;
		pthread_mutex_unlock(&run->lock);
	}
	return stop;
}

/* How long, at the rate allowed, what was read should have taken. */
static uint64_t
due_ms(const struct run *run, uint64_t bytes)
{
	return (uint64_t)((double)bytes * 1000 / (double)run->opts->rate_bytes);
}

void
run_read(struct run *run, uint64_t objects, uint64_t bytes)
{
	const struct pacs_fixity_hooks *h = run->hooks;
	uint64_t total, spent;

	pthread_mutex_lock(&run->lock);
	run->tally->objects += objects;
	total = run->tally->bytes += bytes;
	if (h->progress)
		h->progress(h->ctx, objects, bytes);
	pthread_mutex_unlock(&run->lock);
	if (!run->opts->rate_bytes)
		return;
	while ((spent = pacs_time_mono_ms() - run->start_ms) <
		   due_ms(run, total) &&
	       !check_stopped(run)) {
		uint64_t ms = due_ms(run, total) - spent;
		struct timespec t = {0, 1000000 * (long)(ms < 200 ? ms : 200)};

		nanosleep(&t, NULL);
	}
}

bool
looks_at_all(const struct pacs_fixity_options *o)
{
	return !o->since && !o->sample_ppm && !o->wants;
}

bool
shard_is_wanted(const struct run *run, unsigned shard)
{
	return !run->opts->shards || run->opts->shards[shard];
}

static bool
any_is_wanted(const struct run *run, unsigned first, unsigned end)
{
	while (first < end && !shard_is_wanted(run, first))
		first++;
	return first < end;
}

/* The shards [from, to) of a bucket. */
static enum pacs_err
check_some(struct pacs_error *err, struct run *run, struct spool *s,
	   unsigned bucket, unsigned from, unsigned to)
{
	if (check_stopped(run) || !any_is_wanted(run, from, to))
		return PACS_OK;
	return bucket_check(err, run, s, bucket, from, to);
}

/* Once round, from the first shard on: its bucket comes in two parts. */
static enum pacs_err
check_buckets(struct pacs_error *err, struct run *run, struct spool *s)
{
	unsigned i, from, to, n = spool_buckets(s);
	unsigned start = run->opts->first_shard % PACS_SHARDS;
	unsigned begin = start / (PACS_SHARDS / n);
	enum pacs_err rc = PACS_OK;

	for (i = 0; !rc && i <= n; i++) {
		spool_shards(s, (begin + i) % n, &from, &to);
		if (i == 0)
			from = start;
		else if (i == n)
			to = start;
		rc = check_some(err, run, s, (begin + i) % n, from, to);
	}
	return rc;
}

/* What is no object's. */
static void
check_rest(struct run *run)
{
	if (check_stopped(run))
		return;
	tree_top(run);
	marks_top(run);
	house_check(run);
	quarantine_check(run);
}

/* A ledger that was cut at the end of a line, put back from an older copy or
 * written anew has a good chain. That it was another once, only somebody else
 * can know. */
static enum pacs_err
check_known(struct pacs_error *err, struct run *run)
{
	const struct pacs_cursor *c = run->opts->known;
	char where[64];
	bool holds;

	if (pacs_ledger_holds(err, run->ar, c, &holds))
		return err->code;
	snprintf(where, sizeof(where), "ledger/%06u.tsv:%llu", c->segment,
		 (unsigned long long)c->offset);
	if (!holds)
		run_finding(run, PACS_FAULT_LEDGER, where, c->check,
			    "not as the last run read it");
	return PACS_OK;
}

enum pacs_err
pacs_fixity_check(struct pacs_error *err, const struct pacs_archive *ar,
		  const struct pacs_fixity_options *opts,
		  const struct pacs_fixity_hooks *hooks,
		  struct pacs_fixity_tally *ret_tally)
{
	struct run run = {.ar = ar,
			  .opts = opts,
			  .hooks = hooks,
			  .tally = ret_tally,
			  .start_ms = pacs_time_mono_ms()};
	struct spool *s = NULL;
	uint64_t bytes;
	uint32_t segments;
	struct stat st;
	bool broken;
	enum pacs_err rc;

	memset(ret_tally, 0, sizeof(*ret_tally));
	ret_tally->complete = true;
	pthread_mutex_init(&run.lock, NULL);
	pthread_mutex_init(&run.late.lock, NULL);
	if (fstat(pacs_archive_dirfd(ar), &st) == 0)
		run.owner = st.st_uid;
	pacs_ledger_extent(ar, &segments, &bytes);
	rc = spool_open(err, bytes, &s);
	if (!rc)
		rc = scan_ledger(err, &run, s);
	if (!rc && opts->known)
		rc = check_known(err, &run);
	broken = ret_tally->findings[PACS_FAULT_LEDGER] ||
		 ret_tally->findings[PACS_FAULT_UNREADABLE];
	if (!rc && !broken && ret_tally->complete)
		ret_tally->ledger_end = run.late.at;
	if (!rc)
		rc = check_buckets(err, &run, s);
	if (!rc && looks_at_all(opts))
		check_rest(&run);
	/* An index cannot be held against a ledger that is broken. */
	if (!rc && opts->index && !broken && !check_stopped(&run))
		drift_check(&run);
	spool_close(s);
	pacs_buf_clear(&run.quarantine);
	late_clear(&run.late);
	pthread_mutex_destroy(&run.lock);
	return rc;
}
