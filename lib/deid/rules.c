/*
 * The parser of local rules: one a line,
 *	ACTION TARGET [VALUE] [when KEYWORD=PATTERN ...]
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deid/rules-internal.h"

#define TEXT_MAX (1u << 20)

struct parser {
	struct pacs_error *err;
	struct pacs_deid_rules *rules;
	const char *name;
	unsigned line;
	struct rule_words words;
};

static enum pacs_err fail(struct parser *p, const char *fmt, ...)
    PACS_PRINTF(2, 3);

static enum pacs_err
fail(struct parser *p, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return pacs_error_set(p->err, PACS_EFORMAT, "%s, line %u: %s", p->name,
			      p->line, text);
}

static enum pacs_err
split(struct parser *p, char *line)
{
	switch (rule_split(line, &p->words)) {
	case RULE_WORDS_OPEN:
		return fail(p, "a quote is not closed");
	case RULE_WORDS_MANY:
		return fail(p, "more than %d words", RULE_WORDS_MAX);
	default:
		return PACS_OK;
	}
}

/* --- targets ---------------------------------------------------------------
 */

static enum pacs_err
parse_tag(struct parser *p, const char *word, uint32_t *ret)
{
	const char *near;

	if (!pacs_tag_parse(word, ret)) {
		near = pacs_dict_suggest(word);
		return near ? fail(p, "no attribute '%s'; did you mean '%s'?",
				   word, near)
			    : fail(p, "no attribute '%s'", word);
	}
	return PACS_OK;
}

static enum pacs_err
parse_path(struct parser *p, char *word, struct rule *r)
{
	uint32_t tag = 0;
	char *end;

	for (; word; word = end) {
		end = strchr(word, '/');
		if (end)
			*end++ = '\0';
		if (r->depth == RULE_PATH_MAX)
			return fail(p, "a path of more than %d parts",
				    RULE_PATH_MAX);
		if (parse_tag(p, word, &tag))
			return p->err->code;
		r->path[r->depth++] = tag;
		if (end && pacs_dict_vr(tag) != VR("SQ"))
			return fail(p, "'%s' is not a sequence", word);
	}
	if (PACS_TAG_IS_PRIVATE(tag))
		return fail(p, "a private element needs its creator: "
			       "private \"CREATOR\" GGGG,xxEE");
	if (!rules_may_touch(tag))
		return fail(p, "this attribute is not for rules");
	return PACS_OK;
}

/* "GGGG,xxEE" */
static enum pacs_err
parse_private(struct parser *p, const char *creator, const char *element,
	      struct rule *r)
{
	char text[10];
	uint32_t tag;

	if (strlen(element) != sizeof(text) - 1 || element[4] != ',' ||
	    strncmp(element + 5, "xx", 2) != 0)
		return fail(p, "a private element is GGGG,xxEE");
	snprintf(text, sizeof(text), "%.5s00%s", element, element + 7);
	if (!pacs_tag_parse(text, &tag) || !PACS_TAG_IS_PRIVATE(tag) ||
	    !*creator)
		return fail(p, "a private element is GGGG,xxEE, GGGG odd");
	r->creator = pacs_arena_strdup(&p->rules->arena, creator);
	r->path[r->depth++] = tag;
	return PACS_OK;
}

/* --- rules -----------------------------------------------------------------
 */

static bool
parse_action(const char *word, enum rule_action *ret)
{
	static const char *const names[] = {"keep", "remove", "blank",
					    "replace", "hash"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(word, names[i])) {
			*ret = (enum rule_action)i;
			return true;
		}
	return false;
}

/* Target out of words[at...]; returns how many it took, 0 after an error. */
static unsigned
parse_target(struct parser *p, unsigned at, struct rule *r)
{
	char *word = p->words.word[at];

	if (at >= p->words.count) {
		fail(p, "the target is missing");
		return 0;
	}
	if (!strcmp(word, "private")) {
		if (at + 2 >= p->words.count) {
			fail(p, "private \"CREATOR\" GGGG,xxEE");
			return 0;
		}
		return parse_private(p, p->words.word[at + 1],
				     p->words.word[at + 2], r)
			   ? 0
			   : 3;
	}
	if (!strncmp(word, "vr:", 3)) {
		if (strlen(word) == 5)
			r->vr = PACS_VR(word[3], word[4]);
		if (!pacs_vr_is_known(r->vr) || r->vr == VR("SQ")) {
			fail(p, "'%s' names no VR for rules", word);
			return 0;
		}
		return 1;
	}
	return parse_path(p, word, r) ? 0 : 1;
}

static enum pacs_err
parse_condition(struct parser *p, char *word, struct rule *r)
{
	struct rule_condition *c = &r->conditions[r->condition_count];
	char *equals = strchr(word, '=');

	if (!equals)
		return fail(p, "a condition is KEYWORD=PATTERN");
	if (r->condition_count == RULE_CONDITIONS_MAX)
		return fail(p, "more than %d conditions", RULE_CONDITIONS_MAX);
	*equals++ = '\0';
	if (parse_tag(p, word, &c->tag))
		return p->err->code;
	c->pattern = pacs_arena_strdup(&p->rules->arena, equals);
	r->condition_count++;
	return PACS_OK;
}

static bool
is_ascii(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			return false;
	return true;
}

static uint16_t
target_vr(const struct rule *r)
{
	if (r->vr || !r->depth || r->creator)
		return r->vr;
	return pacs_dict_vr(r->path[r->depth - 1]);
}

