/*
 * Text under ISO 2022 (PS3.5 6.1.2.4, 6.1.2.5): two code areas, G0 for bytes
 * below 0x80 and G1 for the rest, which escape sequences fill with sets, and
 * which go back to what value 1 says at each delimiter.
 */
#include <string.h>

#include "dicom/charset.h"
#include "dicom/tag.h"

#define ESC 0x1b

struct decoder {
	const struct pacs_charsets *declared;
	uint16_t vr;
	const unsigned char *p, *end;
	const unsigned char *all; /* the whole value */
	size_t all_len;
	struct pacs_buf *out;
	const struct pacs_charset *g0;
	const struct pacs_charset *g1; /* NULL: nothing */
	bool clean;
	int all_is_utf8; /* -1: not asked yet */
};

static bool
is_g0_double(const struct pacs_charset *cs)
{
	return cs->form == PACS_CS_JISX0208 || cs->form == PACS_CS_JISX0212;
}

static bool
has_g1(const struct pacs_charset *cs)
{
	return cs->form == PACS_CS_LATIN1 || cs->form == PACS_CS_SINGLE ||
	       cs->form == PACS_CS_JISX0201 || cs->form == PACS_CS_DOUBLE;
}

static void
reset(struct decoder *d)
{
	const struct pacs_charset *first = d->declared->first;

	d->g0 = first->form == PACS_CS_JISX0201 ? first : pacs_charset_ascii();
	d->g1 = has_g1(first) ? first : NULL;
}

/* Where PS3.5 6.1.2.5.3 wants value 1 to be in force again: control
 * characters, the end of a value, and in PN the end of a component. */
static bool
is_delimiter(const struct decoder *d, unsigned char c)
{
	if (c < 0x20)
		return c != ESC;
	if (c == '\\')
		return pacs_text_has_values(d->vr);
	return (c == '^' || c == '=') && d->vr == PACS_VR('P', 'N');
}

static void
bad_byte(struct decoder *d)
{
	pacs_utf8_put(d->out, 0xfffd);
	d->clean = false;
	d->p++;
}

