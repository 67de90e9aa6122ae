#include "unit/test.h"

#include "cli/cli.h"

static const char *const words[] = {"find",       "store",   "index",
				    "quarantine", "phantom", NULL};
static const char *const fields[] = {"StudyDate", "StudyTime", "PatientID",
				     NULL};

int
main(void)
{
	TEST("a slip of a letter or two finds the word");
	CHECK_STR(cli_suggest("fnid", words), "find");
	CHECK_STR(cli_suggest("stor", words), "store");
	CHECK_STR(cli_suggest("indexx", words), "index");
	CHECK_STR(cli_suggest("quarentine", words), "quarantine");
	TEST("the beginning of a word, and another case, find it");
	CHECK_STR(cli_suggest("quar", words), "quarantine");
	CHECK_STR(cli_suggest("studydate", fields), "StudyDate");
	CHECK_STR(cli_suggest("PatientId", fields), "PatientID");
	TEST("nothing is suggested when nothing is near");
	CHECK_STR(cli_suggest("zzzzzz", words), NULL);
	CHECK_STR(cli_suggest("", words), NULL);
	CHECK_STR(cli_suggest("xy", words), NULL);
	TEST("a word longer than any is no word, and no crash");
	CHECK_STR(
	    cli_suggest("ffffffffffffffffffffffffffffffffffffffffffffffff"
			"ffffffffffffffffffffffffffffffffffffffffffffffff",
			words),
	    NULL);
	return test_done();
}
