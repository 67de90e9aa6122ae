/*
 * The question language: the input is conditions, one a line, then an empty
 * line and a value. Whatever is typed, parsing ends in a question or in wrong
 * usage; matching ends; and !KEY is the opposite of KEY.
 */
#include <stdlib.h>
#include <string.h>

#include "query/fold.h"
#include "query/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
match(struct pacs_query *q, const char *value)
{
	const char *values[PACS_KEY_END];
	size_t i;

	for (i = 0; i < PACS_KEY_END; i++)
		values[i] = value;
	for (i = 0; i < q->count; i++) {
		struct pacs_condition *c = &q->conditions[i];
		bool yes = pacs_condition_matches(c, value);

		c->negated = !c->negated;
		must(pacs_condition_matches(c, value) != yes);
		c->negated = !c->negated;
	}
	if (pacs_query_matches(q, values))
		for (i = 0; i < q->count; i++)
			must(pacs_condition_matches(&q->conditions[i], value));
}

/* Folding what is folded changes nothing. */
static void
fold(const char *value)
{
	struct pacs_buf once = {0}, twice = {0};

	pacs_fold(value, strlen(value), &once);
	pacs_fold(pacs_buf_str(&once), once.len, &twice);
	must(once.len == twice.len &&
	     !memcmp(pacs_buf_str(&once), pacs_buf_str(&twice), once.len));
	pacs_buf_clear(&once);
	pacs_buf_clear(&twice);
}

/* Each line may be a key that somebody adds, or a line of a marker. What is
 * made of the one is always good for the other. Not many that are none: for
 * each, the whole dictionary is searched for what may have been meant. */
static void
define(const char *text, size_t len, struct pacs_keyring *ring)
{
	const char *s = text, *stop = text + len, *end;
	unsigned wrong = 0;

	for (; s < stop && wrong < 2; s = end + 1) {
		struct pacs_error err = PACS_ERROR_INIT;
		struct pacs_buf out = {0};
		char *line;

		end = memchr(s, '\n', (size_t)(stop - s));
		end = end ? end : stop;
		line = pacs_strndup(s, (size_t)(end - s));
		if (pacs_key_define(&err, line, PACS_LEVEL_SERIES, "", &out)) {
			must(err.code == PACS_EUSAGE && *err.msg);
			pacs_error_clear(&err);
			wrong++;
		} else if (pacs_keyring_add(&err, ring, pacs_buf_str(&out))) {
			must(err.code == PACS_ELIMIT);
			pacs_error_clear(&err);
		}
		if (pacs_keyring_add(&err, ring, line))
			must(err.code == PACS_EFORMAT ||
			     err.code == PACS_ELIMIT);
		pacs_buf_clear(&out);
		free(line);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pacs_query_clock clock = {INT64_C(1711879200000000), 19813,
					 NULL};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_keyring ring = {.count = 0};
	struct pacs_query q = {.keys = &ring};
	char *text = pacs_malloc(size + 1), *value;
	size_t i, len;

	for (i = 0; i < size; i++) /* no files of the machine, please */
		text[i] = (char)(data[i] == '@' ? 'a' : data[i]);
	text[size] = '\0';
	value = memmem(text, size, "\n\n", 2);
	len = value ? (size_t)(value - text) : size;
	value = value ? value + 2 : text + size;
	define(text, len, &ring);
	if (pacs_query_add_lines(&err, &q, text, len, &clock))
		must(err.code == PACS_EUSAGE && *err.msg);
	match(&q, value);
	fold(value);
	pacs_query_clear(&q);
	pacs_keyring_clear(&ring);
	free(text);
	return 0;
}
