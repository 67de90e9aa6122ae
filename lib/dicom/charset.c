#include "dicom/charset.h"

#include <string.h>

#include "dicom/tag.h"
#include "dicom/text.h"

static size_t
trimmed(const char **s, size_t len)
{
	while (len && **s == ' ') {
		(*s)++;
		len--;
	}
	while (len && (*s)[len - 1] == ' ')
		len--;
	return len;
}

static int
upper(int c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

static bool
is_mark(int c)
{
	return c == ' ' || c == '_' || c == '-';
}

/* Equal but for case and for which marks stand between the words. */
static bool
reads_like(const char *term, const char *s, size_t len)
{
	size_t i = 0;

	for (; *term; term++) {
		if (is_mark(*term)) {
			while (i < len && is_mark(s[i]))
				i++;
		} else if (i >= len || upper(s[i++]) != *term) {
			return false;
		}
	}
	return i == len;
}

static const struct pacs_charset *
find_exactly(const char *s, size_t len)
{
	const struct pacs_charset *row;

	for (row = pacs_charset_rows; row->term; row++) {
		if (strncmp(row->term, s, len) == 0 && !row->term[len])
			return row;
	}
	return NULL;
}

static const struct pacs_charset *
find(const char *s, size_t len)
{
	const struct pacs_charset *row;

	row = find_exactly(s, len);
	if (row)
		return row;
	for (row = pacs_charset_rows; row->term; row++) {
		if (reads_like(row->term, s, len))
			return row;
	}
	return NULL;
}

/* The row of the same characters that has escape sequences. */
static const struct pacs_charset *
with_extension(const struct pacs_charset *cs)
{
	const struct pacs_charset *row;

	for (row = pacs_charset_rows; row->term; row++) {
		if (row->extension && row->form == cs->form &&
		    row->codec == cs->codec)
			return row;
	}
	return cs;
}

const struct pacs_charset *
pacs_charset_ascii(void)
{
	const struct pacs_charset *row = pacs_charset_rows;

	while (row->term && !(row->extension && row->form == PACS_CS_ASCII))
		row++;
	return row;
}

static uint64_t
bit_of(const struct pacs_charset *row)
{
	return 1ull << (row - pacs_charset_rows);
}

uint64_t
pacs_charset_bit(const char *term)
{
	const struct pacs_charset *row = find_exactly(term, strlen(term));

	return row ? bit_of(row) : 0;
}

bool
pacs_charset_is_known(const char *value)
{
	struct pacs_charsets cs;

	pacs_charsets_parse(value, &cs);
	return !cs.unknown;
}

uint64_t
pacs_charset_needs(const char *value)
{
	const struct pacs_charset *row;
	uint64_t needs = 0;
	const char *end;
	size_t len;

	for (; value; value = *end ? end + 1 : NULL) {
		end = strchrnul(value, '\\');
		len = trimmed(&value, (size_t)(end - value));
		row = len ? find_exactly(value, len) : pacs_charset_ascii();
		if (!row)
			needs |= PACS_CHARSET_OTHER;
		else if (row->form != PACS_CS_ASCII)
			needs |= bit_of(row);
	}
	return needs;
}

const char *
pacs_charset_term(uint64_t bit)
{
	const struct pacs_charset *row;

	for (row = pacs_charset_rows; row->term; row++) {
		if (bit_of(row) == bit)
			return row->term;
	}
	return NULL;
}

static void
add_value(struct pacs_charsets *cs, const char *s, size_t len, bool is_first)
{
	const struct pacs_charset *row;

	len = trimmed(&s, len);
	if (!len)
		return;
	cs->absent = false;
	row = find(s, len);
	if (!row) {
		cs->unknown = true;
		return;
	}
	row = with_extension(row);
	if (is_first)
		cs->first = row;
	if (cs->count < PACS_CHARSETS_MAX)
		cs->sets[cs->count++] = row;
}

void
pacs_charsets_parse(const char *value, struct pacs_charsets *ret)
{
	const char *end;
	bool is_first = true;

	memset(ret, 0, sizeof(*ret));
	ret->first = pacs_charset_ascii();
	ret->absent = true;
	for (; value; value = *end ? end + 1 : NULL) {
		end = strchrnul(value, '\\');
		add_value(ret, value, (size_t)(end - value), is_first);
		is_first = false;
	}
}

static bool
begins_with(const unsigned char *p, size_t len, const char *escape)
{
	size_t n;

	/* The second byte tells most of them apart. */
	if (!escape || len < 2 || (unsigned char)escape[1] != p[1])
		return false;
	n = strlen(escape);
	return n <= len && memcmp(p, escape, n) == 0;
}

const struct pacs_charset *
pacs_charset_escape(const unsigned char *p, size_t len, bool *ret_g1,
		    size_t *ret_len)
{
	const struct pacs_charset *row;

	for (row = pacs_charset_rows; row->term; row++) {
		bool g1 = begins_with(p, len, row->g1_escape);

		if (!g1 && !begins_with(p, len, row->g0_escape))
			continue;
		*ret_g1 = g1;
		*ret_len = strlen(g1 ? row->g1_escape : row->g0_escape);
		return row;
	}
	return NULL;
}

bool
pacs_text_has_charset(uint16_t vr)
{
	switch (vr) {
	case PACS_VR('A', 'E'):
	case PACS_VR('A', 'S'):
	case PACS_VR('C', 'S'):
	case PACS_VR('D', 'A'):
	case PACS_VR('D', 'S'):
	case PACS_VR('D', 'T'):
	case PACS_VR('I', 'S'):
	case PACS_VR('T', 'M'):
	case PACS_VR('U', 'I'):
	case PACS_VR('U', 'R'):
		return false;
	default:
		return true;
	}
}

bool
pacs_text_has_values(uint16_t vr)
{
	return vr != PACS_VR('L', 'T') && vr != PACS_VR('S', 'T') &&
	       vr != PACS_VR('U', 'T') && vr != PACS_VR('U', 'R');
}
