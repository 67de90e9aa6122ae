/*
 * What may be copied from the source as it stands: what was not changed, is
 * there to its end, and can be read in one way only, whatever follows it.
 */
#include "dicom/encode.h"

static bool
is_complete(const struct pacs_element *e)
{
	return !(e->flags & E_UNDEFINED) || (e->flags & E_DELIMITED);
}

bool
pacs_header_is_regular(const struct pacs_element *e, const uint8_t *bytes)
{
	if (!pacs_vr_is_known(e->raw_vr))
		return false;
	if (!pacs_vr_has_long_length(e->raw_vr))
		return e->header == 8;
	return e->header == 12 && !bytes[e->offset - 6] &&
	       !bytes[e->offset - 5];
}

/* Headers that the reader understood only by what follows them are written
 * properly once something else may follow. */
static bool
is_regular(const struct pacs_element *e)
{
	if (!e->raw_vr)
		return e->item->ds->form == PACS_IMPLICIT;
	return e->item->ds->form == PACS_EXPLICIT &&
	       pacs_header_is_regular(e, e->item->ds->body);
}

static bool item_is_regular(const struct pacs_item *item);

/* With all that is in it: its end may be followed by something else, too. */
static bool
is_regular_within(const struct pacs_element *e)
{
	size_t i;

	if (!is_regular(e))
		return false;
	if (e->raw_vr == VR("UN")) /* implicit within: in no doubt */
		return true;
	for (i = 0; i < pacs_element_item_count(e); i++)
		if (!item_is_regular(pacs_element_item(e, i)))
			return false;
	return true;
}

static bool
item_is_regular(const struct pacs_item *item)
{
	const struct pacs_element *e;

	for (e = item->first; e; e = e->next)
		if (!is_regular_within(e))
			return false;
	return true;
}

bool
pacs_encode_is_copied(const struct pacs_element *e, bool same)
{
	return same && (e->flags & E_SOURCE) && !(e->flags & E_CHANGED) &&
	       is_complete(e) && is_regular_within(e);
}

bool
pacs_encode_item_is_copied(const struct pacs_item *item, bool same)
{
	return same && (item->flags & I_SOURCE) && !(item->flags & I_CHANGED) &&
	       (!(item->flags & I_UNDEFINED) || (item->flags & I_DELIMITED)) &&
	       item_is_regular(item);
}

bool
pacs_encode_inner_same(const struct pacs_element *e, bool same)
{
	return same && (e->flags & E_SOURCE) &&
	       (e->raw_vr == VR("SQ") || e->raw_vr == 0);
}
