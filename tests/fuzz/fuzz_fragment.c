/*
 * One compressed frame, before DCMTK sees it: the first byte says RLE or JPEG,
 * the next two rows and columns, the rest is the fragment. What holds an image
 * holds a smaller one too (RLE), and an error says why.
 */
#include "dcmtk/check.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static enum pacs_err
check(const char *syntax, const struct pacs_dcm_image *image,
      const uint8_t *data, size_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	enum pacs_err code =
	    pacs_dcm_check_fragment(&err, syntax, image, true, data, size);

	must(code == PACS_OK || code == PACS_EFORMAT);
	must(err.code == code && (code == PACS_OK) == !err.msg[0]);
	return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pacs_dcm_image image = {.frames = 1, .samples = 1};
	bool rle;

	if (size < 3)
		return 0;
	rle = data[0] & 1;
	image.rows = data[1] + 1u;
	image.columns = data[2] + 1u;
	if (!rle) {
		check("1.2.840.10008.1.2.4.70", &image, data + 3, size - 3);
	} else if (check("1.2.840.10008.1.2.5", &image, data + 3, size - 3) ==
		       PACS_OK &&
		   image.rows > 1) {
		image.rows--;
		must(check("1.2.840.10008.1.2.5", &image, data + 3, size - 3) ==
		     PACS_OK);
	}
	return 0;
}
