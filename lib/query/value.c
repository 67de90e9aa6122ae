#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/date.h"
#include "query/internal.h"

#define DAY_US    INT64_C(86400000000)
#define HOUR_US   INT64_C(3600000000)
#define MINUTE_US INT64_C(60000000)

static void
trim(const char **s, size_t *len)
{
	while (*len && (*s)[*len - 1] == ' ')
		(*len)--;
	while (*len && **s == ' ') {
		(*s)++;
		(*len)--;
	}
}

bool
pacs_value_date(const char *s, size_t len, int64_t *ret_day)
{
	char day[9];

	trim(&s, &len);
	if (!pacs_date_normal(s, len, day))
		return false;
	*ret_day = pacs_date_to_days(day);
	return true;
}

bool
pacs_value_time(const char *s, size_t len, int64_t *ret_us)
{
	int64_t last;

	trim(&s, &len);
	return pacs_time_range(s, len, ret_us, &last);
}

bool
pacs_value_number(const char *s, size_t len, double *ret)
{
	char buf[64], *end;

	trim(&s, &len);
	if (!len || len >= sizeof(buf))
		return false;
	memcpy(buf, s, len);
	buf[len] = '\0';
	/* strtod takes more than DICOM does: hexadecimal, "inf", "nan". */
	if (strspn(buf, "0123456789+-.eE") != len)
		return false;
	*ret = strtod(buf, &end);
	return !*end && isfinite(*ret);
}

/* n digits at s -> number; false if there is anything else. */
static bool
digits(const char *s, size_t n, int64_t *ret)
{
	int64_t v = 0;
	size_t i;

	*ret = 0;
	for (i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
		v = v * 10 + (s[i] - '0');
	}
	*ret = v;
	return n > 0;
}

/* --- days ---------------------------------------------------------------- */

static int64_t
day_of(int64_t y, int64_t m, int64_t d)
{
	char s[9];
	int i;
	int64_t v = y * 10000 + m * 100 + d;

	for (i = 7; i >= 0; i--, v /= 10)
		s[i] = (char)('0' + v % 10);
	s[8] = '\0';
	return pacs_date_to_days(s);
}

static int64_t
month_length(int64_t y, int64_t m)
{
	return m == 12 ? 31 : day_of(y, m + 1, 1) - day_of(y, m, 1);
}

/* The same day of the month, months earlier; the last one if it is short. */
static int64_t
months_before(int64_t day, int64_t months)
{
	char s[9];
	int64_t y = 0, m = 0, d = 0;

	pacs_date_from_days(day, s);
	digits(s, 4, &y);
	digits(s + 4, 2, &m);
	digits(s + 6, 2, &d);
	m += y * 12 - 1 - months;
	y = m / 12;
	m = m % 12 + 1;
	if (y < 1)
		return day_of(1, 1, 1);
	return day_of(y, m, d < month_length(y, m) ? d : month_length(y, m));
}

/* "today", "yesterday", "-7d", "-2w", "-3m", "-1y": m is months. */
static bool
relative_day(const char *s, size_t len, int64_t today, int64_t *ret)
{
	int64_t n;

	if (len == 5 && !memcmp(s, "today", 5)) {
		*ret = today;
		return true;
	}
	if (len == 9 && !memcmp(s, "yesterday", 9)) {
		*ret = today - 1;
		return true;
	}
	if (len < 3 || len > 8 || s[0] != '-' || !digits(s + 1, len - 2, &n))
		return false;
	switch (s[len - 1]) {
	case 'd':
		*ret = today - n;
		return true;
	case 'w':
		*ret = today - 7 * n;
		return true;
	case 'm':
		*ret = months_before(today, n);
		return true;
	case 'y':
		*ret = months_before(today, 12 * n);
		return true;
	default:
		return false;
	}
}

/* "2024", "202401", "2024-01", "2024-01-31": digits alone, up to eight. */
static bool
compact(const char *s, size_t len, char *d, size_t *ret_len)
{
	int64_t ignored;
	bool iso = (len == 7 || len == 10) && s[4] == '-';

	if (iso && (len == 7 || s[7] == '-')) {
		memcpy(d, s, 4);
		memcpy(d + 4, s + 5, 2);
		if (len == 10)
			memcpy(d + 6, s + 8, 2);
		len = len == 7 ? 6 : 8;
	} else if (len == 4 || len == 6 || len == 8) {
		memcpy(d, s, len);
	} else {
		return false;
	}
	*ret_len = len;
	return digits(d, len, &ignored);
}

