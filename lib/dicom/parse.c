/*
 * The parser: elements, sequences, items and fragments out of a source, with a
 * stack of its own instead of recursion, so that depth costs bytes of input,
 * not of the C stack.
 *
 * Nothing is believed: a length counts when the bytes are there.
 */
#include <stdlib.h>
#include <string.h>

#include "dicom/parser.h"

bool
pacs_parser_count(struct pacs_parser *p)
{
	if (++p->elements <= p->limits.max_elements)
		return true;
	pacs_parser_over(p, "elements", p->limits.max_elements);
	return false;
}

void
pacs_parser_push(struct pacs_parser *p, struct pacs_frame f)
{
	if (p->depth + 1 == p->cap) {
		size_t bytes = p->cap * 2 * sizeof(f);

		if (p->stack == p->few)
			p->stack =
			    memcpy(pacs_malloc(bytes), p->few, sizeof(p->few));
		else
			p->stack = pacs_realloc(p->stack, bytes);
		p->cap *= 2;
	}
	p->stack[++p->depth] = f;
}

/* Only zeros (or another filler) until the limit? Looks at 16 MiB at most. */
static bool
is_filler(struct pacs_parser *p, uint64_t limit)
{
	uint64_t n = pacs_min64(limit - p->pos, 16u << 20);
	uint64_t at = p->pos;
	const uint8_t *b = pacs_source_get(p->s, at, n < 8 ? (size_t)n : 8);
	uint8_t filler;

	if (!b)
		return false;
	filler = b[0];
	if (filler != 0 && filler != 0xff && filler != ' ' && filler != '\n' &&
	    filler != '\r')
		return false;
	if (n >= 8 && memcmp(b, b + 1, 7) != 0)
		return false;
	if (!p->s->whole) /* a header read looks no further than its window */
		n = pacs_min64(n, p->s->stop - at);
	b = pacs_source_get(p->s, at, (size_t)n);
	return b && (n == 1 || memcmp(b, b + 1, (size_t)n - 1) == 0);
}

/* Not to be used (PS3.5 7.1): in an implicit data set it could not be told from
 * a filler. */
#define NO_TAG 0xffffffffu

/* --- items ------------------------------------------------------------- */

static void
pop_item(struct pacs_parser *p, bool delimited)
{
	struct pacs_item *item = pacs_parser_top(p)->item;

	item->length = p->pos - item->offset;
	if (delimited) {
		item->flags |= I_DELIMITED;
		p->pos += 8;
	}
	p->depth--;
}

/* A tag of group FFFE where an element should be. */
static void
item_tag_in_item(struct pacs_parser *p, struct pacs_frame *f, uint32_t tag)
{
	if (tag == PACS_TAG_ItemDelimitationItem && f->undefined && p->depth) {
		pop_item(p, true);
	} else if (p->depth && f->undefined) {
		pop_item(p, false); /* its delimiter is missing */
	} else if (tag == PACS_TAG_ItemDelimitationItem ||
		   tag == PACS_TAG_SequenceDelimitationItem) {
		p->pos += 8; /* one too many: harmless */
	} else {
		pacs_parser_damaged(p, tag, "item outside a sequence");
	}
}

static void
end_of_item(struct pacs_parser *p, struct pacs_frame *f)
{
	if (p->depth == 0)
		p->stop = true;
	else if (f->end != UINT64_MAX && p->pos < f->end && !f->undefined)
		pacs_parser_cut(p, 0, "item cut short");
	else
		pop_item(p, false);
}

/* Fewer than 8 bytes, or filler, before the limit of an item or sequence. */
static void
rest(struct pacs_parser *p, const struct pacs_frame *f, uint64_t limit)
{
	bool open_end = true; /* nothing around it has a defined length */
	size_t i;

	for (i = 1; i <= p->depth; i++) {
		if (!p->stack[i].undefined)
			open_end = false;
	}
	if (is_filler(p, limit) && open_end)
		p->stop = true; /* trailing bytes of the source */
	else if (is_filler(p, limit) && !f->undefined)
		p->pos = limit;
	else
		pacs_parser_cut(p, f->sequence ? f->sequence->tag : 0,
				"element cut short");
}

