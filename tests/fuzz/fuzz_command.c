/*
 * Command sets as peers send them. What is decoded can be encoded, and says the
 * same again.
 */
#include <stdlib.h>
#include <string.h>

#include "dcmtk/dimse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pacs_command c, again;
	struct pacs_buf b = {0};

	if (!pacs_command_decode(data, size, &c))
		return 0;
	pacs_command_encode(&c, &b);
	if (!pacs_command_decode(b.data, b.len, &again) ||
	    again.field != c.field || again.message != c.message ||
	    again.has_data != c.has_data ||
	    strcmp(again.sop_class, c.sop_class) != 0 ||
	    strcmp(again.sop_instance, c.sop_instance) != 0)
		abort();
	if ((c.field & 0x8000) && again.status != c.status)
		abort();
	pacs_buf_clear(&b);
	return 0;
}
