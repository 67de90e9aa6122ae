/*
 * RLE (PS3.5 G): what stands in the head beside the offsets that are used, and
 * between or behind segments, becomes zeros. Runs are counted, not written.
 */
#include "deid/stream-internal.h"

enum { HEAD = 64, SEGMENTS = 15 };

static uint32_t
number(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* Where the run ends that gives so many bytes; at most end. */
static size_t
end_of_runs(const uint8_t *p, size_t at, size_t end, uint64_t bytes)
{
	uint64_t given = 0;

	while (at < end && given < bytes) {
		unsigned n = p[at];

		if (n < 128) {
			at += n + 2u;
			given += n + 1u;
		} else if (n > 128) {
			at += 2;
			given += 257u - n;
		} else {
			at++;
		}
	}
	return at < end ? at : end;
}

bool
stream_rle(struct stream *s, uint64_t cells)
{
	uint32_t count = s->len >= HEAD ? number(s->p) : 0, i;

	if (!count || count > SEGMENTS || number(s->p + 4) < HEAD)
		return false;
	stream_wipe(s, 4 + 4 * (size_t)count, HEAD - 4 - 4 * (size_t)count);
	stream_wipe(s, HEAD, number(s->p + 4) - HEAD);
	for (i = 1; i <= count; i++) {
		size_t at = number(s->p + 4 * i), end = s->len, used;

		if (i < count)
			end = number(s->p + 4 * i + 4);
		if (at > end || end > s->len)
			return false;
		used = cells ? end_of_runs(s->p, at, end, cells) : end;
		if (end - used > 1)
			stream_wipe(s, used, end - used);
	}
	return true;
}
