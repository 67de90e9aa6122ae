/*
 * Does a value look like what it is said to be? Where nothing but its VR lets
 * an element stay, or its VR decides what becomes of it, one that does not is
 * no number, code or date: it may be a name.
 */
#include <stdlib.h>
#include <string.h>

#include "deid/internal.h"
#include "dicom/date.h"

/* --- one value, without padding ---------------------------------------------
 */

static size_t
digits(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && s[i] >= '0' && s[i] <= '9'; i++)
		;
	return i;
}

static size_t
sign(const char *s, size_t n)
{
	return n && (*s == '+' || *s == '-');
}

/* At most so many digits before the point, which keeps out numbers of people;
 * behind it devices write more than the 16 bytes that PS3.5 allows. */
static bool
is_decimal(const char *s, size_t n)
{
	size_t at = sign(s, n), whole = digits(s + at, n - at), rest = 0;

	at += whole;
	if (at < n && s[at] == '.') {
		at++;
		rest = digits(s + at, n - at);
		at += rest;
	}
	if (at < n && (s[at] == 'e' || s[at] == 'E')) {
		at++;
		at += sign(s + at, n - at);
		if (n - at > 3 || !digits(s + at, n - at))
			return false;
		at += digits(s + at, n - at);
	}
	return at == n && whole <= 16 && whole + rest > 0 && n <= 32;
}

static bool
is_integer(const char *s, size_t n)
{
	size_t at = sign(s, n);

	return n > at && n <= 12 && digits(s + at, n - at) == n - at;
}

static bool
is_age(const char *s, size_t n)
{
	return n >= 2 && n <= 4 && digits(s, n) == n - 1 &&
	       strchr("DWMY", s[n - 1]);
}

static bool
is_letters(const char *s, size_t n, const char *letters, size_t max)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!s[i] || !strchr(letters, s[i]))
			return false;
	return n <= max;
}

static bool
is_code(const char *s, size_t n)
{
	return is_letters(s, n,
			  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			  "0123456789 _-./",
			  32);
}

static bool
is_uid(const char *s, size_t n)
{
	return is_letters(s, n, "0123456789.", PACS_UID_MAX);
}

static bool
is_date(const char *s, size_t n)
{
	char buf[9];

	return pacs_date_normal(s, n, buf);
}

static bool
is_time(const char *s, size_t n)
{
	const char *point = memchr(s, '.', n);
	int64_t first, last;
	size_t end = point ? (size_t)(point - s) + 7 : n;

	/* Some write more than six digits of a second. */
	if (n > end && n <= 18 && digits(s + end, n - end) == n - end)
		n = end;
	return pacs_time_range(s, n, &first, &last);
}

/* What can be moved can be kept, if its time of day is one. */
static bool
is_datetime(const char *s, size_t n)
{
	struct pacs_buf moved = {0};
	bool good = pacs_deid_shift(s, n, true, 0, &moved);
	size_t end = strcspn(pacs_buf_str(&moved), "+-");

	pacs_buf_clear(&moved);
	return good && (end <= 8 || is_time(s + 8, end - 8));
}

/* 64 characters, of which none is for control but escapes (PS3.5 6.2). */
static bool
is_string(const char *s, size_t n)
{
	bool wide = memchr(s, '\033', n) != NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if ((unsigned char)s[i] < ' ' && s[i] != '\033')
			return false;
		wide = wide || (unsigned char)s[i] > 0x7f;
	}
	return n <= (wide ? 256 : 64);
}

static const struct form {
	uint16_t vr;
	bool (*fits)(const char *s, size_t n);
} forms[] = {
    {PACS_VR('D', 'S'), is_decimal}, {PACS_VR('I', 'S'), is_integer},
    {PACS_VR('A', 'S'), is_age},     {PACS_VR('C', 'S'), is_code},
    {PACS_VR('D', 'A'), is_date},    {PACS_VR('D', 'T'), is_datetime},
    {PACS_VR('T', 'M'), is_time},    {PACS_VR('U', 'I'), is_uid},
    {PACS_VR('L', 'O'), is_string},  {PACS_VR('S', 'H'), is_string},
};

static const struct form *
form_of(uint16_t vr)
{
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].vr == vr)
			return &forms[i];
	return NULL;
}

/* --- a whole one ------------------------------------------------------------
 */

/* Values that the dictionary allows; SIZE_MAX if it does not say. */
static size_t
multiplicity(uint32_t tag)
{
	const struct pacs_dict_entry *entry = pacs_dict_find_tag(tag);
	const char *upper;

	if (!entry || strchr(entry->vm, 'n'))
		return SIZE_MAX;
	upper = strchr(entry->vm, '-');
	return strtoul(upper ? upper + 1 : entry->vm, NULL, 10);
}

