/* Whole objects through the codecs: what is not pixel data stays as it was. */
#include "dcmtk/codec.h"

#include <stdlib.h>

#include "dicom/tag.h"
#include "test.h"

#define ROWS    7
#define COLUMNS 9 /* an odd number of bytes in a colour frame */

static const char *const lossless[] = {
    "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80"};
static const char *const native[] = {
    PACS_SYNTAX_IMPLICIT_LE, PACS_SYNTAX_EXPLICIT_LE, PACS_SYNTAX_EXPLICIT_BE,
    PACS_SYNTAX_DEFLATED_LE};

static void
text(struct pacs_item *item, uint32_t tag, const char *value)
{
	struct pacs_error err = PACS_ERROR_INIT;

	CHECK_OK(pacs_item_put_text(&err, item, tag, value));
}

/* An image, with odd things around it that a codec must not touch. */
static struct pacs_dataset *
image_new(bool colour, unsigned bits, const char *frames)
{
	struct pacs_dataset *ds = pacs_dataset_new();
	struct pacs_item *root = pacs_dataset_root(ds), *item;
	size_t size = (size_t)ROWS * COLUMNS * (colour ? 3 : 1) *
		      (size_t)atoi(frames) * bits / 8;
	uint8_t *bytes = pacs_malloc(size);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * i / 7 + i);
	text(root, PACS_TAG_SpecificCharacterSet, "\\ISO 2022 IR 87");
	text(root, PACS_TAG_SOPClassUID, "1.2.840.10008.5.1.4.1.1.7");
	text(root, PACS_TAG_SOPInstanceUID, "2.25.1");
	text(root, PACS_TAG_PatientName, "Yamada^Tarou=山田^太郎");
	item = pacs_item_add_item(root, PACS_TAG_ReferencedImageSequence);
	text(item, PACS_TAG_ReferencedSOPInstanceUID, "2.25.2");
	text(root, PACS_TAG_NumberOfFrames, frames);
	pacs_item_put_u16(root, PACS_TAG_Rows, ROWS);
	pacs_item_put_u16(root, PACS_TAG_Columns, COLUMNS);
	pacs_item_put_u16(root, PACS_TAG_SamplesPerPixel, colour ? 3 : 1);
	text(root, PACS_TAG_PhotometricInterpretation,
	     colour ? "RGB" : "MONOCHROME2");
	if (colour)
		pacs_item_put_u16(root, PACS_TAG_PlanarConfiguration, 0);
	pacs_item_put_u16(root, PACS_TAG_BitsAllocated, (uint16_t)bits);
	pacs_item_put_u16(root, PACS_TAG_BitsStored, (uint16_t)bits);
	pacs_item_put_u16(root, PACS_TAG_HighBit, (uint16_t)(bits - 1));
	pacs_item_put_u16(root, PACS_TAG_PixelRepresentation, 0);
	pacs_item_put_bytes(root, PACS_TAG_PixelData,
			    bits > 8 ? PACS_VR('O', 'W') : PACS_VR('O', 'B'),
			    bytes, size);
	/* Private, and after the pixels. */
	pacs_item_put_bytes(root, 0x7fe10010u, PACS_VR('L', 'O'), "ACME", 4);
	pacs_item_put_bytes(root, 0x7fe11001u, PACS_VR('O', 'B'), "abcd", 4);
	free(bytes);
	return ds;
}

static void
image_bytes(bool colour, unsigned bits, const char *frames, struct pacs_buf *b)
{
	const struct pacs_write_options opts = {.new_meta = true};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = image_new(colour, bits, frames);

	CHECK_OK(pacs_dataset_write(&err, ds, &opts, pacs_sink_buf, b));
	pacs_dataset_free(ds);
}

static void
transcode(const struct pacs_buf *from, const char *syntax, struct pacs_buf *to)
{
	struct pacs_error err = PACS_ERROR_INIT;

	pacs_buf_reset(to);
	if (!CHECK_OK(
		pacs_dcm_transcode(&err, from->data, from->len, syntax, to)))
		printf("# %s: %s\n", syntax, err.msg);
}

static struct pacs_dataset *
parse(const struct pacs_buf *b)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;

	if (!CHECK_OK(
		pacs_dataset_read_memory(&err, b->data, b->len, NULL, &ds)))
		printf("# %s\n", err.msg);
	return ds;
}

