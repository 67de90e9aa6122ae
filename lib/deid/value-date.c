/* Dates: how far they move, and how they keep their form. */
#include <stdio.h>
#include <string.h>

#include "deid/internal.h"
#include "dicom/date.h"

int
pacs_deid_offset(const struct pacs_deid *d, const char *pseudonym)
{
	unsigned range =
	    d->opts->date_range_days ? d->opts->date_range_days : 365;
	unsigned step = d->opts->whole_weeks ? 7 : 1, choices = range / step;
	uint8_t digest[PACS_SHA256_SIZE];
	uint64_t n = 0;
	int i;

	if (!choices)
		choices = 1;
	pacs_hmac_of(d->dates, pseudonym, strlen(pseudonym), digest);
	for (i = 0; i < 8; i++)
		n = n << 8 | digest[i];
	return -(int)((unsigned)(n % choices + 1) * step);
}

static bool
all_digits(const char *s, size_t n)
{
	while (n--)
		if (*s < '0' || *s++ > '9')
			return false;
	return true;
}

/* +HHMM or -HHMM, padded. */
static bool
is_offset(const char *s, size_t n)
{
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\0'))
		n--;
	return n == 5 && (*s == '+' || *s == '-') && all_digits(s + 1, 4) &&
	       (s[1] == '0' || (s[1] == '1' && s[2] <= '4')) && s[3] <= '5';
}

/* What may follow the date of a DT: HHMMSS.FFFFFF and an offset, or some of
 * it. */
static bool
is_time_of_day(const char *s, size_t n)
{
	size_t digits = 0, fraction = 0;

	while (digits < n && all_digits(s + digits, 1))
		digits++;
	s += digits;
	n -= digits;
	if (n && *s == '.') {
		while (fraction + 1 < n && all_digits(s + fraction + 1, 1))
			fraction++;
		s += fraction + 1;
		n -= fraction + 1;
	}
	return digits <= 6 && fraction <= 6 && (!n || is_offset(s, n));
}

/* Year, month and day by the digits that there are (4, 6 or 8), moved; what is
 * not there counts as its middle, so that order is kept. */
static bool
move_digits(const char *s, size_t n, int days, char *ret)
{
	char full[9], buf[9];

	snprintf(full, sizeof(full), "%.*s%s", (int)n, s,
		 n == 4   ? "0701"
		 : n == 6 ? "15"
			  : "");
	if (!pacs_date_normal(full, 8, buf))
		return false;
	pacs_date_from_days(pacs_date_to_days(buf) + days, buf);
	memcpy(ret, buf, n);
	return true;
}

bool
pacs_deid_shift(const char *s, size_t len, bool is_datetime, int days,
		struct pacs_buf *out)
{
	char buf[16] = "";
	size_t digits = 0, start = 0;

	while (len && (s[len - 1] == ' ' || s[len - 1] == '\0'))
		len--;
	while (start < len && s[start] == ' ')
		start++;
	s += start;
	len -= start;
	if (!is_datetime && len == 10 && s[4] == '.' && s[7] == '.') {
		if (!pacs_date_normal(s, len, buf) ||
		    !move_digits(buf, 8, days, buf))
			return false;
		pacs_buf_addf(out, "%.4s.%.2s.%.2s", buf, buf + 4, buf + 6);
		return true;
	}
	while (digits < len && digits < 8 && s[digits] >= '0' &&
	       s[digits] <= '9')
		digits++;
	if (digits != 8 && (!is_datetime || (digits != 4 && digits != 6)))
		return false;
	if (!is_datetime && len != 8)
		return false;
	if (!is_time_of_day(s + digits, len - digits))
		return false;
	if (!all_digits(s, digits) || !move_digits(s, digits, days, buf))
		return false;
	pacs_buf_add(out, buf, digits);
	pacs_buf_add(out, s + digits, len - digits);
	return true;
}

/* A time stamp of PTP: 48 bits of seconds and 32 of nanoseconds, big endian. */
static bool
shift_ptp(struct walk *w, struct pacs_element *e)
{
	uint8_t bytes[10];
	uint64_t seconds = 0;
	size_t len;
	const uint8_t *p = pacs_element_value(e, &len);
	int i;

	if (!p || len != sizeof(bytes))
		return false;
	memcpy(bytes, p, sizeof(bytes));
	for (i = 0; i < 6; i++)
		seconds = seconds << 8 | bytes[i];
	seconds += (uint64_t)((int64_t)w->days * 86400);
	for (i = 5; i >= 0; i--, seconds >>= 8)
		bytes[i] = (uint8_t)seconds;
	pacs_element_set(e, VR("OB"), bytes, sizeof(bytes));
	return true;
}

bool
value_shift(struct walk *w, struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	uint16_t vr = pacs_element_vr(e);
	struct pacs_buf out = {0};
	size_t len, n;
	const char *s = pacs_element_value(e, &len);
	bool good = true;

	if (tag == PACS_TAG_FrameOriginTimestamp)
		return shift_ptp(w, e);
	if (tag == PACS_TAG_TimezoneOffsetFromUTC)
		return s && is_offset(s, len);
	if (vr == VR("TM")) /* a date may be said to be a time: 121231 */
		return form_fits(e, vr) &&
		       (!pacs_dict_vr(tag) || pacs_dict_vr(tag) == vr);
	if (!s || (vr != VR("DA") && vr != VR("DT")))
		return false;
	while (good && len) {
		const char *end = memchr(s, '\\', len);

		n = end ? (size_t)(end - s) : len;
		good =
		    !n || pacs_deid_shift(s, n, vr == VR("DT"), w->days, &out);
		if (!end)
			break;
		pacs_buf_addc(&out, '\\');
		s += n + 1;
		len -= n + 1;
	}
	if (good)
		pacs_element_set(e, vr, pacs_buf_str(&out), out.len);
	pacs_buf_clear(&out);
	return good;
}
