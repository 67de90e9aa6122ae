/*
 * Local rules: what a project does otherwise than the profile. The language is
 * that of pacs-anon-rules(5).
 */
#ifndef PACS_DEID_RULES_H
#define PACS_DEID_RULES_H

#include "deid/deid.h"

/*
 * Parse rules. name stands in messages. Errors: PACS_EFORMAT with the number of
 * the line: not a rule, a target that is not known or may not be touched, two
 * rules that contradict each other; PACS_ELIMIT.
 */
enum pacs_err
pacs_deid_rules_parse(struct pacs_error *err, const char *name,
		      const char *text, size_t len,
		      struct pacs_deid_rules **ret) PACS_MUST_CHECK;
void pacs_deid_rules_free(struct pacs_deid_rules *rules); /* NULL is fine */
size_t pacs_deid_rules_count(const struct pacs_deid_rules *rules);

#endif
