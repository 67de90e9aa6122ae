/*
 * Character sets as tables and converters: what text.c, text-iso2022.c and
 * text-encode.c share. Internal to this room; others use dicom/text.h.
 *
 * The rows come from lib/dicom/data/charsets.tsv (gen-charsets.awk).
 */
#ifndef PACS_DICOM_CHARSET_H
#define PACS_DICOM_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* How the bytes of a set become characters. */
enum pacs_charset_form {
	PACS_CS_ASCII,     /* G0 alone */
	PACS_CS_LATIN1,    /* G1 is U+00A0 to U+00FF */
	PACS_CS_SINGLE,    /* G1, one byte, by iconv */
	PACS_CS_JISX0201,  /* G0 romaji, G1 half-width katakana */
	PACS_CS_JISX0208,  /* G0, two bytes, by iconv's EUC-JP */
	PACS_CS_JISX0212,  /* the same, behind 0x8F there */
	PACS_CS_DOUBLE,    /* G1, two bytes, by iconv (EUC-KR, EUC-CN) */
	PACS_CS_UTF8,      /* replaces all else */
	PACS_CS_MULTIBYTE, /* replaces all else, by iconv (GB18030, GBK) */
};

struct pacs_charset {
	const char *term; /* defined term of (0008,0005) */
	enum pacs_charset_form form;
	bool extension;        /* may be one of several values */
	const char *g0_escape; /* with the ESC; NULL if it has none */
	const char *g1_escape;
	const char *iconv_name; /* NULL if libc is not asked */
	unsigned codec;         /* small number of that name; 0 if NULL */
};

/* Generated. The last row has a NULL term. */
extern const struct pacs_charset pacs_charset_rows[];
#define PACS_CHARSET_CODECS_MAX 32 /* the generated code asserts it */

/* A parsed value of (0008,0005). */
#define PACS_CHARSETS_MAX 16
struct pacs_charsets {
	/* Value 1; the ASCII row if it is empty or absent. */
	const struct pacs_charset *first;
	/* All that are known, value 1 included, in order; terms without code
	 * extensions ("ISO_IR 100") stand as their ISO 2022 twin. */
	const struct pacs_charset *sets[PACS_CHARSETS_MAX];
	unsigned count;
	bool unknown; /* some term is not in the table */
	bool absent;  /* no set is declared at all */
};

/*
 * Parse "\\ISO 2022 IR 87" and the like; NULL is fine. Spellings seen in the
 * field ("ISO-IR 100", "ISO_IR_192", "iso 2022 ir 87") are understood. Nothing
 * allocated; the rows are static.
 */
void pacs_charsets_parse(const char *value, struct pacs_charsets *ret);

/* The ASCII row, and the row that an escape sequence at p designates, with
 * *ret_g1 and *ret_len; NULL if it is none that DICOM knows. */
const struct pacs_charset *pacs_charset_ascii(void);
const struct pacs_charset *pacs_charset_escape(const unsigned char *p,
					       size_t len, bool *ret_g1,
					       size_t *ret_len);

/* Is this a VR that (0008,0005) rules, and does '\' separate its values?
 * Unknown VRs (0, UN) count as text with several values. */
bool pacs_text_has_charset(uint16_t vr);
bool pacs_text_has_values(uint16_t vr);

/* --- UTF-8 ------------------------------------------------------------- */

/* Bytes of the well-formed character at p (Unicode Table 3-7), 0 if none. */
size_t pacs_utf8_next(const unsigned char *p, size_t len);
bool pacs_utf8_is_valid(const unsigned char *p, size_t len);
/* Leading bytes that are ASCII other than ESC, eight at a time. */
size_t pacs_ascii_prefix(const unsigned char *p, size_t len);
void pacs_utf8_put(struct pacs_buf *out, uint32_t code_point);
uint32_t pacs_utf8_code_point(const unsigned char *p, size_t len);

/* --- iconv ------------------------------------------------------------- */

/*
 * Convert bytes of a set to UTF-8 and append them. unit is what is given up at
 * once where the set does not allow the bytes (1 or 2): they become one U+FFFD
 * and the result is false.
 *
 * An iconv descriptor costs more to open than many values cost to convert, so
 * each thread keeps the ones it has used (two a set at most) until it ends.
 */
bool pacs_iconv_to_utf8(const struct pacs_charset *cs, const void *bytes,
			size_t len, size_t unit, struct pacs_buf *out);
/* One character (well-formed UTF-8) into buf[8]; returns its bytes, 0 if the
 * set lacks it. */
size_t pacs_iconv_from_utf8(const struct pacs_charset *cs, const char *utf8,
			    size_t len, unsigned char *buf);

/* ISO 2022 with or without code extensions; see pacs_text_decode. */
bool pacs_text_decode_iso2022(const struct pacs_charsets *cs, uint16_t vr,
			      const unsigned char *bytes, size_t len,
			      struct pacs_buf *out);

#endif
