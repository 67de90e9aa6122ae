/*
 * The ledger: lines and their chain, segments that are sealed and followed by
 * another, searching, and readers beside a writer.
 */
#include <stdlib.h>
#include <unistd.h>

#include "archive/internal.h"
#include "folder.h"
#include "test.h"

static struct pacs_error err;

static void
add(struct pacs_buf *b, unsigned n)
{
	struct pacs_triple t;

	snprintf(t.study, sizeof(t.study), "1.2.%u", n % 7);
	snprintf(t.series, sizeof(t.series), "1.3.%u", n % 11);
	snprintf(t.instance, sizeof(t.instance), "1.4.%u", n);
	line_format(b, "2026-01-01T00:00:00.000000Z", PACS_OP_STORE, &t, n,
		    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
		    "abcdef",
		    "file", n % 2 ? "key=value\tother=1" : NULL);
	pacs_buf_addc(b, '\n');
}

static unsigned
read_all(struct pacs_archive *ar, unsigned *ret_segments)
{
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	unsigned n = 0, bad = 0;
	char want[32], value[16];

	CHECK_OK(pacs_ledger_open(&err, ar, NULL, &r));
	while (!pacs_ledger_next(&err, r, &line) && line) {
		*ret_segments = line->after.segment;
		if (line->op != PACS_OP_STORE)
			continue;
		snprintf(want, sizeof(want), "1.4.%u", n);
		bad += strcmp(line->instance, want) != 0 || line->size != n;
		bad += pacs_ledger_extra(line, "other", value, sizeof(value)) !=
		       (n % 2 == 1);
		n++;
	}
	CHECK_STR(err.msg, "");
	CHECK_INT(bad, 0);
	pacs_ledger_close(r);
	return n;
}

static void
test_segments(struct pacs_archive *ar)
{
	struct ledger_tail t;
	struct pacs_buf b = {0};
	struct pacs_triple tr = {"1.2.3", "1.3.3", "1.4.3"};
	char sha[PACS_SHA256_HEX];
	struct pacs_cursor c, end;
	unsigned n = 0, segments = 0;
	uint64_t size;
	bool yes;

	TEST("a full segment is sealed and the chain goes on in the next");
	CHECK_OK(tail_open(&err, ar, &t));
	do {
		pacs_buf_reset(&b);
		while (b.len < 8u << 20)
			add(&b, n++);
		CHECK_OK(tail_lock(&err, &t, NULL));
		CHECK_OK(tail_append(&err, &t, &b));
		tail_unlock(&t);
	} while (t.end.segment < 3);
	CHECK_OK(tail_sync(&err, &t, 1));
	CHECK_INT(segment_last(ar, 1), 3);
	CHECK_INT(read_all(ar, &segments), n);
	CHECK_INT(segments, 3);

	TEST("the end of a segment and the beginning of the next are held");
	CHECK_OK(pacs_ledger_tail(&err, ar, &end));
	CHECK_INT(end.segment, 3);
	CHECK_OK(pacs_ledger_holds(&err, ar, &end, &yes));
	CHECK(yes);
	c = end;
	c.segment = 2;
	CHECK_OK(pacs_ledger_holds(&err, ar, &c, &yes));
	CHECK(!yes);
	c.segment = 9;
	CHECK_OK(pacs_ledger_holds(&err, ar, &c, &yes));
	CHECK(!yes);

	TEST("an object is found in an old segment, the last line counts");
	CHECK_OK(pacs_ledger_expect(&err, ar, &tr, sha, &size));
	CHECK_INT(size, 3);
	snprintf(tr.instance, sizeof(tr.instance), "1.4.%u", n);
	CHECK_ERR(pacs_ledger_expect(&err, ar, &tr, sha, &size),
		  PACS_ENOTFOUND);
	pacs_error_clear(&err);

	TEST("another program's tail sees what this one appended");
	{
		struct ledger_tail other;

		CHECK_OK(tail_open(&err, ar, &other));
		CHECK_OK(tail_lock(&err, &other, NULL));
		CHECK_STR(other.end.check, t.end.check);
		tail_unlock(&other);
		tail_close(&other);
	}
	tail_close(&t);
	pacs_buf_clear(&b);
}

static void
test_words(void)
{
	struct pacs_buf b = {0};
	struct pacs_ledger_line line;
	char text[300];

	TEST("what a field cannot hold is percent-encoded");
	line_encode(&b, "a b\t=\n%'Z\303\251", 100);
	CHECK_STR(b.data, "a%20b%09%3D%0A%25%27Z%C3%A9");
	pacs_buf_reset(&b);
	line_encode(&b, "abcdef", 3);
	CHECK_STR(b.data, "abc");
	pacs_buf_clear(&b);

	TEST("lines without their fields are refused");
	strcpy(text, "t\tstore\t1\t2\t3\t4\t-\tfile\tcheck");
	CHECK(line_parse(text, &line));
	CHECK_STR(line.sha256, "");
	CHECK_INT(line.size, 4);
	strcpy(text, "t\tstore\t1\t2\t3\tx\t-\tfile\tcheck");
	CHECK(!line_parse(text, &line));
	strcpy(text, "t\tstore\t1\t2\t3\t4\t-");
	CHECK(!line_parse(text, &line));
	strcpy(text, "t\tstore\t1\t2\t3\t4\tabc\tfile\tcheck");
	CHECK(!line_parse(text, &line));
	strcpy(text, "");
	CHECK(!line_parse(text, &line));
}

int
main(void)
{
	struct pacs_settings s = {0};
	struct pacs_archive *ar;

	test_words();
	if (!test_folder_make())
		return 1;
	TEST("a new archive opens");
	CHECK_OK(pacs_archive_create(&err, test_folder, &s));
	CHECK_OK(pacs_archive_open(&err, test_folder, PACS_ARCHIVE_WRITE, &ar));
	test_segments(ar);
	pacs_archive_close(ar);
	CHECK(test_folder_remove());
	return test_done();
}
