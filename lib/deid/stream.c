/*
 * What compressed streams carry beside pixels: comments, EXIF, thumbnails,
 * XML, whatever stands behind their end. Their bytes become zeros in place, so
 * that no length and no offset changes; nothing is decoded. JPEG (ISO 10918-1
 * B.1.1.3), JPEG-LS, JPEG 2000 (ISO 15444-1 A.1), boxes of JP2 (I.4) and of
 * JPEG XL.
 */
#include <stdlib.h>
#include <string.h>

#include "deid/internal.h"

enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, SOT = 0x90, SOD = 0x93 };
enum kind { KIND_NONE, KIND_JPEG, KIND_J2K };

struct stream {
	struct pacs_element *e;
	size_t number; /* of the fragment */
	const uint8_t *p;
	uint8_t *copy; /* once something has to change */
	size_t len;
	/* A stream may go on in the next fragment. */
	enum kind kind;
	size_t skip;    /* bytes of it that are not to be looked at */
	bool in_pixels; /* behind the head */
	bool ended;
	bool half; /* its last byte may begin a marker */
};

static uint8_t *
to_change(struct stream *s)
{
	if (!s->copy) {
		s->copy = pacs_element_edit_fragment(s->e, s->number);
		s->p = s->copy;
	}
	return s->copy;
}

static void
wipe(struct stream *s, size_t at, size_t n)
{
	size_t i;

	for (i = 0; i < n && !s->p[at + i]; i++)
		;
	if (i < n && to_change(s))
		memset(s->copy + at, 0, n);
}

/* Segments that decoders need: JFIF without thumbnail, Adobe's colour
 * transform, SPIFF and the colour transform of JPEG-LS. */
static bool
is_needed(const uint8_t *p, unsigned marker, size_t length)
{
	if (marker == 0xe0)
		return length == 16 && !memcmp(p, "JFIF", 5);
	if (marker == 0xee)
		return length <= 14 && !memcmp(p, "Adobe", 5);
	if (marker == 0xe8)
		return length <= 34 &&
		       (!memcmp(p, "SPIFF", 5) || !memcmp(p, "mrfx", 4));
	return false;
}

static bool
says_something(unsigned marker, bool j2k)
{
	return j2k ? marker == 0x64
		   : marker == 0xfe || (marker >= 0xe0 && marker <= 0xef);
}

/* Go to at, which may be in another fragment. */
static void
go_to(struct stream *s, size_t *at, size_t to)
{
	if (to > s->len) {
		s->skip = to - s->len;
		to = s->len;
	}
	*at = to;
}

/* The segment at *at, whose marker is not one that stands alone. False: it says
 * something, and goes on in another fragment. */
static bool
take_segment(struct stream *s, size_t *at, unsigned marker)
{
	bool j2k = s->kind == KIND_J2K;
	size_t length;

	if (*at + 4 > s->len)
		return !says_something(marker, j2k);
	length = (size_t)s->p[*at + 2] << 8 | s->p[*at + 3];
	if (length < 2)
		length = 2;
	if (says_something(marker, j2k)) {
		if (length > s->len - *at - 2)
			return false;
		if (!(length >= 10 && !j2k &&
		      is_needed(s->p + *at + 4, marker, length)))
			wipe(s, *at + 4, length - 2);
	}
	go_to(s, at, *at + 2 + length);
	return true;
}

/* Behind the end: another stream, or nothing that counts. */
static void
end_stream(struct stream *s, size_t *at)
{
	if (s->len - *at >= 2 && s->p[*at] == 0xff &&
	    s->p[*at + 1] == (s->kind == KIND_JPEG ? SOI : 0x4f)) {
		*at += 2;
		s->in_pixels = false;
		return;
	}
	if (s->len - *at > 1) /* one is padding */
		wipe(s, *at, s->len - *at);
	*at = s->len;
	s->ended = true;
}

/* --- JPEG, JPEG-LS ---------------------------------------------------------
 */

/* In pixels a marker is 0xff and not less than 0xc0. */
static bool
scrub_jpeg(struct stream *s, size_t at)
{
	while (at < s->len) {
		const uint8_t *found = memchr(s->p + at, 0xff, s->len - at);
		size_t next = found ? (size_t)(found - s->p) : s->len;
		unsigned marker;

		if (!s->in_pixels)
			wipe(s, at, next - at);
		at = next;
		s->half = at + 1 == s->len;
		if (at + 1 >= s->len)
			return true;
		marker = s->p[at + 1];
		if (marker == 0xff) {
			at++;
		} else if (marker < 0xc0 || (marker >= 0xd0 && marker <= SOI)) {
			at += 2;
		} else if (marker == EOI) {
			at += 2;
			end_stream(s, &at);
		} else {
			size_t was = at;

			if (!take_segment(s, &at, marker))
				return false;
			if (at == was)
				return true;
			s->in_pixels = s->in_pixels || marker == SOS;
		}
	}
	return true;
}

