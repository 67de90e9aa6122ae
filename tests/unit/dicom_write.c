#include "unit/dicom_bytes.h"

/* Everything that is odd and must stay: lengths, delimiters, padding. */
static void
put_odd(struct pacs_buf *b)
{
	put_meta(b, "1.2.840.10008.1.2.1\0");
	b->data[5] = 'P';                             /* in the preamble */
	put_el(b, 0x00080000, "UL", "\x99\0\0\0", 4); /* a wrong group length */
	put_str(b, 0x00080005, "CS", "ISO_IR 100");
	put_str(b, 0x00080050, "SH", "ODD");
	put_header(b, 0x00081140, "SQ", PACS_LENGTH_UNDEFINED);
	put_header(b, ITEM, "", 10);
	put_str(b, 0x00080100, "SH", "A ");
	put_header(b, ITEM, "", PACS_LENGTH_UNDEFINED);
	put_str(b, 0x00080100, "SH", "B ");
	put_header(b, ITEM_END, "", 0);
	put_header(b, SEQ_END, "", 0);
	put_header(b, 0x00082112, "SQ", 18);
	put_header(b, ITEM, "", 10);
	put_str(b, 0x00080100, "SH", "C ");
	put_str(b, 0x00100010, "PN", "TEST^\xc4 ");
	put_el(b, 0x00280103, "US", "\1\0", 2);
	put_el(b, 0x00280106, "SS", "\xfe\xff", 2);
	put_el(b, 0x7fe00010, "OW", "\1\2\3\4", 4);
	put_str(b, 0xfffcfffc, "OB", "\0\0");
	pacs_buf_add(b, "\0\0\0", 3);
}

static void
test_unchanged(void)
{
	struct pacs_buf b = {0}, out = {0};
	struct pacs_write_options bare = {.bare = true};
	struct pacs_dataset *ds;

	put_odd(&b);
	ds = read_ok(&b, NULL);
	write_ok(ds, NULL, &out);
	CHECK_MEM(out.data, out.len, b.data, b.len);
	write_ok(ds, &bare, &out);
	CHECK_MEM(out.data, out.len,
		  b.data + pacs_dataset_info(ds)->dataset_offset,
		  b.len - pacs_dataset_info(ds)->dataset_offset - 3);
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
	pacs_buf_clear(&out);
}

static void
test_one_change(void)
{
	struct pacs_buf b = {0}, want = {0}, out = {0};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds;
	struct pacs_item *item;

	put_odd(&b);
	ds = read_ok(&b, NULL);
	/* In the second sequence, of defined length: both lengths follow. */
	item = pacs_element_item(
	    pacs_item_find(pacs_dataset_root(ds), 0x00082112), 0);
	CHECK_OK(pacs_item_put_text(&err, item, 0x00080100, "LONGER"));
	write_ok(ds, NULL, &out);
	put_odd(&want);
	pacs_buf_reset(&want);
	put_meta(&want, "1.2.840.10008.1.2.1\0");
	want.data[5] = 'P';
	/* The group length is right now. */
	put_el(&want, 0x00080000, "UL", "\x7f\0\0\0", 4);
	pacs_buf_add(&want, b.data + want.len, 18 + 11 + 64);
	put_header(&want, 0x00082112, "SQ", 22);
	put_header(&want, ITEM, "", 14);
	put_str(&want, 0x00080100, "SH", "LONGER");
	pacs_buf_add(&want, b.data + want.len - 4, b.len - want.len + 4);
	CHECK_MEM(out.data, out.len, want.data, want.len);
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
	pacs_buf_clear(&want);
	pacs_buf_clear(&out);
}

