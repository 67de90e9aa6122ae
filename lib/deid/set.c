/* Open addressing; a slot is free while its digest is all zeros. */
#include "deid/set.h"

#include <stdlib.h>
#include <string.h>

static const struct pacs_uid_digest nothing;

static char *
slot_at(const struct digest_set *s, size_t i)
{
	return s->slots + i * (s->key + s->value);
}

static bool
is_free(const struct digest_set *s, const char *slot)
{
	return !memcmp(slot, &nothing, s->key);
}

static char *
slot_of(const struct digest_set *s, const void *digest)
{
	uint64_t hash;
	size_t i;

	memcpy(&hash, digest, sizeof(hash));
	for (i = hash & (s->cap - 1);; i = (i + 1) & (s->cap - 1)) {
		char *slot = slot_at(s, i);

		if (is_free(s, slot) || !memcmp(slot, digest, s->key))
			return slot;
	}
}

static void
grow(struct digest_set *s)
{
	struct digest_set bigger = *s;
	size_t i;

	bigger.cap = s->cap ? s->cap * 2 : 1024;
	bigger.slots = pacs_calloc(bigger.cap, s->key + s->value);
	for (i = 0; i < s->cap; i++)
		if (!is_free(s, slot_at(s, i)))
			memcpy(slot_of(&bigger, slot_at(s, i)), slot_at(s, i),
			       s->key + s->value);
	free(s->slots);
	*s = bigger;
}

void *
set_put(struct digest_set *s, const struct pacs_uid_digest *d, bool *ret_new)
{
	char *slot;

	if (s->count >= s->cap / 4 * 3)
		grow(s);
	slot = slot_of(s, d->bytes);
	*ret_new = is_free(s, slot);
	if (*ret_new) {
		memcpy(slot, d->bytes, s->key);
		s->count++;
	}
	return slot + s->key;
}

bool
set_has(const struct digest_set *s, const struct pacs_uid_digest *d)
{
	return s->cap && !is_free(s, slot_of(s, d->bytes));
}

const void *
set_next(const struct digest_set *s, size_t *at)
{
	while (*at < s->cap) {
		const char *slot = slot_at(s, (*at)++);

		if (!is_free(s, slot))
			return slot;
	}
	return NULL;
}

void
set_clear(struct digest_set *s)
{
	free(s->slots);
	s->slots = NULL;
	s->cap = s->count = 0;
}
