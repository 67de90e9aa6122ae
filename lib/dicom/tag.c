#include "dicom/tag.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/dict.h"

static const struct pacs_dict_entry *
find_repeating(uint32_t tag)
{
	unsigned i;

	for (i = pacs_dict_exact_count; i < pacs_dict_count; i++) {
		const struct pacs_dict_entry *e = &pacs_dict_entries[i];

		if ((tag & e->mask) == e->tag)
			return e;
	}
	return NULL;
}

/* Groups in which the dictionary has "x" in tags; saves the scan elsewhere. */
static bool
may_repeat(uint32_t tag)
{
	unsigned group = PACS_TAG_GROUP(tag);

	if (group & 1)
		return false;
	return (group >= 0x5000 && group <= 0x50ff) ||
	       (group >= 0x6000 && group <= 0x60ff) ||
	       (group >= 0x7f00 && group <= 0x7fff) || group == 0x0020 ||
	       group == 0x0028 || group == 0x1000 || group == 0x1010;
}

const struct pacs_dict_entry *
pacs_dict_find_tag(uint32_t tag)
{
	uint32_t i = PACS_DICT_SLOT(tag);

	for (; pacs_dict_slots[i].tag; i = (i + 1) % PACS_DICT_SLOTS) {
		if (pacs_dict_slots[i].tag == tag)
			return &pacs_dict_entries[pacs_dict_slots[i].index];
	}
	return may_repeat(tag) ? find_repeating(tag) : NULL;
}

uint16_t
pacs_dict_vr(uint32_t tag)
{
	uint32_t i = PACS_DICT_SLOT(tag);
	const struct pacs_dict_entry *e;

	for (; pacs_dict_slots[i].tag; i = (i + 1) % PACS_DICT_SLOTS) {
		if (pacs_dict_slots[i].tag == tag)
			return pacs_dict_slots[i].vr;
	}
	if (PACS_TAG_ELEMENT(tag) == 0)
		return PACS_VR('U', 'L');
	if (PACS_TAG_IS_PRIVATE(tag))
		return PACS_TAG_ELEMENT(tag) >= 0x10 &&
			       PACS_TAG_ELEMENT(tag) <= 0xff
			   ? PACS_VR('L', 'O')
			   : 0;
	e = may_repeat(tag) ? find_repeating(tag) : NULL;
	return e ? e->vr : 0;
}

static int
compare_keyword(const void *key, const void *index)
{
	const struct pacs_dict_entry *e =
	    &pacs_dict_entries[*(const uint16_t *)index];

	return strcmp(key, e->keyword);
}

const struct pacs_dict_entry *
pacs_dict_find_keyword(const char *keyword)
{
	const uint16_t *index =
	    bsearch(keyword, pacs_dict_by_keyword, pacs_dict_keyword_count,
		    sizeof(uint16_t), compare_keyword);

	return index ? &pacs_dict_entries[*index] : NULL;
}

#define SUGGEST_MAX  3u
#define SUGGEST_LONG 100u

/*
 * Levenshtein distance, case ignored; SUGGEST_MAX + 1 for "more than that".
 * Only cells so near to the diagonal are computed: a way through another one is
 * longer, and what a cell beside them holds is at least SUGGEST_MAX.
 */
static unsigned
edit_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned char row[SUGGEST_LONG + 1];
	size_t i, j;

	for (j = 0; j <= blen; j++)
		row[j] = (unsigned char)j;
	for (i = 1; i <= alen; i++) {
		size_t first = i > SUGGEST_MAX ? i - SUGGEST_MAX : 1;
		int letter = tolower((unsigned char)a[i - 1]);
		unsigned diagonal = row[first - 1], least;

		if (first == 1)
			row[0] = (unsigned char)i;
		least = row[first - 1];
		for (j = first; j <= blen && j <= i + SUGGEST_MAX; j++) {
			unsigned best = diagonal;

			diagonal = row[j];
			best += tolower((unsigned char)b[j - 1]) != letter;
			if (row[j] + 1u < best)
				best = row[j] + 1u;
			if (row[j - 1] + 1u < best)
				best = row[j - 1] + 1u;
			row[j] = (unsigned char)best;
			if (best < least)
				least = best;
		}
		if (least > SUGGEST_MAX)
			return SUGGEST_MAX + 1;
	}
	return row[blen];
}

const char *
pacs_dict_suggest(const char *keyword)
{
	size_t len = strlen(keyword);
	unsigned best = SUGGEST_MAX + 1, i;
	const char *found = NULL;

	if (len == 0 || len > SUGGEST_LONG - SUGGEST_MAX)
		return NULL;
	for (i = 0; i < pacs_dict_keyword_count; i++) {
		const char *k =
		    pacs_dict_entries[pacs_dict_by_keyword[i]].keyword;
		size_t klen = strlen(k);
		unsigned d;

		if (klen > len + SUGGEST_MAX || len > klen + SUGGEST_MAX)
			continue;
		d = edit_distance(keyword, len, k, klen);
		if (d < best && d < len) {
			best = d;
			found = k;
		}
	}
	return found;
}

/* Exactly four hex digits. */
static bool
parse_hex4(const char *s, uint32_t *ret)
{
	uint32_t n = 0;
	int i;

	for (i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)s[i];

		if (!isxdigit(c))
			return false;
		n = n << 4 |
		    (uint32_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	*ret = n;
	return true;
}

bool
pacs_tag_parse(const char *s, uint32_t *ret_tag)
{
	const struct pacs_dict_entry *e;
	const char *p = s;
	uint32_t group, element;
	bool paren = *p == '(';

	p += paren;
	if (parse_hex4(p, &group)) {
		p += 4;
		if (*p == ',')
			p++;
		if (parse_hex4(p, &element) &&
		    (paren ? strcmp(p + 4, ")") == 0 : p[4] == '\0')) {
			*ret_tag = PACS_TAG(group, element);
			return true;
		}
	}
	e = pacs_dict_find_keyword(s);
	if (!e)
		return false;
	*ret_tag = e->tag;
	return true;
}

char *
pacs_tag_format(uint32_t tag, char *buf)
{
	static const char digits[] = "0123456789ABCDEF";
	static const int shift[] = {28, 24, 20, 16, -1, 12, 8, 4, 0};
	char *p = buf;
	size_t i;

	*p++ = '(';
	for (i = 0; i < sizeof(shift) / sizeof(shift[0]); i++) {
		if (shift[i] < 0)
			*p++ = ',';
		else
			*p++ = digits[tag >> shift[i] & 15];
	}
	*p++ = ')';
	*p = '\0';
	return buf;
}