static bool
same_escape(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* ASCII needs no declaration: it is the way back. */
static bool
is_declared(const struct decoder *d, const struct pacs_charset *row, bool g1)
{
	unsigned i;

	if (!g1 && row->form == PACS_CS_ASCII)
		return true;
	for (i = 0; i < d->declared->count; i++) {
		const struct pacs_charset *cs = d->declared->sets[i];

		if (same_escape(g1 ? row->g1_escape : row->g0_escape,
				g1 ? cs->g1_escape : cs->g0_escape))
			return true;
	}
	return false;
}

/* A known escape is obeyed even if its set was not declared, since the sender
 * said what it meant. An unknown one loses its ESC only, so no delimiter can
 * hide in it. */
static void
take_escape(struct decoder *d)
{
	const struct pacs_charset *row;
	size_t len;
	bool g1;

	row = pacs_charset_escape(d->p, (size_t)(d->end - d->p), &g1, &len);
	if (!row) {
		bad_byte(d);
		return;
	}
	if (!is_declared(d, row, g1))
		d->clean = false;
	if (g1)
		d->g1 = row;
	else
		d->g0 = row;
	d->p += len;
}

static void
take_single(struct decoder *d)
{
	const unsigned char *from = d->p;
	bool romaji = d->g0->form == PACS_CS_JISX0201;
	unsigned char c = *d->p;

	while (d->p < d->end && *d->p < 0x80 && *d->p != ESC &&
	       !is_delimiter(d, *d->p) &&
	       !(romaji && (*d->p == '\\' || *d->p == '~')))
		d->p++;
	if (d->p > from) {
		pacs_buf_add(d->out, from, (size_t)(d->p - from));
		return;
	}
	if (is_delimiter(d, c)) {
		pacs_buf_addc(d->out, (char)c);
		reset(d);
	} else {
		pacs_utf8_put(d->out, c == '~' ? 0x203e : 0xa5);
	}
	d->p++;
}

static bool
in_94(unsigned char c)
{
	return c >= 0x21 && c <= 0x7e;
}

/* Pairs of a 94x94 set, as EUC-JP, which iconv knows without state. */
static void
take_pairs(struct decoder *d)
{
	bool supplement = d->g0->form == PACS_CS_JISX0212;
	unsigned char euc[3 * 64];
	size_t n = 0;

	while (n + 3 <= sizeof(euc) && d->end - d->p >= 2 && in_94(d->p[0]) &&
	       in_94(d->p[1])) {
		if (supplement)
			euc[n++] = 0x8f;
		euc[n++] = d->p[0] | 0x80;
		euc[n++] = d->p[1] | 0x80;
		d->p += 2;
	}
	if (n) {
		if (!pacs_iconv_to_utf8(d->g0, euc, n, supplement ? 3 : 2,
					d->out))
			d->clean = false;
		return;
	}
	/* Half a pair. Senders that forget the escape back to ASCII leave
	 * their delimiters and spaces here. */
	if (*d->p == ' ' || is_delimiter(d, *d->p)) {
		pacs_buf_addc(d->out, (char)*d->p);
		if (*d->p != ' ')
			reset(d);
		d->p++;
	} else {
		bad_byte(d);
	}
}

/* The declared set that high bytes can only mean when no escape, which
 * senders forget, has put one into G1. */
static const struct pacs_charset *
likely_g1(const struct pacs_charsets *declared)
{
	unsigned i;

	for (i = 0; i < declared->count; i++) {
		if (has_g1(declared->sets[i]))
			return declared->sets[i];
	}
	return NULL;
}

static void
guess_high(struct decoder *d, const unsigned char *p, size_t len)
{
	size_t i;

	d->clean = false;
	if (d->all_is_utf8 < 0)
		d->all_is_utf8 = pacs_utf8_is_valid(d->all, d->all_len);
	if (d->all_is_utf8) {
		pacs_buf_add(d->out, p, len);
		return;
	}
	for (i = 0; i < len; i++)
		pacs_utf8_put(d->out, p[i]);
}

static bool
katakana(const unsigned char *p, size_t len, struct pacs_buf *out)
{
	bool clean = true;
	size_t i;

	for (i = 0; i < len; i++) {
		bool known = p[i] >= 0xa1 && p[i] <= 0xdf;

		pacs_utf8_put(out, known ? 0xff61u + (p[i] - 0xa1u) : 0xfffd);
		clean &= known;
	}
	return clean;
}

static void
take_high(struct decoder *d)
{
	const unsigned char *from = d->p;
	const struct pacs_charset *g1 = d->g1;
	size_t len, i;

	while (d->p < d->end && *d->p >= 0x80)
		d->p++;
	len = (size_t)(d->p - from);
	if (!g1) {
		g1 = likely_g1(d->declared);
		d->clean = false;
	}
	if (!g1) {
		guess_high(d, from, len);
	} else if (g1->form == PACS_CS_LATIN1) {
		for (i = 0; i < len; i++)
			pacs_utf8_put(d->out, from[i]);
	} else if (g1->form == PACS_CS_JISX0201) {
		d->clean &= katakana(from, len, d->out);
	} else {
		d->clean &= pacs_iconv_to_utf8(
		    g1, from, len, g1->form == PACS_CS_DOUBLE ? 2 : 1, d->out);
	}
}

bool
pacs_text_decode_iso2022(const struct pacs_charsets *cs, uint16_t vr,
			 const unsigned char *bytes, size_t len,
			 struct pacs_buf *out)
{
	struct decoder d = {.declared = cs,
			    .vr = vr,
			    .p = bytes,
			    .end = bytes + len,
			    .all = bytes,
			    .all_len = len,
			    .out = out,
			    .clean = true,
			    .all_is_utf8 = -1};

	reset(&d);
	while (d.p < d.end) {
		if (*d.p == ESC)
			take_escape(&d);
		else if (*d.p >= 0x80)
			take_high(&d);
		else if (is_g0_double(d.g0))
			take_pairs(&d);
		else
			take_single(&d);
	}
	return d.clean;
}
