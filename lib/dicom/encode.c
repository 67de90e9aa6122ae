/*
 * From elements to bytes: what encode-copy.c allows is copied from the source,
 * the rest is encoded. First every length is measured, then written.
 *
 * Recursion is as deep as sequences are nested; pacs_encode_root checks that
 * against PACS_DEPTH_MAX before.
 */
#include "dicom/encode.h"

#define LENGTH_MAX 0xfffffffeu
#define SHORT_MAX  0xfffeu

/* --- how an element is written ----------------------------------------- */

static bool
element_is_undefined(const struct pacs_encoder *w, const struct pacs_element *e,
		     uint64_t encoded)
{
	bool anew = !(e->flags & E_SOURCE) || (e->flags & E_CHANGED);

	return (e->flags & E_FRAGMENTS) || (e->flags & E_UNDEFINED) ||
	       (anew && w->undefined_lengths) || encoded > LENGTH_MAX;
}

static bool
item_is_undefined(const struct pacs_encoder *w, const struct pacs_item *item)
{
	bool anew = !(item->flags & I_SOURCE) || (item->flags & I_CHANGED);

	return (item->flags & I_UNDEFINED) || (anew && w->undefined_lengths) ||
	       item->encoded > LENGTH_MAX;
}

/* VR to write in explicit form. */
static uint16_t
vr_to_write(const struct pacs_encoder *w, const struct pacs_element *e)
{
	uint16_t vr = pacs_element_vr(e);

	if (e->raw_vr == VR("UN") && !(e->flags & E_SEQUENCE))
		return VR("UN");
	if (e->flags & (E_SEQUENCE | E_FRAGMENTS))
		return vr;
	/* Nobody could tell how long its header is. */
	if (!pacs_vr_is_known(vr))
		return VR("UN");
	/* PS3.5 6.2.2: too long for the VR's form. */
	if (!pacs_vr_has_long_length(vr) && e->length > SHORT_MAX)
		return VR("UN");
	/* Half a number cannot change its byte order. */
	if (w->form.big_endian && !pacs_element_is_big(e) &&
	    e->length % pacs_vr_word(vr))
		return VR("UN");
	return vr;
}

/* UN stays little endian everywhere. */
static bool
is_written_big(const struct pacs_encoder *w, const struct pacs_element *e)
{
	return w->form.big_endian && vr_to_write(w, e) != VR("UN");
}

static unsigned
header_size(const struct pacs_encoder *w, const struct pacs_element *e)
{
	if (w->form.form == PACS_IMPLICIT)
		return 8;
	return pacs_vr_has_long_length(vr_to_write(w, e)) ? 12 : 8;
}

static uint64_t
even(uint64_t n)
{
	return n + (n & 1);
}

static uint64_t
fragments_size(const struct pacs_element *e)
{
	uint64_t total = 0;
	size_t i, count = pacs_element_fragment_count(e);

	for (i = 0; i < count; i++)
		total += 8 + even(e->in.fragments->list[i].length);
	return total;
}

/* Who hides something hides it in what no element owns: between the elements
 * of a sequence that is copied as a whole, say. */
static bool
is_copied(const struct pacs_encoder *w, const struct pacs_element *e, bool same)
{
	if (w->elements_only && e->flags & (E_SEQUENCE | E_FRAGMENTS))
		return false;
	return pacs_encode_is_copied(e, same);
}

static bool
item_is_copied(const struct pacs_encoder *w, const struct pacs_item *item,
	       bool same)
{
	return !w->elements_only && pacs_encode_item_is_copied(item, same);
}

/* An empty (0000,0000) would be eight zeros, which end a data set. */
static bool
looks_like_filler(const struct pacs_element *e)
{
	return e->tag == 0 && e->length == 0;
}

