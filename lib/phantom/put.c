/*
 * Putting values with one error for all: what is wrong is wrong for the whole
 * object, so the first failure ends the putting and is looked at once.
 */
#include <stdarg.h>
#include <stdio.h>

#include "phantom/internal.h"

void
pacs_ph_text(struct pacs_ph_put *p, uint32_t tag, const char *text)
{
	char name[12];

	if (p->err->code)
		return;
	if (pacs_item_put_text(p->err, p->item, tag, text))
		pacs_error_wrap(p->err, "%s", pacs_tag_format(tag, name));
}

void
pacs_ph_textf(struct pacs_ph_put *p, uint32_t tag, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	/* clang-tidy 14 forgets va_start in all but the first of its files.
	 * NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pacs_ph_text(p, tag, text);
}

void
pacs_ph_u16(struct pacs_ph_put *p, uint32_t tag, unsigned value)
{
	pacs_item_put_u16(p->item, tag, (uint16_t)value);
}

void
pacs_ph_u32(struct pacs_ph_put *p, uint32_t tag, uint32_t value)
{
	pacs_item_put_u32(p->item, tag, value);
}

void
pacs_ph_at(struct pacs_ph_put *p, uint32_t tag, uint32_t value)
{
	const uint8_t bytes[4] = {(uint8_t)(value >> 16),
				  (uint8_t)(value >> 24), (uint8_t)value,
				  (uint8_t)(value >> 8)};

	pacs_item_put_bytes(p->item, tag, PACS_VR('A', 'T'), bytes, 4);
}

struct pacs_ph_put
pacs_ph_item(struct pacs_ph_put *p, uint32_t seq_tag)
{
	return (struct pacs_ph_put){p->err,
				    pacs_item_add_item(p->item, seq_tag)};
}

void
pacs_ph_code(struct pacs_ph_put *p, uint32_t seq_tag, const char *value,
	     const char *scheme, const char *meaning)
{
	struct pacs_ph_put item = pacs_ph_item(p, seq_tag);

	pacs_ph_text(&item, PACS_TAG_CodeValue, value);
	pacs_ph_text(&item, PACS_TAG_CodingSchemeDesignator, scheme);
	pacs_ph_text(&item, PACS_TAG_CodeMeaning, meaning);
}

void
pacs_ph_reference(struct pacs_ph_put *p, const char *sop_class,
		  const char *sop_uid)
{
	pacs_ph_text(p, PACS_TAG_ReferencedSOPClassUID, sop_class);
	pacs_ph_text(p, PACS_TAG_ReferencedSOPInstanceUID, sop_uid);
}
