/*
 * The head of Shepp and Logan (IEEE Trans. Nucl. Sci. NS-21, 1974), in its
 * customary extension to ellipsoids, with values that scanners would measure,
 * a little different for each study, and with one lesion more.
 *
 * An ellipsoid meets a row of a slice in one interval, so drawing costs what
 * is inside, and a few square roots a row.
 */
#include <math.h>
#include <string.h>

#include "phantom/internal.h"

#define DEGREES (3.14159265358979323846 / 180)

/* Half axes, centre, angle; then what it adds in Hounsfield units, T1 and T2
 * weighted signal. */
static const struct {
	double a, b, c, x, y, z, phi;
	float values[3];
} parts[PACS_PH_ELLIPSOIDS] = {
    {.6900, .9200, .810, 0, 0, 0, 0, {1950, 90, 60}},        /* skull */
    {.6624, .8740, .780, 0, -.0184, 0, 0, {-915, 620, 520}}, /* brain */
    {.1100, .3100, .220, .22, 0, 0, -18, {-26, -430, 700}},  /* ventricle */
    {.1600, .4100, .280, -.22, 0, 0, 18, {-26, -430, 700}},  /* ventricle */
    {.2100, .2500, .410, 0, .35, -.15, 0, {9, 110, -120}},
    {.0460, .0460, .050, 0, .10, .25, 0, {22, 150, -160}},
    {.0460, .0460, .050, 0, -.10, .25, 0, {22, 150, -160}},
    {.0460, .0230, .050, -.08, -.605, 0, 0, {16, 120, -140}},
    {.0230, .0230, .020, 0, -.606, 0, 0, {16, 120, -140}},
    {.0230, .0460, .020, .06, -.605, 0, 0, {16, 120, -140}},
    {.0900, .0700, .080, 0, 0, 0, 0, {38, -260, 430}}, /* lesion */
};

void
pacs_ph_head_make(uint64_t seed, uint64_t study, enum pacs_ph_contrast contrast,
		  struct pacs_ph_head *ret)
{
	struct pacs_ph_random r =
	    pacs_ph_random_for(seed, PACS_PH_HEAD, study, 0, 0);
	double wide = pacs_ph_between(&r, .92, 1.04);
	double tall = pacs_ph_between(&r, .93, 1.02);
	double tilt = pacs_ph_between(&r, -6, 6);
	double where = pacs_ph_between(&r, 0, 360) * DEGREES;

	for (size_t i = 0; i < PACS_PH_ELLIPSOIDS; i++) {
		struct pacs_ph_ellipsoid *e = &ret->parts[i];
		double angle = tilt * DEGREES;
		double x = parts[i].x * wide, y = parts[i].y * tall;

		if (i == PACS_PH_LESION) {
			x = .38 * cos(where);
			y = .52 * sin(where);
		}
		e->a = parts[i].a * wide;
		e->b = parts[i].b * tall;
		e->c = parts[i].c;
		e->x = x * cos(angle) - y * sin(angle);
		e->y = x * sin(angle) + y * cos(angle);
		e->z = parts[i].z;
		e->phi = (parts[i].phi + tilt) * DEGREES;
		e->value = parts[i].values[contrast];
	}
	ret->parts[PACS_PH_LESION].z = pacs_ph_between(&r, -.25, .25);
}

double
pacs_ph_slice_step_mm(uint64_t n)
{
	return 180.0 / (double)n;
}

double
pacs_ph_slice_mm(uint64_t i, uint64_t n)
{
	return ((double)i + .5) * pacs_ph_slice_step_mm(n) - 90;
}

bool
pacs_ph_cut(const struct pacs_ph_ellipsoid *e, double z, double *ret_a,
	    double *ret_b)
{
	double h = (z - e->z) / e->c, s;

	if (h <= -1 || h >= 1)
		return false;
	s = sqrt(1 - h * h);
	*ret_a = e->a * s;
	*ret_b = e->b * s;
	return true;
}

/* Pixels that are cut by the edge get their part of the value. */
static void
add_interval(double first, double last, float value, unsigned columns,
	     float *sums)
{
	unsigned i, end;

	first = first < 0 ? 0 : first;
	last = last > columns ? columns : last;
	if (last <= first)
		return;
	i = (unsigned)first;
	end = (unsigned)last;
	if (i == end) {
		sums[i] += value * (float)(last - first);
		return;
	}
	sums[i] += value * (float)(i + 1 - first);
	while (++i < end)
		sums[i] += value;
	if (end < columns)
		sums[end] += value * (float)(last - end);
}

void
pacs_ph_ellipse_row(const struct pacs_ph_ellipsoid *e, double a, double b,
		    double y, unsigned columns, float *sums)
{
	double cosine = cos(e->phi), sine = sin(e->phi);
	double ia = 1 / (a * a), ib = 1 / (b * b), dy = y - e->y;
	double qa = cosine * cosine * ia + sine * sine * ib;
	double qb = cosine * sine * (ia - ib) * dy;
	double qc = (sine * sine * ia + cosine * cosine * ib) * dy * dy - 1;
	double d = qb * qb - qa * qc, middle, half;

	if (d <= 0)
		return;
	middle = e->x - qb / qa;
	half = sqrt(d) / qa;
	add_interval((middle - half + 1) / 2 * columns,
		     (middle + half + 1) / 2 * columns, e->value, columns,
		     sums);
}

void
pacs_ph_head_slice(const struct pacs_ph_head *head, double z, unsigned rows,
		   float *sums)
{
	for (size_t i = 0; i < PACS_PH_ELLIPSOIDS; i++) {
		const struct pacs_ph_ellipsoid *e = &head->parts[i];
		double a, b;

		if (!pacs_ph_cut(e, z, &a, &b))
			continue;
		for (unsigned row = 0; row < rows; row++)
			pacs_ph_ellipse_row(e, a, b, 1 - (2.0 * row + 1) / rows,
					    rows, sums + (size_t)row * rows);
	}
}
