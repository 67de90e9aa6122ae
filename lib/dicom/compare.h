/* What compare.c and its helpers share. */
#ifndef PACS_DICOM_COMPARE_H
#define PACS_DICOM_COMPARE_H

#include "dicom/internal.h"

/* Do two elements that are no sequences mean the same? NULL, or what differs
 * in words. */
const char *pacs_compare_values(const struct pacs_item *ia,
				const struct pacs_element *ea,
				const struct pacs_item *ib,
				const struct pacs_element *eb);

/* Bytes that may differ by the padding of an odd value to even length. */
bool pacs_compare_padded(const uint8_t *a, uint64_t na, const uint8_t *b,
			 uint64_t nb);

enum pacs_pixels {
	PACS_PIXELS_AS_THEY_ARE, /* no decoder needed: compare the elements */
	PACS_PIXELS_SAME,        /* the same once decoded */
	PACS_PIXELS_DIFFERENT,
	PACS_PIXELS_UNDECODED /* lossy, or the decoder could not */
};

enum pacs_pixels pacs_compare_pixels(struct pacs_dataset *a,
				     struct pacs_dataset *b,
				     pacs_pixel_decoder *decode, void *ctx);

#endif
