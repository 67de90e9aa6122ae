/*
 * Archive files by their first bytes. Names and endings are not asked.
 */
#include <string.h>

#include "unpack/unpack.h"

struct magic {
	size_t at;
	const char *bytes;
	size_t len;
	enum pacs_container kind;
};

static const struct magic magics[] = {
    {0, "PK\3\4", 4, PACS_CONTAINER_ZIP},
    {0, "PK\5\6", 4, PACS_CONTAINER_ZIP}, /* an empty one */
    {0, "PK\7\10PK\3\4", 8, PACS_CONTAINER_ZIP},
    {0, "\x1f\x8b\x08", 3, PACS_CONTAINER_PACKED},
    {0, "\x28\xb5\x2f\xfd", 4, PACS_CONTAINER_PACKED},
    {32769, "CD001", 5, PACS_CONTAINER_ISO},
    /* What may hold objects but is not read here must not be passed over as
     * "not DICOM". */
    {32769, "BEA01", 5, PACS_CONTAINER_UNKNOWN}, /* UDF alone */
    {0, "BZh", 3, PACS_CONTAINER_UNKNOWN},       /* bzip2 */
    {0,
     "\xfd"
     "7zXZ",
     6, PACS_CONTAINER_UNKNOWN}, /* xz */
    {0, "7z\xbc\xaf\x27\x1c", 6, PACS_CONTAINER_UNKNOWN},
    {0, "Rar!\x1a\x07", 6, PACS_CONTAINER_UNKNOWN},
    {0, "\x04\x22\x4d\x18", 4, PACS_CONTAINER_UNKNOWN}, /* lz4 */
    {0, "070701", 6, PACS_CONTAINER_UNKNOWN},           /* cpio */
    {0, "070707", 6, PACS_CONTAINER_UNKNOWN},
};

/* Octal digits in a header of tar, spaces before and after allowed. */
static long
octal(const unsigned char *p, size_t n)
{
	long v = 0;

	while (n && *p == ' ')
		p++, n--;
	if (!n || *p < '0' || *p > '7')
		return -1;
	for (; n && *p >= '0' && *p <= '7'; p++, n--)
		v = v * 8 + (*p - '0');
	return v;
}

/* All forms of tar have the same check sum, of the first 512 bytes with the
 * sum itself taken as spaces. Some old programs summed signed bytes. */
static bool
is_tar(const unsigned char *p, size_t size)
{
	long want, sum = 0, signed_sum = 0;
	size_t i;
	unsigned char c;

	if (size < 512 || !p[0])
		return false;
	want = octal(p + 148, 8);
	for (i = 0; i < 512; i++) {
		c = i >= 148 && i < 156 ? ' ' : p[i];
		sum += c;
		signed_sum += (signed char)c;
	}
	return want > 0 && (want == sum || want == signed_sum);
}

enum pacs_container
pacs_container_of(const void *head, size_t size)
{
	const struct magic *m;
	size_t i;

	for (i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		m = &magics[i];
		if (m->at + m->len <= size &&
		    !memcmp((const char *)head + m->at, m->bytes, m->len))
			return m->kind;
	}
	return is_tar(head, size) ? PACS_CONTAINER_TAR : PACS_CONTAINER_NONE;
}
