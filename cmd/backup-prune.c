/* pacs-backup prune, copy: the keeping of repositories. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/backup.h"
#include "dicom/uid.h"

static void
pruned(void *p, const char *what, const char *name)
{
	(void)p;
	if (cli_common.dry_run)
		cli_say("would remove the %s %s", what, name);
}

/* UIDs in a file; caller frees the text, and the list. A study that is not held
 * since a mark of some editor stands before its UID would be lost. */
static char **
read_hold(struct pacs_buf *text, size_t *ret_count)
{
	struct pacs_error err = PACS_ERROR_INIT;
	char *line, *save = NULL, **list = NULL;

	*ret_count = 0;
	if (!flags.hold)
		return NULL;
	if (cli_slurp(&err, flags.hold, 64u << 20, text))
		cli_die(&err);
	if (strlen(pacs_buf_str(text)) != text->len)
		cli_usage("--hold: '%s' is no text", flags.hold);
	for (line = text->len ? strtok_r(text->data, " \t\r\n", &save) : NULL;
	     line; line = strtok_r(NULL, " \t\r\n", &save)) {
		if (!pacs_uid_is_safe(line))
			cli_usage("--hold: '%.80s' is no UID", line);
		list = pacs_realloc(list, (*ret_count + 1) * sizeof(*list));
		list[(*ret_count)++] = line;
	}
	return list;
}

void
backup_prune(struct ctx *c)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf text = {0};
	struct pacs_prune_tally t;
	size_t holds;
	char **hold = read_hold(&text, &holds);
	const struct pacs_prune p = {
	    .daily = (unsigned)flags.daily,
	    .weekly = (unsigned)flags.weekly,
	    .monthly = (unsigned)flags.monthly,
	    .yearly = (unsigned)flags.yearly,
	    .hold = hold,
	    .hold_count = holds,
	    .dry_run = cli_common.dry_run,
	};

	backup_open(c);
	if (pacs_backup_prune(&err, c->r, &p, pruned, c, &t)) {
		backup_fail(c, &err);
	} else {
		cli_note("%u snapshots kept, %u dropped; %" PRIu64
			 " packs removed, %" PRIu64 " bytes",
			 t.kept, t.dropped, t.packs, t.bytes);
		if (t.packs_unknown)
			cli_say("encrypted, and no --identity: which packs "
				"nobody needs is not known, none was removed");
	}
	c->tally.told = true;
	free(hold);
	pacs_buf_clear(&text);
}

void
backup_copy(struct ctx *c)
{
	const struct pacs_backup_hooks hooks = backup_hooks(c);
	struct pacs_error err = PACS_ERROR_INIT;
	uint64_t files, bytes;

	backup_open(c);
	cli_progress_start("files", 0, 0);
	if (pacs_backup_copy(&err, c->r, *c->operands, &hooks, &files, &bytes))
		backup_fail(c, &err);
	cli_progress_end();
	cli_note("%" PRIu64 " files, %" PRIu64 " bytes copied", files, bytes);
	c->tally.told = true;
}
