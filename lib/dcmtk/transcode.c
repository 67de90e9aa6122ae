/*
 * A data set in another transfer syntax: lib/dicom reads and writes it, the
 * bridge turns pixels into fragments and back. So all that is not pixel data
 * keeps its bytes, and DCMTK sees no more than one image.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dcmtk/check.h"
#include "dcmtk/codec.h"
#include "dcmtk/load.h"
#include "dicom/tag.h"
#include "dicom/uid.h"

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

static enum pacs_err
image_get(struct pacs_error *err, const struct pacs_item *item,
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

static bool
image_same(const struct pacs_dcm_image *old, const struct pacs_dcm_image *now)
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
static enum pacs_err
image_put(struct pacs_error *err, struct pacs_item *item,
	  const struct pacs_dcm_image *old, const struct pacs_dcm_image *now)
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

static uint64_t
native_size(const struct pacs_dcm_image *image)
{
	return (uint64_t)image->rows * image->columns * image->samples *
	       image->frames * ((image->bits_allocated + 7u) / 8);
}

static enum pacs_err
check_size(struct pacs_error *err, const struct pacs_dcm_image *image,
	   uint64_t compressed)
{
	uint64_t size;

	/* Four 16-bit numbers and a 31-bit one can pass 64 bits. */
	if (image->samples > 16 || image->bits_allocated > 64)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "%u samples of %u bits in a pixel",
				      image->samples, image->bits_allocated);
	size = native_size(image);
	if (size >= PACS_LENGTH_UNDEFINED ||
	    (size > NATIVE_FREE_BYTES && size / NATIVE_RATIO_MAX > compressed))
		return pacs_error_set(err, PACS_ELIMIT,
				      "%" PRIu64 " bytes of pixel data would "
				      "become %" PRIu64,
				      compressed, size);
	return PACS_OK;
}

static enum pacs_err
output_to_buf(struct pacs_error *err, void *ctx, const void *bytes, size_t size)
{
	(void)err;
	pacs_buf_add(ctx, bytes, size);
	return PACS_OK;
}

/* --- decompression ------------------------------------------------------- */

/* Append the native bytes of an encapsulated element; *image is both what the
 * item says and, after, what is true of those bytes. */
static enum pacs_err
decode_element(struct pacs_error *err, const struct pacs_element *e,
	       const char *syntax, struct pacs_dcm_image *image,
	       struct pacs_buf *out)
{
	size_t count = pacs_element_fragment_count(e), begin = out->len;
	const void **fragments = pacs_calloc(count + 1, sizeof(*fragments));
	size_t *lengths = pacs_calloc(count + 1, sizeof(*lengths));
	struct pacs_dcm_bridge bridge;
	uint64_t compressed = 0;

	for (size_t i = 0; i < count; i++) {
		fragments[i] = pacs_element_fragment(e, i, &lengths[i]);
		compressed += lengths[i];
	}
	if (check_size(err, image, compressed))
		goto out;
	for (size_t i = 1; i < count; i++) {
		if (pacs_dcm_check_fragment(err, syntax, image,
					    count - 1 == image->frames,
					    fragments[i], lengths[i]))
			goto out;
	}
	if (pacs_dcm_load(err, &bridge))
		goto out;
	if (bridge.decode(err, syntax, image, fragments, lengths, count,
			  output_to_buf, out))
		goto out;
	if (out->len - begin < native_size(image) ||
	    out->len - begin > native_size(image) + 1)
		pacs_error_set(err, PACS_EFORMAT,
			       "pixel data came to %zu bytes, not %" PRIu64,
			       out->len - begin, native_size(image));
out:
	free(fragments);
	free(lengths);
	return err->code;
}

static enum pacs_err
decode_in_item(struct pacs_error *err, struct pacs_item *item,
	       const char *syntax)
{
	struct pacs_element *e = pacs_item_find(item, PACS_TAG_PixelData);
	struct pacs_dcm_image old, now;
	struct pacs_buf native = {0};

	if (!e || !pacs_element_is_encapsulated(e))
		return PACS_OK;
	if (image_get(err, item, &old))
		return err->code;
	now = old;
	if (!decode_element(err, e, syntax, &now, &native) &&
	    !image_put(err, item, &old, &now))
		pacs_item_put_bytes(item, PACS_TAG_PixelData,
				    now.bits_allocated > 8 ? PACS_VR('O', 'W')
							   : PACS_VR('O', 'B'),
				    native.data, native.len);
	pacs_buf_clear(&native);
	return err->code;
}

