/* Character sets: the examples of PS3.5 Annexes H to K, and what the field
 * sends instead. */
#include "dicom/text.h"

#include <pthread.h>
#include <stdlib.h>

#include "dicom/tag.h"
#include "test.h"

#define PN   PACS_VR('P', 'N')
#define LO   PACS_VR('L', 'O')
#define LT   PACS_VR('L', 'T')
#define CS   PACS_VR('C', 'S')
#define ESC  "\x1b"
#define FFFD "\xef\xbf\xbd"

struct example {
	const char *what;
	const char *charset;
	uint16_t vr;
	const char *bytes;
	const char *text;
	bool one_way; /* decodes so, but is not what we would write */
};

static const struct example examples[] = {
    {"H.3-1", "\\ISO 2022 IR 87", PN,
     "Yamada^Tarou=" ESC "$B;3ED" ESC "(B^" ESC "$BB@O:" ESC "(B=" ESC
     "$B$d$^$@" ESC "(B^" ESC "$B$?$m$&" ESC "(B",
     "Yamada^Tarou=山田^太郎=やまだ^たろう", false},
    {"H.3-2", "ISO 2022 IR 13\\ISO 2022 IR 87", PN,
     "\xd4\xcf\xc0\xde^\xc0\xdb\xb3=" ESC "$B;3ED" ESC "(J^" ESC "$BB@O:" ESC
     "(J=" ESC "$B$d$^$@" ESC "(J^" ESC "$B$?$m$&" ESC "(J",
     "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", false},
    {"I.2-1", "\\ISO 2022 IR 149", PN,
     "Hong^Gildong=" ESC "$)C\373\363^" ESC "$)C\321\316\324\327=" ESC
     "$)C\310\253^" ESC "$)C\261\346\265\277",
     "Hong^Gildong=洪^吉洞=홍^길동", false},
    {"I.3-1", "\\ISO 2022 IR 149", LT,
     ESC "$)CThe first line includes \307\321\261\333.\r\n" ESC
	 "$)CThe second line includes \307\321\261\333, too.\r\n"
	 "The third line",
     "The first line includes 한글.\r\nThe second line includes 한글, "
     "too.\r\nThe third line",
     true},
    {"J.1-1", "ISO_IR 192", PN,
     "Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=",
     "Wang^XiaoDong=王^小東=", false},
    {"J.3-1", "GB18030", PN, "Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
     "Wang^XiaoDong=王^小东=", false},
    {"J.3-1 in GBK", "GBK", PN, "Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
     "Wang^XiaoDong=王^小东=", false},
    {"J.4", "GB18030", LT,
     "The first line includes \xd6\xd0\xce\xc4.\r\n"
     "The second line includes \xd6\xd0\xce\xc4, too.\r\n",
     "The first line includes 中文.\r\nThe second line includes 中文, "
     "too.\r\n",
     false},
    {"K.2-1", "\\ISO 2022 IR 58", PN,
     "Zhang^XiaoDong=" ESC "$)A\xd5\xc5^" ESC "$)A\xd0\xa1\xb6\xab=",
     "Zhang^XiaoDong=张^小东=", false},
    {"K.3-1", "\\ISO 2022 IR 58", LT,
     "1." ESC "$)A\xB5\xDA\xD2\xBB\xD0\xD0\xCE\xC4\xD7\xD6\xA1\xA3\r\n"
     "2." ESC "$)A\xB5\xDA\xB6\xFE\xD0\xD0\xCE\xC4\xD7\xD6\xA1\xA3\r\n"
     "3." ESC "$)A\xB5\xDA\xC8\xFD\xD0\xD0\xCE\xC4\xD7\xD6\xA1\xA3\r\n",
     "1.第一行文字。\r\n2.第二行文字。\r\n3.第三行文字。\r\n", false},
};

static void
check_decode(const struct example *x, bool want_clean)
{
	struct pacs_buf got = {0};
	bool clean = pacs_text_decode(x->charset, x->vr, x->bytes,
				      strlen(x->bytes), &got);

	if (!CHECK_STR(pacs_buf_str(&got), x->text))
		printf("#   in %s\n", x->what);
	if (!CHECK_INT(clean, want_clean))
		printf("#   in %s\n", x->what);
	pacs_buf_clear(&got);
}

static void
check_encode(const struct example *x)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf got = {0};

	if (!CHECK_OK(pacs_text_encode(&err, x->charset, x->vr, x->text,
				       strlen(x->text), &got)))
		printf("#   %s: %s\n", x->what, err.msg);
	if (!CHECK_MEM(got.data, got.len, x->bytes, strlen(x->bytes)))
		printf("#   in %s\n", x->what);
	pacs_buf_clear(&got);
}

