/*
 * MR Image (PS3.3 A.4): the same head, T1 and T2 weighted in turn, seen by a
 * coil that is stronger at the back.
 */
#include <math.h>
#include <stdlib.h>

#include "phantom/internal.h"

static bool
is_t2(const struct pacs_ph_object *o)
{
	return o->series % 2 != 0;
}

static const char *
sop_class(const struct pacs_ph_object *o)
{
	(void)o;
	return "1.2.840.10008.5.1.4.1.1.4";
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

static void
describe(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	pacs_ph_text(p, PACS_TAG_StudyDescription, "MR brain");
	pacs_ph_text(p, PACS_TAG_SeriesDescription,
		     is_t2(o) ? "t2_tse_tra" : "t1_se_tra");
	pacs_ph_text(p, PACS_TAG_ProtocolName,
		     is_t2(o) ? "t2_tse_tra" : "t1_se_tra");
	pacs_ph_text(p, PACS_TAG_BodyPartExamined, "BRAIN");
	pacs_ph_text(p, PACS_TAG_PatientPosition, "HFS");
	pacs_ph_put_instance(o, p);
	pacs_ph_text(p, PACS_TAG_AcquisitionNumber, "1");
	pacs_ph_text(p, PACS_TAG_ImageType, "ORIGINAL\\PRIMARY\\M\\ND");
	pacs_ph_put_plane(o, p);
	put_sequence(o, p);
	pacs_ph_text(p, PACS_TAG_WindowCenter, "400");
	pacs_ph_text(p, PACS_TAG_WindowWidth, "900");
	pacs_ph_put_pixels(o, p, 16, 12, false);
}

static void
frame(const struct pacs_ph_object *o, uint32_t number, uint8_t *bytes)
{
	unsigned rows = (unsigned)o->opts->rows;
	float *sums = pacs_calloc((size_t)rows * rows, sizeof(*sums));
	double z = pacs_ph_slice_mm(o->instance, o->opts->instances) /
		   (PACS_PH_FOV_MM / 2);
	struct pacs_ph_random r =
	    pacs_ph_random_for(o->opts->seed, PACS_PH_NOISE, o->study->number,
			       100 + o->series, o->instance);
	struct pacs_ph_head head;
	size_t i = 0;

	(void)number;
	pacs_ph_head_make(o->opts->seed, o->study->number,
			  is_t2(o) ? PACS_PH_T2 : PACS_PH_T1, &head);
	pacs_ph_head_slice(&head, z, rows, sums);
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
    .series_base = 101,
    .compressible = true,
    .sop_class = sop_class,
    .describe = describe,
    .frame = frame,
};
