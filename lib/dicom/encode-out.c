/*
 * Bytes of the encoder on their way to the sink, many at a time.
 */
#include <string.h>

#include "dicom/encode.h"

void
pacs_encoder_flush(struct pacs_encoder *w)
{
	if (w->code == PACS_OK && w->out.len)
		w->code = w->sink(w->err, w->ctx, w->out.data, w->out.len);
	pacs_buf_reset(&w->out);
}

void
pacs_encoder_put(struct pacs_encoder *w, const void *bytes, uint64_t n)
{
	if (n >= PACS_ENCODER_BYTES / 4) {
		pacs_encoder_flush(w);
		if (w->code == PACS_OK)
			w->code = w->sink(w->err, w->ctx, bytes, (size_t)n);
		return;
	}
	pacs_buf_add(&w->out, bytes, (size_t)n);
	if (w->out.len >= PACS_ENCODER_BYTES)
		pacs_encoder_flush(w);
}

void
pacs_encoder_put16(struct pacs_encoder *w, unsigned v)
{
	uint8_t lo = (uint8_t)v, hi = (uint8_t)(v >> 8);

	pacs_buf_addc(&w->out, (char)(w->form.big_endian ? hi : lo));
	pacs_buf_addc(&w->out, (char)(w->form.big_endian ? lo : hi));
}

void
pacs_encoder_put32(struct pacs_encoder *w, uint32_t v)
{
	pacs_encoder_put16(w, w->form.big_endian ? v >> 16 : v & 0xffff);
	pacs_encoder_put16(w, w->form.big_endian ? v & 0xffff : v >> 16);
}

void
pacs_encoder_tag(struct pacs_encoder *w, uint32_t tag)
{
	pacs_encoder_put16(w, tag >> 16);
	pacs_encoder_put16(w, tag & 0xffff);
}

void
pacs_encoder_marker(struct pacs_encoder *w, uint32_t tag, uint32_t length)
{
	pacs_encoder_tag(w, tag);
	pacs_encoder_put32(w, length);
}

void
pacs_encoder_put_swapped(struct pacs_encoder *w, const uint8_t *p, uint64_t n,
			 unsigned word)
{
	uint8_t chunk[4096];
	uint64_t at = 0;

	while (at < n) {
		size_t part =
		    n - at < sizeof(chunk) ? (size_t)(n - at) : sizeof(chunk);
		size_t i, whole = part / word * word;
		unsigned j;

		memcpy(chunk, p + at, part);
		for (i = 0; i < whole; i += word) {
			for (j = 0; j < word; j++)
				chunk[i + j] = p[at + i + word - 1 - j];
		}
		pacs_encoder_put(w, chunk, part);
		at += part;
	}
}
