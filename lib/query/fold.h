/*
 * Names without the differences that people do not hear: case, accents, width
 * of characters, empty components at the end. By utf8proc (Unicode).
 */
#ifndef PACS_QUERY_FOLD_H
#define PACS_QUERY_FOLD_H

#include <stddef.h>

#include "base/mem.h"

/* The three groups of a PN value (PS3.5 6.2.1). */
enum pacs_pn_group {
	PACS_PN_ALPHABETIC,
	PACS_PN_IDEOGRAPHIC,
	PACS_PN_PHONETIC,
	PACS_PN_GROUPS
};

/*
 * Append the folded form of UTF-8 text[len]. Letters lose case and Latin,
 * Greek and Cyrillic accents; compatibility forms (half-width kana, ligatures)
 * become the usual ones; kana and hangul keep their marks. Runs of spaces
 * become one, spaces beside '^' go, and so do '^' at the end. Wildcards stay.
 * Bytes that are no UTF-8 are kept.
 */
void pacs_fold(const char *text, size_t len, struct pacs_buf *out);
/* The part of a name that is group g; *ret_len 0 if there is none. */
const char *pacs_pn_group(const char *name, enum pacs_pn_group g,
			  size_t *ret_len);

#endif
