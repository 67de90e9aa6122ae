#include "dicom/tag.h"

#include <string.h>

#include "unit/test.h"

static void
test_find(void)
{
	const struct pacs_dict_entry *e = pacs_dict_find_tag(0x00100010);

	CHECK(e != NULL);
	CHECK_STR(e->keyword, "PatientName");
	CHECK_STR(e->name, "Patient's Name");
	CHECK(e->vr == PACS_VR('P', 'N') && !e->retired);
	CHECK(pacs_dict_find_tag(0x00091001) == NULL);
	CHECK(pacs_dict_find_tag(0x00080003) == NULL);
	e = pacs_dict_find_tag(0x60023000);
	CHECK(e && strcmp(e->keyword, "OverlayData") == 0);
	CHECK(e && e->mask == 0xff00ffff && e->tag == 0x60003000);
	CHECK(pacs_dict_find_tag(0x60033000) == NULL);
	e = pacs_dict_find_tag(0x00203105);
	CHECK(e && strcmp(e->keyword, "SourceImageIDs") == 0);
	e = pacs_dict_find_tag(0x00280106);
	CHECK(e && strcmp(e->vrs, "US or SS") == 0);
	CHECK(pacs_dict_find_keyword("PixelData") ==
	      pacs_dict_find_tag(PACS_TAG_PixelData));
	CHECK(pacs_dict_find_keyword("OverlayData") != NULL);
	CHECK(pacs_dict_find_keyword("") == NULL);
	CHECK(pacs_dict_find_keyword("patientname") == NULL);
}

static void
test_vr_of_tag(void)
{
	CHECK(pacs_dict_vr(0x00080018) == PACS_VR('U', 'I'));
	CHECK(pacs_dict_vr(0x00090010) == PACS_VR('L', 'O'));
	CHECK(pacs_dict_vr(0x00091010) == 0);
	CHECK(pacs_dict_vr(0x00090000) == PACS_VR('U', 'L'));
	CHECK(pacs_dict_vr(0x60100010) == PACS_VR('U', 'S'));
	CHECK(pacs_dict_vr(0x00100001) == 0);
}

static void
test_suggest(void)
{
	CHECK_STR(pacs_dict_suggest("PatientNmae"), "PatientName");
	CHECK_STR(pacs_dict_suggest("patientid"), "PatientID");
	CHECK(pacs_dict_suggest("Xyzzy") == NULL);
	CHECK(pacs_dict_suggest("") == NULL);
}

static void
test_parse(void)
{
	uint32_t tag = 0;
	char buf[12];

	CHECK(pacs_tag_parse("00100020", &tag) && tag == 0x00100020);
	CHECK(pacs_tag_parse("7fe0,0010", &tag) && tag == PACS_TAG_PixelData);
	CHECK(pacs_tag_parse("(0008,103E)", &tag) && tag == 0x0008103e);
	CHECK(pacs_tag_parse("Modality", &tag) && tag == 0x00080060);
	CHECK(!pacs_tag_parse("(0008,103E", &tag));
	CHECK(!pacs_tag_parse("0008103E)", &tag));
	CHECK(!pacs_tag_parse("0008103", &tag));
	CHECK(!pacs_tag_parse("", &tag));
	CHECK_STR(pacs_tag_format(0x7fe0abcd, buf), "(7FE0,ABCD)");
}

static void
test_vr(void)
{
	CHECK(pacs_vr_is_known(PACS_VR('S', 'Q')));
	CHECK(!pacs_vr_is_known(PACS_VR('Z', 'Z')));
	CHECK(pacs_vr_has_long_length(PACS_VR('U', 'T')));
	CHECK(!pacs_vr_has_long_length(PACS_VR('A', 'T')));
	CHECK(pacs_vr_is_text(PACS_VR('P', 'N')));
	CHECK(!pacs_vr_is_text(PACS_VR('C', 'S')));
	CHECK(pacs_vr_is_string(PACS_VR('U', 'R')));
	CHECK_INT(pacs_vr_word(PACS_VR('A', 'T')), 2);
	CHECK_INT(pacs_vr_word(PACS_VR('O', 'D')), 8);
	CHECK_INT(pacs_vr_word(PACS_VR('U', 'N')), 1);
	CHECK_INT(pacs_vr_pad(PACS_VR('U', 'I')), 0);
	CHECK_INT(pacs_vr_pad(PACS_VR('L', 'O')), ' ');
}

int
main(void)
{
	TEST("a tag finds its entry, repeating groups included");
	test_find();
	TEST("private creators and group lengths have a VR without an entry");
	test_vr_of_tag();
	TEST("a misspelt keyword finds its neighbour");
	test_suggest();
	TEST("tags are read in every spelling and nothing else");
	test_parse();
	TEST("VR facts follow PS3.5");
	test_vr();
	return test_done();
}
