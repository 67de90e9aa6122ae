/* UTF-8 to the bytes of a character set; the way back from text.c. */
#include <string.h>

#include "dicom/charset.h"
#include "dicom/tag.h"
#include "dicom/text.h"

#define ESC 0x1b

struct encoder {
	const struct pacs_charsets *declared;
	uint16_t vr;
	struct pacs_buf *out;
	const struct pacs_charset *g0, *g1;             /* in force */
	const struct pacs_charset *first_g0, *first_g1; /* what value 1 says */
};

static bool
is_g0_double(const struct pacs_charset *cs)
{
	return cs->form == PACS_CS_JISX0208 || cs->form == PACS_CS_JISX0212;
}

static void
start(struct encoder *e)
{
	const struct pacs_charset *first = e->declared->first;

	e->first_g0 =
	    first->form == PACS_CS_JISX0201 ? first : pacs_charset_ascii();
	e->first_g1 = first->g1_escape ? first : NULL;
	e->g0 = e->first_g0;
	e->g1 = e->first_g1;
}

static void
use_g0(struct encoder *e, const struct pacs_charset *cs)
{
	if (e->g0 == cs)
		return;
	pacs_buf_adds(e->out, cs->g0_escape);
	e->g0 = cs;
}

static void
use_g1(struct encoder *e, const struct pacs_charset *cs)
{
	if (e->g1 == cs)
		return;
	pacs_buf_adds(e->out, cs->g1_escape);
	e->g1 = cs;
}

/* PS3.5 6.1.2.5.3: before a delimiter, and at the end, value 1 is in force.
 * With no set of its own in G1 there is none to bring back (Annex I, K). */
static void
restore(struct encoder *e)
{
	use_g0(e, e->first_g0);
	if (e->first_g1)
		use_g1(e, e->first_g1);
	else
		e->g1 = NULL;
}

static bool
is_delimiter(const struct encoder *e, unsigned char c)
{
	if (c < 0x20)
		return true;
	if (c == '\\')
		return pacs_text_has_values(e->vr);
	return (c == '^' || c == '=') && e->vr == PACS_VR('P', 'N');
}

static bool
g0_has(const struct pacs_charset *g0, unsigned char c)
{
	if (is_g0_double(g0))
		return false;
	return g0->form != PACS_CS_JISX0201 || (c != '\\' && c != '~');
}

static bool
put_ascii(struct encoder *e, unsigned char c)
{
	unsigned i;

	if (c == ESC)
		return false;
	if (is_delimiter(e, c)) {
		restore(e);
	} else if (!g0_has(e->g0, c)) {
		const struct pacs_charset *to = NULL;

		if (g0_has(e->first_g0, c))
			to = e->first_g0;
		for (i = 0; !to && i < e->declared->count; i++) {
			const struct pacs_charset *cs = e->declared->sets[i];

			if (cs->g0_escape && g0_has(cs, c))
				to = pacs_charset_ascii();
		}
		if (!to)
			return false;
		use_g0(e, to);
	}
	pacs_buf_addc(e->out, (char)c);
	return true;
}

/* Bytes of a character that is no ASCII in one set, 0 if it lacks it. */
static size_t
bytes_in(const struct pacs_charset *cs, const char *s, size_t len,
	 unsigned char *b)
{
	uint32_t c = pacs_utf8_code_point((const unsigned char *)s, len);
	size_t n;

	switch (cs->form) {
	case PACS_CS_LATIN1:
		b[0] = (unsigned char)c;
		return c >= 0xa0 && c <= 0xff;
	case PACS_CS_JISX0201:
		b[0] = (unsigned char)(c - 0xff61 + 0xa1);
		return c >= 0xff61 && c <= 0xff9f;
	case PACS_CS_SINGLE:
		return pacs_iconv_from_utf8(cs, s, len, b) == 1 && b[0] >= 0xa0;
	case PACS_CS_DOUBLE:
	case PACS_CS_JISX0208:
		n = pacs_iconv_from_utf8(cs, s, len, b);
		return n == 2 && b[0] >= 0xa1 && b[1] >= 0xa1 ? 2 : 0;
	case PACS_CS_JISX0212:
		n = pacs_iconv_from_utf8(cs, s, len, b);
		if (n != 3 || b[0] != 0x8f)
			return 0;
		b[0] = b[1];
		b[1] = b[2];
		return 2;
	default:
		return 0;
	}
}

