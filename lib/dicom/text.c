#include "dicom/text.h"

#include <string.h>

#include "dicom/charset.h"

static bool
decode_utf8(const unsigned char *p, size_t len, struct pacs_buf *out)
{
	bool clean = true;
	size_t from = 0;
	size_t i = 0;

	while (i < len) {
		size_t n = pacs_ascii_prefix(p + i, len - i);

		if (!n)
			n = pacs_utf8_next(p + i, len - i);
		if (!n) {
			pacs_buf_add(out, p + from, i - from);
			pacs_utf8_put(out, 0xfffd);
			clean = false;
			n = 1;
			/* What belonged to the broken character goes with it.
			 */
			while (i + n < len && (p[i + n] & 0xc0) == 0x80)
				n++;
			from = i + n;
		}
		i += n;
	}
	pacs_buf_add(out, p + from, len - from);
	return clean;
}

/* JIS X 0201 has a yen sign and an overline where ASCII has \ and ~. */
static bool
romaji_differs(const char *charset, const unsigned char *p, size_t len)
{
	return charset && strstr(charset, "13") &&
	       (memchr(p, '\\', len) || memchr(p, '~', len));
}

bool
pacs_text_decode(const char *charset, uint16_t vr, const void *bytes,
		 size_t len, struct pacs_buf *out)
{
	struct pacs_charsets cs;

	if (!len)
		return true;
	if (pacs_ascii_prefix(bytes, len) == len &&
	    !romaji_differs(charset, bytes, len)) {
		pacs_buf_add(out, bytes, len);
		return true;
	}
	if (charset && strcmp(charset, "ISO_IR 192") == 0 &&
	    pacs_text_has_charset(vr))
		return decode_utf8(bytes, len, out);
	pacs_charsets_parse(pacs_text_has_charset(vr) ? charset : NULL, &cs);
	switch (cs.first->form) {
	case PACS_CS_UTF8:
		return decode_utf8(bytes, len, out);
	case PACS_CS_MULTIBYTE:
		return pacs_iconv_to_utf8(cs.first, bytes, len, 1, out);
	default:
		return pacs_text_decode_iso2022(&cs, vr, bytes, len, out);
	}
}
