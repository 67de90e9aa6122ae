/*
 * Keys of an address book and what they may be. Internal to book.c.
 */
#ifndef PACS_PEER_BOOK_VALUES_H
#define PACS_PEER_BOOK_VALUES_H

#include "peer/peer.h"

enum { RULES_MAX = 32 };

struct book_reader {
	struct pacs_peer *p; /* of the section at hand, wanted or not */
	struct pacs_status_rule rules[RULES_MAX];
	size_t rules_n;
};

/* Cut the blanks off both ends, in place. */
char *book_trim(char *s);
/* False: the value is nothing that this key can be. *ret_known: is it a key?
 * The value's text may be changed. */
bool book_set(struct book_reader *r, const char *key, char *v, bool *ret_known);

#endif
