/*
 * The keys of the question language: what can be asked for and printed.
 *
 * Knows names, levels and ways of matching; must not know how or where values
 * are kept. Everything here is constant and thread-safe.
 */
#ifndef PACS_QUERY_KEY_H
#define PACS_QUERY_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "dicom/tag.h"

enum pacs_level {
	PACS_LEVEL_PATIENT,
	PACS_LEVEL_STUDY,
	PACS_LEVEL_SERIES,
	PACS_LEVEL_INSTANCE
};
/* "patient", "study", "series", "instance" ("image" is read too). */
const char *pacs_level_name(enum pacs_level level);
bool pacs_level_parse(const char *s, enum pacs_level *ret);

enum pacs_key_flag {
	PACS_KEY_MULTI = 1,    /* values separated by '\': one is enough */
	PACS_KEY_COMPUTED = 2, /* not read from the object's header */
	PACS_KEY_SHOWN = 4,    /* can be printed, not asked for */
};

/* How values are compared. */
enum pacs_key_type {
	PACS_TYPE_TEXT,   /* character by character */
	PACS_TYPE_NAME,   /* without case and accents, any group */
	PACS_TYPE_DATE,   /* days */
	PACS_TYPE_TIME,   /* microseconds of the day */
	PACS_TYPE_STAMP,  /* microseconds since 1970, UTC */
	PACS_TYPE_NUMBER, /* as numbers */
};

/* PACS_KEY_PatientName, ... : the key's place in the table. */
enum pacs_key_id {
#define K(id, name, sequence, tag, vr, level, flags, snake, help) PACS_KEY_##id,
#include "query/keys.def"
#undef K
	PACS_KEY_COUNT
};

struct pacs_key {
	const char *name;  /* "PatientName", "size_bytes" */
	uint32_t sequence; /* that the element is nested in, or 0 */
	uint32_t tag;      /* 0: our own */
	uint16_t vr;
	enum pacs_level level;
	unsigned flags;
	enum pacs_key_type type;
	const char *snake; /* "patient_name" */
	const char *help;
};
extern const struct pacs_key pacs_keys[PACS_KEY_COUNT];

/*
 * Find a key by name, tag ("0010,0010", "(0010,0010)", "00100010") or dotted
 * path of either, item numbers of findscu ("[0]") ignored. PACS_EUSAGE, with
 * the nearest name if there is one, if it is no key.
 */
enum pacs_err pacs_key_find(struct pacs_error *err, const char *name,
			    enum pacs_key_id *ret) PACS_MUST_CHECK;

#endif
