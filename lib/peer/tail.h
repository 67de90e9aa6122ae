/*
 * Where a big data set ends, found by the lengths in it. Internal to this room.
 */
#ifndef PACS_PEER_TAIL_H
#define PACS_PEER_TAIL_H

#include "dicom/dataset.h"

/*
 * ds was read from fd up to its pixel data; find the end of the data set by the
 * length of the pixel data (or its fragments) and of what follows. Reads heads
 * only. PACS_EFORMAT: it is cut, or no data set.
 */
enum pacs_err pacs_tail_find(struct pacs_error *err, int fd, uint64_t size,
			     const struct pacs_dataset *ds,
			     uint64_t *ret_end) PACS_MUST_CHECK;

#endif
