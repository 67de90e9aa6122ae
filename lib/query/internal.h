/*
 * What the files of this room share.
 */
#ifndef PACS_QUERY_INTERNAL_H
#define PACS_QUERY_INTERNAL_H

#include "query/query.h"

/* Parse one value of a DATE, TIME, STAMP or NUMBER key into a RANGE term. A
 * single moment covers what it leaves open. False if it is nothing such. */
bool pacs_term_range(enum pacs_key_type type, const char *s, size_t len,
		     const struct pacs_query_clock *clock,
		     struct pacs_term *ret);
/* What to say when it is nothing such: "a date (20240131, ...)". */
const char *pacs_term_hint(enum pacs_key_type type);

/* Is '\' a character of this key's values, not a separator? */
bool pacs_key_is_prose(const struct pacs_key *k);

#endif