/* Bytes that e takes, once its content is measured. */
static uint64_t
element_size(const struct pacs_encoder *w, const struct pacs_element *e,
	     bool same)
{
	uint64_t content;

	if (is_copied(w, e, same))
		return e->header + e->length + (e->flags & E_DELIMITED ? 8 : 0);
	if (looks_like_filler(e))
		return 0;
	if (e->flags & E_FRAGMENTS)
		content = fragments_size(e);
	else if (e->flags & E_SEQUENCE)
		content = e->in.sequence ? e->in.sequence->encoded : 0;
	else
		content = even(e->length);
	if (e->flags & (E_FRAGMENTS | E_SEQUENCE) &&
	    element_is_undefined(w, e, content))
		content += 8;
	return header_size(w, e) + content;
}

/* NOLINTBEGIN(misc-no-recursion): bounded by PACS_DEPTH_MAX */

static uint64_t measure_items(struct pacs_encoder *w, struct pacs_element *e,
			      bool same);

static uint64_t
measure_item(struct pacs_encoder *w, struct pacs_item *item, bool same)
{
	struct pacs_element *e;
	uint64_t total = 0;

	for (e = item->first; e; e = e->next) {
		if ((e->flags & E_SEQUENCE) && e->in.sequence &&
		    !is_copied(w, e, same))
			e->in.sequence->encoded = measure_items(
			    w, e, pacs_encode_inner_same(e, same));
		total += element_size(w, e, same);
	}
	return item->encoded = total;
}

/* Content of a sequence; same as for its items. */
static uint64_t
measure_items(struct pacs_encoder *w, struct pacs_element *e, bool same)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < e->in.sequence->count; i++) {
		struct pacs_item *item = e->in.sequence->items[i];

		if (item_is_copied(w, item, same)) {
			total += 8 + item->length +
				 (item->flags & I_DELIMITED ? 8 : 0);
			continue;
		}
		total += 8 + measure_item(w, item, same);
		if (item_is_undefined(w, item))
			total += 8;
	}
	return total;
}

/* --- writing ----------------------------------------------------------- */

static void
put_header(struct pacs_encoder *w, const struct pacs_element *e,
	   uint32_t length)
{
	uint16_t vr;

	pacs_encoder_tag(w, e->tag);
	if (w->form.form == PACS_IMPLICIT) {
		pacs_encoder_put32(w, length);
		return;
	}
	vr = vr_to_write(w, e);
	pacs_buf_addc(&w->out, (char)(vr >> 8));
	pacs_buf_addc(&w->out, (char)(vr & 0xff));
	if (pacs_vr_has_long_length(vr)) {
		pacs_encoder_put16(w, 0);
		pacs_encoder_put32(w, length);
	} else {
		pacs_encoder_put16(w, length);
	}
}

static void
write_value(struct pacs_encoder *w, const struct pacs_element *e)
{
	uint16_t vr = pacs_element_vr(e);
	unsigned word = pacs_vr_word(vr);
	bool swap = word > 1 && pacs_element_is_big(e) != is_written_big(w, e);

	if (e->length > LENGTH_MAX) {
		w->code =
		    pacs_error_set(w->err, PACS_ELIMIT, "a value over 4 GiB");
		return;
	}
	put_header(w, e, (uint32_t)even(e->length));
	if (swap)
		pacs_encoder_put_swapped(w, e->value, e->length, word);
	else
		pacs_encoder_put(w, e->value, e->length);
	if (e->length & 1)
		pacs_buf_addc(&w->out, (char)pacs_vr_pad(vr));
}

static void
write_fragments(struct pacs_encoder *w, const struct pacs_element *e)
{
	size_t i, count = pacs_element_fragment_count(e);

	put_header(w, e, PACS_LENGTH_UNDEFINED);
	for (i = 0; i < count && w->code == PACS_OK; i++) {
		const struct pacs_fragment *f = &e->in.fragments->list[i];

		pacs_encoder_marker(w, PACS_TAG_Item,
				    (uint32_t)even(f->length));
		pacs_encoder_put(w, f->bytes, f->length);
		if (f->length & 1)
			pacs_buf_addc(&w->out, '\0');
	}
	pacs_encoder_marker(w, PACS_TAG_SequenceDelimitationItem, 0);
}

