/*
 * CT Image (PS3.3 A.3): axial slices of a head, in Hounsfield units.
 */
#include <math.h>
#include <stdlib.h>

#include "phantom/internal.h"

#define INTERCEPT (-1024)

static const char *
sop_class(const struct pacs_ph_object *o)
{
	(void)o;
	return PACS_PH_CT_CLASS;
}

static void
describe(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	static const char *const series[] = {"Head 5.0 H30s", "Head 1.0 H60s",
					     "Head thin B20f"};
	static const char *const kernels[] = {"H30s", "H60s", "B20f"};

	pacs_ph_text(p, PACS_TAG_SeriesDescription, series[o->series % 3]);
	pacs_ph_text(p, PACS_TAG_ProtocolName, "Head routine");
	pacs_ph_text(p, PACS_TAG_BodyPartExamined, "HEAD");
	pacs_ph_text(p, PACS_TAG_PatientPosition, "HFS");
	pacs_ph_put_instance(o, p);
	pacs_ph_text(p, PACS_TAG_AcquisitionDate, o->study->date);
	pacs_ph_text(p, PACS_TAG_AcquisitionTime, o->study->time);
	pacs_ph_text(p, PACS_TAG_AcquisitionNumber, "1");
	pacs_ph_text(p, PACS_TAG_ImageType, "ORIGINAL\\PRIMARY\\AXIAL");
	pacs_ph_put_plane(o, p);
	pacs_ph_text(p, PACS_TAG_KVP, "120");
	pacs_ph_text(p, PACS_TAG_XRayTubeCurrent, "280");
	pacs_ph_text(p, PACS_TAG_ExposureTime, "1000");
	pacs_ph_text(p, PACS_TAG_ConvolutionKernel, kernels[o->series % 3]);
	pacs_ph_text(p, PACS_TAG_ReconstructionDiameter, "240");
	pacs_ph_text(p, PACS_TAG_GantryDetectorTilt, "0");
	pacs_ph_text(p, PACS_TAG_RescaleIntercept, "-1024");
	pacs_ph_text(p, PACS_TAG_RescaleSlope, "1");
	pacs_ph_text(p, PACS_TAG_RescaleType, "HU");
	pacs_ph_text(p, PACS_TAG_WindowCenter, "40\\600");
	pacs_ph_text(p, PACS_TAG_WindowWidth, "80\\2800");
	pacs_ph_text(p, PACS_TAG_WindowCenterWidthExplanation, "BRAIN\\BONE");
	pacs_ph_put_pixels(o, p, 16, 12, false);
}

/* Noise of a scan: four uniform numbers make a bell, close enough. */
static float
noise(uint64_t bits)
{
	unsigned sum = (unsigned)((bits & 255) + (bits >> 8 & 255) +
				  (bits >> 16 & 255) + (bits >> 24 & 255));

	return ((float)sum - 510) * (8 / 148.f);
}

static void
frame(const struct pacs_ph_object *o, uint32_t number, uint8_t *bytes)
{
	unsigned rows = (unsigned)o->opts->rows;
	size_t count = (size_t)rows * rows;
	float *sums = pacs_calloc(count, sizeof(*sums));
	double z = pacs_ph_slice_mm(o->instance, o->opts->instances) /
		   (PACS_PH_FOV_MM / 2);
	struct pacs_ph_random r =
	    pacs_ph_random_for(o->opts->seed, PACS_PH_NOISE, o->study->number,
			       o->series, o->instance);
	struct pacs_ph_head head;
	uint64_t bits = 0;

	(void)number;
	pacs_ph_head_make(o->opts->seed, o->study->number, PACS_PH_HOUNSFIELD,
			  &head);
	pacs_ph_head_slice(&head, z, rows, sums);
	for (size_t i = 0; i < count; i++) {
		/* Air is -1000 before anything is added. */
		int v;

		bits = i % 2 ? bits >> 32 : pacs_ph_next(&r);
		v = (int)lrintf(sums[i] - 1000 - INTERCEPT + noise(bits));
		v = v < 0 ? 0 : v > 4095 ? 4095 : v;
		bytes[2 * i] = (uint8_t)v;
		bytes[2 * i + 1] = (uint8_t)(v >> 8);
	}
	free(sums);
}

const struct pacs_ph_kind pacs_ph_ct = {
    .name = "CT",
    .modality = "CT",
    .study = "CT head without contrast",
    .series_base = 2,
    .compressible = true,
    .sop_class = sop_class,
    .describe = describe,
    .frame = frame,
};