/* To every native syntax, and back to the same meaning. */
static void
test_convert(const char *syntax, const char *want_bytes, size_t want_len)
{
	struct pacs_write_options opts = {.transfer_syntax = syntax};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf b = {0}, out = {0};
	struct pacs_dataset *ds, *other;
	struct pacs_difference diff = {"", ""};
	struct pacs_item *root;
	size_t len;
	const void *p;
	bool same = false;

	put_odd(&b);
	ds = read_ok(&b, NULL);
	write_ok(ds, &opts, &out);
	other = read_ok(&out, NULL);
	root = pacs_dataset_root(other);
	CHECK_STR(pacs_dataset_info(other)->transfer_syntax, syntax);
	CHECK(!pacs_dataset_info(other)->guessed);
	CHECK_OK(
	    pacs_dataset_compare(&err, ds, other, NULL, NULL, &same, &diff));
	if (!CHECK(same))
		printf("# %s: %s\n", diff.path, diff.what);
	p = pacs_element_value(pacs_item_find(root, 0x7fe00010), &len);
	CHECK_MEM(p, len, want_bytes, want_len);
	CHECK_STR(text_of(root, 0x00280106), "-2");
	CHECK_STR(text_of(pacs_dataset_meta(other), 0x00020010), syntax);
	pacs_dataset_free(ds);
	pacs_dataset_free(other);
	pacs_buf_clear(&b);
	pacs_buf_clear(&out);
}

static void
test_built(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = pacs_dataset_new(), *again;
	struct pacs_item *root = pacs_dataset_root(ds), *item;
	struct pacs_buf out = {0};

	CHECK_OK(
	    pacs_item_put_text(&err, root, PACS_TAG_PatientName, "TEST^ALPHA"));
	CHECK_OK(pacs_item_put_text(&err, root, PACS_TAG_SpecificCharacterSet,
				    "ISO_IR 192"));
	CHECK_OK(pacs_item_put_text(&err, root, PACS_TAG_StudyDescription,
				    "M\xc3\xbcller"));
	CHECK_OK(pacs_item_put_text(&err, root, PACS_TAG_SOPClassUID,
				    "1.2.840.10008.5.1.4.1.1.7"));
	CHECK_OK(
	    pacs_item_put_text(&err, root, PACS_TAG_SOPInstanceUID, "1.2.3"));
	pacs_item_put_u16(root, PACS_TAG_Rows, 512);
	pacs_item_put_u16(root, PACS_TAG_PixelRepresentation, 1);
	CHECK_OK(pacs_item_put_text(&err, root,
				    PACS_TAG_SmallestImagePixelValue, "-7"));
	CHECK_OK(
	    pacs_item_put_text(&err, root, PACS_TAG_TriggerTimeOffset, "1.5"));
	CHECK_OK(pacs_item_put_text(&err, root, PACS_TAG_FrameIncrementPointer,
				    "00181063\\00200013"));
	pacs_item_put_u32(root, PACS_TAG_InstanceNumber, 17);
	item = pacs_item_add_item(root, PACS_TAG_ReferencedImageSequence);
	CHECK_OK(pacs_item_put_text(&err, item,
				    PACS_TAG_ReferencedSOPInstanceUID, "1.2"));
	pacs_item_add_item(root, PACS_TAG_ReferencedImageSequence);
	CHECK(pacs_item_remove(root, PACS_TAG_PatientName));
	CHECK(!pacs_item_remove(root, PACS_TAG_PatientName));
	write_ok(ds, NULL, &out);
	again = read_ok(&out, NULL);
	root = pacs_dataset_root(again);
	CHECK_STR(text_of(root, PACS_TAG_StudyDescription), "M\xc3\xbcller");
	CHECK_STR(text_of(root, PACS_TAG_PatientName), "(absent)");
	CHECK_STR(text_of(root, PACS_TAG_Rows), "512");
	CHECK_STR(text_of(root, PACS_TAG_InstanceNumber), "17");
	CHECK_STR(text_of(root, PACS_TAG_SmallestImagePixelValue), "-7");
	CHECK_STR(text_of(root, PACS_TAG_TriggerTimeOffset), "1.5");
	CHECK_STR(text_of(root, PACS_TAG_FrameIncrementPointer),
		  "00181063\\00200013");
	CHECK_INT(pacs_element_item_count(
		      pacs_item_find(root, PACS_TAG_ReferencedImageSequence)),
		  2);
	root = pacs_dataset_meta(again);
	CHECK_STR(text_of(root, PACS_TAG_MediaStorageSOPInstanceUID), "1.2.3");
	CHECK_STR(text_of(root, PACS_TAG_TransferSyntaxUID),
		  PACS_SYNTAX_EXPLICIT_LE);
	pacs_dataset_free(ds);
	pacs_dataset_free(again);
	pacs_buf_clear(&out);
}

