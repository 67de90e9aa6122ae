/*
 * Sets of digests, each member maybe with a few bytes of its own. A million
 * members of 8 bytes cost 9 to 12 MiB. Digests are keyed or of what nobody
 * chooses, so they are their own hash.
 */
#ifndef PACS_DEID_SET_H
#define PACS_DEID_SET_H

#include "deid/deid.h"

struct digest_part {
	char *slots;
	size_t cap, count;
};

enum { DIGEST_PARTS = 64 };
struct digest_set {
	unsigned key, value; /* bytes of a member: of its digest, of its own */
	size_t count;
	struct digest_part parts[DIGEST_PARTS];
};

/* key: 8 or 16 of the digest's bytes, by how many members there may be. */
#define DIGEST_SET(key_size, value_size)                 \
	{                                                \
		.key = (key_size), .value = (value_size) \
	}

/* The member's own bytes, zeros if it is new. Borrowed until the next put; not
 * aligned. */
void *set_put(struct digest_set *s, const struct pacs_uid_digest *d,
	      bool *ret_new);
bool set_has(const struct digest_set *s, const struct pacs_uid_digest *d);
/* Members one by one, in no order: *at begins with 0. NULL at the end; else the
 * digest's bytes, followed by its own. */
const void *set_next(const struct digest_set *s, size_t *at);
void set_clear(struct digest_set *s);

#endif
