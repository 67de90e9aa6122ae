/*
 * Bulk data: how long what an image, a waveform, a lookup table or an overlay
 * describes may be, and where it may stand. What is beyond that no reader
 * shows, and nobody knows what it is.
 */
#include <string.h>

#include "deid/internal.h"

/* A count that the item gives; otherwise if it gives none. */
static uint64_t
count_of(const struct pacs_item *item, uint32_t tag, uint64_t otherwise)
{
	int64_t n;

	if (!pacs_item_int(item, tag, 0, &n) || n < 1 || n > UINT32_MAX)
		return otherwise;
	return (uint64_t)n;
}

static uint64_t
product(uint64_t a, uint64_t b)
{
	uint64_t ret;

	return __builtin_mul_overflow(a, b, &ret) ? UINT64_MAX : ret;
}

static uint64_t
bytes_of(uint64_t cells, uint64_t bits)
{
	uint64_t n = product(cells, bits);

	return n / 8 + (n % 8 != 0);
}

/* Cells of odd sizes are packed by some, and padded by others. */
static uint64_t
bits_of_cell(const struct pacs_item *root, uint32_t tag)
{
	switch (tag) {
	case PACS_TAG_FloatPixelData:
		return 32;
	case PACS_TAG_DoubleFloatPixelData:
		return 64;
	default: {
		uint64_t bits = count_of(root, PACS_TAG_BitsAllocated, 16);

		return bits == 1 ? 1 : (bits + 7) / 8 * 8;
	}
	}
}

void
pixels_measure(const struct pacs_item *root, struct pixels_size *ret)
{
	/* Planes are of ACR-NEMA. */
	ret->samples = product(count_of(root, PACS_TAG_SamplesPerPixel, 1),
			       count_of(root, PACS_TAG_Planes, 1));
	ret->cells = product(count_of(root, PACS_TAG_Rows, 0),
			     count_of(root, PACS_TAG_Columns, 0));
	ret->frames = count_of(root, PACS_TAG_NumberOfFrames, 1);
	ret->bytes = bytes_of(product(ret->cells, ret->samples),
			      bits_of_cell(root, PACS_TAG_PixelData));
}

/* All frames; 0 if there is no image. */
static uint64_t
length_of_image(const struct pacs_item *root, uint32_t tag)
{
	struct pixels_size size;

	pixels_measure(root, &size);
	return bytes_of(product(product(size.cells, size.samples), size.frames),
			bits_of_cell(root, tag));
}

static uint64_t
length_of_overlay(const struct pacs_item *item, uint32_t tag)
{
	uint32_t group = tag & 0xffff0000u;
	uint64_t cells = product(count_of(item, group | 0x0010u, 0),
				 count_of(item, group | 0x0011u, 0));

	return bytes_of(product(cells, count_of(item, group | 0x0015u, 1)),
			count_of(item, group | 0x0100u, 1));
}

static uint64_t
length_of_waveform(const struct pacs_item *item)
{
	uint64_t cells =
	    product(count_of(item, PACS_TAG_NumberOfWaveformChannels, 0),
		    count_of(item, PACS_TAG_NumberOfWaveformSamples, 0));

	return bytes_of(cells,
			count_of(item, PACS_TAG_WaveformBitsAllocated, 16));
}

/* Entries, of which 0 means 65536, and the bits of each; no descriptor, no
 * table. */
static uint64_t
length_of_table(const struct pacs_item *item, uint32_t descriptor)
{
	int64_t entries;

	if (!pacs_item_int(item, descriptor, 0, &entries))
		return 0;
	entries &= 0xffff;
	return (entries ? (uint64_t)entries : 65536u) * 2;
}

/* Is it in an item of that sequence of the root? */
static bool
is_in(const struct pacs_item *item, uint32_t sequence)
{
	const struct pacs_element *around = pacs_item_sequence(item);

	return around && pacs_element_tag(around) == sequence &&
	       !pacs_item_sequence(pacs_element_owner(around));
}

static bool
is_offset_table(const struct walk *w, const struct pacs_element *e)
{
	const struct pacs_element *pixels =
	    pacs_item_find(w->root, PACS_TAG_PixelData);
	size_t length = 0, i;
	const uint8_t *p = pacs_element_value(e, &length);

	/* Nothing is as long as 256 TiB, but words are. */
	for (i = 0; p && i + 8 <= length; i += 8)
		if (p[i + 6] || p[i + 7])
			return false;
	return pixels && pacs_element_is_encapsulated(pixels) &&
	       length % 8 == 0 &&
	       length / 8 < pacs_element_fragment_count(pixels);
}

