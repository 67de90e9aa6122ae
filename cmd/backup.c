/* What the verbs of pacs-backup have in common. */

#include "cmd/backup.h"
#include "base/clock.h"

const char *
backup_repo_name(void)
{
	const char *name =
	    flags.repo ? flags.repo : cli_env("PACS_BACKUP_REPO");

	if (!name || !*name)
		cli_usage("no repository: -r or PACS_BACKUP_REPO");
	return name;
}

void
backup_fail(struct ctx *c, const struct pacs_error *err)
{
	cli_warn_error(err, NULL);
	c->tally.fatal = err->code;
}

void
backup_open(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;

	if (pacs_repo_open(&err, backup_repo_name(), flags.identity, &c->r))
		cli_die(&err);
}

static void
missed(void *p, const char *path, const char *why)
{
	struct ctx *c = p;

	c->tally.failed++;
	cli_warn("%s: %s", path, why);
}

bool
backup_stopped(void *p)
{
	(void)p;
	return cli_stopped() || cli_stdout_broken();
}

static bool
time_over(void *p)
{
	const struct ctx *c = p;

	return pacs_time_mono_ms() >= c->deadline_ms;
}

struct pacs_backup_hooks
backup_hooks(struct ctx *c)
{
	return (struct pacs_backup_hooks){c, missed, cli_on_progress,
					  backup_stopped,
					  c->deadline_ms ? time_over : NULL};
}
