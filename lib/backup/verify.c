/*
 * Is a repository whole? The chain, the files that it names, their bytes, and
 * whether all that is recorded is in them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "backup/cover.h"
#include "backup/entry.h"
#include "backup/snapshot.h"
#include "base/work.h"

const char *
pacs_backup_fault_word(enum pacs_backup_fault fault)
{
	static const char *const words[] = {
#define B(name, word, meaning) word,
	    PACS_BACKUP_FAULTS(B)
#undef B
	};

	return words[fault];
}

void
check_finding(struct check_run *c, enum pacs_backup_fault fault,
	      const char *name, const char *detail)
{
	c->hooks->finding(c->hooks->ctx, fault, name, detail);
}

/* --- the files of a snapshot ---------------------------------------------- */

struct sizes {
	char dir[NAME_ROOM];
	struct names names;
	uint64_t *list;
};

static void
sizes_clear(struct sizes *s)
{
	names_clear(&s->names);
	free(s->list);
	memset(s, 0, sizeof(*s));
}

static enum pacs_err
sizes_of(struct pacs_error *err, struct pacs_repo *r, const char *dir,
	 struct sizes *s)
{
	if (!strcmp(s->dir, dir))
		return PACS_OK;
	sizes_clear(s);
	snprintf(s->dir, sizeof(s->dir), "%s", dir);
	return depot_sizes(err, &r->depot, dir, &s->names, &s->list);
}

static enum pacs_err
check_file(struct pacs_error *err, struct check_run *c,
	   const struct pacs_backup_file *f, struct sizes *s)
{
	const char *base = strrchr(f->name, '/') + 1;
	char dir[NAME_ROOM], detail[80];
	enum pacs_err rc;
	size_t i;

	c->tally->files++;
	snprintf(dir, sizeof(dir), "%.*s", (int)(base - 1 - f->name), f->name);
	rc = sizes_of(err, c->r, dir, s);
	if (rc)
		return rc;
	i = names_find(&s->names, base);
	if (!s->list || i == s->names.count) {
		check_finding(c, PACS_BACKUP_MISSING, f->name, "");
	} else if (s->list[i] != f->size) {
		snprintf(detail, sizeof(detail), "%llu bytes instead of %llu",
			 (unsigned long long)s->list[i],
			 (unsigned long long)f->size);
		check_finding(c, PACS_BACKUP_DAMAGED, f->name, detail);
	}
	return PACS_OK;
}

/* --- reading them --------------------------------------------------------- */

struct reading {
	struct check_run *c;
	struct pacs_queue *queue;
	pthread_mutex_t lock;
};

static void
tell(struct reading *g, enum pacs_backup_fault fault, const char *name,
     const char *detail)
{
	pthread_mutex_lock(&g->lock);
	check_finding(g->c, fault, name, detail);
	pthread_mutex_unlock(&g->lock);
}

static bool
same_digest(struct reading *g, const struct pacs_backup_file *f, char *buf,
	    size_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_digest *d = pacs_digest_new();
	char sha[PACS_SHA256_HEX] = "";
	struct pull p;
	enum pacs_err rc;
	size_t n;

	rc = pull_open(&err, g->c->r, f->name, true, 0, 0, &p);
	while (!rc && !(rc = pull_read(&err, &p, buf, size, &n)) && n)
		pacs_digest_add(d, buf, n);
	if (!rc)
		rc = pull_end(&err, &p);
	pull_close(&p);
	pacs_digest_end_hex(d, sha);
	pacs_digest_free(d);
	if (rc == PACS_ENOTFOUND)
		return false; /* told already */
	if (rc)
		tell(g, PACS_BACKUP_UNREADABLE, f->name, err.msg);
	else if (strcmp(sha, f->sha256) != 0)
		tell(g, PACS_BACKUP_DAMAGED, f->name, "its digest differs");
	return !rc;
}

/* Every object of it, with its noted digest. */
static uint64_t
read_pack(struct reading *g, const struct pacs_backup_file *f)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct entry *e;
	struct unpack *u = NULL;
	struct pull p;
	uint64_t objects = 0;
	const void *bytes;
	enum pacs_err rc;
	size_t n;

	rc = pull_open(&err, g->c->r, f->name, false, 0, 0, &p);
	if (!rc)
		rc = unpack_open(&err, &p, &u);
	while (!rc && !(rc = unpack_next(&err, u, &e)) && e) {
		while (!(rc = unpack_data(&err, u, &bytes, &n)) && n)
			;
		objects +=
		    e->kind == ENTRY_OBJECT || e->kind == ENTRY_QUARANTINE;
		if (rc == PACS_EINTEGRITY) {
			tell(g, PACS_BACKUP_DAMAGED, f->name, err.msg);
			pacs_error_clear(&err);
			rc = PACS_OK;
		}
	}
	if (rc)
		tell(g,
		     rc == PACS_EFORMAT ? PACS_BACKUP_DAMAGED
					: PACS_BACKUP_UNREADABLE,
		     f->name, err.msg);
	else if (!strcmp(f->kind, "objects") && objects != f->objects)
		tell(g, PACS_BACKUP_DAMAGED, f->name,
		     "it does not hold as many objects as noted");
	unpack_close(u);
	return objects;
}

