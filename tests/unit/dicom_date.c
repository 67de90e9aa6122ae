/* DA, TM and DT as days and ranges of microseconds. */
#include "dicom/date.h"

#include <stdlib.h>
#include <time.h>

#include "test.h"

#define S   INT64_C(1000000)
#define DAY (86400 * S)

static void
dates(void)
{
	static const struct {
		const char *in, *want; /* NULL: no date */
	} cases[] = {
	    {"20240229", "20240229"},   {"20230229", NULL},
	    {"19000229", NULL},         {"20000229", "20000229"},
	    {"2024.01.31", "20240131"}, {"20240131  ", "20240131"},
	    {"20240230", NULL},         {"20241301", NULL},
	    {"20240001", NULL},         {"20240100", NULL},
	    {"2024013", NULL},          {"202401311", NULL},
	    {"2024.0131", NULL},        {"2024.01.31.", NULL},
	    {"2024-01-31", NULL},       {"", NULL},
	    {"        ", NULL},         {" 20240131", NULL},
	    {"2024O131", NULL},         {"00000101", "00000101"},
	    {"99991231", "99991231"},   {"20240431", NULL},
	};
	char buf[9];
	size_t i;

	TEST("dates of DICOM and of ACR-NEMA are read, others refused");
	for (i = 0; i < COUNT(cases); i++) {
		bool ok =
		    pacs_date_normal(cases[i].in, strlen(cases[i].in), buf);

		if (!CHECK_INT(ok, cases[i].want != NULL))
			printf("#   '%s'\n", cases[i].in);
		if (ok && cases[i].want)
			CHECK_STR(buf, cases[i].want);
	}
	CHECK(pacs_date_normal("20240131\0", 9, buf));
}

static void
days(void)
{
	char buf[9];
	int64_t d, first, last;
	size_t wrong = 0;

	TEST("days count from 1970");
	CHECK_INT(pacs_date_to_days("19700101"), 0);
	CHECK_INT(pacs_date_to_days("19691231"), -1);
	CHECK_INT(pacs_date_to_days("20000301"), 11017);
	CHECK_INT(pacs_date_to_days("nonsense"), 0);

	TEST("every day of ten thousand years comes back, and libc agrees");
	first = pacs_date_to_days("00000101");
	last = pacs_date_to_days("99991231");
	CHECK_INT(last - first + 1, 3652425);
	for (d = first; d <= last; d++) {
		time_t t = d * 86400;
		struct tm tm;
		char want[32];

		pacs_date_from_days(d, buf);
		wrong += pacs_date_to_days(buf) != d;
		if (d % 97)
			continue;
		gmtime_r(&t, &tm);
		snprintf(want, sizeof(want), "%04d%02d%02d", tm.tm_year + 1900,
			 tm.tm_mon + 1, tm.tm_mday);
		wrong += strcmp(want, buf) != 0;
	}
	CHECK_INT(wrong, 0);
	pacs_date_from_days(last + 1, buf);
	CHECK_STR(buf, "99991231");
	pacs_date_from_days(INT64_MIN, buf);
	CHECK_STR(buf, "00000101");
}

static void
times(void)
{
	static const struct {
		const char *in;
		int64_t first, span; /* span 0: no time */
	} cases[] = {
	    {"09", 9 * 3600 * S, 3600 * S},
	    {"0930", 34200 * S, 60 * S},
	    {"09:30", 34200 * S, 60 * S},
	    {"093015", 34215 * S, S},
	    {"09:30:15", 34215 * S, S},
	    {"093015.5", 34215 * S + 500000, 100000},
	    {"09:30:15.25", 34215 * S + 250000, 10000},
	    {"093015.123456", 34215 * S + 123456, 1},
	    {"093015.000000 ", 34215 * S, 1},
	    {"235960", 86400 * S, S},
	    {"235961", 0, 0},
	    {"24", 0, 0},
	    {"0960", 0, 0},
	    {"9", 0, 0},
	    {"093", 0, 0},
	    {"09301", 0, 0},
	    {"09:3015", 0, 0},
	    {"0930:15", 0, 0},
	    {"09:", 0, 0},
	    {"093015.", 0, 0},
	    {"093015.1234567", 0, 0},
	    {"0930.5", 0, 0},
	    {"", 0, 0},
	    {"09 30", 0, 0},
	    {"093015+0100", 0, 0},
	};
	size_t i;

	TEST("a time covers what it leaves open");
	for (i = 0; i < COUNT(cases); i++) {
		int64_t a = -1, b = -1;
		bool ok =
		    pacs_time_range(cases[i].in, strlen(cases[i].in), &a, &b);

		if (!CHECK_INT(ok, cases[i].span != 0))
			printf("#   '%s'\n", cases[i].in);
		if (!ok)
			continue;
		CHECK_INT(a, cases[i].first);
		CHECK_INT(b, cases[i].first + cases[i].span - 1);
	}
}

static void
datetimes(void)
{
	/* 2024-01-31 is day 19753. */
	static const struct {
		const char *in;
		int32_t zone;
		int64_t first, span;
	} cases[] = {
	    {"2024", 0, 19723 * DAY, 366 * DAY},
	    {"202402", 0, 19754 * DAY, 29 * DAY},
	    {"20240131", 0, 19753 * DAY, DAY},
	    {"20240131", 3600, 19753 * DAY - 3600 * S, DAY},
	    {"2024013109", 0, 19753 * DAY + 9 * 3600 * S, 3600 * S},
	    {"202401310930", 0, 19753 * DAY + 34200 * S, 60 * S},
	    {"20240131093015", 0, 19753 * DAY + 34215 * S, S},
	    {"20240131093015.5", 0, 19753 * DAY + 34215 * S + 500000, 100000},
	    {"20240131093015+0100", -7200, 19753 * DAY + 30615 * S, S},
	    {"20240131-0500", 0, 19753 * DAY + 5 * 3600 * S, DAY},
	    {"2024+1400", 0, 19723 * DAY - 14 * 3600 * S, 366 * DAY},
	    {"20240131093015.123456-1200 ", 0,
	     19753 * DAY + 34215 * S + 123456 + 12 * 3600 * S, 1},
	    {"19691231235959", 0, -S, S},
	    {"2024013", 0, 0, 0},
	    {"20240230", 0, 0, 0},
	    {"202413", 0, 0, 0},
	    {"20240131+1401", 0, 0, 0},
	    {"20240131-1201", 0, 0, 0},
	    {"20240131+01", 0, 0, 0},
	    {"20240131 0100", 0, 0, 0},
	    {"2024013109:30", 0, 0, 0},
	    {"202", 0, 0, 0},
	    {"", 0, 0, 0},
	    {"20240131093015.5x", 0, 0, 0},
	};
	size_t i;

	TEST("a date and time covers what it leaves open, in its zone");
	for (i = 0; i < COUNT(cases); i++) {
		int64_t a = -1, b = -1;
		bool ok = pacs_datetime_range(cases[i].in, strlen(cases[i].in),
					      cases[i].zone, &a, &b);

		if (!CHECK_INT(ok, cases[i].span != 0))
			printf("#   '%s'\n", cases[i].in);
		if (!ok)
			continue;
		if (!CHECK_INT(a, cases[i].first))
			printf("#   '%s'\n", cases[i].in);
		CHECK_INT(b, cases[i].first + cases[i].span - 1);
	}
}

int
main(void)
{
	dates();
	days();
	times();
	datetimes();
	return test_done();
}