static void
test_refused(void)
{
	struct pacs_dataset *ds = pacs_dataset_new();
	struct pacs_item *root = pacs_dataset_root(ds);
	struct pacs_write_options opts = {.transfer_syntax =
					      "1.2.840.10008.1.2.4.70"};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf out = {0};

	CHECK_ERR(pacs_item_put_text(&err, root, PACS_TAG_Rows, "70000"),
		  PACS_EUSAGE);
	pacs_error_clear(&err);
	CHECK_ERR(pacs_item_put_text(&err, root, PACS_TAG_Rows, "12a"),
		  PACS_EUSAGE);
	pacs_error_clear(&err);
	CHECK_ERR(pacs_item_put_text(&err, root, 0x00091001, "x"), PACS_EUSAGE);
	pacs_error_clear(&err);
	CHECK_ERR(pacs_item_put_text(&err, root, PACS_TAG_PatientName,
				     "\xe5\xb1\xb1"),
		  PACS_EUNSUPPORTED);
	pacs_error_clear(&err);
	CHECK(pacs_item_first(root) == NULL);
	pacs_item_put_bytes(root, PACS_TAG_PixelData, PACS_VR('O', 'B'), "\1\2",
			    2);
	CHECK_ERR(pacs_dataset_write(&err, ds, &opts, pacs_sink_buf, &out),
		  PACS_EUNSUPPORTED);
	CHECK_INT(out.len, 0);
	pacs_dataset_free(ds);
	pacs_buf_clear(&out);
}

static void
test_fragments(void)
{
	const void *fragments[] = {"", "ODD"};
	const size_t lengths[] = {0, 3};
	struct pacs_write_options opts = {.transfer_syntax =
					      "1.2.840.10008.1.2.4.70"};
	struct pacs_write_options native = {.transfer_syntax =
						PACS_SYNTAX_EXPLICIT_LE};
	struct pacs_dataset *ds = pacs_dataset_new(), *again;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf out = {0}, none = {0};
	size_t len;
	const void *p;

	pacs_item_put_fragments(pacs_dataset_root(ds), PACS_TAG_PixelData,
				PACS_VR('O', 'B'), fragments, lengths, 2);
	write_ok(ds, &opts, &out);
	again = read_ok(&out, NULL);
	p = pacs_element_fragment(
	    pacs_item_find(pacs_dataset_root(again), PACS_TAG_PixelData), 1,
	    &len);
	CHECK_MEM(p, len, "ODD", 4);
	CHECK_ERR(
	    pacs_dataset_write(&err, again, &native, pacs_sink_buf, &none),
	    PACS_EUNSUPPORTED);
	pacs_dataset_free(ds);
	pacs_dataset_free(again);
	pacs_buf_clear(&out);
	pacs_buf_clear(&none);
}

static void
test_meta_made(void)
{
	struct pacs_buf b = {0};
	struct pacs_dataset *ds;
	struct pacs_item *meta;
	int64_t length = 0;

	pacs_meta_make("1.2.840.10008.5.1.4.1.1.2", "1.2.3",
		       PACS_SYNTAX_IMPLICIT_LE, &b);
	put_str(&b, 0x00080018, "", "1.2.3\0");
	put_header(&b, 0x00080018, "", 5);
	b.len -= 8;
	ds = read_ok(&b, NULL);
	meta = pacs_dataset_meta(ds);
	CHECK(pacs_item_int(meta, PACS_TAG_FileMetaInformationGroupLength, 0,
			    &length));
	CHECK_INT(length, pacs_dataset_info(ds)->dataset_offset - 144);
	CHECK_STR(text_of(meta, PACS_TAG_ImplementationClassUID),
		  PACS_IMPLEMENTATION_UID);
	CHECK(!pacs_dataset_info(ds)->guessed);
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
}

