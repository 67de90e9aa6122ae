/* The encoder, between write.c, meta.c and encode*.c. */
#ifndef PACS_DICOM_ENCODE_H
#define PACS_DICOM_ENCODE_H

#include "dicom/internal.h"

#define PACS_ENCODER_BYTES (64u << 10) /* that go to the sink at a time */

struct pacs_encoder {
	struct pacs_error *err;
	enum pacs_err code; /* first error; nothing is written after it */
	pacs_sink *sink;
	void *ctx;
	struct pacs_form form; /* to write */
	bool undefined_lengths;
	bool elements_only;  /* as of struct pacs_write_options */
	const uint8_t *body; /* of the data set that is written */
	struct pacs_buf out;
};

/* A header with VR as PS3.5 7.1.2 wants it: can it be read in one way only?
 * bytes: those that the element's offset is in. */
bool pacs_header_is_regular(const struct pacs_element *e, const uint8_t *bytes);

/* Are its bytes copied from the source? same: what surrounds it is written in
 * the form that it was read in. */
bool pacs_encode_is_copied(const struct pacs_element *e, bool same);
bool pacs_encode_item_is_copied(const struct pacs_item *item, bool same);
/* same, for what is in e: contents of UN sequences are implicit, and encoded
 * anew as explicit. */
bool pacs_encode_inner_same(const struct pacs_element *e, bool same);

/* --- encode-out.c: bytes, in the byte order of the form to write ---------- */

void pacs_encoder_put(struct pacs_encoder *w, const void *bytes, uint64_t n);
void pacs_encoder_flush(struct pacs_encoder *w);
void pacs_encoder_put16(struct pacs_encoder *w, unsigned v);
void pacs_encoder_put32(struct pacs_encoder *w, uint32_t v);
void pacs_encoder_tag(struct pacs_encoder *w, uint32_t tag);
/* Header of an item or delimiter. */
void pacs_encoder_marker(struct pacs_encoder *w, uint32_t tag, uint32_t length);
/* n bytes with the bytes of each word turned round. */
void pacs_encoder_put_swapped(struct pacs_encoder *w, const uint8_t *p,
			      uint64_t n, unsigned word);

/* --- encode.c --------------------------------------------------------------
 */

/* Write the elements of a root; same: its source has the form to write. */
uint64_t pacs_encode_root(struct pacs_encoder *w, struct pacs_item *root,
			  bool same);

/*
 * Append preamble, "DICM" and group 0002 for writing ds in that syntax: what
 * ds has, with the syntax corrected, or, if anew, made of its SOP UIDs.
 */
enum pacs_err pacs_meta_encode(struct pacs_error *err, struct pacs_dataset *ds,
			       const char *syntax, bool anew,
			       struct pacs_buf *out) PACS_MUST_CHECK;

#endif
