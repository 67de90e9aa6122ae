/*
 * Numbers that look like chance and come back with the same seed, on any
 * machine: a 64-bit mixer with constants of its own, no state but the caller's.
 */
#include "phantom/internal.h"

/* Every bit of the input moves half of the output bits. */
static uint64_t
mix(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	return x;
}

static uint64_t
absorb(uint64_t state, uint64_t value)
{
	return mix(state * UINT64_C(0x9e3779b97f4a7c15) + value + 1);
}

struct pacs_ph_random
pacs_ph_random_for(uint64_t seed, enum pacs_ph_purpose purpose, uint64_t a,
		   uint64_t b, uint64_t c)
{
	uint64_t s = absorb(UINT64_C(0x5048414e544f4d31), seed);

	s = absorb(s, (uint64_t)purpose);
	s = absorb(s, a);
	s = absorb(s, b);
	return (struct pacs_ph_random){absorb(s, c)};
}

uint64_t
pacs_ph_next(struct pacs_ph_random *r)
{
	r->state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(r->state);
}

unsigned
pacs_ph_below(struct pacs_ph_random *r, unsigned n)
{
	return (unsigned)((pacs_ph_next(r) >> 32) * n >> 32);
}

double
pacs_ph_between(struct pacs_ph_random *r, double low, double high)
{
	return low + (high - low) * (double)(pacs_ph_next(r) >> 11) * 0x1p-53;
}

void
pacs_ph_uid(uint64_t seed, enum pacs_ph_purpose purpose, uint64_t a, uint64_t b,
	    uint64_t c, char *buf)
{
	struct pacs_ph_random r = pacs_ph_random_for(seed, purpose, a, b, c);
	uint8_t bytes[16];

	for (int half = 0; half < 2; half++) {
		uint64_t v = pacs_ph_next(&r);

		for (int i = 0; i < 8; i++)
			bytes[8 * half + i] = (uint8_t)(v >> (8 * i));
	}
	pacs_uid_from_bytes(bytes, buf);
}
