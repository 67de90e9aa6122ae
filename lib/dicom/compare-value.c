/* Comparing the values of two elements, whatever their encoding. */
#include <string.h>

#include "dicom/compare.h"
#include "dicom/text.h"

static bool
is_pad(uint8_t c)
{
	return c == '\0' || c == ' ';
}

bool
pacs_compare_padded(const uint8_t *a, uint64_t na, const uint8_t *b,
		    uint64_t nb)
{
	uint64_t common = na < nb ? na : nb;

	if (common && memcmp(a, b, (size_t)common) != 0)
		return false;
	if (na == nb)
		return true;
	if (common % 2 == 0 || na + nb != 2 * common + 1)
		return false;
	return is_pad(na > nb ? a[common] : b[common]);
}

/* Byte i of a value in little endian words. */
static uint8_t
le_byte(const struct pacs_element *e, unsigned word, uint64_t i)
{
	uint64_t start = i - i % word;

	if (e->length - start < word) /* half a word at the end */
		return e->value[i];
	return e->value[start + word - 1 - i % word];
}

/* The words of big against those of little. */
static bool
same_turned(const struct pacs_element *big, unsigned word,
	    const struct pacs_element *little)
{
	uint64_t common =
	    big->length < little->length ? big->length : little->length;
	uint64_t longer = big->length + little->length - common, i;

	for (i = 0; i < common; i++) {
		if (le_byte(big, word, i) != little->value[i])
			return false;
	}
	if (longer == common)
		return true;
	if (common % 2 == 0 || longer != common + 1)
		return false;
	return is_pad(big->length > common ? le_byte(big, word, common)
					   : little->value[common]);
}

static unsigned
word_of(const struct pacs_element *e)
{
	return pacs_element_is_big(e) ? pacs_vr_word(pacs_element_vr(e)) : 1;
}

static bool
same_bytes(const struct pacs_element *a, const struct pacs_element *b)
{
	unsigned wa = word_of(a), wb = word_of(b);

	if (wa == wb)
		return pacs_compare_padded(a->value, a->length, b->value,
					   b->length);
	if (wa > 1 && wb == 1)
		return same_turned(a, wa, b);
	if (wb > 1 && wa == 1)
		return same_turned(b, wb, a);
	return false;
}

static uint64_t
trimmed_length(const struct pacs_element *e)
{
	uint64_t n = e->length;

	while (n && is_pad(e->value[n - 1]))
		n--;
	return n;
}

static bool
same_charset(const struct pacs_item *ia, const struct pacs_item *ib)
{
	char a[PACS_CHARSET_MAX], b[PACS_CHARSET_MAX];
	const char *ca = pacs_item_charset(ia, a, sizeof(a));
	const char *cb = pacs_item_charset(ib, b, sizeof(b));

	return ca && cb ? strcmp(ca, cb) == 0 : ca == cb;
}

static bool
same_text(const struct pacs_item *ia, const struct pacs_element *ea,
	  const struct pacs_item *ib, const struct pacs_element *eb)
{
	uint64_t na = trimmed_length(ea), nb = trimmed_length(eb);
	struct pacs_buf a = {0}, b = {0};
	bool clean_a, clean_b, same;
	bool text = pacs_vr_is_text(pacs_element_vr(ea)) ||
		    pacs_vr_is_text(pacs_element_vr(eb));

	if (na == nb && (!na || memcmp(ea->value, eb->value, na) == 0) &&
	    (!text || same_charset(ia, ib)))
		return true;
	pacs_element_text(ia, ea, &a, &clean_a);
	pacs_element_text(ib, eb, &b, &clean_b);
	/* What could not be read must not pass for equal. */
	same = clean_a && clean_b && a.len == b.len &&
	       (!a.len || memcmp(a.data, b.data, a.len) == 0);
	pacs_buf_clear(&a);
	pacs_buf_clear(&b);
	return same;
}

static bool
same_fragments(const struct pacs_element *a, const struct pacs_element *b)
{
	size_t i, n = pacs_element_fragment_count(a);

	if (n != pacs_element_fragment_count(b))
		return false;
	for (i = 1; i < n; i++) { /* number 0, the offset table, is encoding */
		const struct pacs_fragment *fa = &a->in.fragments->list[i];
		const struct pacs_fragment *fb = &b->in.fragments->list[i];

		if (!pacs_compare_padded(fa->bytes, fa->length, fb->bytes,
					 fb->length))
			return false;
	}
	return true;
}

/* Is the VR one that says little: not written, or UN? */
static bool
is_vague(const struct pacs_element *e)
{
	return e->raw_vr == 0 || e->raw_vr == VR("UN") ||
	       pacs_element_vr(e) == VR("UN") || !pacs_vr_is_known(e->raw_vr);
}

static bool
is_ob_or_ow(uint16_t vr)
{
	return vr == VR("OB") || vr == VR("OW");
}

const char *
pacs_compare_values(const struct pacs_item *ia, const struct pacs_element *ea,
		    const struct pacs_item *ib, const struct pacs_element *eb)
{
	uint16_t va = pacs_element_vr(ea), vb = pacs_element_vr(eb);

	if ((ea->flags ^ eb->flags) & E_FRAGMENTS)
		return "encapsulated against native";
	if (ea->flags & E_FRAGMENTS)
		return same_fragments(ea, eb) ? NULL : "fragments";
	if (!ea->length && !eb->length)
		return NULL;
	if (va != vb && !is_vague(ea) && !is_vague(eb) &&
	    !(is_ob_or_ow(va) && is_ob_or_ow(vb)))
		return "VR";
	if (pacs_vr_is_string(va) && pacs_vr_is_string(vb))
		return same_text(ia, ea, ib, eb) ? NULL : "value";
	return same_bytes(ea, eb) ? NULL : "value";
}
