/*
 * Values that are a range: from what users type to a term.
 */
#include <math.h>
#include <string.h>

#include "query/internal.h"

/* Ends of "A..B", "A..", "..B"; for a date or time "A-B", "A-", "-B" too. */
static bool
split(enum pacs_key_type type, const char *s, size_t len, size_t *left,
      size_t *right)
{
	const char *p = memmem(s, len, "..", 2);

	if (p) {
		*left = (size_t)(p - s);
		*right = *left + 2;
		return true;
	}
	if (type != PACS_TYPE_DATE && type != PACS_TYPE_TIME)
		return false;
	p = memchr(s, '-', len);
	if (!p)
		return false;
	*left = (size_t)(p - s);
	*right = *left + 1;
	return true;
}

static bool
moments(enum pacs_key_type type, const char *s, size_t len,
	const struct pacs_query_clock *clock, struct pacs_term *t)
{
	size_t left, right;
	int64_t other;

	/* As a whole first: "-7d" and "2024-01-31" are no ranges. */
	if (value_moment(type, s, len, clock, &t->low, &t->high))
		return true;
	if (!split(type, s, len, &left, &right) || (!left && right == len))
		return false;
	t->low = INT64_MIN;
	t->high = INT64_MAX;
	if (left && !value_moment(type, s, left, clock, &t->low, &other))
		return false;
	return right == len || value_moment(type, s + right, len - right, clock,
					    &other, &t->high);
}

static bool
numbers(const char *s, size_t len, struct pacs_term *t)
{
	size_t left, right;

	if (pacs_value_number(s, len, &t->low_number)) {
		t->high_number = t->low_number;
		return true;
	}
	if (!split(PACS_TYPE_NUMBER, s, len, &left, &right) ||
	    (!left && right == len))
		return false;
	t->low_number = -HUGE_VAL;
	t->high_number = HUGE_VAL;
	if (left && !pacs_value_number(s, left, &t->low_number))
		return false;
	return right == len ||
	       pacs_value_number(s + right, len - right, &t->high_number);
}

static const char *
hint(enum pacs_key_type type, const char *s, size_t len)
{
	switch (type) {
	case PACS_TYPE_DATE:
		return "no date or range (20240131, 2024, today, -7d.., "
		       "20240101-20240131)";
	case PACS_TYPE_TIME:
		return "no time or range (0930, 09:30:00, 0900-1000)";
	case PACS_TYPE_STAMP:
		if (value_says_months(s, len))
			return "m is months; min is minutes; for months write "
			       "weeks (-13w..)";
		return "no time or range (2024-01-31T09:30, today, -12h.., "
		       "-30min..)";
	default:
		return "no number or range (5, 1..10, 512..)";
	}
}

const char *
pacs_term_range(enum pacs_key_type type, const char *s, size_t len,
		const struct pacs_query_clock *clock, struct pacs_term *ret)
{
	bool number = type == PACS_TYPE_NUMBER;

	ret->kind = PACS_TERM_RANGE;
	if (number ? !numbers(s, len, ret) : !moments(type, s, len, clock, ret))
		return hint(type, s, len);
	if (number ? ret->low_number <= ret->high_number
		   : ret->low <= ret->high)
		return NULL;
	return type == PACS_TYPE_TIME
		   ? "the range ends before it begins; over midnight it is "
		     "two: '2200-\\-0600'"
		   : "the range ends before it begins";
}
