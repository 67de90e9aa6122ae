#include "dicom/tag.h"

/* What PS3.5 Tables 6.2-1, 7.1-1 and 7.3 say of a VR. */
enum {
	LONG = 1,   /* explicit form with 32-bit length */
	TEXT = 2,   /* subject to Specific Character Set */
	STRING = 4, /* its value is characters */
	SPACES = 8, /* padded with a space */
	WORD2 = 16, /* numbers of 2, 4, 8 bytes */
	WORD4 = 32,
	WORD8 = 64,
	KNOWN = 128
};

static unsigned
facts(uint16_t vr)
{
	switch (vr) {
	case PACS_VR('A', 'E'):
	case PACS_VR('A', 'S'):
	case PACS_VR('C', 'S'):
	case PACS_VR('D', 'A'):
	case PACS_VR('D', 'S'):
	case PACS_VR('D', 'T'):
	case PACS_VR('I', 'S'):
	case PACS_VR('T', 'M'):
		return KNOWN | STRING | SPACES;
	case PACS_VR('L', 'O'):
	case PACS_VR('L', 'T'):
	case PACS_VR('P', 'N'):
	case PACS_VR('S', 'H'):
	case PACS_VR('S', 'T'):
		return KNOWN | STRING | SPACES | TEXT;
	case PACS_VR('U', 'C'):
	case PACS_VR('U', 'T'):
		return KNOWN | STRING | SPACES | TEXT | LONG;
	case PACS_VR('U', 'R'):
		return KNOWN | STRING | SPACES | LONG;
	case PACS_VR('U', 'I'):
		return KNOWN | STRING;
	case PACS_VR('A', 'T'):
	case PACS_VR('S', 'S'):
	case PACS_VR('U', 'S'):
		return KNOWN | WORD2;
	case PACS_VR('F', 'L'):
	case PACS_VR('S', 'L'):
	case PACS_VR('U', 'L'):
		return KNOWN | WORD4;
	case PACS_VR('F', 'D'):
		return KNOWN | WORD8;
	case PACS_VR('O', 'W'):
		return KNOWN | WORD2 | LONG;
	case PACS_VR('O', 'F'):
	case PACS_VR('O', 'L'):
		return KNOWN | WORD4 | LONG;
	case PACS_VR('O', 'D'):
	case PACS_VR('O', 'V'):
	case PACS_VR('S', 'V'):
	case PACS_VR('U', 'V'):
		return KNOWN | WORD8 | LONG;
	case PACS_VR('O', 'B'):
	case PACS_VR('S', 'Q'):
	case PACS_VR('U', 'N'):
		return KNOWN | LONG;
	default:
		return 0;
	}
}

bool
pacs_vr_is_known(uint16_t vr)
{
	return facts(vr) & KNOWN;
}

bool
pacs_vr_has_long_length(uint16_t vr)
{
	unsigned f = facts(vr);

	/* VRs of the future have the long form (PS3.5 6.2, note). */
	return f == 0 || (f & LONG);
}

bool
pacs_vr_is_text(uint16_t vr)
{
	return facts(vr) & TEXT;
}

bool
pacs_vr_is_string(uint16_t vr)
{
	return facts(vr) & STRING;
}

unsigned
pacs_vr_word(uint16_t vr)
{
	unsigned f = facts(vr);

	return f & WORD2 ? 2 : f & WORD4 ? 4 : f & WORD8 ? 8 : 1;
}

unsigned char
pacs_vr_pad(uint16_t vr)
{
	return facts(vr) & SPACES ? ' ' : '\0';
}
