/* One condition asked of one value, for tests of lib/query. */
#ifndef UNIT_QUERY_ASK_H
#define UNIT_QUERY_ASK_H

#include "query/query.h"
#include "unit/test.h"

/* 2024-03-31 10:00 UTC, a Sunday; days begin at midnight UTC. */
static const struct pacs_query_clock clock_ = {
    .now_us = INT64_C(1711879200000000), .today = 19813};

static inline bool
matches(const char *condition, const char *value)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_query q = {0};
	bool yes = CHECK_OK(pacs_query_add(&err, &q, condition, &clock_)) &&
		   pacs_condition_matches(&q.conditions[0], value);

	if (err.code)
		printf("# %s: %s\n", condition, err.msg);
	pacs_query_clear(&q);
	return yes;
}

#endif
