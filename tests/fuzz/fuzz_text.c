/*
 * Character sets: the input is a value of (0008,0005), a line end, two letters
 * of a VR and the bytes of a text. What comes out must be UTF-8, and what is
 * written back from it must be read again as the same text.
 */
#include <stdlib.h>
#include <string.h>

#include "dicom/charset.h"
#include "dicom/date.h"
#include "dicom/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
dates(const char *s, size_t len)
{
	int64_t a = 0, b = 0;
	char buf[9] = "";

	if (pacs_date_normal(s, len, buf))
		must(pacs_date_normal(buf, 8, buf));
	if (pacs_time_range(s, len, &a, &b))
		must(a >= 0 && a <= b);
	if (pacs_datetime_range(s, len, 3600, &a, &b))
		must(a <= b);
}

static void
there_and_back(const char *charset, uint16_t vr, const uint8_t *p, size_t len)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf text = {0}, bytes = {0}, again = {0};

	pacs_text_decode(charset, vr, p, len, &text);
	must(pacs_utf8_is_valid((unsigned char *)text.data, text.len));
	if (pacs_text_encode(&err, charset, vr, pacs_buf_str(&text), text.len,
			     &bytes) == PACS_OK) {
		pacs_text_decode(charset, vr, bytes.data, bytes.len, &again);
		must(text.len == again.len &&
		     (!text.len || !memcmp(text.data, again.data, text.len)));
	} else {
		must(err.code != PACS_OK && !bytes.len);
	}
	pacs_buf_clear(&text);
	pacs_buf_clear(&bytes);
	pacs_buf_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf out = {0};
	char charset[200];
	uint16_t vr;
	size_t n;

	if (!end || (n = (size_t)(end - data)) >= sizeof(charset) ||
	    size - n < 3)
		return 0;
	memcpy(charset, data, n);
	charset[n] = '\0';
	vr = (uint16_t)(end[1] << 8 | end[2]);
	data = end + 3;
	size -= n + 3;
	dates((const char *)data, size);
	there_and_back(charset, vr, data, size);
	/* Any bytes as text to write: refused or taken, never a crash. */
	if (pacs_text_encode(&err, charset, vr, (const char *)data, size,
			     &out) != PACS_OK)
		must(!out.len);
	pacs_buf_clear(&out);
	return 0;
}