static void
standard_examples(void)
{
	size_t i;

	TEST("the examples of PS3.5 Annexes H to K decode");
	for (i = 0; i < COUNT(examples); i++)
		check_decode(&examples[i], true);
	TEST("the examples of PS3.5 Annexes H to K are what we write");
	for (i = 0; i < COUNT(examples); i++) {
		if (!examples[i].one_way)
			check_encode(&examples[i]);
	}
}

static const struct example clean_cases[] = {
    {"nothing", "ISO_IR 100", LO, "", "", false},
    {"ASCII without a set", NULL, LO, "A\\B", "A\\B", false},
    {"Latin-1", "ISO_IR 100", PN, "Buc^J\xe9r\xf4me", "Buc^Jérôme", false},
    {"Latin-2", "ISO_IR 101", PN,
     "W\xb3"
     "adys\xb3"
     "aw",
     "Władysław", false},
    {"Greek", "ISO_IR 126", PN, "\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2",
     "Διονυσιος", false},
    {"Cyrillic", "ISO_IR 144", PN,
     "\xbb\xee\xda"
     "ce\xdc\xd1yp\xd3",
     "Люкceмбypг", false},
    {"Arabic", "ISO_IR 127", PN, "\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1",
     "قباني^لنزار", false},
    {"Hebrew", "ISO_IR 138", PN, "\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4",
     "שרון^דבורה", false},
    {"Turkish", "ISO_IR 148", LO, "\xde\xfd\xf0", "Şığ", false},
    {"Latin-9", "ISO_IR 203", LO, "\xa4", "€", false},
    {"Thai", "ISO_IR 166", LO, "\xa1\xd2\xc3", "การ", false},
    {"katakana", "ISO_IR 13", PN, "\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ",
     false},
    {"yen sign in one-valued text", "ISO_IR 13", LT, "\\100~", "¥100‾", false},
    {"backslash between values", "ISO_IR 13", LO, "\xb1\\\xb2", "ｱ\\ｲ", false},
    {"GB18030 trail bytes \\ and ^", "GB18030", PN,
     "\x81\x5c^\x81\x5e\\\x81\x30\x81\x30", "乗^乛\\\xc2\x80", true},
    {"GBK trail bytes \\ and ^", "GBK", PN, "\x81\x5c^\x81\x5e\\A", "乗^乛\\A",
     false},
    {"GB18030 four bytes", "GB18030", LO, "\x95\x32\x82\x36", "𠀀", false},
    {"supplementary kanji", "\\ISO 2022 IR 87\\ISO 2022 IR 159", PN,
     ESC "$(D\x30\x21" ESC "(B^" ESC "$B;3" ESC "(B", "丂^山", false},
    {"kanji trail bytes that look like = ^ and \\", "\\ISO 2022 IR 87", PN,
     ESC "$B=U=^=\\" ESC "(B^X", "春殉旬^X", false},
    {"two 8-bit sets", "ISO 2022 IR 100\\ISO 2022 IR 126", PN,
     "\xc4=" ESC "-F\xc4\xe9" ESC "-A^\xc4", "Ä=Δι^Ä", false},
    {"Cyrillic beside an empty value 1", "\\ISO 2022 IR 144", LO,
     ESC "-L\xb4 x\\" ESC "-L\xb4", "Д x\\Д", false},
    {"a line end brings value 1 back", "\\ISO 2022 IR 149", LT,
     ESC "$)C\261\346\r\nA", "길\r\nA", false},
    {"a caret ends nothing outside of names", "\\ISO 2022 IR 149", LO,
     ESC "$)C\261\346^\265\277", "길^동", false},
    {"UTF-8 with all lengths", "ISO_IR 192", LO,
     "a\xc3\xa9\xe2\x82\xac\xf0\xa0\x80\x80z", "aé€𠀀z", false},
    {"an unknown set and ASCII", "FOO", LO, "plain", "plain", false},
    {"a set's name as the field spells it", "iso-ir_100 ", LO, "\xe9", "é",
     false},
    {"ISO_IR 100 with extensions", "ISO_IR 100\\ISO 2022 IR 87", PN,
     "\xe9=" ESC "$B;3" ESC "(B", "é=山", false},
    {"UTF-8 wins over what follows", "ISO_IR 192\\ISO 2022 IR 87", LO,
     "\xc3\xa9", "é", false},
};

static void
clean(void)
{
	size_t i;

	TEST("every declared set decodes without complaint");
	for (i = 0; i < COUNT(clean_cases); i++)
		check_decode(&clean_cases[i], true);
	TEST("and is written back as the same bytes");
	for (i = 0; i < COUNT(clean_cases); i++) {
		if (!clean_cases[i].one_way)
			check_encode(&clean_cases[i]);
	}
}

