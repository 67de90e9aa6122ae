/*
 * An object into a file: what describes it through lib/dicom, then one frame
 * after the other, so that memory holds one frame however many there are.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "dcmtk/codec.h"
#include "phantom/internal.h"

#define WRITE_BYTES ((size_t)256 << 10) /* what is saved up for one write */
/* A deflated object is made in memory. */
#define DEFLATED_MAX_BYTES ((uint64_t)1 << 30)

/* Where a file's bytes go. */
struct output {
	int fd;
	uint64_t size;
	struct pacs_buf buf;
};

static enum pacs_err
flush(struct pacs_error *err, struct output *out)
{
	size_t n = out->buf.len;

	if (!n)
		return PACS_OK;
	pacs_buf_reset(&out->buf);
	out->size += n;
	return pacs_fs_write(err, out->fd, out->buf.data, n);
}

static enum pacs_err
flush_if_much(struct pacs_error *err, struct output *out)
{
	return out->buf.len >= WRITE_BYTES ? flush(err, out) : PACS_OK;
}

/* The deflating writer gives all in many pieces. */
static enum pacs_err
output_sink(struct pacs_error *err, void *ctx, const void *bytes, size_t size)
{
	struct output *out = ctx;

	pacs_buf_add(&out->buf, bytes, size);
	return flush_if_much(err, out);
}

static uint64_t
pixel_bytes(const struct pacs_ph_object *o)
{
	return o->kind->frame ? o->frame_bytes * o->frames : 0;
}

static uint16_t
pixel_vr(const struct pacs_ph_object *o)
{
	return o->bits_allocated > 8 ? PACS_VR('O', 'W') : PACS_VR('O', 'B');
}

static void
swap_words(uint8_t *bytes, uint64_t size)
{
	for (uint64_t i = 0; i + 1 < size; i += 2) {
		uint8_t b = bytes[i];

		bytes[i] = bytes[i + 1];
		bytes[i + 1] = b;
	}
}

static void
put_u32_le(char *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(v >> (8 * i));
}

/* --- native -------------------------------------------------------------- */

/*
 * Pixel Data is the last element, so an empty one ends the file with a length
 * of 32 bits in each of the native forms. It becomes the true length, and the
 * frames follow.
 */
static enum pacs_err
write_native(struct pacs_error *err, struct pacs_ph_object *o,
	     struct pacs_dataset *ds, const struct pacs_syntax *syntax,
	     struct output *out)
{
	const struct pacs_write_options opts = {.transfer_syntax = syntax->uid,
						.new_meta = true};
	uint32_t length = (uint32_t)pixel_bytes(o);
	char *end;

	pacs_item_put_bytes(pacs_dataset_root(ds), PACS_TAG_PixelData,
			    pixel_vr(o), "", 0);
	if (pacs_dataset_write(err, ds, &opts, pacs_sink_buf, &out->buf))
		return err->code;
	end = out->buf.data + out->buf.len - 4;
	put_u32_le(end,
		   syntax->big_endian ? __builtin_bswap32(length) : length);
	for (uint32_t i = 0; i < o->frames; i++) {
		uint8_t *bytes;

		if (flush_if_much(err, out))
			return err->code;
		bytes = (uint8_t *)pacs_buf_reserve(&out->buf, o->frame_bytes);
		o->kind->frame(o, i, bytes);
		if (syntax->big_endian && o->bits_allocated > 8)
			swap_words(bytes, o->frame_bytes);
		out->buf.len += o->frame_bytes;
	}
	return PACS_OK;
}

/* --- compressed ---------------------------------------------------------- */

static void
add_item_header(struct output *out, uint16_t element, uint32_t length)
{
	char header[8] = {'\xfe', '\xff', (char)element, (char)(element >> 8)};

	put_u32_le(header + 4, length);
	pacs_buf_add(&out->buf, header, sizeof(header));
}

/* The data set, then Pixel Data of undefined length, whose offset table is
 * empty (PS3.5 A.4): frames have one fragment each. */