/*
 * Group 0002 ends where the group does, since its length is often wrong. But
 * deflated bytes, and big endian ones, can look like more of it: there the
 * length is believed if it ends here.
 */
static bool
is_end_of_meta(const struct pacs_parser *p, uint32_t tag)
{
	const struct pacs_item *meta = &p->ds->meta;
	const struct pacs_element *e = meta->first;
	const struct pacs_syntax *s;
	char uid[PACS_UID_MAX + 1];

	if (tag >> 16 != 2)
		return true;
	if (!e || e->tag != PACS_TAG_FileMetaInformationGroupLength ||
	    e->length != 4 ||
	    e->offset + 4 + pacs_get32(e->value, e->flags & E_BIG) != p->pos ||
	    !pacs_item_uid(meta, PACS_TAG_TransferSyntaxUID, uid, sizeof(uid)))
		return false;
	s = pacs_syntax_find(uid);
	return s && (s->deflated || s->big_endian);
}

static bool
must_stop(struct pacs_parser *p, uint32_t tag)
{
	if (p->meta)
		return is_end_of_meta(p, tag);
	if (p->depth || !p->limits.stop_tag || tag < p->limits.stop_tag ||
	    tag >> 16 >= 0xfffe)
		return false;
	p->ds->info.stopped = true;
	return true;
}

static bool
may_be_filler(const uint8_t *b)
{
	return (b[0] == 0 || b[0] == 0xff) && memcmp(b, b + 1, 7) == 0;
}

static void
step_item(struct pacs_parser *p)
{
	struct pacs_frame *f = pacs_parser_top(p);
	uint64_t limit = pacs_parser_limit(p, f);
	struct pacs_header h;
	const uint8_t *b;

	if (p->pos >= limit) {
		end_of_item(p, f);
		return;
	}
	b = pacs_source_get(p->s, p->pos, 8);
	limit = pacs_parser_limit(p, f); /* a stream may have ended just now */
	if (p->pos >= limit)
		return;
	if (b &&
	    must_stop(p, PACS_TAG(pacs_get16(b, f->form.big_endian),
				  pacs_get16(b + 2, f->form.big_endian)))) {
		p->stop = true;
		return;
	}
	if (p->meta && (!b || limit - p->pos < 8))
		p->stop = true; /* no element of group 0002 */
	else if (!b || limit - p->pos < 8 || may_be_filler(b))
		rest(p, f, limit);
	else if (!pacs_header_read(p->s, p->pos, limit, f->form, &h))
		pacs_parser_cut(p, 0, "element cut short");
	else if (h.tag >> 16 == 0xfffe)
		item_tag_in_item(p, f, h.tag);
	else if (h.tag == NO_TAG)
		pacs_parser_damaged(p, h.tag, "no element can have this tag");
	else
		pacs_parser_element(p, f, &h);
}

static void
push_item(struct pacs_parser *p, struct pacs_frame *f, uint32_t length,
	  uint64_t limit)
{
	struct pacs_item *item;
	struct pacs_frame in = {.end = f->end, .form = f->form};

	if (!pacs_parser_count(p))
		return;
	p->pos += 8;
	in.undefined = length == PACS_LENGTH_UNDEFINED;
	if (!in.undefined) {
		in.end = p->pos + pacs_min64(length, limit - p->pos);
		if (length > limit - p->pos &&
		    !pacs_parser_overruns(p, PACS_TAG_Item, "item cut short"))
			return;
	}
	item = pacs_sequence_append(f->sequence);
	item->offset = p->pos;
	item->flags = I_SOURCE | (in.undefined ? I_UNDEFINED : 0);
	in.item = item;
	pacs_parser_push(p, in);
}

