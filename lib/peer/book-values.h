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
	uint32_t seen; /* keys of the section */
};

/* Cut the blanks off both ends, in place. */
char *book_trim(char *s);
enum book_verdict {
	BOOK_SET,
	BOOK_NO_KEY,
	BOOK_TWICE,     /* a key that may stand once only */
	BOOK_BAD_VALUE, /* nothing that this key can be */
};
/* Set what the key is about. The value's text may be changed. */
enum book_verdict book_set(struct book_reader *r, const char *key, char *v);

#endif