/* Both mean the same, with the decoder of this room where one is compressed. */
static bool
same(const struct pacs_buf *a, const struct pacs_buf *b)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_difference d = {"", ""};
	struct pacs_dataset *da = parse(a), *db = parse(b);
	bool ret = false;

	if (da && db)
		CHECK_OK(pacs_dataset_compare(
		    &err, da, db, pacs_dcm_decode_pixels, NULL, &ret, &d));
	if (!ret)
		printf("# %s: %s\n", d.path, d.what);
	pacs_dataset_free(da);
	pacs_dataset_free(db);
	return ret;
}

static void
test_round_trips(bool colour, unsigned bits, const char *frames)
{
	struct pacs_buf original = {0}, packed = {0}, back = {0};

	image_bytes(colour, bits, frames, &original);
	for (size_t i = 0; i < COUNT(lossless); i++) {
		struct pacs_dataset *ds;

		transcode(&original, lossless[i], &packed);
		ds = parse(&packed);
		CHECK_STR(pacs_dataset_info(ds)->transfer_syntax, lossless[i]);
		CHECK(pacs_element_is_encapsulated(
		    pacs_item_find(pacs_dataset_root(ds), PACS_TAG_PixelData)));
		pacs_dataset_free(ds);
		CHECK(same(&original, &packed));
		transcode(&packed, PACS_SYNTAX_EXPLICIT_LE, &back);
		CHECK_MEM(back.data, back.len, original.data, original.len);
		for (size_t j = 0; j < COUNT(native); j++) {
			transcode(&packed, native[j], &back);
			CHECK(same(&original, &back));
		}
		for (size_t j = 0; j < COUNT(lossless); j++) {
			transcode(&packed, lossless[j], &back);
			CHECK(same(&original, &back));
		}
	}
	pacs_buf_clear(&original);
	pacs_buf_clear(&packed);
	pacs_buf_clear(&back);
}

static void
test_native_sources(void)
{
	struct pacs_buf original = {0}, other = {0}, packed = {0};

	TEST("what is implicit, big endian or deflated can be compressed");
	image_bytes(false, 16, "2", &original);
	for (size_t i = 0; i < COUNT(native); i++) {
		transcode(&original, native[i], &other);
		for (size_t j = 0; j < COUNT(lossless); j++) {
			transcode(&other, lossless[j], &packed);
			CHECK(same(&original, &packed));
		}
	}
	pacs_buf_clear(&original);
	pacs_buf_clear(&other);
	pacs_buf_clear(&packed);
}

static void
expect(enum pacs_err want, const struct pacs_buf *b, const char *syntax)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf out = {0};

	CHECK_ERR(pacs_dcm_transcode(&err, b->data, b->len, syntax, &out),
		  want);
	CHECK(err.msg[0]);
	CHECK_INT(out.len, 0);
	pacs_buf_clear(&out);
}

/* Change one number of the object and write it again. */
static void
with_u16(const struct pacs_buf *from, uint32_t tag, uint16_t value,
	 struct pacs_buf *to)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = parse(from);

	pacs_buf_reset(to);
	pacs_item_put_u16(pacs_dataset_root(ds), tag, value);
	CHECK_OK(pacs_dataset_write(&err, ds, NULL, pacs_sink_buf, to));
	pacs_dataset_free(ds);
}

/* The object again, with only half of the bytes of its last frame. */
static void
cut_last_frame(const struct pacs_buf *from, struct pacs_buf *to)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = parse(from);
	struct pacs_item *root = pacs_dataset_root(ds);
	struct pacs_element *e = pacs_item_find(root, PACS_TAG_PixelData);
	size_t count = pacs_element_fragment_count(e), lengths[8];
	const void *fragments[8];

	for (size_t i = 0; i < count && i < 8; i++)
		fragments[i] = pacs_element_fragment(e, i, &lengths[i]);
	lengths[count - 1] = lengths[count - 1] / 4 * 2;
	pacs_item_put_fragments(root, PACS_TAG_PixelData, PACS_VR('O', 'B'),
				fragments, lengths, count);
	pacs_buf_reset(to);
	CHECK_OK(pacs_dataset_write(&err, ds, NULL, pacs_sink_buf, to));
	pacs_dataset_free(ds);
}

