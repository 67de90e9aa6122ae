#include "dicom/date.h"

#include <string.h>

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR   (60 * US_PER_MINUTE)
#define US_PER_DAY    (24 * US_PER_HOUR)

/* What is left of a value being read. */
struct cursor {
	const char *p, *end;
};

static struct cursor
unpadded(const char *s, size_t len)
{
	struct cursor c = {s, s + len};

	while (c.p < c.end && (c.end[-1] == ' ' || c.end[-1] == '\0'))
		c.end--;
	return c;
}

static size_t
left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

static bool
next_is_digit(const struct cursor *c)
{
	return c->p < c->end && *c->p >= '0' && *c->p <= '9';
}

static bool
take_char(struct cursor *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return false;
	c->p++;
	return true;
}

/* Exactly that many digits, in that range. */
static bool
take_number(struct cursor *c, unsigned digits, int low, int high, int *ret)
{
	int n = 0;

	while (digits--) {
		if (!next_is_digit(c))
			return false;
		n = n * 10 + (*c->p++ - '0');
	}
	*ret = n;
	return n >= low && n <= high;
}

static bool
is_leap(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int
days_in_month(int y, int m)
{
	static const char days[] = {31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31};

	return days[m - 1] + (m == 2 && is_leap(y));
}

/* Years begin in March here, so that the leap day is a year's last, and come
 * in eras of 400, which all have 146,097 days. */
#define DAYS_PER_ERA   146097
#define DAYS_TO_EPOCH  719468 /* from 0000-03-01 to 1970-01-01 */
#define DAYS_PER_5_MON 153    /* March to July, August to December */

static int64_t
days_of(int y, int m, int d)
{
	int64_t year = y - (m <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int month = m > 2 ? m - 3 : m + 9;
	int64_t of_year = (DAYS_PER_5_MON * month + 2) / 5 + d - 1;

	return era * DAYS_PER_ERA + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - DAYS_TO_EPOCH;
}

static void
put_digits(char *buf, int64_t n, int digits)
{
	while (digits--) {
		buf[digits] = (char)('0' + n % 10);
		n /= 10;
	}
}

bool
pacs_date_normal(const char *s, size_t len, char *buf)
{
	struct cursor c = unpadded(s, len);
	bool dots;
	int y, m, d;

	if (!take_number(&c, 4, 0, 9999, &y))
		return false;
	dots = take_char(&c, '.');
	if (!take_number(&c, 2, 1, 12, &m) || (dots && !take_char(&c, '.')) ||
	    !take_number(&c, 2, 1, days_in_month(y, m), &d) || left(&c))
		return false;
	put_digits(buf, y * 10000 + m * 100 + d, 8);
	buf[8] = '\0';
	return true;
}

int64_t
pacs_date_to_days(const char *yyyymmdd)
{
	struct cursor c = {yyyymmdd, yyyymmdd + 8};
	int y = 0, m = 0, d = 0;

	if (!take_number(&c, 4, 0, 9999, &y) ||
	    !take_number(&c, 2, 1, 12, &m) ||
	    !take_number(&c, 2, 1, days_in_month(y, m), &d))
		return 0;
	return days_of(y, m, d);
}

void
pacs_date_from_days(int64_t days, char *buf)
{
	int64_t low = days_of(0, 1, 1), high = days_of(9999, 12, 31);
	int64_t z, era, doe, yoe, doy, month, y, m;

	days = days < low ? low : days > high ? high : days;
	z = days + DAYS_TO_EPOCH;
	era = (z >= 0 ? z : z - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
	doe = z - era * DAYS_PER_ERA;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	month = (5 * doy + 2) / DAYS_PER_5_MON;
	m = month < 10 ? month + 3 : month - 9;
	y = yoe + era * 400 + (m <= 2);
	put_digits(buf, y, 4);
	put_digits(buf + 4, m, 2);
	put_digits(buf + 6, doy - (DAYS_PER_5_MON * month + 2) / 5 + 1, 2);
	buf[8] = '\0';
}

/* ".F" to ".FFFFFF" -> microseconds and the span of the last digit. */
static bool
take_fraction(struct cursor *c, int64_t *us, int64_t *span)
{
	unsigned digits = 0;

	*us = 0;
	*span = US_PER_SECOND;
	while (next_is_digit(c) && digits < 6) {
		*span /= 10;
		*us += (*c->p++ - '0') * *span;
		digits++;
	}
	return digits > 0;
}

/* HH[MM[SS[.F]]], or with colons -> first microsecond and the span. */
static bool
take_time(struct cursor *c, bool colons_allowed, int64_t *us, int64_t *span)
{
	int n;
	int64_t fraction;
	bool colons;

	if (!take_number(c, 2, 0, 23, &n))
		return false;
	*us = n * US_PER_HOUR;
	*span = US_PER_HOUR;
	colons = colons_allowed && take_char(c, ':');
	if (!colons && !next_is_digit(c))
		return true;
	if (!take_number(c, 2, 0, 59, &n))
		return false;
	*us += n * US_PER_MINUTE;
	*span = US_PER_MINUTE;
	if (colons ? !take_char(c, ':') : !next_is_digit(c))
		return true;
	if (!take_number(c, 2, 0, 60, &n))
		return false;
	*us += n * US_PER_SECOND;
	*span = US_PER_SECOND;
	if (!take_char(c, '.'))
		return true;
	if (!take_fraction(c, &fraction, span))
		return false;
	*us += fraction;
	return true;
}

bool
pacs_time_range(const char *s, size_t len, int64_t *ret_first_us,
		int64_t *ret_last_us)
{
	struct cursor c = unpadded(s, len);
	int64_t us, span;

	if (!take_time(&c, true, &us, &span) || left(&c))
		return false;
	*ret_first_us = us;
	*ret_last_us = us + span - 1;
	return true;
}

/* "&ZZXX", -1200 to +1400, in seconds east of UTC. */
static bool
take_zone(struct cursor *c, int64_t *ret)
{
	bool west = take_char(c, '-');
	int h, m;

	if (!west && !take_char(c, '+'))
		return false;
	if (!take_number(c, 2, 0, 14, &h) || !take_number(c, 2, 0, 59, &m))
		return false;
	*ret = h * INT64_C(3600) + m * INT64_C(60);
	if (west)
		*ret = -*ret;
	return *ret >= INT64_C(-12) * 3600 && *ret <= INT64_C(14) * 3600;
}

/* YYYY[MM[DD]] -> first day and how many; *ret_whole if a day is named. */
static bool
take_date(struct cursor *c, int64_t *ret_day, int64_t *ret_days,
	  bool *ret_whole)
{
	int y, m, d;

	*ret_whole = false;
	if (!take_number(c, 4, 0, 9999, &y))
		return false;
	*ret_day = days_of(y, 1, 1);
	*ret_days = is_leap(y) ? 366 : 365;
	if (!next_is_digit(c))
		return true;
	if (!take_number(c, 2, 1, 12, &m))
		return false;
	*ret_day = days_of(y, m, 1);
	*ret_days = days_in_month(y, m);
	if (!next_is_digit(c))
		return true;
	if (!take_number(c, 2, 1, days_in_month(y, m), &d))
		return false;
	*ret_day += d - 1;
	*ret_days = 1;
	*ret_whole = true;
	return true;
}

bool
pacs_datetime_range(const char *s, size_t len, int32_t zone_s,
		    int64_t *ret_first_us, int64_t *ret_last_us)
{
	struct cursor c = unpadded(s, len);
	int64_t day, days, us = 0, span, zone = zone_s;
	bool whole;

	if (!take_date(&c, &day, &days, &whole))
		return false;
	span = days * US_PER_DAY;
	if (whole && next_is_digit(&c) && !take_time(&c, false, &us, &span))
		return false;
	if (left(&c) && (!take_zone(&c, &zone) || left(&c)))
		return false;
	*ret_first_us = day * US_PER_DAY + us - zone * US_PER_SECOND;
	*ret_last_us = *ret_first_us + span - 1;
	return true;
}
