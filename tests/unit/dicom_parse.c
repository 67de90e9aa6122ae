/* Elements out of bytes: sequences, fragments, headers as they are met in the
 * field, and how damage ends the reading. */
#include "unit/dicom_bytes.h"

/* A sequence of two items, each with a code value. */
static void
put_sequence(struct pacs_buf *b, bool undefined)
{
	struct pacs_buf items = {0};
	int i;

	for (i = 0; i < 2; i++) {
		struct pacs_buf in = {0};

		put_str(&in, 0x00080100, "SH", i ? "B " : "A ");
		put_header(&items, ITEM, "",
			   undefined ? PACS_LENGTH_UNDEFINED
				     : (uint32_t)in.len);
		pacs_buf_add(&items, in.data, in.len);
		if (undefined)
			put_header(&items, ITEM_END, "", 0);
		pacs_buf_clear(&in);
	}
	put_header(b, 0x00081140, "SQ",
		   undefined ? PACS_LENGTH_UNDEFINED : (uint32_t)items.len);
	pacs_buf_add(b, items.data, items.len);
	if (undefined)
		put_header(b, SEQ_END, "", 0);
	pacs_buf_clear(&items);
}

static void
test_sequences(bool undefined, bool cut_delimiters)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;
	struct pacs_element *e;
	struct pacs_item *item;

	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080005, "CS", "ISO_IR 192");
	put_sequence(&b, undefined);
	if (cut_delimiters)
		b.len -= 16;
	else
		put_str(&b, 0x00100020, "LO", "ID");
	ds = read_ok(&b, NULL);
	e = pacs_item_find(pacs_dataset_root(ds), 0x00081140);
	CHECK(pacs_element_is_sequence(e));
	CHECK_INT(pacs_element_item_count(e), 2);
	CHECK_INT(pacs_element_is_undefined_length(e), undefined);
	item = pacs_element_item(e, 1);
	CHECK(pacs_item_parent(item) == pacs_dataset_root(ds));
	CHECK_STR(text_of(item, 0x00080100), "B");
	CHECK(pacs_element_item(e, 2) == NULL);
	if (!cut_delimiters)
		CHECK_STR(text_of(pacs_dataset_root(ds), 0x00100020), "ID");
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

/* UN of undefined length holds implicit little endian (PS3.5 6.2.2). */
static void
test_un(bool undefined)
{
	struct pacs_buf b = {0}, in = {0};
	struct pacs_dataset *ds;
	struct pacs_element *e;

	put_header(&in, ITEM, "", 10);
	put_str(&in, 0x00080100, "", "A ");
	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080005, "CS", "ISO_IR 192");
	put_header(&b, 0x00081140, "UN",
		   undefined ? PACS_LENGTH_UNDEFINED : (uint32_t)in.len);
	pacs_buf_add(&b, in.data, in.len);
	if (undefined)
		put_header(&b, SEQ_END, "", 0);
	put_str(&b, 0x00100020, "LO", "ID");
	ds = read_ok(&b, NULL);
	e = pacs_item_find(pacs_dataset_root(ds), 0x00081140);
	CHECK_INT(pacs_element_item_count(e), 1);
	CHECK(pacs_element_raw_vr(e) == PACS_VR('U', 'N'));
	CHECK(pacs_element_vr(e) == PACS_VR('S', 'Q'));
	CHECK_STR(text_of(pacs_element_item(e, 0), 0x00080100), "A");
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00100020), "ID");
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
	pacs_buf_clear(&in);
}

/* A UN that only looks like a sequence stays bytes. */
static void
test_failed_trial(void)
{
	struct pacs_buf b = {0}, in = {0};
	struct pacs_dataset *ds;
	struct pacs_element *e;
	size_t len;

	put_header(&in, ITEM, "", 10);
	put_header(&in, 0x00080100, "", 4000); /* goes past its end */
	pacs_buf_adds(&in, "A ");
	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080005, "CS", "ISO_IR 192");
	put_el(&b, 0x00081140, "UN", in.data, in.len);
	put_str(&b, 0x00100020, "LO", "ID");
	ds = read_ok(&b, NULL);
	e = pacs_item_find(pacs_dataset_root(ds), 0x00081140);
	CHECK(!pacs_element_is_sequence(e));
	CHECK(pacs_element_vr(e) == PACS_VR('U', 'N'));
	CHECK(pacs_element_value(e, &len) != NULL);
	CHECK_INT(len, in.len);
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00100020), "ID");
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
	pacs_buf_clear(&in);
}

