#include "unit/dicom_bytes.h"

/* Compare two data sets given as bytes; the first difference as text. */
static const char *
compare(struct pacs_buf *a, struct pacs_buf *b)
{
	static char text[400];
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_difference diff = {"", ""};
	struct pacs_dataset *da = read_ok(a, NULL), *db = read_ok(b, NULL);
	bool same = false;

	CHECK_OK(pacs_dataset_compare(&err, da, db, NULL, NULL, &same, &diff));
	snprintf(text, sizeof(text), "%s: %s", diff.path, diff.what);
	pacs_dataset_free(da);
	pacs_dataset_free(db);
	pacs_buf_clear(a);
	pacs_buf_clear(b);
	return same ? "same" : text;
}

static void
begin(struct pacs_buf *a, struct pacs_buf *b)
{
	put_meta(a, PACS_SYNTAX_EXPLICIT_LE);
	put_meta(b, PACS_SYNTAX_EXPLICIT_LE);
}

static void
test_padding(void)
{
	struct pacs_buf a = {0}, b = {0};

	begin(&a, &b);
	put_el(&a, 0x00080000, "UL", "\1\0\0\0", 4);
	put_str(&a, 0x00080018, "UI", "1.2.3");
	put_el(&b, 0x00080018, "UI", "1.2.3\0", 6);
	put_str(&a, 0x00080050, "SH", "");
	put_str(&b, 0x00080050, "SH", "  ");
	put_str(&a, 0x00100010, "PN", "TEST^A  ");
	put_str(&b, 0x00100010, "PN", "TEST^A");
	put_str(&a, 0x00280030, "DS", " 0.5\\0.5 ");
	put_str(&b, 0x00280030, "DS", "0.5\\ 0.5");
	put_str(&a, 0x00420011, "OB", "ODD");
	put_el(&b, 0x00420011, "OB", "ODD\0", 4);
	put_str(&b, 0xfffcfffc, "OB", "\0\0");
	CHECK_STR(compare(&a, &b), "same");
	begin(&a, &b);
	put_str(&a, 0x00420011, "OB", "EVEN");
	put_el(&b, 0x00420011, "OB", "EVEN\0\0", 6);
	CHECK_STR(compare(&a, &b), "EncapsulatedDocument: value");
}

static void
test_charsets(void)
{
	struct pacs_buf a = {0}, b = {0};

	begin(&a, &b);
	put_str(&a, 0x00080005, "CS", "ISO_IR 100");
	put_str(&b, 0x00080005, "CS", "ISO_IR 192");
	put_str(&a, 0x00100010, "PN", "M\xfcller^J ");
	put_str(&b, 0x00100010, "PN", "M\xc3\xbcller^J");
	CHECK_STR(compare(&a, &b), "same");
	begin(&a, &b);
	put_str(&a, 0x00080005, "CS", "ISO_IR 100");
	put_str(&b, 0x00080005, "CS", "ISO_IR 101");
	put_str(&a, 0x00100010, "PN", "M\xe3ller^J");
	put_str(&b, 0x00100010, "PN", "M\xe3ller^J");
	CHECK_STR(compare(&a, &b), "PatientName: value");
}

/* Bytes that no character set explains are equal only as bytes. */
static void
test_undecodable(void)
{
	struct pacs_buf a = {0}, b = {0};

	begin(&a, &b);
	put_str(&a, 0x00080005, "CS", "ISO_IR 192");
	put_str(&b, 0x00080005, "CS", "ISO_IR 192");
	put_str(&a, 0x00100010, "PN", "M\xfcller");
	put_str(&b, 0x00100010, "PN", "M\xfeller");
	CHECK_STR(compare(&a, &b), "PatientName: value");
	begin(&a, &b);
	put_str(&a, 0x00100010, "PN", "M\xfcller ");
	put_str(&b, 0x00100010, "PN", "M\xfcller");
	CHECK_STR(compare(&a, &b), "same");
}

static void
put_code(struct pacs_buf *b, const char *value, bool undefined)
{
	struct pacs_buf in = {0};

	put_str(&in, 0x00080100, "SH", value);
	put_header(b, 0x00081140, "SQ",
		   undefined ? PACS_LENGTH_UNDEFINED : (uint32_t)in.len + 8);
	put_header(b, ITEM, "",
		   undefined ? PACS_LENGTH_UNDEFINED : (uint32_t)in.len);
	pacs_buf_add(b, in.data, in.len);
	if (undefined) {
		put_header(b, ITEM_END, "", 0);
		put_header(b, SEQ_END, "", 0);
	}
	pacs_buf_clear(&in);
}

