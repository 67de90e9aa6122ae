/*
 * Part of this room's inside: an image as its attributes describe it.
 */
#ifndef PACS_DCMTK_IMAGE_H
#define PACS_DCMTK_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "dcmtk/bridge.h"
#include "dicom/dataset.h"

/* PACS_EFORMAT: an attribute that an image needs is not there. */
enum pacs_err pacs_dcm_image_get(struct pacs_error *err,
				 const struct pacs_item *item,
				 struct pacs_dcm_image *ret) PACS_MUST_CHECK;
/* Nothing that a codec can change differs. */
bool pacs_dcm_image_same(const struct pacs_dcm_image *old,
			 const struct pacs_dcm_image *now);
/* Write down what the codec changed, and only that. */
enum pacs_err
pacs_dcm_image_put(struct pacs_error *err, struct pacs_item *item,
		   const struct pacs_dcm_image *old,
		   const struct pacs_dcm_image *now) PACS_MUST_CHECK;
/* Bytes of all frames, decompressed; UINT64_MAX if they are more. */
uint64_t pacs_dcm_image_bytes(const struct pacs_dcm_image *image);
/* PACS_ELIMIT: more than so many compressed bytes justify. */
enum pacs_err pacs_dcm_image_check_size(struct pacs_error *err,
					const struct pacs_dcm_image *image,
					uint64_t compressed) PACS_MUST_CHECK;

#endif
