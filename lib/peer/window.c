/*
 * window := span { "," span }
 * span   := days [ time "-" time ] | time "-" time
 * days   := part { " " part },  part := day [ "-" day ]
 */
#include "peer/window.h"

#include <string.h>
#include <strings.h>

enum { DAY = 24 * 60, ALL_DAYS = 0x7f };

static void
skip_spaces(const char **s)
{
	*s += strspn(*s, " \t");
}

static bool
take_day(const char **s, unsigned *ret)
{
	static const char names[] = "SunMonTueWedThuFriSat";
	unsigned i;

	for (i = 0; i < 7; i++)
		if (!strncasecmp(*s, names + 3 * i, 3)) {
			*s += 3;
			*ret = i;
			return true;
		}
	return false;
}

/* "Mon", "Fri-Mon": adds its bits. */
static bool
take_days(const char **s, uint8_t *days)
{
	unsigned from, to;

	if (!take_day(s, &from))
		return false;
	to = from;
	if (**s == '-') {
		(*s)++;
		if (!take_day(s, &to))
			return false;
	}
	for (;; from = (from + 1) % 7) {
		*days = (uint8_t)(*days | 1u << from);
		if (from == to)
			return true;
	}
}

static bool
take_two(const char **s, unsigned *ret)
{
	if (strspn(*s, "0123456789") != 2)
		return false;
	*ret = (unsigned)((*s)[0] - '0') * 10 + (unsigned)((*s)[1] - '0');
	*s += 2;
	return true;
}

/* "20:00", up to "24:00" */
static bool
take_time(const char **s, uint16_t *ret)
{
	unsigned h, m;

	if (!take_two(s, &h) || *(*s)++ != ':' || !take_two(s, &m))
		return false;
	*ret = (uint16_t)(h * 60 + m);
	return m < 60 && *ret <= DAY;
}

static bool
take_span(const char **s, struct pacs_window *w)
{
	uint8_t days = 0;
	uint16_t from = 0, to = DAY;
	bool said = false;

	for (skip_spaces(s); **s && **s != ',' && !strchr("0123456789", **s);
	     skip_spaces(s)) {
		if (!take_days(s, &days))
			return false;
		said = true;
	}
	if (**s && **s != ',') {
		if (!take_time(s, &from) || *(*s)++ != '-' ||
		    !take_time(s, &to))
			return false;
		said = true;
		skip_spaces(s);
	}
	if (!said || from == DAY || (**s && **s != ',') ||
	    w->count == PACS_WINDOW_SPANS)
		return false;
	w->spans[w->count].days = days ? days : ALL_DAYS;
	w->spans[w->count].from = from;
	w->spans[w->count++].to = to;
	return true;
}

enum pacs_err
pacs_window_parse(struct pacs_error *err, const char *text,
		  struct pacs_window *ret)
{
	const char *s = text;

	memset(ret, 0, sizeof(*ret));
	for (;;) {
		if (!take_span(&s, ret))
			return pacs_error_set(
			    err, PACS_EUSAGE,
			    "'%.60s' is no window: 'Mon-Fri 20:00-06:00, Sat'",
			    text);
		if (!*s)
			return PACS_OK;
		s++;
	}
}

bool
pacs_window_is_open(const struct pacs_window *w, const struct tm *local)
{
	unsigned now = (unsigned)(local->tm_hour * 60 + local->tm_min);
	unsigned today = 1u << local->tm_wday;
	unsigned yesterday = 1u << (local->tm_wday + 6) % 7;
	unsigned i;

	for (i = 0; i < w->count; i++) {
		bool over = w->spans[i].to <= w->spans[i].from;
		unsigned end = w->spans[i].to + (over ? DAY : 0u);

		if ((w->spans[i].days & today) && now >= w->spans[i].from &&
		    now < end)
			return true;
		if (over && (w->spans[i].days & yesterday) &&
		    now < w->spans[i].to)
			return true;
	}
	return false;
}
