/* JPEG 2000 (ISO 15444-1 A.1), boxes of JP2 (I.4) and of JPEG XL: see
 * stream.c. */
#include <stdlib.h>
#include <string.h>

#include "deid/stream-internal.h"

/* --- JPEG 2000 -------------------------------------------------------------
 */

static uint32_t
number(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* Of a tile-part that does not say how long it is, the last one: to the end of
 * the codestream, which may be in another fragment. */
static void
skip_pixels(struct stream *s, size_t *at)
{
	if (s->half && s->len && s->p[0] == EOI) {
		*at = 1;
		stream_end(s, at);
		s->in_pixels = s->half = false;
		return;
	}
	for (; *at + 1 < s->len; ++*at)
		if (s->p[*at] == 0xff && s->p[*at + 1] == EOI)
			break;
	s->in_pixels = *at + 1 >= s->len;
	s->half = s->in_pixels && s->len && s->p[s->len - 1] == 0xff;
	if (s->in_pixels)
		*at = s->len;
}

/* SOT: where its tile-part ends; 0 if it does not say (A.4.2). */
static size_t
end_of_tile(const struct stream *s, size_t at)
{
	size_t length = at + 10 <= s->len ? number(s->p + at + 6) : 0;

	return length > 12 ? at + length : 0;
}

bool
stream_j2k(struct stream *s, size_t at)
{
	size_t tile_end = 0;

	if (s->in_pixels)
		skip_pixels(s, &at);
	while (at + 2 <= s->len) {
		unsigned marker = s->p[at + 1];
		size_t was = at;

		if (s->p[at] != 0xff)
			return false; /* not what it seemed */
		if (marker == EOI) {
			at += 2;
			stream_end(s, &at);
		} else if (marker == SOD && tile_end) {
			stream_go_to(s, &at, tile_end);
		} else if (marker == SOD) {
			skip_pixels(s, &at);
		} else if (marker == SOC || (marker & 0xf0) == 0x30) {
			at += 2;
		} else {
			if (marker == SOT)
				tile_end = end_of_tile(s, at);
			if (!stream_segment(s, &at, marker))
				return false;
			if (at == was)
				return true;
		}
	}
	return true;
}

/* --- boxes ------------------------------------------------------------------
 */

static bool
is_box_of_pixels(const uint8_t *type)
{
	static const char types[][5] = {"jP  ", "JXL ", "jxlc", "jxlp", "jxll"};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!memcmp(type, types[i], 4))
			return true;
	return false;
}

/* The codestream of a JP2, without what stands behind it. */
static bool
scrub_codestream(const struct stream *s, size_t at, size_t n)
{
	struct stream inner = *s;

	inner.len = at + n;
	inner.kind = KIND_J2K;
	return stream_j2k(&inner, at);
}

struct box {
	size_t at, head, length; /* length: with the head */
};

/* The box at b->at, of which there is so much before end. False: none. */
static bool
get_box(const struct stream *s, size_t end, struct box *b)
{
	if (end < b->at || end - b->at < 8)
		return false;
	b->head = 8;
	b->length = number(s->p + b->at);
	if (b->length == 1 && end - b->at >= 16) {
		b->head = 16;
		b->length = number(s->p + b->at + 12);
	}
	if (b->length == 0 || b->length > end - b->at)
		b->length = end - b->at;
	return b->length >= b->head;
}

static bool
is_box(const struct stream *s, const struct box *b, const char *type)
{
	return !memcmp(s->p + b->at + 4, type, 4);
}

/* Which colours: a number, or a profile (I.5.3.3). */
static void
scrub_colour(struct stream *s, size_t at, size_t n)
{
	uint8_t *copy;

	if (n < 3 || s->p[at] == 1) {
		stream_wipe(s, at + (n < 7 ? n : 7), n < 7 ? 0 : n - 7);
		return;
	}
	copy = pacs_malloc(n);
	if (icc_copy(s->p + at + 3, n - 3, copy) && stream_change(s))
		memcpy(s->copy + at + 3, copy, n - 3);
	else
		stream_wipe(s, at, n);
	free(copy);
}

/* Which kinds of file it is like: four letters each, behind two numbers. */
static void
scrub_brands(struct stream *s, size_t at, size_t n)
{
	static const char brands[][5] = {"jp2 ", "jpx ", "jpxb",
					 "jph ", "jphc", "jxl "};
	size_t i, j;

	for (i = 0; i < n; i += 4) {
		for (j = 0; j < sizeof(brands) / sizeof(brands[0]); j++)
			if (n - i >= 4 && !memcmp(s->p + at + i, brands[j], 4))
				break;
		if (j == sizeof(brands) / sizeof(brands[0]))
			stream_wipe(s, at + i, n - i < 4 ? n - i : 4);
	}
}

/* What is in the box that says how pixels are stored. */
static void
scrub_header(struct stream *s, size_t at, size_t end)
{
	static const char types[][5] = {"ihdr", "bpcc", "pclr",
					"cmap", "cdef", "res "};
	struct box b = {.at = at};
	size_t i;

	for (; get_box(s, end, &b); b.at += b.length) {
		for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (is_box(s, &b, types[i]))
				break;
		if (is_box(s, &b, "colr"))
			scrub_colour(s, b.at + b.head, b.length - b.head);
		else if (i == sizeof(types) / sizeof(types[0]))
			stream_wipe(s, b.at + b.head, b.length - b.head);
	}
	if (b.at < end)
		stream_wipe(s, b.at, end - b.at);
}

bool
stream_boxes(struct stream *s)
{
	struct box b = {0};

	for (; get_box(s, s->len, &b); b.at += b.length) {
		size_t at = b.at + b.head, n = b.length - b.head;

		if (is_box(s, &b, "jp2c")) {
			if (!scrub_codestream(s, at, n))
				return false;
			/* It may be another copy now. */
			s->p = pacs_element_fragment(s->e, s->number, &s->len);
		} else if (is_box(s, &b, "ftyp")) {
			scrub_brands(s, at, n);
		} else if (is_box(s, &b, "jp2h")) {
			scrub_header(s, at, at + n);
		} else if (!is_box_of_pixels(s->p + b.at + 4)) {
			stream_wipe(s, at, n);
		}
	}
	if (b.at < s->len)
		stream_wipe(s, b.at, s->len - b.at);
	return true;
}
