/* The words of a rule: between blanks, or in quotes; # begins a remark. */
#include <string.h>

#include "deid/rules-internal.h"

/* Take the next word; a quoted one may hold spaces. False at the end. */
static bool
next_word(char **at, char **ret, bool *ret_quoted, bool *ret_open)
{
	char *s = *at, *to;

	*ret_open = false;
	s += strspn(s, " \t");
	if (!*s || *s == '#')
		return false;
	*ret = to = s;
	*ret_quoted = *s == '"';
	while (*s && *s != ' ' && *s != '\t') {
		if (*s != '"') {
			*to++ = *s++;
			continue;
		}
		for (s++; *s && *s != '"';)
			*to++ = *s++;
		*ret_open = !*s;
		if (*s)
			s++;
	}
	if (*s)
		s++;
	*at = s;
	*to = '\0';
	return true;
}

enum rule_words_end
rule_split(char *line, struct rule_words *ret)
{
	bool open, quoted;
	char *word;

	for (ret->count = 0; next_word(&line, &word, &quoted, &open);) {
		if (open)
			return RULE_WORDS_OPEN;
		if (ret->count == RULE_WORDS_MAX)
			return RULE_WORDS_MANY;
		ret->quoted[ret->count] = quoted;
		ret->word[ret->count++] = word;
	}
	return RULE_WORDS_ALL;
}