/* Icons too: Pixel Data may be in any item. The reader bounds how many items
 * there are. */
static enum pacs_err
decode_all(struct pacs_error *err, struct pacs_item *root, const char *syntax)
{
	const size_t size = sizeof(void *);
	struct pacs_buf rest = {0}; /* pointers to items that wait */
	struct pacs_item *item = root;

	pacs_buf_add(&rest, &root, size);
	while (rest.len && !err->code) {
		rest.len -= size;
		memcpy(&item, rest.data + rest.len, size);
		if (decode_in_item(err, item, syntax))
			break;
		for (struct pacs_element *e = pacs_item_first(item); e;
		     e = pacs_element_next(e)) {
			size_t n = pacs_element_item_count(e);

			for (size_t i = 0; i < n; i++) {
				item = pacs_element_item(e, i);
				pacs_buf_add(&rest, &item, size);
			}
		}
	}
	pacs_buf_clear(&rest);
	return err->code;
}

/* --- compression ---------------------------------------------------------- */

struct fragments {
	struct pacs_buf bytes;
	size_t *lengths;
	size_t count, cap;
};

static enum pacs_err
output_fragment(struct pacs_error *err, void *ctx, const void *bytes,
		size_t size)
{
	struct fragments *f = ctx;

	(void)err;
	if (f->count == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 16;
		f->lengths =
		    pacs_realloc(f->lengths, f->cap * sizeof(*f->lengths));
	}
	f->lengths[f->count++] = size;
	if (size)
		pacs_buf_add(&f->bytes, bytes, size);
	return PACS_OK;
}

static void
put_fragments(struct pacs_item *item, const struct fragments *f)
{
	const void **at = pacs_calloc(f->count + 1, sizeof(*at));
	size_t offset = 0;

	for (size_t i = 0; i < f->count; i++) {
		at[i] = pacs_buf_str(&f->bytes) + offset;
		offset += f->lengths[i];
	}
	pacs_item_put_fragments(item, PACS_TAG_PixelData, PACS_VR('O', 'B'), at,
				f->lengths, f->count);
	free(at);
}

static enum pacs_err
encode_native(struct pacs_error *err, const char *syntax,
	      struct pacs_dcm_image *image, const void *native, size_t size,
	      struct fragments *f)
{
	struct pacs_dcm_bridge bridge;

	if (check_size(err, image, size))
		return err->code;
	if (image->bits_allocated != 8 && image->bits_allocated != 16)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "cannot compress pixels of %u bits",
				      image->bits_allocated);
	if (size < native_size(image))
		return pacs_error_set(err, PACS_EFORMAT,
				      "pixel data has %zu bytes, not %" PRIu64,
				      size, native_size(image));
	if (pacs_dcm_load(err, &bridge))
		return err->code;
	return bridge.encode(err, syntax, image, native, size, output_fragment,
			     f);
}

static enum pacs_err
encode_root(struct pacs_error *err, struct pacs_item *root, const char *syntax)
{
	struct pacs_element *e = pacs_item_find(root, PACS_TAG_PixelData);
	struct pacs_dcm_image old, now;
	struct fragments f = {0};
	const void *native;
	size_t size = 0;

	native = e ? pacs_element_value(e, &size) : NULL;
	if (!native)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "no pixel data to compress");
	if (image_get(err, root, &old))
		return err->code;
	now = old;
	if (!encode_native(err, syntax, &now, native, size, &f) &&
	    !image_put(err, root, &old, &now))
		put_fragments(root, &f);
	pacs_buf_clear(&f.bytes);
	free(f.lengths);
	return err->code;
}

