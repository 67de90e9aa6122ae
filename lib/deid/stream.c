/*
 * What compressed streams carry beside pixels: comments, EXIF, thumbnails,
 * XML, whatever stands behind their end. Their bytes become zeros in place, so
 * that no length and no offset changes; nothing is decoded. JPEG (ISO 10918-1
 * B.1.1.3), JPEG-LS, JPEG 2000 (ISO 15444-1 A.1), boxes of JP2 (I.4) and of
 * JPEG XL.
 */
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
};

static void
wipe(struct stream *s, size_t at, size_t n)
{
	size_t i;

	for (i = 0; i < n && !s->p[at + i]; i++)
		;
	if (i == n)
		return;
	if (!s->copy) {
		s->copy = pacs_element_edit_fragment(s->e, s->number);
		s->p = s->copy;
	}
	if (s->copy)
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
	static const char types[][5] = {"jP  ", "JXL ", "ftyp", "jp2h",
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

static bool
scrub_boxes(struct stream *s)
{
	size_t at = 0;

	while (at + 8 <= s->len) {
		size_t head = 8, length = number(s->p + at);

		if (length == 1 && at + 16 <= s->len) {
			head = 16;
			length = number(s->p + at + 12);
		}
		if (length == 0 || length > s->len - at)
			length = s->len - at;
		if (length < head)
			return true;
		if (!memcmp(s->p + at + 4, "jp2c", 4)) {
			if (!scrub_codestream(s, at + head, length - head))
				return false;
			/* It may be another copy now. */
			s->p = pacs_element_fragment(s->e, s->number, &s->len);
		} else if (!is_box_of_pixels(s->p + at + 4)) {
			wipe(s, at + head, length - head);
		}
		at += length;
	}
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
	s->in_pixels = s->ended = false;
}

static bool
go_on(struct stream *s)
{
	size_t at = s->skip < s->len ? s->skip : s->len;

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
