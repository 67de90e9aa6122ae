/*
 * Comparing data sets by meaning. Elements meet by tag; what only encodes
 * (group lengths, padding, the character set, group 0002) is passed over.
 */
#include "dicom/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct comparison {
	struct pacs_dataset *a, *b;
	enum pacs_pixels pixels;
	struct pacs_buf path;
	bool first_only, found;
	struct pacs_difference *diff; /* or NULL */
	pacs_difference_fn *fn;       /* or NULL */
	void *ctx;
};

struct side {
	const struct pacs_item *item;
	const struct pacs_element **list;
	size_t count, at;
};

static bool
is_encoding(const struct pacs_element *e)
{
	return PACS_TAG_ELEMENT(e->tag) == 0 ||
	       e->tag == PACS_TAG_LengthToEnd ||
	       e->tag == PACS_TAG_SpecificCharacterSet ||
	       e->tag == PACS_TAG_DataSetTrailingPadding;
}

/* Order of tags; where they are the same, order of the source. */
static int
compare_tags(const void *a, const void *b)
{
	const struct pacs_element *ea = *(const struct pacs_element *const *)a;
	const struct pacs_element *eb = *(const struct pacs_element *const *)b;

	if (ea->tag != eb->tag)
		return ea->tag < eb->tag ? -1 : 1;
	return ea->offset < eb->offset ? -1 : ea->offset > eb->offset;
}

static struct side
side_new(const struct pacs_item *item)
{
	struct side s = {item, NULL, 0, 0};
	const struct pacs_element *e;

	for (e = item->first; e; e = e->next)
		s.count += !is_encoding(e);
	s.list = pacs_malloc(s.count * sizeof(struct pacs_element *));
	s.count = 0;
	for (e = item->first; e; e = e->next) {
		if (!is_encoding(e))
			s.list[s.count++] = e;
	}
	if (item->flags & I_UNSORTED)
		qsort(s.list, s.count, sizeof(struct pacs_element *),
		      compare_tags);
	return s;
}

static const struct pacs_element *
current(const struct side *s)
{
	return s->at < s->count ? s->list[s->at] : NULL;
}

static bool
is_done(const struct comparison *c)
{
	return c->found && c->first_only;
}

/* --- reports ----------------------------------------------------------- */

static void
add_name(struct pacs_buf *path, uint32_t tag)
{
	const struct pacs_dict_entry *d = pacs_dict_find_tag(tag);
	char name[12];

	if (path->len)
		pacs_buf_addc(path, '.');
	pacs_buf_adds(path, d && d->keyword[0] && d->mask == UINT32_MAX
				? d->keyword
				: pacs_tag_format(tag, name));
}

static void
cut_path(struct pacs_buf *path, size_t len)
{
	path->len = len;
	if (path->data)
		path->data[len] = '\0';
}

