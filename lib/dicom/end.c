#include "dicom/end.h"

#include <string.h>
#include <unistd.h>

#include "dicom/internal.h"

/* --- what the attributes say --------------------------------------------- */

/* Bits of native pixel data; 0 if unknown. */
static uint64_t
pixel_bits(const struct pacs_item *root)
{
	static const uint32_t tags[] = {
	    PACS_TAG_Rows, PACS_TAG_Columns, PACS_TAG_SamplesPerPixel,
	    PACS_TAG_BitsAllocated, PACS_TAG_NumberOfFrames};
	uint64_t product = 1;
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		int64_t v;

		if (!pacs_item_int(root, tags[i], 0, &v))
			v = tags[i] == PACS_TAG_NumberOfFrames ||
				    tags[i] == PACS_TAG_SamplesPerPixel
				? 1
				: 0;
		if (v <= 0 ||
		    __builtin_mul_overflow(product, (uint64_t)v, &product))
			return 0;
	}
	return product;
}

/* 4:2:2 and its like carry fewer samples than the attributes say (PS3.3
 * C.7.6.3.1.2); RGB and MONOCHROME do not. */
static bool
is_subsampled(const struct pacs_item *root)
{
	struct pacs_buf b = {0};
	bool yes = false;

	if (pacs_item_text(root, PACS_TAG_PhotometricInterpretation, &b))
		yes = strncmp(pacs_buf_str(&b), "YBR_FULL_42", 11) == 0 ||
		      strncmp(pacs_buf_str(&b), "YBR_PARTIAL", 11) == 0;
	pacs_buf_clear(&b);
	return yes;
}

uint64_t
pacs_pixels_expected(const struct pacs_item *root)
{
	uint64_t bits = pixel_bits(root);
	uint64_t bytes = bits / 8 + (bits % 8 != 0);

	return is_subsampled(root) ? bytes / 3 : bytes;
}

static uint64_t
frames_of(const struct pacs_item *root)
{
	int64_t n;

	return pacs_item_int(root, PACS_TAG_NumberOfFrames, 0, &n) && n > 0
		   ? (uint64_t)n
		   : 1;
}

/* An image that ends within the attributes of its pixels. Others without
 * pixels may be so on purpose: headers alone, or pixels that are elsewhere. */
static bool
lacks_pixels(const struct pacs_item *root)
{
	const struct pacs_sop_class *c;
	char uid[PACS_UID_MAX + 1];

	if (!root->last || root->last->tag >> 16 != 0x0028 ||
	    root->last->tag == PACS_TAG_PixelDataProviderURL ||
	    !pacs_item_uid(root, PACS_TAG_SOPClassUID, uid, sizeof(uid)))
		return false;
	c = pacs_sop_class_find(uid);
	return c && strstr(c->name, " Image Storage") != NULL;
}

/* --- the tail, header by header ------------------------------------------ */

#define WINDOW (16u << 10)
#define CLOSE  256u

struct tail {
	const struct pacs_object_bytes *b;
	const struct pacs_item *root;
	uint64_t at;
	bool big, is_explicit;
	/* Of a file, the bytes at the header read last. */
	uint64_t from;
	size_t have;
	uint8_t window[WINDOW];
};

/* Headers of real fragments are far apart, and little is read for each. Where
 * they stand close, as millions of empty ones can, many come with one read. */
static bool
move_window(struct tail *t, uint64_t at, size_t n)
{
	uint64_t left = t->b->size - at;
	bool close = t->have && at >= t->from && at - t->from <= CLOSE;
	size_t want = close ? WINDOW : n;
	ssize_t got;

	want = want > left ? (size_t)left : want;
	got = pread(t->b->fd, t->window, want, (off_t)at);
	t->from = at;
	t->have = got > 0 ? (size_t)got : 0;
	return t->have >= n;
}

