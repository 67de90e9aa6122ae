/*
 * One element: its value, its fragments, or the beginning of a sequence. The
 * loop is in parse.c.
 */
#include <string.h>

#include "dicom/parser.h"

#define VR_OB PACS_VR('O', 'B')
#define VR_OW PACS_VR('O', 'W')
#define VR_SQ PACS_VR('S', 'Q')
#define VR_UN PACS_VR('U', 'N')

/* --- values ------------------------------------------------------------ */

/* Point e at its value at pos; false if that is not all there. */
static bool
load_value(struct pacs_parser *p, struct pacs_element *e, uint64_t pos)
{
	if (pacs_source_leaves_out(p->s, e->length)) {
		e->flags |= E_LEFT_OUT;
		return pacs_source_reaches(p->s, pos + e->length);
	}
	e->value = pacs_source_get(p->s, pos, (size_t)e->length);
	return e->value != NULL;
}

void
pacs_parser_end_element(struct pacs_parser *p, struct pacs_element *e,
			bool delimited)
{
	e->length = p->pos - e->offset;
	if (delimited) {
		e->flags |= E_DELIMITED;
		p->pos += 8;
	}
}

/* Fragments until the delimiter; p->pos is at the first. */
static void
parse_fragments(struct pacs_parser *p, struct pacs_element *e, uint64_t limit)
{
	bool big = e->flags & E_BIG;

	e->flags |= E_FRAGMENTS;
	for (;;) {
		const uint8_t *b = pacs_source_get(p->s, p->pos, 8);
		uint32_t tag, length;

		if (limit > p->s->end)
			limit = p->s->end;
		if (p->pos == limit) {
			p->ds->unclosed |= limit == p->s->end;
			pacs_parser_end_element(p, e, false);
			return;
		}
		if (!b || limit - p->pos < 8) {
			pacs_parser_cut(p, e->tag, "fragment cut short");
			break;
		}
		tag = PACS_TAG(pacs_get16(b, big), pacs_get16(b + 2, big));
		length = pacs_get32(b + 4, big);
		if (tag == PACS_TAG_SequenceDelimitationItem) {
			pacs_parser_end_element(p, e, true);
			return;
		}
		if (tag != PACS_TAG_Item || length == PACS_LENGTH_UNDEFINED) {
			pacs_parser_damaged(p, e->tag,
					    "no fragment where one must be");
			break;
		}
		if (length > limit - p->pos - 8 || !pacs_parser_count(p)) {
			if (!p->stop)
				pacs_parser_cut(p, e->tag,
						"fragment cut short");
			break;
		}
		b = NULL;
		if (pacs_source_leaves_out(p->s, length)
			? !pacs_source_reaches(p->s, p->pos + 8 + length)
			: !(b = pacs_source_get(p->s, p->pos + 8, length))) {
			pacs_parser_cut(p, e->tag, "fragment cut short");
			break;
		}
		pacs_fragments_append(e, b, length);
		p->pos += 8 + (uint64_t)length;
	}
	if (e->flags & E_FRAGMENTS)
		e->length = p->pos > e->offset ? p->pos - e->offset : 0;
}

/* --- elements ------------------------------------------------------------ */

void
pacs_parser_push_sequence(struct pacs_parser *p, struct pacs_element *e,
			  struct pacs_form form, uint64_t end, bool trial)
{
	struct pacs_frame f = {.sequence = e,
			       .end = end,
			       .form = form,
			       .undefined = e->flags & E_UNDEFINED,
			       .trial = trial};
	size_t depth = (p->depth + 2) / 2; /* frames alternate */

	if (depth > p->limits.max_depth) {
		pacs_parser_over(p, "nested sequences", p->limits.max_depth);
		return;
	}
	if (depth > p->ds->depth)
		p->ds->depth = (unsigned)depth;
	e->flags |= E_SEQUENCE;
	pacs_parser_push(p, f);
}

static bool
is_bytes_vr(uint16_t vr)
{
	return vr == VR_OB || vr == VR_OW || (vr >> 8 == 'O' && vr);
}

static const struct pacs_form implicit_le = {PACS_IMPLICIT, false};

