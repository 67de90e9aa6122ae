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
	TEST(
	    "deflated data sets are inflated, raw and wrapped, within a limit");
	test_deflated(-15);
	test_deflated(15);
	TEST("ambiguous VRs are settled by what is in scope");
	test_vr_in_scope();
	TEST("numbers come out of every VR that has them");
	test_numbers();
	TEST("a header read from a file finds what a whole reading finds");
	test_file();
	return test_done();
}
