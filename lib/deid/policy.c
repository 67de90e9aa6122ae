/*
 * From the table and the chosen options to what is done with a tag.
 *
 * X, Z and D that depend on an IOD are chosen so that no IOD is broken: D for
 * X/Z/D, X/D and Z/D, Z for X/Z, item by item U for X/Z/U*.
 */
#include <string.h>

#include "deid/internal.h"
#include "dicom/text.h"

static enum act
basic_act(enum pacs_deid_code code)
{
	switch (code) {
	case PACS_CODE_X:
		return ACT_REMOVE;
	case PACS_CODE_Z:
	case PACS_CODE_X_Z:
		return ACT_EMPTY;
	case PACS_CODE_U:
		return ACT_UID;
	case PACS_CODE_K:
	case PACS_CODE_X_Z_U:
		return ACT_KEEP;
	default:
		return ACT_DUMMY;
	}
}

static enum act
special_act(uint32_t tag)
{
	switch (tag) {
	case PACS_TAG_PatientID:
	case PACS_TAG_PatientName:
		return ACT_PSEUDONYM;
	case PACS_TAG_AccessionNumber:
		return ACT_ACCESSION;
	case PACS_TAG_ReferencedStudySequence:
		return ACT_DUMMY; /* an empty one breaks General Study */
	case PACS_TAG_AnnotationGroupUID:
		return ACT_UID; /* D: another UID is its dummy */
	default:
		return ACT_NONE;
	}
}

static enum act
row_basic(const struct pacs_deid_row *row)
{
	enum act special = special_act(row->tag);

	return special ? special : basic_act(row->basic);
}

/* A date that a device keeps is a date first: the options for dates rule it. */
static enum act
row_act(const struct pacs_deid_row *row, unsigned columns)
{
	unsigned keep = row->keep & columns;
	bool is_date = row->keep & PACS_OPT_FULL_DATES;

	if (is_date && (columns & PACS_OPT_FULL_DATES))
		return ACT_KEEP;
	if (is_date && (columns & row->clean & PACS_OPT_MODIFIED_DATES))
		return ACT_SHIFT;
	if (keep && !is_date)
		return row->tag == PACS_TAG_PatientAge ? ACT_AGE : ACT_KEEP;
	if (row->clean & columns & PACS_OPT_GRAPHICS)
		return ACT_GRAPHICS;
	return row_basic(row);
}

static struct policy_slot *
slot_of(const struct pacs_deid *d, uint32_t tag)
{
	uint32_t i = (tag * 2654435761u) >> 21 & (POLICY_SLOTS - 1);

	while (d->slots[i].act != ACT_NONE && d->slots[i].tag != tag)
		i = (i + 1) & (POLICY_SLOTS - 1);
	return (struct policy_slot *)&d->slots[i];
}

void
policy_compile(struct pacs_deid *d)
{
	unsigned i;

	for (i = 0; i < pacs_deid_row_count; i++) {
		const struct pacs_deid_row *row = &pacs_deid_rows[i];
		struct policy_slot *s;

		if (row->mask != 0xffffffffu)
			continue;
		s = slot_of(d, row->tag);
		s->tag = row->tag;
		s->act = (uint8_t)row_act(row, d->opts->columns);
		s->plain = (uint8_t)row_basic(row);
	}
}

/*
 * Curves and overlays: the table names the data and the comments. What is left
 * of such a group without its data is no valid module, so the group goes.
 */
static enum act
repeating_act(uint32_t tag, unsigned columns)
{
	uint32_t group = tag >> 24;

	if ((tag & 0xffffff00u) == 0x00203100u)
		return ACT_REMOVE; /* Source Image IDs, of ACR-NEMA */
	if ((group != 0x50 && group != 0x60) || (tag & 0x00010000u))
		return ACT_NONE;
	if (!(columns & PACS_OPT_GRAPHICS))
		return ACT_REMOVE;
	return group == 0x60 ? ACT_GRAPHICS : ACT_REMOVE;
}

enum act
policy_of(const struct pacs_deid *d, uint32_t tag)
{
	enum act act = (enum act)slot_of(d, tag)->act;

	return act ? act : repeating_act(tag, d->opts->columns);
}

enum act
policy_basic(const struct pacs_deid *d, uint32_t tag)
{
	const struct policy_slot *s = slot_of(d, tag);

	return s->act ? (enum act)s->plain : repeating_act(tag, 0);
}

