/*
 * MR Image (PS3.3 A.4), or with several frames Enhanced MR Image (A.36.2): the
 * same head, T1 and T2 weighted in turn, seen by a coil that is stronger at the
 * back. A volume in one object says that it is derived, which spares it the
 * physics of the scan.
 */
#include <math.h>
#include <stdlib.h>

#include "phantom/internal.h"

static bool
is_t2(const struct pacs_ph_object *o)
{
	return o->series % 2 != 0;
}

static bool
is_enhanced(const struct pacs_ph_object *o)
{
	return o->opts->frames > 1;
}

static const char *
sop_class(const struct pacs_ph_object *o)
{
	return is_enhanced(o) ? "1.2.840.10008.5.1.4.1.1.4.1"
			      : "1.2.840.10008.5.1.4.1.1.4";
}

static void
put_sequence(const struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	bool t2 = is_t2(o);

	pacs_ph_text(p, PACS_TAG_ScanningSequence, "SE");
	pacs_ph_text(p, PACS_TAG_SequenceVariant, "SK");
	pacs_ph_text(p, PACS_TAG_ScanOptions, "");
	pacs_ph_text(p, PACS_TAG_MRAcquisitionType, "2D");
	pacs_ph_text(p, PACS_TAG_SequenceName, t2 ? "*tse2d1_15" : "*se2d1");
	pacs_ph_text(p, PACS_TAG_RepetitionTime, t2 ? "4500" : "550");
	pacs_ph_text(p, PACS_TAG_EchoTime, t2 ? "98" : "12");
	pacs_ph_text(p, PACS_TAG_EchoTrainLength, t2 ? "15" : "1");
	pacs_ph_text(p, PACS_TAG_NumberOfAverages, "1");
	pacs_ph_text(p, PACS_TAG_ImagingFrequency, "63.68");
	pacs_ph_text(p, PACS_TAG_ImagedNucleus, "1H");
	pacs_ph_text(p, PACS_TAG_EchoNumbers, "1");
	pacs_ph_text(p, PACS_TAG_MagneticFieldStrength, "1.5");
	pacs_ph_text(p, PACS_TAG_FlipAngle, t2 ? "150" : "90");
	pacs_ph_textf(p, PACS_TAG_SpacingBetweenSlices, "%.6g",
		      pacs_ph_slice_step_mm(o->opts->instances));
}

/* MR Image Frame Type and the like: in the root, and again for the frames. */
static void
put_frame_type(const struct pacs_ph_object *o, struct pacs_ph_put *p,
	       uint32_t type_tag)
{
	pacs_ph_text(p, type_tag,
		     is_t2(o) ? "DERIVED\\PRIMARY\\T2\\NONE"
			      : "DERIVED\\PRIMARY\\T1\\NONE");
	pacs_ph_text(p, PACS_TAG_PixelPresentation, "MONOCHROME");
	pacs_ph_text(p, PACS_TAG_VolumetricProperties, "VOLUME");
	pacs_ph_text(p, PACS_TAG_VolumeBasedCalculationTechnique, "NONE");
	pacs_ph_text(p, PACS_TAG_ComplexImageComponent, "MAGNITUDE");
	pacs_ph_text(p, PACS_TAG_AcquisitionContrast, is_t2(o) ? "T2" : "T1");
}

static void
put_dimensions(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	const uint32_t pointers[] = {PACS_TAG_StackID,
				     PACS_TAG_InStackPositionNumber};
	struct pacs_ph_put item =
	    pacs_ph_item(p, PACS_TAG_DimensionOrganizationSequence);
	char uid[PACS_UID_MAX + 1];

	pacs_ph_uid(o->opts->seed, PACS_PH_DIMENSIONS, o->study->number,
		    100 + o->series, 0, uid);
	pacs_ph_text(&item, PACS_TAG_DimensionOrganizationUID, uid);
	for (size_t i = 0; i < 2; i++) {
		item = pacs_ph_item(p, PACS_TAG_DimensionIndexSequence);
		pacs_ph_text(&item, PACS_TAG_DimensionOrganizationUID, uid);
		pacs_ph_at(&item, PACS_TAG_DimensionIndexPointer, pointers[i]);
		pacs_ph_at(&item, PACS_TAG_FunctionalGroupPointer,
			   PACS_TAG_FrameContentSequence);
	}
}

static void
put_shared_groups(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	struct pacs_ph_put shared =
	    pacs_ph_item(p, PACS_TAG_SharedFunctionalGroupsSequence);
	struct pacs_ph_put item;

	pacs_ph_put_volume(o, &shared, o->opts->frames);
	item = pacs_ph_item(&shared, PACS_TAG_FrameAnatomySequence);
	pacs_ph_text(&item, PACS_TAG_FrameLaterality, "U");
	pacs_ph_code(&item, PACS_TAG_AnatomicRegionSequence, "12738006", "SCT",
		     "Brain");
	item = pacs_ph_item(&shared, PACS_TAG_FrameVOILUTSequence);
	pacs_ph_text(&item, PACS_TAG_WindowCenter, "400");
	pacs_ph_text(&item, PACS_TAG_WindowWidth, "900");
	item = pacs_ph_item(&shared, PACS_TAG_PixelValueTransformationSequence);
	pacs_ph_text(&item, PACS_TAG_RescaleIntercept, "0");
	pacs_ph_text(&item, PACS_TAG_RescaleSlope, "1");
	pacs_ph_text(&item, PACS_TAG_RescaleType, "US");
	item = pacs_ph_item(&shared, PACS_TAG_MRImageFrameTypeSequence);
	put_frame_type(o, &item, PACS_TAG_FrameType);
}