static bool
get(struct tail *t, uint64_t at, void *to, size_t n)
{
	if (at > t->b->size || n > t->b->size - at)
		return false;
	if (t->b->bytes) {
		memcpy(to, (const uint8_t *)t->b->bytes + at, n);
		return true;
	}
	if ((at < t->from || at - t->from > t->have ||
	     n > t->have - (size_t)(at - t->from)) &&
	    !move_window(t, at, n))
		return false;
	memcpy(to, t->window + (at - t->from), n);
	return true;
}

/* Fragments from t->at on. */
static bool
fragments_are_cut(struct tail *t)
{
	uint64_t count = 0, length;
	uint8_t h[8];

	for (; get(t, t->at, h, sizeof(h)); count++) {
		uint32_t tag =
		    PACS_TAG(pacs_get16(h, t->big), pacs_get16(h + 2, t->big));

		/* Anything else is damage, but not a cut. */
		if (tag != PACS_TAG_Item)
			return false;
		length = pacs_get32(h + 4, t->big);
		t->at += 8;
		if (length > t->b->size - t->at)
			return true;
		t->at += length;
	}
	/* The offset table is one of them. Without its delimiter, but with all
	 * frames, it is as some write it. */
	return t->at < t->b->size || count < frames_of(t->root) + 1;
}

/* The length of the element at t->at, which then is behind its header; false
 * if the header is cut. */
static bool
next_length(struct tail *t, uint32_t *ret_tag, uint32_t *ret_length)
{
	uint8_t h[12];

	if (!get(t, t->at, h, 8))
		return false;
	*ret_tag = PACS_TAG(pacs_get16(h, t->big), pacs_get16(h + 2, t->big));
	t->at += 8;
	/* Where two letters should be, some write none. */
	if (!t->is_explicit || h[4] < 'A' || h[5] < 'A') {
		*ret_length = pacs_get32(h + 4, t->big);
	} else if (pacs_vr_has_long_length(PACS_VR(h[4], h[5]))) {
		if (!get(t, t->at, h + 8, 4))
			return false;
		t->at += 4;
		*ret_length = pacs_get32(h + 8, t->big);
	} else {
		*ret_length = pacs_get16(h + 6, t->big);
	}
	return true;
}

/* Pixels from t->at on, the rest of group 7FE0. */
static bool
pixels_are_cut(struct tail *t)
{
	uint32_t tag = 0, length;

	for (;;) {
		if (!next_length(t, &tag, &length))
			return true;
		if (length == PACS_LENGTH_UNDEFINED)
			return fragments_are_cut(t);
		if (length > t->b->size - t->at)
			return true;
		t->at += length;
		if (tag == PACS_TAG_PixelData)
			return length < pacs_pixels_expected(t->root);
		if (tag >> 16 != 0x7fe0 || t->at == t->b->size)
			return false;
	}
}

/* --- all of it ----------------------------------------------------------- */

/* It was read to its end. */
static bool
whole_is_cut(const struct pacs_dataset *ds)
{
	const struct pacs_item *root = &ds->root;
	const struct pacs_element *e = pacs_item_find(root, PACS_TAG_PixelData);

	if (e && pacs_element_is_encapsulated(e))
		return ds->unclosed &&
		       pacs_element_fragment_count(e) < frames_of(root) + 1;
	if (e)
		return pacs_element_length(e) < pacs_pixels_expected(root);
	if (ds->unclosed)
		return true;
	return !pacs_item_find(root, PACS_TAG_FloatPixelData) &&
	       !pacs_item_find(root, PACS_TAG_DoubleFloatPixelData) &&
	       lacks_pixels(root);
}

bool
pacs_dataset_is_cut(struct pacs_dataset *ds, const struct pacs_object_bytes *b)
{
	struct tail t;

	if (ds->damage[0])
		return ds->cut;
	if (!ds->info.stopped)
		return whole_is_cut(ds);
	if (ds->deflated)
		return false;
	t.b = b;
	t.root = &ds->root;
	t.from = t.have = 0;
	t.big = ds->big_endian;
	t.is_explicit = ds->form == PACS_EXPLICIT;
	t.at = ds->root.offset + ds->root.length;
	return pixels_are_cut(&t);
}