/* A value too long for a VR with a 16-bit length becomes UN. */
static void
test_long_value(void)
{
	struct pacs_write_options opts = {.transfer_syntax =
					      PACS_SYNTAX_EXPLICIT_LE};
	struct pacs_buf b = {0}, out = {0};
	struct pacs_dataset *ds, *again;
	struct pacs_element *e;

	put_meta(&b, PACS_SYNTAX_IMPLICIT_LE);
	put_str(&b, 0x00080018, "", "1.2.3.4 ");
	put_header(&b, 0x30060050, "", 70000);
	memset(pacs_buf_reserve(&b, 70000), '1', 70000);
	b.len += 70000;
	ds = read_ok(&b, NULL);
	write_ok(ds, &opts, &out);
	again = read_ok(&out, NULL);
	e = pacs_item_find(pacs_dataset_root(again), 0x30060050);
	CHECK(pacs_element_raw_vr(e) == PACS_VR('U', 'N'));
	CHECK(pacs_element_vr(e) == PACS_VR('D', 'S'));
	CHECK_INT(pacs_element_length(e), 70000);
	pacs_dataset_free(ds);
	pacs_dataset_free(again);
	pacs_buf_clear(&b);
	pacs_buf_clear(&out);
}

static void
test_undefined_lengths(void)
{
	struct pacs_write_options opts = {.undefined_lengths = true};
	struct pacs_dataset *ds = pacs_dataset_new(), *again;
	struct pacs_buf out = {0};
	struct pacs_element *e;

	pacs_item_add_item(pacs_dataset_root(ds),
			   PACS_TAG_ReferencedImageSequence);
	write_ok(ds, &opts, &out);
	again = read_ok(&out, NULL);
	e = pacs_item_find(pacs_dataset_root(again),
			   PACS_TAG_ReferencedImageSequence);
	CHECK(pacs_element_is_undefined_length(e));
	CHECK_INT(pacs_element_length(e), 16);
	CHECK_INT(pacs_element_item_count(e), 1);
	pacs_dataset_free(ds);
	pacs_dataset_free(again);
	pacs_buf_clear(&out);
}

/* What was read only in part is not written as if it were all. */
static void
test_part(void)
{
	struct pacs_read_options opts = {.stop_tag = PACS_TAG_PixelData};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf b = {0}, out = {0};
	struct pacs_dataset *ds;

	put_odd(&b);
	ds = read_ok(&b, &opts);
	CHECK_ERR(pacs_dataset_write(&err, ds, NULL, pacs_sink_buf, &out),
		  PACS_EUNSUPPORTED);
	pacs_dataset_free(ds);
	pacs_buf_clear(&b);
	pacs_buf_clear(&out);
}

int
main(void)
{
	TEST("an unchanged data set is written as the same bytes");
	test_unchanged();
	TEST("a change touches only itself and the lengths around it");
	test_one_change();
	TEST("native syntaxes are converted to each other");
	test_convert(PACS_SYNTAX_EXPLICIT_LE, "\1\2\3\4", 4);
	test_convert(PACS_SYNTAX_IMPLICIT_LE, "\1\2\3\4", 4);
	test_convert(PACS_SYNTAX_EXPLICIT_BE, "\2\1\4\3", 4);
	test_convert(PACS_SYNTAX_DEFLATED_LE, "\1\2\3\4", 4);
	TEST("what is built is read back");
	test_built();
	TEST("what cannot be put or written is refused");
	test_refused();
	TEST("fragments are written, and need a codec to change");
	test_fragments();
	TEST("a made group 0002 has the right length");
	test_meta_made();
	TEST("a value too long for its VR becomes UN");
	test_long_value();
	TEST("made sequences have undefined lengths if asked for");
	test_undefined_lengths();
	TEST("a data set read in part is not written");
	test_part();
	return test_done();
}
