#include "peer/tail.h"

#include <string.h>

#include "base/file.h"
#include "peer/peer.h"

enum { MAX_ELEMENTS = 8 << 20 };

struct walker {
	int fd;
	uint64_t at, size;
	bool big, implicit;
	unsigned left; /* elements and fragments, against silly files */
};

static enum pacs_err
cut(struct pacs_error *err)
{
	return pacs_error_set(err, PACS_EFORMAT, "the data set is cut");
}

static uint32_t
number(const struct walker *w, const uint8_t *p, unsigned n)
{
	uint32_t v = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		v = v << 8 | p[w->big ? i : n - 1 - i];
	return v;
}

static enum pacs_err
get(struct pacs_error *err, struct walker *w, uint8_t *buf, size_t n)
{
	size_t got;

	if (w->size - w->at < n)
		return cut(err);
	if (pacs_file_pread(err, w->fd, buf, n, w->at, &got))
		return err->code;
	w->at += n;
	return got == n ? PACS_OK : cut(err);
}

static enum pacs_err
pass(struct pacs_error *err, struct walker *w, uint32_t len)
{
	if (len == PACS_LENGTH_UNDEFINED || w->size - w->at < len)
		return cut(err);
	w->at += len;
	return PACS_OK;
}

/* Fragments up to the sequence delimitation item (PS3.5 A.4). */
static enum pacs_err
pass_fragments(struct pacs_error *err, struct walker *w)
{
	uint8_t h[8] = {0};
	uint32_t tag;

	for (; w->left; w->left--) {
		if (get(err, w, h, sizeof(h)))
			return err->code;
		tag = number(w, h, 2) << 16 | number(w, h + 2, 2);
		if (tag == 0xfffee0ddu)
			return PACS_OK;
		if (tag != 0xfffee000u)
			return cut(err);
		if (pass(err, w, number(w, h + 4, 4)))
			return err->code;
	}
	return pacs_error_set(err, PACS_ELIMIT, "too many fragments");
}

/* One element at the top. */
static enum pacs_err
pass_element(struct pacs_error *err, struct walker *w, uint32_t *ret_tag)
{
	uint8_t h[12] = {0};
	uint32_t len;

	if (get(err, w, h, 8))
		return err->code;
	*ret_tag = number(w, h, 2) << 16 | number(w, h + 2, 2);
	if (w->implicit) {
		len = number(w, h + 4, 4);
	} else if (pacs_vr_has_long_length(PACS_VR(h[4], h[5]))) {
		if (get(err, w, h + 8, 4))
			return err->code;
		len = number(w, h + 8, 4);
	} else if (pacs_vr_is_known(PACS_VR(h[4], h[5]))) {
		len = number(w, h + 6, 2);
	} else {
		return cut(err);
	}
	return len == PACS_LENGTH_UNDEFINED ? pass_fragments(err, w)
					    : pass(err, w, len);
}

/* What a file may be filled up with. */
static bool
only_zeros(struct walker *w)
{
	struct pacs_error err = PACS_ERROR_INIT;
	uint8_t buf[4096];
	size_t n, i;

	if (pacs_file_pread(&err, w->fd, buf, sizeof(buf), w->at, &n))
		return false;
	for (i = 0; i < n; i++)
		if (buf[i])
			return false;
	return true;
}

static uint64_t
end_of_header(const struct pacs_dataset *ds)
{
	const struct pacs_element *e, *last = NULL;

	for (e = pacs_item_first(
		 pacs_dataset_root((struct pacs_dataset *)(uintptr_t)ds));
	     e; e = pacs_element_next(e))
		last = e;
	if (!last)
		return pacs_dataset_info(ds)->dataset_offset;
	return pacs_element_offset(last) + pacs_element_length(last);
}

/* The first element behind a position that has the tag of pixel data: sequences
 * of undefined length end with a delimiter that the header does not count. */
static enum pacs_err
find_pixels(struct pacs_error *err, struct walker *w)
{
	static const uint8_t delimiter[] = {0xfe, 0xff, 0xdd, 0xe0};
	uint8_t h[4];

	if (get(err, w, h, sizeof(h)))
		return err->code;
	w->at -= sizeof(h);
	if (!w->big && !memcmp(h, delimiter, sizeof(h)))
		w->at += 8;
	else if (w->big && number(w, h, 2) == 0xfffe)
		w->at += 8;
	return PACS_OK;
}

enum pacs_err
pacs_tail_find(struct pacs_error *err, int fd, uint64_t size,
	       const struct pacs_dataset *ds, uint64_t *ret_end)
{
	const struct pacs_dataset_info *info = pacs_dataset_info(ds);
	const struct pacs_syntax *s = pacs_syntax_find(info->transfer_syntax);
	struct walker w = {
	    .fd = fd,
	    .at = end_of_header(ds),
	    .size = size,
	    .big = s && s->big_endian,
	    .implicit = s && s->form == PACS_IMPLICIT,
	    .left = MAX_ELEMENTS,
	};
	uint32_t tag = 0, before = 0;

	*ret_end = size;
	/* Its end is where its stream ends: inflating it says no more. */
	if (s && s->deflated)
		return PACS_OK;
	if (find_pixels(err, &w))
		return err->code;
	while (w.at < w.size) {
		uint64_t begin = w.at;

		if (before && only_zeros(&w)) {
			*ret_end = begin;
			return PACS_OK;
		}
		if (pass_element(err, &w, &tag))
			return err->code;
		if (tag <= before || (!before && tag < PACS_TAG_PixelData))
			return cut(err);
		before = tag;
		w.left--;
	}
	return PACS_OK;
}
