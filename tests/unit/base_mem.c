/* Buffers and arenas. */
#include <stdlib.h>

#include "base/mem.h"
#include "test.h"

int
main(void)
{
	struct pacs_buf b = {0};
	struct pacs_arena a = {0};
	char *p, *big;
	size_t i, wrong = 0;

	TEST("an empty buffer is an empty string");
	CHECK_STR(pacs_buf_str(&b), "");
	pacs_buf_reset(&b);
	pacs_buf_clear(&b);

	TEST("a buffer grows, stays NUL-terminated, and is handed over");
	for (i = 0; i < 1000; i++)
		pacs_buf_addf(&b, "%zu,", i);
	CHECK_INT(b.len, 3890);
	CHECK_INT(b.data[b.len], 0);
	CHECK(strncmp(b.data, "0,1,2,", 6) == 0);
	p = pacs_buf_take(&b);
	CHECK_INT(strlen(p), 3890);
	CHECK(b.data == NULL && b.len == 0 && b.cap == 0);
	free(p);

	TEST("adding nothing to an empty buffer is fine");
	pacs_buf_add(&b, NULL, 0);
	CHECK_STR(pacs_buf_str(&b), "");
	pacs_buf_clear(&b);

	TEST("an arena aligns, keeps what it gave, and serves big sizes");
	p = pacs_arena_strdup(&a, "first");
	for (i = 0; i < 10000; i++) {
		unsigned char *q = pacs_arena_zalloc(&a, i % 100);

		wrong += ((uintptr_t)q & 15) != 0 || (i % 100 && q[0] != 0);
		memset(q, 0xff, i % 100);
	}
	CHECK_INT(wrong, 0);
	CHECK_STR(p, "first");
	big = pacs_arena_alloc(&a, 5u << 20);
	memset(big, 1, 5u << 20);
	CHECK(a.total_bytes > 5u << 20);

	TEST("reset keeps one block and starts over");
	pacs_arena_reset(&a);
	CHECK_INT(a.total_bytes, 0);
	CHECK_STR(pacs_arena_strdup(&a, "again"), "again");
	pacs_arena_clear(&a);
	pacs_arena_reset(&a);
	CHECK(a.blocks == NULL);
	return test_done();
}
