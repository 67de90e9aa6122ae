/*
 * What compressed streams carry beside pixels: comments, EXIF, thumbnails,
 * XML. Their bytes become zeros in place, so that no length and no offset
 * changes; nothing is decoded. JPEG (ISO 10918-1 B.1.1.3), JPEG-LS, JPEG 2000
 * (ISO 15444-1 A.1) and JP2 boxes (I.4).
 */
#include <string.h>

#include "deid/internal.h"

struct stream {
	struct pacs_element *e;
	size_t number; /* of the fragment */
	const uint8_t *p;
	uint8_t *copy; /* once something has to change */
	size_t len;
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

/* Does this marker begin the pixels? */
static bool
ends_head(unsigned marker, bool j2k)
{
	return j2k ? marker == 0x90 || marker == 0x93
		   : marker == 0xda || marker == 0xd9;
}

static bool
says_something(unsigned marker, bool j2k)
{
	return j2k ? marker == 0x64
		   : marker == 0xfe || (marker >= 0xe0 && marker <= 0xef);
}

/* False: a segment of that kind goes on in another fragment. */
static bool
scrub_markers(struct stream *s, size_t at, bool j2k)
{
	while (at + 4 <= s->len) {
		unsigned marker = s->p[at + 1];
		size_t length;

		if (s->p[at] != 0xff)
			return true; /* not what it seemed */
		if (marker == 0xff) {
			at++;
			continue;
		}
		if (ends_head(marker, j2k))
			return true;
		length = (size_t)s->p[at + 2] << 8 | s->p[at + 3];
		if (length < 2)
			return true;
		if (says_something(marker, j2k)) {
			if (length > s->len - at - 2)
				return false;
			if (!(length >= 10 && !j2k &&
			      is_needed(s->p + at + 4, marker, length)))
				wipe(s, at + 4, length - 2);
		}
		at += 2 + length;
	}
	return true;
}

static bool
scrub_boxes(struct stream *s)
{
	size_t at = 0;

	while (at + 8 <= s->len) {
		const uint8_t *p = s->p + at;
		size_t length = (size_t)p[0] << 24 | (size_t)p[1] << 16 |
				(size_t)p[2] << 8 | p[3];

		if (!memcmp(p + 4, "jp2c", 4))
			return scrub_markers(s, at + 10, true);
		if (length < 8 || length > s->len - at)
			return length >= 8 || length == 0;
		if (!memcmp(p + 4, "xml ", 4) || !memcmp(p + 4, "uuid", 4) ||
		    !memcmp(p + 4, "uinf", 4) || !memcmp(p + 4, "jp2i", 4))
			wipe(s, at + 8, length - 8);
		at += length;
	}
	return true;
}

static bool
scrub(struct stream *s)
{
	if (s->len < 12)
		return true;
	if (s->p[0] == 0xff && s->p[1] == 0xd8)
		return scrub_markers(s, 2, false);
	if (s->p[0] == 0xff && s->p[1] == 0x4f)
		return scrub_markers(s, 2, true);
	if (!memcmp(s->p, "\0\0\0\x0cjP  ", 8))
		return scrub_boxes(s);
	return true;
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
