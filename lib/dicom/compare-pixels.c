/*
 * Pixel data in different transfer syntaxes: the same if both come without
 * loss out of the decoder with the same bytes. Native pixels count as little
 * endian, colour by pixel or by plane as it may be.
 */
#include <stdlib.h>
#include <string.h>

#include "dicom/compare.h"

static const struct pacs_element *
pixels(struct pacs_dataset *ds)
{
	return pacs_item_find(&ds->root, PACS_TAG_PixelData);
}

static bool
same_syntax(const struct pacs_dataset *a, const struct pacs_dataset *b)
{
	return strcmp(a->info.transfer_syntax, b->info.transfer_syntax) == 0;
}

static bool
needs_decoder(struct pacs_dataset *a, struct pacs_dataset *b)
{
	const struct pacs_element *ea = pixels(a), *eb = pixels(b);

	if (!ea || !eb || !((ea->flags | eb->flags) & E_FRAGMENTS))
		return false;
	if ((ea->flags ^ eb->flags) & E_FRAGMENTS)
		return true;
	return !same_syntax(a, b) &&
	       pacs_compare_values(&a->root, ea, &b->root, eb) != NULL;
}

/* Native bytes of ds, little endian, appended to *out. */
static bool
native_bytes(struct pacs_dataset *ds, pacs_pixel_decoder *decode, void *ctx,
	     struct pacs_buf *out)
{
	const struct pacs_element *e = pixels(ds);
	const struct pacs_syntax *s =
	    pacs_syntax_find(ds->info.transfer_syntax);
	struct pacs_error err = PACS_ERROR_INIT;
	size_t i;

	if (e->flags & E_FRAGMENTS)
		return s && s->lossless &&
		       decode(&err, ctx, ds, out) == PACS_OK;
	pacs_buf_add(out, e->value, (size_t)e->length);
	if (pacs_element_is_big(e) && pacs_vr_word(pacs_element_vr(e)) == 2) {
		for (i = 0; i + 1 < out->len; i += 2) {
			char c = out->data[i];

			out->data[i] = out->data[i + 1];
			out->data[i + 1] = c;
		}
	}
	return true;
}

/* From colour by pixel to colour by plane, frame by frame. */
static char *
to_planes(const struct pacs_buf *b, size_t sample, size_t frame)
{
	char *planes = pacs_malloc(b->len);
	size_t start, i, pixel = 3 * sample, count = frame / pixel;

	memcpy(planes, b->data, b->len); /* what is over after the last */
	for (start = 0; b->len - start >= frame; start += frame) {
		for (i = 0; i < 3 * count; i++)
			memcpy(planes + start +
				   (i % 3 * count + i / 3) * sample,
			       b->data + start + i * sample, sample);
	}
	return planes;
}

static bool
same_in_planes(struct pacs_dataset *ds, const struct pacs_buf *a,
	       const struct pacs_buf *b)
{
	int64_t samples, rows, columns, bits;
	size_t frame;
	char *planes;
	bool same;

	if (!pacs_item_int(&ds->root, PACS_TAG_SamplesPerPixel, 0, &samples) ||
	    !pacs_item_int(&ds->root, PACS_TAG_Rows, 0, &rows) ||
	    !pacs_item_int(&ds->root, PACS_TAG_Columns, 0, &columns) ||
	    !pacs_item_int(&ds->root, PACS_TAG_BitsAllocated, 0, &bits) ||
	    samples != 3 || (bits != 8 && bits != 16) || rows <= 0 ||
	    columns <= 0 || rows > UINT16_MAX || columns > UINT16_MAX)
		return false;
	frame = (size_t)rows * (size_t)columns * 3 * (size_t)(bits / 8);
	if (a->len < frame || b->len < frame)
		return false;
	planes = to_planes(a, (size_t)(bits / 8), frame);
	same = pacs_compare_padded((uint8_t *)planes, a->len,
				   (uint8_t *)b->data, b->len);
	free(planes);
	return same;
}

static bool
same_native(struct pacs_dataset *ds, const struct pacs_buf *a,
	    const struct pacs_buf *b)
{
	return pacs_compare_padded((uint8_t *)a->data, a->len,
				   (uint8_t *)b->data, b->len) ||
	       same_in_planes(ds, a, b) || same_in_planes(ds, b, a);
}

enum pacs_pixels
pacs_compare_pixels(struct pacs_dataset *a, struct pacs_dataset *b,
		    pacs_pixel_decoder *decode, void *ctx)
{
	struct pacs_buf pa = {0}, pb = {0};
	enum pacs_pixels result = PACS_PIXELS_UNDECODED;

	if (!needs_decoder(a, b))
		return PACS_PIXELS_AS_THEY_ARE;
	if (decode && native_bytes(a, decode, ctx, &pa) &&
	    native_bytes(b, decode, ctx, &pb))
		result = same_native(a, &pa, &pb) ? PACS_PIXELS_SAME
						  : PACS_PIXELS_DIFFERENT;
	pacs_buf_clear(&pa);
	pacs_buf_clear(&pb);
	return result;
}
