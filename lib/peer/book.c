/*
 * Sections "[name]" with lines "key = value". One pass: every line is checked,
 * and those of the section that is looked for are kept.
 */
#include "peer/book.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "peer/book-values.h"

/* A section's end: is everything there that a peer needs? */
static enum pacs_err
check_section(struct pacs_error *err, struct book_reader *r, unsigned line)
{
	struct pacs_peer *p = r->p;

	if (!p->name)
		return PACS_OK;
	if (!*p->title || !*p->host || !p->port)
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: [%s] lacks title, host or port",
				      line, p->name);
	if (!p->tls.cert != !p->tls.key)
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: [%s]: tls-cert and tls-key go "
				      "together",
				      line, p->name);
	if (r->rules_n)
		p->rules = pacs_arena_dup(&p->arena, r->rules,
					  r->rules_n * sizeof(*r->rules));
	p->rule_count = r->rules_n;
	return PACS_OK;
}

static enum pacs_err
read_header(struct pacs_error *err, struct book_reader *r, char *s,
	    unsigned line)
{
	size_t n = strlen(s);

	if (n < 3 || s[n - 1] != ']' || strpbrk(s, "@") || n > 66)
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: a peer begins with '[name]', "
				      "without '@'",
				      line);
	s[n - 1] = '\0';
	pacs_peer_clear(r->p);
	pacs_peer_init(r->p);
	r->rules_n = 0;
	r->seen = 0;
	r->p->name = pacs_arena_strdup(&r->p->arena, book_trim(s + 1));
	return PACS_OK;
}

static enum pacs_err
read_pair(struct pacs_error *err, struct book_reader *r, char *s, unsigned line)
{
	char *eq = strchr(s, '=');

	if (!eq || !r->p->name)
		return pacs_error_set(err, PACS_EUSAGE,
				      eq ? "line %u: it belongs to no peer"
					 : "line %u: 'key = value' is wanted",
				      line);
	*eq = '\0';
	s = book_trim(s);
	switch (book_set(r, s, book_trim(eq + 1))) {
	case BOOK_SET:
		return PACS_OK;
	case BOOK_TWICE:
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: '%s' stands twice", line, s);
	case BOOK_BAD_VALUE:
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: '%s' cannot be that", line, s);
	default:
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: there is no key '%.40s'", line,
				      s);
	}
}

static enum pacs_err
read_line(struct pacs_error *err, struct book_reader *r, char *s, unsigned line)
{
	s = book_trim(s);
	if (!*s || *s == '#')
		return PACS_OK;
	return *s == '[' ? read_header(err, r, s, line)
			 : read_pair(err, r, s, line);
}

/* A section ends here, maybe the one that is looked for. */
static enum pacs_err
take(struct pacs_error *err, struct book_reader *r, unsigned line,
     const char *name, struct pacs_peer *p, bool *found)
{
	if (check_section(err, r, line) || !r->p->name ||
	    strcmp(r->p->name, name) != 0)
		return err->code;
	if (*found)
		return pacs_error_set(err, PACS_EUSAGE,
				      "line %u: the second [%s] ends here",
				      line, name);
	pacs_peer_clear(p);
	*p = *r->p;
	memset(r->p, 0, sizeof(*r->p));
	*found = true;
	return PACS_OK;
}

enum pacs_err
pacs_book_find(struct pacs_error *err, const char *text, size_t len,
	       const char *name, struct pacs_peer *p)
{
	struct pacs_peer at_hand;
	struct book_reader r = {.p = &at_hand};
	char *copy, *s, *end;
	unsigned line = 0;
	bool found = false;

	pacs_peer_init(&at_hand);
	if (memchr(text, '\0', len) || len > PACS_BOOK_MAX)
		return pacs_error_set(err, PACS_EUSAGE, "it is no text");
	copy = pacs_strndup(text, len);
	for (s = copy; s && !err->code; s = end) {
		end = strchr(s, '\n');
		if (end)
			*end++ = '\0';
		line++;
		if (*book_trim(s) != '[' ||
		    !take(err, &r, line, name, p, &found))
			(void)!read_line(err, &r, s, line);
	}
	if (!err->code)
		(void)!take(err, &r, line, name, p, &found);
	free(copy);
	pacs_peer_clear(&at_hand);
	if (!err->code && !found)
		return pacs_error_set(err, PACS_ENOTFOUND, "no peer '%s'",
				      name);
	return err->code;
}

enum pacs_err
pacs_peer_find(struct pacs_error *err, const char *text,
	       const char *const *books, size_t count, struct pacs_peer *p)
{
	size_t i;

	if (pacs_peer_is_written(text))
		return pacs_peer_parse(err, text, p);
	for (i = 0; i < count; i++) {
		struct pacs_error why = PACS_ERROR_INIT;
		struct pacs_buf b = {0};

		if (!pacs_file_slurp(&why, AT_FDCWD, books[i], PACS_BOOK_MAX,
				     &b))
			(void)!pacs_book_find(&why, pacs_buf_str(&b), b.len,
					      text, p);
		pacs_buf_clear(&b);
		if (!why.code)
			return PACS_OK;
		if (why.code != PACS_ENOTFOUND)
			return pacs_error_set(err, why.code, "%s: %s", books[i],
					      why.msg);
	}
	return pacs_error_set(err, PACS_ENOTFOUND,
			      "'%s' is no peer (AET@host:port) and in no "
			      "address book",
			      text);
}
