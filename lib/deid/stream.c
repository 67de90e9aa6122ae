/*
 * What compressed streams carry beside pixels: comments, EXIF, thumbnails,
 * XML, whatever stands behind their end. Their bytes become zeros in place, so
 * that no length and no offset changes; nothing is decoded. JPEG (ISO 10918-1
 * B.1.1.3) and JPEG-LS here; see stream-jpeg.c, stream-j2k.c and stream-rle.c.
 */
#include <stdlib.h>
#include <string.h>

#include "deid/stream-internal.h"

uint8_t *
stream_change(struct stream *s)
{
	if (!s->copy) {
		s->copy = pacs_element_edit_fragment(s->e, s->number);
		s->p = s->copy;
	}
	return s->copy;
}

void
stream_wipe(struct stream *s, size_t at, size_t n)
{
	size_t i;

	for (i = 0; i < n && !s->p[at + i]; i++)
		;
	if (i < n && stream_change(s))
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

/* Segments of the head and of tile-parts that decoders need (ISO 15444-1 A.2,
 * 15444-2 A.2, 15444-15). */
static bool
is_of_j2k(unsigned marker)
{
	return (marker >= 0x50 && marker <= 0x53) || marker == 0x55 ||
	       (marker >= 0x57 && marker <= 0x59) ||
	       (marker >= 0x5c && marker <= 0x61) || marker == 0x63 ||
	       (marker >= 0x72 && marker <= 0x79) || marker == SOT ||
	       marker == 0x91;
}

/* Comments, application data, and what is reserved: nobody needs it. */
static bool
says_something(unsigned marker, bool j2k)
{
	if (j2k)
		return !is_of_j2k(marker);
	return (marker >= 0xe0 && marker != 0xf7 && marker != 0xf8) ||
	       marker == 0xc8;
}

void
stream_go_to(struct stream *s, size_t *at, size_t to)
{
	if (to > s->len) {
		s->skip = to - s->len;
		to = s->len;
	}
	*at = to;
}

/* What stands in a segment behind what it is for. */
static void
wipe_rest(struct stream *s, size_t at, size_t n, unsigned marker)
{
	size_t used;

	if (n > s->len - at) /* it goes on in another fragment */
		return;
	used = stream_jpeg_used(s->p + at, n, marker);
	if (used < n)
		stream_wipe(s, at + used, n - used);
}

bool
stream_segment(struct stream *s, size_t *at, unsigned marker)
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
			stream_wipe(s, *at + 4, length - 2);
	} else if (!j2k) {
		wipe_rest(s, *at + 4, length - 2, marker);
	}
	stream_go_to(s, at, *at + 2 + length);
	return true;
}

void
stream_end(struct stream *s, size_t *at)
{
	if (s->len - *at >= 2 && s->p[*at] == 0xff &&
	    s->p[*at + 1] == (s->kind == KIND_JPEG ? SOI : SOC)) {
		*at += 2;
		s->in_pixels = false;
		return;
	}
	if (s->len - *at > 1) /* one is padding */
		stream_wipe(s, *at, s->len - *at);
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
			stream_wipe(s, at, next - at);
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
			stream_end(s, &at);
		} else {
			size_t was = at;

			if (!stream_segment(s, &at, marker))
				return false;
			if (at == was)
				return true;
			s->in_pixels = marker == SOS;
		}
	}
	return true;
}

/* --- a fragment -------------------------------------------------------------
 */

static bool
begins(const struct stream *s, size_t at, const char *bytes, size_t n)
{
	return s->len >= at + n && !memcmp(s->p + at, bytes, n);
}

static void
begin(struct stream *s, enum stream_kind kind)
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
	if (s->half && s->len && s->kind == KIND_JPEG &&
	    says_something(s->p[0], false))
		return false;
	if (s->kind == KIND_JPEG)
		s->half = false;
	s->skip -= at;
	if (s->ended)
		stream_wipe(s, 0, s->len);
	else if (s->kind == KIND_JPEG)
		return scrub_jpeg(s, at);
	else if (s->kind == KIND_J2K)
		return stream_j2k(s, at);
	/* Boxes end with their fragment here; what goes on nobody follows. */
	return s->kind != KIND_BOXES || !s->len;
}

