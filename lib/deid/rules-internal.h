/* Rules as rules.c makes them and match.c uses them. */
#ifndef PACS_DEID_RULES_INTERNAL_H
#define PACS_DEID_RULES_INTERNAL_H

#include "deid/internal.h"
#include "deid/rules.h"

enum rule_action {
	RULE_KEEP,
	RULE_REMOVE,
	RULE_BLANK,
	RULE_REPLACE,
	RULE_HASH,
};

#define RULE_PATH_MAX       8
#define RULE_CONDITIONS_MAX 4
#define RULES_MAX           1000u

struct rule_condition {
	uint32_t tag;
	const char *pattern; /* fnmatch(3) */
};

struct rule {
	enum rule_action action;
	/* Target: the tags of a path, of which the last is the element. */
	uint32_t path[RULE_PATH_MAX];
	unsigned depth;      /* 1: anywhere */
	const char *creator; /* private: path[0] is gggg00ee */
	uint16_t vr;         /* by VR: depth is 0 */
	const char *value;   /* of RULE_REPLACE */
	struct rule_condition conditions[RULE_CONDITIONS_MAX];
	unsigned condition_count;
	unsigned line;
};

struct pacs_deid_rules {
	struct pacs_arena arena;
	struct rule *list;
	size_t count, cap;
};

#define RULE_WORDS_MAX 16

/* They point into the line. */
struct rule_words {
	char *word[RULE_WORDS_MAX];
	bool quoted[RULE_WORDS_MAX];
	unsigned count;
};

enum rule_words_end {
	RULE_WORDS_ALL,
	RULE_WORDS_OPEN, /* a quote is not closed */
	RULE_WORDS_MANY,
};

/* Takes the line apart, in place. */
enum rule_words_end rule_split(char *line, struct rule_words *ret);
/* Not what the declarations, the files' names or the reading of a data set rest
 * on. */
bool rules_may_touch(uint32_t tag);
/* Evaluate the conditions against an object. */
void rules_begin(struct walk *w);
/* The rule for an element that is in w->item, or NULL. */
const struct rule *rules_find(struct walk *w, const struct pacs_element *e);
/* Does a rule keep something in the block of this creator? */
bool rules_keep_block(struct walk *w, uint32_t creator_tag);
/* Do as the rule says. False: the element goes. */
bool rules_apply(struct walk *w, struct pacs_element *e,
		 const struct rule *rule, enum act profile);

#endif