static bool
absolute_days(const char *s, size_t len, int64_t *low, int64_t *high)
{
	char d[8];
	size_t n;
	int64_t y = 0, m = 1;

	if (pacs_value_date(s, len, low)) {
		*high = *low;
		return true;
	}
	if (!compact(s, len, d, &n))
		return false;
	if (n == 8) {
		*high = 0;
		if (!pacs_value_date(d, 8, low))
			return false;
		*high = *low;
		return true;
	}
	digits(d, 4, &y);
	if (n == 6)
		digits(d + 4, 2, &m);
	if (y < 1 || m < 1 || m > 12)
		return false;
	*low = day_of(y, m, 1);
	m = n == 6 ? m : 12;
	*high = day_of(y, m, month_length(y, m));
	return true;
}

static bool
days(const char *s, size_t len, const struct pacs_query_clock *clock,
     int64_t *low, int64_t *high)
{
	if (relative_day(s, len, clock->today, low)) {
		*high = *low;
		return true;
	}
	return absolute_days(s, len, low, high);
}

/* --- points in time ------------------------------------------------------ */

static int64_t
midnight(const struct pacs_query_clock *clock, int64_t day)
{
	return clock->midnight ? clock->midnight(day) : day * DAY_US;
}

/* "T07:00:00.5Z" behind a date, at s. */
static bool
clock_time(const char *s, size_t len, int64_t day,
	   const struct pacs_query_clock *clock, int64_t *low, int64_t *high)
{
	bool utc = len && s[len - 1] == 'Z';
	int64_t base = utc ? day * DAY_US : midnight(clock, day);

	len -= utc;
	if (len < 2 || *s != 'T' || !pacs_time_range(s + 1, len - 1, low, high))
		return false;
	*low += base;
	*high += base;
	return true;
}

/* "-30min", "-12h": so long before now. */
static bool
relative_stamp(const char *s, size_t len, const struct pacs_query_clock *clock,
	       int64_t *ret)
{
	bool minutes = len > 4 && !memcmp(s + len - 3, "min", 3);
	size_t unit = minutes ? 3 : 1;
	int64_t n;

	if (len < 3 || len > 10 || *s != '-' || (!minutes && s[len - 1] != 'h'))
		return false;
	if (!digits(s + 1, len - 1 - unit, &n))
		return false;
	*ret = clock->now_us - n * (minutes ? MINUTE_US : HOUR_US);
	return true;
}

/* "-3m", also as an end of a range. Where minutes count, m would be taken for
 * them. */
bool
value_says_months(const char *s, size_t len)
{
	size_t i;

	for (i = 1; i < len; i++)
		if (s[i] == 'm' && isdigit((unsigned char)s[i - 1]) &&
		    (i + 1 == len || s[i + 1] == '.'))
			return true;
	return false;
}

static bool
stamps(const char *s, size_t len, const struct pacs_query_clock *clock,
       int64_t *low, int64_t *high)
{
	const char *t = memchr(s, 'T', len);
	int64_t first, last;

	if (relative_stamp(s, len, clock, low)) {
		*high = *low;
		return true;
	}
	if (value_says_months(s, len) ||
	    !days(s, t ? (size_t)(t - s) : len, clock, &first, &last))
		return false;
	if (t)
		return first == last && clock_time(t, len - (size_t)(t - s),
						   first, clock, low, high);
	*low = midnight(clock, first);
	*high = midnight(clock, last + 1) - 1;
	return true;
}

bool
pacs_value_stamp(const char *s, size_t len, int64_t *ret_us)
{
	static const struct pacs_query_clock utc = {0, 0, NULL};
	int64_t last;

	return len > 10 && s[len - 1] == 'Z' &&
	       stamps(s, len, &utc, ret_us, &last);
}

bool
value_moment(enum pacs_key_type type, const char *s, size_t len,
	     const struct pacs_query_clock *clock, int64_t *low, int64_t *high)
{
	if (type == PACS_TYPE_DATE)
		return days(s, len, clock, low, high);
	if (type == PACS_TYPE_TIME)
		return pacs_time_range(s, len, low, high);
	return stamps(s, len, clock, low, high);
}
