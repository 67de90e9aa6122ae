/* pacs-quarantine list, show, diff: what was set aside, and what differs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/quarantine.h"
#include "ingest/review.h"

/* The records of list and show, and behind them those of diff. */
enum {
	F_SHA256,
	F_REASON,
	F_TIME,
	F_STUDY,
	F_SERIES,
	F_INSTANCE,
	F_SIZE,
	F_ORIGIN,
	F_DETAIL,
	F_PATH,
	F_HELD,
	F_ELEMENT,
	F_QUARANTINED,
	F_ARCHIVED,
	F_COUNT
};

const struct cli_field quarantine_fields[F_COUNT + 1] = {
    [F_SHA256] = {"sha256", CLI_TEXT, "digest: the name of what is set aside"},
    [F_REASON] = {"reason", CLI_TEXT, "why it was set aside, one word"},
    [F_TIME] = {"quarantined_at", CLI_TEXT, "when, UTC"},
    [F_STUDY] = {"StudyInstanceUID", CLI_TEXT, "empty if not known"},
    [F_SERIES] = {"SeriesInstanceUID", CLI_TEXT, "empty if not known"},
    [F_INSTANCE] = {"SOPInstanceUID", CLI_TEXT, "empty if not known"},
    [F_SIZE] = {"size_bytes", CLI_NUMBER, "size"},
    [F_ORIGIN] = {"origin", CLI_TEXT, "where it came from"},
    [F_DETAIL] = {"detail", CLI_TEXT, "what was found, without values"},
    [F_PATH] = {"path", CLI_TEXT, "where it is, in the archive"},
    [F_HELD] = {"held_path", CLI_TEXT, "the object that holds its place"},
    [F_ELEMENT] = {"element", CLI_TEXT, "diff: what differs"},
    [F_QUARANTINED] = {"quarantined_value", CLI_TEXT, "diff: value set aside"},
    [F_ARCHIVED] = {"archived_value", CLI_TEXT, "diff: value in the archive"},
    [F_COUNT] = {NULL, CLI_TEXT, NULL},
};

void
quarantine_held_path(const struct pacs_archive *ar, const struct pacs_triple *t,
		     char path[PACS_PATH_ROOM])
{
	struct pacs_error err = PACS_ERROR_INIT;
	uint64_t size;
	int fd;

	*path = '\0';
	if (!pacs_triple_is_safe(t) ||
	    pacs_object_open(&err, ar, t, &fd, &size))
		return;
	close(fd);
	pacs_object_path(t, path);
}

enum pacs_err
quarantine_show(struct pacs_error *err, struct ctx *c,
		const struct pacs_quarantined *q)
{
	char size[24], held[PACS_PATH_ROOM] = "";
	const char *values[F_COUNT] = {
	    [F_SHA256] = q->sha256,
	    [F_REASON] = q->reason,
	    [F_TIME] = q->time,
	    [F_STUDY] = q->triple.study,
	    [F_SERIES] = q->triple.series,
	    [F_INSTANCE] = q->triple.instance,
	    [F_SIZE] = size,
	    [F_ORIGIN] = q->origin,
	    [F_DETAIL] = q->detail,
	    [F_PATH] = q->path,
	    [F_HELD] = held,
	};

	(void)err;
	snprintf(size, sizeof(size), "%" PRIu64, q->size);
	if (cli_records_wants(c->records, "held_path"))
		quarantine_held_path(c->ar, &q->triple, held);
	cli_record(c->records, values);
	return PACS_OK;
}

static void
on_review(void *p, const struct pacs_review *r)
{
	struct ctx *c = p;
	const char *values[F_COUNT] = {
	    [F_SHA256] = c->sha256,
	    [F_ELEMENT] = r->element,
	    [F_QUARANTINED] = r->quarantined,
	    [F_ARCHIVED] = r->archived,
	};

	c->differences++;
	cli_record(c->records, values);
}

enum pacs_err
quarantine_diff(struct pacs_error *err, struct ctx *c,
		const struct pacs_quarantined *q)
{
	c->sha256 = q->sha256;
	return pacs_review_diff(err, c->ar, q, on_review, c);
}

void
quarantine_list(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_quarantined *all;
	size_t i, count;

	if (pacs_quarantine_list(&err, c->ar, &all, &count))
		cli_die(&err);
	for (i = 0; i < count && !cli_stopped() && !cli_stdout_broken(); i++)
		if (!quarantine_show(&err, c, &all[i]))
			c->tally.done++;
	free(all);
}
