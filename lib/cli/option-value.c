/*
 * The value of an option: read as its row of the table says, and put where the
 * row says. What cannot be read is wrong usage, and ends the program.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/internal.h"

static uint64_t
parse_number(const struct cli_written *w, const char *value,
	     const char **ret_end)
{
	uint64_t n = 0;
	const char *p = value;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (n > (UINT64_MAX - (uint64_t)(*p - '0')) / 10)
			cli_usage("option '%s': '%s' is too large", w->as,
				  value);
		n = n * 10 + (uint64_t)(*p - '0');
	}
	if (p == value)
		cli_usage("option '%s': '%s' is not a number", w->as, value);
	*ret_end = p;
	return n;
}

static uint64_t
parse_uint(const struct cli_written *w, const char *value)
{
	const char *end;
	uint64_t n = parse_number(w, value, &end);

	if (*end)
		cli_usage("option '%s': '%s' is not a number", w->as, value);
	return n;
}

static uint64_t
parse_size(const struct cli_written *w, const char *value)
{
	static const char units[] = "KMGT";
	const char *end, *unit;
	uint64_t n = parse_number(w, value, &end);
	int shift = 0;

	if (*end) {
		unit = strchr(units, *end == 'k' ? 'K' : *end);
		if (!unit || end[1])
			cli_usage("option '%s': '%s' is not a size "
				  "(bytes, or with K, M, G, T)",
				  w->as, value);
		shift = 10 * ((int)(unit - units) + 1);
	}
	if (shift && n > UINT64_MAX >> shift)
		cli_usage("option '%s': '%s' is too large", w->as, value);
	return n << shift;
}

static const char *
parse_word(const struct cli_written *w, const char *value)
{
	const char **words = cli_words(w->opt->kind, '|'), **p, *near;

	for (p = words; *p; p++)
		if (!strcmp(*p, value))
			break;
	if (!*p) {
		near = cli_suggest(value, words);
		if (near)
			cli_usage("option '%s': unknown word '%s'; did you "
				  "mean '%s'?",
				  w->as, value, near);
		cli_usage("option '%s': '%s' is none of %s", w->as, value,
			  w->opt->kind);
	}
	free(words);
	return value;
}

static void
add_to_list(struct cli_list *list, const char *value)
{
	list->items =
	    pacs_realloc(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = value;
}

/* -a "$UNSET" must not silently mean "here". */
static void
check_not_empty(const struct cli_written *w, const char *value)
{
	const char *kind = w->opt->kind;

	if (!*value && kind &&
	    (!strcmp(kind, "dir") || !strcmp(kind, "file") ||
	     !strcmp(kind, "peer")))
		cli_usage("option '%s': the value is empty", w->as);
}

/* Of two different values one would be dropped without a word. */
static void
check_not_other(const struct cli_written *w, const char *value)
{
	static struct given {
		const struct cli_opt *opt;
		const char *value;
	} given[64];
	size_t i;

	if (w->opt->type == CLI_LIST)
		return;
	for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		if (given[i].opt == w->opt &&
		    strcmp(given[i].value, value) != 0)
			cli_usage("option '%s' is given twice, with different "
				  "values",
				  w->as);
		if (given[i].opt && given[i].opt != w->opt)
			continue;
		given[i].opt = w->opt;
		given[i].value = value;
		break;
	}
}

void
cli_option_set(const struct cli_written *w, const char *value)
{
	void *dest = w->opt->dest;

	check_not_empty(w, value);
	check_not_other(w, value);
	switch (w->opt->type) {
	case CLI_FLAG:
	case CLI_COUNT:
		break;
	case CLI_STRING:
		*(const char **)dest = value;
		break;
	case CLI_UINT:
		*(uint64_t *)dest = parse_uint(w, value);
		break;
	case CLI_SIZE:
		*(uint64_t *)dest = parse_size(w, value);
		break;
	case CLI_RATE:
		*(uint64_t *)dest = parse_size(w, value);
		if (!*(uint64_t *)dest)
			cli_usage("option '%s': nothing would ever be done at "
				  "%s",
				  w->as, value);
		break;
	case CLI_WORD:
		*(const char **)dest = parse_word(w, value);
		break;
	case CLI_LIST:
		add_to_list(dest, value);
		break;
	}
}