/* By what they begin with; a marker may have fill bytes before it. */
static bool
scrub_marked(struct stream *s)
{
	size_t fill = 0;

	if (s->skip)
		return go_on(s);
	if (begins(s, 0, "\xff\x4f\xff\x51", 4)) {
		begin(s, KIND_J2K);
		return stream_j2k(s, 2);
	}
	if (begins(s, 0, "\0\0\0\x0cjP  ", 8) ||
	    begins(s, 0, "\0\0\0\x0cJXL ", 8)) {
		begin(s, KIND_BOXES);
		return stream_boxes(s);
	}
	while (s->len > fill + 1 && s->p[fill] == 0xff &&
	       s->p[fill + 1] == 0xff)
		fill++;
	if (begins(s, fill, "\xff\xd8\xff", 3)) {
		begin(s, KIND_JPEG);
		return scrub_jpeg(s, fill + 2);
	}
	return go_on(s);
}

/* --- pixel data -------------------------------------------------------------
 */

enum family {
	FAMILY_OTHER,
	FAMILY_MARKED,
	FAMILY_JXL,
	FAMILY_RLE,
	FAMILY_PLAIN
};

static enum family
family_of(const char *syntax)
{
	static const struct {
		const char *uid;
		enum family family;
	} table[] = {{"1.2.5", FAMILY_RLE},        {"1.2.1.98", FAMILY_PLAIN},
		     {"1.2.4.5", FAMILY_MARKED},   {"1.2.4.6", FAMILY_MARKED},
		     {"1.2.4.7", FAMILY_MARKED},   {"1.2.4.8", FAMILY_MARKED},
		     {"1.2.4.90", FAMILY_MARKED},  {"1.2.4.91", FAMILY_MARKED},
		     {"1.2.4.92", FAMILY_MARKED},  {"1.2.4.93", FAMILY_MARKED},
		     {"1.2.4.201", FAMILY_MARKED}, {"1.2.4.202", FAMILY_MARKED},
		     {"1.2.4.203", FAMILY_MARKED}, {"1.2.4.11", FAMILY_JXL}};
	size_t i;

	if (strncmp(syntax, "1.2.840.10008.", 14) != 0)
		return FAMILY_OTHER;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strncmp(syntax + 14, table[i].uid, strlen(table[i].uid)))
			return table[i].family;
	return FAMILY_OTHER;
}

/* Bytes that are what they are: those behind the frames are none of them. */
static void
scrub_plain(struct stream *s, uint64_t *left)
{
	size_t n = s->len < *left ? s->len : (size_t)*left;

	*left -= n;
	if (s->len - n > 1)
		stream_wipe(s, n, s->len - n);
}

/* Where frames begin: numbers that grow from 0 (PS3.5 A.4). */
static void
scrub_offsets(struct pacs_element *e)
{
	struct stream s = {.e = e};
	bool good = true;
	uint32_t last = 0;
	size_t i;

	s.p = pacs_element_fragment(e, 0, &s.len);
	for (i = 0; s.p && i + 4 <= s.len && good; i += 4) {
		uint32_t at = (uint32_t)s.p[i] | (uint32_t)s.p[i + 1] << 8 |
			      (uint32_t)s.p[i + 2] << 16 |
			      (uint32_t)s.p[i + 3] << 24;

		good = i ? at > last : at == 0;
		last = at;
	}
	if (s.p && (!good || s.len % 4))
		stream_wipe(&s, 0, s.len);
}

bool
stream_scrub(struct pacs_element *e, const char *syntax,
	     const struct pixels_size *size)
{
	struct stream s = {.e = e};
	size_t count = pacs_element_fragment_count(e);
	enum family family = family_of(syntax);
	uint64_t left = size->frames * (size->bytes + (size->bytes & 1));
	bool good = true;

	scrub_offsets(e);
	for (s.number = 1; s.number < count && good; s.number++) {
		s.p = pacs_element_fragment(e, s.number, &s.len);
		s.copy = NULL;
		if (!s.p)
			continue;
		if (family == FAMILY_RLE && s.number > size->frames)
			stream_wipe(&s, 0, s.len);
		else if (family == FAMILY_RLE)
			good = stream_rle(&s, size);
		else if (family == FAMILY_PLAIN)
			scrub_plain(&s, &left);
		else
			good = scrub_marked(&s) &&
			       (family != FAMILY_MARKED || s.kind != KIND_NONE);
	}
	return good;
}
