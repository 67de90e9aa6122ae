/*
 * Guessing: is it DICOM at all, and in which form is a data set that does not
 * say, or lies?
 */
#include <string.h>

#include "dicom/internal.h"

#define ENOUGH 5 /* plausible elements in a row */

struct walk {
	const uint8_t *p;
	size_t n;      /* bytes at hand */
	uint64_t size; /* of the whole data set */
	struct pacs_form form;
	bool stated; /* somebody said so: any tags will do, in any order */
	uint32_t last_tag;
};

/* Can an element with that tag stand here? Groups over 7FFF and even ones that
 * the standard keeps free do not occur; noise has them half of the time. */
static bool
is_tag_plausible(const struct walk *w, uint32_t tag)
{
	unsigned group = PACS_TAG_GROUP(tag);

	if (w->stated)
		return true;
	if (w->last_tag && tag <= w->last_tag)
		return false;
	if (!w->last_tag && group > 0x0050)
		return false;
	if (group > 0x7fff || group == 1 || group == 3 || group == 5 ||
	    group == 7)
		return false;
	return true;
}

/*
 * Length of header and value at w->p + at, or 0 if this is no header. Implicit
 * ones must be known to the dictionary, explicit ones must have a known VR.
 */
static uint64_t
element_size(struct walk *w, size_t at, bool *ret_open)
{
	const uint8_t *p = w->p + at;
	bool big = w->form.big_endian;
	uint32_t tag = PACS_TAG(pacs_get16(p, big), pacs_get16(p + 2, big));
	uint16_t vr = PACS_VR(p[4], p[5]), dict = pacs_dict_vr(tag);
	uint32_t length = pacs_get32(p + 4, big);
	unsigned header = 8;

	if (!is_tag_plausible(w, tag))
		return 0;
	w->last_tag = tag;
	if (w->form.form == PACS_EXPLICIT) {
		if (!pacs_vr_is_known(vr))
			return 0;
		length = pacs_get16(p + 6, big);
		if (pacs_vr_has_long_length(vr)) {
			header = 12;
			if (w->n - at < 12 || length)
				return 0;
			length = pacs_get32(p + 8, big);
		}
	} else if (dict ? vr == dict : !PACS_TAG_IS_PRIVATE(tag)) {
		return 0; /* explicit in truth, or unknown */
	}
	*ret_open = length == PACS_LENGTH_UNDEFINED;
	if (*ret_open)
		return header;
	if (PACS_TAG_ELEMENT(tag) == 0 && length != 4)
		return 0; /* zeros are no group length */
	if (length > w->size - at || header > w->size - at - length)
		return 0;
	return (uint64_t)header + length;
}

/* Plausible elements in a row, ENOUGH at most and if the data set ends well. */
static int
count_plausible(struct walk *w)
{
	uint64_t at = 0;
	int count;

	for (count = 0; count < ENOUGH; count++) {
		bool open = false;
		uint64_t size;

		if (at == w->size && count)
			return ENOUGH;
		if (at >= w->n || w->n - at < 8)
			return count;
		size = element_size(w, (size_t)at, &open);
		if (!size)
			return at ? count - 1 : 0;
		if (open)
			return count + 2;
		at += size;
		if (at > w->n)
			return count + 1;
	}
	return count;
}

static int
score(const uint8_t *p, size_t n, uint64_t size, struct pacs_form form,
      bool stated)
{
	struct walk w = {p, n, size, form, stated, 0};

	return count_plausible(&w);
}

bool
pacs_guess_form(const uint8_t *p, size_t n, uint64_t size,
		const struct pacs_form *stated, struct pacs_form *ret)
{
	static const struct pacs_form forms[] = {{PACS_EXPLICIT, false},
						 {PACS_IMPLICIT, false},
						 {PACS_EXPLICIT, true}};
	int best = 0, said = 0;
	size_t i;

	ret->form = PACS_EXPLICIT;
	ret->big_endian = false;
	if (stated) {
		*ret = *stated;
		best = said = score(p, n, size, *stated, true);
		if (said >= 2)
			return true;
	}
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		int got = score(p, n, size, forms[i], false);

		/* What was stated yields only to something clearly better; but
		 * when not one element can be read so, to any other form. */
		if (got > best && (!stated || !said || got >= 3)) {
			best = got;
			*ret = forms[i];
		}
	}
	return best >= 2;
}

bool
pacs_dicom_looks_like(const void *bytes, size_t size)
{
	const uint8_t *p = bytes;
	struct pacs_form form;

	if (size >= 132 && memcmp(p + 128, "DICM", 4) == 0)
		return true;
	if (size >= 4 && memcmp(p, "DICM", 4) == 0)
		return true;
	return pacs_guess_form(p, size, UINT64_MAX, NULL, &form);
}