static enum pacs_err
write_compressed(struct pacs_error *err, struct pacs_ph_object *o,
		 struct pacs_dataset *ds, const struct pacs_syntax *syntax,
		 struct output *out)
{
	static const char pixel_data[] =
	    "\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff";
	const struct pacs_write_options opts = {
	    .transfer_syntax = PACS_SYNTAX_EXPLICIT_LE, .bare = true};
	uint8_t *native = pacs_malloc(o->frame_bytes);
	struct pacs_buf fragment = {0};

	pacs_meta_make(o->sop_class, o->sop_uid, syntax->uid, &out->buf);
	if (pacs_dataset_write(err, ds, &opts, pacs_sink_buf, &out->buf))
		goto out;
	pacs_buf_add(&out->buf, pixel_data, sizeof(pixel_data) - 1);
	add_item_header(out, 0xe000, 0);
	for (uint32_t i = 0; i < o->frames; i++) {
		pacs_buf_reset(&fragment);
		o->kind->frame(o, i, native);
		if (pacs_dcm_encode_frame(err, syntax->uid,
					  pacs_dataset_root(ds), native,
					  o->frame_bytes, &fragment))
			goto out;
		add_item_header(out, 0xe000, (uint32_t)fragment.len);
		pacs_buf_add(&out->buf, fragment.data, fragment.len);
		if (flush_if_much(err, out))
			goto out;
	}
	add_item_header(out, 0xe0dd, 0);
out:
	pacs_buf_clear(&fragment);
	free(native);
	return err->code;
}

/* --- in memory ----------------------------------------------------------- */

static enum pacs_err
write_whole(struct pacs_error *err, struct pacs_ph_object *o,
	    struct pacs_dataset *ds, const struct pacs_syntax *syntax,
	    struct output *out)
{
	const struct pacs_write_options opts = {.transfer_syntax = syntax->uid,
						.new_meta = true};
	uint64_t size = pixel_bytes(o);
	uint8_t *bytes = NULL;

	if (size > DEFLATED_MAX_BYTES)
		return pacs_error_set(err, PACS_ELIMIT,
				      "%" PRIu64 " bytes of pixel data cannot "
				      "be deflated",
				      size);
	if (size) {
		bytes = pacs_malloc(size);
		for (uint32_t i = 0; i < o->frames; i++)
			o->kind->frame(o, i, bytes + i * o->frame_bytes);
		pacs_item_put_borrowed(pacs_dataset_root(ds),
				       PACS_TAG_PixelData, pixel_vr(o), bytes,
				       size);
	}
	if (pacs_dataset_write(err, ds, &opts, output_sink, out))
		goto out;
out:
	free(bytes);
	return err->code;
}

enum pacs_err
pacs_ph_write(struct pacs_error *err, struct pacs_ph_object *o,
	      const char *syntax_uid, int fd, uint64_t *ret_size)
{
	const struct pacs_syntax *syntax = pacs_syntax_find(syntax_uid);
	struct pacs_dataset *ds = pacs_dataset_new();
	struct pacs_ph_put root = {err, pacs_dataset_root(ds)};
	struct output out = {.fd = fd};

	pacs_ph_put_common(o, &root);
	o->kind->describe(o, &root);
	if (err->code)
		goto out;
	if (pixel_bytes(o) >= PACS_LENGTH_UNDEFINED) {
		pacs_error_set(err, PACS_ELIMIT,
			       "%" PRIu64 " bytes of pixel data in one object",
			       pixel_bytes(o));
		goto out;
	}
	if (!pixel_bytes(o) || syntax->deflated) {
		if (write_whole(err, o, ds, syntax, &out))
			goto out;
	} else if (syntax->encapsulated) {
		if (write_compressed(err, o, ds, syntax, &out))
			goto out;
	} else if (write_native(err, o, ds, syntax, &out)) {
		goto out;
	}
	if (!flush(err, &out))
		*ret_size = out.size;
out:
	pacs_buf_clear(&out.buf);
	pacs_dataset_free(ds);
	free(o->state);
	o->state = NULL;
	return err->code;
}
