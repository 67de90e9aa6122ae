/*
 * The tables of PS3.15 Annex E, generated from lib/deid/data.
 */
#ifndef PACS_DEID_TABLE_H
#define PACS_DEID_TABLE_H

#include <stdint.h>

#include "dicom/tag.h"

/* Columns of Table E.1-1, as bits. */
enum {
	PACS_OPT_SAFE_PRIVATE = 0x001,
	PACS_OPT_UIDS = 0x002,
	PACS_OPT_DEVICE = 0x004,
	PACS_OPT_INSTITUTION = 0x008,
	PACS_OPT_CHARACTERISTICS = 0x010,
	PACS_OPT_FULL_DATES = 0x020,
	PACS_OPT_MODIFIED_DATES = 0x040,
	PACS_OPT_DESCRIPTORS = 0x080,
	PACS_OPT_STRUCTURED = 0x100,
	PACS_OPT_GRAPHICS = 0x200,
	PACS_OPT_DATES = PACS_OPT_FULL_DATES | PACS_OPT_MODIFIED_DATES
};

/* Codes of Table E.1-1a. */
enum pacs_deid_code {
	PACS_CODE_X,
	PACS_CODE_Z,
	PACS_CODE_D,
	PACS_CODE_U,
	PACS_CODE_K,
	PACS_CODE_X_Z,
	PACS_CODE_X_D,
	PACS_CODE_Z_D,
	PACS_CODE_X_Z_D,
	PACS_CODE_X_Z_U
};

struct pacs_deid_row {
	uint32_t tag, mask;   /* mask with zeros where the tag has xx */
	uint8_t basic;        /* enum pacs_deid_code */
	uint16_t vr;          /* 0 in rows of our own */
	uint16_t keep, clean; /* options that say K, C */
	const char *keyword;
	const char *why; /* rows of our own (extra.tsv); else NULL */
};
extern const char pacs_deid_edition[];
extern const struct pacs_deid_row pacs_deid_rows[];
extern const unsigned pacs_deid_row_count;

/* Table E.3.10-1, sorted by creator, group, element. */
struct pacs_safe_private {
	const char *creator;
	uint16_t group;
	uint8_t element; /* xxNN: the NN */
	uint16_t vr;     /* 0: not published */
	const char *meaning;
};
extern const struct pacs_safe_private pacs_safe_privates[];
extern const unsigned pacs_safe_private_count;

/* CID 7050. */
struct pacs_deid_method {
	const char *code, *meaning;
	int option; /* number of the option's bit; -1: none */
};
extern const struct pacs_deid_method pacs_deid_methods[];
extern const unsigned pacs_deid_method_count;

/* Storage classes and what kind of object they are, sorted by UID. */
struct pacs_deid_class {
	const char *uid, *kind;
};
extern const struct pacs_deid_class pacs_deid_classes[];
extern const unsigned pacs_deid_class_count;

#endif
