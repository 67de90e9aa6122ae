#include "peer/status.h"

#include <string.h>

static const char *const verdicts[] = {
    [PACS_VERDICT_SENT] = "sent",       [PACS_VERDICT_WARNED] = "warned",
    [PACS_VERDICT_DROPPED] = "dropped", [PACS_VERDICT_LATER] = "later",
    [PACS_VERDICT_ONCE] = "once",       [PACS_VERDICT_REFUSED] = "refused",
};

/*
 * The first row that fits. A retry of what is a matter of the object's own
 * would be refused again; what a peer says of its own state may change.
 */
static const struct {
	uint16_t first, last;
	enum pacs_verdict verdict;
	const char *reason;
} rows[] = {
    {0x0000, 0x0000, PACS_VERDICT_SENT, ""},
    {0x0001, 0x0001, PACS_VERDICT_WARNED, "warning"},
    {0x0107, 0x0107, PACS_VERDICT_WARNED, "attribute-list"},
    {0x0110, 0x0110, PACS_VERDICT_LATER, "processing-failure"},
    {0x0111, 0x0111, PACS_VERDICT_REFUSED, "duplicate"},
    {0x0116, 0x0116, PACS_VERDICT_WARNED, "value-out-of-range"},
    {0x0117, 0x0117, PACS_VERDICT_REFUSED, "invalid-uid"},
    {0x0122, 0x0122, PACS_VERDICT_REFUSED, "class-not-supported"},
    {0x0124, 0x0124, PACS_VERDICT_REFUSED, "not-authorized"},
    {0x0210, 0x0210, PACS_VERDICT_ONCE, "duplicate-invocation"},
    {0x0213, 0x0213, PACS_VERDICT_LATER, "out-of-resources"},
    {0xa700, 0xa7ff, PACS_VERDICT_LATER, "out-of-resources"},
    {0xa900, 0xa9ff, PACS_VERDICT_REFUSED, "does-not-match-class"},
    {0xb000, 0xb000, PACS_VERDICT_WARNED, "coerced"},
    {0xb006, 0xb006, PACS_VERDICT_DROPPED, "elements-dropped"},
    {0xb007, 0xb007, PACS_VERDICT_WARNED, "does-not-match-class"},
    {0xb000, 0xbfff, PACS_VERDICT_WARNED, "warning"},
    {0xc000, 0xcfff, PACS_VERDICT_REFUSED, "cannot-understand"},
    {0x0000, 0xffff, PACS_VERDICT_REFUSED, "other-status"},
};

bool
pacs_verdict_parse(const char *word, enum pacs_verdict *ret)
{
	size_t i;

	for (i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (!strcmp(verdicts[i], word)) {
			*ret = (enum pacs_verdict)i;
			return true;
		}
	return false;
}

static size_t
row_of(uint16_t status)
{
	size_t i = 0;

	while (status < rows[i].first || status > rows[i].last)
		i++;
	return i;
}

enum pacs_verdict
pacs_store_verdict(const struct pacs_peer *peer, uint16_t status)
{
	size_t i;

	for (i = 0; i < peer->rule_count; i++)
		if (status >= peer->rules[i].first &&
		    status <= peer->rules[i].last)
			return (enum pacs_verdict)peer->rules[i].verdict;
	return rows[row_of(status)].verdict;
}

const char *
pacs_store_reason(uint16_t status)
{
	return rows[row_of(status)].reason;
}
