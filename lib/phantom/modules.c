/*
 * Modules that many objects have (PS3.3 C.7, C.12).
 */
#include <stdio.h>
#include <string.h>

#include "phantom/internal.h"

static void
put_patient(const struct pacs_ph_study *s, struct pacs_ph_put *p)
{
	pacs_ph_text(p, PACS_TAG_PatientName, s->patient_name);
	pacs_ph_text(p, PACS_TAG_PatientID, s->patient_id);
	pacs_ph_text(p, PACS_TAG_PatientBirthDate, s->birth_date);
	pacs_ph_text(p, PACS_TAG_PatientSex, s->patient_sex);
	pacs_ph_text(p, PACS_TAG_PatientComments,
		     "Synthetic, made by pacs-phantom; not a person");
}

/* All kinds of a study share it: that of the first which has one. */
static const char *
study_description(const struct pacs_phantom_options *opts)
{
	unsigned made = pacs_ph_kinds_made(opts);
	int k;

	for (k = 0; k < PACS_PHANTOM_KINDS; k++)
		if (made & 1u << k && pacs_ph_kinds[k]->study)
			return pacs_ph_kinds[k]->study;
	return "Documents";
}

static void
put_study(const struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	const struct pacs_ph_study *s = o->study;

	pacs_ph_text(p, PACS_TAG_StudyDate, s->date);
	pacs_ph_text(p, PACS_TAG_StudyTime, s->time);
	pacs_ph_text(p, PACS_TAG_AccessionNumber, s->accession);
	pacs_ph_text(p, PACS_TAG_ReferringPhysicianName, s->referring);
	pacs_ph_text(p, PACS_TAG_StudyInstanceUID, s->uid);
	pacs_ph_text(p, PACS_TAG_StudyID, s->id);
	pacs_ph_text(p, PACS_TAG_StudyDescription, study_description(o->opts));
	pacs_ph_textf(p, PACS_TAG_PatientAge, "%03uY", s->age_years);
	pacs_ph_textf(p, PACS_TAG_PatientSize, "%u.%02u", s->height_cm / 100,
		      s->height_cm % 100);
	pacs_ph_textf(p, PACS_TAG_PatientWeight, "%u", s->weight_kg);
}

static void
put_equipment(const struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	pacs_ph_text(p, PACS_TAG_Manufacturer, "pacs-tools");
	pacs_ph_text(p, PACS_TAG_InstitutionName, o->study->hospital);
	pacs_ph_textf(p, PACS_TAG_StationName, "%s%u", o->kind->modality,
		      (unsigned)(o->study->number % 3 + 1));
	pacs_ph_textf(p, PACS_TAG_ManufacturerModelName, "pacs-phantom %s",
		      o->kind->modality);
	pacs_ph_text(p, PACS_TAG_DeviceSerialNumber, "2024001");
	pacs_ph_text(p, PACS_TAG_SoftwareVersions, PACS_IMPLEMENTATION_VERSION);
}

void
pacs_ph_put_common(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	const struct pacs_ph_study *s = o->study;

	/* First, since it rules how the others are written. */
	if (s->charset[0])
		pacs_ph_text(p, PACS_TAG_SpecificCharacterSet, s->charset);
	pacs_ph_text(p, PACS_TAG_SOPClassUID, o->sop_class);
	pacs_ph_text(p, PACS_TAG_SOPInstanceUID, o->sop_uid);
	pacs_ph_text(p, PACS_TAG_InstanceCreationDate, s->date);
	pacs_ph_text(p, PACS_TAG_InstanceCreationTime, s->time);
	put_patient(s, p);
	put_study(o, p);
	pacs_ph_text(p, PACS_TAG_Modality, o->kind->modality);
	pacs_ph_text(p, PACS_TAG_SeriesInstanceUID, o->series_uid);
	pacs_ph_textf(p, PACS_TAG_SeriesNumber, "%u",
		      (unsigned)(o->kind->series_base + o->series));
	pacs_ph_text(p, PACS_TAG_SeriesDate, s->date);
	pacs_ph_text(p, PACS_TAG_SeriesTime, s->time);
	put_equipment(o, p);
}

