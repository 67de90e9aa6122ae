/* What a value is: its VR, and numbers out of it. */
#include <time.h>

#include "unit/dicom_bytes.h"

static void
test_vr_in_scope(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;
	struct pacs_item *root;

	put_meta(&b, PACS_SYNTAX_IMPLICIT_LE);
	put_str(&b, 0x00080018, "", "1.2.3.4 ");
	put_str(&b, 0x00090010, "", "CREATOR ");
	put_str(&b, 0x00091001, "", "PRIVATE ");
	put_el(&b, 0x00280100, "", "\x10\0", 2);
	put_el(&b, 0x00280103, "", "\1\0", 2);
	put_el(&b, 0x00280106, "", "\xff\xff", 2);
	put_el(&b, 0x7fe00010, "", "\1\2", 2);
	ds = read_ok(&b, NULL);
	root = pacs_dataset_root(ds);
	CHECK_STR(text_of(root, 0x00280106), "-1");
	CHECK_STR(text_of(root, 0x00090010), "CREATOR");
	CHECK(pacs_element_vr(pacs_item_find(root, 0x00091001)) ==
	      PACS_VR('U', 'N'));
	CHECK(pacs_element_vr(pacs_item_find(root, 0x7fe00010)) ==
	      PACS_VR('O', 'W'));
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

/* Out of order, so that no search can end early. */
static struct pacs_dataset *
read_many(struct pacs_buf *b, unsigned n)
{
	put_meta(b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(b, 0x00200010, "SH", "late");
	while (n--)
		put_str(b, 0x00100010, "PN", "\xc4 ");
	return read_ok(b, NULL);
}

static void
test_many(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds = read_many(&b, 200000);
	const struct pacs_item *root = pacs_dataset_root(ds);
	struct pacs_buf text = {0};
	clock_t start = clock();
	struct pacs_element *e;

	for (e = pacs_item_first(root); e; e = pacs_element_next(e)) {
		pacs_buf_reset(&text);
		pacs_element_text(root, e, &text, NULL);
	}
	CHECK_STR(pacs_buf_str(&text), "\xc3\x84");
	/* A search through all for each would take half a minute. */
	CHECK((clock() - start) / CLOCKS_PER_SEC < 5);
	pacs_buf_clear(&text);
	pacs_buf_clear(&b);
	pacs_dataset_free(ds);
}

/* While it is looked for. */
static bool
drop_late(void *ctx, struct pacs_element *e)
{
	return pacs_item_find(ctx, 0x00300010) != e;
}

static void
test_found_again(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds = read_many(&b, 1000);
	struct pacs_item *root = pacs_dataset_root(ds);

	CHECK(!pacs_item_find(root, PACS_TAG_SpecificCharacterSet));
	CHECK_STR(text_of(root, 0x00100010), "\xc3\x84");
	pacs_item_put_bytes(root, PACS_TAG_SpecificCharacterSet,
			    PACS_VR('C', 'S'), "ISO_IR 144", 10);
	CHECK_STR(text_of(root, 0x00100010), "\xd0\xa4");
	CHECK(pacs_item_remove(root, PACS_TAG_SpecificCharacterSet));
	CHECK_STR(text_of(root, 0x00100010), "\xc3\x84");
	pacs_item_put_bytes(root, 0x00300010, PACS_VR('L', 'O'), "LATE", 4);
	pacs_item_filter(root, drop_late, root);
	CHECK(!pacs_item_find(root, 0x00300010));
	pacs_buf_clear(&b);
	pacs_dataset_free(ds);
}

static void
test_numbers(void)
{
	static const double fd[] = {0.1, -1.5e300};
	static const float fl[] = {0.1f};
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;
	struct pacs_item *root;
	int64_t n = 0;
	double d = 0;

	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00200013, "IS", " 12\\-3 ");
	put_str(&b, 0x00280030, "DS", "0.50\\ 2e1 ");
	put_el(&b, 0x00189305, "FD", fd, 16);
	put_el(&b, 0x00189306, "FL", fl, 4);
	put_el(&b, 0x00209165, "AT", "\x08\0\x18\0", 4);
	put_el(&b, 0x00280008, "UV", "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	ds = read_ok(&b, NULL);
	root = pacs_dataset_root(ds);
	CHECK(pacs_item_int(root, 0x00200013, 1, &n) && n == -3);
	CHECK(!pacs_item_int(root, 0x00200013, 2, &n));
	CHECK(pacs_item_double(root, 0x00280030, 1, &d) && d == 20.0);
	CHECK(pacs_item_int(root, 0x00280030, 1, &n) && n == 20);
	CHECK(!pacs_item_int(root, 0x00280030, 0, &n));
	CHECK_STR(text_of(root, 0x00189305), "0.1\\-1.5e+300");
	CHECK_STR(text_of(root, 0x00189306), "0.1");
	CHECK_STR(text_of(root, 0x00209165), "00080018");
	CHECK_STR(text_of(root, 0x00280008), "18446744073709551615");
	CHECK(!pacs_item_int(root, 0x00280008, 0, &n));
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

int
main(void)
{
	TEST("ambiguous VRs are settled by what is in scope");
	test_vr_in_scope();
	TEST("numbers come out of every VR that has them");
	test_numbers();
	TEST("millions of texts in one item do not search through it each");
	test_many();
	TEST("what comes and goes in an item of many is found, and gone");
	test_found_again();
	return test_done();
}
