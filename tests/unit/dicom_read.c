/* Where a data set begins, and in which form: Part 10, bare, deflated; whole
 * and up to a stop, from memory and from a file. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "unit/dicom_bytes.h"

static void
test_part10(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;
	const struct pacs_dataset_info *info;
	struct pacs_item *root;
	char uid[PACS_UID_MAX + 1];
	size_t len;

	put_meta(&b, "1.2.840.10008.1.2.1\0");
	put_str(&b, 0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2 ");
	put_str(&b, 0x00080018, "UI", "1.2.3");
	put_str(&b, 0x00100010, "PN", "TEST^ALPHA ");
	put_el(&b, 0x00280010, "US", "\2\1", 2);
	put_el(&b, 0x7fe00010, "OW", "\1\2\3\4", 4);
	ds = read_ok(&b, NULL);
	info = pacs_dataset_info(ds);
	root = pacs_dataset_root(ds);
	CHECK(info->has_preamble && info->has_meta && !info->guessed);
	CHECK(!info->stopped && !info->is_dicomdir);
	CHECK_STR(info->transfer_syntax, "1.2.840.10008.1.2.1");
	CHECK_INT(info->dataset_offset, 132 + 8 + 19);
	CHECK(pacs_item_uid(root, 0x00080018, uid, sizeof(uid)));
	CHECK_STR(uid, "1.2.3");
	CHECK(!pacs_item_uid(root, 0x00080050, uid, sizeof(uid)));
	CHECK_STR(text_of(root, 0x00100010), "TEST^ALPHA");
	CHECK_STR(text_of(root, 0x00280010), "258");
	pacs_element_value(pacs_item_find(root, 0x7fe00010), &len);
	CHECK_INT(len, 4);
	CHECK(pacs_item_find(root, 0x00091001) == NULL);
	CHECK(pacs_dataset_damage(ds) == NULL);
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

static void
test_stop(void)
{
	struct pacs_read_options opts = {.stop_tag = 0x7fe00010};
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;

	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080018, "UI", "1.2.3.4 ");
	put_header(&b, 0x7fe00010, "OW", 1u << 30);
	ds = read_ok(&b, &opts);
	CHECK(pacs_dataset_info(ds)->stopped);
	CHECK(pacs_item_find(pacs_dataset_root(ds), 0x00080018) != NULL);
	CHECK(pacs_item_find(pacs_dataset_root(ds), 0x7fe00010) == NULL);
	pacs_dataset_free(ds);
	must_fail(&b, NULL, PACS_EFORMAT, "cut");
	b.len -= 14; /* the head ends within the UID */
	must_fail(&b, &opts, PACS_EFORMAT, "cut");
	pacs_buf_clear(&b);
}

static void
test_bare(const char *vr, const char *syntax)
{
	bool implicit = !vr;
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;

	put_str(&b, 0x00080005, implicit ? "" : "CS", "ISO_IR 100");
	put_str(&b, 0x00080016, implicit ? "" : "UI", "1.2.840.1\0");
	put_str(&b, 0x00080018, implicit ? "" : "UI", "1.2.3.99");
	ds = read_ok(&b, NULL);
	CHECK(!pacs_dataset_info(ds)->has_preamble);
	CHECK(!pacs_dataset_info(ds)->has_meta);
	CHECK(pacs_dataset_info(ds)->guessed);
	CHECK_STR(pacs_dataset_info(ds)->transfer_syntax, syntax);
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00080018), "1.2.3.99");
	CHECK(pacs_dicom_looks_like(b.data, b.len));
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

static void
test_not_dicom(void)
{
	static const char *const files[] = {
	    "#!/bin/sh\necho hello, hello, hello, hello\n", "\x89PNG\r\n\x1a\n",
	    "PK\3\4aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "GIF89a", ""};
	struct pacs_buf b = {0};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		pacs_buf_reset(&b);
		pacs_buf_adds(&b, files[i]);
		must_fail(&b, NULL, PACS_EFORMAT, "not a DICOM file");
		CHECK(!pacs_dicom_looks_like(b.data, b.len));
	}
	pacs_buf_reset(&b);
	for (i = 0; i < 4096; i++)
		pacs_buf_addc(&b, '\0');
	must_fail(&b, NULL, PACS_EFORMAT, "not a DICOM file");
	CHECK(!pacs_dicom_looks_like(b.data, b.len));
	pacs_buf_clear(&b);
}

static void
test_lying_meta(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;

	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080016, "", "1.2.840.10");
	put_str(&b, 0x00080018, "", "1.2.3.4.55");
	put_str(&b, 0x00100020, "", "ID");
	ds = read_ok(&b, NULL);
	CHECK(pacs_dataset_info(ds)->guessed);
	CHECK_STR(pacs_dataset_info(ds)->transfer_syntax,
		  PACS_SYNTAX_IMPLICIT_LE);
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00080018), "1.2.3.4.55");
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

