/*
 * RLE (PS3.5 G): what stands in the head beside the offsets that are used,
 * between or behind segments, or in one that the image has not, becomes zeros.
 * Runs are counted, not written.
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

/* Offsets that grow, from behind the head to no further than the end. */
static bool
is_head(const struct stream *s)
{
	uint32_t count = s->len >= HEAD ? number(s->p) : 0, last = HEAD, i;

	for (i = 1; i <= count && count <= SEGMENTS; i++) {
		uint32_t at = number(s->p + 4 * i);

		if (at < last || at > s->len)
			return false;
		last = at;
	}
	return count && count <= SEGMENTS;
}

/* Bytes of a segment are cells of the image, and there are as many segments as
 * a cell has bytes; packed bits are one. */
bool
stream_rle(struct stream *s, const struct pixels_size *size)
{
	uint64_t cells = size->cells;
	uint64_t segments = cells ? size->bytes / cells : SEGMENTS;
	uint32_t count, i;

	if (!is_head(s))
		return false;
	count = number(s->p);
	stream_wipe(s, 4 + 4 * (size_t)count, HEAD - 4 - 4 * (size_t)count);
	stream_wipe(s, HEAD, number(s->p + 4) - HEAD);
	for (i = 1; i <= count; i++) {
		size_t at = number(s->p + 4 * i), end = s->len, used;

		if (i < count)
			end = number(s->p + 4 * i + 4);
		used = end;
		if (i > 1 && i > segments)
			used = at;
		else if (cells)
			used = end_of_runs(s->p, at, end, cells);
		if (end - used > 1)
			stream_wipe(s, used, end - used);
	}
	return true;
}
