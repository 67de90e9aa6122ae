#include <stdlib.h>
#include <unistd.h>

#include "unit/test.h"

#include "cli/internal.h"

/* stdin becomes a file with these bytes. */
static void
stdin_is(const char *bytes, size_t n)
{
	FILE *f = tmpfile();

	if (!f || fwrite(bytes, 1, n, f) != n || fflush(f) ||
	    lseek(fileno(f), 0, SEEK_SET) || dup2(fileno(f), 0) < 0)
		abort();
	fclose(f);
}

/* One list per process is all there is, so one list shows all cases. */
int
main(void)
{
	const size_t longest = 64 * 1024;
	struct pacs_buf in = {0}, b = {0};
	size_t i;

	pacs_buf_adds(&in, "first\n\n\nwith space \n");
	pacs_buf_add(&in, "nul\0inside\n", 11);
	for (i = 0; i < longest; i++)
		pacs_buf_addc(&in, 'x');
	pacs_buf_addc(&in, '\n');
	for (i = 0; i < 3 * longest; i++)
		pacs_buf_addc(&in, 'y');
	pacs_buf_adds(&in, "\nlast");
	stdin_is(in.data, in.len);
	if (!freopen("/dev/null", "w", stderr))
		abort();

	TEST("empty lines are no items");
	CHECK(cli_next_item(&b));
	CHECK_STR(b.data, "first");
	CHECK(cli_next_item(&b));
	CHECK_STR(b.data, "with space ");
	TEST("an item with a NUL byte is skipped and counted");
	CHECK(cli_next_item(&b));
	CHECK_INT(b.len, longest);
	CHECK_INT(cli_items_failed(), 1);
	TEST("an item over 64 KiB is skipped and counted");
	CHECK(cli_next_item(&b));
	CHECK_INT(cli_items_failed(), 2);
	TEST("the last item needs no newline");
	CHECK_STR(b.data, "last");
	CHECK(!cli_next_item(&b));
	CHECK(!cli_next_item(&b));
	CHECK(!cli_items_broken());
	pacs_buf_clear(&in);
	pacs_buf_clear(&b);
	return test_done();
}
