/*
 * The producer of a run: looks at the files that it is given, settles what is
 * known without the peer, queues the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/walk.h"
#include "peer/run.h"

struct producer {
	struct run *r;
	const char *item; /* as the user named it */
};

static struct work *
work_new(void)
{
	struct work *w = pacs_calloc(1, sizeof(*w));

	w->outcome = PACS_SENT_FAILED;
	w->reason = w->comment = "";
	w->status = -1;
	return w;
}

/* A file whose fate is known without the peer. */
static void
settle(struct run *r, struct work *w, enum pacs_sent outcome,
       const char *reason, const char *detail)
{
	w->outcome = outcome;
	w->reason = reason;
	snprintf(w->detail, sizeof(w->detail), "%s", detail);
	run_tell(r, w);
}

static enum pacs_err
digest(struct pacs_error *err, struct work *w)
{
	int fd;

	if (w->o.bytes.len) {
		pacs_sha256_hex(w->o.bytes.data, w->o.bytes.len, w->sha256);
		return PACS_OK;
	}
	if (pacs_object_reopen(err, &w->o, &fd))
		return err->code;
	(void)!pacs_sha256_fd(err, fd, w->sha256, &w->o.size);
	close(fd);
	return err->code;
}

/* Looks an object up in the journal. True: its fate is known. */
static bool
in_journal(struct run *r, struct work *w)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_journal_entry e = {.outcome = 0};
	bool found = false;

	if (!r->o->journal)
		return false;
	if (digest(&err, w)) {
		settle(r, w, PACS_SENT_FAILED,
		       err.code == PACS_EINTEGRITY ? "changed"
						   : pacs_err_name(err.code),
		       err.msg);
		return true;
	}
	if (pacs_journal_find(&err, r->o->journal, w->o.instance, w->sha256, &e,
			      &found)) {
		settle(r, w, PACS_SENT_FAILED, "journal", err.msg);
		return true;
	}
	if (!found)
		return false;
	w->status = e.status;
	w->committed =
	    r->o->commit ? (enum pacs_committed)e.committed : PACS_COMMIT_NONE;
	if (r->o->commit && e.committed != PACS_COMMIT_YES) {
		w->settled = true;
		w->outcome = (enum pacs_sent)e.outcome;
		w->reason = "journal";
		return false;
	}
	settle(r, w, (enum pacs_sent)e.outcome, "journal", "");
	return true;
}

static void
take_up(struct run *r, struct work *w)
{
	struct pacs_need *need;
	uint64_t unread;
	size_t i;

	if (!r->plan) {
		queue_add(r, w);
		return;
	}
	unread = charset_unread(r, &w->o);
	pthread_mutex_lock(&r->lock);
	charset_count(r, unread, w->o.data_size);
	/* The list may move while it is looked through. */
	i = pacs_needs_find(&r->needs, w->o.sop_class, w->o.syntax);
	need = &r->needs.list[i];
	need->pending++;
	need->bytes += w->o.data_size;
	pthread_mutex_unlock(&r->lock);
	pacs_object_clear(&w->o);
	free(w);
}

static bool
found_file(struct pacs_walk *walk, int dirfd, const char *name, bool via_link)
{
	struct producer *p = walk->ctx;
	struct run *r = p->r;
	struct pacs_error err = PACS_ERROR_INIT;
	struct work *w;
	const char *reason;
	bool named;

	(void)dirfd, (void)name, (void)via_link;
	if (run_stopped(r))
		return false;
	w = work_new();
	named = !strcmp(p->item, walk->path.data);
	switch (pacs_object_look(&err,
				 pacs_strndup(walk->path.data, walk->path.len),
				 r->plan ? 0 : queue_room(r), &w->o, &reason)) {
	case PACS_OBJECT_GOOD:
		if (!in_journal(r, w))
			take_up(r, w);
		break;
	case PACS_OBJECT_OTHER:
		settle(r, w, named ? PACS_SENT_FAILED : PACS_SENT_SKIPPED,
		       reason, "");
		break;
	default:
		settle(r, w, PACS_SENT_FAILED, reason, err.msg);
		break;
	}
	return true;
}

static void
found_other(struct pacs_walk *walk, const char *reason)
{
	struct producer *p = walk->ctx;
	struct work *w = work_new();

	w->o.path = pacs_strdup(pacs_buf_str(&walk->path));
	settle(p->r, w,
	       strcmp(p->item, w->o.path) ? PACS_SENT_SKIPPED
					  : PACS_SENT_FAILED,
	       reason, "");
}

static void
found_trouble(struct pacs_walk *walk, struct pacs_error *err,
	      const char *reason)
{
	struct producer *p = walk->ctx;
	struct work *w = work_new();

	w->o.path = pacs_strdup(pacs_buf_str(&walk->path));
	settle(p->r, w, PACS_SENT_FAILED, reason, err->msg);
	pacs_error_clear(err);
}

void *
run_produce(void *ctx)
{
	struct producer p = {.r = ctx};
	struct pacs_walk walk = {.file = found_file,
				 .skip = found_other,
				 .fail = found_trouble,
				 .ctx = &p};
	struct pacs_buf item = {0};

	while (!run_stopped(p.r) && p.r->h->next(p.r->h->ctx, &item)) {
		p.item = pacs_buf_str(&item);
		if (!pacs_walk_item(&walk, p.item))
			break;
	}
	pacs_buf_clear(&item);
	pacs_buf_clear(&walk.path);
	queue_end(p.r);
	return NULL;
}
