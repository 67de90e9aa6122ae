/*
 * Structured reports after TID 2000 (PS3.16): Basic Text SR, and in turn
 * Comprehensive SR with a measurement and the image it was made in.
 */
#include <stdio.h>

#include "phantom/internal.h"

#define BASIC_TEXT    "1.2.840.10008.5.1.4.1.1.88.11"
#define COMPREHENSIVE "1.2.840.10008.5.1.4.1.1.88.33"

static bool
is_comprehensive(const struct pacs_ph_object *o)
{
	return (o->study->number + o->series) % 2 != 0;
}

static const char *
sop_class(const struct pacs_ph_object *o)
{
	return is_comprehensive(o) ? COMPREHENSIVE : BASIC_TEXT;
}

static struct pacs_ph_put
content(struct pacs_ph_put *parent, const char *relation, const char *type)
{
	struct pacs_ph_put p = pacs_ph_item(parent, PACS_TAG_ContentSequence);

	pacs_ph_text(&p, PACS_TAG_RelationshipType, relation);
	pacs_ph_text(&p, PACS_TAG_ValueType, type);
	return p;
}

static struct pacs_ph_put
section(struct pacs_ph_put *parent, const char *code, const char *meaning)
{
	struct pacs_ph_put p = content(parent, "CONTAINS", "CONTAINER");

	pacs_ph_code(&p, PACS_TAG_ConceptNameCodeSequence, code, "DCM",
		     meaning);
	pacs_ph_text(&p, PACS_TAG_ContinuityOfContent, "SEPARATE");
	return p;
}

static void
sentence(struct pacs_ph_put *parent, const char *code, const char *meaning,
	 const char *text)
{
	struct pacs_ph_put p = content(parent, "CONTAINS", "TEXT");

	pacs_ph_code(&p, PACS_TAG_ConceptNameCodeSequence, code, "DCM",
		     meaning);
	pacs_ph_text(&p, PACS_TAG_TextValue, text);
}

static void
put_language_and_observer(struct pacs_ph_object *o, struct pacs_ph_put *root)
{
	struct pacs_ph_put p = content(root, "HAS CONCEPT MOD", "CODE");

	pacs_ph_code(&p, PACS_TAG_ConceptNameCodeSequence, "121049", "DCM",
		     "Language of Content Item and Descendants");
	pacs_ph_code(&p, PACS_TAG_ConceptCodeSequence, "en", "RFC5646",
		     "English");
	p = content(root, "HAS OBS CONTEXT", "PNAME");
	pacs_ph_code(&p, PACS_TAG_ConceptNameCodeSequence, "121008", "DCM",
		     "Person Observer Name");
	pacs_ph_text(&p, PACS_TAG_PersonName, o->study->reporting);
}

/* The first kind of image that this study has; false: none. */
static bool
find_image(const struct pacs_ph_object *o, enum pacs_phantom_kind *ret)
{
	unsigned kinds = pacs_ph_kinds_made(o->opts);

	for (int k = PACS_PHANTOM_CT; k <= PACS_PHANTOM_CR; k++) {
		if (kinds & 1u << k) {
			*ret = (enum pacs_phantom_kind)k;
			return true;
		}
	}
	return false;
}

static void
put_image_reference(struct pacs_ph_object *o, struct pacs_ph_put *p,
		    enum pacs_phantom_kind kind)
{
	const struct pacs_ph_object image = {.opts = o->opts};
	char uid[PACS_UID_MAX + 1];

	pacs_ph_sop_uid(o->opts, o->study->number, kind, o->series,
			o->opts->instances / 2, uid);
	pacs_ph_reference(p, pacs_ph_kinds[kind]->sop_class(&image), uid);
}

/* All that a report refers to is listed as its evidence (PS3.3 C.17.2). */
static void
put_evidence(struct pacs_ph_object *o, struct pacs_ph_put *root,
	     enum pacs_phantom_kind kind)
{
	struct pacs_ph_put study = pacs_ph_item(
	    root, PACS_TAG_CurrentRequestedProcedureEvidenceSequence);
	struct pacs_ph_put series =
	    pacs_ph_item(&study, PACS_TAG_ReferencedSeriesSequence);
	struct pacs_ph_put sop =
	    pacs_ph_item(&series, PACS_TAG_ReferencedSOPSequence);
	char uid[PACS_UID_MAX + 1];

