/* HMAC, dates and offsets: what no user sees one at a time. */
#include <string.h>

#include "base/hmac.h"
#include "deid/deid.h"
#include "unit/test.h"

static void
hmac_vectors(void)
{
	uint8_t key[20], ret[PACS_SHA256_SIZE];
	char hex[PACS_SHA256_HEX];
	struct pacs_hmac *h;

	TEST("HMAC-SHA256 gives what RFC 4231 says");
	memset(key, 0x0b, sizeof(key));
	h = pacs_hmac_new(key, sizeof(key));
	pacs_hmac_of(h, "Hi There", 8, ret);
	pacs_hex(ret, sizeof(ret), hex);
	CHECK_STR(hex, "b0344c61d8db38535ca8afceaf0bf12b"
		       "881dc200c9833da726e9376c2e32cff7");
	pacs_hmac_free(h);
	h = pacs_hmac_new("Jefe", 4);
	pacs_hmac_of(h, "what do ya want for nothing?", 28, ret);
	pacs_hex(ret, sizeof(ret), hex);
	CHECK_STR(hex, "5bdcc146bf60754e6a042426089575c7"
		       "5a003f089d2739839dec58b964ec3843");
	pacs_hmac_free(h);
}

static const struct {
	const char *in;
	bool datetime;
	int days;
	const char *out; /* NULL: no date */
} dates[] = {
    {"20240301", false, -1, "20240229"},
    {"20240301 ", false, -1, "20240229"},
    {"2024.03.01", false, -1, "2024.02.29"},
    {"20240101", false, -365, "20230101"},
    {"20240230", false, -1, NULL},
    {"2024", false, -1, NULL},
    {"DOE^JANE", false, -1, NULL},
    {"20240301X", false, -1, NULL},
    {"20240301101112.123456+0100", true, -1, "20240229101112.123456+0100"},
    {"20240301", true, -1, "20240229"},
    {"202403", true, -20, "202402"},
    {"2024", true, -400, "2023"},
    {"2024+0100", true, -1, "2024+0100"},
    {"20240301 DOE", true, -1, NULL},
    {"2024030", true, -1, NULL},
};

static void
shifts(void)
{
	size_t i;

	TEST("dates move in the form they have, what is none does not");
	for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		struct pacs_buf out = {0};
		bool good =
		    pacs_deid_shift(dates[i].in, strlen(dates[i].in),
				    dates[i].datetime, dates[i].days, &out);

		CHECK(good == (dates[i].out != NULL));
		if (dates[i].out)
			CHECK_STR(pacs_buf_str(&out), dates[i].out);
		pacs_buf_clear(&out);
	}
}

static void
offsets(void)
{
	static const uint8_t key[PACS_DEID_KEY_SIZE] = {1};
	struct pacs_deid_options opts = {.date_range_days = 30};
	struct pacs_deid *d = pacs_deid_new(&opts, key);
	bool seen[31] = {false};
	char name[16];
	int i, different = 0;

	TEST("offsets are never 0, within the range, and use all of it");
	for (i = 0; i < 1000; i++) {
		int days;

		snprintf(name, sizeof(name), "P%d", i);
		days = pacs_deid_offset(d, name);
		CHECK(days < 0 && days >= -30);
		different += !seen[-days];
		seen[-days] = true;
		CHECK(days == pacs_deid_offset(d, name));
	}
	CHECK(different == 30);
	opts.whole_weeks = true;
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "P%d", i);
		CHECK(pacs_deid_offset(d, name) % 7 == 0);
		CHECK(pacs_deid_offset(d, name) < 0);
	}
	pacs_deid_free(d);
}

static void
uids(void)
{
	static const uint8_t key[PACS_DEID_KEY_SIZE] = {1};
	struct pacs_deid_options opts = {0};
	struct pacs_deid *d = pacs_deid_new(&opts, key);
	char a[PACS_UID_MAX + 1], b[PACS_UID_MAX + 1];

	TEST("UIDs are valid, different for different ones; classes stay");
	pacs_deid_uid(d, "1.2.3", a);
	pacs_deid_uid(d, "1.2.4", b);
	CHECK(pacs_uid_is_valid(a) && pacs_uid_is_valid(b));
	CHECK(strcmp(a, b) != 0);
	pacs_deid_uid(d, "1.2.840.10008.5.1.4.1.1.2", a);
	CHECK_STR(a, "1.2.840.10008.5.1.4.1.1.2");
	pacs_deid_uid(d, "1.2.840.10008.5.1.4.1.1.2.2024", a);
	CHECK(!strncmp(a, "2.25.", 5));
	pacs_deid_free(d);
}

int
main(void)
{
	hmac_vectors();
	shifts();
	offsets();
	uids();
	return test_done();
}
