/* pacs-index add, drop, schema: keys that an archive adds to the index. */
#include <string.h>

#include "cmd/index.h"

static void
added_lines(struct pacs_buf *out)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_archive *ar;
	const char *s;
	size_t n;

	if (!cli_common.archive)
		return;
	if (pacs_archive_open(&err, cli_archive(), PACS_ARCHIVE_READ, &ar))
		cli_die(&err);
	for (s = pacs_archive_settings(ar)->index_keys; *s; s += n + 1) {
		n = strcspn(s, "\n");
		pacs_buf_addf(out, "-- added: %.*s\n", (int)n, s);
	}
	pacs_archive_close(ar);
}

static void
define(const char *definition, struct pacs_buf *out)
{
	struct pacs_error err = PACS_ERROR_INIT;
	enum pacs_level level = PACS_LEVEL_INSTANCE;

	if (flags.level && !pacs_level_parse(flags.level, &level))
		cli_usage("no such level: '%s'", flags.level);
	if (pacs_key_define(&err, definition, level, flags.vr ? flags.vr : "",
			    out))
		cli_usage("%s", err.msg);
}

static bool
has_line(const struct pacs_archive *ar, const char *line)
{
	const char *s = pacs_archive_settings(ar)->index_keys;
	size_t n = strlen(line);

	while ((s = strstr(s, line))) {
		bool begins =
		    s == pacs_archive_settings(ar)->index_keys || s[-1] == '\n';

		if (begins && s[n] == '\n')
			return true;
		s += n;
	}
	return false;
}

/* One by one: those that are there already are no error the second time, so a
 * run that was stopped can be run again. */
static enum pacs_err
register_keys(struct pacs_error *err, const struct pacs_archive *ar,
	      char **definitions)
{
	struct pacs_keyring ring = {.count = 0};
	struct pacs_buf line = {0};

	if (pacs_keyring_add(err, &ring, pacs_archive_settings(ar)->index_keys))
		goto out;
	for (; *definitions; definitions++) {
		pacs_buf_reset(&line);
		define(*definitions, &line);
		if (has_line(ar, pacs_buf_str(&line)))
			continue;
		/* Is there room for it? */
		if (pacs_keyring_add(err, &ring, pacs_buf_str(&line)) ||
		    pacs_archive_add_index_key(err, ar, pacs_buf_str(&line)))
			goto out;
	}
out:
	pacs_keyring_clear(&ring);
	pacs_buf_clear(&line);
	return err->code;
}

static enum pacs_err
unregister_keys(struct pacs_error *err, const struct pacs_archive *ar,
		char **names)
{
	for (; *names; names++)
		if (pacs_archive_drop_index_key(err, ar, *names))
			return err->code;
	return PACS_OK;
}

enum pacs_err
index_change_keys(struct pacs_error *err, char **operands,
		  const struct pacs_index_options *o)
{
	bool drop = !strcmp(operands[0], "drop");
	struct pacs_index *ix = NULL;
	struct pacs_archive *ar;

	if (pacs_archive_open(err, cli_archive(), PACS_ARCHIVE_WRITE, &ar))
		return err->code;
	if (drop ? unregister_keys(err, ar, operands + 1)
		 : register_keys(err, ar, operands + 1))
		goto out;
	if (flags.later)
		goto out;
	cli_progress_start("objects", 0, 0);
	if (!pacs_index_open(err, ar, o, &ix))
		(void)!pacs_index_backfill(err, ix);
out:
	pacs_index_close(ix);
	pacs_archive_close(ar);
	return err->code;
}

void
index_schema(void)
{
	struct pacs_buf sql = {0};

	pacs_index_schema(&sql);
	added_lines(&sql);
	while (sql.len && sql.data[sql.len - 1] == '\n')
		sql.data[--sql.len] = '\0';
	cli_line(pacs_buf_str(&sql));
	pacs_buf_clear(&sql);
}
