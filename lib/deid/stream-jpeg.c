/* How much of a segment of JPEG (ISO 10918-1 B.2) or JPEG-LS its decoder reads:
 * see stream.c. What stands behind that are words. */
#include "deid/stream-internal.h"

/* Bytes of tables that each say in their first how long they are. */
static size_t
tables(const uint8_t *p, size_t n, bool huffman)
{
	size_t at = 0, i, size;

	while (at < n && p[at] >> 4 <= 1 && (p[at] & 15) <= 3) {
		size = huffman ? 17 : p[at] >> 4 ? 129 : 65;
		if (size > n - at)
			break;
		for (i = 1; huffman && i <= 16; i++)
			size += p[at + i];
		if (size > n - at)
			break;
		at += size;
	}
	return at;
}

/* Of arithmetic conditioning (B.2.4.3): a table, and its value. */
static size_t
conditions(const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at + 2 <= n && p[at] >> 4 <= 1 && (p[at] & 15) <= 3)
		at += 2;
	return at < 16 ? at : 16;
}

/* Of JPEG-LS (ISO 14495-1 C.2.4.1): thresholds, tables, which may be any, and
 * big sizes. */
static size_t
presets(const uint8_t *p, size_t n)
{
	switch (n ? p[0] : 0) {
	case 1:
		return 11;
	case 2:
	case 3:
		return n;
	case 4:
		return n > 1 && p[1] <= 4 ? 2 + 2 * (size_t)p[1] : 0;
	default:
		return 0;
	}
}

/* Of components, of which there are at most 4 (PS3.3 C.7.6.3.1.1): fixed bytes,
 * and some for each. */
static size_t
components(unsigned count, size_t fixed, size_t each)
{
	return fixed + (count <= 4 ? each * count : 0);
}

size_t
stream_jpeg_used(const uint8_t *p, size_t n, unsigned marker)
{
	if (marker == 0xcc)
		return conditions(p, n);
	if (marker == 0xf8)
		return presets(p, n);
	if (marker == 0xdb || marker == 0xc4)
		return tables(p, n, marker == 0xc4);
	if (marker == SOS)
		return n ? components(p[0], 4, 2) : 0;
	if (marker == 0xdc || marker == 0xdd) /* lines, restarts */
		return 4;
	if (marker == 0xdf) /* of a hierarchy */
		return 1;
	if ((marker >= 0xc0 && marker <= 0xcf) || marker == 0xde ||
	    marker == 0xf7) /* frames */
		return n > 5 ? components(p[5], 6, 3) : n;
	return n;
}
