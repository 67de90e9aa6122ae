/*
 * For tests/oracle/charsets.py: each line of stdin is a value of (0008,0005),
 * a tab, a VR, a tab and a value in hexadecimal; each line of stdout is "1" if
 * the value was as declared, else "0", a tab and its text as UTF-8 in
 * hexadecimal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/tag.h"
#include "dicom/text.h"

static void
bytes_of(const char *hex, struct pacs_buf *out)
{
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		pacs_buf_addc(out, (char)byte);
}

static void
answer(char *line)
{
	char *vr = strchr(line, '\t');
	char *hex = vr ? strchr(vr + 1, '\t') : NULL;
	struct pacs_buf bytes = {0}, text = {0};
	bool clean;
	size_t i;

	if (!hex || hex - vr != 3) {
		fprintf(stderr, "text-decode: bad line\n");
		exit(2);
	}
	*vr = '\0';
	bytes_of(hex + 1, &bytes);
	clean = pacs_text_decode(line, PACS_VR(vr[1], vr[2]), bytes.data,
				 bytes.len, &text);
	printf("%d\t", clean);
	for (i = 0; i < text.len; i++)
		printf("%02x", (unsigned char)text.data[i]);
	putchar('\n');
	pacs_buf_clear(&bytes);
	pacs_buf_clear(&text);
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		answer(line);
	}
	free(line);
	return fflush(stdout) ? 4 : 0;
}
