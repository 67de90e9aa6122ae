/*
 * What the files of this room share.
 */
#ifndef PACS_QUERY_INTERNAL_H
#define PACS_QUERY_INTERNAL_H

#include "query/query.h"

/* Parse one value of a DATE, TIME, STAMP or NUMBER key into a RANGE term. A
 * single moment covers what it leaves open. NULL, or what is wrong with it,
 * which does not repeat it: "no date or range (20240131, ...)". */
const char *pacs_term_range(enum pacs_key_type type, const char *s, size_t len,
			    const struct pacs_query_clock *clock,
			    struct pacs_term *ret);

/* A DATE, TIME or STAMP: from its first moment to its last. */
bool value_moment(enum pacs_key_type type, const char *s, size_t len,
		  const struct pacs_query_clock *clock, int64_t *low,
		  int64_t *high);
/* "-3m", also as an end of a range. */
bool value_says_months(const char *s, size_t len);

/* Is '\' a character of this key's values, not a separator? */
bool pacs_key_is_prose(const struct pacs_key *k);

/* The tag of a step "PatientID[0]" of a path (the number is ignored). */
bool key_step_tag(const char *s, size_t len, uint32_t *ret);
/* By name or path: its place in the table, or -1. */
int key_in_table(const char *name);
/* Safe to repeat in a message? */
bool key_is_plain(const char *name);
/* The error that this is no key, with the nearest one. */
enum pacs_err key_unknown(struct pacs_error *err, const char *name);

/* Parts of an added key's line (added.c): path to steps, and back, as one
 * spelling; how values of a VR are compared (false: not at all). */
bool key_path_split(struct pacs_added_key *a, struct pacs_arena *arena,
		    const char *path);
void key_path_spell(const struct pacs_added_key *a, size_t depth,
		    struct pacs_buf *out);
bool key_vr_type(uint16_t vr, enum pacs_key_type *ret);
bool key_vr_parse(const char *s, uint16_t *ret);
bool key_is_name(const char *s);

#endif
