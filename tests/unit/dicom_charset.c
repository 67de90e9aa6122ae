/* The table of character sets: its terms, and each set as a whole. */
#include "dicom/tag.h"
#include "dicom/text.h"
#include "unit/test.h"

#define LT  PACS_VR('L', 'T')
#define ESC "\x1b"

static void
terms(void)
{
	TEST("defined terms are known by their exact spelling");
	CHECK(pacs_charset_bit("ISO_IR 192"));
	CHECK(pacs_charset_bit("ISO 2022 IR 203"));
	CHECK(pacs_charset_bit("GBK"));
	CHECK(!pacs_charset_bit("ISO_IR_192"));
	CHECK(!pacs_charset_bit("UTF-8"));
	CHECK(!pacs_charset_bit(""));
	TEST("what a value needs a reader for is all that it names but ASCII");
	CHECK(!pacs_charset_needs(NULL) && !pacs_charset_needs(""));
	CHECK(!pacs_charset_needs("ISO_IR 6\\ISO 2022 IR 6"));
	CHECK(pacs_charset_needs(" ISO_IR 192 ") ==
	      pacs_charset_bit("ISO_IR 192"));
	CHECK(pacs_charset_needs("\\ISO 2022 IR 87\\ISO 2022 IR 159") ==
	      (pacs_charset_bit("ISO 2022 IR 87") |
	       pacs_charset_bit("ISO 2022 IR 159")));
	CHECK(pacs_charset_needs("ISO_IR 100\\ISO-IR 100") ==
	      (pacs_charset_bit("ISO_IR 100") | PACS_CHARSET_OTHER));
	CHECK(!strcmp(pacs_charset_term(pacs_charset_bit("GBK")), "GBK"));
	CHECK(!pacs_charset_term(PACS_CHARSET_OTHER) && !pacs_charset_term(0));
}

/* Each single- and double-byte code point of each set, there and back. */
static void
whole_set(const char *charset, const char *escape, const char *back,
	  unsigned low, unsigned high, bool pairs, unsigned *ret_count)
{
	unsigned a, b;

	for (a = low; a <= high; a++) {
		for (b = low; b <= (pairs ? high : low); b++) {
			char code[3] = {(char)a, (char)b, '\0'};
			struct pacs_error err = PACS_ERROR_INIT;
			struct pacs_buf in = {0}, text = {0}, out = {0};

			code[pairs ? 2 : 1] = '\0';
			pacs_buf_addf(&in, "%s%s%s", escape, code, back);
			if (pacs_text_decode(charset, LT, in.data, in.len,
					     &text)) {
				CHECK_OK(pacs_text_encode(&err, charset, LT,
							  text.data, text.len,
							  &out));
				if (!CHECK_MEM(out.data, out.len, in.data,
					       in.len))
					printf("#   %s %02x%02x '%s'\n",
					       charset, a, b, text.data);
				(*ret_count)++;
			}
			pacs_buf_clear(&in);
			pacs_buf_clear(&text);
			pacs_buf_clear(&out);
		}
	}
}

static void
whole_sets(void)
{
	static const struct {
		const char *charset, *escape, *back;
		unsigned low, high;
		bool pairs;
		unsigned characters;
	} sets[] = {
	    /* Counts of ISO 8859, TIS 620, JIS X 0201/0208/0212, KS X 1001
	     * (8,227 with the three signs added in 1998 and 2002) and GB 2312.
	     */
	    {"ISO_IR 100", "", "", 0xa0, 0xff, false, 96},
	    {"ISO_IR 101", "", "", 0xa0, 0xff, false, 96},
	    {"ISO_IR 109", "", "", 0xa0, 0xff, false, 89},
	    {"ISO_IR 110", "", "", 0xa0, 0xff, false, 96},
	    {"ISO_IR 144", "", "", 0xa0, 0xff, false, 96},
	    {"ISO_IR 127", "", "", 0xa0, 0xff, false, 51},
	    {"ISO_IR 126", "", "", 0xa0, 0xff, false, 93},
	    {"ISO_IR 138", "", "", 0xa0, 0xff, false, 60},
	    {"ISO_IR 148", "", "", 0xa0, 0xff, false, 96},
	    {"ISO_IR 203", "", "", 0xa0, 0xff, false, 96},
	    {"ISO_IR 166", "", "", 0xa0, 0xff, false, 87},
	    {"ISO_IR 13", "", "", 0xa0, 0xff, false, 63},
	    {"\\ISO 2022 IR 87", ESC "$B", ESC "(B", 0x21, 0x7e, true, 6879},
	    {"\\ISO 2022 IR 159", ESC "$(D", ESC "(B", 0x21, 0x7e, true, 6067},
	    {"\\ISO 2022 IR 149", ESC "$)C", "", 0xa1, 0xfe, true, 8227},
	    {"\\ISO 2022 IR 58", ESC "$)A", "", 0xa1, 0xfe, true, 7445},
	};
	size_t i;

	TEST("each character of each set decodes and is written back the same");
	for (i = 0; i < COUNT(sets); i++) {
		unsigned count = 0;

		whole_set(sets[i].charset, sets[i].escape, sets[i].back,
			  sets[i].low, sets[i].high, sets[i].pairs, &count);
		if (!CHECK_INT(count, sets[i].characters))
			printf("#   in %s\n", sets[i].charset);
	}
}

int
main(void)
{
	terms();
	whole_sets();
	return test_done();
}
