/*
 * Computed Radiography Image (PS3.3 A.2): a chest, seen through. What rays
 * meet is a sum of ellipsoids, a spine and ribs.
 */
#include <math.h>
#include <stdlib.h>

#include "phantom/internal.h"

static const char *
sop_class(const struct pacs_ph_object *o)
{
	(void)o;
	return "1.2.840.10008.5.1.4.1.1.1";
}

static void
describe(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	double spacing = 430.0 / (double)o->opts->rows;

	pacs_ph_text(p, PACS_TAG_SeriesDescription, "Chest PA");
	pacs_ph_text(p, PACS_TAG_BodyPartExamined, "CHEST");
	pacs_ph_text(p, PACS_TAG_ViewPosition, "PA");
	pacs_ph_put_instance(o, p);
	pacs_ph_text(p, PACS_TAG_PatientOrientation, "L\\F");
	pacs_ph_text(p, PACS_TAG_ImageType, "ORIGINAL\\PRIMARY");
	pacs_ph_text(p, PACS_TAG_KVP, "125");
	pacs_ph_text(p, PACS_TAG_PlateID, "P0117");
	pacs_ph_textf(p, PACS_TAG_ImagerPixelSpacing, "%.6g\\%.6g", spacing,
		      spacing);
	pacs_ph_text(p, PACS_TAG_BurnedInAnnotation, "NO");
	pacs_ph_text(p, PACS_TAG_WindowCenter, "2048");
	pacs_ph_text(p, PACS_TAG_WindowWidth, "4096");
	pacs_ph_put_pixels(o, p, 16, 12, false);
}

/* Thickness that a ray meets, times the value; x and y from -1 to 1. */
static const struct pacs_ph_ellipsoid body[] = {
    {.a = .95, .b = 1.6, .y = -.5, .value = 1.1f}, /* trunk */
    {.a = .22, .b = .5, .y = 1.1, .value = .5f},   /* neck */
    {.a = .33, .b = .62, .x = -.42, .y = .08, .phi = -.1, .value = -.85f},
    {.a = .33, .b = .62, .x = .42, .y = .08, .phi = .1, .value = -.85f},
    {.a = .27, .b = .36, .x = .1, .y = -.28, .phi = .6, .value = .8f},
    {.a = .6, .b = .4, .x = -.25, .y = -.8, .phi = .15, .value = .6f},
};

static void
add_ellipsoid(const struct pacs_ph_ellipsoid *e, unsigned rows, float *sums)
{
	double cosine = cos(e->phi), sine = sin(e->phi);
	size_t i = 0;

	for (unsigned row = 0; row < rows; row++) {
		double dy = 1 - (2.0 * row + 1) / rows - e->y;

		for (unsigned col = 0; col < rows; col++, i++) {
			double dx = (2.0 * col + 1) / rows - 1 - e->x;
			double u = (dx * cosine + dy * sine) / e->a;
			double v = (dy * cosine - dx * sine) / e->b;
			double q = 1 - u * u - v * v;

			if (q > 0)
				sums[i] += e->value * (float)sqrt(q);
		}
	}
}

/* A bright band of half a width around y in one column. */
static void
add_band(double y, double width, float value, unsigned col, unsigned rows,
	 float *sums)
{
	int first = (int)floor((1 - y - width) / 2 * rows);
	int last = (int)ceil((1 - y + width) / 2 * rows);

	for (int row = first < 0 ? 0 : first; row < last && row < (int)rows;
	     row++) {
		double d = (1 - (2.0 * row + 1) / rows - y) / width;

		if (d > -1 && d < 1)
			sums[(size_t)row * rows + col] +=
			    value * (float)sqrt(1 - d * d);
	}
}

static void
add_bones(unsigned rows, float *sums)
{
	for (unsigned col = 0; col < rows; col++) {
		double x = (2.0 * col + 1) / rows - 1, ax = fabs(x);

		for (int rib = 0; rib < 9 && ax < .78; rib++) {
			double y = .75 - .16 * rib;

			/* The back of a rib, then its front. */
			add_band(y + .12 * sin(ax * 3), .028, .16f, col, rows,
				 sums);
			add_band(y - .25 + .3 * ax * ax, .022, .08f, col, rows,
				 sums);
		}
		for (int v = 0; v < 16 && ax < .075; v++)
			add_band(.93 - .125 * v, .05, .3f, col, rows, sums);
		if (ax > .06 && ax < .7) /* clavicles */
			add_band(.66 + .14 * ax, .03, .22f, col, rows, sums);
	}
}

/* The letter at the patient's left, as lead on the plate. */
static void
add_marker(unsigned rows, float *sums)
{
	unsigned unit = rows / 40;

	for (unsigned y = 0; y < 4 * unit; y++) {
		unsigned width = y < 3 * unit ? unit : 3 * unit;
		float *line =
		    sums + (size_t)(2 * unit + y + 1) * rows - (size_t)5 * unit;

		for (unsigned x = 0; x < width; x++)
			line[x] = 6;
	}
}

static void
frame(const struct pacs_ph_object *o, uint32_t number, uint8_t *bytes)
{
	unsigned rows = (unsigned)o->opts->rows;
	size_t count = (size_t)rows * rows;
	float *sums = pacs_calloc(count, sizeof(*sums));
	struct pacs_ph_random r =
	    pacs_ph_random_for(o->opts->seed, PACS_PH_NOISE, o->study->number,
			       300 + o->series, o->instance);
	float strength = (float)pacs_ph_between(&r, .85, 1.15);

	(void)number;
	for (size_t i = 0; i < sizeof(body) / sizeof(*body); i++)
		add_ellipsoid(&body[i], rows, sums);
	add_bones(rows, sums);
	add_marker(rows, sums);
	for (size_t i = 0; i < count; i++) {
		float s = sums[i] < 0 ? 0 : sums[i] * strength;
		int grain = (int)(pacs_ph_next(&r) >> 58) - 32;
		int v = (int)lrintf(3900 * (1 - expf(-s))) + grain + 64;

		v = v < 0 ? 0 : v > 4095 ? 4095 : v;
		bytes[2 * i] = (uint8_t)v;
		bytes[2 * i + 1] = (uint8_t)(v >> 8);
	}
	free(sums);
}

const struct pacs_ph_kind pacs_ph_cr = {
    .name = "CR",
    .modality = "CR",
    .study = "Chest X-ray, one view",
    .series_base = 301,
    .compressible = true,
    .sop_class = sop_class,
    .describe = describe,
    .frame = frame,
};
