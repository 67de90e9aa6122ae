/*
 * RT Structure Set (PS3.3 A.19): outlines of the head, drawn in each slice of
 * the CT series with the same number.
 */
#include <math.h>

#include "phantom/internal.h"

#define POINTS 48
#define TURN   6.28318530717958647692

static const struct {
	const char *name, *type, *colour;
	size_t part;
} regions[] = {
    {"External", "EXTERNAL", "255\\200\\150", PACS_PH_SKULL},
    {"Brain", "ORGAN", "120\\180\\255", PACS_PH_BRAIN},
    {"Lesion", "GTV", "255\\40\\40", PACS_PH_LESION},
};
#define REGIONS (sizeof(regions) / sizeof(*regions))

static const char *
sop_class(const struct pacs_ph_object *o)
{
	(void)o;
	return "1.2.840.10008.5.1.4.1.1.481.3";
}

static void
put_referenced_frame(struct pacs_ph_object *o, struct pacs_ph_put *p,
		     const char *frame)
{
	struct pacs_ph_put f =
	    pacs_ph_item(p, PACS_TAG_ReferencedFrameOfReferenceSequence);
	struct pacs_ph_put study =
	    pacs_ph_item(&f, PACS_TAG_RTReferencedStudySequence);
	struct pacs_ph_put series =
	    pacs_ph_item(&study, PACS_TAG_RTReferencedSeriesSequence);
	char uid[PACS_UID_MAX + 1];

	pacs_ph_text(&f, PACS_TAG_FrameOfReferenceUID, frame);
	pacs_ph_reference(&study, "1.2.840.10008.3.1.2.3.1", o->study->uid);
	pacs_ph_series_uid(o->opts, o->study->number, PACS_PHANTOM_CT,
			   o->series, uid);
	pacs_ph_text(&series, PACS_TAG_SeriesInstanceUID, uid);
	for (uint64_t i = 0; i < o->opts->instances; i++) {
		struct pacs_ph_put image =
		    pacs_ph_item(&series, PACS_TAG_ContourImageSequence);

		pacs_ph_put_ct(o, &image, i);
	}
}

/* The ellipse in patient coordinates: x to the left, y to the back. */
static void
outline(const struct pacs_ph_ellipsoid *e, double a, double b, double z_mm,
	struct pacs_buf *text)
{
	const double half = PACS_PH_FOV_MM / 2;
	double cosine = cos(e->phi), sine = sin(e->phi);

	for (int i = 0; i < POINTS; i++) {
		double u = a * cos(TURN * i / POINTS);
		double v = b * sin(TURN * i / POINTS);

		pacs_buf_addf(text, "%s%.2f\\%.2f\\%.8g", i ? "\\" : "",
			      half * (e->x + u * cosine - v * sine),
			      -half * (e->y + u * sine + v * cosine), z_mm);
	}
}

static void
put_contours(struct pacs_ph_object *o, struct pacs_ph_put *p,
	     const struct pacs_ph_ellipsoid *e)
{
	uint64_t n = o->opts->instances;
	struct pacs_buf text = {0};
	unsigned number = 0;

	for (uint64_t i = 0; i < n; i++) {
		double z = pacs_ph_slice_mm(i, n), a, b;
		struct pacs_ph_put contour, image;

		if (!pacs_ph_cut(e, z / (PACS_PH_FOV_MM / 2), &a, &b))
			continue;
		contour = pacs_ph_item(p, PACS_TAG_ContourSequence);
		image = pacs_ph_item(&contour, PACS_TAG_ContourImageSequence);
		pacs_ph_put_ct(o, &image, i);
		pacs_ph_text(&contour, PACS_TAG_ContourGeometricType,
			     "CLOSED_PLANAR");
		pacs_ph_textf(&contour, PACS_TAG_NumberOfContourPoints, "%d",
			      POINTS);
		pacs_ph_textf(&contour, PACS_TAG_ContourNumber, "%u", ++number);
		pacs_buf_reset(&text);
		outline(e, a, b, z, &text);
		pacs_ph_text(&contour, PACS_TAG_ContourData,
			     pacs_buf_str(&text));
	}
	pacs_buf_clear(&text);
}

static void
put_region(struct pacs_ph_object *o, struct pacs_ph_put *p, unsigned i,
	   const struct pacs_ph_head *head, const char *frame)
{
	struct pacs_ph_put roi =
	    pacs_ph_item(p, PACS_TAG_StructureSetROISequence);
	struct pacs_ph_put contours =
	    pacs_ph_item(p, PACS_TAG_ROIContourSequence);
	struct pacs_ph_put observed =
	    pacs_ph_item(p, PACS_TAG_RTROIObservationsSequence);

	pacs_ph_textf(&roi, PACS_TAG_ROINumber, "%u", i + 1);
	pacs_ph_text(&roi, PACS_TAG_ReferencedFrameOfReferenceUID, frame);
	pacs_ph_text(&roi, PACS_TAG_ROIName, regions[i].name);
	pacs_ph_text(&roi, PACS_TAG_ROIGenerationAlgorithm, "AUTOMATIC");
	pacs_ph_text(&contours, PACS_TAG_ROIDisplayColor, regions[i].colour);
	put_contours(o, &contours, &head->parts[regions[i].part]);
	pacs_ph_textf(&contours, PACS_TAG_ReferencedROINumber, "%u", i + 1);
	pacs_ph_textf(&observed, PACS_TAG_ObservationNumber, "%u", i + 1);
	pacs_ph_textf(&observed, PACS_TAG_ReferencedROINumber, "%u", i + 1);
	pacs_ph_text(&observed, PACS_TAG_RTROIInterpretedType, regions[i].type);
	pacs_ph_text(&observed, PACS_TAG_ROIInterpreter, "");
}

static void
describe(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	char frame[PACS_UID_MAX + 1];
	struct pacs_ph_head head;

	pacs_ph_uid(o->opts->seed, PACS_PH_FRAME_OF_REFERENCE, o->study->number,
		    0, 0, frame);
	pacs_ph_head_make(o->opts->seed, o->study->number, PACS_PH_HOUNSFIELD,
			  &head);
	pacs_ph_text(p, PACS_TAG_SeriesDescription, "Contours");
	pacs_ph_text(p, PACS_TAG_OperatorsName, o->study->reporting);
	pacs_ph_text(p, PACS_TAG_InstanceNumber, "1");
	pacs_ph_put_frame_of_reference(o, p);
	pacs_ph_text(p, PACS_TAG_StructureSetLabel, "HEAD");
	pacs_ph_text(p, PACS_TAG_StructureSetDate, o->study->date);
	pacs_ph_text(p, PACS_TAG_StructureSetTime, o->study->time);
	put_referenced_frame(o, p, frame);
	for (unsigned i = 0; i < REGIONS; i++)
		put_region(o, p, i, &head, frame);
	pacs_ph_text(p, PACS_TAG_ApprovalStatus, "UNAPPROVED");
}

const struct pacs_ph_kind pacs_ph_rtstruct = {
    .name = "RTSTRUCT",
    .modality = "RTSTRUCT",
    .series_base = 601,
    .alone = true,
    .sop_class = sop_class,
    .describe = describe,
};
