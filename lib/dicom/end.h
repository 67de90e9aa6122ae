/*
 * Is an object as long as it says? What a transfer that broke off leaves behind
 * reads well as far as it goes; the lengths that it announces tell.
 */
#ifndef PACS_DICOM_END_H
#define PACS_DICOM_END_H

#include "dicom/dataset.h"

/* The bytes of an object: in memory, or in an open file. */
struct pacs_object_bytes {
	const void *bytes; /* NULL: in fd */
	int fd;
	uint64_t size;
};

/* Where to stop a reading that is to be asked about its end: before the first
 * element of pixels. Read with tolerate_damage. */
#define PACS_STOP_AT_PIXELS PACS_TAG_FloatPixelData

/*
 * Does the object end before it should? ds: read from these bytes to the end,
 * or to PACS_STOP_AT_PIXELS; then the headers of pixel data and its fragments
 * are read from the bytes, by pread of a few bytes each: pixels are not. Cut
 * means:
 *  - an element, item or fragment is longer than what is left of the object;
 *  - encapsulated pixel data ends without its delimiter, and with fewer
 *    fragments than frames (PS3.5 A.4);
 *  - native pixel data is shorter than its attributes say (PS3.5 8.1.1);
 *  - it ends in a sequence of undefined length;
 *  - it is of an image class, has no pixels and ends within group 0028. (One
 *    that ends between two elements before that looks like a header that was
 *    stored without its pixels, which is found in the field.)
 * What is behind the pixels (padding, signatures) is not asked. A deflated data
 * set that was read to PACS_STOP_AT_PIXELS cannot be told: false.
 */
bool pacs_dataset_is_cut(struct pacs_dataset *ds,
			 const struct pacs_object_bytes *b);

/* Bytes of native pixel data as the attributes say; 0 if they do not. */
uint64_t pacs_pixels_expected(const struct pacs_item *root);

#endif
