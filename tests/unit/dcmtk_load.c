/* The bridge's shared object, one image at a time: no data sets here. */
#include "dcmtk/load.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/work.h"
#include "test.h"

#define SYNTAX_RLE    "1.2.840.10008.1.2.5"
#define SYNTAX_JPEG57 "1.2.840.10008.1.2.4.57"
#define SYNTAX_JPEG70 "1.2.840.10008.1.2.4.70"
#define SYNTAX_JPEGLS "1.2.840.10008.1.2.4.80"
#define SYNTAX_J2K    "1.2.840.10008.1.2.4.90"

static const char *const encoders[] = {SYNTAX_RLE, SYNTAX_JPEG57, SYNTAX_JPEG70,
				       SYNTAX_JPEGLS};
#define ENCODERS (sizeof(encoders) / sizeof(*encoders))

struct bag {
	struct pacs_buf piece[64];
	size_t count;
};

static enum pacs_err
collect(struct pacs_error *err, void *ctx, const void *bytes, size_t size)
{
	struct bag *bag = ctx;

	if (bag->count == 64)
		return pacs_error_set(err, PACS_ELIMIT, "too many");
	if (size)
		pacs_buf_add(&bag->piece[bag->count], bytes, size);
	bag->count++;
	return PACS_OK;
}

static void
bag_clear(struct bag *bag)
{
	for (size_t i = 0; i < bag->count; i++)
		pacs_buf_clear(&bag->piece[i]);
	bag->count = 0;
}

static struct pacs_dcm_image
mono16(uint32_t frames)
{
	struct pacs_dcm_image image = {.frames = frames,
				       .rows = 31,
				       .columns = 34,
				       .samples = 1,
				       .bits_allocated = 16,
				       .bits_stored = 12,
				       .high_bit = 11,
				       .is_signed = 1,
				       .photometric = "MONOCHROME2"};

	return image;
}

static struct pacs_dcm_image
rgb8(uint32_t frames)
{
	struct pacs_dcm_image image = {.frames = frames,
				       .rows = 31,
				       .columns = 34,
				       .samples = 3,
				       .bits_allocated = 8,
				       .bits_stored = 8,
				       .high_bit = 7,
				       .photometric = "RGB"};

	return image;
}

static uint8_t *
pixels_new(const struct pacs_dcm_image *image, size_t *ret_size)
{
	size_t n = (size_t)image->rows * image->columns * image->samples *
		   image->frames;
	uint8_t *bytes = pacs_malloc(2 * n);

	for (size_t i = 0; i < n; i++) {
		int v = (int)(i * 37 % 400) - (int)(i % 1024);

		if (image->bits_allocated == 8) {
			bytes[i] = (uint8_t)v;
		} else {
			bytes[2 * i] = (uint8_t)v;
			bytes[2 * i + 1] = (uint8_t)((unsigned)v >> 8);
		}
	}
	*ret_size = image->bits_allocated == 8 ? n : 2 * n;
	return bytes;
}

static enum pacs_err
bag_decode(struct pacs_error *err, const struct pacs_dcm_bridge *bridge,
	   const char *syntax, struct pacs_dcm_image *image,
	   const struct bag *bag, struct bag *native)
{
	const void *at[64];
	size_t lengths[64];

	for (size_t i = 0; i < bag->count; i++) {
		at[i] = bag->piece[i].data;
		lengths[i] = bag->piece[i].len;
	}
	return bridge->decode(err, syntax, image, at, lengths, bag->count,
			      collect, native);
}

