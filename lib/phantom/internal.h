/*
 * What the files of this room share: the plan (which object is number i, whose
 * is it), ways to put values, and one table of kinds.
 */
#ifndef PACS_PHANTOM_INTERNAL_H
#define PACS_PHANTOM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "dicom/dataset.h"
#include "dicom/tag.h"
#include "dicom/uid.h"
#include "phantom/phantom.h"

/* --- chance that can be repeated (random.c) ------------------------------ */

struct pacs_ph_random {
	uint64_t state;
};

/* What a stream of numbers or a UID is for. */
enum pacs_ph_purpose {
	PACS_PH_PATIENT = 1,
	PACS_PH_STUDY,
	PACS_PH_SERIES,
	PACS_PH_INSTANCE,
	PACS_PH_FRAME_OF_REFERENCE,
	PACS_PH_DIMENSIONS,
	PACS_PH_HEAD,
	PACS_PH_NOISE,
	PACS_PH_TEXT,
	PACS_PH_TRACKING,
};

/* A stream that depends on all of the numbers and on nothing else. */
struct pacs_ph_random pacs_ph_random_for(uint64_t seed,
					 enum pacs_ph_purpose purpose,
					 uint64_t a, uint64_t b, uint64_t c);
uint64_t pacs_ph_next(struct pacs_ph_random *r);
unsigned pacs_ph_below(struct pacs_ph_random *r, unsigned n);
double pacs_ph_between(struct pacs_ph_random *r, double low, double high);
/* A UID 2.25.*, buf[PACS_UID_MAX + 1]. */
void pacs_ph_uid(uint64_t seed, enum pacs_ph_purpose purpose, uint64_t a,
		 uint64_t b, uint64_t c, char *buf);

/* --- people (people.c, names.c) ------------------------------------------ */

/* A part of a name in up to three forms; NULL where a script has fewer. */
struct pacs_ph_name {
	const char *alphabetic, *ideographic, *phonetic;
	const char *alphabetic_f; /* of a woman, where it differs */
};

struct pacs_ph_names {
	const char *charset; /* value of (0008,0005) */
	const struct pacs_ph_name *family, *female, *male;
	size_t family_count, female_count, male_count;
	const char *const *hospitals; /* 4 of them */
};

/* Ended by a NULL charset. */
extern const struct pacs_ph_names pacs_ph_name_tables[];

#define PACS_PH_TEXT_SIZE 192

struct pacs_ph_study {
	uint64_t number;
	const struct pacs_ph_names *names;
	const char *charset; /* as written; "" for the default repertoire */
	char uid[PACS_UID_MAX + 1];
	char id[17], accession[17];
	char date[9], time[16];
	char patient_id[17];
	char patient_name[PACS_PH_TEXT_SIZE];
	char patient_sex[2];
	char birth_date[9];
	unsigned age_years;
	unsigned height_cm, weight_kg;
	char referring[PACS_PH_TEXT_SIZE];
	char reporting[PACS_PH_TEXT_SIZE];
	const char *hospital;
};

void pacs_ph_study_make(const struct pacs_phantom_options *opts,
			uint64_t number, struct pacs_ph_study *ret);

/* --- the head that CT, MR, RTSTRUCT and SEG share (head.c) ---------------- */

#define PACS_PH_FOV_MM     240.0 /* of a slice: x and y from -1 to 1 */
#define PACS_PH_ELLIPSOIDS 11

/* Half axes and centre in units of half the field of view. */
struct pacs_ph_ellipsoid {
	double a, b, c, x, y, z, phi;
	float value; /* added to what is inside */
};

struct pacs_ph_head {
	struct pacs_ph_ellipsoid parts[PACS_PH_ELLIPSOIDS];
};

enum pacs_ph_contrast { PACS_PH_HOUNSFIELD, PACS_PH_T1, PACS_PH_T2 };
/* Parts that have names. */
enum { PACS_PH_SKULL = 0, PACS_PH_BRAIN = 1, PACS_PH_LESION = 10 };

void pacs_ph_head_make(uint64_t seed, uint64_t study,
		       enum pacs_ph_contrast contrast,
		       struct pacs_ph_head *ret);
/* An ellipsoid cut at z: half axes of the ellipse; false: it does not. */
bool pacs_ph_cut(const struct pacs_ph_ellipsoid *e, double z, double *ret_a,
		 double *ret_b);
/* Height of slice i of n, and the distance of slices, in mm. */
double pacs_ph_slice_mm(uint64_t i, uint64_t n);
double pacs_ph_slice_step_mm(uint64_t n);
/* Add a slice to sums[rows * rows]. */
void pacs_ph_head_slice(const struct pacs_ph_head *head, double z,
			unsigned rows, float *sums);
/* Add value to what of a row is inside the ellipse with these half axes. */
void pacs_ph_ellipse_row(const struct pacs_ph_ellipsoid *e, double a, double b,
			 double y, unsigned columns, float *sums);

/* --- one object ----------------------------------------------------------- */

struct pacs_ph_kind;