static void
test_sequences(void)
{
	struct pacs_buf a = {0}, b = {0};

	begin(&a, &b);
	put_code(&a, "AB", false);
	put_code(&b, "AB", true);
	CHECK_STR(compare(&a, &b), "same");
	begin(&a, &b);
	put_code(&a, "AB", false);
	put_code(&b, "AC", true);
	CHECK_STR(compare(&a, &b),
		  "ReferencedImageSequence[0].CodeValue: value");
	begin(&a, &b);
	put_code(&a, "AB", false);
	put_header(&b, 0x00081140, "SQ", 0);
	CHECK_STR(compare(&a, &b), "ReferencedImageSequence: number of items");
}

static void
test_un(void)
{
	struct pacs_buf a = {0}, b = {0};

	begin(&a, &b);
	put_str(&a, 0x00091001, "UN", "TEXT");
	put_str(&b, 0x00091001, "LO", "TEXT");
	put_str(&a, 0x00100020, "UN", "ID");
	put_str(&b, 0x00100020, "LO", "ID");
	CHECK_STR(compare(&a, &b), "same");
	/* A private sequence of an implicit data set, made explicit. */
	put_meta(&a, PACS_SYNTAX_IMPLICIT_LE);
	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&a, 0x00080018, "", "1.2.3.40");
	put_str(&b, 0x00080018, "UI", "1.2.3.40");
	put_str(&a, 0x00090010, "", "WE");
	put_str(&b, 0x00090010, "LO", "WE");
	put_header(&a, 0x00091001, "", 18);
	put_header(&b, 0x00091001, "SQ", 18);
	put_header(&a, ITEM, "", 10);
	put_header(&b, ITEM, "", 10);
	put_str(&a, 0x00080100, "", "AB");
	put_str(&b, 0x00080100, "SH", "AB");
	CHECK_STR(compare(&a, &b), "same");
}

static void
test_differences(void)
{
	struct pacs_buf a = {0}, b = {0};

	begin(&a, &b);
	put_str(&a, 0x00080018, "UI", "1.2");
	put_str(&a, 0x00100020, "LO", "A");
	put_str(&b, 0x00080018, "UI", "1.2");
	CHECK_STR(compare(&a, &b), "PatientID: only in the first");
	begin(&a, &b);
	put_str(&a, 0x00091001, "LO", "A");
	put_str(&b, 0x00080018, "UI", "1.2");
	put_str(&b, 0x00091001, "LO", "A");
	CHECK_STR(compare(&a, &b), "SOPInstanceUID: only in the second");
	begin(&a, &b);
	put_el(&a, 0x00280106, "US", "\xff\xff", 2);
	put_el(&b, 0x00280106, "SS", "\xff\xff", 2);
	CHECK_STR(compare(&a, &b), "SmallestImagePixelValue: VR");
	begin(&a, &b);
	put_str(&a, 0x00091001, "LO", "A");
	put_str(&b, 0x00091001, "LO", "a");
	CHECK_STR(compare(&a, &b), "(0009,1001): value");
	begin(&a, &b); /* order in the source does not count */
	put_str(&a, 0x00100020, "LO", "A");
	put_str(&a, 0x00080018, "UI", "1.2");
	put_str(&b, 0x00080018, "UI", "1.2");
	put_str(&b, 0x00100020, "LO", "A");
	CHECK_STR(compare(&a, &b), "same");
}

/* --- pixel data ---------------------------------------------------------- */

static const char *decoded;

static enum pacs_err
decode(struct pacs_error *err, void *ctx, struct pacs_dataset *ds,
       struct pacs_buf *out)
{
	(void)ctx;
	(void)ds;
	if (!decoded)
		return pacs_error_set(err, PACS_EUNSUPPORTED, "no codec");
	pacs_buf_add(out, decoded, 12);
	return PACS_OK;
}

/* 2 x 2 pixels in colour. */
static struct pacs_dataset *
image(const char *syntax, const char *photometric, unsigned planar,
      const char *pixels)
{
	struct pacs_buf b = {0};
	static struct pacs_buf kept[8];
	static unsigned next;

	put_meta(&b, syntax);
	put_el(&b, 0x00280002, "US", "\3\0", 2);
	put_str(&b, 0x00280004, "CS", photometric);
	put_el(&b, 0x00280006, "US", planar ? "\1\0" : "\0\0", 2);
	put_el(&b, 0x00280010, "US", "\2\0", 2);
	put_el(&b, 0x00280011, "US", "\2\0", 2);
	put_el(&b, 0x00280100, "US", "\x8\0", 2);
	if (pixels) {
		put_el(&b, 0x7fe00010, "OB", pixels, 12);
	} else {
		put_header(&b, 0x7fe00010, "OB", PACS_LENGTH_UNDEFINED);
		put_header(&b, ITEM, "", 0);
		put_str(&b, ITEM, "", "COMPRESSED");
		put_header(&b, SEQ_END, "", 0);
	}
	pacs_buf_clear(&kept[next % 8]);
	kept[next % 8] = b; /* outlives the data set */
	return read_ok(&kept[next++ % 8], NULL);
}

