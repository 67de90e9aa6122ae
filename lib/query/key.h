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
#include "base/mem.h"
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
	PACS_KEY_IS_ADDED = 8, /* of a keyring, not of the table */
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

#define PACS_ADDED_MAX 32 /* keys that an archive adds */

/* PACS_KEY_PatientName, ... : the key's place in the table; PACS_KEY_ADDED + n:
 * number n of a keyring. */
enum pacs_key_id {
#define K(id, name, sequence, tag, vr, level, flags, snake, help) PACS_KEY_##id,
#include "query/keys.def"
#undef K
	PACS_KEY_COUNT, /* of the table; as an id: none */
	PACS_KEY_ADDED = PACS_KEY_COUNT + 1,
	PACS_KEY_END = PACS_KEY_ADDED + PACS_ADDED_MAX
};

struct pacs_key {
	const char *name;  /* "PatientName", "size_bytes" */
	uint32_t sequence; /* that the element is nested in, or 0 */
	uint32_t tag;      /* 0: our own */
	uint16_t vr;
	enum pacs_level level;
	unsigned flags;
	enum pacs_key_type type;
	const char *snake; /* "patient_name"; NULL if added */
	const char *help;
	const char *parent; /* added, nested: path without its last step */
};
extern const struct pacs_key pacs_keys[PACS_KEY_COUNT];

/*
 * Find a key by name, tag ("0010,0010", "(0010,0010)", "00100010") or dotted
 * path of either, item numbers of findscu ("[0]") ignored. PACS_EUSAGE, with
 * the nearest name if there is one, if it is no key.
 */
enum pacs_err pacs_key_find(struct pacs_error *err, const char *name,
			    enum pacs_key_id *ret) PACS_MUST_CHECK;

/* --- added keys ---------------------------------------------------------- */

#define PACS_KEY_DEPTH 8

/* A step of a path. Private elements are named by creator and the low byte of
 * the element, since the block differs from file to file (PS3.5 7.8.1). */
struct pacs_key_step {
	const char *creator; /* NULL: standard */
	uint32_t tag;        /* private: (gggg,00ee) */
};

struct pacs_added_key {
	struct pacs_key key;
	const char *line; /* as below */
	struct pacs_key_step steps[PACS_KEY_DEPTH];
	size_t depth;
};

/* The keys that an archive adds to the table. {0} is an empty one. */
struct pacs_keyring {
	struct pacs_added_key added[PACS_ADDED_MAX];
	size_t count;
	struct pacs_arena arena;
};

/*
 * Add keys from text, "NAME LEVEL VR PATH" a line (pacs-archive(5), index-key).
 * PACS_EFORMAT: a line is no such; PACS_ELIMIT: too many.
 */
enum pacs_err pacs_keyring_add(struct pacs_error *err, struct pacs_keyring *r,
			       const char *lines) PACS_MUST_CHECK;
void pacs_keyring_clear(struct pacs_keyring *r);

/*
 * Make such a line from what users type: "PATH" or "NAME=PATH", where a path is
 * keywords or tags joined by '.', a private step "0019,xx0C,CREATOR", in double
 * quotes if the creator has a '.'. vr "": that of the dictionary. Appended to
 * *out. PACS_EUSAGE if it is none, or a key already.
 */
enum pacs_err pacs_key_define(struct pacs_error *err, const char *definition,
			      enum pacs_level level, const char *vr,
			      struct pacs_buf *out) PACS_MUST_CHECK;

/* The key of an id, in the table or in r (may be NULL); NULL if none. */
const struct pacs_key *pacs_key_of(const struct pacs_keyring *r,
				   enum pacs_key_id id);
/* pacs_key_find, in the table and then in r (may be NULL). */
enum pacs_err pacs_keyring_find(struct pacs_error *err,
				const struct pacs_keyring *r, const char *name,
				enum pacs_key_id *ret) PACS_MUST_CHECK;

/* Are both in the items of one sequence, of one object? Then place n of one
 * value belongs to place n of the other. */
bool pacs_keys_share_items(const struct pacs_key *a, const struct pacs_key *b);

#endif
