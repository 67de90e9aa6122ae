/*
 * What a command takes from around it: a file or standard input, the zone.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"

enum { STEP = 65536 };

enum pacs_err
cli_slurp(struct pacs_error *err, const char *file, size_t max,
	  struct pacs_buf *out)
{
	const size_t before = out->len;
	size_t n = 1;

	if (strcmp(file, "-") != 0)
		return pacs_file_slurp(err, AT_FDCWD, file, max, out);
	while (n && out->len - before <= max) {
		char *to = pacs_buf_reserve(out, STEP);

		if (pacs_file_read(err, STDIN_FILENO, to, STEP, &n))
			return err->code;
		out->len += n;
		out->data[out->len] = '\0';
	}
	if (out->len - before > max)
		return pacs_error_set(err, PACS_ELIMIT,
				      "more than %zu bytes on standard input",
				      max);
	return PACS_OK;
}

void
cli_timezone(const char *zone)
{
	if (zone && *zone)
		setenv("TZ", zone, 1);
	tzset();
}

const char *
cli_env(const char *name)
{
	return getenv(name);
}

const char *
cli_aetitle(const char *given)
{
	const char *title = given ? given : getenv("PACS_AET");

	return title && *title ? title : "PACS-TOOLS";
}

size_t
cli_config_files(const char *name, char *ret[CLI_CONFIG_FILES])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	size_t n = 0;

	if (cli_common.archive)
		ret[n++] = pacs_format("%s/%s", cli_common.archive, name);
	if (config && *config == '/')
		ret[n++] = pacs_format("%s/pacs/%s", config, name);
	else if (home && *home)
		ret[n++] = pacs_format("%s/.config/pacs/%s", home, name);
	ret[n++] = pacs_format("/etc/pacs/%s", name);
	return n;
}
