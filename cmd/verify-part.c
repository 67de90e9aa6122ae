/* The part of an archive that pacs-verify is asked for. */
#include "cmd/verify.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cmd/question.h"

const char *
verify_since(const struct pacs_archive *ar, const char *since,
	     char buf[PACS_TIME_SIZE])
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct question q = {0};
	const struct pacs_query *query = &q.query;
	char *text;
	bool ok;

	if (!since)
		return NULL;
	question_begin(&q, ar);
	text = pacs_format("stored_at=%s..", since);
	ok = !strstr(since, "..") &&
	     !pacs_query_add(&err, &q.query, text, &q.clock) &&
	     query->count == 1 && query->conditions[0].count == 1 &&
	     query->conditions[0].terms[0].kind == PACS_TERM_RANGE;
	if (!ok)
		cli_usage("'%s' is no time: yesterday, -30min, 2026-11-24, "
			  "2026-11-24T07:00",
			  since);
	pacs_time_format(query->conditions[0].terms[0].low, buf);
	question_end(&q);
	free(text);
	return buf;
}

struct operands {
	char **paths;
	size_t count;
	struct question q;
};

/* Paths begin with "objects/" or are absolute, as pacs-find prints them. */
static bool
is_question(const char *s)
{
	return strchr(s, '=') && *s != '/' && strncmp(s, "objects/", 8) != 0;
}

static void
take_operand(struct operands *o, const char *s)
{
	if (is_question(s)) {
		question_add(&o->q, s);
		return;
	}
	o->paths = pacs_realloc(o->paths, (o->count + 1) * sizeof(*o->paths));
	o->paths[o->count++] = pacs_strdup(s);
}

struct pacs_part *
verify_part(const struct pacs_archive *ar, char **items)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_part *part;
	struct cli_operands operands = {items, false};
	struct operands o = {0};
	struct pacs_buf b = {0};

	question_begin(&o.q, ar);
	while (cli_next_operand(&operands, &b))
		take_operand(&o, b.data);
	if (pacs_part_new(&err, ar, o.paths, o.count, &o.q.query, &part))
		cli_die(&err);
	while (o.count)
		free(o.paths[--o.count]);
	free(o.paths);
	question_end(&o.q);
	pacs_buf_clear(&b);
	return part;
}
