/*
 * Other programs: pipes to them, their end, and what they said.
 */
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "unit/test.h"

int
main(void)
{
	static const char *const cat[] = {"cat", NULL};
	static const char *const fails[] = {
	    "sh", "-c", "echo first >&2; echo the last word >&2; exit 3", NULL};
	static const char *const umlaut[] = {
	    "sh", "-c", "printf 'caf\\303\\251\\n' >&2; exit 3", NULL};
	static const char *const none[] = {"pacs-no-such-program", NULL};
	static const char *const waits[] = {"sleep", "1000", NULL};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_child c;
	int in[2], out[2];
	char buf[16] = "";
	size_t n = 0;

	TEST("bytes go through");
	CHECK(pacs_child_pipe(&err, in) == PACS_OK);
	CHECK(pacs_child_pipe(&err, out) == PACS_OK);
	CHECK(pacs_child_start(&err, cat, in[0], out[1], &c) == PACS_OK);
	close(in[0]);
	close(out[1]);
	CHECK(write(in[1], "hello", 5) == 5);
	close(in[1]);
	CHECK(pacs_file_read(&err, out[0], buf, sizeof(buf), &n) == PACS_OK);
	CHECK(n == 5 && !memcmp(buf, "hello", 5));
	close(out[0]);
	CHECK(pacs_child_wait(&err, &c) == PACS_OK);
	CHECK(pacs_child_wait(&err, &c) == PACS_OK); /* none is fine */

	TEST("one that fails is told with its last word");
	CHECK(pacs_child_start(&err, fails, -1, -1, &c) == PACS_OK);
	CHECK(pacs_child_wait(&err, &c) == PACS_EIO);
	CHECK_STR(err.msg, "sh: the last word");
	pacs_error_clear(&err);
	CHECK(pacs_child_start(&err, umlaut, -1, -1, &c) == PACS_OK);
	CHECK(pacs_child_wait(&err, &c) == PACS_EIO);
	CHECK_STR(err.msg, "sh: caf\xc3\xa9");
	pacs_error_clear(&err);

	TEST("one that is not there");
	CHECK(pacs_child_start(&err, none, -1, -1, &c) == PACS_EUNSUPPORTED);
	pacs_error_clear(&err);

	TEST("one that would go on for ever is stopped");
	CHECK(pacs_child_start(&err, waits, -1, -1, &c) == PACS_OK);
	pacs_child_stop(&c);
	CHECK(c.pid == 0);
	return test_done();
}
