#include "cmd/question.h"

#include "cli/cli.h"

#define FILE_MAX (16u << 20)

void
question_begin(struct question *q, const struct pacs_archive *ar)
{
	const struct pacs_settings *s = pacs_archive_settings(ar);
	struct pacs_error err = PACS_ERROR_INIT;

	cli_timezone(s->timezone);
	q->clock = pacs_query_clock_now();
	if (pacs_keyring_add(&err, &q->ring, s->index_keys))
		cli_die(&err);
	q->query.keys = &q->ring;
}

void
question_add(struct question *q, const char *condition)
{
	struct pacs_error err = PACS_ERROR_INIT;

	if (!pacs_query_add(&err, &q->query, condition, &q->clock))
		return;
	if (err.code == PACS_EUSAGE)
		cli_usage("%s", err.msg);
	cli_die(&err);
}

void
question_add_file(struct question *q, const char *path)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf text = {0};

	if (cli_slurp(&err, path, FILE_MAX, &text))
		cli_die(&err);
	if (pacs_query_add_lines(&err, &q->query, pacs_buf_str(&text), text.len,
				 &q->clock)) {
		if (err.code == PACS_EUSAGE)
			cli_usage("%s: %s", path, err.msg);
		cli_die(&err);
	}
	pacs_buf_clear(&text);
}

void
question_end(struct question *q)
{
	pacs_query_clear(&q->query);
	pacs_keyring_clear(&q->ring);
}
