/*
 * Tags, VRs and the data dictionary (PS3.6).
 *
 * Knows names and numbers, never bytes of a file. The dictionary is generated
 * from lib/dicom/data/dictionary.tsv when the toolkit is built; the edition is
 * in pacs_dict_edition. All functions are thread-safe.
 */
#ifndef PACS_DICOM_TAG_H
#define PACS_DICOM_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACS_TAG(group, element) \
	(((uint32_t)(group) << 16) | (uint32_t)(element))
#define PACS_TAG_GROUP(tag)   ((uint16_t)((tag) >> 16))
#define PACS_TAG_ELEMENT(tag) ((uint16_t)((tag)&0xffffu))
/* Private: odd group (PS3.5 7.8). */
#define PACS_TAG_IS_PRIVATE(tag) ((((tag) >> 16) & 1u) != 0)

/* A VR is its two letters: PACS_VR('P', 'N'). 0 means "none". */
#define PACS_VR(a, b) ((uint16_t)((unsigned char)(a) << 8 | (unsigned char)(b)))

/* PACS_TAG_PatientName and so on, one per dictionary row; generated. */
#include "dicom/tags.h"

struct pacs_dict_entry {
	uint32_t tag;  /* for a repeating group such as 60xx: xx = 0 */
	uint32_t mask; /* 0xffffffff, or with zeros where xx stands */
	uint16_t vr;   /* the first one where the dictionary has a choice */
	bool retired;
	const char *keyword; /* "PatientName" */
	const char *name;    /* "Patient's Name" */
	const char *vm;      /* "1", "1-n", "3-3n" */
	const char *vrs;     /* all choices, "US or SS" */
};

extern const char pacs_dict_edition[]; /* "2026d" */

/* The entry of a tag, repeating groups included; NULL if unknown. Static. */
const struct pacs_dict_entry *pacs_dict_find_tag(uint32_t tag);
/* Only the VR (the first choice), faster; also UL for group lengths and LO for
 * private creators. 0 if unknown. */
uint16_t pacs_dict_vr(uint32_t tag);
/* The entry of a keyword, exact spelling; NULL if unknown. Static. */
const struct pacs_dict_entry *pacs_dict_find_keyword(const char *keyword);
/* The keyword nearest to a misspelt one (edit distance at most 3, case
 * ignored), or NULL. Static. */
const char *pacs_dict_suggest(const char *keyword);

/* "00100010", "0010,0010", "(0010,0010)" or a keyword -> tag. */
bool pacs_tag_parse(const char *s, uint32_t *ret_tag);
/* "(0010,0010)" into buf, which has at least 12 bytes; returns buf. */
char *pacs_tag_format(uint32_t tag, char *buf);

/* VR facts of PS3.5 Table 6.2-1 and 7.1-1. */
bool pacs_vr_is_known(uint16_t vr);
/* Explicit form has 2 reserved bytes and a 32-bit length. */
bool pacs_vr_has_long_length(uint16_t vr);
/* Text subject to Specific Character Set: LO LT PN SH ST UC UT. */
bool pacs_vr_is_text(uint16_t vr);
/* Any VR whose value is characters: text, AE AS CS DA DS DT IS TM UI UR. */
bool pacs_vr_is_string(uint16_t vr);
/* Bytes of one number for byte swapping: 2, 4, 8; 1 for bytes and strings. */
unsigned pacs_vr_word(uint16_t vr);
/* Padding byte to even length: 0 for UI OB UN, space for strings. */
unsigned char pacs_vr_pad(uint16_t vr);

#endif