static void write_elements(struct pacs_encoder *w, const struct pacs_item *item,
			   bool same);

static void
write_item(struct pacs_encoder *w, const struct pacs_item *item, bool same)
{
	bool undefined;

	if (item_is_copied(w, item, same)) {
		pacs_encoder_put(w, w->body + item->offset - 8,
				 8 + item->length +
				     (item->flags & I_DELIMITED ? 8 : 0));
		return;
	}
	undefined = item_is_undefined(w, item);
	pacs_encoder_marker(w, PACS_TAG_Item,
			    undefined ? PACS_LENGTH_UNDEFINED
				      : (uint32_t)item->encoded);
	write_elements(w, item, same);
	if (undefined)
		pacs_encoder_marker(w, PACS_TAG_ItemDelimitationItem, 0);
}

static void
write_sequence(struct pacs_encoder *w, const struct pacs_element *e, bool same)
{
	uint64_t encoded = e->in.sequence ? e->in.sequence->encoded : 0;
	bool undefined = element_is_undefined(w, e, encoded);
	size_t i, count = pacs_element_item_count(e);

	put_header(w, e, undefined ? PACS_LENGTH_UNDEFINED : (uint32_t)encoded);
	for (i = 0; i < count && w->code == PACS_OK; i++)
		write_item(w, pacs_element_item(e, i),
			   pacs_encode_inner_same(e, same));
	if (undefined)
		pacs_encoder_marker(w, PACS_TAG_SequenceDelimitationItem, 0);
}

/* A group length, counted anew. */
static void
write_group_length(struct pacs_encoder *w, const struct pacs_element *e,
		   bool same)
{
	const struct pacs_element *other;
	uint64_t total = 0;

	for (other = e->next; other && other->tag >> 16 == e->tag >> 16;
	     other = other->next)
		total += element_size(w, other, same);
	put_header(w, e, 4);
	pacs_encoder_put32(w,
			   total > LENGTH_MAX ? LENGTH_MAX : (uint32_t)total);
}

static bool
is_group_length(const struct pacs_element *e)
{
	return PACS_TAG_ELEMENT(e->tag) == 0 && e->length == 4 &&
	       pacs_element_vr(e) == VR("UL");
}

static void
write_elements(struct pacs_encoder *w, const struct pacs_item *item, bool same)
{
	const struct pacs_element *e;
	bool recount = !same || w->elements_only || (item->flags & I_CHANGED);

	for (e = item->first; e && w->code == PACS_OK; e = e->next) {
		if (recount && is_group_length(e))
			write_group_length(w, e, same);
		else if (is_copied(w, e, same))
			pacs_encoder_put(w, w->body + e->offset - e->header,
					 element_size(w, e, same));
		else if (looks_like_filler(e))
			continue;
		else if (e->flags & E_FRAGMENTS)
			write_fragments(w, e);
		else if (e->flags & E_SEQUENCE)
			write_sequence(w, e, same);
		else
			write_value(w, e);
		if (w->out.len >= PACS_ENCODER_BYTES)
			pacs_encoder_flush(w);
	}
}

/* NOLINTEND(misc-no-recursion) */

uint64_t
pacs_encode_root(struct pacs_encoder *w, struct pacs_item *root, bool same)
{
	if (w->code != PACS_OK)
		return 0;
	if (root->ds->depth > PACS_DEPTH_MAX) {
		w->code = pacs_error_set(w->err, PACS_ELIMIT,
					 "more than %u nested sequences",
					 PACS_DEPTH_MAX);
		return 0;
	}
	w->body = root->ds->body;
	measure_item(w, root, same);
	write_elements(w, root, same);
	pacs_encoder_flush(w);
	return root->encoded;
}
