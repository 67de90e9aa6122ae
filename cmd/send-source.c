#include "cmd/send-source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dicom/uid.h"

static void
open_archive(struct send_source *s)
{
	struct pacs_error err = PACS_ERROR_INIT;

	if (pacs_archive_open(&err, cli_archive(), PACS_ARCHIVE_READ, &s->ar))
		cli_die(&err);
	question_begin(&s->q, s->ar);
}

/* KEY=VALUE, and no file of that name. */
static bool
is_condition(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789_");

	if (!n || access(s, F_OK) == 0)
		return false;
	return s[n] == '=' || (s[n] == '!' && s[n + 1] == '=');
}

static void
take_question(struct send_source *s, const char *query_file)
{
	open_archive(s);
	for (; *s->operands.next; s->operands.next++) {
		const char *o = *s->operands.next;

		if (!is_condition(o))
			cli_usage("'%s' is no condition: items and conditions "
				  "do not mix",
				  o);
		question_add(&s->q, o);
	}
	if (query_file)
		question_add_file(&s->q, query_file);
	s->asks = true;
}

static bool
is_uid(const char *s)
{
	return strchr(s, '.') && pacs_uid_is_valid(s) && access(s, F_OK) != 0;
}

static bool
any_uid(char **operands)
{
	for (; *operands; operands++)
		if (is_uid(*operands) || !strcmp(*operands, "-"))
			return true;
	return false;
}

void
send_source_begin(struct send_source *s, const char *query_file)
{
	char **o = s->operands.next;

	if (query_file || (*o && is_condition(*o)))
		take_question(s, query_file);
	else if (any_uid(o) && cli_common.archive)
		open_archive(s);
}

void
send_source_end(struct send_source *s)
{
	pacs_find_close(s->find);
	pacs_index_close(s->ix);
	pacs_archive_close(s->ar);
	question_end(&s->q);
}

/* --- the producer's thread: paths ----------------------------------------- */

static bool
ask(struct send_source *s)
{
	const struct pacs_find_options o = {.level = PACS_LEVEL_INSTANCE,
					    .want = s->want};

	s->want[PACS_KEY_path] = true;
	if (!s->ix && pacs_index_open(&s->err, s->ar, NULL, &s->ix))
		return false;
	return !pacs_find_open(&s->err, s->ix, &s->q.query, &o, &s->find);
}

/* A study, series or instance of the archive. */
static bool
ask_uid(struct send_source *s, const char *uid)
{
	static const char *const keys[] = {
	    "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"};
	char *text;
	size_t i;

	pacs_query_clear(&s->q.query);
	for (i = 0; i < 3; i++) {
		text = pacs_format("%s=%s", keys[i], uid);
		(void)!pacs_query_add(&s->err, &s->q.query, text, &s->q.clock);
		free(text);
	}
	s->q.query.any = true;
	return ask(s);
}

/* The next path of the question at hand; false at its end. */
static bool
next_found(struct send_source *s, struct pacs_buf *path)
{
	const char *const *values = NULL;

	if (!pacs_find_next(&s->err, s->find, &values) && values) {
		pacs_buf_reset(path);
		pacs_buf_addf(path, "%s/%s", pacs_archive_path(s->ar),
			      values[PACS_KEY_path]);
		return true;
	}
	pacs_find_close(s->find);
	s->find = NULL;
	return false;
}

bool
send_source_next(struct send_source *s, struct pacs_buf *path)
{
	if (s->find) {
		if (next_found(s, path))
			return true;
		if (s->err.code || s->asks)
			return false;
	}
	if (s->asks)
		return ask(s) && next_found(s, path);
	if (!cli_next_operand(&s->operands, path))
		return false;
	/* What is no UID of the archive is a file that is not there. */
	if (!s->ar || !is_uid(path->data) || !ask_uid(s, path->data))
		return !s->err.code;
	return next_found(s, path) || !s->err.code;
}