/* Each value, without the padding around it. Words may not be more than there
 * are places for them; of numbers devices write more. */
static bool
has_form(const struct form *f, uint32_t tag, const char *s, size_t len)
{
	bool words = f->fits == is_string || f->fits == is_code;
	size_t places = words ? multiplicity(tag) : SIZE_MAX, count;

	while (len && s[len - 1] == '\0')
		len--;
	for (count = 1;; count++) {
		const char *end = len ? memchr(s, '\\', len) : NULL;
		size_t n = end ? (size_t)(end - s) : len, cut = 0;

		while (n && s[n - 1] == ' ')
			n--;
		while (cut < n && s[cut] == ' ')
			cut++;
		if ((n > cut && !f->fits(s + cut, n - cut)) || count > places)
			return false;
		if (!end)
			return true;
		len -= (size_t)(end - s) + 1;
		s = end + 1;
	}
}

/* No control characters, but for escape sequences and ends of lines. */
static bool
is_text(const char *s, size_t len)
{
	size_t i;

	while (len && s[len - 1] == '\0')
		len--;
	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' && !strchr("\033\t\r\n\f", s[i]))
			return false;
	return !memchr(s, '\0', len);
}

/* A sequence that is said to be something else begins with an item. */
static bool
hides_items(const struct pacs_element *e, const char *s, size_t len)
{
	uint32_t tag = pacs_element_tag(e);

	return tag != PACS_TAG_PixelData && tag != PACS_TAG_WaveformData &&
	       len >= 8 &&
	       (!memcmp(s, "\xfe\xff\0\xe0", 4) ||
		!memcmp(s, "\xff\xfe\xe0\0", 4));
}

static size_t
number_size(uint16_t vr)
{
	switch (vr) {
	case PACS_VR('U', 'S'):
	case PACS_VR('S', 'S'):
		return 2;
	case PACS_VR('U', 'L'):
	case PACS_VR('S', 'L'):
	case PACS_VR('F', 'L'):
	case PACS_VR('A', 'T'):
		return 4;
	case PACS_VR('F', 'D'):
	case PACS_VR('S', 'V'):
	case PACS_VR('U', 'V'):
		return 8;
	default:
		return 0;
	}
}

/* Not more numbers than the dictionary allows, in the size that they have. */
static bool
has_multiplicity(const struct pacs_element *e, size_t size, size_t len)
{
	size_t places = multiplicity(pacs_element_tag(e)),
	       stated = number_size(pacs_element_vr(e));

	return len / (stated > size ? stated : size) <= places;
}

static bool
is_bulk(uint16_t vr)
{
	return vr >> 8 == 'O' || vr == VR("UN");
}

bool
form_fits(const struct pacs_element *e, uint16_t vr)
{
	bool stated_text = pacs_vr_is_string(pacs_element_vr(e));
	const struct form *form = form_of(vr);
	size_t len, size = number_size(vr);
	const char *s;

	if (pacs_element_is_sequence(e))
		return vr == VR("SQ");
	if (pacs_element_is_encapsulated(e))
		return pacs_element_tag(e) == PACS_TAG_PixelData;
	if (!pacs_element_length(e))
		return true;
	s = pacs_element_value(e, &len);
	if (!s || vr == VR("SQ") || hides_items(e, s, len))
		return false;
	if (form)
		return has_form(form, pacs_element_tag(e), s, len);
	if (size)
		return !stated_text && len % size == 0 &&
		       has_multiplicity(e, size, len);
	return is_bulk(vr) ? !stated_text : is_text(s, len);
}

/* --- codes ------------------------------------------------------------------
 */

enum { CODE_MAX = 256, SCHEME_NAME_MAX = 128 };

static bool
is_one_word(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ')
			return false;
	return n <= CODE_MAX;
}

/* A URI has a scheme (RFC 3986 3.1). */
static bool
is_uri(const char *s, size_t n)
{
	const char *colon = memchr(s, ':', n);

	return colon && colon > s && is_one_word(s, n);
}

static bool
is_one_line(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' && s[i] != '\033')
			return false;
	return n <= SCHEME_NAME_MAX;
}

bool
form_fits_code(const struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	size_t len = 0;
	const char *s = pacs_element_value(e, &len);

	while (len && (s[len - 1] == ' ' || s[len - 1] == '\0'))
		len--;
	if (!len)
		return true;
	switch (tag) {
	case PACS_TAG_LongCodeValue:
		return is_one_word(s, len);
	case PACS_TAG_URNCodeValue:
		return is_uri(s, len);
	case PACS_TAG_CodingSchemeName:
		return is_one_line(s, len);
	default:
		return true;
	}
}
