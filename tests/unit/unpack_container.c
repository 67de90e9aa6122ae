/* What first bytes are taken for. */
#include <stdio.h>

#include <string.h>

#include "unit/test.h"
#include "unpack/unpack.h"

static void
put_octal(char *to, unsigned value)
{
	snprintf(to, 8, "%06o", value);
	to[7] = ' ';
}

static unsigned
sum_of(const char *block, bool with_sign)
{
	unsigned sum = 0;
	int i;

	for (i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? ' '
		       : with_sign         ? (unsigned)(signed char)block[i]
					   : (unsigned char)block[i];
	return sum;
}

int
main(void)
{
	static char image[40000];
	char block[512] = "name\xff";
	static const struct {
		const char *bytes;
		size_t len;
		enum pacs_container want;
	} cases[] = {
	    {"PK\3\4..", 6, PACS_CONTAINER_ZIP},
	    {"PK\5\6", 4, PACS_CONTAINER_ZIP},
	    {"PK\3", 3, PACS_CONTAINER_NONE},
	    {"\x1f\x8b\x08", 3, PACS_CONTAINER_PACKED},
	    {"\x1f\x8b", 2, PACS_CONTAINER_NONE},
	    {"\x28\xb5\x2f\xfd", 4, PACS_CONTAINER_PACKED},
	    {"BZh9", 4, PACS_CONTAINER_UNKNOWN},
	    {"7z\xbc\xaf\x27\x1c", 6, PACS_CONTAINER_UNKNOWN},
	    {"Rar!\x1a\x07\x01", 7, PACS_CONTAINER_UNKNOWN},
	    {"hello", 5, PACS_CONTAINER_NONE},
	    {"", 0, PACS_CONTAINER_NONE},
	};
	size_t i;

	TEST("archive files are known by their first bytes");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK_INT(pacs_container_of(cases[i].bytes, cases[i].len),
			  cases[i].want);

	TEST("an ISO image is known by its volume descriptor, and UDF is not "
	     "read");
	memcpy(image + 32769, "CD001", 5);
	CHECK_INT(pacs_container_of(image, sizeof(image)), PACS_CONTAINER_ISO);
	CHECK_INT(pacs_container_of(image, 32769 + 4), PACS_CONTAINER_NONE);
	memcpy(image + 32769, "BEA01", 5);
	CHECK_INT(pacs_container_of(image, sizeof(image)),
		  PACS_CONTAINER_UNKNOWN);

	TEST("a tar is known by its check sum, whatever its form");
	put_octal(block + 148, sum_of(block, false));
	CHECK_INT(pacs_container_of(block, sizeof(block)), PACS_CONTAINER_TAR);
	CHECK_INT(pacs_container_of(block, sizeof(block) - 1),
		  PACS_CONTAINER_NONE);
	put_octal(block + 148, sum_of(block, true));
	CHECK_INT(pacs_container_of(block, sizeof(block)), PACS_CONTAINER_TAR);
	block[5] = 'x';
	CHECK_INT(pacs_container_of(block, sizeof(block)), PACS_CONTAINER_NONE);
	memset(block, 0, sizeof(block));
	CHECK_INT(pacs_container_of(block, sizeof(block)), PACS_CONTAINER_NONE);
	return test_done();
}
