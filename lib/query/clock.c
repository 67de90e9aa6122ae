/*
 * What "today" is, by libc's zone.
 */
#include <time.h>

#include "base/clock.h"
#include "query/query.h"

static int64_t
midnight(int64_t day)
{
	struct tm tm = {.tm_year = 70, .tm_mday = 1 + (int)day, .tm_isdst = -1};

	return (int64_t)mktime(&tm) * 1000000;
}

struct pacs_query_clock
pacs_query_clock_now(void)
{
	struct pacs_query_clock clock = {.now_us = pacs_time_us(),
					 .midnight = midnight};
	time_t now = (time_t)(clock.now_us / 1000000);
	struct tm tm;

	localtime_r(&now, &tm);
	/* Midnight of this date as if in UTC. */
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	clock.today = (int64_t)timegm(&tm) / 86400;
	return clock;
}
