/*
 * Ultrasound Multi-frame Image (PS3.3 A.7): a loop of a sector that breathes,
 * grey, or in every second image with a box of colour Doppler.
 *
 * Echoes live on a polar grid that is made once; a frame looks them up, moved
 * along the beam, so that gigabytes of frames cost little.
 */
#include <math.h>
#include <stdlib.h>

#include "phantom/internal.h"

#define USUAL_FRAMES 12
#define DEPTHS       1024
#define BEAMS        256
#define OUTSIDE      UINT32_MAX
#define TURN         6.28318530717958647692

struct echoes {
	uint8_t grid[BEAMS][DEPTHS];
	uint32_t map[]; /* beam << 16 | depth for each pixel */
};

static bool
is_colour(const struct pacs_ph_object *o)
{
	return (o->instance + o->series) % 2 != 0;
}

static const char *
sop_class(const struct pacs_ph_object *o)
{
	(void)o;
	return "1.2.840.10008.5.1.4.1.1.3.1";
}

/* How bright tissue is: layers below the skin, a liver, two dark cysts, the
 * bright arc of the diaphragm. depth and beam from 0 to 1. */
static double
tissue(double depth, double beam)
{
	double c1 = hypot((depth - .45) * 1.4, beam - .35);
	double c2 = hypot((depth - .62) * 1.4, beam - .66);
	double arc = fabs(depth - .82 - .12 * (beam - .5) * (beam - .5));

	if (c1 < .09 || c2 < .06)
		return .04;
	if (c1 < .1 || c2 < .07)
		return .9;
	if (arc < .012)
		return 1.6;
	if (depth < .12)
		return .6 + .35 * sin(depth * 160);
	return arc < .05 && depth > .84 ? .2 : .55;
}

static void
fill_grid(const struct pacs_ph_object *o, struct echoes *e)
{
	struct pacs_ph_random r =
	    pacs_ph_random_for(o->opts->seed, PACS_PH_NOISE, o->study->number,
			       200 + o->series, o->instance);
	double last = 0;

	for (unsigned b = 0; b < BEAMS; b++) {
		for (unsigned d = 0; d < DEPTHS; d++) {
			double depth = (double)d / DEPTHS;
			double fade = 1.15 - .55 * depth;
			/* Speckle: strong, and smeared along the beam. */
			double s = pacs_ph_between(&r, 0, 1);
			double v;

			last = .5 * last + .5 * s * s * 2.4;
			v = 200 * fade * tissue(depth, (double)b / BEAMS) *
			    last;
			e->grid[b][d] = (uint8_t)(v > 255 ? 255 : v);
		}
	}
}

static void
fill_map(struct echoes *e, unsigned rows)
{
	const double half = .75; /* radians to each side */
	size_t i = 0;

	for (unsigned row = 0; row < rows; row++) {
		for (unsigned col = 0; col < rows; col++, i++) {
			double x = (col + .5) / rows - .5;
			double y = (row + .5) / rows + .02;
			double depth = (hypot(x, y) - .08) / .9;
			double beam = (atan2(x, y) + half) / (2 * half);

			e->map[i] = OUTSIDE;
			if (depth >= 0 && depth < 1 && beam >= 0 && beam < 1)
				e->map[i] = (uint32_t)(beam * BEAMS) << 16 |
					    (uint32_t)(depth * DEPTHS);
		}
	}
}

static void
put_colour(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	if (!is_colour(o))
		return;
	pacs_ph_u16(p, PACS_TAG_SamplesPerPixel, 3);
	pacs_ph_text(p, PACS_TAG_PhotometricInterpretation, "RGB");
	pacs_ph_u16(p, PACS_TAG_PlanarConfiguration, 0);
	o->frame_bytes *= 3;
}

static void
put_cine(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	o->frames = o->opts->frames ? (uint32_t)o->opts->frames : USUAL_FRAMES;
	pacs_ph_textf(p, PACS_TAG_NumberOfFrames, "%u", o->frames);
	pacs_ph_text(p, PACS_TAG_FrameTime, "40");
	pacs_ph_at(p, PACS_TAG_FrameIncrementPointer, PACS_TAG_FrameTime);
	pacs_ph_text(p, PACS_TAG_RecommendedDisplayFrameRate, "25");
	pacs_ph_text(p, PACS_TAG_CineRate, "25");
}

static void
describe(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	size_t rows = o->opts->rows;
	struct echoes *e =
	    pacs_malloc(sizeof(*e) + rows * rows * sizeof(*e->map));

	pacs_ph_text(p, PACS_TAG_SeriesDescription, "Liver");
	pacs_ph_text(p, PACS_TAG_BodyPartExamined, "ABDOMEN");
	pacs_ph_put_instance(o, p);
	pacs_ph_text(p, PACS_TAG_PatientOrientation, "");
	pacs_ph_text(p, PACS_TAG_ImageType, "ORIGINAL\\PRIMARY\\ABDOMINAL");
	pacs_ph_text(p, PACS_TAG_LossyImageCompression, "00");
	pacs_ph_u16(p, PACS_TAG_UltrasoundColorDataPresent, is_colour(o));
	pacs_ph_text(p, PACS_TAG_TransducerType, "CURVED LINEAR");
	pacs_ph_put_pixels(o, p, 8, 8, false);
	put_colour(o, p);
	put_cine(o, p);
	fill_grid(o, e);
	fill_map(e, (unsigned)rows);
	o->state = e;
}

/* Blood towards the probe is red, away from it blue. */
static void
doppler(unsigned beam, unsigned depth, double phase, uint8_t *rgb)
{
	double flow = sin(phase + depth * .02 + beam * .05);

	if (depth < 560 || depth > 760 || beam < 100 || beam > 160 ||
	    fabs(flow) < .35)
		return;
	rgb[0] = (uint8_t)(flow > 0 ? 90 + 160 * flow : 0);
	rgb[1] = (uint8_t)(30 * fabs(flow));
	rgb[2] = (uint8_t)(flow < 0 ? 90 - 160 * flow : 0);
}

static void
frame(const struct pacs_ph_object *o, uint32_t number, uint8_t *bytes)
{
	const struct echoes *e = o->state;
	size_t count = o->opts->rows * o->opts->rows;
	/* One breath is 75 frames. */
	double phase = TURN * (number % 75) / 75;
	bool colour = is_colour(o);
	unsigned move[BEAMS];

	for (unsigned b = 0; b < BEAMS; b++)
		move[b] =
		    (unsigned)lrint(12 + 12 * sin(phase + (double)b / BEAMS));
	for (size_t i = 0; i < count; i++) {
		uint32_t at = e->map[i];
		unsigned beam = at >> 16, depth = at & 0xffff;
		uint8_t v = 0;

		if (at != OUTSIDE)
			v = e->grid[beam][(depth + move[beam]) % DEPTHS];
		if (!colour) {
			bytes[i] = v;
			continue;
		}
		bytes[3 * i] = bytes[3 * i + 1] = bytes[3 * i + 2] = v;
		if (at != OUTSIDE)
			doppler(beam, depth, phase, bytes + 3 * i);
	}
}

const struct pacs_ph_kind pacs_ph_us = {
    .name = "US",
    .modality = "US",
    .study = "US abdomen complete",
    .series_base = 201,
    .compressible = true,
    .sop_class = sop_class,
    .describe = describe,
    .frame = frame,
};