bool
policy_is_class_uid(uint32_t tag)
{
	switch (tag) {
	case PACS_TAG_SOPClassUID:
	case PACS_TAG_RelatedGeneralSOPClassUID:
	case PACS_TAG_OriginalSpecializedSOPClassUID:
	case PACS_TAG_SOPClassesInStudy:
	case PACS_TAG_ReferencedSOPClassUID:
	case PACS_TAG_SOPClassesSupported:
	case PACS_TAG_PertinentSOPClassesInStudy:
	case PACS_TAG_PertinentSOPClassesInSeries:
	case PACS_TAG_CodingSchemeUID:
	case PACS_TAG_ContextUID:
	case PACS_TAG_MappingResourceUID:
	case PACS_TAG_AvailableTransferSyntaxUID:
	case PACS_TAG_MACCalculationTransferSyntaxUID:
	case PACS_TAG_EncryptedContentTransferSyntaxUID:
		return true;
	default:
		return false;
	}
}

enum act
policy_date(const struct pacs_deid *d, uint16_t vr)
{
	if (d->opts->columns & PACS_OPT_FULL_DATES)
		return ACT_KEEP;
	if (d->opts->columns & PACS_OPT_MODIFIED_DATES)
		return vr == VR("TM") ? ACT_KEEP : ACT_SHIFT;
	return ACT_REMOVE;
}

/* Bytes that may hold anything: pixels, waveforms, lookup tables and colour
 * profiles stay, the rest does not. */
static enum act
bytes_act(uint32_t tag)
{
	uint16_t group = PACS_TAG_GROUP(tag);

	return group == 0x0028 || group == 0x5400 || group == 0x7fe0
		   ? ACT_KEEP
		   : ACT_REMOVE;
}

static enum act
vr_act(const struct pacs_deid *d, uint32_t tag, uint16_t vr)
{
	switch (vr) {
	case PACS_VR('P', 'N'):
	case PACS_VR('A', 'E'):
	case PACS_VR('L', 'T'):
	case PACS_VR('S', 'T'):
	case PACS_VR('U', 'T'):
	case PACS_VR('U', 'C'):
	case PACS_VR('U', 'R'):
		return ACT_REMOVE;
	case PACS_VR('D', 'A'):
	case PACS_VR('D', 'T'):
	case PACS_VR('T', 'M'):
		return policy_date(d, vr);
	case PACS_VR('U', 'I'):
		return policy_is_class_uid(tag) ? ACT_KEEP : ACT_UID;
	case PACS_VR('O', 'B'):
	case PACS_VR('U', 'N'):
		return bytes_act(tag);
	default:
		return ACT_KEEP;
	}
}

/* Could each value name a class? Those of makers are short and of short
 * numbers; a date, a serial number or a clock makes an instance, which some
 * write where its class should be. */
static bool
may_be_class(const struct pacs_element *e)
{
	size_t len = 0, value = 0, number = 0;
	const char *s = pacs_element_value(e, &len);

	for (; s && len; s++, len--) {
		value = *s == '\\' ? 0 : value + 1;
		number = *s >= '0' && *s <= '9' ? number + 1 : 0;
		if (value > 40 || number > 7)
			return false;
	}
	return true;
}

/* Terms that are none may be anything. */
static bool
is_charset(const struct pacs_element *e)
{
	struct pacs_buf value = {0};
	bool known;

	pacs_element_text(pacs_element_owner(e), e, &value, NULL);
	known = pacs_charset_is_known(pacs_buf_str(&value));
	pacs_buf_clear(&value);
	return known;
}

enum act
policy_backstop(const struct pacs_deid *d, const struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	uint16_t vr = pacs_element_vr(e), dict = pacs_dict_vr(tag);
	enum act act;

	if (tag < 0x00080000u || !dict)
		return ACT_REMOVE;
	if (PACS_TAG_ELEMENT(tag) == 0)
		return vr == VR("UL") && pacs_element_length(e) == 4
			   ? ACT_KEEP
			   : ACT_REMOVE;
	if (pacs_element_is_sequence(e) && dict == VR("SQ"))
		return ACT_KEEP;
	if (tag == PACS_TAG_SpecificCharacterSet && !is_charset(e))
		return ACT_REMOVE;
	act = vr_act(d, tag, vr);
	if (act == ACT_KEEP && dict != vr)
		act = vr_act(d, tag, dict);
	if (act == ACT_KEEP && (!form_fits(e, vr) || !form_fits(e, dict)))
		act = ACT_REMOVE;
	if (act == ACT_KEEP && dict == VR("UI") &&
	    tag != PACS_TAG_SOPClassUID && !may_be_class(e))
		act = ACT_UID;
	return act;
}