/* Tags out of order leave few elements to judge by. */
static void
test_lying_meta_out_of_order(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;

	put_meta(&b, "1.2.3.4.5");
	put_str(&b, 0x00080016, "", "1.2.840.10");
	put_str(&b, 0x00080018, "", "1.2.3.4.55");
	put_str(&b, 0x00080020, "", "20240101");
	put_str(&b, 0x00080018, "", "1.2.3.4.56");
	put_str(&b, 0x00100020, "", "ID");
	ds = read_ok(&b, NULL);
	CHECK(pacs_dataset_info(ds)->guessed);
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00080020), "20240101");
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00100020), "ID");
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

static void
test_deflated(int window_bits)
{
	struct pacs_read_options opts = {.stop_tag = 0x7fe00010},
				 few = {.max_inflated = 1000};
	struct pacs_buf b = {0}, body = {0};
	struct pacs_dataset *ds;
	unsigned char out[4096];
	z_stream z = {0};
	int i;

	put_str(&body, 0x00080018, "UI", "1.2.3.4 ");
	put_header(&body, 0x7fe00010, "OW", 100000);
	for (i = 0; i < 100000; i++)
		pacs_buf_addc(&body, (char)(i % 7));
	put_meta(&b, PACS_SYNTAX_DEFLATED_LE);
	deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, 0);
	z.next_in = (unsigned char *)body.data;
	z.avail_in = (unsigned)body.len;
	z.next_out = out;
	z.avail_out = sizeof(out);
	CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
	pacs_buf_add(&b, out, sizeof(out) - z.avail_out);
	deflateEnd(&z);
	ds = read_ok(&b, NULL);
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00080018), "1.2.3.4");
	CHECK_INT(pacs_element_length(
		      pacs_item_find(pacs_dataset_root(ds), 0x7fe00010)),
		  100000);
	CHECK_INT(pacs_dataset_info(ds)->trailing_bytes, 0);
	pacs_dataset_free(ds);
	ds = read_ok(&b, &opts);
	CHECK(pacs_dataset_info(ds)->stopped);
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00080018), "1.2.3.4");
	pacs_dataset_free(ds);
	must_fail(&b, &few, PACS_ELIMIT, "inflates");
	b.len -= 30;
	must_fail(&b, NULL, PACS_EFORMAT, "cut");
	pacs_buf_clear(&b);
	pacs_buf_clear(&body);
}

/* Through windows: values across their ends, one too large to hold. */
static void
test_file(void)
{
	struct pacs_read_options opts = {.stop_tag = 0x7fe00010};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL, *all = NULL;
	struct pacs_buf b = {0};
	struct pacs_element *e, *other;
	size_t n, m, i;
	int fd = memfd_create("dicom", 0);

	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080018, "UI", "1.2.3.4 ");
	for (i = 0; i < 100; i++) {
		put_header(&b, 0x00091000 + (uint32_t)i, "OB", 1000);
		memset(pacs_buf_reserve(&b, 1000), (int)i, 1000);
		b.len += 1000;
	}
	put_header(&b, 0x00111001, "OB", 2 << 20);
	memset(pacs_buf_reserve(&b, 2 << 20), 7, 2 << 20);
	b.len += 2 << 20;
	put_str(&b, 0x00200010, "SH", "STUDY ");
	put_str(&b, 0x7fe00010, "OB", "PIXELS");
	CHECK(write(fd, b.data, b.len) == (ssize_t)b.len);
	CHECK_OK(pacs_dataset_read_fd(&err, fd, &opts, &ds));
	CHECK_OK(pacs_dataset_read_fd(&err, fd, NULL, &all));
	other = pacs_item_first(pacs_dataset_root(all));
	for (e = pacs_item_first(pacs_dataset_root(ds)); e;
	     e = pacs_element_next(e), other = pacs_element_next(other)) {
		const void *p = pacs_element_value(e, &n);
		const void *q = pacs_element_value(other, &m);

		CHECK_INT(pacs_element_offset(e), pacs_element_offset(other));
		if (pacs_element_tag(e) == 0x00111001)
			CHECK(p == NULL && pacs_element_length(e) == 2 << 20);
		else
			CHECK_MEM(p, n, q, m);
	}
	CHECK(other && pacs_element_tag(other) == 0x7fe00010);
	CHECK_STR(text_of(pacs_dataset_root(ds), 0x00200010), "STUDY");
	pacs_dataset_free(ds);
	pacs_dataset_free(all);
	pacs_buf_clear(&b);
	close(fd);
}

int
main(void)
{
	TEST("a Part 10 object is read, values and all");
	test_part10();
	TEST("a stop tag ends the reading before pixel data");
	test_stop();
	TEST("bare data sets are recognised, implicit and explicit");
	test_bare(NULL, PACS_SYNTAX_IMPLICIT_LE);
	test_bare("", PACS_SYNTAX_EXPLICIT_LE);
	TEST("what is not DICOM is refused");
	test_not_dicom();
	TEST("a meta header that lies about the syntax is seen through");
	test_lying_meta();
	test_lying_meta_out_of_order();
	TEST(
	    "deflated data sets are inflated, raw and wrapped, within a limit");
	test_deflated(-15);
	test_deflated(15);
	TEST("a header read from a file finds what a whole reading finds");
	test_file();
	return test_done();
}