/* Bytes that an element of bulk data may have; 0: it has no place here. */
static uint64_t
allowed_length(const struct walk *w, const struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	bool at_root = w->item == w->root;

	if (PACS_TAG_ELEMENT(tag) == 0)
		return UINT64_MAX; /* counted anew */
	switch (tag) {
	case PACS_TAG_PixelData:
	case PACS_TAG_FloatPixelData:
	case PACS_TAG_DoubleFloatPixelData:
		return at_root ? length_of_image(w->root, tag) : 0;
	case PACS_TAG_ExtendedOffsetTable:
	case PACS_TAG_ExtendedOffsetTableLengths:
		return at_root && is_offset_table(w, e) ? UINT64_MAX : 0;
	case PACS_TAG_EncapsulatedPixelDataValueTotalLength:
		return at_root ? 8 : 0;
	case PACS_TAG_WaveformData:
		return is_in(w->item, PACS_TAG_WaveformSequence)
			   ? length_of_waveform(w->item)
			   : 0;
	case PACS_TAG_ChannelMinimumValue:
	case PACS_TAG_ChannelMaximumValue:
	case PACS_TAG_WaveformPaddingValue:
		return bytes_of(
		    1, count_of(w->item, PACS_TAG_WaveformBitsAllocated, 16));
	case PACS_TAG_RedPaletteColorLookupTableData:
	case PACS_TAG_GreenPaletteColorLookupTableData:
	case PACS_TAG_BluePaletteColorLookupTableData:
	case PACS_TAG_AlphaPaletteColorLookupTableData:
		return length_of_table(w->item, tag - 0x100u);
	case PACS_TAG_SegmentedRedPaletteColorLookupTableData:
	case PACS_TAG_SegmentedGreenPaletteColorLookupTableData:
	case PACS_TAG_SegmentedBluePaletteColorLookupTableData:
	case PACS_TAG_SegmentedAlphaPaletteColorLookupTableData:
		/* Three words for an entry, if each is a segment (PS3.3
		 * C.7.9.2). */
		return 3 * length_of_table(w->item, tag - 0x120u);
	case PACS_TAG_BlendingLookupTableData:
		return length_of_table(w->item,
				       PACS_TAG_BlendingLookupTableDescriptor);
	case PACS_TAG_LargeRedPaletteColorLookupTableData:
	case PACS_TAG_LargeGreenPaletteColorLookupTableData:
	case PACS_TAG_LargeBluePaletteColorLookupTableData:
		return 0; /* retired */
	case PACS_TAG_LUTData:
		return length_of_table(w->item, PACS_TAG_LUTDescriptor);
	default:
		if (PACS_TAG_GROUP(tag) >> 8 == 0x7f)
			return 0; /* retired, or none */
		if (PACS_TAG_GROUP(tag) >> 8 == 0x60 &&
		    PACS_TAG_ELEMENT(tag) == 0x3000)
			return length_of_overlay(w->item, tag);
		return UINT64_MAX;
	}
}

bool
pixels_cut(const struct walk *w, struct pacs_element *e)
{
	uint64_t length = pacs_element_length(e), allowed;

	if (pacs_element_is_encapsulated(e))
		return w->item == w->root;
	if (!length || pacs_element_is_sequence(e))
		return true; /* for others to judge */
	allowed = allowed_length(w, e);
	if (!allowed)
		return false;
	if (length > allowed && length - allowed > 1)
		pacs_element_cut(e, (size_t)allowed);
	return true;
}

/* Is that a region of interest? */
static bool
is_region(const struct pacs_item *root, uint32_t group)
{
	struct pacs_buf type = {0};
	bool region;

	pacs_item_text(root, group | 0x0040u, &type);
	region = !strcmp(pacs_buf_str(&type), "R");
	pacs_buf_clear(&type);
	return region;
}

bool
pixels_hold_overlay(const struct pacs_item *root, bool but_regions)
{
	const struct pacs_element *e;

	for (e = pacs_item_first(root); e; e = pacs_element_next(e)) {
		uint32_t tag = pacs_element_tag(e), group = tag & 0xffff0000u;
		int64_t n;

		if ((tag & 0xff01fffdu) != 0x60000100u ||
		    !pacs_item_int(root, tag, 0, &n) ||
		    n <= (PACS_TAG_ELEMENT(tag) == 0x0100))
			continue;
		if (!pacs_item_find(root, group | 0x3000u) &&
		    !(but_regions && is_region(root, group)))
			return true;
	}
	return false;
}