static void
put_frame_groups(struct pacs_ph_object *o, struct pacs_ph_put *p, uint32_t i)
{
	double spacing = PACS_PH_FOV_MM / (double)o->opts->rows;
	double corner = (spacing - PACS_PH_FOV_MM) / 2;
	struct pacs_ph_put frame =
	    pacs_ph_item(p, PACS_TAG_PerFrameFunctionalGroupsSequence);
	struct pacs_ph_put item =
	    pacs_ph_item(&frame, PACS_TAG_FrameContentSequence);

	pacs_ph_text(&item, PACS_TAG_StackID, "1");
	pacs_ph_u32(&item, PACS_TAG_InStackPositionNumber, i + 1);
	pacs_ph_textf(&item, PACS_TAG_DimensionIndexValues, "1\\%u", i + 1);
	item = pacs_ph_item(&frame, PACS_TAG_PlanePositionSequence);
	pacs_ph_textf(&item, PACS_TAG_ImagePositionPatient, "%.8g\\%.8g\\%.8g",
		      corner, corner, pacs_ph_slice_mm(i, o->opts->frames));
}

static void
put_volume(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	pacs_ph_put_frame_of_reference(o, p);
	put_frame_type(o, p, PACS_TAG_ImageType);
	pacs_ph_text(p, PACS_TAG_ContentQualification, "RESEARCH");
	pacs_ph_text(p, PACS_TAG_ApplicableSafetyStandardAgency, "IEC");
	pacs_ph_text(p, PACS_TAG_BurnedInAnnotation, "NO");
	pacs_ph_text(p, PACS_TAG_LossyImageCompression, "00");
	pacs_ph_text(p, PACS_TAG_PresentationLUTShape, "IDENTITY");
	pacs_item_put_sequence(p->item, PACS_TAG_AcquisitionContextSequence);
	o->frames = (uint32_t)o->opts->frames;
	pacs_ph_textf(p, PACS_TAG_NumberOfFrames, "%u", o->frames);
	put_dimensions(o, p);
	put_shared_groups(o, p);
	for (uint32_t i = 0; i < o->frames && !p->err->code; i++)
		put_frame_groups(o, p, i);
}

static void
put_slice(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	pacs_ph_put_plane(o, p);
	put_sequence(o, p);
	pacs_ph_text(p, PACS_TAG_AcquisitionNumber, "1");
	pacs_ph_text(p, PACS_TAG_ImageType, "ORIGINAL\\PRIMARY\\OTHER");
	pacs_ph_text(p, PACS_TAG_WindowCenter, "400");
	pacs_ph_text(p, PACS_TAG_WindowWidth, "900");
}

static void
describe(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	pacs_ph_text(p, PACS_TAG_SeriesDescription,
		     is_t2(o) ? "t2_tse_tra" : "t1_se_tra");
	pacs_ph_text(p, PACS_TAG_ProtocolName,
		     is_t2(o) ? "t2_tse_tra" : "t1_se_tra");
	pacs_ph_text(p, PACS_TAG_BodyPartExamined, "BRAIN");
	pacs_ph_text(p, PACS_TAG_PatientPosition, "HFS");
	pacs_ph_put_instance(o, p);
	pacs_ph_put_pixels(o, p, 16, 12, false);
	if (is_enhanced(o))
		put_volume(o, p);
	else
		put_slice(o, p);
}

static void
frame(const struct pacs_ph_object *o, uint32_t number, uint8_t *bytes)
{
	unsigned rows = (unsigned)o->opts->rows;
	float *sums = pacs_calloc((size_t)rows * rows, sizeof(*sums));
	double z = is_enhanced(o)
		       ? pacs_ph_slice_mm(number, o->opts->frames)
		       : pacs_ph_slice_mm(o->instance, o->opts->instances);
	struct pacs_ph_random r =
	    pacs_ph_random_for(o->opts->seed, PACS_PH_NOISE, o->study->number,
			       100 + o->series, o->instance << 32 | number);
	struct pacs_ph_head head;
	size_t i = 0;

	pacs_ph_head_make(o->opts->seed, o->study->number,
			  is_t2(o) ? PACS_PH_T2 : PACS_PH_T1, &head);
	pacs_ph_head_slice(&head, z / (PACS_PH_FOV_MM / 2), rows, sums);
	for (unsigned y = 0; y < rows; y++) {
		float gain = .75f + .45f * (float)y / (float)rows;

		for (unsigned x = 0; x < rows; x++, i++) {
			uint64_t bits = pacs_ph_next(&r);
			float a = (float)(bits & 63) - 31.5f;
			float b = (float)(bits >> 8 & 63) - 31.5f;
			float s = sums[i] * gain + a * .5f;
			/* Magnitude of two noisy channels: never negative. */
			int v = (int)lrintf(sqrtf(s * s + b * b * .25f));

			v = v > 4095 ? 4095 : v;
			bytes[2 * i] = (uint8_t)v;
			bytes[2 * i + 1] = (uint8_t)(v >> 8);
		}
	}
	free(sums);
}

const struct pacs_ph_kind pacs_ph_mr = {
    .name = "MR",
    .modality = "MR",
    .study = "MR brain",
    .series_base = 101,
    .compressible = true,
    .sop_class = sop_class,
    .describe = describe,
    .frame = frame,
};