struct pacs_ph_object {
	const struct pacs_phantom_options *opts;
	const struct pacs_ph_kind *kind;
	const struct pacs_ph_study *study;
	uint64_t series, instance; /* from 0 */
	char series_uid[PACS_UID_MAX + 1];
	char sop_uid[PACS_UID_MAX + 1];
	const char *sop_class;
	/* Of the pixel data: filled by describe(). */
	uint32_t frames;
	uint64_t frame_bytes; /* even; 0: no pixel data */
	unsigned bits_allocated;
	void *state; /* malloced by describe(), freed by the caller */
};

/* Where values go; the first error is kept and ends all putting. */
struct pacs_ph_put {
	struct pacs_error *err;
	struct pacs_item *item;
};

struct pacs_ph_kind {
	const char *name, *modality;
	const char *study;    /* Study Description; NULL: goes with others */
	uint64_t series_base; /* Series Number of the first */
	bool alone;           /* one instance in a series */
	bool compressible;    /* its pixels can go through the codecs */
	const char *(*sop_class)(const struct pacs_ph_object *o);
	/* Puts all but pixel data; root has patient, study and series. */
	void (*describe)(struct pacs_ph_object *o, struct pacs_ph_put *root);
	/* Frame number i, little endian; NULL: no pixel data. */
	void (*frame)(const struct pacs_ph_object *o, uint32_t i,
		      uint8_t *bytes);
};

extern const struct pacs_ph_kind pacs_ph_ct, pacs_ph_mr, pacs_ph_us, pacs_ph_cr,
    pacs_ph_sr, pacs_ph_pdf, pacs_ph_rtstruct, pacs_ph_seg;
extern const struct pacs_ph_kind *const pacs_ph_kinds[PACS_PHANTOM_KINDS];

/* UIDs of any object of a study, by its place. */
void pacs_ph_series_uid(const struct pacs_phantom_options *opts, uint64_t study,
			enum pacs_phantom_kind kind, uint64_t series,
			char *buf);
void pacs_ph_sop_uid(const struct pacs_phantom_options *opts, uint64_t study,
		     enum pacs_phantom_kind kind, uint64_t series,
		     uint64_t instance, char *buf);

/* The object as a Part 10 file in an open file; *ret_size its bytes. */
enum pacs_err pacs_ph_write(struct pacs_error *err, struct pacs_ph_object *o,
			    const char *syntax, int fd,
			    uint64_t *ret_size) PACS_MUST_CHECK;
/* The kinds that are made: those asked for, and what they refer to. */
unsigned pacs_ph_kinds_made(const struct pacs_phantom_options *opts);

/* --- putting (put.c, modules.c) ------------------------------------------- */

void pacs_ph_text(struct pacs_ph_put *p, uint32_t tag, const char *text);
void pacs_ph_textf(struct pacs_ph_put *p, uint32_t tag, const char *fmt, ...)
    PACS_PRINTF(3, 4);
void pacs_ph_u16(struct pacs_ph_put *p, uint32_t tag, unsigned value);
void pacs_ph_u32(struct pacs_ph_put *p, uint32_t tag, uint32_t value);
void pacs_ph_at(struct pacs_ph_put *p, uint32_t tag, uint32_t value);
/* A new item in the sequence with that tag. */
struct pacs_ph_put pacs_ph_item(struct pacs_ph_put *p, uint32_t seq_tag);
/* A coded entry as one item of a sequence. */
void pacs_ph_code(struct pacs_ph_put *p, uint32_t seq_tag, const char *value,
		  const char *scheme, const char *meaning);
/* ReferencedSOPClassUID and ReferencedSOPInstanceUID. */
void pacs_ph_reference(struct pacs_ph_put *p, const char *sop_class,
		       const char *sop_uid);

/* Patient, General Study, General Series, General Equipment, SOP Common. */
void pacs_ph_put_common(struct pacs_ph_object *o, struct pacs_ph_put *p);
/* Image Pixel of one sample, rows x rows. */
void pacs_ph_put_pixels(struct pacs_ph_object *o, struct pacs_ph_put *p,
			unsigned allocated, unsigned stored, bool is_signed);
/* Image Plane, Frame of Reference of an axial slice. */
void pacs_ph_put_plane(struct pacs_ph_object *o, struct pacs_ph_put *p);
void pacs_ph_put_frame_of_reference(struct pacs_ph_object *o,
				    struct pacs_ph_put *p);
/* Pixel Measures and Plane Orientation of so many axial slices, for all frames:
 * into the item of the Shared Functional Groups Sequence. */
void pacs_ph_put_volume(struct pacs_ph_object *o, struct pacs_ph_put *shared,
			uint64_t slices);
/* A reference to the CT image of a slice, in the same study and series. */
#define PACS_PH_CT_CLASS "1.2.840.10008.5.1.4.1.1.2"
void pacs_ph_put_ct(struct pacs_ph_object *o, struct pacs_ph_put *p,
		    uint64_t slice);
/* Instance Number and the time it was made. */
void pacs_ph_put_instance(struct pacs_ph_object *o, struct pacs_ph_put *p);

#endif
