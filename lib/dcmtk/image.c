/*
 * What the attributes of a data set say of its pixels, and what they must say
 * when a codec has changed them.
 */
#include "dcmtk/image.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "dicom/tag.h"

/* What pixels may decompress to. A codestream can claim anything; memory is
 * given for what its size justifies (runs in JPEG-LS shrink 5,000-fold). */
#define NATIVE_FREE_BYTES ((uint64_t)256 << 20)
#define NATIVE_RATIO_MAX  8192

static uint16_t
get_u16(const struct pacs_item *item, uint32_t tag, uint16_t otherwise)
{
	int64_t n;

	if (!pacs_item_int(item, tag, 0, &n) || n < 0 || n > UINT16_MAX)
		return otherwise;
	return (uint16_t)n;
}

enum pacs_err
pacs_dcm_image_get(struct pacs_error *err, const struct pacs_item *item,
		   struct pacs_dcm_image *ret)
{
	struct pacs_buf text = {0};
	int64_t frames = 1;

	memset(ret, 0, sizeof(*ret));
	pacs_item_int(item, PACS_TAG_NumberOfFrames, 0, &frames);
	ret->frames = frames > 0 && frames <= INT32_MAX ? (uint32_t)frames : 1;
	ret->rows = get_u16(item, PACS_TAG_Rows, 0);
	ret->columns = get_u16(item, PACS_TAG_Columns, 0);
	ret->samples = get_u16(item, PACS_TAG_SamplesPerPixel, 1);
	ret->planar = get_u16(item, PACS_TAG_PlanarConfiguration, 0);
	ret->bits_allocated = get_u16(item, PACS_TAG_BitsAllocated, 0);
	ret->bits_stored =
	    get_u16(item, PACS_TAG_BitsStored, ret->bits_allocated);
	ret->high_bit =
	    get_u16(item, PACS_TAG_HighBit, (uint16_t)(ret->bits_stored - 1));
	ret->is_signed = get_u16(item, PACS_TAG_PixelRepresentation, 0);
	pacs_item_text(item, PACS_TAG_PhotometricInterpretation, &text);
	snprintf(ret->photometric, sizeof(ret->photometric), "%s",
		 pacs_buf_str(&text));
	pacs_buf_clear(&text);
	if (!ret->rows || !ret->columns || !ret->samples ||
	    !ret->bits_allocated || !ret->photometric[0])
		return pacs_error_set(err, PACS_EFORMAT,
				      "pixel data without its attributes");
	return PACS_OK;
}

struct change {
	uint32_t tag;
	uint16_t old, now;
};
#define CHANGES 6

/* The numbers that a codec can change. */
static void
image_changes(const struct pacs_dcm_image *old,
	      const struct pacs_dcm_image *now, struct change ret[CHANGES])
{
	const struct change all[CHANGES] = {
	    {PACS_TAG_SamplesPerPixel, old->samples, now->samples},
	    {PACS_TAG_PlanarConfiguration, old->planar, now->planar},
	    {PACS_TAG_BitsAllocated, old->bits_allocated, now->bits_allocated},
	    {PACS_TAG_BitsStored, old->bits_stored, now->bits_stored},
	    {PACS_TAG_HighBit, old->high_bit, now->high_bit},
	    {PACS_TAG_PixelRepresentation, old->is_signed, now->is_signed},
	};

	memcpy(ret, all, sizeof(all));
}

bool
pacs_dcm_image_same(const struct pacs_dcm_image *old,
		    const struct pacs_dcm_image *now)
{
	struct change changes[CHANGES];

	image_changes(old, now, changes);
	for (size_t i = 0; i < CHANGES; i++) {
		if (changes[i].old != changes[i].now)
			return false;
	}
	return strcmp(old->photometric, now->photometric) == 0;
}

/* Write down what the codec changed, and only that. */
enum pacs_err
pacs_dcm_image_put(struct pacs_error *err, struct pacs_item *item,
		   const struct pacs_dcm_image *old,
		   const struct pacs_dcm_image *now)
{
	struct change changes[CHANGES];

	image_changes(old, now, changes);
	for (size_t i = 0; i < CHANGES; i++) {
		if (changes[i].old != changes[i].now)
			pacs_item_put_u16(item, changes[i].tag, changes[i].now);
	}
	if (strcmp(old->photometric, now->photometric) == 0)
		return PACS_OK;
	return pacs_item_put_text(err, item, PACS_TAG_PhotometricInterpretation,
				  now->photometric);
}

uint64_t
pacs_dcm_image_bytes(const struct pacs_dcm_image *image)
{
	/* A frame is below 2^61. */
	uint64_t frame = (uint64_t)image->rows * image->columns *
			 image->samples * ((image->bits_allocated + 7u) / 8);
	uint64_t all;

	return __builtin_mul_overflow(frame, image->frames, &all) ? UINT64_MAX
								  : all;
}

enum pacs_err
pacs_dcm_image_check_size(struct pacs_error *err,
			  const struct pacs_dcm_image *image,
			  uint64_t compressed)
{
	uint64_t size;

	if (image->samples > 16 || image->bits_allocated > 64)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "%u samples of %u bits in a pixel",
				      image->samples, image->bits_allocated);
	size = pacs_dcm_image_bytes(image);
	if (size >= PACS_LENGTH_UNDEFINED ||
	    (size > NATIVE_FREE_BYTES && size / NATIVE_RATIO_MAX > compressed))
		return pacs_error_set(err, PACS_ELIMIT,
				      "%" PRIu64 " bytes of pixel data would "
				      "become %" PRIu64,
				      compressed, size);
	return PACS_OK;
}