static void
test_odd_headers(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;
	struct pacs_item *root;

	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080005, "CS", "ISO_IR 192");
	put_str(&b, 0x00080050, "", "NOVR");     /* implicit among explicit */
	put_str(&b, 0x00080060, "CS", "CTX");    /* odd length */
	put_str(&b, 0x00080070, "ZZ", "FUTURE"); /* unknown, long form */
	put_tag(&b, 0x00080080);                 /* unknown, short form */
	pacs_buf_add(&b, "YY\4\0SITE", 8);
	put_str(&b, 0x00100020, "SH", "WRONGVR ");
	put_str(&b, 0xfffcfffc, "OB", "\0\0");
	ds = read_ok(&b, NULL);
	root = pacs_dataset_root(ds);
	CHECK_STR(text_of(root, 0x00080050), "NOVR");
	CHECK(pacs_element_raw_vr(pacs_item_find(root, 0x00080050)) == 0);
	CHECK_STR(text_of(root, 0x00080060), "CTX");
	CHECK_STR(text_of(root, 0x00080070), "FUTURE");
	CHECK_STR(text_of(root, 0x00080080), "SITE");
	CHECK_STR(text_of(root, 0x00100020), "WRONGVR");
	CHECK(pacs_element_vr(pacs_item_find(root, 0x00100020)) ==
	      PACS_VR('S', 'H'));
	CHECK(pacs_item_find(root, 0xfffcfffc) != NULL);
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

static void
test_explicit_in_implicit(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;

	put_meta(&b, PACS_SYNTAX_IMPLICIT_LE);
	put_str(&b, 0x00080005, "", "ISO_IR 192");
	put_str(&b, 0x00080016, "", "1.2.840.10");
	put_str(&b, 0x00080050, "SH", "ACC1");
	put_str(&b, 0x00100020, "", "ID");
	ds = read_ok(&b, NULL);
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00080050), "ACC1");
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00100020), "ID");
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

static void
test_trailing(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;
	int i;

	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080018, "UI", "1.2.3.4 ");
	for (i = 0; i < 1000; i++)
		pacs_buf_addc(&b, '\0');
	ds = read_ok(&b, NULL);
	CHECK_INT(pacs_dataset_info(ds)->trailing_bytes, 1000);
	pacs_dataset_free(ds);
	pacs_buf_adds(&b, "something");
	must_fail(&b, NULL, PACS_EFORMAT, "cut");
	pacs_buf_clear(&b);
}

static void
test_fragments(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;
	struct pacs_element *e;
	size_t len;

	put_meta(&b, "1.2.840.10008.1.2.4.70");
	put_str(&b, 0x00080018, "UI", "1.2.3.4 ");
	put_header(&b, 0x7fe00010, "OB", PACS_LENGTH_UNDEFINED);
	put_header(&b, ITEM, "", 0);
	put_str(&b, ITEM, "", "FRAGMENT");
	put_header(&b, SEQ_END, "", 0);
	put_str(&b, 0x7fe10010, "LO", "AFTER ");
	ds = read_ok(&b, NULL);
	e = pacs_item_find(pacs_dataset_root(ds), 0x7fe00010);
	CHECK(pacs_element_is_encapsulated(e) && !pacs_element_is_sequence(e));
	CHECK_INT(pacs_element_fragment_count(e), 2);
	CHECK(memcmp(pacs_element_fragment(e, 1, &len), "FRAGMENT", 8) == 0);
	CHECK_INT(len, 8);
	CHECK(pacs_element_value(e, &len) == NULL);
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x7fe10010), "AFTER");
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

static void
test_limits(void)
{
	struct pacs_read_options opts = {.max_elements = 10};
	struct pacs_buf b = {0};
	int i;

	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080018, "UI", "1.2.3.4 ");
	for (i = 0; i < 40000; i++) {
		put_header(&b, 0x0040a730, "SQ", PACS_LENGTH_UNDEFINED);
		put_header(&b, ITEM, "", PACS_LENGTH_UNDEFINED);
	}
	must_fail(&b, NULL, PACS_ELIMIT, "64 nested");
	must_fail(&b, &opts, PACS_ELIMIT, "10 elements");
	opts.max_elements = 0;
	opts.max_depth = 100000;
	opts.tolerate_damage = true;
	must_fail(&b, &opts, PACS_ELIMIT, "1000 nested");
	pacs_buf_clear(&b);
}

static void
test_damage(void)
{
	struct pacs_read_options opts = {.tolerate_damage = true};
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;

	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080018, "UI", "1.2.3.4 ");
	put_header(&b, 0x00200010, "SH", 100);
	pacs_buf_adds(&b, "short");
	must_fail(&b, NULL, PACS_EFORMAT, "(0020,0010)");
	ds = read_ok(&b, &opts);
	CHECK(pacs_dataset_damage(ds) != NULL);
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00080018), "1.2.3.4");
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00200010), "(absent)");
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

int
main(void)
{
	TEST("sequences have items, whatever their lengths");
	test_sequences(false, false);
	test_sequences(true, false);
	test_sequences(true, true);
	TEST("UN holds implicit little endian");
	test_un(true);
	test_un(false);
	TEST("a UN that is no sequence stays bytes");
	test_failed_trial();
	TEST("missing, unknown and wrong VRs are read");
	test_odd_headers();
	TEST("explicit elements in an implicit data set are read");
	test_explicit_in_implicit();
	TEST("trailing padding is counted, trailing data is damage");
	test_trailing();
	TEST("pixel data comes in fragments");
	test_fragments();
	TEST("depth and number of elements have limits");
	test_limits();
	TEST("damage is an error, or ends the reading");
	test_damage();
	return test_done();
}
