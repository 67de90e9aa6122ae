#include "dicom/uid.h"

#include <string.h>

#include "unit/test.h"

static void
test_rules(void)
{
	char long_uid[67];

	CHECK(pacs_uid_is_valid("1.2.840.10008.1.2"));
	CHECK(pacs_uid_is_valid("2.25.0"));
	CHECK(!pacs_uid_is_valid(""));
	CHECK(!pacs_uid_is_valid("1..2"));
	CHECK(!pacs_uid_is_valid("1.2."));
	CHECK(!pacs_uid_is_valid(".1"));
	CHECK(!pacs_uid_is_valid("1.02"));
	CHECK(!pacs_uid_is_valid("1.2 "));
	memset(long_uid, '1', sizeof(long_uid));
	long_uid[1] = '.';
	long_uid[64] = '\0';
	CHECK(pacs_uid_is_valid(long_uid));
	long_uid[64] = '1';
	long_uid[65] = '\0';
	CHECK(!pacs_uid_is_valid(long_uid));
	CHECK(pacs_uid_is_safe(long_uid));
	CHECK(pacs_uid_is_safe("1.02.A_b-c"));
	CHECK(!pacs_uid_is_safe(".."));
	CHECK(!pacs_uid_is_safe("-rf"));
	CHECK(!pacs_uid_is_safe("1.2/3"));
	CHECK(!pacs_uid_is_safe("1 2"));
	CHECK(!pacs_uid_is_safe(""));
}

static void
test_clean(void)
{
	char buf[8];

	CHECK(pacs_uid_clean("1.2.3\0", 6, buf, sizeof(buf)));
	CHECK_STR(buf, "1.2.3");
	CHECK(pacs_uid_clean(" 1.2  ", 6, buf, sizeof(buf)));
	CHECK_STR(buf, "1.2");
	CHECK(pacs_uid_clean("1\0junk", 6, buf, sizeof(buf)));
	CHECK_STR(buf, "1");
	CHECK(pacs_uid_clean(NULL, 0, buf, sizeof(buf)));
	CHECK_STR(buf, "");
	CHECK(!pacs_uid_clean("1.2.3.4.", 8, buf, sizeof(buf)));
}

static void
test_made(void)
{
	static const uint8_t zero[16],
	    ones[16] = {255, 255, 255, 255, 255, 255, 255, 255,
			255, 255, 255, 255, 255, 255, 255, 255};
	char a[PACS_UID_MAX + 1], b[PACS_UID_MAX + 1];

	/* 00000000-0000-4000-8000-000000000000 as a decimal number */
	pacs_uid_from_bytes(zero, a);
	CHECK_STR(a, "2.25.302240678275694148452352");
	/* ffffffff-ffff-4fff-bfff-ffffffffffff */
	pacs_uid_from_bytes(ones, a);
	CHECK_STR(a, "2.25.340282366920937632322261936355783213055");
	pacs_uid_random(a);
	pacs_uid_random(b);
	CHECK(strcmp(a, b) != 0);
	CHECK(pacs_uid_is_valid(a) && strncmp(a, "2.25.", 5) == 0);
	CHECK(pacs_uid_is_valid(PACS_IMPLEMENTATION_UID));
	CHECK(strlen(PACS_IMPLEMENTATION_VERSION) <= 16);
}

static void
test_registries(void)
{
	const struct pacs_sop_class *c =
	    pacs_sop_class_find("1.2.840.10008.5.1.4.1.1.2");
	const struct pacs_syntax *s =
	    pacs_syntax_find("1.2.840.10008.1.2.4.70");

	CHECK(c && c->storage && strcmp(c->name, "CT Image Storage") == 0);
	c = pacs_sop_class_find("1.2.840.10008.1.1");
	CHECK(c && !c->storage);
	CHECK(pacs_sop_class_find("1.2.3") == NULL);
	CHECK(s && s->encapsulated && s->lossless && s->form == PACS_EXPLICIT);
	s = pacs_syntax_find(PACS_SYNTAX_EXPLICIT_BE);
	CHECK(s && s->big_endian && !s->encapsulated);
	s = pacs_syntax_find(PACS_SYNTAX_IMPLICIT_LE);
	CHECK(s && s->form == PACS_IMPLICIT);
	s = pacs_syntax_find(PACS_SYNTAX_DEFLATED_LE);
	CHECK(s && s->deflated && s->lossless);
	s = pacs_syntax_find("1.2.840.10008.1.2.4.50");
	CHECK(s && !s->lossless);
	CHECK(pacs_syntax_find("1.2.840.10008.1") == NULL);
}

int
main(void)
{
	TEST("valid and safe UIDs are two questions");
	test_rules();
	TEST("a UID value loses its padding");
	test_clean();
	TEST("made UIDs are decimal UUIDs");
	test_made();
	TEST("SOP classes and syntaxes are found");
	test_registries();
	return test_done();
}
