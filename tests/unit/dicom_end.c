#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dicom/end.h"
#include "unit/dicom_bytes.h"

#define CT_IMAGE "1.2.840.10008.5.1.4.1.1.2"

/* Is an object of the first n bytes cut? Asked in memory, in a file, and after
 * a reading to the end: the answers must agree. */
static bool
is_cut(const struct pacs_buf *whole, size_t n)
{
	struct pacs_read_options opts = {.tolerate_damage = true};
	struct pacs_object_bytes b = {.fd = -1, .size = n};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;
	bool cut[3] = {false, true, true};
	void *copy = malloc(n + 1); /* a read too far is seen by sanitizers */
	int i, fd = memfd_create("object", MFD_CLOEXEC);

	copy = copy ? memcpy(copy, whole->data, n) : NULL;
	CHECK(copy && fd >= 0 && write(fd, copy, n) == (ssize_t)n);
	for (i = 0; i < 3; i++) {
		opts.stop_tag = i < 2 ? PACS_STOP_AT_PIXELS : 0;
		b.bytes = i == 1 ? NULL : copy;
		b.fd = fd;
		if (i == 1)
			CHECK_OK(pacs_dataset_read_fd(&err, fd, &opts, &ds));
		else
			CHECK_OK(pacs_dataset_read_memory(&err, copy, n, &opts,
							  &ds));
		cut[i] = ds && pacs_dataset_is_cut(ds, &b);
		pacs_dataset_free(ds);
	}
	CHECK_INT(cut[1], cut[0]);
	CHECK_INT(cut[2], cut[0]);
	close(fd);
	free(copy);
	return cut[0];
}

static void
put_image(struct pacs_buf *b, const char *syntax, const char *frames)
{
	put_meta(b, syntax);
	put_str(b, 0x00080016, "UI", CT_IMAGE);
	put_str(b, 0x00080018, "UI", "1.2.3.4.5.6");
	put_header(b, 0x00081140, "SQ", PACS_LENGTH_UNDEFINED);
	put_header(b, ITEM, "", PACS_LENGTH_UNDEFINED);
	put_str(b, 0x00080050, "SH", "NONE");
	put_header(b, ITEM_END, "", 0);
	put_header(b, SEQ_END, "", 0);
	put_str(b, 0x00280008, "IS", frames);
	put_el(b, 0x00280010, "US", "\4\0", 2);
	put_el(b, 0x00280011, "US", "\4\0", 2);
	put_el(b, 0x00280100, "US", "\10\0", 2);
}

/* Behind the UIDs every cut is seen, but for those between two elements before
 * group 0028, of which there are allowed so many. */
static void
cut_everywhere(const struct pacs_buf *b, size_t from, size_t until,
	       unsigned allowed)
{
	unsigned unseen = 0;
	size_t n;

	for (n = from; n < until; n++)
		unseen += !is_cut(b, n);
	CHECK_INT(unseen, allowed);
	for (; n <= b->len; n++)
		CHECK(!is_cut(b, n));
}

/* Behind SOP Instance UID, where the sequence begins. */
static size_t
begin_of_sequence(const struct pacs_buf *b)
{
	const char *p = memmem(b->data, b->len, "\x08\0\x40\x11SQ", 6);

	return p ? (size_t)(p - b->data) : 0;
}

static void
test_native(void)
{
	struct pacs_buf b = {0};
	char pixels[32] = "";
	size_t pixels_end;

	put_image(&b, PACS_SYNTAX_EXPLICIT_LE, "2 ");
	put_el(&b, PACS_TAG_PixelData, "OW", pixels, sizeof(pixels));
	pixels_end = b.len;
	CHECK(!is_cut(&b, b.len));
	/* Trailing padding is nobody's loss. */
	put_el(&b, 0xfffcfffc, "OB", pixels, sizeof(pixels));
	CHECK(!is_cut(&b, pixels_end));
	CHECK(!is_cut(&b, b.len));
	b.len = pixels_end;
	/* Before and behind the sequence. */
	cut_everywhere(&b, begin_of_sequence(&b), pixels_end, 2);
	pacs_buf_clear(&b);
	/* Whole, but of one frame less than it says. */
	put_image(&b, PACS_SYNTAX_EXPLICIT_LE, "2 ");
	put_el(&b, PACS_TAG_PixelData, "OW", pixels, 16);
	CHECK(is_cut(&b, b.len));
	pacs_buf_clear(&b);
}

static void
test_encapsulated(void)
{
	struct pacs_buf b = {0};
	size_t end;

	put_image(&b, "1.2.840.10008.1.2.4.70", "2 ");
	put_header(&b, PACS_TAG_PixelData, "OB", PACS_LENGTH_UNDEFINED);
	put_header(&b, ITEM, "", 0);
	put_header(&b, ITEM, "", 4);
	pacs_buf_add(&b, "abcd", 4);
	put_header(&b, ITEM, "", 6);
	pacs_buf_add(&b, "abcdef", 6);
	end = b.len;
	/* All frames and no delimiter: some write it so. */
	CHECK(!is_cut(&b, end));
	cut_everywhere(&b, begin_of_sequence(&b), end, 2);
	put_header(&b, SEQ_END, "", 0);
	CHECK(is_cut(&b, b.len - 1));
	CHECK(!is_cut(&b, b.len));
	pacs_buf_clear(&b);
}

/* Many fragments, near each other and not: more than one read gets. */
static void
test_fragments(void)
{
	struct pacs_buf b = {0};
	char bytes[3000] = "";
	size_t i, begin;

	put_image(&b, "1.2.840.10008.1.2.4.70", "900 ");
	put_header(&b, PACS_TAG_PixelData, "OB", PACS_LENGTH_UNDEFINED);
	begin = b.len;
	for (i = 0; i <= 9000; i++) {
		size_t n = i % 100 ? i % 7 / 6 * 200 : i % 3000;

		put_header(&b, ITEM, "", (uint32_t)n);
		pacs_buf_add(&b, bytes, n);
	}
	put_header(&b, SEQ_END, "", 0);
	CHECK(!is_cut(&b, b.len));
	CHECK(is_cut(&b, b.len - 1));
	for (i = begin; i < b.len / 20; i += 997)
		CHECK(is_cut(&b, i));
	CHECK(b.len > 400000);
	pacs_buf_clear(&b);
}

static void
test_without_pixels(void)
{
	struct pacs_buf b = {0};

	put_meta(&b, PACS_SYNTAX_EXPLICIT_LE);
	put_str(&b, 0x00080016, "UI", CT_IMAGE);
	put_str(&b, 0x00100020, "LO", "ANYBODY ");
	CHECK(!is_cut(&b, b.len)); /* a header that was stored alone */
	CHECK(is_cut(&b, b.len - 1));
	/* An element that an item around it cuts is damage of another kind. */
	put_header(&b, 0x00400275, "SQ", 20);
	put_header(&b, ITEM, "", 12);
	put_header(&b, 0x00400007, "LO", 4000);
	pacs_buf_adds(&b, "abcd");
	put_str(&b, 0x00400280, "ST",
		"so much more that the item is not the end");
	CHECK(!is_cut(&b, b.len));
	pacs_buf_clear(&b);
}

int
main(void)
{
	TEST("a native image is cut wherever it ends before its pixels do");
	test_native();
	TEST("an encapsulated one is cut before its delimiter or last frame");
	test_encapsulated();
	test_fragments();
	TEST("a header alone is not cut, a damaged item neither");
	test_without_pixels();
	return test_done();
}