enum pacs_err
pacs_dcm_encode_frame(struct pacs_error *err, const char *transfer_syntax,
		      const struct pacs_item *item, const void *native,
		      size_t size, struct pacs_buf *out)
{
	struct pacs_dcm_image said, now;
	struct fragments f = {0};

	if (image_get(err, item, &said))
		return err->code;
	said.frames = 1;
	now = said;
	if (encode_native(err, transfer_syntax, &now, native, size, &f))
		goto out;
	if (f.count != 2 || !image_same(&said, &now)) {
		pacs_error_set(err, PACS_EUNSUPPORTED,
			       "cannot compress single frames like this");
		goto out;
	}
	pacs_buf_add(out, f.bytes.data + f.lengths[0], f.lengths[1]);
out:
	pacs_buf_clear(&f.bytes);
	free(f.lengths);
	return err->code;
}

/* --- both ------------------------------------------------------------------
 */

/* Read; what is big endian is turned into explicit little endian first, since
 * codecs work on that. *tmp holds the bytes then. */
static enum pacs_err
read_little(struct pacs_error *err, const void *bytes, size_t size,
	    struct pacs_buf *tmp, struct pacs_dataset **ret_ds)
{
	const struct pacs_write_options opts = {.transfer_syntax =
						    PACS_SYNTAX_EXPLICIT_LE};
	const struct pacs_syntax *syntax;

	if (pacs_dataset_read_memory(err, bytes, size, NULL, ret_ds))
		return err->code;
	syntax = pacs_syntax_find(pacs_dataset_info(*ret_ds)->transfer_syntax);
	if (!syntax || !syntax->big_endian)
		return PACS_OK;
	if (!pacs_dataset_write(err, *ret_ds, &opts, pacs_sink_buf, tmp)) {
		pacs_dataset_free(*ret_ds);
		return pacs_dataset_read_memory(err, tmp->data, tmp->len, NULL,
						ret_ds);
	}
	pacs_dataset_free(*ret_ds);
	*ret_ds = NULL;
	return err->code;
}

static enum pacs_err
change_pixels(struct pacs_error *err, struct pacs_dataset *ds,
	      const struct pacs_syntax *to)
{
	const char *from = pacs_dataset_info(ds)->transfer_syntax;
	struct pacs_item *root = pacs_dataset_root(ds);

	if (decode_all(err, root, from))
		return err->code;
	return to->encapsulated ? encode_root(err, root, to->uid) : PACS_OK;
}

enum pacs_err
pacs_dcm_transcode(struct pacs_error *err, const void *bytes, size_t size,
		   const char *transfer_syntax, struct pacs_buf *out)
{
	const struct pacs_syntax *to = pacs_syntax_find(transfer_syntax);
	const struct pacs_write_options opts = {.transfer_syntax =
						    transfer_syntax};
	struct pacs_dataset *ds = NULL;
	struct pacs_buf tmp = {0};
	size_t begin = out->len;

	if (!to)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "unknown transfer syntax %s",
				      transfer_syntax);
	if (read_little(err, bytes, size, &tmp, &ds))
		goto out;
	if (strcmp(pacs_dataset_info(ds)->transfer_syntax, to->uid) == 0 &&
	    !tmp.len) {
		pacs_buf_add(out, bytes, size);
		goto out;
	}
	if (change_pixels(err, ds, to) ||
	    pacs_dataset_write(err, ds, &opts, pacs_sink_buf, out))
		goto out;
out:
	if (err->code)
		out->len = begin;
	pacs_dataset_free(ds);
	pacs_buf_clear(&tmp);
	return err->code;
}

enum pacs_err
pacs_dcm_decode_pixels(struct pacs_error *err, void *ctx,
		       struct pacs_dataset *ds, struct pacs_buf *out)
{
	const char *syntax = pacs_dataset_info(ds)->transfer_syntax;
	const struct pacs_syntax *known = pacs_syntax_find(syntax);
	struct pacs_item *root = pacs_dataset_root(ds);
	struct pacs_element *e = pacs_item_find(root, PACS_TAG_PixelData);
	struct pacs_dcm_image image;

	(void)ctx;
	if (!known || !known->lossless || !e ||
	    !pacs_element_is_encapsulated(e))
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "not losslessly compressed pixel data");
	if (image_get(err, root, &image))
		return err->code;
	return decode_element(err, e, syntax, &image, out);
}

enum pacs_err
pacs_dcm_available(struct pacs_error *err)
{
	struct pacs_dcm_bridge bridge;

	return pacs_dcm_load(err, &bridge);
}
