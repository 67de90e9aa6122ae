/* What pacs-anon answers from a map: who a pseudonym is. */
#include <stdlib.h>
#include <string.h>

#include "cmd/anon.h"

/* Print the lines of the map that the operand names. */
static bool
look_up(struct cli_records *records, const struct pacs_buf *text,
	const char *wanted)
{
	char *copy = pacs_malloc(text->len + 1), *line, *end;
	size_t left = text->len;
	struct pacs_deid_map_line m;
	bool found = false;

	memcpy(copy, text->data, text->len);
	/* A line that is not whole, or has zeros in it, is a crash's. */
	for (line = copy; (end = memchr(line, '\n', left)); line = end) {
		left -= (size_t)(++end - line);
		end[-1] = '\0';
		if (strlen(line) + 1 == (size_t)(end - line) &&
		    pacs_deid_map_parse(line, &m) &&
		    !strcmp(m.replacement, wanted)) {
			const char *values[ANON_FIELDS] = {NULL};

			values[F_KIND] = m.kind;
			values[F_ORIGINAL] = m.original;
			values[F_ISSUER] = m.issuer;
			values[F_REPLACEMENT] = m.replacement;
			cli_record(records, values);
			found = true;
		}
	}
	free(copy);
	return found;
}

int
anon_reidentify(char **operands)
{
	struct cli_records *records = cli_records_new(anon_fields, MAP_FIELDS);
	struct cli_tally tally = {.told = true};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf text = {0};

	if (!anon_flags.map || !*operands)
		cli_usage("--reidentify needs --map and what to look up");
	if (anon_flags.key || anon_flags.output || anon_flags.plan)
		cli_usage("--reidentify only reads the map");
	if (cli_slurp(&err, anon_flags.map, 1u << 30, &text))
		cli_die(&err);
	if (!strncmp(pacs_buf_str(&text), "age-encryption.org/", 19)) {
		pacs_error_set(&err, PACS_EFORMAT,
			       "'%s' is encrypted: age -d -i KEY %s | "
			       "pacs-anon --reidentify --map - ...",
			       anon_flags.map, anon_flags.map);
		cli_die(&err);
	}
	if (!pacs_deid_map_begins(pacs_buf_str(&text), text.len)) {
		pacs_error_set(&err, PACS_EFORMAT,
			       "'%s' is not a map of pacs-anon",
			       anon_flags.map);
		cli_die(&err);
	}
	for (; *operands; operands++)
		if (!text.len || !look_up(records, &text, *operands))
			tally.no = true;
	pacs_buf_clear(&text);
	return cli_finish(&tally);
}