/* --- JPEG 2000 -------------------------------------------------------------
 */

static size_t
number(const uint8_t *p)
{
	return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 |
	       p[3];
}

/* Of a tile-part that does not say how long it is. */
static size_t
find_end(const struct stream *s, size_t at)
{
	for (; at + 1 < s->len; at++)
		if (s->p[at] == 0xff && s->p[at + 1] == EOI)
			return at;
	return s->len;
}

static bool
scrub_j2k(struct stream *s, size_t at)
{
	size_t tile_end = 0;

	while (at + 2 <= s->len) {
		unsigned marker = s->p[at + 1];

		if (s->p[at] != 0xff)
			return true; /* not what it seemed */
		if (marker == EOI) {
			at += 2;
			end_stream(s, &at);
		} else if (marker == SOD) {
			go_to(s, &at, tile_end ? tile_end : find_end(s, at));
		} else if (marker == 0x4f) {
			at += 2;
		} else {
			size_t was = at;

			if (marker == SOT && at + 10 <= s->len) {
				tile_end = number(s->p + at + 6);
				tile_end = tile_end > 12 ? at + tile_end : 0;
			}
			if (!take_segment(s, &at, marker))
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
	static const char types[][5] = {"jP  ", "JXL ", "ftyp",
					"jxlc", "jxlp", "jxll"};
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
	return scrub_j2k(&inner, at);
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
		wipe(s, at + (n < 7 ? n : 7), n < 7 ? 0 : n - 7);
		return;
	}
	copy = pacs_malloc(n);
	if (icc_copy(s->p + at + 3, n - 3, copy) && to_change(s))
		memcpy(s->copy + at + 3, copy, n - 3);
	else
		wipe(s, at, n);
	free(copy);
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
			wipe(s, b.at + b.head, b.length - b.head);
	}
	if (b.at < end)
		wipe(s, b.at, end - b.at);
}

static bool
scrub_boxes(struct stream *s)
{
	struct box b = {0};

	for (; get_box(s, s->len, &b); b.at += b.length) {
		size_t at = b.at + b.head, n = b.length - b.head;

		if (is_box(s, &b, "jp2c")) {
			if (!scrub_codestream(s, at, n))
				return false;
			/* It may be another copy now. */
			s->p = pacs_element_fragment(s->e, s->number, &s->len);
		} else if (is_box(s, &b, "jp2h")) {
			scrub_header(s, at, at + n);
		} else if (!is_box_of_pixels(s->p + b.at + 4)) {
			wipe(s, at, n);
		}
	}
	if (b.at < s->len)
		wipe(s, b.at, s->len - b.at);
	return true;
}

/* --- a fragment -------------------------------------------------------------
 */

static bool
begins(const struct stream *s, const char *bytes, size_t n)
{
	return s->len >= n && !memcmp(s->p, bytes, n);
}

static void
begin(struct stream *s, enum kind kind)
{
	s->kind = kind;
	s->skip = 0;
	s->in_pixels = s->ended = s->half = false;
}

static bool
go_on(struct stream *s)
{
	size_t at = s->skip < s->len ? s->skip : s->len;

	/* A marker that is cut in two. */
	if (s->half && s->len && says_something(s->p[0], false))
		return false;
	s->half = false;
	s->skip -= at;
	if (s->ended)
		wipe(s, 0, s->len);
	else if (s->kind == KIND_JPEG)
		return scrub_jpeg(s, at);
	else if (s->kind == KIND_J2K)
		return scrub_j2k(s, at);
	return true;
}

static bool
scrub(struct stream *s)
{
	if (s->skip)
		return go_on(s);
	if (begins(s, "\xff\xd8\xff", 3)) {
		begin(s, KIND_JPEG);
		return scrub_jpeg(s, 2);
	}
	if (begins(s, "\xff\x4f\xff\x51", 4)) {
		begin(s, KIND_J2K);
		return scrub_j2k(s, 2);
	}
	if (begins(s, "\0\0\0\x0cjP  ", 8) || begins(s, "\0\0\0\x0cJXL ", 8)) {
		begin(s, KIND_NONE);
		return scrub_boxes(s);
	}
	return go_on(s);
}

bool
stream_scrub(struct pacs_element *e)
{
	struct stream s = {.e = e};
	size_t count = pacs_element_fragment_count(e);

	for (s.number = 1; s.number < count; s.number++) {
		s.p = pacs_element_fragment(e, s.number, &s.len);
		s.copy = NULL;
		if (s.p && !scrub(&s))
			return false;
	}
	return true;
}
