/*
 * Default deny: what may show or say who somebody is where no rule for
 * attributes reaches, by kind.
 */
#include <stdlib.h>
#include <string.h>

#include "deid/internal.h"

static const struct {
	const char *name, *meaning;
} kinds[] = {
    {"us", "ultrasound, which shows names at the margin"},
    {"es", "endoscopy"},
    {"xc", "photographs and scans of the surface"},
    {"gm", "microscopy by camera"},
    {"op", "photographs of the eye"},
    {"slide", "a whole slide image of the label or of the whole slide"},
    {"sc", "secondary capture"},
    {"video", "video"},
    {"audio", "recorded voice or sound"},
    {"pdf", "an encapsulated PDF"},
    {"cda", "an encapsulated CDA document"},
    {"stl", "an encapsulated model (STL, OBJ, MTL)"},
    {"sr", "a structured report: its content becomes a dummy"},
    {"ko", "a key object selection: its content becomes a dummy"},
    {"pr", "a presentation state with text"},
    {"annotation", "annotations with free labels"},
    {"waveform-annotation", "a waveform with annotations"},
    {"raw", "raw data, of which nobody knows what is in it"},
    {"protocol", "a protocol or a structured display"},
    {"non-patient", "an object that is not of a patient"},
    {"retired", "a class that is retired"},
    {"private-class", "a private or unknown SOP class"},
    {"unknown-syntax", "a transfer syntax that is not known"},
    {"remote-pixels", "pixel data that are elsewhere"},
    {"burned-in", "Burned In Annotation says YES"},
    {"recognizable", "Recognizable Visual Features says YES"},
    {"overlay", "graphics in the unused bits of pixels"},
    {"screen", "a screen capture: by its image type or conversion type"},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *const pacs_deid_kinds[] = {"us",
				       "es",
				       "xc",
				       "gm",
				       "op",
				       "slide",
				       "sc",
				       "video",
				       "audio",
				       "pdf",
				       "cda",
				       "stl",
				       "sr",
				       "ko",
				       "pr",
				       "annotation",
				       "waveform-annotation",
				       "raw",
				       "protocol",
				       "non-patient",
				       "retired",
				       "private-class",
				       "unknown-syntax",
				       "remote-pixels",
				       "burned-in",
				       "recognizable",
				       "overlay",
				       "screen",
				       NULL};
_Static_assert(sizeof(pacs_deid_kinds) / sizeof(pacs_deid_kinds[0]) ==
		   KINDS + 1,
	       "one list");

static size_t
place_of(const char *kind)
{
	size_t i;

	for (i = 0; i < KINDS && strcmp(kinds[i].name, kind) != 0; i++)
		;
	return i;
}

const char *
pacs_deid_kind_meaning(const char *kind)
{
	size_t i = place_of(kind);

	return i < KINDS ? kinds[i].meaning : "";
}

uint64_t
pacs_deid_kind_bit(const char *kind)
{
	size_t i = place_of(kind);

	return i < KINDS ? UINT64_C(1) << i : 0;
}

/* --- by class --------------------------------------------------------------
 */

static int
by_uid(const void *key, const void *row)
{
	return strcmp(key, ((const struct pacs_deid_class *)row)->uid);
}

static const char *
kind_of_class(const char *uid)
{
	const struct pacs_deid_class *c =
	    bsearch(uid, pacs_deid_classes, pacs_deid_class_count,
		    sizeof(pacs_deid_classes[0]), by_uid);

	return c ? c->kind : "private-class";
}

static uint64_t
kind_of_modality(const char *modality)
{
	static const struct {
		const char *modality, *kind;
	} table[] = {{"US", "us"},  {"IVUS", "us"}, {"ES", "es"}, {"XC", "xc"},
		     {"DMS", "xc"}, {"GM", "gm"},   {"OP", "op"}, {"SC", "sc"}};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcasecmp(table[i].modality, modality))
			return pacs_deid_kind_bit(table[i].kind);
	return 0;
}

/* --- by content ------------------------------------------------------------
 */

static bool
contains(const char *s, size_t len, const char *part)
{
	size_t n = strlen(part), i;

	for (i = 0; i + n <= len; i++)
		if (!strncasecmp(s + i, part, n))
			return true;
	return false;
}

/* Whatever VR it states, and in whichever of several elements of the tag. */
static bool
has_text(const struct pacs_item *root, uint32_t tag, const char *part)
{
	const struct pacs_element *e = pacs_item_find(root, tag);
	bool found = false;

	for (; e && pacs_element_tag(e) == tag && !found;
	     e = pacs_element_next(e)) {
		size_t len = 0;
		const char *s = pacs_element_value(e, &len);

		found = s && contains(s, len, part);
	}
	return found;
}

static bool
has_value(const struct pacs_item *item, uint32_t tag)
{
	const struct pacs_element *e = pacs_item_find(item, tag);

	return e && pacs_element_length(e) > 0;
}

