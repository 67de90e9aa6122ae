/*
 * All of it: the ledger first, then bucket by bucket what should be there
 * against what is, and each object's bytes by several threads.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/work.h"
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

/* What a bucket's threads share. */
struct work {
	struct run *run;
	const struct expected **todo;
	size_t count;
	size_t next; /* guarded by run->lock */
};

static const struct expected *
take(struct work *w)
{
	const struct expected *e = NULL;

	pthread_mutex_lock(&w->run->lock);
	if (w->next < w->count)
		e = w->todo[w->next++];
	pthread_mutex_unlock(&w->run->lock);
	return e;
}

static void
read_objects(void *ctx, unsigned number)
{
	struct work *w = ctx;
	struct reader *r = reader_new();
	const struct expected *e;

	(void)number;
	while (!check_stopped(w->run) && (e = take(w)))
		object_check(w->run, r, e);
	reader_free(r);
}

static void
check_mode(struct run *run, const struct found *f)
{
	char have[32];

	if (!(f->mode & 0222) && (f->mode & 0400) && f->owned)
		return;
	snprintf(have, sizeof(have), "%04o%s", f->mode,
		 f->owned ? "" : ", another owner");
	run_finding(run, PACS_FAULT_MODE, f->path, "0440", have);
}

/* It is there, and by the ledger it should not be. */
static bool
stands(struct run *run, const struct expected *e)
{
	return faccessat(pacs_archive_dirfd(run->ar), e->path, F_OK,
			 AT_SYMLINK_NOFOLLOW) == 0 &&
	       !late_touched(run, e->path);
}

/* Both are there. True if its bytes are to be read. */
static bool
compare(struct run *run, const struct expected *e, const struct found *f)
{
	char have[64];

	if (!e->there) {
		if (e->wanted && late_stays(run, stands, e))
			run_finding(run, PACS_FAULT_PURGED, e->path, "", "");
		return false;
	}
	if (!e->wanted)
		return false;
	check_mode(run, f);
	if (e->size == f->size || late_touched(run, e->path))
		return e->size == f->size;
	snprintf(have, sizeof(have), "%llu bytes, not %llu",
		 (unsigned long long)f->size, (unsigned long long)e->size);
	run_finding(run, PACS_FAULT_DAMAGED, e->path, e->sha256, have);
	return false;
}

bool
looks_at_all(const struct pacs_fixity_options *o)
{
	return !o->since && !o->sample_ppm && !o->wants;
}

/* Expected, and not in the list of what is there. True: it is there. */
static bool
seek(struct run *run, const struct tree *t, const struct expected *e)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct found f = {.path = e->path};

	if (!e->there || !e->wanted || late_touched(run, e->path))
		return false;
	if (!tree_look(&err, run, t, e->path, &f))
		return compare(run, e, &f);
	if (err.code == PACS_ENOTFOUND)
		run_finding(run, PACS_FAULT_MISSING, e->path, e->sha256, "");
	else
		run_finding(run, PACS_FAULT_UNREADABLE, e->path, e->sha256,
			    err.msg);
	return false;
}

/* Go through both lists side by side. */
static void
merge(struct work *w, const struct bucket *b, const struct tree *t)
{
	struct run *run = w->run;
	size_t i = 0, j = 0;

	while (i < b->count || j < t->count) {
		const struct expected *e = i < b->count ? &b->list[i] : NULL;
		const struct found *f = j < t->count ? &t->list[j] : NULL;
		int c = !e ? 1 : !f ? -1 : strcmp(e->path, f->path);

		i += c <= 0;
		j += c >= 0;
		if (c > 0 && f && looks_at_all(run->opts) &&
		    !late_coming(run, f->path))
			run_finding(run, PACS_FAULT_ORPHAN, f->path, "", "");
		if (c > 0)
			continue;
		run->tally->wanted += e->there && e->wanted;
		if (e->there && e->wanted && run->hooks->object)
			run->hooks->object(run->hooks->ctx, e->path, e->sha256);
		if (c < 0 ? seek(run, t, e) : compare(run, e, f))
			w->todo[w->count++] = e;
	}
}

/* Objects of shards that were not asked for are not expected. */
static void
narrow(const struct run *run, struct bucket *b)
{
	size_t i, kept = 0;

	if (!run->opts->shards)
		return;
	for (i = 0; i < b->count; i++)
		if (run->opts->shards[strtoul(b->list[i].path + 8, NULL, 16) &
				      (PACS_SHARDS - 1)])
			b->list[kept++] = b->list[i];
	b->count = kept;
}

static enum pacs_err
check_objects(struct pacs_error *err, struct work *w)
{
	struct pacs_team *team;
	enum pacs_err rc;

	if (w->run->opts->quick) {
		run_read(w->run, w->count, 0);
		return PACS_OK;
	}
	if (w->count < 2 || w->run->opts->jobs < 2) {
		read_objects(w, 0);
		return PACS_OK;
	}
	rc = pacs_team_start(err, w->run->opts->jobs, read_objects, w, &team);
	if (!rc)
		pacs_team_join(team);
	return rc;
}

static enum pacs_err
check_bucket(struct pacs_error *err, struct run *run, struct spool *s,
	     unsigned number)
{
	unsigned first, end, i;
	struct bucket b = {0};
	struct tree t = {0};
	struct work w = {.run = run};
	enum pacs_err rc;

	spool_shards(s, number, &first, &end);
	rc = spool_settle(err, s, run->ar, number, run->opts, &b);
	if (!rc)
		rc = tree_read(err, run, first, end, &t);
	if (!rc) {
		narrow(run, &b);
		w.todo = pacs_calloc(b.count, sizeof(*w.todo));
		merge(&w, &b, &t);
		marks_check(run, first, end, &b);
		rc = check_objects(err, &w);
		free(w.todo);
	}
	for (i = first; !rc && i < end && run->hooks->shard; i++)
		if ((!run->opts->shards || run->opts->shards[i]) &&
		    !check_stopped(run))
			run->hooks->shard(run->hooks->ctx, i);
	bucket_clear(&b);
	tree_clear(&t);
	return rc;
}

static bool
bucket_is_wanted(const struct run *run, const struct spool *s, unsigned bucket)
{
	unsigned i, end;

	if (!run->opts->shards)
		return true;
	for (spool_shards(s, bucket, &i, &end); i < end; i++)
		if (run->opts->shards[i])
			return true;
	return false;
}

static enum pacs_err
check_buckets(struct pacs_error *err, struct run *run, struct spool *s)
{
	unsigned i, n = spool_buckets(s);
	unsigned begin = run->opts->first_shard % PACS_SHARDS * n / PACS_SHARDS;
	enum pacs_err rc = PACS_OK;

	for (i = 0; !rc && i < n && !check_stopped(run); i++)
		if (bucket_is_wanted(run, s, (begin + i) % n))
			rc = check_bucket(err, run, s, (begin + i) % n);
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
	rc = spool_open(err, opts->tmp_dir ? opts->tmp_dir : "/tmp", bytes, &s);
	if (!rc)
		rc = scan_ledger(err, &run, s);
	broken = ret_tally->findings[PACS_FAULT_LEDGER] ||
		 ret_tally->findings[PACS_FAULT_UNREADABLE];
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
