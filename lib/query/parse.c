#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "dicom/charset.h"
#include "query/fold.h"
#include "query/internal.h"

bool
pacs_key_is_prose(const struct pacs_key *k)
{
	return k->vr == PACS_VR('L', 'T') || k->vr == PACS_VR('S', 'T') ||
	       k->vr == PACS_VR('U', 'T') || k->vr == PACS_VR('U', 'R');
}

void
pacs_query_clear(struct pacs_query *q)
{
	free(q->conditions);
	pacs_arena_clear(&q->arena);
	memset(q, 0, sizeof(*q));
}

/* A condition in the making: terms are counted as they come. */
struct making {
	struct pacs_query *q;
	const struct pacs_key *key;
	const struct pacs_query_clock *clock;
	bool literal; /* from a list: no wildcards */
	struct pacs_term *terms;
	size_t count, room;
};

static struct pacs_term *
new_term(struct making *m)
{
	if (m->count == m->room) {
		m->room = m->room ? m->room * 2 : 4;
		m->terms = pacs_realloc(m->terms, m->room * sizeof(*m->terms));
	}
	memset(&m->terms[m->count], 0, sizeof(*m->terms));
	return &m->terms[m->count++];
}

/* Stars in a row are one star; a pattern of stars alone is everything. */
static bool
squeeze(char *s)
{
	char *start = s, *to = s;
	bool only = true;

	for (; *s; s++) {
		if (*s == '*' && to > start && to[-1] == '*')
			continue;
		only = only && *s == '*';
		*to++ = *s;
	}
	*to = '\0';
	return only;
}

static char *
folded(struct making *m, const char *s, size_t len)
{
	struct pacs_buf b = {0};
	char *p;

	pacs_fold(s, len, &b);
	p = pacs_arena_strdup(&m->q->arena, pacs_buf_str(&b));
	pacs_buf_clear(&b);
	return p;
}

static void
name_groups(struct making *m, const char *s, struct pacs_term *t)
{
	int g;

	for (g = 0; g < PACS_PN_GROUPS; g++) {
		size_t len;
		const char *part =
		    pacs_pn_group(s, (enum pacs_pn_group)g, &len);
		char *f = folded(m, part, len);

		t->groups[g] = squeeze(f) && *f ? "" : f;
	}
	t->kind = PACS_TERM_WILD;
	if (!*t->groups[0] && !*t->groups[1] && !*t->groups[2])
		t->kind = PACS_TERM_ALL;
}

static void
text_term(struct making *m, const char *s, size_t len)
{
	struct pacs_term *t = new_term(m);
	char *text = pacs_arena_alloc(&m->q->arena, len + 1);

	memcpy(text, s, len);
	text[len] = '\0';
	t->kind = PACS_TERM_EXACT;
	if (m->key->type == PACS_TYPE_NAME && strchr(text, '=')) {
		name_groups(m, text, t);
		return;
	}
	if (m->key->type == PACS_TYPE_NAME)
		text = folded(m, text, len);
	if (!m->literal && strpbrk(text, "*?"))
		t->kind = squeeze(text) ? PACS_TERM_ALL : PACS_TERM_WILD;
	t->text = text;
}

/* A range where there are none, and where no value looks like one: it would
 * silently match nothing. */
static bool
is_vain_range(const struct pacs_key *k, const char *s, size_t len)
{
	bool dots = memmem(s, len, "..", 2) != NULL;

	if (k->vr == PACS_VR('A', 'S'))
		return dots || memchr(s, '-', len);
	return dots &&
	       (k->vr == PACS_VR('U', 'I') || k->vr == PACS_VR('C', 'S'));
}

