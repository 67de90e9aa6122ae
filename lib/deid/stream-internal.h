/*
 * What the cleaners of compressed streams share: stream.c drives and knows
 * JPEG, stream-jpeg.c its segments, stream-j2k.c JPEG 2000 and boxes,
 * stream-rle.c what has no markers.
 */
#ifndef PACS_DEID_STREAM_INTERNAL_H
#define PACS_DEID_STREAM_INTERNAL_H

#include "deid/internal.h"

enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, SOC = 0x4f, SOT = 0x90, SOD = 0x93 };
enum stream_kind { KIND_NONE, KIND_JPEG, KIND_J2K, KIND_BOXES };

struct stream {
	struct pacs_element *e;
	size_t number; /* of the fragment */
	const uint8_t *p;
	uint8_t *copy; /* once something has to change */
	size_t len;
	/* A stream may go on in the next fragment. */
	enum stream_kind kind;
	size_t skip;    /* bytes of it that are not to be looked at */
	bool in_pixels; /* behind the head */
	bool ended;
	bool half; /* its last byte may begin a marker */
};

/* The fragment's bytes, for writing to. */
uint8_t *stream_change(struct stream *s);
void stream_wipe(struct stream *s, size_t at, size_t n);
/* Go to a place that may be in another fragment. */
void stream_go_to(struct stream *s, size_t *at, size_t to);
/* Behind the end of one: another, or nothing that counts. */
void stream_end(struct stream *s, size_t *at);
/* The segment at *at, whose marker does not stand alone; what says something
 * is wiped. False: that goes on in another fragment. */
bool stream_segment(struct stream *s, size_t *at, unsigned marker);

/* Bytes of what a segment of that marker holds, n of them, that are read. */
size_t stream_jpeg_used(const uint8_t *p, size_t n, unsigned marker);

/* False: it cannot be told what is in it. */
bool stream_j2k(struct stream *s, size_t at);
bool stream_boxes(struct stream *s);
/* A fragment of RLE (PS3.5 G), a frame of an image of that size. */
bool stream_rle(struct stream *s, const struct pixels_size *size);

#endif
