#include <string.h>

#include "cli/internal.h"

/* Nearly every value needs no escape: copy up to the next one that does. */
static void
add_escaped(struct pacs_buf *b, const char *s)
{
	for (;;) {
		size_t n = strcspn(s, "\t\n\r\\");

		pacs_buf_add(b, s, n);
		s += n;
		if (!*s)
			return;
		pacs_buf_addc(b, '\\');
		pacs_buf_addc(b, *s == '\t'   ? 't'
				 : *s == '\n' ? 'n'
				 : *s == '\r' ? 'r'
					      : '\\');
		s++;
	}
}

static void
record(struct cli_records *r, const char *const *values)
{
	size_t c;

	pacs_buf_reset(&r->line);
	for (c = 0; c < r->column_count; c++) {
		if (c)
			pacs_buf_addc(&r->line, '\t');
		if (values[r->columns[c]])
			add_escaped(&r->line, values[r->columns[c]]);
	}
	pacs_buf_addc(&r->line, cli_common.nul ? '\0' : '\n');
	cli_out(r->line.data, r->line.len);
}

const struct cli_form cli_form_tsv = {"tsv", NULL, record, NULL};