	pacs_ph_text(&study, PACS_TAG_StudyInstanceUID, o->study->uid);
	pacs_ph_series_uid(o->opts, o->study->number, kind, o->series, uid);
	pacs_ph_text(&series, PACS_TAG_SeriesInstanceUID, uid);
	put_image_reference(o, &sop, kind);
}

static void
put_measurement(struct pacs_ph_object *o, struct pacs_ph_put *root,
		struct pacs_ph_put *findings, struct pacs_ph_random *r)
{
	struct pacs_ph_put num = content(findings, "CONTAINS", "NUM"), value;
	enum pacs_phantom_kind kind;
	unsigned tenths;

	pacs_ph_code(&num, PACS_TAG_ConceptNameCodeSequence, "410668003", "SCT",
		     "Length");
	value = pacs_ph_item(&num, PACS_TAG_MeasuredValueSequence);
	pacs_ph_code(&value, PACS_TAG_MeasurementUnitsCodeSequence, "mm",
		     "UCUM", "millimeter");
	tenths = 80 + pacs_ph_below(r, 200);
	pacs_ph_textf(&value, PACS_TAG_NumericValue, "%u.%u", tenths / 10,
		      tenths % 10);
	if (find_image(o, &kind)) {
		struct pacs_ph_put image =
		    content(&num, "INFERRED FROM", "IMAGE");
		struct pacs_ph_put sop =
		    pacs_ph_item(&image, PACS_TAG_ReferencedSOPSequence);

		put_image_reference(o, &sop, kind);
		put_evidence(o, root, kind);
	}
}

static void
put_sections(struct pacs_ph_object *o, struct pacs_ph_put *root)
{
	static const char *const findings[] = {
	    "A rounded focal lesion with sharp margins is seen.",
	    "No mass, no midline shift, no fluid collection.",
	    "Symmetrical appearance, apart from one small focus.",
	};
	static const char *const impressions[] = {
	    "Findings consistent with a test object.",
	    "Unremarkable phantom.",
	    "Follow-up with another seed is suggested.",
	};
	struct pacs_ph_random r = pacs_ph_random_for(
	    o->opts->seed, PACS_PH_TEXT, o->study->number, o->series, 0);
	struct pacs_ph_put p = section(root, "121070", "Findings");

	sentence(&p, "121071", "Finding", findings[pacs_ph_below(&r, 3)]);
	if (is_comprehensive(o))
		put_measurement(o, root, &p, &r);
	p = section(root, "121072", "Impressions");
	sentence(&p, "121073", "Impression", impressions[pacs_ph_below(&r, 3)]);
}

static void
describe(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	struct pacs_ph_put template;

	pacs_ph_text(p, PACS_TAG_SeriesDescription, "Radiology report");
	pacs_item_put_sequence(
	    p->item, PACS_TAG_ReferencedPerformedProcedureStepSequence);
	pacs_item_put_sequence(p->item,
			       PACS_TAG_PerformedProcedureCodeSequence);
	pacs_ph_put_instance(o, p);
	pacs_ph_text(p, PACS_TAG_CompletionFlag, "COMPLETE");
	pacs_ph_text(p, PACS_TAG_VerificationFlag, "UNVERIFIED");
	pacs_ph_text(p, PACS_TAG_ValueType, "CONTAINER");
	pacs_ph_code(p, PACS_TAG_ConceptNameCodeSequence, "18748-4", "LN",
		     "Diagnostic imaging report");
	pacs_ph_text(p, PACS_TAG_ContinuityOfContent, "SEPARATE");
	template = pacs_ph_item(p, PACS_TAG_ContentTemplateSequence);
	pacs_ph_text(&template, PACS_TAG_MappingResource, "DCMR");
	pacs_ph_text(&template, PACS_TAG_TemplateIdentifier, "2000");
	put_language_and_observer(o, p);
	put_sections(o, p);
}

const struct pacs_ph_kind pacs_ph_sr = {
    .name = "SR",
    .modality = "SR",
    .series_base = 401,
    .alone = true,
    .sop_class = sop_class,
    .describe = describe,
};
