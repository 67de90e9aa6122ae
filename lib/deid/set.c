/* Open addressing; the members are digests, so they are their own hash. */
#include <stdlib.h>
#include <string.h>

#include "deid/output.h"

static const struct pacs_uid_digest nothing;

static size_t
slot_of(const struct digest_set *s, const struct pacs_uid_digest *d)
{
	uint64_t hash;
	size_t i;

	memcpy(&hash, d->bytes, sizeof(hash));
	for (i = hash & (s->cap - 1);; i = (i + 1) & (s->cap - 1))
		if (!memcmp(&s->slots[i], &nothing, sizeof(nothing)) ||
		    !memcmp(&s->slots[i], d, sizeof(*d)))
			return i;
}

static void
grow(struct digest_set *s)
{
	struct digest_set bigger = {.cap = s->cap ? s->cap * 2 : 1024};
	size_t i;

	bigger.slots = pacs_calloc(bigger.cap, sizeof(*bigger.slots));
	for (i = 0; i < s->cap; i++)
		if (memcmp(&s->slots[i], &nothing, sizeof(nothing)) != 0)
			bigger.slots[slot_of(&bigger, &s->slots[i])] =
			    s->slots[i];
	bigger.count = s->count;
	free(s->slots);
	*s = bigger;
}

bool
set_add(struct digest_set *s, const struct pacs_uid_digest *d)
{
	size_t i;

	if (s->count >= s->cap / 4 * 3)
		grow(s);
	i = slot_of(s, d);
	if (!memcmp(&s->slots[i], d, sizeof(*d)))
		return false;
	s->slots[i] = *d;
	s->count++;
	return true;
}

bool
set_has(const struct digest_set *s, const struct pacs_uid_digest *d)
{
	return s->cap && !memcmp(&s->slots[slot_of(s, d)], d, sizeof(*d));
}

void
set_clear(struct digest_set *s)
{
	free(s->slots);
	memset(s, 0, sizeof(*s));
}
