#include "dcmtk/check.h"

#include <string.h>

#define SYNTAX_RLE   "1.2.840.10008.1.2.5"
#define RLE_SEGMENTS 15
#define RLE_HEADER   64

static bool
is_frame_header(unsigned marker)
{
	return marker == 0xf7 ||
	       (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
		marker != 0xc8 && marker != 0xcc);
}

/*
 * Size of the image in a JPEG or JPEG-LS stream, from its frame header (ISO/IEC
 * 10918-1 B.2.2, 14495-1 C.2.2). False: there is none before the first scan.
 */
static bool
jpeg_size(const uint8_t *p, size_t len, unsigned *ret_rows,
	  unsigned *ret_columns)
{
	size_t i = 2;

	while (i + 9 <= len && p[i] == 0xff && p[i + 1] != 0xda) {
		if (p[i + 1] == 0xff) { /* fill byte */
			i++;
			continue;
		}
		if (is_frame_header(p[i + 1])) {
			*ret_rows = p[i + 5] * 256u + p[i + 6];
			*ret_columns = p[i + 7] * 256u + p[i + 8];
			return true;
		}
		i += 2 + p[i + 2] * 256u + p[i + 3];
	}
	return false;
}

static enum pacs_err
check_jpeg(struct pacs_error *err, const struct pacs_dcm_image *image,
	   const uint8_t *p, size_t len)
{
	unsigned rows, columns;

	if (len < 4 || p[0] != 0xff || p[1] != 0xd8 ||
	    !jpeg_size(p, len, &rows, &columns))
		return PACS_OK;
	/* Without rows in its header it tells them later (DNL). */
	if (columns == image->columns && (rows == image->rows || !rows))
		return PACS_OK;
	return pacs_error_set(err, PACS_EFORMAT,
			      "a stream of %u x %u in an image of %u x %u",
			      rows, columns, image->rows, image->columns);
}

static uint32_t
get_u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* Bytes that a segment comes to (PS3.5 G.3.1), up to enough. */
static uint64_t
rle_size(const uint8_t *p, const uint8_t *end, uint64_t enough)
{
	uint64_t size = 0;

	while (p < end && size < enough) {
		unsigned n = *p++;

		if (n < 128) {
			if ((size_t)(end - p) < n + 1)
				return size + (uint64_t)(end - p);
			size += n + 1;
			p += n + 1;
		} else if (n > 128 && p < end) {
			size += 257 - n;
			p++;
		}
	}
	return size;
}

/* Each segment of a frame has one byte for each pixel (PS3.5 G.2). */
static enum pacs_err
check_rle(struct pacs_error *err, const struct pacs_dcm_image *image,
	  const uint8_t *p, size_t len)
{
	uint64_t pixels = (uint64_t)image->rows * image->columns;
	uint32_t count = len < RLE_HEADER ? 0 : get_u32(p);

	if (!count || count > RLE_SEGMENTS)
		return pacs_error_set(err, PACS_EFORMAT, "no RLE header");
	for (size_t i = 0; i < count; i++) {
		uint64_t from = get_u32(p + 4 + 4 * i);
		uint64_t to =
		    i + 1 < count ? get_u32(p + 8 + 4 * i) : (uint64_t)len;

		if (from < RLE_HEADER || from > to || to > len ||
		    rle_size(p + from, p + to, pixels) < pixels)
			return pacs_error_set(err, PACS_EFORMAT,
					      "an RLE segment is cut");
	}
	return PACS_OK;
}

enum pacs_err
pacs_dcm_check_fragment(struct pacs_error *err, const char *syntax,
			const struct pacs_dcm_image *image, bool whole_frame,
			const void *fragment, size_t len)
{
	if (strcmp(syntax, SYNTAX_RLE) != 0)
		return check_jpeg(err, image, fragment, len);
	return whole_frame ? check_rle(err, image, fragment, len) : PACS_OK;
}
