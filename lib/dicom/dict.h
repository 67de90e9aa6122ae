/*
 * Layout of the tables that gen.awk makes at build time. Only for tag.c and
 * uid.c; everybody else asks through tag.h and uid.h.
 */
#ifndef PACS_DICOM_DICT_H
#define PACS_DICOM_DICT_H

#include <stdbool.h>
#include <stdint.h>

#include "dicom/tag.h"
#include "dicom/uid.h"

/* Open addressing: one cache line a look-up, since an implicit VR header asks
 * 150 times. Tags stand in rows: by tag % slots those of a group would stand in
 * each other's way (90 steps for a tag of a CT; so it is 1.3). tag 0 marks a
 * free slot. */
#define PACS_DICT_SLOTS 16384u
#define PACS_DICT_SLOT(tag) \
	(((tag) / 65536u * 1031u + (tag) % 65536u * 9u) % PACS_DICT_SLOTS)

struct pacs_dict_slot {
	uint32_t tag;
	uint16_t vr;
	uint16_t index; /* in pacs_dict_entries */
};

extern const struct pacs_dict_slot pacs_dict_slots[PACS_DICT_SLOTS];
/* Exact tags in order, then those with a mask. */
extern const struct pacs_dict_entry pacs_dict_entries[];
extern const unsigned pacs_dict_exact_count, pacs_dict_count;
/* Indexes of entries in the order of their keywords (C locale). */
extern const uint16_t pacs_dict_by_keyword[];
extern const unsigned pacs_dict_keyword_count;

/* In the order of their UIDs (C locale). */
extern const struct pacs_sop_class pacs_sop_classes[];
extern const unsigned pacs_sop_class_count;
extern const struct pacs_syntax pacs_syntaxes[];
extern const unsigned pacs_syntax_count;

#endif
