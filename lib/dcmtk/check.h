/*
 * Does a compressed frame hold as much as its image? DCMTK fills up what a
 * stream leaves out and calls it well. Internal to this room.
 */
#ifndef PACS_DCMTK_CHECK_H
#define PACS_DCMTK_CHECK_H

#include <stdbool.h>

#include "dcmtk/bridge.h"

/* whole_frame: the fragment is all of one frame. PACS_EFORMAT if its stream is
 * of another size than the image, or ends too early. */
enum pacs_err pacs_dcm_check_fragment(struct pacs_error *err,
				      const char *syntax,
				      const struct pacs_dcm_image *image,
				      bool whole_frame, const void *fragment,
				      size_t len) PACS_MUST_CHECK;

#endif
