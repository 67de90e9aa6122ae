/* What could not be filed: look at it, file it after all, or drop it.
 * pacs-quarantine(1) is the reference. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/quarantine.h"
#include "archive/writer.h"
#include "base/digest.h"
#include "cli/cli.h"
#include "dicom/uid.h"
#include "ingest/review.h"

static struct {
	bool replace;
	const char *why;
	struct cli_list uids; /* KEY=UID */
} flags;

/* The records of list and show, and behind them those of diff. */
enum field {
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

static const struct cli_field fields[F_COUNT + 1] = {
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

static const struct cli_opt opts[] = {
    CLI_OPT_ARCHIVE,
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    CLI_OPT_DRY_RUN,
    CLI_OPT_NUL,
    {0, "replace", NULL, NULL,
     "accept: take the place of the object that holds it", CLI_FLAG,
     &flags.replace},
    {0, "uid", "KEY=UID", "none",
     "accept: file under this UID (StudyInstanceUID=...)", CLI_LIST,
     &flags.uids},
    {0, "why", "TEXT", "none", "accept, discard: the reason, for the ledger",
     CLI_STRING, &flags.why},
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-quarantine",
    .summary = "look at what could not be filed; file it or drop it",
    .operands = "[SHA256 ...] ('-': a list on stdin)",
    .opts = opts,
    .verbs = "list|show|diff|accept|discard",
    .fields = fields,
};

struct ctx {
	struct pacs_archive *ar;
	struct pacs_writer *w; /* accept, discard */
	struct cli_records *records;
	struct cli_tally tally;
	uint64_t differences;
	const char *sha256; /* diff: of the entry at hand */
};

/* --- list, show, diff -------------------------------------------------- */

/* The path of the object that holds its place; "" if none does. */
static void
held_path(const struct pacs_archive *ar, const struct pacs_triple *t,
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

static enum pacs_err
show(struct pacs_error *err, struct ctx *c, const struct pacs_quarantined *q)
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
		held_path(c->ar, &q->triple, held);
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

static enum pacs_err
diff(struct pacs_error *err, struct ctx *c, const struct pacs_quarantined *q)
{
	c->sha256 = q->sha256;
	return pacs_review_diff(err, c->ar, q, on_review, c);
}

static void
list(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_quarantined *all;
	size_t i, count;

	if (pacs_quarantine_list(&err, c->ar, &all, &count))
		cli_die(&err);
	for (i = 0; i < count && !cli_stopped() && !cli_stdout_broken(); i++)
		if (!show(&err, c, &all[i]))
			c->tally.done++;
	free(all);
}

/* --- accept, discard --------------------------------------------------- */

/* What somebody types is held to more than what machines send: digits and
 * dots. */
static void
check_uid(const char *uid)
{
	size_t n = strlen(uid);

	if (n > PACS_UID_MAX || strspn(uid, "0123456789.") != n ||
	    !pacs_uid_is_safe(uid))
		cli_usage("'%.80s' is no UID (digits and dots, 64 at most)",
			  uid);
}

/* Put the UIDs that were given in their places. */
static bool
apply_uids(struct pacs_triple *t)
{
	const struct {
		const char *key;
		char *to;
	} known[] = {
	    {"StudyInstanceUID=", t->study},
	    {"SeriesInstanceUID=", t->series},
	    {"SOPInstanceUID=", t->instance},
	};
	size_t i, k, n;

	for (i = 0; i < flags.uids.count; i++) {
		for (k = 0; k < sizeof(known) / sizeof(*known); k++) {
			n = strlen(known[k].key);
			if (!strncmp(flags.uids.items[i], known[k].key, n))
				break;
		}
		if (k == sizeof(known) / sizeof(*known))
			return false;
		snprintf(known[k].to, PACS_UID_ROOM, "%s",
			 flags.uids.items[i] + n);
	}
	return true;
}

/* Name what is missing, and only that. */
static enum pacs_err
check_lacks(struct pacs_error *err, const struct pacs_triple *t)
{
	const bool study = !pacs_uid_is_safe(t->study),
		   series = !pacs_uid_is_safe(t->series),
		   instance = !pacs_uid_is_safe(t->instance);

	if (!study && !series && !instance)
		return PACS_OK;
	return pacs_error_set(err, PACS_EUSAGE, "it lacks UIDs: give%s%s%s",
			      study ? " --uid=StudyInstanceUID=UID" : "",
			      series ? " --uid=SeriesInstanceUID=UID" : "",
			      instance ? " --uid=SOPInstanceUID=UID" : "");
}

/* Why it cannot be filed where another object is. */
static enum pacs_err
place_is_held(struct pacs_error *err, const struct ctx *c,
	      const struct pacs_triple *t, const struct pacs_quarantined *q)
{
	struct pacs_error unread = PACS_ERROR_INIT;
	char sha256[PACS_SHA256_HEX] = "";
	uint64_t size;
	int fd;

	if (!pacs_object_open(&unread, c->ar, t, &fd, &size)) {
		if (pacs_sha256_fd(&unread, fd, sha256, &size))
			*sha256 = '\0';
		close(fd);
	}
	return pacs_error_set(err, PACS_EEXISTS,
			      strcmp(sha256, q->sha256) != 0
				  ? "another object holds its place (--replace)"
				  : "its place holds the same bytes already: "
				    "discard it");
}

static enum pacs_err
accept(struct pacs_error *err, struct ctx *c, const struct pacs_quarantined *q)
{
	struct pacs_triple t = q->triple;
	char held[PACS_PATH_ROOM];

	apply_uids(&t);
	if (check_lacks(err, &t))
		return err->code;
	held_path(c->ar, &t, held);
	if (*held && !flags.replace)
		return place_is_held(err, c, &t, q);
	if (!c->w) {
		cli_say("would accept %s%s", q->sha256,
			*held ? ", replacing what holds its place" : "");
		return PACS_OK;
	}
	return pacs_quarantine_accept(err, c->w, q, &t, flags.uids.count > 0,
				      flags.replace,
				      flags.why ? flags.why : "");
}

static enum pacs_err
discard(struct pacs_error *err, struct ctx *c, const struct pacs_quarantined *q)
{
	if (!c->w) {
		cli_say("would discard %s", q->sha256);
		return PACS_OK;
	}
	return pacs_quarantine_discard(err, c->w, q, flags.why);
}

/* ------------------------------------------------------------------------------
 */

typedef enum pacs_err verb_fn(struct pacs_error *err, struct ctx *c,
			      const struct pacs_quarantined *q);

static const struct verb {
	const char *name;
	verb_fn *one;
	bool changes;
	const char *defaults; /* fields of its records */
} verbs[] = {
    {"list", NULL, false,
     "sha256,reason,quarantined_at,StudyInstanceUID,SeriesInstanceUID,"
     "SOPInstanceUID,size_bytes,origin,detail"},
    {"show", show, false,
     "sha256,reason,quarantined_at,StudyInstanceUID,SeriesInstanceUID,"
     "SOPInstanceUID,size_bytes,origin,detail,path,held_path"},
    {"diff", diff, false, "element,quarantined_value,archived_value"},
    {"accept", accept, true, NULL},
    {"discard", discard, true, NULL},
};

static const struct verb *
verb_find(const char *name)
{
	const struct verb *v = verbs;

	while (strcmp(v->name, name) != 0) /* cli_start let no other pass */
		v++;
	return v;
}

static void
check_usage(const struct verb *v, int count)
{
	struct pacs_triple t = {"", "", ""};
	const char *eq;
	size_t i;

	if (v->one && !count)
		cli_usage("%s needs the digest of what it is about", v->name);
	if (!v->one && count)
		cli_usage("list takes no operands");
	if (v->one != accept && (flags.replace || flags.uids.count))
		cli_usage("--replace and --uid are for accept");
	if (!v->changes && (flags.why || cli_common.dry_run))
		cli_usage("--why and -n are for accept and discard");
	if (v->changes && (cli_common.fields || cli_common.format))
		cli_usage("%s prints no records", v->name);
	if (v->one == discard && (!flags.why || !*flags.why))
		cli_usage("discard needs --why");
	if (!apply_uids(&t))
		cli_usage("--uid is StudyInstanceUID=, SeriesInstanceUID= or "
			  "SOPInstanceUID= and a UID");
	for (i = 0; i < flags.uids.count; i++) {
		eq = strchr(flags.uids.items[i], '=');
		check_uid(eq ? eq + 1 : "");
	}
	if (flags.uids.count && count > 1)
		cli_usage("--uid is for one object");
}

static bool
one_item(struct ctx *c, const struct verb *v, const char *prefix)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_quarantined q;

	if (cli_stopped() || cli_stdout_broken())
		return false;
	if (!pacs_quarantine_find(&err, c->ar, prefix, &q) &&
	    !v->one(&err, c, &q)) {
		c->tally.done++;
		if (v->changes && c->w)
			cli_note("%sed %s", v->name, q.sha256);
		return true;
	}
	cli_warn_error(&err, prefix);
	c->tally.failed++;
	/* A disk that fails, or an archive that is held, fails for all. */
	if (err.code == PACS_EIO || err.code == PACS_ENOSPC ||
	    err.code == PACS_EBUSY)
		c->tally.fatal = err.code;
	return !c->tally.fatal;
}

static void
all_items(struct ctx *c, const struct verb *v, char **operands)
{
	struct pacs_buf item = {0};
	bool go_on = true;

	for (; go_on && *operands; operands++) {
		if (strcmp(*operands, "-") != 0) {
			go_on = one_item(c, v, *operands);
			continue;
		}
		while (go_on && cli_next_item(&item))
			go_on = one_item(c, v, pacs_buf_str(&item));
	}
	pacs_buf_clear(&item);
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct ctx c = {0};
	const struct verb *v;
	int count;
	char **operands = cli_start(&program, argc, argv, &count);
	bool writes;

	v = verb_find(*operands++);
	check_usage(v, count - 1);
	writes = v->changes && !cli_common.dry_run;
	if (pacs_archive_open(&err, cli_archive(),
			      writes ? PACS_ARCHIVE_WRITE : PACS_ARCHIVE_READ,
			      &c.ar) ||
	    (writes && pacs_writer_open(&err, c.ar, &c.w)))
		cli_die(&err);
	if (v->defaults)
		c.records = cli_records_new(fields, v->defaults);
	if (v->one)
		all_items(&c, v, operands);
	else
		list(&c);
	c.tally.no = c.differences > 0;
	pacs_writer_close(c.w);
	pacs_archive_close(c.ar);
	return cli_finish(&c.tally);
}