static const struct example dirty_cases[] = {
    {"UTF-8 without a set", NULL, LO, "J\xc3\xa9r", "Jér", false},
    {"Latin-1 without a set", "", LO, "J\xe9r\xc3\xa9", "JérÃ©", false},
    {"Latin-1 in a code string", "ISO_IR 144", CS, "\xe9", "é", false},
    {"an unknown set and UTF-8", "FOO", LO, "\xc3\xa9", "é", false},
    {"a set's number torn apart", "ISO 2022 IR 1 3", LT, "~\xb1", "~±", false},
    {"half a character", "ISO_IR 192", LO, "a\xe2\x82z", "a" FFFD "z", false},
    {"an overlong form", "ISO_IR 192", LO, "\xc0\xaf\x41", FFFD "A", false},
    {"a surrogate", "ISO_IR 192", LO, "\xed\xa0\x80", FFFD, false},
    {"past the last plane", "ISO_IR 192", LO, "\xf4\x90\x80\x80", FFFD, false},
    {"a hole in Greek", "ISO_IR 126", LO, "\xc4\xff\xc4", "Δ" FFFD "Δ", false},
    {"a hole in JIS X 0201", "ISO_IR 13", LO, "\xb1\xe0\xb1", "ｱ" FFFD "ｱ",
     false},
    {"half a GB18030 character", "GB18030", LO, "A\x81", "A" FFFD, false},
    {"a GBK lead byte before a delimiter", "GBK", LO, "\x81\r", FFFD "\r",
     false},
    {"a missing Korean escape", "\\ISO 2022 IR 149", PN, "A=\373\363^\321\316",
     "A=洪^吉", false},
    {"a Korean escape only once in a name", "\\ISO 2022 IR 149", PN,
     ESC "$)C\373\363^\321\316", "洪^吉", false},
    {"an undeclared escape", "ISO_IR 100", LO, ESC "$B;3" ESC "(B", "山",
     false},
    {"an escape without any set", NULL, LO, ESC "$B;3" ESC "(B!", "山!", false},
    {"an unknown escape", "\\ISO 2022 IR 87", LO, ESC "(Zx", FFFD "(Zx", false},
    {"an escape that is cut", "\\ISO 2022 IR 87", LO, "x" ESC "$", "x" FFFD "$",
     false},
    {"half a kanji", "\\ISO 2022 IR 87", LO, ESC "$B;3E", "山" FFFD, false},
    {"a kanji that is none", "\\ISO 2022 IR 87", LO,
     ESC "$B\x7e\x7e;3" ESC "(B", FFFD "山", false},
    {"romaji undeclared", "\\ISO 2022 IR 87", LO, ESC "$B;3" ESC "(JA", "山A",
     false},
};

static void
dirty(void)
{
	static const struct example lenient[] = {
	    {"no escape back before a caret", "\\ISO 2022 IR 87", PN,
	     ESC "$B;3^" ESC "$BED= x", "山^田= x", false},
	    {"a space within kanji", "\\ISO 2022 IR 87", PN,
	     ESC "$B;3 " ESC "$BED" ESC "(B", "山 田", false},
	    {"value 1 with extensions only", "ISO 2022 IR 149", LO, "\261\346",
	     "길", false},
	    {"kanji as value 1", "ISO 2022 IR 87", LO, ESC "$B;3" ESC "(B",
	     "山", false},
	};
	size_t i;

	TEST("what the declared set does not allow is shown as best it can "
	     "be, and told");
	for (i = 0; i < COUNT(dirty_cases); i++)
		check_decode(&dirty_cases[i], false);
	TEST("harmless slips of senders are understood");
	for (i = 0; i < COUNT(lenient); i++)
		check_decode(&lenient[i], true);
}

static void
long_values(void)
{
	struct pacs_buf in = {0}, out = {0}, back = {0};
	struct pacs_error err = PACS_ERROR_INIT;
	size_t i;

	TEST("long runs are converted in pieces without a seam");
	pacs_buf_adds(&in, ESC "$B");
	for (i = 0; i < 1000; i++)
		pacs_buf_adds(&in, ";3");
	pacs_buf_adds(&in, ESC "(B");
	CHECK(pacs_text_decode("\\ISO 2022 IR 87", LT, in.data, in.len, &out));
	CHECK_INT(out.len, 3000);
	CHECK_OK(pacs_text_encode(&err, "\\ISO 2022 IR 87", LT, out.data,
				  out.len, &back));
	CHECK_MEM(back.data, back.len, in.data, in.len);
	pacs_buf_clear(&in);
	pacs_buf_clear(&out);
	pacs_buf_clear(&back);

	TEST("ESC and high bytes are seen at each place of a word");
	for (i = 0; i < 24; i++) {
		char text[25];

		memset(text, 'x', 24);
		text[24] = '\0';
		text[i] = '\x1b';
		pacs_buf_reset(&out);
		CHECK(!pacs_text_decode(NULL, LO, text, 24, &out));
		CHECK_INT(out.len, 26);
		text[i] = '\xe9';
		pacs_buf_reset(&out);
		CHECK(!pacs_text_decode(NULL, LO, text, 24, &out));
		CHECK_INT(out.len, 25);
	}
	pacs_buf_clear(&out);
}