/* True if the image came back as it was. */
static bool
round_trip(const struct pacs_dcm_bridge *bridge, const char *syntax,
	   struct pacs_dcm_image image)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_dcm_image before = image;
	struct bag made = {0}, back = {0};
	size_t size;
	uint8_t *bytes = pixels_new(&image, &size);
	bool ok;

	ok =
	    bridge->encode(&err, syntax, &image, bytes, size, collect, &made) ==
		PACS_OK &&
	    made.count == image.frames + 1 &&
	    bag_decode(&err, bridge, syntax, &image, &made, &back) == PACS_OK &&
	    back.count == 1 && back.piece[0].len == size + size % 2 &&
	    !memcmp(back.piece[0].data, bytes, size) &&
	    image.bits_allocated == before.bits_allocated &&
	    image.samples == before.samples &&
	    !strcmp(image.photometric, before.photometric);
	if (!ok)
		printf("# %s: %s\n", syntax, err.msg);
	bag_clear(&made);
	bag_clear(&back);
	free(bytes);
	return ok;
}

struct crowd {
	struct pacs_dcm_bridge bridge;
	bool good[4];
};

static void
crowd_member(void *ctx, unsigned number)
{
	struct crowd *crowd = ctx;
	bool good = true;

	for (size_t i = 0; i < 8 && good; i++)
		good = round_trip(&crowd->bridge, encoders[i % ENCODERS],
				  i % 2 ? rgb8(2) : mono16(3));
	crowd->good[number] = good;
}

static void
test_errors(const struct pacs_dcm_bridge *bridge)
{
	struct pacs_dcm_image image = mono16(1);
	struct pacs_error err = PACS_ERROR_INIT;
	struct bag broken = {0}, out = {0};

	TEST("a syntax without codec is unsupported, and named");
	CHECK_ERR(bag_decode(&err, bridge, SYNTAX_J2K, &image, &broken, &out),
		  PACS_EUNSUPPORTED);
	CHECK(strstr(err.msg, SYNTAX_J2K));
	pacs_error_clear(&err);
	CHECK_ERR(
	    bridge->encode(&err, SYNTAX_J2K, &image, "", 0, collect, &out),
	    PACS_EUNSUPPORTED);

	TEST("a broken stream is a format error, and nothing comes out");
	pacs_buf_adds(&broken.piece[1], "\xff\xd8\xff\xf7 no JPEG at all");
	broken.count = 2;
	for (size_t i = 0; i < ENCODERS; i++) {
		pacs_error_clear(&err);
		CHECK_ERR(bag_decode(&err, bridge, encoders[i], &image, &broken,
				     &out),
			  PACS_EFORMAT);
		CHECK(err.msg[0]);
	}
	CHECK_INT(out.count, 0);

	TEST("too few bytes to compress are an error");
	for (size_t i = 0; i < ENCODERS; i++) {
		uint8_t few[16] = {0};

		pacs_error_clear(&err);
		CHECK(bridge->encode(&err, encoders[i], &image, few,
				     sizeof(few), collect, &out) != PACS_OK);
	}
	bag_clear(&broken);
	bag_clear(&out);
}

int
main(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct crowd crowd = {0};
	struct pacs_team *team;

	TEST("the shared object is found from a program of the build");
	if (!CHECK_OK(pacs_dcm_load(&err, &crowd.bridge))) {
		printf("# %s\n", err.msg);
		return test_done();
	}

	TEST("each lossless codec gives 16-bit signed frames back");
	for (size_t i = 0; i < ENCODERS; i++)
		CHECK(round_trip(&crowd.bridge, encoders[i], mono16(3)));

	TEST("each lossless codec gives colour frames back, colours untouched");
	for (size_t i = 0; i < ENCODERS; i++) {
		struct pacs_dcm_image ybr = rgb8(1);

		CHECK(round_trip(&crowd.bridge, encoders[i], rgb8(2)));
		strcpy(ybr.photometric, "YBR_FULL");
		CHECK(round_trip(&crowd.bridge, encoders[i], ybr));
	}

	test_errors(&crowd.bridge);

	TEST("threads load and use the codecs at once");
	CHECK_OK(pacs_team_start(&err, 4, crowd_member, &crowd, &team));
	pacs_team_join(team);
	for (size_t i = 0; i < 4; i++)
		CHECK(crowd.good[i]);
	return test_done();
}
