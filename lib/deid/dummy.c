/*
 * A dummy of a sequence is an item, and one that says nothing. Where the table
 * says D (or Z, which is a dummy too) of references, the references themselves,
 * with new UIDs, are the best dummies there are.
 */
#include "deid/internal.h"

struct dummy_line {
	uint32_t sequence; /* of the table */
	uint32_t inside;   /* a sequence in its item, 0: the item itself */
	uint32_t tag;      /* 0: the sequence inside, and nothing in it */
	const char *text;
};

#define T(keyword) PACS_TAG_##keyword

static const struct dummy_line lines[] = {
    {T(ContentSequence), 0, T(RelationshipType), "CONTAINS"},
    {T(ContentSequence), 0, T(ValueType), "TEXT"},
    {T(ContentSequence), T(ConceptNameCodeSequence), T(CodeValue), "121106"},
    {T(ContentSequence), T(ConceptNameCodeSequence), T(CodingSchemeDesignator),
     "DCM"},
    {T(ContentSequence), T(ConceptNameCodeSequence), T(CodeMeaning), "Comment"},
    {T(ContentSequence), 0, T(TextValue), "REMOVED"},
    {T(FlowIdentifierSequence), 0, T(FlowIdentifier), NULL},
    {T(FlowIdentifierSequence), 0, T(FlowTransferSyntaxUID),
     PACS_SYNTAX_EXPLICIT_LE},
    {T(GraphicAnnotationSequence), 0, T(GraphicLayer), "REMOVED"},
    {T(GraphicAnnotationSequence), T(TextObjectSequence),
     T(BoundingBoxAnnotationUnits), "DISPLAY"},
    {T(GraphicAnnotationSequence), T(TextObjectSequence),
     T(UnformattedTextValue), "REMOVED"},
    {T(GraphicAnnotationSequence), T(TextObjectSequence),
     T(BoundingBoxTopLeftHandCorner), "0\\0"},
    {T(GraphicAnnotationSequence), T(TextObjectSequence),
     T(BoundingBoxBottomRightHandCorner), "0\\0"},
    {T(GraphicAnnotationSequence), T(TextObjectSequence),
     T(BoundingBoxTextHorizontalJustification), "LEFT"},
    {T(OperatorIdentificationSequence), T(PersonIdentificationCodeSequence),
     T(CodeValue), "0"},
    {T(OperatorIdentificationSequence), T(PersonIdentificationCodeSequence),
     T(CodingSchemeDesignator), "99PACS"},
    {T(OperatorIdentificationSequence), T(PersonIdentificationCodeSequence),
     T(CodeMeaning), "removed"},
    {T(OperatorIdentificationSequence), 0, T(InstitutionName), "REMOVED"},
    {T(VerifyingObserverSequence), 0, T(VerifyingOrganization), "REMOVED"},
    {T(VerifyingObserverSequence), 0, T(VerificationDateTime),
     "19000101000000"},
    {T(VerifyingObserverSequence), 0, T(VerifyingObserverName), "REMOVED"},
    {T(VerifyingObserverSequence),
     T(VerifyingObserverIdentificationCodeSequence), 0, NULL},
    {T(WaveformAnnotationSequence), 0, T(UnformattedTextValue), "REMOVED"},
    {T(WaveformAnnotationSequence), 0, T(ReferencedWaveformChannels), "1\\0"},
    {T(WaveformAnnotationSequence), 0, T(AnnotationGroupNumber), "1"},
};

static void
put_line(struct walk *w, struct pacs_item *item, const struct dummy_line *line)
{
	struct pacs_element *e;

	if (!line->tag) {
		pacs_item_put_sequence(item, line->inside);
		return;
	}
	if (line->inside) {
		e = pacs_item_put_sequence(item, line->inside);
		item = pacs_element_item_count(e)
			   ? pacs_element_item(e, 0)
			   : pacs_item_add_item(item, line->inside);
	}
	if (!line->text)
		pacs_item_put_bytes(item, line->tag, VR("OB"), "\0\0", 2);
	else if (pacs_item_put_text(w->err, item, line->tag, line->text))
		w->code = w->err->code;
}

static void
put_code(struct walk *w, struct pacs_item *item)
{
	static const struct dummy_line code[] = {
	    {0, 0, T(CodeValue), "0"},
	    {0, 0, T(CodingSchemeDesignator), "99PACS"},
	    {0, 0, T(CodeMeaning), "removed"}};
	size_t i;

	for (i = 0; i < 3; i++)
		put_line(w, item, &code[i]);
}

/* Class and instance stay, the latter under its new UID. */
static bool
only_reference(void *ctx, struct pacs_element *e)
{
	struct walk *w = ctx;
	uint32_t tag = pacs_element_tag(e);

	if (tag == T(ReferencedSOPInstanceUID))
		return walk_act(w, e, ACT_UID);
	return tag == T(ReferencedSOPClassUID);
}

static void
keep_references(struct walk *w, struct pacs_element *e)
{
	struct pacs_item *was = w->item;
	size_t i;

	for (i = 0; i < pacs_element_item_count(e); i++) {
		w->item = pacs_element_item(e, i);
		pacs_item_filter(w->item, only_reference, w);
	}
	w->item = was;
}

void
dummy_sequence(struct walk *w, struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	struct pacs_item *item;
	bool found = false;
	size_t i;

	if (!pacs_element_item_count(e))
		return; /* it said nothing */
	if (tag == T(ReferencedPerformedProcedureStepSequence) ||
	    tag == T(ReferencedStudySequence)) {
		keep_references(w, e);
		return;
	}
	pacs_element_cut_items(e, 0);
	item = pacs_element_add_item(e);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (lines[i].sequence != tag)
			continue;
		put_line(w, item, &lines[i]);
		found = true;
	}
	if (!found)
		put_code(w, item);
}
