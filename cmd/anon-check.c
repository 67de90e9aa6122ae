/* Which options pacs-anon takes together. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/anon.h"
#include "deid/table.h"

struct anon_flags anon_flags = {.date_range = NOT_GIVEN, .digits = NOT_GIVEN};
struct pacs_deid_options anon_options;

uint64_t
anon_kinds(const struct cli_list *list, const char *option)
{
	uint64_t bits = 0, bit;
	const char *near;
	size_t i;

	for (i = 0; i < list->count; i++) {
		bit = pacs_deid_kind_bit(list->items[i]);
		near = cli_suggest(list->items[i], pacs_deid_kinds);
		if (!bit && near)
			cli_usage("--%s: no kind '%s'; did you mean '%s'?",
				  option, list->items[i], near);
		if (!bit)
			cli_usage(
			    "--%s: no kind '%s'; --list-kinds prints them",
			    option, list->items[i]);
		bits |= bit;
	}
	return bits;
}

unsigned
anon_columns(void)
{
	return (anon_flags.safe_private ? PACS_OPT_SAFE_PRIVATE : 0u) |
	       (anon_flags.uids ? PACS_OPT_UIDS : 0u) |
	       (anon_flags.device ? PACS_OPT_DEVICE : 0u) |
	       (anon_flags.institution ? PACS_OPT_INSTITUTION : 0u) |
	       (anon_flags.characteristics ? PACS_OPT_CHARACTERISTICS : 0u) |
	       (anon_flags.full_dates ? PACS_OPT_FULL_DATES : 0u) |
	       (anon_flags.modify_dates ? PACS_OPT_MODIFIED_DATES : 0u) |
	       (anon_flags.graphics ? PACS_OPT_GRAPHICS : 0u);
}

static bool
is_plain(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~' || *s == '\\' || *s == '^' ||
		    *s == '=')
			return false;
	return true;
}

void
anon_check_dates(void)
{
	if (anon_flags.full_dates && anon_flags.modify_dates)
		cli_usage("--retain-full-dates and --modify-dates exclude each "
			  "other");
	if (anon_flags.uids && anon_flags.modify_dates &&
	    !anon_flags.uids_hold_dates)
		cli_usage("UIDs often hold dates: --retain-uids with "
			  "--modify-dates needs --yes-uids-hold-dates");
	if ((is_given(anon_flags.date_range) || anon_options.whole_weeks) &&
	    !anon_flags.modify_dates)
		cli_usage("--date-range and --whole-weeks need --modify-dates");
	if (is_given(anon_flags.date_range) &&
	    (anon_flags.date_range < 7 || anon_flags.date_range > 36500))
		cli_usage("--date-range takes 7 to 36500 days");
}

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

/* What would become a folder of that name, to everybody's surprise. */
static void
check_packing(const char *where)
{
	static const char *const others[] = {".tar.gz",  ".tgz", ".tar.xz",
					     ".tar.bz2", ".zip", ".tar.lz4"};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (ends_in(where, others[i]))
			cli_usage("-o writes no %s: name FILE.tar or "
				  "FILE.tar.zst",
				  others[i]);
}

/* Who forgot --store does not want folders between those of an archive. */
static void
check_no_archive(const char *where)
{
	char *marker = pacs_format("%s/pacs-archive", where);

	if (access(marker, F_OK) == 0)
		cli_usage("-o '%s' is an archive: --store stores there", where);
	free(marker);
}

/* Where a path leads, or what of it is there already. */
static bool
resolve(const char *path, char ret[PATH_MAX])
{
	char part[PATH_MAX], *slash;

	if (strlen(path) >= sizeof(part))
		return false;
	memcpy(part, path, strlen(path) + 1);
	while (!realpath(part, ret)) {
		slash = strrchr(part, '/');
		if (!slash)
			return realpath(".", ret) != NULL;
		slash[slash == part] = '\0';
		if (slash == part && !part[1])
			return realpath("/", ret) != NULL;
	}
	return true;
}

