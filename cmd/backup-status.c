/* pacs-backup status: the last good backup, for people and for monitoring. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fs.h"
#include "cmd/backup.h"

struct last {
	struct ctx *c;
	struct numbers n;
	char ended[PACS_TIME_SIZE], began[PACS_TIME_SIZE];
	int64_t good; /* seconds since 1970, 0: none */
	const char *values[F_COUNT];
	uint64_t snapshots;
};

static void
keep_good(void *p, const struct pacs_backup_snapshot *s)
{
	struct last *l = p;

	l->snapshots++;
	if (!s->complete || s->missed)
		return;
	backup_fill(s, &l->n, l->values);
	snprintf(l->ended, sizeof(l->ended), "%s", s->ended);
	snprintf(l->began, sizeof(l->began), "%s", s->began);
	l->values[F_ENDED] = l->ended;
	l->values[F_BEGAN] = l->began;
	l->good = pacs_backup_seconds(s->ended);
}

static void
gauge(struct pacs_buf *b, const char *name, const char *help, const char *value)
{
	pacs_buf_addf(b, "# TYPE %s gauge\n# HELP %s %s\n%s %s\n", name, name,
		      help, name, value ? value : "0");
}

static enum pacs_err
write_metrics(struct pacs_error *err, const struct last *l)
{
	struct pacs_buf b = {0};
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%" PRId64, l->good);
	gauge(&b, "pacs_backup_last_good_seconds",
	      "when the last good backup ended, since 1970; 0 = never",
	      seconds);
	gauge(&b, "pacs_backup_snapshot", "its number", l->values[F_NUMBER]);
	gauge(&b, "pacs_backup_objects", "objects in the repository",
	      l->values[F_ALL_OBJECTS]);
	gauge(&b, "pacs_backup_bytes", "bytes of these objects",
	      l->values[F_ALL_BYTES]);
	gauge(&b, "pacs_backup_packs", "packs", l->values[F_ALL_PACKS]);
	pacs_buf_adds(&b, "# EOF\n");
	(void)!pacs_fs_write_file(err, AT_FDCWD, flags.metrics, 0644, b.data,
				  b.len, true);
	pacs_buf_clear(&b);
	return err->code;
}

void
backup_status(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct last l = {.c = c};
	char age[24];
	int64_t seconds;

	backup_open(c);
	c->records = cli_records_new(
	    backup_fields,
	    "snapshot,ended_at,age_seconds,all_objects,all_bytes,all_packs");
	if (pacs_backup_list(&err, c->r, 0, keep_good, &l) ||
	    (flags.metrics && write_metrics(&err, &l))) {
		backup_fail(c, &err);
		return;
	}
	seconds = pacs_time_us() / 1000000 - l.good;
	c->tally.no =
	    !l.good || (flags.max_age &&
			(uint64_t)seconds * 1000 > cli_time_ms(flags.max_age));
	if (!l.good) {
		cli_warn("there is no good backup");
		return;
	}
	snprintf(age, sizeof(age), "%" PRId64, seconds);
	l.values[F_AGE] = age;
	cli_record(c->records, l.values);
	if (c->tally.no)
		cli_warn("the last good backup is too old");
}
