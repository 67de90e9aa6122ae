/*
 * The patient's own name and numbers, where nobody would write them: in a label
 * or a code that the profile keeps. Not each word of a name by itself: "Head",
 * "Philips" and "Young" are names too, and what goes from one patient's images
 * alone would tell so. Two words of a name, or a whole number of the patient,
 * do not stand in a value by chance.
 */
#include <stdlib.h>
#include <string.h>

#include "deid/internal.h"
#include "query/fold.h"

enum { WORD_MIN = 3, WIDE_MIN = 6, NUMBER_MIN = 5 };

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (unsigned char)c > 0x7f;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const struct {
	uint32_t tag;
	bool is_number;
} sources[] = {
    {PACS_TAG_PatientID, true},         {PACS_TAG_AccessionNumber, true},
    {PACS_TAG_OtherPatientIDs, true},   {PACS_TAG_PatientName, false},
    {PACS_TAG_PatientBirthName, false}, {PACS_TAG_OtherPatientNames, false}};
#define SOURCES (sizeof(sources) / sizeof(sources[0]))

/* --- what the patient is called --------------------------------------------
 */

static void
add(struct own *o, const char *s, size_t n, bool is_number)
{
	unsigned i;

	for (i = 0; i < o->count; i++)
		if (strlen(o->list[i].text) == n &&
		    !memcmp(o->list[i].text, s, n))
			return;
	if (o->count == OWN_MAX)
		return;
	o->list[o->count].text = pacs_strndup(s, n);
	o->list[o->count++].is_number = is_number;
}

/* Letters that stand together. Those of other scripts than Latin, Greek and so
 * on are two bytes or more, and names of them short. */
static void
add_names(struct own *o, const char *s, size_t len)
{
	size_t at = 0, n;

	for (; at < len; at += n + 1) {
		for (n = 0; at + n < len && is_letter(s[at + n]);)
			n++;
		if (n >= ((unsigned char)s[at] > 0x7f ? WIDE_MIN : WORD_MIN))
			add(o, s + at, n, false);
	}
}

static void
add_numbers(struct own *o, const char *s, size_t len)
{
	size_t at = 0, n;

	for (; at < len; at += n + 1) {
		bool digit = false;

		for (n = 0; at + n < len && s[at + n] != '\\'; n++)
			digit = digit || is_digit(s[at + n]);
		if (n >= NUMBER_MIN && digit)
			add(o, s + at, n, true);
	}
}

void
own_begin(struct own *o, const struct pacs_item *root)
{
	struct pacs_buf text = {0};
	size_t i;

	for (i = 0; i < SOURCES; i++) {
		pacs_buf_reset(&text);
		pacs_buf_reset(&o->value);
		pacs_item_text(root, sources[i].tag, &text);
		pacs_fold(pacs_buf_str(&text), text.len, &o->value);
		(sources[i].is_number ? add_numbers : add_names)(
		    o, pacs_buf_str(&o->value), o->value.len);
	}
	pacs_buf_clear(&text);
}

void
own_clear(struct own *o)
{
	while (o->count)
		free(o->list[--o->count].text);
	pacs_buf_clear(&o->value);
}

/* --- is it there? -----------------------------------------------------------
 */

/* The value, folded; most are plain and need no tables of characters. */
static void
fold(struct own *o, const struct pacs_element *e)
{
	struct pacs_buf text = {0};
	size_t len, i;
	const char *s = pacs_element_value(e, &len);

	pacs_buf_reset(&o->value);
	for (i = 0; s && i < len && s[i] >= ' ' && s[i] <= '~'; i++)
		pacs_buf_addc(&o->value, (char)(s[i] >= 'A' && s[i] <= 'Z'
						    ? s[i] + ('a' - 'A')
						    : s[i]));
	if (!s || i == len)
		return;
	pacs_buf_reset(&o->value);
	pacs_element_text(pacs_element_owner(e), e, &text, NULL);
	pacs_fold(pacs_buf_str(&text), text.len, &o->value);
	pacs_buf_clear(&text);
}

/* Not as a part of a longer word. Scripts without spaces have no longer ones.
 */
static bool
stands_in(const char *value, const struct own_word *w)
{
	size_t n = strlen(w->text);
	bool wide = (unsigned char)w->text[0] > 0x7f;
	const char *at = strstr(value, w->text);

	for (; at; at = strstr(at + 1, w->text)) {
		char before = at == value ? ' ' : at[-1], after = at[n];

		if (wide ||
		    !(is_letter(before) || is_letter(after) ||
		      (w->is_number && (is_digit(before) || is_digit(after)))))
			return true;
	}
	return false;
}

/* Some patient has the number of a code: who would miss the code would know the
 * patient. */
static bool
is_code(uint32_t tag)
{
	switch (tag) {
	case PACS_TAG_CodeValue:
	case PACS_TAG_LongCodeValue:
	case PACS_TAG_URNCodeValue:
	case PACS_TAG_CodingSchemeDesignator:
	case PACS_TAG_CodingSchemeVersion:
		return true;
	default:
		return false;
	}
}

/* Dates, UIDs and numbers have rules of their own; what a rule of the project
 * lets the patient be called is meant to stay. */
static bool
is_looked_into(const struct pacs_element *e)
{
	uint16_t vr = pacs_element_vr(e);
	size_t i;

	for (i = 0; i < SOURCES; i++)
		if (sources[i].tag == pacs_element_tag(e))
			return false;
	if (is_code(pacs_element_tag(e)))
		return false;
	return (pacs_vr_is_text(vr) || vr == VR("CS") || vr == VR("UR")) &&
	       !pacs_element_is_sequence(e) && pacs_element_length(e);
}

bool
own_is_in(struct own *o, const struct pacs_element *e)
{
	unsigned i, names = 0;

	if (!o->count || !is_looked_into(e))
		return false;
	fold(o, e);
	for (i = 0; i < o->count && names < 2; i++)
		if (stands_in(pacs_buf_str(&o->value), &o->list[i]))
			names += o->list[i].is_number ? 2 : 1;
	return names >= 2;
}
