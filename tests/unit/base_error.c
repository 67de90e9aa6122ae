/* Errors: the first wins, one line, codes from errno and their statuses. */
#include <errno.h>

#include "base/error.h"
#include "test.h"

int
main(void)
{
	struct pacs_error e = PACS_ERROR_INIT;
	char long_text[1000];
	const char *kept;
	int i;

	TEST("the first error wins, context goes to the front");
	CHECK_ERR(pacs_error_set(&e, PACS_EFORMAT, "bad %d", 7), PACS_EFORMAT);
	CHECK_ERR(pacs_error_set(&e, PACS_EIO, "later"), PACS_EFORMAT);
	CHECK_ERR(pacs_error_wrap(&e, "file '%s'", "x"), PACS_EFORMAT);
	CHECK_STR(e.msg, "file 'x': bad 7");

	TEST("clear makes room for another error");
	pacs_error_clear(&e);
	CHECK_INT(e.code, PACS_OK);
	CHECK_STR(e.msg, "");

	TEST("system errors give a code and a reason");
	CHECK_ERR(pacs_error_sys(&e, ENOSPC, "cannot write"), PACS_ENOSPC);
	CHECK_STR(e.msg, "cannot write: No space left on device");
	CHECK_INT(e.sys_errno, ENOSPC);
	pacs_error_clear(&e);
	CHECK_ERR(pacs_error_sys(&e, EROFS, "x"), PACS_EDENIED);
	pacs_error_clear(&e);
	CHECK_ERR(pacs_error_sys(&e, ENOENT, "x"), PACS_ENOTFOUND);
	pacs_error_clear(&e);
	CHECK_ERR(pacs_error_sys(&e, EIO, "x"), PACS_EIO);

	TEST("a message is one line, and is cut, not overrun");
	pacs_error_clear(&e);
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	long_text[3] = '\n';
	pacs_error_set(&e, PACS_EIO, "%s", long_text);
	CHECK_INT(strlen(e.msg), sizeof(e.msg) - 1);
	CHECK(!strchr(e.msg, '\n'));
	pacs_error_wrap(&e, "%s", long_text);
	CHECK_INT(strlen(e.msg), sizeof(e.msg) - 1);

	TEST("names, meanings and statuses come from errcodes.def");
	CHECK_STR(pacs_err_name(PACS_ENOSPC), "nospc");
	CHECK_STR(pacs_err_name(PACS_OK), "ok");
	for (i = 0; i < PACS_ERR_COUNT; i++)
		CHECK(pacs_err_name((enum pacs_err)i) != NULL);
	/* Whoever keeps a name has it for good. */
	kept = pacs_err_name(PACS_EIO);
	CHECK_STR(pacs_err_name(PACS_ELIMIT), "limit");
	CHECK_STR(kept, "io");
	CHECK_INT(pacs_err_status(PACS_EBUSY), 75);
	CHECK_INT(pacs_err_status(PACS_EUSAGE), 2);
	CHECK(strstr(pacs_err_meaning(PACS_EBUSY), "again") != NULL);
	return test_done();
}
