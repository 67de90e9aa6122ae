/*
 * Segmentation (PS3.3 A.51): brain and lesion, one bit a pixel, one frame for
 * each slice of the CT series with the same number that they are seen in.
 */
#include <stdlib.h>
#include <string.h>

#include "phantom/internal.h"

static const struct {
	const char *label;
	const char *category[2], *type[2]; /* SNOMED CT codes and meanings */
	size_t part;
} segments[] = {
    {"Brain",
     {"123037004", "Anatomical Structure"},
     {"12738006", "Brain"},
     PACS_PH_BRAIN},
    {"Lesion",
     {"49755003", "Morphologically Abnormal Structure"},
     {"52988006", "Lesion"},
     PACS_PH_LESION},
};
#define SEGMENTS (sizeof(segments) / sizeof(*segments))

/* The frames, in order: what they show, and where. */
struct frames {
	struct pacs_ph_head head;
	uint32_t count;
	struct {
		uint32_t segment, slice;
	} at[];
};

static const char *
sop_class(const struct pacs_ph_object *o)
{
	(void)o;
	return "1.2.840.10008.5.1.4.1.1.66.4";
}

static bool
cut(const struct pacs_ph_object *o, const struct pacs_ph_ellipsoid *e,
    uint64_t slice, double *ret_a, double *ret_b)
{
	double z = pacs_ph_slice_mm(slice, o->opts->instances);

	return pacs_ph_cut(e, z / (PACS_PH_FOV_MM / 2), ret_a, ret_b);
}

static struct frames *
frames_new(const struct pacs_ph_object *o)
{
	size_t most = SEGMENTS * o->opts->instances;
	struct frames *f = pacs_calloc(1, sizeof(*f) + most * sizeof(*f->at));

	pacs_ph_head_make(o->opts->seed, o->study->number, PACS_PH_HOUNSFIELD,
			  &f->head);
	for (uint32_t s = 0; s < SEGMENTS; s++) {
		for (uint32_t i = 0; i < o->opts->instances; i++) {
			double a, b;

			if (!cut(o, &f->head.parts[segments[s].part], i, &a,
				 &b))
				continue;
			f->at[f->count].segment = s;
			f->at[f->count++].slice = i;
		}
	}
	return f;
}

static void
put_segments(struct pacs_ph_put *p)
{
	for (unsigned s = 0; s < SEGMENTS; s++) {
		struct pacs_ph_put item =
		    pacs_ph_item(p, PACS_TAG_SegmentSequence);

		pacs_ph_code(
		    &item, PACS_TAG_SegmentedPropertyCategoryCodeSequence,
		    segments[s].category[0], "SCT", segments[s].category[1]);
		pacs_ph_u16(&item, PACS_TAG_SegmentNumber, s + 1);
		pacs_ph_text(&item, PACS_TAG_SegmentLabel, segments[s].label);
		pacs_ph_text(&item, PACS_TAG_SegmentAlgorithmType, "AUTOMATIC");
		pacs_ph_text(&item, PACS_TAG_SegmentAlgorithmName,
			     "pacs-phantom");
		pacs_ph_code(&item, PACS_TAG_SegmentedPropertyTypeCodeSequence,
			     segments[s].type[0], "SCT", segments[s].type[1]);
	}
}

static void
put_dimensions(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	const uint32_t pointers[][2] = {
	    {PACS_TAG_ReferencedSegmentNumber,
	     PACS_TAG_SegmentIdentificationSequence},
	    {PACS_TAG_ImagePositionPatient, PACS_TAG_PlanePositionSequence},
	};
	struct pacs_ph_put item =
	    pacs_ph_item(p, PACS_TAG_DimensionOrganizationSequence);
	char uid[PACS_UID_MAX + 1];

	pacs_ph_uid(o->opts->seed, PACS_PH_DIMENSIONS, o->study->number,
		    o->series, 0, uid);
	pacs_ph_text(&item, PACS_TAG_DimensionOrganizationUID, uid);
	for (size_t i = 0; i < 2; i++) {
		item = pacs_ph_item(p, PACS_TAG_DimensionIndexSequence);
		pacs_ph_text(&item, PACS_TAG_DimensionOrganizationUID, uid);
		pacs_ph_at(&item, PACS_TAG_DimensionIndexPointer,
			   pointers[i][0]);
		pacs_ph_at(&item, PACS_TAG_FunctionalGroupPointer,
			   pointers[i][1]);
	}
}

static void
put_shared_groups(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	struct pacs_ph_put shared =
	    pacs_ph_item(p, PACS_TAG_SharedFunctionalGroupsSequence);

	pacs_ph_put_volume(o, &shared, o->opts->instances);
}