static void
report(struct comparison *c, const char *what, const struct pacs_item *ia,
       const struct pacs_element *ea, const struct pacs_item *ib,
       const struct pacs_element *eb)
{
	if (!c->found && c->diff) {
		snprintf(c->diff->path, sizeof(c->diff->path), "%s",
			 pacs_buf_str(&c->path));
		snprintf(c->diff->what, sizeof(c->diff->what), "%s", what);
	}
	c->found = true;
	if (c->fn)
		c->fn(c->ctx, pacs_buf_str(&c->path), ia, ea, ib, eb);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as sequences are nested, which the
 * reader bounds by PACS_DEPTH_MAX and run() checks for made ones. */

/* --- walking ----------------------------------------------------------- */

static void compare_items(struct comparison *c, const struct pacs_item *ia,
			  const struct pacs_item *ib);

/* e as a sequence: itself, or its bytes understood as one; NULL if neither. */
static const struct pacs_element *
as_sequence(const struct pacs_element *e)
{
	return e->flags & E_SEQUENCE ? e : pacs_parse_sequence_value(e);
}

static bool
is_empty(const struct pacs_element *e)
{
	return e->flags & E_SEQUENCE ? pacs_element_item_count(e) == 0
				     : e->length == 0;
}

static void
compare_sequences(struct comparison *c, const struct side *a,
		  const struct pacs_element *ea, const struct side *b,
		  const struct pacs_element *eb)
{
	const struct pacs_element *qa = as_sequence(ea), *qb = as_sequence(eb);
	size_t len = c->path.len, i, na, nb;

	if (is_empty(ea) && is_empty(eb))
		return;
	if (!qa || !qb) {
		/* Bytes here, and there too before they proved a sequence. */
		if (ea->value && eb->value &&
		    pacs_compare_padded(ea->value, ea->length, eb->value,
					eb->length))
			return;
		report(c, "sequence against bytes", a->item, ea, b->item, eb);
		return;
	}
	na = pacs_element_item_count(qa);
	nb = pacs_element_item_count(qb);
	if (na != nb)
		report(c, "number of items", a->item, ea, b->item, eb);
	for (i = 0; i < na && i < nb && !is_done(c); i++) {
		pacs_buf_addf(&c->path, "[%zu]", i);
		compare_items(c, pacs_element_item(qa, i),
			      pacs_element_item(qb, i));
		cut_path(&c->path, len);
	}
}

static bool
is_colour(const struct pacs_item *item, const struct pacs_element *e)
{
	struct pacs_buf b = {0};
	bool colour;

	pacs_element_text(item, e, &b, NULL);
	colour = strncmp(pacs_buf_str(&b), "RGB", 3) == 0 ||
		 strncmp(pacs_buf_str(&b), "YBR_", 4) == 0;
	pacs_buf_clear(&b);
	return colour;
}

/* Root attributes that say how pixels are encoded, once those were decoded
 * and found the same. */
static bool
is_settled(const struct comparison *c, const struct pacs_element *ea,
	   const struct pacs_element *eb)
{
	if (c->pixels != PACS_PIXELS_SAME || ea->item != &c->a->root)
		return false;
	if (ea->tag == PACS_TAG_PhotometricInterpretation)
		return is_colour(ea->item, ea) && is_colour(eb->item, eb);
	return ea->tag == PACS_TAG_PlanarConfiguration ||
	       ea->tag == PACS_TAG_PixelData;
}

static const char *
pixels_differ(const struct comparison *c, const struct pacs_element *ea)
{
	if (ea->item != &c->a->root || ea->tag != PACS_TAG_PixelData)
		return NULL;
	if (c->pixels == PACS_PIXELS_DIFFERENT)
		return "pixel data as decoded";
	if (c->pixels == PACS_PIXELS_UNDECODED)
		return "pixel data in another syntax";
	return NULL;
}

static void
compare_elements(struct comparison *c, struct side *a, struct side *b)
{
	const struct pacs_element *ea = current(a), *eb = current(b);
	const char *what;

	if (is_settled(c, ea, eb))
		return;
	what = pixels_differ(c, ea);
	if (!what && ((ea->flags | eb->flags) & E_SEQUENCE)) {
		compare_sequences(c, a, ea, b, eb);
		return;
	}
	if (!what)
		what = pacs_compare_values(a->item, ea, b->item, eb);
	if (what)
		report(c, what, a->item, ea, b->item, eb);
}

/* The next tag of either side. */
static void
step(struct comparison *c, struct side *a, struct side *b)
{
	const struct pacs_element *ea = current(a), *eb = current(b);
	size_t len = c->path.len;
	uint64_t ta = ea ? ea->tag : UINT64_MAX;
	uint64_t tb = eb ? eb->tag : UINT64_MAX;
	bool in_first = ea && ta <= tb, in_second = eb && tb <= ta;

	add_name(&c->path, (uint32_t)(ta < tb ? ta : tb));
	if (in_first && in_second)
		compare_elements(c, a, b);
	else if (in_first)
		report(c, "only in the first", a->item, ea, b->item, NULL);
	else
		report(c, "only in the second", a->item, NULL, b->item, eb);
	a->at += in_first;
	b->at += in_second;
	cut_path(&c->path, len);
}

/* By tag, both sides in order. */
static void
compare_items(struct comparison *c, const struct pacs_item *ia,
	      const struct pacs_item *ib)
{
	struct side a = side_new(ia), b = side_new(ib);

	while (!is_done(c) && (current(&a) || current(&b)))
		step(c, &a, &b);
	free(a.list);
	free(b.list);
}

/* NOLINTEND(misc-no-recursion) */

static enum pacs_err
run(struct pacs_error *err, struct comparison *c, pacs_pixel_decoder *decode,
    void *decode_ctx)
{
	if (c->a->info.stopped || c->b->info.stopped)
		return pacs_error_set(err, PACS_EUSAGE,
				      "a data set was read only in part");
	if (c->a->depth > PACS_DEPTH_MAX || c->b->depth > PACS_DEPTH_MAX)
		return pacs_error_set(err, PACS_ELIMIT,
				      "more than %u nested sequences",
				      PACS_DEPTH_MAX);
	c->pixels = pacs_compare_pixels(c->a, c->b, decode, decode_ctx);
	compare_items(c, &c->a->root, &c->b->root);
	pacs_buf_clear(&c->path);
	return PACS_OK;
}

enum pacs_err
pacs_dataset_compare(struct pacs_error *err, struct pacs_dataset *a,
		     struct pacs_dataset *b, pacs_pixel_decoder *decode,
		     void *ctx, bool *ret_same,
		     struct pacs_difference *ret_diff)
{
	struct comparison c = {
	    .a = a, .b = b, .first_only = true, .diff = ret_diff};
	enum pacs_err code = run(err, &c, decode, ctx);

	if (code == PACS_OK)
		*ret_same = !c.found;
	return code;
}

enum pacs_err
pacs_dataset_diff(struct pacs_error *err, struct pacs_dataset *a,
		  struct pacs_dataset *b, pacs_pixel_decoder *decode,
		  void *decode_ctx, pacs_difference_fn *fn, void *ctx)
{
	struct comparison c = {.a = a, .b = b, .fn = fn, .ctx = ctx};

	return run(err, &c, decode, decode_ctx);
}
