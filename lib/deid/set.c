/*
 * Open addressing; a slot is free while its digest is all zeros. In parts that
 * grow one by one, and by little: a whole table that doubles would for a moment
 * be there three times, and be half empty afterwards.
 */
#include "deid/set.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST = 16 };

static const struct pacs_uid_digest nothing;

static size_t
size_of(const struct digest_set *s)
{
	return s->key + s->value;
}

static bool
is_free(const struct digest_set *s, const char *slot)
{
	return !memcmp(slot, &nothing, s->key);
}

static uint64_t
hash_of(const void *digest)
{
	uint64_t hash;

	memcpy(&hash, digest, sizeof(hash));
	return hash;
}

static struct digest_part *
part_of(const struct digest_set *s, const void *digest)
{
	return (struct digest_part *)&s
	    ->parts[hash_of(digest) >> 32 & (DIGEST_PARTS - 1)];
}

/* The member's slot, or the free one that it would have. */
static char *
slot_of(const struct digest_set *s, const struct digest_part *p,
	const void *digest)
{
	size_t i = (size_t)((hash_of(digest) & 0xffffffffu) * p->cap >> 32);
	char *slot;

	for (;; i = i + 1 < p->cap ? i + 1 : 0) {
		slot = p->slots + i * size_of(s);
		if (is_free(s, slot) || !memcmp(slot, digest, s->key))
			return slot;
	}
}

static void
grow(const struct digest_set *s, struct digest_part *p)
{
	struct digest_part bigger = *p;
	size_t i;

	bigger.cap = p->cap ? p->cap + p->cap / 4 : FIRST;
	bigger.slots = pacs_calloc(bigger.cap, size_of(s));
	for (i = 0; i < p->cap; i++) {
		const char *slot = p->slots + i * size_of(s);

		if (!is_free(s, slot))
			memcpy(slot_of(s, &bigger, slot), slot, size_of(s));
	}
	free(p->slots);
	*p = bigger;
}

void *
set_put(struct digest_set *s, const struct pacs_uid_digest *d, bool *ret_new)
{
	struct digest_part *p = part_of(s, d->bytes);
	char *slot;

	if (p->count >= p->cap - p->cap / 6)
		grow(s, p);
	slot = slot_of(s, p, d->bytes);
	*ret_new = is_free(s, slot);
	if (*ret_new) {
		memcpy(slot, d->bytes, s->key);
		p->count++;
		s->count++;
	}
	return slot + s->key;
}

bool
set_has(const struct digest_set *s, const struct pacs_uid_digest *d)
{
	const struct digest_part *p = part_of(s, d->bytes);

	return p->cap && !is_free(s, slot_of(s, p, d->bytes));
}

const void *
set_next(const struct digest_set *s, size_t *at)
{
	size_t n = 0, i, part;
	const char *slot;

	for (part = 0; part < DIGEST_PARTS; part++) {
		const struct digest_part *p = &s->parts[part];

		for (i = *at > n ? *at - n : 0; i < p->cap; i++) {
			*at = n + i + 1;
			slot = p->slots + i * size_of(s);
			if (!is_free(s, slot))
				return slot;
		}
		n += p->cap;
	}
	return NULL;
}

void
set_clear(struct digest_set *s)
{
	size_t i;

	for (i = 0; i < DIGEST_PARTS; i++) {
		free(s->parts[i].slots);
		s->parts[i] = (struct digest_part){NULL, 0, 0};
	}
	s->count = 0;
}
