/* Make an empty archive. pacs-init(1) is the reference. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "cli/cli.h"

#define FLOOR_DEFAULT UINT64_MAX

static struct pacs_settings settings = {
    .default_issuer = "", .timezone = "", .floor_bytes = FLOOR_DEFAULT};
static bool print_record;

static const struct cli_field fields[] = {
    {"path", CLI_TEXT, "the archive, an absolute path"},
    {"uuid", CLI_TEXT, "the archive's own identity"},
    {"created", CLI_TEXT, "when it was made, UTC"},
    {NULL, CLI_TEXT, NULL},
};

static const struct cli_opt opts[] = {
    {0, "default-issuer", "TEXT", "none",
     "issuer of patient IDs that name none", CLI_STRING,
     &settings.default_issuer},
    {0, "floor", "BYTES", "none",
     "free space to keep (default: 1G, or 2 % if less)", CLI_SIZE,
     &settings.floor_bytes},
    {0, "index", "DIR", "dir", "folder of the index, if not in the archive",
     CLI_STRING, &settings.index},
    {0, "print", NULL, NULL, "print a record of what was made", CLI_FLAG,
     &print_record},
    {0, "timezone", "NAME", "none",
     "zone of times that name none (default: the machine's)", CLI_STRING,
     &settings.timezone},
    CLI_OPT_FORMAT,
    CLI_OPT_FIELDS,
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-init",
    .summary = "make an empty archive",
    .operands = "DIR",
    .opts = opts,
    .fields = fields,
};

/* What was made, as the marker says it, not as it was asked for. */
static enum pacs_err
report(struct pacs_error *err, const char *path)
{
	const char *values[sizeof(fields) / sizeof(*fields)];
	const struct pacs_settings *s;
	struct pacs_archive *ar;

	if (pacs_archive_open(err, path, PACS_ARCHIVE_READ, &ar))
		return err->code;
	s = pacs_archive_settings(ar);
	values[0] = pacs_archive_path(ar);
	values[1] = s->uuid;
	values[2] = s->created;
	cli_note("made the archive %s in '%s'", s->uuid, values[0]);
	if (print_record)
		cli_record(cli_records_new(fields, NULL), values);
	pacs_archive_close(ar);
	return PACS_OK;
}

/* A zone that libc does not know would silently be UTC. */
static void
check_zone(const char *zone)
{
	static const char top[] = "/usr/share/zoneinfo";
	char *path = pacs_format("%s/%s", top, zone);
	bool posix = strpbrk(zone, "0123456789<") != NULL;

	if (*zone && !posix && access(top, F_OK) == 0 &&
	    (strstr(zone, "..") || access(path, R_OK) != 0))
		cli_usage("'%s' is no timezone; it is like 'Europe/Berlin'",
			  zone);
	free(path);
}

static void
check_index(const char *dir)
{
	struct stat st;
	char *link;

	if (!dir)
		return;
	if (*dir != '/')
		cli_usage("the index's folder needs its full path: '%s'", dir);
	if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
		cli_usage("'%s' is no folder for the index", dir);
	link = pacs_format("%s/index.db", dir);
	if (lstat(link, &st) == 0)
		cli_usage("'%s' holds the index of another archive", dir);
	free(link);
}

static void
check_settings(void)
{
	if (strchr(settings.default_issuer, '\n') ||
	    strchr(settings.timezone, '\n') ||
	    (settings.index && strchr(settings.index, '\n')))
		cli_usage("a setting cannot hold a line break");
	check_zone(settings.timezone);
	check_index(settings.index);
	if (settings.floor_bytes == 0)
		settings.floor_bytes = 1; /* in the marker 0 is no floor line */
	else if (settings.floor_bytes == FLOOR_DEFAULT)
		settings.floor_bytes = 0;
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct cli_tally tally = {0};
	int count;
	char **operands = cli_start(&program, argc, argv, &count);

	if (count != 1)
		cli_usage("one folder is needed");
	check_settings();
	if (pacs_archive_create(&err, operands[0], &settings) ||
	    report(&err, operands[0]))
		cli_die(&err);
	tally.told = true;
	return cli_finish(&tally);
}
