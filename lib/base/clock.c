#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t
pacs_time_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

uint64_t
pacs_time_mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void
pacs_time_format(int64_t us_since_1970, char buf[PACS_TIME_SIZE])
{
	int64_t us = us_since_1970 % 1000000;
	time_t s = (time_t)(us_since_1970 / 1000000);
	struct tm tm;

	if (us < 0) {
		us += 1000000;
		s--;
	}
	if (!gmtime_r(&s, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099) {
		snprintf(buf, PACS_TIME_SIZE, "0001-01-01T00:00:00.000000Z");
		return;
	}
	snprintf(buf, PACS_TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
		 (unsigned)(tm.tm_year + 1900) % 10000,
		 (unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100,
		 (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		 (unsigned)tm.tm_sec % 100, (unsigned)us % 1000000);
}

void
pacs_time_now(char buf[PACS_TIME_SIZE])
{
	pacs_time_format(pacs_time_us(), buf);
}
