/* The parser of local rules: what it takes, it takes again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "deid/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_rules *rules, *again;
	struct pacs_buf twice = {0};

	if (pacs_deid_rules_parse(&err, "f", (const char *)data, size,
				  &rules)) {
		if (!err.msg[0] || rules)
			abort();
		return 0;
	}
	/* A rule does not contradict itself. */
	pacs_buf_add(&twice, data, size);
	pacs_buf_addc(&twice, '\n');
	pacs_buf_add(&twice, data, size);
	if (pacs_deid_rules_parse(&err, "f", twice.data, twice.len, &again)) {
		if (err.code != PACS_ELIMIT)
			abort();
	} else if (pacs_deid_rules_count(again) !=
		   2 * pacs_deid_rules_count(rules)) {
		abort();
	}
	pacs_deid_rules_free(rules);
	pacs_deid_rules_free(again);
	pacs_buf_clear(&twice);
	return 0;
}
