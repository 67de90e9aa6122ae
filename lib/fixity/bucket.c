/*
 * A bucket: what should be there against what is, and each object's bytes by
 * several threads.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/work.h"
#include "fixity/internal.h"

/* What a bucket's threads share. */
struct work {
	struct run *run;
	const struct expected **todo;
	size_t count;
	unsigned first;
	/* Guarded by run->lock: */
	size_t next;
	unsigned left[PACS_SHARDS]; /* of todo, from the shard first on */
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

/* Shard by shard it is known what has been looked at: a bucket can be more than
 * a night has time for. */
static void
shard_is_done(struct run *run, unsigned shard)
{
	if (run->hooks->shard)
		run->hooks->shard(run->hooks->ctx, shard);
}

static void
done(struct work *w, const struct expected *e)
{
	unsigned shard = shard_of(e->path);

	pthread_mutex_lock(&w->run->lock);
	if (--w->left[shard - w->first] == 0)
		shard_is_done(w->run, shard);
	pthread_mutex_unlock(&w->run->lock);
}

static void
read_objects(void *ctx, unsigned number)
{
	struct work *w = ctx;
	struct reader *r = reader_new();
	const struct expected *e;

	(void)number;
	while (!check_stopped(w->run) && (e = take(w))) {
		object_check(w->run, r, e);
		done(w, e);
	}
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
		if (c < 0 ? seek(run, t, e) : compare(run, e, f)) {
			w->todo[w->count++] = e;
			w->left[shard_of(e->path) - w->first]++;
		}
	}
}

/* Objects of other shards are not expected. */
static void
narrow(const struct run *run, struct bucket *b, unsigned first, unsigned end)
{
	size_t i, kept = 0;

	for (i = 0; i < b->count; i++) {
		unsigned shard = shard_of(b->list[i].path);

		if (shard >= first && shard < end &&
		    shard_is_wanted(run, shard))
			b->list[kept++] = b->list[i];
	}
	b->count = kept;
}

static enum pacs_err
check_objects(struct pacs_error *err, struct work *w)
{
	struct pacs_team *team;
	enum pacs_err rc;
	size_t i;

	if (w->run->opts->quick) {
		run_read(w->run, w->count, 0);
		for (i = 0; i < w->count; i++)
			done(w, w->todo[i]);
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

/* What there is to do, and which shards need no reading. */
static void
look(struct work *w, const struct bucket *b, const struct tree *t, unsigned end)
{
	unsigned i;

	w->todo = pacs_calloc(b->count, sizeof(*w->todo));
	merge(w, b, t);
	marks_check(w->run, w->first, end, b);
	for (i = w->first; i < end && !check_stopped(w->run); i++)
		if (!w->left[i - w->first] && shard_is_wanted(w->run, i))
			shard_is_done(w->run, i);
}

enum pacs_err
bucket_check(struct pacs_error *err, struct run *run, struct spool *s,
	     unsigned number, unsigned first, unsigned end)
{
	struct work *w = pacs_calloc(1, sizeof(*w));
	struct bucket b = {0};
	struct tree t = {0};
	enum pacs_err rc;

	w->run = run;
	w->first = first;
	rc = spool_settle(err, s, run->ar, number, run->opts, &b);
	if (!rc)
		rc = tree_read(err, run, first, end, &t);
	if (!rc) {
		narrow(run, &b, first, end);
		look(w, &b, &t, end);
		rc = check_objects(err, w);
	}
	bucket_clear(&b);
	tree_clear(&t);
	free(w->todo);
	free(w);
	return rc;
}
