/* See export.h. */
#include "export/export.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/ingest.h"

/* An object on its way: its record, or what became of it, whichever came
 * first. Kept by its new UID. */
struct parcel {
	char instance[65];
	bool acknowledged;
	enum pacs_outcome outcome; /* of the archive */
	const char *reason;
	struct pacs_deid_record rec;
	char *text; /* of the record */
};

struct pacs_export {
	const struct pacs_export_hooks *hooks;
	struct pacs_archive *ar;
	pthread_t thread;
	pthread_mutex_t lock; /* of what is told, and of the parcels */
	void *parcels;        /* tsearch(3) */
	int pipe[2];
	struct pacs_error err;
	struct pacs_ingest_tally tally;
};

static int
by_instance(const void *a, const void *b)
{
	return strcmp(((const struct parcel *)a)->instance,
		      ((const struct parcel *)b)->instance);
}

/* The parcel of that UID, made if there is none. */
static struct parcel *
find_parcel(struct pacs_export *s, const char *instance)
{
	struct parcel *p = pacs_calloc(1, sizeof(*p)), **found;

	snprintf(p->instance, sizeof(p->instance), "%s", instance);
	found = tsearch(p, &s->parcels, by_instance);
	if (!found)
		abort(); /* no memory */
	if (*found != p)
		free(p);
	return *found;
}

static void
drop_parcel(struct pacs_export *s, struct parcel *p)
{
	(void)tdelete(p, &s->parcels, by_instance);
	free(p->text);
	free(p);
}

static void
deliver(struct pacs_export *s, struct parcel *p, struct pacs_deid_record *r)
{
	switch (p->outcome) {
	case PACS_OUTCOME_STORED:
	case PACS_OUTCOME_REPAIRED:
		break;
	case PACS_OUTCOME_DUPLICATE:
		r->outcome = PACS_ANON_DUPLICATE;
		break;
	default:
		r->outcome = PACS_ANON_FAILED;
		r->reason =
		    *p->reason ? p->reason : pacs_outcome_name(p->outcome);
		r->detail = "the archive did not take it";
		break;
	}
	s->hooks->settled(s->hooks->ctx, r);
	drop_parcel(s, p);
}

static void
on_stored(void *ctx, const struct pacs_ingest_record *r)
{
	struct pacs_export *s = ctx;
	struct parcel *p;

	if (!*r->triple->instance)
		return;
	pthread_mutex_lock(&s->lock);
	p = find_parcel(s, r->triple->instance);
	p->acknowledged = true;
	p->outcome = r->outcome;
	p->reason = r->reason;
	if (p->text)
		deliver(s, p, &p->rec);
	pthread_mutex_unlock(&s->lock);
}

/* Keep a record until the archive has answered. */
static void
keep_record(struct parcel *p, const struct pacs_deid_record *r)
{
	struct pacs_buf b = {0};
	const char *const texts[] = {r->source, r->path,   r->sop_class,
				     r->study,  r->series, r->pseudonym};
	const char **const places[] = {&p->rec.source,    &p->rec.path,
				       &p->rec.sop_class, &p->rec.study,
				       &p->rec.series,    &p->rec.pseudonym};
	size_t at[6], i;

	for (i = 0; i < 6; i++) {
		at[i] = b.len;
		pacs_buf_add(&b, texts[i], strlen(texts[i]) + 1);
	}
	p->rec = *r;
	p->text = pacs_buf_take(&b);
	for (i = 0; i < 6; i++)
		*places[i] = p->text + at[i];
	p->rec.instance = p->instance;
	p->rec.detail = "";
}

static void
await_answer(struct pacs_export *s, const struct pacs_deid_record *r)
{
	struct pacs_deid_record copy = *r;
	struct parcel *p;

	p = find_parcel(s, r->instance);
	if (p->acknowledged)
		deliver(s, p, &copy);
	else
		keep_record(p, r);
}

static void
on_trouble(void *ctx, const char *source, const struct pacs_error *err)
{
	struct pacs_export *s = ctx;

	pthread_mutex_lock(&s->lock);
	s->hooks->trouble(s->hooks->ctx, source, err);
	pthread_mutex_unlock(&s->lock);
}

/* The end of the stream is the end. */
static bool
never(void *p)
{
	(void)p;
	return false;
}

void
pacs_export_record(struct pacs_export *s, const struct pacs_deid_record *r)
{
	pthread_mutex_lock(&s->lock);
	if (r->outcome == PACS_ANON_WRITTEN)
		await_answer(s, r);
	else
		s->hooks->settled(s->hooks->ctx, r);
	pthread_mutex_unlock(&s->lock);
}

static void *
store_all(void *p)
{
	struct pacs_export *s = p;
	const struct pacs_ingest_options how = {
	    .workers = 1, .stream_fd = s->pipe[0], .origin = "pacs-anon"};
	const struct pacs_ingest_hooks hooks = {.ctx = s,
						.record = on_stored,
						.trouble = on_trouble,
						.stopped = never};

	(void)!pacs_ingest(&s->err, s->ar, &how, &hooks, &s->tally);
	close(s->pipe[0]); /* whoever writes on is told so */
	return NULL;
}

static void
export_free(struct pacs_export *s)
{
	pacs_archive_close(s->ar);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static enum pacs_err
start(struct pacs_error *err, struct pacs_export *s,
      struct pacs_deid_output **ret_out)
{
	struct pacs_error gone = PACS_ERROR_INIT;

	if (pipe2(s->pipe, O_CLOEXEC))
		return pacs_error_sys(err, errno, "cannot make a pipe");
	if (!pacs_deid_output_tar(err, s->pipe[1], 0, 1, ret_out)) {
		if (!pthread_create(&s->thread, NULL, store_all, s))
			return PACS_OK;
		pacs_error_sys(err, EAGAIN, "cannot start a thread");
		(void)!pacs_deid_output_close(&gone, *ret_out, false);
		*ret_out = NULL;
	}
	close(s->pipe[0]);
	close(s->pipe[1]);
	return err->code;
}

enum pacs_err
pacs_export_begin(struct pacs_error *err, const char *archive,
		  const struct pacs_export_hooks *hooks,
		  struct pacs_export **ret, struct pacs_deid_output **ret_out)
{
	struct pacs_export *s = pacs_calloc(1, sizeof(*s));

	*ret = NULL;
	*ret_out = NULL;
	s->hooks = hooks;
	pthread_mutex_init(&s->lock, NULL);
	if (pacs_archive_open(err, archive, PACS_ARCHIVE_WRITE, &s->ar) ||
	    start(err, s, ret_out)) {
		export_free(s);
		return err->code;
	}
	*ret = s;
	return PACS_OK;
}

enum pacs_err
pacs_export_end(struct pacs_error *err, struct pacs_export *s)
{
	close(s->pipe[1]);
	pthread_join(s->thread, NULL);
	while (s->parcels) {
		struct parcel *p = *(struct parcel **)s->parcels;

		if (p->text) {
			p->rec.outcome = PACS_ANON_FAILED;
			p->rec.reason = "not-stored";
			s->hooks->settled(s->hooks->ctx, &p->rec);
		}
		drop_parcel(s, p);
	}
	if (s->err.code)
		*err = s->err;
	export_free(s);
	return err->code;
}