static enum pacs_err
one_value(struct pacs_error *err, struct making *m, const char *s, size_t len)
{
	enum pacs_key_type type = m->key->type;
	bool text = type == PACS_TYPE_TEXT || type == PACS_TYPE_NAME;
	const char *wrong = NULL;

	if (len > PACS_QUERY_VALUE_MAX)
		return pacs_error_set(err, PACS_EUSAGE,
				      "%s: a value is over %d bytes",
				      m->key->name, PACS_QUERY_VALUE_MAX);
	while (len && s[len - 1] == ' ')
		len--;
	while (len && *s == ' ' && !pacs_key_is_prose(m->key)) {
		s++;
		len--;
	}
	if (!len)
		new_term(m)->kind = PACS_TERM_EMPTY;
	else if (text && !m->literal && is_vain_range(m->key, s, len))
		wrong = "a text, which has no ranges; '*' and '?' "
			"make patterns";
	else if (text)
		text_term(m, s, len);
	else if (len == 1 && *s == '*')
		new_term(m)->kind = PACS_TERM_ALL;
	else
		wrong = pacs_term_range(type, s, len, m->clock, new_term(m));
	if (wrong)
		return pacs_error_set(err, PACS_EUSAGE, "%s: %s", m->key->name,
				      wrong);
	return PACS_OK;
}

/* Such a value is in no answer, which would look like "there is none". */
static enum pacs_err
not_utf8(struct pacs_error *err, const struct making *m)
{
	return pacs_error_set(err, PACS_EUSAGE, "%s: the value is not UTF-8",
			      m->key->name);
}

/* A value as typed: several, separated by '\'. */
static enum pacs_err
typed_values(struct pacs_error *err, struct making *m, const char *s)
{
	if (!pacs_utf8_is_valid((const unsigned char *)s, strlen(s)))
		return not_utf8(err, m);
	while (!pacs_key_is_prose(m->key)) {
		const char *end = strchr(s, '\\');

		if (!end)
			break;
		if (one_value(err, m, s, (size_t)(end - s)))
			return err->code;
		s = end + 1;
	}
	return one_value(err, m, s, strlen(s));
}

/* What Windows programs put before UTF-8 is no part of the first line. */
static const char *
past_bom(const char *s, size_t len)
{
	return len >= 3 && !memcmp(s, "\xef\xbb\xbf", 3) ? s + 3 : s;
}

/* Blank lines are nothing, not "no value". */
static enum pacs_err
listed_value(struct pacs_error *err, struct making *m, const char *s,
	     size_t len)
{
	if (len && s[len - 1] == '\r')
		len--;
	if (memchr(s, '\0', len))
		return pacs_error_set(err, PACS_EUSAGE,
				      "%s: the list holds a NUL byte",
				      m->key->name);
	if (!pacs_utf8_is_valid((const unsigned char *)s, len))
		return not_utf8(err, m);
	return strspn(s, " ") >= len ? PACS_OK : one_value(err, m, s, len);
}

/* One value a line. A list without any is refused: it is nearly always a
 * mistake, and "none of these" would select everything. */
static enum pacs_err
listed_values(struct pacs_error *err, struct making *m, const char *path)
{
	struct pacs_buf text = {0};
	const char *s, *stop, *end;

	m->literal = true;
	if (pacs_file_slurp(err, AT_FDCWD, path, PACS_QUERY_LIST_MAX, &text)) {
		pacs_error_wrap(err, "%s", m->key->name);
		goto out;
	}
	s = pacs_buf_str(&text);
	stop = s + text.len;
	for (s = past_bom(s, text.len); s < stop; s = end + 1) {
		end = memchr(s, '\n', (size_t)(stop - s));
		end = end ? end : stop;
		if (listed_value(err, m, s, (size_t)(end - s)))
			goto out;
	}
	if (!m->count)
		pacs_error_set(err, PACS_EUSAGE, "%s: %s: no value in it",
			       m->key->name, path);
out:
	pacs_buf_clear(&text);
	return err->code;
}

static int
by_text(const void *a, const void *b)
{
	const struct pacs_term *ta = a, *tb = b;
	bool ea = ta->kind == PACS_TERM_EXACT, eb = tb->kind == PACS_TERM_EXACT;

	if (ea != eb)
		return ea - eb;
	return ea ? strcmp(ta->text, tb->text) : 0;
}

