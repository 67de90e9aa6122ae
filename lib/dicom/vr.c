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

/* By the two letters: the parser asks for every element. */
#define AT(a, b) [((a) - 'A') * 26 + (b) - 'A']

static const unsigned char table[26 * 26] = {
    AT('A', 'E') = KNOWN | STRING | SPACES,
    AT('A', 'S') = KNOWN | STRING | SPACES,
    AT('C', 'S') = KNOWN | STRING | SPACES,
    AT('D', 'A') = KNOWN | STRING | SPACES,
    AT('D', 'S') = KNOWN | STRING | SPACES,
    AT('D', 'T') = KNOWN | STRING | SPACES,
    AT('I', 'S') = KNOWN | STRING | SPACES,
    AT('T', 'M') = KNOWN | STRING | SPACES,
    AT('L', 'O') = KNOWN | STRING | SPACES | TEXT,
    AT('L', 'T') = KNOWN | STRING | SPACES | TEXT,
    AT('P', 'N') = KNOWN | STRING | SPACES | TEXT,
    AT('S', 'H') = KNOWN | STRING | SPACES | TEXT,
    AT('S', 'T') = KNOWN | STRING | SPACES | TEXT,
    AT('U', 'C') = KNOWN | STRING | SPACES | TEXT | LONG,
    AT('U', 'T') = KNOWN | STRING | SPACES | TEXT | LONG,
    AT('U', 'R') = KNOWN | STRING | SPACES | LONG,
    AT('U', 'I') = KNOWN | STRING,
    AT('A', 'T') = KNOWN | WORD2,
    AT('S', 'S') = KNOWN | WORD2,
    AT('U', 'S') = KNOWN | WORD2,
    AT('F', 'L') = KNOWN | WORD4,
    AT('S', 'L') = KNOWN | WORD4,
    AT('U', 'L') = KNOWN | WORD4,
    AT('F', 'D') = KNOWN | WORD8,
    AT('O', 'W') = KNOWN | WORD2 | LONG,
    AT('O', 'F') = KNOWN | WORD4 | LONG,
    AT('O', 'L') = KNOWN | WORD4 | LONG,
    AT('O', 'D') = KNOWN | WORD8 | LONG,
    AT('O', 'V') = KNOWN | WORD8 | LONG,
    AT('S', 'V') = KNOWN | WORD8 | LONG,
    AT('U', 'V') = KNOWN | WORD8 | LONG,
    AT('O', 'B') = KNOWN | LONG,
    AT('S', 'Q') = KNOWN | LONG,
    AT('U', 'N') = KNOWN | LONG,
};

static unsigned
facts(uint16_t vr)
{
	unsigned a = (vr >> 8) - 'A', b = (vr & 0xffu) - 'A';

	return a < 26 && b < 26 ? table[a * 26 + b] : 0;
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
