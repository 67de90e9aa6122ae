/* pacs-backup create: a night. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/backup.h"

static void
end_create(struct ctx *c, const struct pacs_backup_tally *t)
{
	/* A run that was broken off makes no snapshot. */
	if (!c->tally.fatal && !cli_stopped())
		cli_note("snapshot %u: %" PRIu64 " objects, %" PRIu64
			 " bytes, in %" PRIu64 " bytes of packs%s",
			 t->number, t->objects, t->bytes, t->stored,
			 t->complete ? "" : "; not complete");
	c->tally.told = true;
	c->tally.done = t->objects;
	if (!t->complete && !c->tally.fatal && !cli_stopped()) {
		cli_warn("the time was over; the next run goes on");
		c->tally.failed++;
	}
	/* Of earlier nights, too. */
	if (t->missed && !c->tally.failed)
		c->tally.failed = t->missed;
}

/* A backup in the archive would go with the archive. */
static void
check_outside(const struct pacs_archive *ar, const char *repo)
{
	const char *path = pacs_archive_path(ar);
	char *up = pacs_strdup(repo), *slash = strrchr(up, '/'), *real;
	size_t n = strlen(path);

	if (slash)
		slash[slash == up] = '\0';
	real = realpath(repo, NULL);
	if (!real) /* it will be made */
		real = realpath(slash ? up : ".", NULL);
	if (real && !strncmp(real, path, n) && (!real[n] || real[n] == '/'))
		cli_usage("the repository '%s' lies in the archive", repo);
	free(real);
	free(up);
}

void
backup_create(struct ctx *c)
{
	const struct pacs_backup_options o = {
	    .jobs = (unsigned)cli_common.jobs,
	    .level = (int)flags.level,
	    .pack_size = flags.pack_size,
	    .rate = flags.rate,
	};
	struct pacs_backup_hooks hooks;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_backup_tally t = {0};
	const char *repo = backup_repo_name();
	bool stream = strcmp(repo, "-") == 0;

	if (flags.max_time)
		c->deadline_ms =
		    pacs_time_mono_ms() + cli_time_ms(flags.max_time);
	hooks = backup_hooks(c);
	if (pacs_archive_open(&err, cli_archive(), PACS_ARCHIVE_WRITE, &c->ar))
		cli_die(&err);
	if (!stream && strncmp(repo, "rclone:", strlen("rclone:")) != 0)
		check_outside(c->ar, repo);
	if (!stream && pacs_repo_make(&err, repo, flags.identity,
				      pacs_archive_settings(c->ar)->uuid,
				      flags.recipients.items,
				      flags.recipients.count, &c->r))
		cli_die(&err);
	cli_progress_start("objects", 0, 0);
	if (stream ? pacs_backup_stream(&err, STDOUT_FILENO, c->ar,
					flags.recipients.items,
					flags.recipients.count, &o, &hooks, &t)
		   : pacs_backup_create(&err, c->r, c->ar, &o, &hooks, &t))
		backup_fail(c, &err);
	cli_progress_end();
	end_create(c, &t);
}
