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
#include "dcmtk/image.h"
#include "dcmtk/load.h"
#include "dicom/tag.h"
#include "dicom/uid.h"

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
	if (pacs_dcm_image_check_size(err, image, compressed))
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
	if (out->len - begin < pacs_dcm_image_bytes(image) ||
	    out->len - begin > pacs_dcm_image_bytes(image) + 1)
		pacs_error_set(err, PACS_EFORMAT,
			       "pixel data came to %zu bytes, not %" PRIu64,
			       out->len - begin, pacs_dcm_image_bytes(image));
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
	if (pacs_dcm_image_get(err, item, &old))
		return err->code;
	now = old;
	if (!decode_element(err, e, syntax, &now, &native) &&
	    !pacs_dcm_image_put(err, item, &old, &now))
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

	if (pacs_dcm_image_check_size(err, image, size))
		return err->code;
	if (image->bits_allocated != 8 && image->bits_allocated != 16)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "cannot compress pixels of %u bits",
				      image->bits_allocated);
	if (size < pacs_dcm_image_bytes(image))
		return pacs_error_set(err, PACS_EFORMAT,
				      "pixel data has %zu bytes, not %" PRIu64,
				      size, pacs_dcm_image_bytes(image));
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
	if (pacs_dcm_image_get(err, root, &old))
		return err->code;
	now = old;
	if (!encode_native(err, syntax, &now, native, size, &f) &&
	    !pacs_dcm_image_put(err, root, &old, &now))
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

	if (pacs_dcm_image_get(err, item, &said))
		return err->code;
	said.frames = 1;
	now = said;
	if (encode_native(err, transfer_syntax, &now, native, size, &f))
		goto out;
	if (f.count != 2 || !pacs_dcm_image_same(&said, &now)) {
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

/* --- both ---------------------------------------------------------------- */

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
	if (pacs_dcm_image_get(err, root, &image))
		return err->code;
	return decode_element(err, e, syntax, &image, out);
}

enum pacs_err
pacs_dcm_available(struct pacs_error *err)
{
	struct pacs_dcm_bridge bridge;

	return pacs_dcm_load(err, &bridge);
}