static bool
is_screen(const struct pacs_item *root)
{
	if (has_text(root, PACS_TAG_ImageType, "SCREEN") ||
	    has_text(root, PACS_TAG_ImageType, "\\DOSE") ||
	    has_text(root, PACS_TAG_ImageType, "SOM5 PROT") ||
	    has_text(root, PACS_TAG_ImageType, "SOM7 PROT"))
		return true;
	if (has_value(root, PACS_TAG_ConversionType) &&
	    !has_text(root, PACS_TAG_ConversionType, "SYN"))
		return true;
	return has_value(root, PACS_TAG_SecondaryCaptureDeviceID) ||
	       has_value(root, PACS_TAG_DateOfSecondaryCapture) ||
	       has_value(root, PACS_TAG_SecondaryCaptureDeviceManufacturer) ||
	       has_value(
		   root,
		   PACS_TAG_SecondaryCaptureDeviceManufacturerModelName) ||
	       has_value(root, PACS_TAG_SecondaryCaptureDeviceSoftwareVersions);
}

static bool
is_label(const struct pacs_item *root)
{
	return !has_text(root, PACS_TAG_ImageType, "VOLUME") ||
	       has_text(root, PACS_TAG_ImageType, "LABEL") ||
	       has_text(root, PACS_TAG_ImageType, "OVERVIEW") ||
	       has_text(root, PACS_TAG_SpecimenLabelInImage, "YES");
}

/* Is there text among the graphics? */
static bool
has_text_objects(const struct pacs_item *root)
{
	const struct pacs_element *e =
	    pacs_item_find(root, PACS_TAG_GraphicAnnotationSequence);
	size_t i;

	if (e && pacs_element_length(e) && !pacs_element_is_sequence(e))
		return true;
	for (i = 0; e && i < pacs_element_item_count(e); i++) {
		const struct pacs_item *item = pacs_element_item(e, i);

		if (has_value(item, PACS_TAG_TextObjectSequence) ||
		    has_value(item, PACS_TAG_CompoundGraphicSequence))
			return true;
	}
	return false;
}

static uint64_t
kinds_of_class(const struct pacs_deid *d, const struct pacs_item *root,
	       const char *uid)
{
	const char *kind = kind_of_class(uid);

	if (!strcmp(kind, "image") || !strcmp(kind, "waveform"))
		return 0;
	if (!strcmp(kind, "slide"))
		return is_label(root) ? pacs_deid_kind_bit(kind) : 0;
	if (!strcmp(kind, "pr"))
		return has_text_objects(root) &&
			       !(d->opts->columns & PACS_OPT_GRAPHICS)
			   ? pacs_deid_kind_bit(kind)
			   : 0;
	return pacs_deid_kind_bit(kind);
}

/* Group 0002 may say something else: what has two classes is of the kinds of
 * both. */
static uint64_t
class_kinds(const struct pacs_deid *d, struct pacs_dataset *ds)
{
	const struct pacs_item *root = pacs_dataset_root(ds);
	char uid[PACS_UID_MAX + 1] = "", stated[PACS_UID_MAX + 1];
	uint64_t found = pacs_deid_kind_bit("private-class");

	if (pacs_item_uid(root, PACS_TAG_SOPClassUID, uid, sizeof(uid)))
		found = kinds_of_class(d, root, uid);
	if (pacs_item_uid(pacs_dataset_meta(ds),
			  PACS_TAG_MediaStorageSOPClassUID, stated,
			  sizeof(stated)) &&
	    strcmp(stated, uid) != 0)
		found |= kinds_of_class(d, root, stated);
	return found;
}

/* --- by transfer syntax ------------------------------------------------------
 */

static uint64_t
syntax_kinds(struct pacs_dataset *ds)
{
	static const char *const video[] = {
	    "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101",
	    "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.103",
	    "1.2.840.10008.1.2.4.104", "1.2.840.10008.1.2.4.105",
	    "1.2.840.10008.1.2.4.106", "1.2.840.10008.1.2.4.107",
	    "1.2.840.10008.1.2.4.108", "1.2.840.10008.1.2.7."};
	const char *uid = pacs_dataset_info(ds)->transfer_syntax;
	size_t i;

	for (i = 0; i < sizeof(video) / sizeof(video[0]); i++)
		if (!strncmp(uid, video[i], strlen(video[i])))
			return pacs_deid_kind_bit("video");
	return pacs_syntax_find(uid) ? 0 : pacs_deid_kind_bit("unknown-syntax");
}

uint64_t
withhold_kinds(const struct pacs_deid *d, struct pacs_dataset *ds)
{
	const struct pacs_item *root = pacs_dataset_root(ds);
	struct pacs_buf modality = {0};
	uint64_t found = class_kinds(d, ds) | syntax_kinds(ds);
	char *one, *rest;

	pacs_item_text(root, PACS_TAG_Modality, &modality);
	for (one = modality.len ? strtok_r(modality.data, "\\", &rest) : NULL;
	     one; one = strtok_r(NULL, "\\", &rest))
		found |= kind_of_modality(one);
	pacs_buf_clear(&modality);
	if (has_text(root, PACS_TAG_BurnedInAnnotation, "YES"))
		found |= pacs_deid_kind_bit("burned-in");
	if (has_text(root, PACS_TAG_RecognizableVisualFeatures, "YES"))
		found |= pacs_deid_kind_bit("recognizable");
	if (pixels_hold_overlay(root, d->opts->columns & PACS_OPT_GRAPHICS))
		found |= pacs_deid_kind_bit("overlay");
	if (is_screen(root))
		found |= pacs_deid_kind_bit("screen");
	if (has_value(root, PACS_TAG_WaveformAnnotationSequence))
		found |= pacs_deid_kind_bit("waveform-annotation");
	if (has_value(root, PACS_TAG_PixelDataProviderURL))
		found |= pacs_deid_kind_bit("remote-pixels");
	return found;
}
