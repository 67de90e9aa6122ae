/* UTF-8 and ASCII, without iconv. */
#include <string.h>

#include "dicom/charset.h"

size_t
pacs_ascii_prefix(const unsigned char *p, size_t len)
{
	const uint64_t ones = 0x0101010101010101u;
	const uint64_t highs = 0x8080808080808080u;
	size_t i = 0;
	uint64_t w;

	/* A byte over 0x7f, or a byte that is zero once XORed with ESC. */
	for (; i + 8 <= len; i += 8) {
		uint64_t x;

		memcpy(&w, p + i, 8);
		x = w ^ (ones * 0x1b);
		if ((w | ((x - ones) & ~x)) & highs)
			break;
	}
	while (i < len && p[i] < 0x80 && p[i] != 0x1b)
		i++;
	return i;
}

static bool
is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* The second byte carries what tells overlong forms, surrogates and code
 * points past U+10FFFF from the rest. */
static bool
second_is_fine(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return is_tail(second);
	}
}

static size_t
length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t
pacs_utf8_next(const unsigned char *p, size_t len)
{
	size_t n = len ? length_of(p[0]) : 0;
	size_t i;

	if (n < 2)
		return n;
	if (n > len || !second_is_fine(p[0], p[1]))
		return 0;
	for (i = 2; i < n; i++) {
		if (!is_tail(p[i]))
			return 0;
	}
	return n;
}

bool
pacs_utf8_is_valid(const unsigned char *p, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = pacs_ascii_prefix(p + i, len - i);

		if (!n)
			n = pacs_utf8_next(p + i, len - i);
		if (!n)
			return false;
		i += n;
	}
	return true;
}

uint32_t
pacs_utf8_code_point(const unsigned char *p, size_t len)
{
	static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = p[0] & mask[len];
	size_t i;

	for (i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3fu);
	return c;
}

void
pacs_utf8_put(struct pacs_buf *out, uint32_t c)
{
	char b[3];

	if (c < 0x80) {
		pacs_buf_addc(out, (char)c);
	} else if (c < 0x800) {
		b[0] = (char)(0xc0 | c >> 6);
		b[1] = (char)(0x80 | (c & 0x3f));
		pacs_buf_add(out, b, 2);
	} else { /* none of our own tables leaves the first plane */
		b[0] = (char)(0xe0 | c >> 12);
		b[1] = (char)(0x80 | (c >> 6 & 0x3f));
		b[2] = (char)(0x80 | (c & 0x3f));
		pacs_buf_add(out, b, 3);
	}
}
