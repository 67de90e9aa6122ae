#include "unit/test.h"

#include "cli/internal.h"

static const struct {
	const char *text, *json;
} cases[] = {
    {"", "\"\""},
    {"plain", "\"plain\""},
    {"a\"b\\c", "\"a\\\"b\\\\c\""},
    {"\t\n\r\x01\x7f", "\"\\t\\n\\r\\u0001\\u007f\""},
    {"\xc3\xa9\xe5\xb1\xb1\xf0\x9f\x98\x80",
     "\"\xc3\xa9\xe5\xb1\xb1\xf0\x9f\x98\x80\""},
    /* Latin-1, an overlong slash, a surrogate, a cut character. */
    {"M\xfcller", "\"M\xef\xbf\xbdller\""},
    {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"x\xe5\xb1", "\"x\xef\xbf\xbd\xef\xbf\xbd\""},
};

int
main(void)
{
	struct pacs_buf b = {0};
	size_t i;

	TEST("a JSON string is valid JSON and UTF-8 whatever the bytes");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pacs_buf_reset(&b);
		cli_json_string(&b, cases[i].text);
		CHECK_STR(b.data, cases[i].json);
	}
	TEST("a program has a name before cli_start");
	CHECK_STR(cli_program_name(), "pacs");
	pacs_buf_clear(&b);
	return test_done();
}