/* Only what can hold text can be replaced by some, or by a hash. */
static enum pacs_err
check_value(struct parser *p, const struct rule *r)
{
	uint16_t vr = target_vr(r);

	if (r->action != RULE_REPLACE && r->action != RULE_HASH)
		return PACS_OK;
	if (vr && !pacs_vr_is_string(vr))
		return fail(p, "VR %c%c holds no text", vr >> 8, vr & 0xff);
	if (r->action == RULE_HASH && vr && !pacs_vr_is_text(vr) &&
	    vr != VR("UI"))
		return fail(p, "VR %c%c cannot hold a hash", vr >> 8,
			    vr & 0xff);
	if (r->action == RULE_REPLACE && !is_ascii(r->value))
		return fail(p, "the value is not plain ASCII");
	return PACS_OK;
}

static bool
same_target(const struct rule *a, const struct rule *b)
{
	return a->depth == b->depth && a->vr == b->vr &&
	       !memcmp(a->path, b->path, a->depth * sizeof(a->path[0])) &&
	       !strcmp(a->creator ? a->creator : "",
		       b->creator ? b->creator : "");
}

/* Two conditions on one key with different plain values never both hold. */
static bool
exclude_each_other(const struct rule *a, const struct rule *b)
{
	unsigned i, j;

	for (i = 0; i < a->condition_count; i++)
		for (j = 0; j < b->condition_count; j++) {
			const char *x = a->conditions[i].pattern;
			const char *y = b->conditions[j].pattern;

			if (a->conditions[i].tag == b->conditions[j].tag &&
			    strcmp(x, y) != 0 && !strpbrk(x, "*?[\\") &&
			    !strpbrk(y, "*?[\\"))
				return true;
		}
	return false;
}

static bool
do_the_same(const struct rule *a, const struct rule *b)
{
	return a->action == b->action &&
	       (a->action != RULE_REPLACE || !strcmp(a->value, b->value));
}

static enum pacs_err
add(struct parser *p, const struct rule *r)
{
	struct pacs_deid_rules *rules = p->rules;
	size_t i;

	for (i = 0; i < rules->count; i++)
		if (same_target(&rules->list[i], r) &&
		    !do_the_same(&rules->list[i], r) &&
		    !exclude_each_other(&rules->list[i], r))
			return fail(p, "contradicts line %u",
				    rules->list[i].line);
	if (rules->count == RULES_MAX)
		return pacs_error_set(p->err, PACS_ELIMIT,
				      "%s: more than %u rules", p->name,
				      RULES_MAX);
	if (rules->count == rules->cap) {
		rules->cap = rules->cap ? rules->cap * 2 : 16;
		rules->list = pacs_realloc(rules->list,
					   rules->cap * sizeof(*rules->list));
	}
	rules->list[rules->count++] = *r;
	return PACS_OK;
}

static enum pacs_err
parse_line(struct parser *p, char *line)
{
	struct rule r = {.line = p->line};
	unsigned at = 1, n;

	if (split(p, line) || !p->words.count)
		return p->err->code;
	if (!parse_action(p->words.word[0], &r.action))
		return fail(p,
			    "'%s' is none of keep, remove, blank, replace, "
			    "hash",
			    p->words.word[0]);
	n = parse_target(p, at, &r);
	if (!n)
		return p->err->code;
	at += n;
	if (r.action == RULE_REPLACE) {
		if (at >= p->words.count)
			return fail(p, "the value is missing");
		r.value =
		    pacs_arena_strdup(&p->rules->arena, p->words.word[at++]);
	}
	if (check_value(p, &r))
		return p->err->code;
	if (at < p->words.count &&
	    (p->words.quoted[at] || strcmp(p->words.word[at++], "when")))
		return fail(p, "'when' and conditions may follow, nothing "
			       "else");
	if (at == p->words.count && !strcmp(p->words.word[at - 1], "when") &&
	    at > n + 1 + (r.action == RULE_REPLACE))
		return fail(p, "the condition is missing");
	for (; at < p->words.count; at++)
		if (parse_condition(p, p->words.word[at], &r))
			return p->err->code;
	return add(p, &r);
}

enum pacs_err
pacs_deid_rules_parse(struct pacs_error *err, const char *name,
		      const char *text, size_t len,
		      struct pacs_deid_rules **ret)
{
	struct parser p = {.err = err, .name = name};
	char *copy, *line, *end;

	*ret = NULL;
	if (len > TEXT_MAX)
		return pacs_error_set(err, PACS_ELIMIT, "%s: over 1 MiB", name);
	if (memchr(text, '\0', len))
		return pacs_error_set(err, PACS_EFORMAT, "%s: not text", name);
	p.rules = pacs_calloc(1, sizeof(*p.rules));
	copy = pacs_strndup(text, len);
	for (line = copy; line && !err->code; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		line[strcspn(line, "\r")] = '\0';
		p.line++;
		(void)!parse_line(&p, line);
	}
	free(copy);
	if (err->code)
		pacs_deid_rules_free(p.rules);
	else
		*ret = p.rules;
	return err->code;
}

void
pacs_deid_rules_free(struct pacs_deid_rules *rules)
{
	if (!rules)
		return;
	pacs_arena_clear(&rules->arena);
	free(rules->list);
	free(rules);
}

size_t
pacs_deid_rules_count(const struct pacs_deid_rules *rules)
{
	return rules->count;
}
