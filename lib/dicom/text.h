/*
 * Characters: Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1) to UTF-8
 * and back, with ISO 2022 code extensions, by libc's iconv; driven by a table
 * generated from lib/dicom/data/charsets.tsv. ASCII and UTF-8 take a fast
 * path without iconv.
 */
#ifndef PACS_DICOM_TEXT_H
#define PACS_DICOM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

/*
 * Decode bytes of a text value of that VR under a character set, given as the
 * value of (0008,0005) ("\\ISO 2022 IR 87", "" or NULL for the default), and
 * append UTF-8 to *out, which is well-formed whatever the bytes are.
 *
 * Delimiters (backslash, and ^ = in PN) stay; at them, and at line ends and
 * other control characters, value 1 is in force again (PS3.5 6.1.2.5.3). In
 * ISO_IR 13 the byte 0x5C separates values in multi-valued VRs, else it is a
 * yen sign. VRs that (0008,0005) does not rule (CS, DA, ...) have the default
 * set; 0 and UN count as text of many values.
 *
 * False if something was not as declared: bytes that had to become U+FFFD;
 * an escape to a set that was not named (obeyed); bytes over 0x7f with nothing
 * in G1, which get the first set of the declared that has them there, else are
 * taken as UTF-8 if the value is that, else as ISO-8859-1.
 */
bool pacs_text_decode(const char *charset, uint16_t vr, const void *bytes,
		      size_t len, struct pacs_buf *out);

/*
 * Encode UTF-8 under a character set, with escapes as PS3.5 6.1.2.5 wants
 * them; append to *out. Errors, which leave *out as it was: PACS_EUNSUPPORTED
 * if a character is in none of the sets, or a set is unknown and the text is
 * not plain ASCII; PACS_EFORMAT if the text is not UTF-8.
 */
enum pacs_err pacs_text_encode(struct pacs_error *err, const char *charset,
			       uint16_t vr, const char *utf8, size_t len,
			       struct pacs_buf *out) PACS_MUST_CHECK;

/*
 * Defined terms as a set: a bit for each row of the table, and one for what
 * stands in no row. Only terms as the standard spells them have a bit.
 */
#define PACS_CHARSET_OTHER (1ull << 63)
/* The sets that a value of (0008,0005) needs a reader for: all but ASCII, which
 * every reader has. "" or NULL: none. */
uint64_t pacs_charset_needs(const char *value);
/* Are all its terms known, in a spelling of the field too? */
bool pacs_charset_is_known(const char *value);
/* The bit of a term; 0 if it is none. */
uint64_t pacs_charset_bit(const char *term);
/* The term of a bit, static; NULL if it has none. */
const char *pacs_charset_term(uint64_t bit);

#endif