void
pacs_ph_put_instance(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	pacs_ph_textf(p, PACS_TAG_InstanceNumber, "%u",
		      (unsigned)(o->instance + 1));
	pacs_ph_text(p, PACS_TAG_ContentDate, o->study->date);
	pacs_ph_text(p, PACS_TAG_ContentTime, o->study->time);
}

void
pacs_ph_put_pixels(struct pacs_ph_object *o, struct pacs_ph_put *p,
		   unsigned allocated, unsigned stored, bool is_signed)
{
	unsigned rows = (unsigned)o->opts->rows;

	pacs_ph_u16(p, PACS_TAG_SamplesPerPixel, 1);
	pacs_ph_text(p, PACS_TAG_PhotometricInterpretation, "MONOCHROME2");
	pacs_ph_u16(p, PACS_TAG_Rows, rows);
	pacs_ph_u16(p, PACS_TAG_Columns, rows);
	pacs_ph_u16(p, PACS_TAG_BitsAllocated, allocated);
	pacs_ph_u16(p, PACS_TAG_BitsStored, stored);
	pacs_ph_u16(p, PACS_TAG_HighBit, stored - 1);
	pacs_ph_u16(p, PACS_TAG_PixelRepresentation, is_signed);
	o->frames = 1;
	o->bits_allocated = allocated;
	o->frame_bytes = (uint64_t)rows * rows * allocated / 8;
}

void
pacs_ph_put_frame_of_reference(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	char uid[PACS_UID_MAX + 1];

	pacs_ph_uid(o->opts->seed, PACS_PH_FRAME_OF_REFERENCE, o->study->number,
		    0, 0, uid);
	pacs_ph_text(p, PACS_TAG_FrameOfReferenceUID, uid);
	pacs_ph_text(p, PACS_TAG_PositionReferenceIndicator, "");
}

void
pacs_ph_put_plane(struct pacs_ph_object *o, struct pacs_ph_put *p)
{
	double spacing = PACS_PH_FOV_MM / (double)o->opts->rows;
	double corner = (spacing - PACS_PH_FOV_MM) / 2;
	double z = pacs_ph_slice_mm(o->instance, o->opts->instances);

	pacs_ph_put_frame_of_reference(o, p);
	pacs_ph_textf(p, PACS_TAG_PixelSpacing, "%.6g\\%.6g", spacing, spacing);
	pacs_ph_text(p, PACS_TAG_ImageOrientationPatient, "1\\0\\0\\0\\1\\0");
	pacs_ph_textf(p, PACS_TAG_ImagePositionPatient, "%.8g\\%.8g\\%.8g",
		      corner, corner, z);
	pacs_ph_textf(p, PACS_TAG_SliceThickness, "%.6g",
		      pacs_ph_slice_step_mm(o->opts->instances));
	pacs_ph_textf(p, PACS_TAG_SliceLocation, "%.8g", z);
}

void
pacs_ph_put_volume(struct pacs_ph_object *o, struct pacs_ph_put *shared,
		   uint64_t slices)
{
	double spacing = PACS_PH_FOV_MM / (double)o->opts->rows;
	double step = pacs_ph_slice_step_mm(slices);
	struct pacs_ph_put item =
	    pacs_ph_item(shared, PACS_TAG_PixelMeasuresSequence);

	pacs_ph_textf(&item, PACS_TAG_SliceThickness, "%.6g", step);
	pacs_ph_textf(&item, PACS_TAG_SpacingBetweenSlices, "%.6g", step);
	pacs_ph_textf(&item, PACS_TAG_PixelSpacing, "%.6g\\%.6g", spacing,
		      spacing);
	item = pacs_ph_item(shared, PACS_TAG_PlaneOrientationSequence);
	pacs_ph_text(&item, PACS_TAG_ImageOrientationPatient,
		     "1\\0\\0\\0\\1\\0");
}

void
pacs_ph_put_ct(struct pacs_ph_object *o, struct pacs_ph_put *p, uint64_t slice)
{
	char uid[PACS_UID_MAX + 1];

	pacs_ph_sop_uid(o->opts, o->study->number, PACS_PHANTOM_CT, o->series,
			slice, uid);
	pacs_ph_reference(p, PACS_PH_CT_CLASS, uid);
}