/* Which CT image a frame was made from. */
static void
put_derivation(struct pacs_ph_object *o, struct pacs_ph_put *frame,
	       uint64_t slice)
{
	struct pacs_ph_put item =
	    pacs_ph_item(frame, PACS_TAG_DerivationImageSequence);
	struct pacs_ph_put source =
	    pacs_ph_item(&item, PACS_TAG_SourceImageSequence);

	pacs_ph_code(&item, PACS_TAG_DerivationCodeSequence, "113076", "DCM",
		     "Segmentation");
	pacs_ph_put_ct(o, &source, slice);
	pacs_ph_code(&source, PACS_TAG_PurposeOfReferenceCodeSequence, "121322",
		     "DCM", "Source image for image processing operation");
}

static void
put_frame_groups(struct pacs_ph_object *o, struct pacs_ph_put *p,
		 uint32_t segment, uint32_t slice)
{
	double spacing = PACS_PH_FOV_MM / (double)o->opts->rows;
	double corner = (spacing - PACS_PH_FOV_MM) / 2;
	struct pacs_ph_put frame =
	    pacs_ph_item(p, PACS_TAG_PerFrameFunctionalGroupsSequence);
	struct pacs_ph_put item;
	const uint32_t index[2] = {segment + 1, slice + 1};

	put_derivation(o, &frame, slice);
	item = pacs_ph_item(&frame, PACS_TAG_FrameContentSequence);
	pacs_ph_textf(&item, PACS_TAG_DimensionIndexValues, "%u\\%u", index[0],
		      index[1]);
	item = pacs_ph_item(&frame, PACS_TAG_PlanePositionSequence);
	pacs_ph_textf(&item, PACS_TAG_ImagePositionPatient, "%.8g\\%.8g\\%.8g",
		      corner, corner,
		      pacs_ph_slice_mm(slice, o->opts->instances));
	item = pacs_ph_item(&frame, PACS_TAG_SegmentIdentificationSequence);
	pacs_ph_u16(&item, PACS_TAG_ReferencedSegmentNumber, segment + 1);
}

static void
put_referenced_series(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	struct pacs_ph_put series =
	    pacs_ph_item(p, PACS_TAG_ReferencedSeriesSequence);
	char uid[PACS_UID_MAX + 1];

	for (uint64_t i = 0; i < o->opts->instances; i++) {
		struct pacs_ph_put image =
		    pacs_ph_item(&series, PACS_TAG_ReferencedInstanceSequence);

		pacs_ph_put_ct(o, &image, i);
	}
	pacs_ph_series_uid(o->opts, o->study->number, PACS_PHANTOM_CT,
			   o->series, uid);
	pacs_ph_text(&series, PACS_TAG_SeriesInstanceUID, uid);
}

static void
describe(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	struct frames *f = frames_new(o);

	pacs_ph_text(p, PACS_TAG_SeriesDescription, "Segmentation");
	pacs_ph_text(p, PACS_TAG_ImageType, "DERIVED\\PRIMARY");
	pacs_ph_put_instance(o, p);
	pacs_ph_text(p, PACS_TAG_ContentLabel, "HEAD");
	pacs_ph_text(p, PACS_TAG_ContentDescription, "Brain and lesion");
	pacs_ph_text(p, PACS_TAG_ContentCreatorName, o->study->reporting);
	pacs_ph_text(p, PACS_TAG_LossyImageCompression, "00");
	pacs_ph_text(p, PACS_TAG_SegmentationType, "BINARY");
	pacs_ph_put_frame_of_reference(o, p);
	pacs_ph_put_pixels(o, p, 1, 1, false);
	o->frames = f->count;
	pacs_ph_textf(p, PACS_TAG_NumberOfFrames, "%u", f->count);
	put_referenced_series(o, p);
	put_segments(p);
	put_dimensions(o, p);
	put_shared_groups(o, p);
	for (uint32_t i = 0; i < f->count; i++)
		put_frame_groups(o, p, f->at[i].segment, f->at[i].slice);
	o->state = f;
}

/* Bits are packed from the lowest (PS3.5 8.1.1). */
static void
frame(const struct pacs_ph_object *o, uint32_t number, uint8_t *bytes)
{
	const struct frames *f = o->state;
	struct pacs_ph_ellipsoid e =
	    f->head.parts[segments[f->at[number].segment].part];
	unsigned rows = (unsigned)o->opts->rows;
	float *sums = pacs_malloc(rows * sizeof(*sums));
	double a = 0, b = 0;

	memset(bytes, 0, o->frame_bytes);
	e.value = 1;
	cut(o, &e, f->at[number].slice, &a, &b);
	for (unsigned y = 0; y < rows; y++) {
		memset(sums, 0, rows * sizeof(*sums));
		pacs_ph_ellipse_row(&e, a, b, 1 - (2.0 * y + 1) / rows, rows,
				    sums);
		for (unsigned x = 0; x < rows; x++) {
			size_t i = (size_t)y * rows + x;

			if (sums[x] >= .5f)
				bytes[i / 8] |= (uint8_t)(1u << i % 8);
		}
	}
	free(sums);
}

const struct pacs_ph_kind pacs_ph_seg = {
    .name = "SEG",
    .modality = "SEG",
    .series_base = 701,
    .alone = true,
    .sop_class = sop_class,
    .describe = describe,
    .frame = frame,
};
