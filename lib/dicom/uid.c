#include "dicom/uid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "dicom/dict.h"

bool
pacs_uid_is_valid(const char *uid)
{
	const char *p = uid;

	for (;;) {
		const char *start = p;

		while (*p >= '0' && *p <= '9')
			p++;
		if (p == start || (p - start > 1 && *start == '0') ||
		    p - uid > PACS_UID_MAX)
			return false;
		if (*p == '\0')
			return true;
		if (*p++ != '.')
			return false;
	}
}

bool
pacs_uid_is_safe(const char *uid)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t len = strspn(uid, allowed);

	return len > 0 && len <= 128 && uid[len] == '\0' && uid[0] != '.' &&
	       uid[0] != '-';
}

bool
pacs_uid_clean(const void *value, size_t len, char *ret, size_t size)
{
	const char *p = value;
	const char *end = len ? memchr(p, '\0', len) : NULL;

	if (end)
		len = (size_t)(end - p);
	while (len && *p == ' ') {
		p++;
		len--;
	}
	while (len && p[len - 1] == ' ')
		len--;
	if (len >= size)
		return false;
	if (len)
		memcpy(ret, p, len);
	ret[len] = '\0';
	return true;
}

/* 128 bits in decimal, by way of 19 digits at a time. */
void
pacs_uid_from_bytes(const uint8_t bytes[16], char *buf)
{
	__extension__ typedef unsigned __int128 wide;
	const uint64_t ten19 = UINT64_C(10000000000000000000);
	char digits[40];
	size_t count = 0, i;
	wide n = 0;

	for (i = 0; i < 16; i++)
		n = n << 8 | bytes[i];
	n &= ~((wide)0xf000u << 64);
	n |= (wide)0x4000u << 64; /* version 4 */
	n &= ~((wide)0xc0 << 56);
	n |= (wide)0x80 << 56; /* variant of RFC 4122 */
	while (n) {
		uint64_t part = (uint64_t)(n % ten19);

		n /= ten19;
		for (i = 0; n ? i < 19 : part > 0; i++, part /= 10)
			digits[count++] = (char)('0' + part % 10);
	}
	memcpy(buf, "2.25.", 5);
	buf += 5;
	while (count)
		*buf++ = digits[--count];
	*buf = '\0';
}

void
pacs_uid_random(char *buf)
{
	uint8_t bytes[16];

	/* 16 bytes come whole or not at all (getrandom(2)). A kernel that
	 * cannot is no place to go on: a UID that repeats would lose data. */
	while (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		if (errno != EINTR)
			abort();
	}
	pacs_uid_from_bytes(bytes, buf);
}

/* Both structs begin with the UID. */
static int
compare_uid(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

const struct pacs_sop_class *
pacs_sop_class_find(const char *uid)
{
	return bsearch(uid, pacs_sop_classes, pacs_sop_class_count,
		       sizeof(pacs_sop_classes[0]), compare_uid);
}

const struct pacs_sop_class *
pacs_sop_class_at(size_t i)
{
	return i < pacs_sop_class_count ? &pacs_sop_classes[i] : NULL;
}

const struct pacs_syntax *
pacs_syntax_find(const char *uid)
{
	return bsearch(uid, pacs_syntaxes, pacs_syntax_count,
		       sizeof(pacs_syntaxes[0]), compare_uid);
}
