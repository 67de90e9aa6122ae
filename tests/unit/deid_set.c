/* Sets of digests: that members are found, once each, while the set grows. */
#include <stdlib.h>
#include <string.h>

#include "deid/set.h"
#include "unit/test.h"

enum { MANY = 50000 };

/* Of a member; spread well, as a digest is. */
static struct pacs_uid_digest
digest_of(uint64_t n)
{
	struct pacs_uid_digest d;
	uint64_t x = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 29;
	memcpy(d.bytes, &x, sizeof(x));
	memcpy(d.bytes + sizeof(x), &n, sizeof(n));
	return d;
}

static void
put_all(struct digest_set *s, bool expect_new, unsigned *ret_wrong)
{
	uint32_t i, held;
	bool is_new;
	char *own;

	for (i = 0; i < MANY; i++) {
		struct pacs_uid_digest d = digest_of(i);

		own = set_put(s, &d, &is_new);
		memcpy(&held, own, sizeof(held));
		*ret_wrong += is_new != expect_new;
		*ret_wrong += held != (expect_new ? 0 : i);
		memcpy(own, &i, sizeof(i));
	}
}

/* Each member comes once, with its own bytes. */
static unsigned
count_wrong(const struct digest_set *s)
{
	char *seen = calloc(MANY, 1);
	const char *member;
	unsigned wrong = 0;
	size_t at = 0;
	uint32_t i;

	while ((member = set_next(s, &at))) {
		memcpy(&i, member + s->key, sizeof(i));
		if (i >= MANY || seen[i]++)
			wrong++;
	}
	for (i = 0; i < MANY; i++)
		wrong += !seen[i];
	free(seen);
	return wrong;
}

static void
one_of(unsigned key)
{
	struct digest_set s = DIGEST_SET(key, sizeof(uint32_t));
	struct pacs_uid_digest d = digest_of(MANY);
	unsigned wrong = 0;
	size_t at = 0;

	CHECK(!set_has(&s, &d));
	CHECK(!set_next(&s, &at));
	put_all(&s, true, &wrong);
	put_all(&s, false, &wrong);
	CHECK(wrong == 0);
	CHECK(s.count == MANY);
	CHECK(count_wrong(&s) == 0);
	CHECK(!set_has(&s, &d));
	d = digest_of(MANY / 2);
	CHECK(set_has(&s, &d));
	set_clear(&s);
	CHECK(s.count == 0 && !set_has(&s, &d));
}

int
main(void)
{
	TEST("members of 8 bytes are found again, and come once");
	one_of(8);
	TEST("members of 16 bytes are found again, and come once");
	one_of(16);
	return test_done();
}