static bool
is_in(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) &&
	       (path[n] == '/' || !path[n] || folder[n - 1] == '/');
}

/* The next run over the same folder would take the export for input. What a
 * list names is looked at when its turn comes. */
static void
check_apart(const char *where, char *const *items)
{
	char out[PATH_MAX], in[PATH_MAX], there[PATH_MAX];
	bool is_there = realpath(where, there) != NULL;

	if (!strcmp(where, "-") || !resolve(where, out))
		return;
	for (; *items; items++) {
		if (!strcmp(*items, "-") || !realpath(*items, in))
			continue;
		if (is_in(out, in))
			cli_usage("-o '%s' is inside '%s', which is input",
				  where, *items);
		if (is_there && is_in(in, there))
			cli_usage("'%s' is inside -o '%s'", *items, where);
	}
}

static void
check_output(void)
{
	bool to_stdout = anon_flags.output && !strcmp(anon_flags.output, "-");

	if (!anon_flags.output && !anon_flags.plan)
		cli_usage("-o is missing");
	if (to_stdout && anon_flags.print)
		cli_usage("-o - is a tar on standard output: no room for "
			  "--print");
	if (to_stdout && anon_flags.store)
		cli_usage("--store needs an archive in -o");
	if (to_stdout && isatty(STDOUT_FILENO) && !anon_flags.plan)
		cli_usage("-o - writes a tar, and standard output is a "
			  "terminal");
	if (anon_flags.plan && (anon_flags.map || anon_flags.store))
		cli_usage("--plan writes nothing: no --map, no --store");
	if (anon_flags.recipient && !anon_flags.map)
		cli_usage("--recipient needs --map");
}

static void
check_pseudonyms(void)
{
	if (anon_options.prefix && (strlen(anon_options.prefix) > 32 ||
				    !is_plain(anon_options.prefix)))
		cli_usage("--prefix takes up to 32 printable ASCII characters, "
			  "without \\ ^ =");
	if (!is_given(anon_flags.digits))
		return;
	if (anon_flags.digits < 4 || anon_flags.digits > 32)
		cli_usage("--digits takes 4 to 32");
	if (anon_flags.subjects)
		cli_usage("with --subjects pseudonyms have no --digits");
	if (anon_flags.digits < PACS_PSEUDONYM_DIGITS && !anon_flags.plan &&
	    (!anon_flags.map || anon_flags.recipient))
		cli_usage("fewer --digits than %d need --map, without "
			  "--recipient: two patients may get one pseudonym, "
			  "and only a map tells",
			  PACS_PSEUDONYM_DIGITS);
}

void
anon_check_usage(int count, char *const *items)
{
	uint64_t both = anon_kinds(&anon_flags.allow, "allow") &
			anon_kinds(&anon_flags.skip, "skip");

	if (!anon_flags.key)
		cli_usage("--key is missing; --make-key makes one");
	check_output();
	if (anon_flags.from_stdin && count)
		cli_usage("--stdin takes no items");
	if (!anon_flags.from_stdin && !count)
		cli_usage("nothing to do: name files or folders, '-' for a "
			  "list, or --stdin");
	if (cli_common.jobs < 1 || cli_common.jobs > 64)
		cli_usage("-j takes 1 to 64");
	if ((cli_common.fields || cli_common.format) && !anon_flags.print &&
	    !anon_flags.plan)
		cli_usage("-f and --format shape records: --print is missing");
	if (both)
		cli_usage("--allow and --skip name the same kind");
	/* With --plan too: it tells what the same command does without. */
	if (anon_flags.output) {
		if (!anon_flags.store) {
			check_packing(anon_flags.output);
			check_no_archive(anon_flags.output);
		}
		check_apart(anon_flags.output, items);
	}
	check_pseudonyms();
	anon_check_dates();
}
