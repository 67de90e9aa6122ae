/*
 * Does a value look like what it is said to be? Where nothing but its VR lets
 * an element stay, or its VR decides what becomes of it, one that does not is
 * no number, code or date: it may be a name.
 */
#include <stdlib.h>
#include <string.h>

#include "deid/internal.h"

/* What a value may be written with, and bytes of one of several values. */
static const struct form {
	uint16_t vr;
	const char *letters;
	size_t max;
} forms[] = {
    {PACS_VR('D', 'S'), "0123456789+-.eE ", 32},
    {PACS_VR('I', 'S'), "0123456789+- ", 32},
    {PACS_VR('A', 'S'), "0123456789DWMY ", 32},
    {PACS_VR('C', 'S'),
     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _-./", 32},
    {PACS_VR('D', 'A'), "0123456789. ", 10},
    {PACS_VR('D', 'T'), "0123456789.+- ", 26},
    {PACS_VR('T', 'M'), "0123456789.: ", 18},
    {PACS_VR('U', 'I'), "0123456789. ", 64},
};

static bool
has_form(const struct form *f, const char *s, size_t len)
{
	size_t i, run = 0;

	while (len && s[len - 1] == '\0')
		len--;
	for (i = 0; i < len; i++) {
		if (s[i] == '\\') {
			run = 0;
			continue;
		}
		if (!s[i] || !strchr(f->letters, s[i]) || ++run > f->max)
			return false;
	}
	return true;
}

/* No control characters, but for escape sequences and ends of lines. */
static bool
is_text(const char *s, size_t len)
{
	size_t i;

	while (len && s[len - 1] == '\0')
		len--;
	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' && !strchr("\033\t\r\n\f", s[i]))
			return false;
	return !memchr(s, '\0', len);
}

/* A sequence that is said to be something else begins with an item. */
static bool
hides_items(const struct pacs_element *e, const char *s, size_t len)
{
	uint32_t tag = pacs_element_tag(e);

	return tag != PACS_TAG_PixelData && tag != PACS_TAG_WaveformData &&
	       len >= 8 &&
	       (!memcmp(s, "\xfe\xff\0\xe0", 4) ||
		!memcmp(s, "\xff\xfe\xe0\0", 4));
}

static size_t
number_size(uint16_t vr)
{
	switch (vr) {
	case PACS_VR('U', 'S'):
	case PACS_VR('S', 'S'):
		return 2;
	case PACS_VR('U', 'L'):
	case PACS_VR('S', 'L'):
	case PACS_VR('F', 'L'):
	case PACS_VR('A', 'T'):
		return 4;
	case PACS_VR('F', 'D'):
	case PACS_VR('S', 'V'):
	case PACS_VR('U', 'V'):
		return 8;
	default:
		return 0;
	}
}

/* Not more numbers than the dictionary allows, if it says how many. */
static bool
has_multiplicity(const struct pacs_element *e, size_t size, size_t len)
{
	const struct pacs_dict_entry *entry;
	const char *upper;

	if (len <= 8)
		return true;
	entry = pacs_dict_find_tag(pacs_element_tag(e));
	if (!entry || strchr(entry->vm, 'n'))
		return true;
	upper = strchr(entry->vm, '-');
	return len <= size * strtoul(upper ? upper + 1 : entry->vm, NULL, 10);
}

static bool
is_bulk(uint16_t vr)
{
	return vr >> 8 == 'O' || vr == VR("UN");
}

bool
form_fits(const struct pacs_element *e, uint16_t vr)
{
	bool stated_text = pacs_vr_is_string(pacs_element_vr(e));
	size_t len, i, size = number_size(vr);
	const char *s;

	if (pacs_element_is_sequence(e))
		return vr == VR("SQ");
	if (pacs_element_is_encapsulated(e))
		return pacs_element_tag(e) == PACS_TAG_PixelData;
	if (!pacs_element_length(e))
		return true;
	s = pacs_element_value(e, &len);
	if (!s || vr == VR("SQ") || hides_items(e, s, len))
		return false;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].vr == vr)
			return has_form(&forms[i], s, len);
	if (size)
		return !stated_text && len % size == 0 &&
		       has_multiplicity(e, size, len);
	return is_bulk(vr) ? !stated_text : is_text(s, len);
}