static void
finish(struct making *m, enum pacs_key_id key, bool negated)
{
	struct pacs_query *q = m->q;
	struct pacs_condition *c;

	q->conditions = pacs_realloc(q->conditions,
				     (q->count + 1) * sizeof(*q->conditions));
	c = &q->conditions[q->count++];
	c->key = key;
	c->k = m->key;
	c->negated = negated;
	c->count = m->count;
	c->terms = pacs_arena_dup(&q->arena, m->terms ? (void *)m->terms : "",
				  m->count * sizeof(*m->terms));
	qsort(c->terms, c->count, sizeof(*c->terms), by_text);
	for (c->exact = 0; c->exact < c->count; c->exact++)
		if (c->terms[c->exact].kind == PACS_TERM_EXACT)
			break;
}

/* findscu's "-k QueryRetrieveLevel=STUDY" is not a condition. */
static bool
is_level(const char *key)
{
	uint32_t tag;

	return pacs_tag_parse(key, &tag) && tag == PACS_TAG_QueryRetrieveLevel;
}

static enum pacs_err
set_level(struct pacs_error *err, struct pacs_query *q, const char *value)
{
	if (!pacs_level_parse(value, &q->level))
		return pacs_error_set(err, PACS_EUSAGE,
				      "QueryRetrieveLevel: not PATIENT, STUDY, "
				      "SERIES or IMAGE");
	q->has_level = true;
	return PACS_OK;
}

static enum pacs_err
add(struct pacs_error *err, struct pacs_query *q, const char *key,
    const char *value, bool negated, const struct pacs_query_clock *clock)
{
	struct making m = {.q = q, .clock = clock};
	enum pacs_key_id id;

	if (!negated && is_level(key))
		return set_level(err, q, value);
	if (pacs_keyring_find(err, q->keys, key, &id))
		return err->code;
	m.key = pacs_key_of(q->keys, id);
	if (m.key->flags & PACS_KEY_SHOWN)
		return pacs_error_set(err, PACS_EUSAGE,
				      "'%s' can be printed, not asked for",
				      m.key->name);
	if (*value == '@' ? listed_values(err, &m, value + 1)
			  : typed_values(err, &m, value))
		goto out;
	finish(&m, id, negated);
out:
	free(m.terms);
	return err->code;
}

enum pacs_err
pacs_query_add(struct pacs_error *err, struct pacs_query *q,
	       const char *condition, const struct pacs_query_clock *clock)
{
	static const struct pacs_query_clock utc = {0, 0, NULL};
	const char *equals = strchr(condition, '=');
	size_t len = equals ? (size_t)(equals - condition) : 0;
	bool negated = len && equals[-1] == '!';
	char *key;

	if (!equals)
		return pacs_error_set(err, PACS_EUSAGE,
				      "a condition is KEY=VALUE or KEY!=VALUE");
	key = pacs_strndup(condition, len - negated);
	add(err, q, key, equals + 1, negated, clock ? clock : &utc);
	free(key);
	return err->code;
}

static enum pacs_err
add_line(struct pacs_error *err, struct pacs_query *q, const char *line,
	 size_t len, const struct pacs_query_clock *clock)
{
	char *s;

	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	if (len && line[len - 1] == '\r')
		len--;
	if (!len || *line == '#')
		return PACS_OK;
	if (memchr(line, '\0', len))
		return pacs_error_set(err, PACS_EUSAGE, "a NUL byte");
	s = pacs_strndup(line, len);
	if (pacs_query_add(err, q, s, clock))
		goto out;
out:
	free(s);
	return err->code;
}

enum pacs_err
pacs_query_add_lines(struct pacs_error *err, struct pacs_query *q,
		     const char *text, size_t len,
		     const struct pacs_query_clock *clock)
{
	const char *s = past_bom(text, len), *stop = text + len;
	size_t number = 0;

	while (s < stop) {
		const char *end = memchr(s, '\n', (size_t)(stop - s));

		end = end ? end : stop;
		number++;
		if (add_line(err, q, s, (size_t)(end - s), clock))
			return pacs_error_wrap(err, "line %zu", number);
		s = end + 1;
	}
	return PACS_OK;
}