static const char *
compare_images(struct pacs_dataset *a, struct pacs_dataset *b, bool with)
{
	static char text[400];
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_difference diff = {"", ""};
	bool same = false;

	CHECK_OK(pacs_dataset_compare(&err, a, b, with ? decode : NULL, NULL,
				      &same, &diff));
	snprintf(text, sizeof(text), "%s: %s", diff.path, diff.what);
	pacs_dataset_free(a);
	pacs_dataset_free(b);
	return same ? "same" : text;
}

static void
test_pixels(void)
{
	const char *lossless = "1.2.840.10008.1.2.4.70";
	const char *native = PACS_SYNTAX_EXPLICIT_LE;

	decoded = "RGBRGBRGBRGB";
	CHECK_STR(compare_images(image(native, "RGB ", 0, "RGBRGBRGBRGB"),
				 image(lossless, "YBR_FULL", 0, NULL), true),
		  "same");
	CHECK_STR(compare_images(image(lossless, "RGB ", 0, NULL),
				 image(native, "RGB ", 1, "RRRRGGGGBBBB"),
				 true),
		  "same");
	CHECK_STR(compare_images(image(native, "RGB ", 0, "RGBRGBRGBRGX"),
				 image(lossless, "RGB ", 0, NULL), true),
		  "PixelData: pixel data as decoded");
	CHECK_STR(compare_images(image(native, "RGB ", 0, "RGBRGBRGBRGB"),
				 image(lossless, "MONOCHROME1 ", 0, NULL),
				 true),
		  "PhotometricInterpretation: value");
	CHECK_STR(compare_images(image(native, "RGB ", 0, "RGBRGBRGBRGB"),
				 image(lossless, "RGB ", 0, NULL), false),
		  "PixelData: pixel data in another syntax");
	CHECK_STR(compare_images(
		      image(native, "RGB ", 0, "RGBRGBRGBRGB"),
		      image("1.2.840.10008.1.2.4.50", "RGB ", 0, NULL), true),
		  "PixelData: pixel data in another syntax");
	CHECK_STR(compare_images(image(lossless, "RGB ", 0, NULL),
				 image(lossless, "RGB ", 0, NULL), false),
		  "same");
	decoded = NULL;
	CHECK_STR(compare_images(image(native, "RGB ", 0, "RGBRGBRGBRGB"),
				 image(lossless, "RGB ", 0, NULL), true),
		  "PixelData: pixel data in another syntax");
}

struct seen {
	int count;
	char paths[200];
};

static void
see(void *ctx, const char *path, const struct pacs_item *ia,
    const struct pacs_element *ea, const struct pacs_item *ib,
    const struct pacs_element *eb)
{
	struct seen *s = ctx;

	CHECK(ia && ib && (ea || eb));
	s->count++;
	strncat(s->paths, path, sizeof(s->paths) - strlen(s->paths) - 1);
	strncat(s->paths,
		ea && eb ? "= "
		: ea     ? "< "
			 : "> ",
		sizeof(s->paths) - strlen(s->paths) - 1);
}

static void
test_diff(void)
{
	struct pacs_buf a = {0}, b = {0};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *da, *db;
	struct seen seen = {0, ""};

	begin(&a, &b);
	put_str(&a, 0x00080050, "SH", "1 ");
	put_code(&a, "AB", false);
	put_str(&a, 0x00100020, "LO", "X ");
	put_code(&b, "AC", false);
	put_str(&b, 0x00100020, "LO", "Y ");
	put_str(&b, 0x00200010, "SH", "Y ");
	da = read_ok(&a, NULL);
	db = read_ok(&b, NULL);
	CHECK_OK(pacs_dataset_diff(&err, da, db, NULL, NULL, see, &seen));
	CHECK_INT(seen.count, 4);
	CHECK_STR(seen.paths,
		  "AccessionNumber< ReferencedImageSequence[0].CodeValue= "
		  "PatientID= StudyID> ");
	pacs_dataset_free(da);
	pacs_dataset_free(db);
	pacs_buf_clear(&a);
	pacs_buf_clear(&b);
}

int
main(void)
{
	TEST("padding and group lengths do not count");
	test_padding();
	TEST("text is compared as characters");
	test_charsets();
	TEST("what cannot be decoded is equal only byte by byte");
	test_undecodable();
	TEST("sequences are compared item by item, whatever their lengths");
	test_sequences();
	TEST("UN means what the other side says");
	test_un();
	TEST("differences have a path and a word");
	test_differences();
	TEST("losslessly compressed pixels are compared as decoded");
	test_pixels();
	TEST("a diff reports every difference in order");
	test_diff();
	return test_done();
}