/* p->pos is behind the header of e, which has undefined length. */
static void
parse_undefined(struct pacs_parser *p, struct pacs_frame *f,
		struct pacs_element *e)
{
	/* A VR that nobody knows says nothing. */
	bool says = pacs_vr_is_known(e->raw_vr) && e->raw_vr != VR_UN;
	uint16_t vr = says ? e->raw_vr : pacs_dict_vr(e->tag);
	uint64_t limit = pacs_parser_limit(p, f);
	struct pacs_form form = f->form;

	if (is_bytes_vr(vr)) {
		parse_fragments(p, e, limit);
		return;
	}
	if (e->raw_vr == VR_UN) /* PS3.5 6.2.2, note 2 */
		form = implicit_le;
	pacs_parser_push_sequence(p, e, form, f->end, false);
}

bool
pacs_parser_begins_with_item(struct pacs_parser *p, uint64_t pos,
			     uint64_t length, bool big)
{
	const uint8_t *b;

	if (length == 0)
		return true;
	if (length < 8)
		return false;
	b = pacs_source_get(p->s, pos, 8);
	return b && PACS_TAG(pacs_get16(b, big), pacs_get16(b + 2, big)) ==
			PACS_TAG_Item;
}

/* Should a value of defined length be parsed as a sequence? */
static bool
is_sequence(struct pacs_parser *p, const struct pacs_element *e,
	    struct pacs_form *form, bool *trial)
{
	if (e->raw_vr == VR_SQ) {
		*trial = false;
		return true;
	}
	if (e->raw_vr && e->raw_vr != VR_UN)
		return false;
	if (pacs_dict_vr(e->tag) != VR_SQ)
		return false;
	if (e->raw_vr == VR_UN)
		*form = implicit_le;
	*trial = true;
	return pacs_parser_begins_with_item(p, p->pos, e->length,
					    form->big_endian);
}

static void
parse_defined(struct pacs_parser *p, struct pacs_frame *f,
	      struct pacs_element *e)
{
	struct pacs_form form = f->form;
	uint64_t limit = pacs_parser_limit(p, f), left = limit - p->pos;
	bool trial;

	if (is_sequence(p, e, &form, &trial)) {
		uint64_t end = p->pos + pacs_min64(e->length, left);

		if (e->length > left &&
		    !pacs_parser_overruns(p, e->tag, "sequence cut short"))
			return;
		/* Bytes, should the trial fail. */
		if (trial && !pacs_source_leaves_out(p->s, e->length))
			load_value(p, e, p->pos);
		pacs_parser_push_sequence(p, e, form, end, trial);
		return;
	}
	if (e->length > left || !load_value(p, e, p->pos)) {
		pacs_parser_cut(p, e->tag, "value cut short");
		return;
	}
	p->pos += e->length;
}

static void
link_element(struct pacs_parser *p, struct pacs_frame *f,
	     const struct pacs_header *h)
{
	struct pacs_element *e = pacs_item_append(f->item, h->tag);

	e->raw_vr = h->vr;
	e->length = h->length;
	e->header = h->size;
	e->offset = p->pos + h->size;
	e->flags = (uint16_t)(E_SOURCE | (f->form.big_endian ? E_BIG : 0) |
			      (h->implicit ? E_IMPLICIT : 0));
	p->pos += h->size;
	if (h->length == PACS_LENGTH_UNDEFINED) {
		e->flags |= E_UNDEFINED;
		e->length = 0;
		parse_undefined(p, f, e);
	} else {
		parse_defined(p, f, e);
	}
}

/* Take the last element of an item away again. */
static void
unlink_last(struct pacs_item *item, struct pacs_element *before)
{
	pacs_item_forget(item);
	item->last = before;
	if (before)
		before->next = NULL;
	else
		item->first = NULL;
}

void
pacs_parser_element(struct pacs_parser *p, struct pacs_frame *f,
		    const struct pacs_header *h)
{
	struct pacs_item *item = f->item;
	struct pacs_element *before = item->last;
	uint64_t start = p->pos;

	if (!pacs_parser_count(p))
		return;
	link_element(p, f, h);
	if (p->stop && item->last != before &&
	    !(item->last->flags & (E_SEQUENCE | E_FRAGMENTS))) {
		unlink_last(item, before); /* cut: it does not count */
		p->pos = start;
	}
}