static void
read_files(void *ctx, unsigned number)
{
	enum { BUF = 1 << 18 };
	struct reading *g = ctx;
	char *buf = pacs_malloc(BUF);
	void *p;

	(void)number;
	while (pacs_queue_pop(g->queue, &p)) {
		struct pacs_backup_file *f = p;
		const struct pacs_backup_check_hooks *h = g->c->hooks;
		uint64_t objects = 0;
		bool stop;

		pthread_mutex_lock(&g->lock);
		stop = h->stopped && h->stopped(h->ctx);
		pthread_mutex_unlock(&g->lock);
		if (!stop && same_digest(g, f, buf, BUF) &&
		    !pacs_repo_is_closed(g->c->r) &&
		    !strncmp(f->name, "packs/", 6))
			objects = read_pack(g, f);
		pthread_mutex_lock(&g->lock);
		g->c->tally->files_read += !stop;
		g->c->tally->bytes_read += stop ? 0 : f->size;
		g->c->tally->objects_read += objects;
		if (h->progress && !stop)
			h->progress(h->ctx, objects, f->size);
		pthread_mutex_unlock(&g->lock);
		free(f);
	}
	free(buf);
}

static bool
is_drawn(const struct check_run *c, uint64_t *dice)
{
	if (!c->o->sample_ppm)
		return true;
	/* xorshift: which packs are drawn need not be a secret */
	*dice ^= *dice << 13;
	*dice ^= *dice >> 7;
	*dice ^= *dice << 17;
	return *dice % 1000000 < c->o->sample_ppm;
}

/* --- all of it ------------------------------------------------------------ */

static enum pacs_err
check_chain(struct pacs_error *err, struct check_run *c, struct reading *g)
{
	const struct snapshot *s;
	struct sizes sizes = {0};
	struct chain ch;
	uint64_t dice = 1;
	enum pacs_err rc = chain_open(err, c->r, 0, &ch);
	size_t i;

	if (getrandom(&dice, sizeof(dice), 0) < 0 || !dice)
		dice = 1;
	while (!rc && !(rc = chain_next(err, c->r, &ch, &s)) && s) {
		c->tally->snapshots++;
		c->to = s->to;
		c->number = s->number;
		c->all_objects = s->all_objects;
		for (i = 0; !rc && i < s->file_count; i++) {
			struct pacs_backup_file *f;

			pthread_mutex_lock(&g->lock);
			rc = check_file(err, c, &s->files[i], &sizes);
			pthread_mutex_unlock(&g->lock);
			if (rc || !c->o->read_data || !is_drawn(c, &dice))
				continue;
			f = pacs_malloc(sizeof(*f));
			*f = s->files[i];
			(void)pacs_queue_push(g->queue, f, 1);
		}
	}
	if (rc == PACS_EFORMAT || rc == PACS_EINTEGRITY || rc == PACS_ELIMIT) {
		pthread_mutex_lock(&g->lock);
		check_finding(
		    c, PACS_BACKUP_CHAIN,
		    ch.next < ch.names.count ? ch.names.list[ch.next] + 7 : "",
		    err->msg);
		pthread_mutex_unlock(&g->lock);
		pacs_error_clear(err);
		rc = PACS_OK;
	}
	chain_close(&ch);
	sizes_clear(&sizes);
	return rc;
}

static enum pacs_err
check_cover(struct pacs_error *err, struct check_run *c)
{
	bool holds = true;
	enum pacs_err rc = PACS_OK;

	if (c->o->against)
		rc = pacs_ledger_holds(err, c->o->against, &c->to, &holds);
	if (!rc && !holds) {
		check_finding(c, PACS_BACKUP_FORK, "", "");
		return PACS_OK;
	}
	if (!rc)
		rc = cover_check(err, c);
	if (rc == PACS_EINTEGRITY || rc == PACS_EFORMAT ||
	    rc == PACS_ENOTFOUND || rc == PACS_EIO) {
		check_finding(c, PACS_BACKUP_LEDGER, "", err->msg);
		pacs_error_clear(err);
		rc = PACS_OK;
	}
	return rc;
}

enum pacs_err
pacs_backup_verify(struct pacs_error *err, struct pacs_repo *r,
		   const struct pacs_backup_check *o,
		   const struct pacs_backup_check_hooks *hooks,
		   struct pacs_backup_check_tally *ret)
{
	struct check_run c = {r, o, hooks, ret, PACS_CURSOR_START, 0, 0};
	struct reading g = {.c = &c};
	struct pacs_team *team = NULL;
	enum pacs_err rc;

	memset(ret, 0, sizeof(*ret));
	ret->digests_only = pacs_repo_is_closed(r);
	pthread_mutex_init(&g.lock, NULL);
	g.queue = pacs_queue_new(64, SIZE_MAX);
	rc = pacs_team_start(err, o->jobs ? o->jobs : 1, read_files, &g, &team);
	if (!rc)
		rc = check_chain(err, &c, &g);
	pacs_queue_close(g.queue);
	pacs_team_join(team);
	pacs_queue_free(g.queue);
	pthread_mutex_destroy(&g.lock);
	if (!rc && c.number && !ret->digests_only)
		rc = check_cover(err, &c);
	return rc;
}