static bool
put_in(struct encoder *e, const struct pacs_charset *cs, const char *s,
       size_t len)
{
	unsigned char b[8] = {0};
	size_t n = bytes_in(cs, s, len, b);

	if (!n || (is_g0_double(cs) && n != 2))
		return false;
	if (is_g0_double(cs)) {
		use_g0(e, cs);
		b[0] &= 0x7f;
		b[1] &= 0x7f;
	} else {
		/* Both areas could be in use at once, but decoders that split
		 * at escapes then take G1's bytes for G0's. */
		use_g0(e, e->first_g0);
		use_g1(e, cs);
	}
	pacs_buf_add(e->out, b, n);
	return true;
}

/* The yen sign and the overline, which JIS X 0201 has in G0. */
static bool
put_romaji(struct encoder *e, const char *s, size_t len)
{
	uint32_t c = pacs_utf8_code_point((const unsigned char *)s, len);
	unsigned i;

	if (c != 0x203e && (c != 0xa5 || pacs_text_has_values(e->vr)))
		return false;
	for (i = 0; i < e->declared->count; i++) {
		if (e->declared->sets[i]->form == PACS_CS_JISX0201) {
			use_g0(e, e->declared->sets[i]);
			pacs_buf_addc(e->out, c == 0xa5 ? '\\' : '~');
			return true;
		}
	}
	return false;
}

static bool
put_char(struct encoder *e, const char *s, size_t len)
{
	unsigned i;

	if (len == 1)
		return put_ascii(e, (unsigned char)s[0]);
	if (is_g0_double(e->g0) && put_in(e, e->g0, s, len))
		return true;
	if (e->g1 && put_in(e, e->g1, s, len))
		return true;
	for (i = 0; i < e->declared->count; i++) {
		if (put_in(e, e->declared->sets[i], s, len))
			return true;
	}
	return put_romaji(e, s, len);
}

static bool
put_multibyte(struct encoder *e, const char *s, size_t len)
{
	unsigned char b[8];
	size_t n;

	if (len == 1) {
		pacs_buf_addc(e->out, s[0]);
		return true;
	}
	n = pacs_iconv_from_utf8(e->declared->first, s, len, b);
	pacs_buf_add(e->out, b, n);
	return n > 0;
}

static enum pacs_err
encode_chars(struct pacs_error *err, struct encoder *e, const char *charset,
	     const char *utf8, size_t len)
{
	bool whole = e->declared->first->form == PACS_CS_MULTIBYTE;
	size_t at = 0, count = 0;

	while (at < len) {
		size_t n =
		    pacs_utf8_next((const unsigned char *)utf8 + at, len - at);

		count++;
		if (!n)
			return pacs_error_set(err, PACS_EFORMAT,
					      "text is not UTF-8 at character "
					      "%zu",
					      count);
		/* Its number, not itself: it may be part of a name. */
		if (!(whole ? put_multibyte : put_char)(e, utf8 + at, n))
			return pacs_error_set(
			    err, PACS_EUNSUPPORTED,
			    "character %zu of a text is not in character "
			    "set '%s'",
			    count, charset ? charset : "");
		at += n;
	}
	if (!whole)
		restore(e);
	return PACS_OK;
}

enum pacs_err
pacs_text_encode(struct pacs_error *err, const char *charset, uint16_t vr,
		 const char *utf8, size_t len, struct pacs_buf *out)
{
	const unsigned char *bytes = (const unsigned char *)utf8;
	struct pacs_charsets cs;
	struct encoder e = {.declared = &cs, .vr = vr, .out = out};
	size_t before = out->len;
	enum pacs_err r;

	if (!pacs_text_has_charset(vr))
		charset = NULL;
	pacs_charsets_parse(charset, &cs);
	if (cs.first->form == PACS_CS_UTF8) {
		if (!pacs_utf8_is_valid(bytes, len))
			return pacs_error_set(err, PACS_EFORMAT,
					      "text is not UTF-8");
		pacs_buf_add(out, utf8, len);
		return PACS_OK;
	}
	if (cs.first->form != PACS_CS_JISX0201 &&
	    pacs_ascii_prefix(bytes, len) == len) {
		pacs_buf_add(out, utf8, len);
		return PACS_OK;
	}
	if (cs.unknown)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "character set '%s' is not known",
				      charset);
	start(&e);
	r = encode_chars(err, &e, charset, utf8, len);
	if (r != PACS_OK && out->data) {
		out->len = before;
		out->data[before] = '\0';
	}
	return r;
}
