/*
 * Objects that lacked UIDs, or whose place was taken, and that were filed all
 * the same, under UIDs that somebody gave. Their place does not follow from
 * their bytes, so when the bytes come again only the ledger knows that they are
 * there. It is read when the first object comes that cannot be filed, which is
 * seldom.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/internal.h"

struct filed {
	char sha256[PACS_SHA256_HEX];
	struct pacs_triple triple;
};

struct given {
	const struct pacs_archive *ar;
	pthread_mutex_t lock;
	struct pacs_cursor at;
	bool begun;
	struct filed *list;
	size_t count, cap;
};

struct given *
given_new(const struct pacs_archive *ar)
{
	struct given *g = pacs_calloc(1, sizeof(*g));

	g->ar = ar;
	pthread_mutex_init(&g->lock, NULL);
	return g;
}

void
given_free(struct given *g)
{
	pthread_mutex_destroy(&g->lock);
	free(g->list);
	free(g);
}

static void
copy_uid(char to[PACS_UID_ROOM], const char *from)
{
	memcpy(to, from, strnlen(from, PACS_UID_ROOM - 1));
}

static void
note(struct given *g, const struct pacs_ledger_line *l)
{
	struct filed *f;
	char uids[8];

	if (!pacs_op_places(l->op) ||
	    strlen(l->sha256) != PACS_SHA256_HEX - 1 ||
	    !pacs_ledger_extra(l, "uids", uids, sizeof(uids)) ||
	    strcmp(uids, "given") != 0)
		return;
	if (g->count == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 16;
		g->list = pacs_realloc(g->list, g->cap * sizeof(*g->list));
	}
	f = &g->list[g->count++];
	memset(f, 0, sizeof(*f));
	memcpy(f->sha256, l->sha256, sizeof(f->sha256));
	copy_uid(f->triple.study, l->study);
	copy_uid(f->triple.series, l->series);
	copy_uid(f->triple.instance, l->instance);
}

/* Read on. What cannot be read is not known: the object then goes to
 * quarantine, where nothing is lost. */
static void
refresh(struct given *g)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	bool more = true;

	if (g->begun &&
	    (pacs_ledger_has_more(&err, g->ar, &g->at, &more) || !more))
		return;
	if (pacs_ledger_open(&err, g->ar, g->begun ? &g->at : NULL, &r))
		return;
	while (!pacs_ledger_next(&err, r, &line) && line)
		note(g, line);
	g->at = *pacs_ledger_cursor(r);
	g->begun = true;
	pacs_ledger_close(r);
}

/* The place may have been purged or taken since: its bytes tell. */
static bool
holds(const struct given *g, const struct filed *f)
{
	struct pacs_error err = PACS_ERROR_INIT;
	char sha256[PACS_SHA256_HEX] = "";
	uint64_t size;
	bool same;
	int fd;

	if (!pacs_triple_is_safe(&f->triple) ||
	    pacs_object_open(&err, g->ar, &f->triple, &fd, &size))
		return false;
	same = !pacs_sha256_fd(&err, fd, sha256, &size) &&
	       !strcmp(sha256, f->sha256);
	close(fd);
	return same;
}

bool
given_find(struct given *g, const char *sha256, struct pacs_triple *ret)
{
	bool found = false;
	size_t i;

	if (!*sha256)
		return false;
	pthread_mutex_lock(&g->lock);
	refresh(g);
	for (i = g->count; i-- > 0 && !found;) {
		found =
		    !strcmp(g->list[i].sha256, sha256) && holds(g, &g->list[i]);
		if (found)
			*ret = g->list[i].triple;
	}
	pthread_mutex_unlock(&g->lock);
	return found;
}
