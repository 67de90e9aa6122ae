/*
 * Deflated data sets (PS3.5 A.5): one raw deflate stream, or, as some send it,
 * one with a zlib wrapper. Memory grows with what comes out, and a bomb ends
 * at max_inflated.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>

#include "dicom/internal.h"

#define INPUT (16u << 10)

struct pacs_inflater {
	z_stream z;
	struct pacs_source outer;
	uint64_t pos; /* in outer, of the next input */
	uint64_t total, max;
	bool done;
};

/* A zlib header: method 8, window up to 32 KiB, check bits. A raw stream
 * beginning so would be a stored block with a wrong length. */
static bool
is_wrapped(const uint8_t *p)
{
	return (p[0] & 0x0f) == 8 && p[0] >> 4 <= 7 && !(p[1] & 0x20) &&
	       (p[0] << 8 | p[1]) % 31 == 0;
}

static bool
starts(const uint8_t *p, size_t n, int bits)
{
	unsigned char out[64];
	z_stream z = {.next_in = p,
		      .avail_in = (uInt)n,
		      .next_out = out,
		      .avail_out = sizeof(out)};
	int r;

	if (inflateInit2(&z, bits) != Z_OK)
		return false;
	r = inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	return (r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR) &&
	       z.avail_out < sizeof(out);
}

static struct pacs_inflater *
inflater_new(struct pacs_source *outer, uint64_t pos, uint64_t max)
{
	struct pacs_inflater *z = pacs_calloc(1, sizeof(*z));
	size_t n = outer->end - pos < 256 ? (size_t)(outer->end - pos) : 256;
	const uint8_t *p = pacs_source_get(outer, pos, n);
	bool wrapped = p && n >= 2 && is_wrapped(p) && starts(p, n, MAX_WBITS);

	z->outer = *outer;
	z->pos = pos;
	z->max = max;
	if (inflateInit2(&z->z, wrapped ? MAX_WBITS : -MAX_WBITS) != Z_OK)
		z->done = true;
	return z;
}

/* Give zlib more of the outer source; false at its end. */
static bool
more_input(struct pacs_inflater *z)
{
	struct pacs_source *o = &z->outer;
	uint64_t left = o->end - z->pos;
	size_t n = left > INPUT ? INPUT : (size_t)left;
	const uint8_t *p;

	if (o->whole && left <= UINT32_MAX / 2)
		n = (size_t)left;
	p = n ? pacs_source_get(o, z->pos, n) : NULL;
	if (!p)
		return false;
	z->z.next_in = p;
	z->z.avail_in = (uInt)n;
	z->pos += n;
	return true;
}

static size_t
read_some(struct pacs_source *s, uint8_t *dst, size_t n)
{
	struct pacs_inflater *z = s->inflater;
	int r;

	if (n > UINT32_MAX / 2)
		n = UINT32_MAX / 2;
	z->z.next_out = dst;
	z->z.avail_out = (uInt)n;
	while (z->z.avail_out && !z->done) {
		if (!z->z.avail_in && !more_input(z)) {
			s->sys_errno = z->outer.sys_errno;
			s->broken = z->done = true;
			break;
		}
		r = inflate(&z->z, Z_NO_FLUSH);
		if (r == Z_STREAM_END)
			z->done = true;
		else if (r != Z_OK && r != Z_BUF_ERROR)
			s->broken = z->done = true;
	}
	return n - z->z.avail_out;
}

size_t
pacs_inflater_read(struct pacs_source *s, uint8_t *dst, size_t n)
{
	struct pacs_inflater *z = s->inflater;
	uint8_t nowhere[4096];
	size_t got = 0;

	while (got < n && !z->done) {
		size_t want = n - got;
		size_t r;

		if (want > z->max - z->total)
			want = (size_t)(z->max - z->total);
		if (!want) { /* a stream that ends just here is not too big */
			s->too_big = read_some(s, nowhere, 1) > 0;
			z->done = true;
			break;
		}
		if (!dst && want > sizeof(nowhere))
			want = sizeof(nowhere);
		r = read_some(s, dst ? dst + got : nowhere, want);
		got += r;
		z->total += r;
	}
	return got;
}

/* Windows of the outer source belong to the data set, which frees them. */
void
pacs_inflater_free(struct pacs_inflater *z)
{
	if (!z)
		return;
	inflateEnd(&z->z);
	free(z);
}

uint64_t
pacs_inflater_end(const struct pacs_inflater *z)
{
	return z->pos - z->z.avail_in;
}

static void
inflate_all(struct pacs_source *s)
{
	size_t cap = 64u << 10, len = 0, got;
	struct pacs_chunk *c = pacs_malloc(sizeof(*c) + cap);

	while ((got = pacs_inflater_read(s, c->bytes + len, cap - len)) ==
	       cap - len) {
		len += got;
		cap *= 2;
		c = pacs_realloc(c, sizeof(*c) + cap);
	}
	len += got;
	c = pacs_realloc(c, sizeof(*c) + len);
	c->next = s->ds->chunks;
	s->ds->chunks = c;
	s->bytes = c->bytes;
	s->stop = s->end = len;
	s->whole = true;
}

void
pacs_source_inflate(struct pacs_source *s, uint64_t pos, uint64_t max_inflated,
		    bool all)
{
	struct pacs_source outer = *s;

	memset(s, 0, sizeof(*s));
	s->inflater = inflater_new(&outer, pos, max_inflated);
	s->ds = outer.ds;
	s->fd = -1;
	s->step = INPUT;
	s->end = UINT64_MAX;
	if (all)
		inflate_all(s);
}