static void
step_sequence(struct pacs_parser *p)
{
	struct pacs_frame *f = pacs_parser_top(p);
	uint64_t limit = pacs_parser_limit(p, f);
	bool big = f->form.big_endian;
	const uint8_t *b = NULL;
	uint32_t tag;

	if (p->pos < limit)
		b = pacs_source_get(p->s, p->pos, 8);
	limit = pacs_parser_limit(p, f);
	if (p->pos >= limit) {
		if (!f->undefined && p->pos < f->end) {
			pacs_parser_cut(p, f->sequence->tag,
					"sequence cut short");
			return;
		}
		p->ds->unclosed |= f->undefined && limit == p->s->end;
		pacs_parser_end_element(p, f->sequence, false);
		p->depth--;
		return;
	}
	if (!b || limit - p->pos < 8 || may_be_filler(b)) {
		rest(p, f, limit);
		return;
	}
	tag = PACS_TAG(pacs_get16(b, big), pacs_get16(b + 2, big));
	if (tag == PACS_TAG_Item) {
		push_item(p, f, pacs_get32(b + 4, big), limit);
	} else if (tag == PACS_TAG_SequenceDelimitationItem && f->undefined) {
		pacs_parser_end_element(p, f->sequence, true);
		p->depth--;
	} else if (tag == PACS_TAG_SequenceDelimitationItem ||
		   tag == PACS_TAG_ItemDelimitationItem) {
		p->pos += 8;
	} else if (f->undefined && tag > f->sequence->tag) {
		pacs_parser_end_element(p, f->sequence,
					false); /* delimiter missing */
		p->depth--;
	} else {
		pacs_parser_damaged(p, f->sequence->tag,
				    "no item where one must be");
	}
}

/* Lengths of what was open when a damaged reading ended. */
static void
close_open(struct pacs_parser *p)
{
	for (; p->depth; p->depth--) {
		struct pacs_frame *f = pacs_parser_top(p);

		if (f->sequence)
			f->sequence->length = p->pos - f->sequence->offset;
		else
			f->item->length = p->pos - f->item->offset;
	}
}

static void
parser_init(struct pacs_parser *p, struct pacs_source *s,
	    struct pacs_item *item, struct pacs_form form,
	    const struct pacs_limits *limits)
{
	/* Not the frames: 2 KB that most readings never touch. */
	memset(p, 0, offsetof(struct pacs_parser, few));
	memset(&p->pos, 0, sizeof(*p) - offsetof(struct pacs_parser, pos));
	p->s = s;
	p->ds = item->ds;
	p->limits = *limits;
	p->stack = p->few;
	p->cap = PACS_PARSER_FRAMES;
	p->few[0] =
	    (struct pacs_frame){.item = item, .end = UINT64_MAX, .form = form};
}

static void
run(struct pacs_parser *p, size_t until_depth)
{
	while (!p->stop && p->depth >= until_depth) {
		if (pacs_parser_top(p)->item)
			step_item(p);
		else
			step_sequence(p);
	}
	close_open(p);
	if (p->stack != p->few)
		free(p->stack);
}

enum pacs_err
pacs_parse(struct pacs_error *err, struct pacs_source *s,
	   struct pacs_item *item, uint64_t *pos, struct pacs_form form,
	   const struct pacs_limits *limits)
{
	struct pacs_parser p;

	parser_init(&p, s, item, form, limits);
	p.pos = *pos;
	p.err = err;
	p.meta = item == &item->ds->meta;
	item->offset = p.pos;
	item->flags |= I_SOURCE;
	run(&p, 0);
	item->length = p.pos - item->offset;
	*pos = p.pos;
	return pacs_parser_outcome(&p);
}

struct pacs_element *
pacs_parse_sequence_value(const struct pacs_element *e)
{
	static const struct pacs_form implicit_le = {PACS_IMPLICIT, false};
	struct pacs_dataset *ds = e->item->ds;
	static const struct pacs_limits limits = {.max_depth = PACS_DEPTH_MAX,
						  .max_elements = 4000000};
	struct pacs_element *copy;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_source s;
	struct pacs_parser p;

	if (!e->value || e->length < 8)
		return NULL;
	copy = pacs_arena_dup(&ds->arena, e, sizeof(*e));
	copy->in.sequence = NULL;
	pacs_source_memory(&s, ds, e->value, e->length);
	s.start = e->offset; /* offsets count as in the source of e */
	s.stop = s.end = e->offset + e->length;
	parser_init(&p, &s, e->item, implicit_le, &limits);
	p.pos = e->offset;
	p.err = &err;
	if (!pacs_parser_begins_with_item(&p, p.pos, e->length, false))
		return NULL;
	pacs_parser_push_sequence(&p, copy, implicit_le, s.end, false);
	run(&p, 1);
	return pacs_parser_outcome(&p) == PACS_OK ? copy : NULL;
}
