#include "unit/dicom_bytes.h"

/* Elements alone: not what stands between, behind or in the ends of them. */
static void
test_elements_only(void)
{
	struct pacs_write_options opts = {.bare = true, .elements_only = true};
	struct pacs_buf b = {0}, want = {0}, out = {0};
	struct pacs_dataset *ds;
	size_t start;

	put_meta(&b, "1.2.840.10008.1.2.1\0");
	start = b.len;
	put_el(&b, 0x00080000, "UL", "JOHN", 4);
	put_header(&b, 0x00081140, "SQ", PACS_LENGTH_UNDEFINED);
	put_header(&b, ITEM, "", 30);
	put_el(&b, 0x00080000, "UL", "JOHN", 4);
	put_str(&b, 0x00080100, "SH", "A ");
	pacs_buf_add(&b, "\xfe\xff\x0d\xe0JOHN", 8);
	put_header(&b, ITEM, "", PACS_LENGTH_UNDEFINED);
	put_str(&b, 0x00080100, "SH", "B ");
	pacs_buf_add(&b, "\xfe\xff\x0d\xe0JOHN\xfe\xff\xdd\xe0JOHN", 16);
	put_str(&b, 0x00100010, "PN", "TEST");
	pacs_buf_add(&b, "\0\0\0", 3);
	put_el(&want, 0x00080000, "UL", "\x4c\0\0\0", 4);
	put_header(&want, 0x00081140, "SQ", PACS_LENGTH_UNDEFINED);
	put_header(&want, ITEM, "", 22);
	put_el(&want, 0x00080000, "UL", "\x0a\0\0\0", 4);
	put_str(&want, 0x00080100, "SH", "A ");
	put_header(&want, ITEM, "", PACS_LENGTH_UNDEFINED);
	put_str(&want, 0x00080100, "SH", "B ");
	put_header(&want, ITEM_END, "", 0);
	put_header(&want, SEQ_END, "", 0);
	put_str(&want, 0x00100010, "PN", "TEST");
	ds = read_ok(&b, NULL);
	write_ok(ds, &opts, &out);
	CHECK_MEM(out.data, out.len, want.data, want.len);
	opts.elements_only = false;
	write_ok(ds, &opts, &out);
	CHECK_MEM(out.data, out.len, b.data + start, b.len - start - 3);
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
	pacs_buf_clear(&want);
	pacs_buf_clear(&out);
}

int
main(void)
{
	TEST("elements alone are written without what belongs to none");
	test_elements_only();
	return test_done();
}