static void
refused(void)
{
	static const struct {
		const char *charset;
		uint16_t vr;
		const char *text;
		enum pacs_err want;
	} cases[] = {
	    {NULL, PN, "é", PACS_EUNSUPPORTED},
	    {"ISO_IR 100", PN, "山", PACS_EUNSUPPORTED},
	    {"ISO_IR 100", PN, "\xc2\x85", PACS_EUNSUPPORTED},
	    {"ISO_IR 100", CS, "é", PACS_EUNSUPPORTED},
	    {"FOO", PN, "é", PACS_EUNSUPPORTED},
	    {"ISO_IR 100\\FOO", PN, "é", PACS_EUNSUPPORTED},
	    {"ISO_IR 13", LT, "a\\b", PACS_EUNSUPPORTED},
	    {"ISO_IR 13", LO, "a~b", PACS_EUNSUPPORTED},
	    {"ISO_IR 13", LO, "a¥b", PACS_EUNSUPPORTED},
	    {"\\ISO 2022 IR 87", PN, "山\xf0\xa0\x80\x80", PACS_EUNSUPPORTED},
	    {"\\ISO 2022 IR 87", PN, "山" ESC "(B", PACS_EUNSUPPORTED},
	    {"GBK", PN, "𠀀", PACS_EUNSUPPORTED},
	    {"ISO_IR 101", PN, "\xf3\xa0\x80\x81", PACS_EUNSUPPORTED},
	    {"ISO_IR 192", PN, "\xff", PACS_EFORMAT},
	    {"ISO_IR 100", PN, "\xe9", PACS_EFORMAT},
	};
	size_t i;

	TEST("a text that a set cannot carry is refused, and nothing written");
	for (i = 0; i < COUNT(cases); i++) {
		struct pacs_error err = PACS_ERROR_INIT;
		struct pacs_buf out = {0};

		pacs_buf_adds(&out, "before");
		if (!CHECK_ERR(pacs_text_encode(&err, cases[i].charset,
						cases[i].vr, cases[i].text,
						strlen(cases[i].text), &out),
			       cases[i].want))
			printf("#   in case %zu\n", i);
		CHECK_STR(pacs_buf_str(&out), "before");
		CHECK(!strstr(err.msg, cases[i].text));
		pacs_buf_clear(&out);
	}
	TEST("a backslash finds another set than romaji where one is declared");
	{
		struct pacs_error err = PACS_ERROR_INIT;
		struct pacs_buf out = {0};

		CHECK_OK(pacs_text_encode(&err, "ISO 2022 IR 13\\ISO 2022 IR 6",
					  LT, "ｱ\\b", 5, &out));
		CHECK_STR(pacs_buf_str(&out), "\xb1" ESC "(B\\b" ESC "(J");
		pacs_buf_clear(&out);
	}
}

static void *
in_thread(void *arg)
{
	const struct example *x = arg;
	struct pacs_buf got = {0};
	bool same = true;
	int i;

	for (i = 0; i < 200; i++) {
		pacs_buf_reset(&got);
		pacs_text_decode(x->charset, x->vr, x->bytes, strlen(x->bytes),
				 &got);
		same &= strcmp(pacs_buf_str(&got), x->text) == 0;
	}
	pacs_buf_clear(&got);
	return same ? arg : NULL;
}

static void
threads(void)
{
	pthread_t t[COUNT(examples)];
	size_t i;
	void *r;

	TEST("threads convert side by side");
	for (i = 0; i < COUNT(examples); i++)
		CHECK(!pthread_create(&t[i], NULL, in_thread,
				      (void *)(uintptr_t)&examples[i]));
	for (i = 0; i < COUNT(examples); i++) {
		CHECK(!pthread_join(t[i], &r));
		CHECK(r != NULL);
	}
}

int
main(void)
{
	standard_examples();
	clean();
	dirty();
	long_values();
	refused();
	threads();
	return test_done();
}