static void
test_cut_streams(void)
{
	struct pacs_buf image = {0}, packed = {0}, cut = {0};

	TEST("a frame that is cut is an error, not a picture");
	image_bytes(false, 16, "3", &image);
	for (size_t i = 0; i < COUNT(lossless); i++) {
		transcode(&image, lossless[i], &packed);
		cut_last_frame(&packed, &cut);
		expect(PACS_EFORMAT, &cut, PACS_SYNTAX_EXPLICIT_LE);
	}
	pacs_buf_clear(&image);
	pacs_buf_clear(&packed);
	pacs_buf_clear(&cut);
}

static void
test_refusals(void)
{
	struct pacs_buf image = {0}, packed = {0}, changed = {0};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds;

	image_bytes(false, 16, "1", &image);
	transcode(&image, lossless[2], &packed);

	TEST("syntaxes without a codec are refused");
	expect(PACS_EUNSUPPORTED, &image, "1.2.840.10008.1.2.4.90");
	expect(PACS_EUNSUPPORTED, &image, "1.2.3.4");

	TEST("bits that no codec takes, and missing pixels, are refused");
	with_u16(&image, PACS_TAG_BitsAllocated, 32, &changed);
	expect(PACS_EUNSUPPORTED, &changed, lossless[0]);
	with_u16(&image, PACS_TAG_BitsAllocated, 1, &changed);
	expect(PACS_EUNSUPPORTED, &changed, lossless[0]);
	ds = parse(&image);
	pacs_item_remove(pacs_dataset_root(ds), PACS_TAG_PixelData);
	pacs_buf_reset(&changed);
	CHECK_OK(pacs_dataset_write(&err, ds, NULL, pacs_sink_buf, &changed));
	pacs_dataset_free(ds);
	expect(PACS_EUNSUPPORTED, &changed, lossless[0]);

	TEST("a size that the pixels do not have is a format error");
	with_u16(&image, PACS_TAG_Rows, ROWS + 1, &changed);
	expect(PACS_EFORMAT, &changed, lossless[1]);
	with_u16(&packed, PACS_TAG_Rows, ROWS + 1, &changed);
	expect(PACS_EFORMAT, &changed, PACS_SYNTAX_EXPLICIT_LE);

	TEST("a small stream that claims gigabytes gets no memory");
	with_u16(&packed, PACS_TAG_Rows, 65535, &changed);
	pacs_buf_reset(&image);
	with_u16(&changed, PACS_TAG_Columns, 65535, &image);
	expect(PACS_ELIMIT, &image, PACS_SYNTAX_EXPLICIT_LE);

	pacs_buf_clear(&image);
	pacs_buf_clear(&packed);
	pacs_buf_clear(&changed);
}

/* 16928 bytes, but for 2^64 more. */
static void
test_size_that_wraps(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = image_new(true, 16, "64");
	struct pacs_item *root = pacs_dataset_root(ds);
	struct pacs_buf image = {0};

	TEST("a size beyond 64 bits is beyond every limit");
	pacs_item_put_u16(root, PACS_TAG_Rows, 65099);
	pacs_item_put_u16(root, PACS_TAG_Columns, 64664);
	text(root, PACS_TAG_NumberOfFrames, "730350934");
	CHECK_OK(pacs_dataset_write(&err, ds, NULL, pacs_sink_buf, &image));
	pacs_dataset_free(ds);
	for (size_t i = 0; i < COUNT(lossless); i++)
		expect(PACS_ELIMIT, &image, lossless[i]);
	pacs_buf_clear(&image);
}

static void
test_same_syntax(void)
{
	struct pacs_buf a = {0}, b = {0};

	TEST("the syntax that an object has changes nothing");
	image_bytes(true, 8, "1", &a);
	transcode(&a, PACS_SYNTAX_EXPLICIT_LE, &b);
	CHECK_MEM(b.data, b.len, a.data, a.len);
	pacs_buf_clear(&a);
	pacs_buf_clear(&b);
}

int
main(void)
{
	struct pacs_error err = PACS_ERROR_INIT;

	TEST("the codecs are there");
	CHECK_OK(pacs_dcm_available(&err));
	TEST("grey, 16 bits, several frames: through each codec and back");
	test_round_trips(false, 16, "3");
	TEST("grey, 8 bits, odd size: through each codec and back");
	test_round_trips(false, 8, "1");
	TEST("colour, odd size: through each codec and back");
	test_round_trips(true, 8, "1");
	TEST("colour, several frames: through each codec and back");
	test_round_trips(true, 8, "2");
	test_native_sources();
	test_refusals();
	test_size_that_wraps();
	test_cut_streams();
	test_same_syntax();
	return test_done();
}
