/*
 * Colour profiles (ICC.1:2010): what they say in words, when and by whom they
 * were made, becomes zeros; what gives colours their meaning stays, and no
 * length or offset changes.
 */
#include <stdlib.h>
#include <string.h>

#include "deid/internal.h"

enum { HEAD = 128, TAG = 12, TYPE = 8, TAGS_MAX = 100 };

static uint32_t
number(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* Types that hold numbers, and nothing else. */
static bool
is_of_numbers(const uint8_t *type)
{
	static const char types[][5] = {"XYZ ", "curv", "para", "mft1",
					"mft2", "mAB ", "mBA ", "sf32",
					"view", "meas", "sig ", "chrm"};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!memcmp(type, types[i], 4))
			return true;
	return false;
}

/* The head without date, makers and the digest of what was there. */
static void
copy_head(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, 24);
	memcpy(to + 36, from + 36, 12);
	memcpy(to + 64, from + 64, 16);
}

bool
icc_copy(const uint8_t *p, size_t len, uint8_t *copy)
{
	size_t i, count;
	bool good = true;

	if (len < HEAD + 4 || memcmp(p + 36, "acsp", 4) != 0)
		return false;
	count = number(p + HEAD);
	if (count > TAGS_MAX || len - HEAD - 4 < count * TAG)
		return false;
	memset(copy, 0, len);
	copy_head(copy, p);
	memcpy(copy + HEAD, p + HEAD, 4 + count * TAG);
	for (i = 0; i < count && good; i++) {
		const uint8_t *tag = p + HEAD + 4 + i * TAG;
		size_t at = number(tag + 4), n = number(tag + 8);

		good = at >= HEAD + 4 + count * TAG && at <= len && n >= TYPE &&
		       n <= len - at;
		if (good)
			memcpy(copy + at, p + at,
			       is_of_numbers(p + at) ? n : TYPE);
	}
	return good;
}

bool
icc_scrub(struct pacs_element *e)
{
	size_t len;
	const uint8_t *p = pacs_element_value(e, &len);
	uint8_t *copy = p ? pacs_malloc(len + 1) : NULL;
	bool good = p && icc_copy(p, len, copy);

	if (good)
		pacs_element_set(e, VR("OB"), copy, len);
	free(copy);
	return good;
}
