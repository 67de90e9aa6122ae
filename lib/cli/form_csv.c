/* RFC 4180: a header, CRLF, quotes only where they are needed. */
#include <string.h>

#include "cli/internal.h"

static void
add_cell(struct pacs_buf *b, const char *s)
{
	if (!s[strcspn(s, "\",\r\n")]) {
		pacs_buf_adds(b, s);
		return;
	}
	pacs_buf_addc(b, '"');
	for (; *s; s++) {
		if (*s == '"')
			pacs_buf_addc(b, '"');
		pacs_buf_addc(b, *s);
	}
	pacs_buf_addc(b, '"');
}

static void
header(struct cli_records *r)
{
	size_t c;

	pacs_buf_reset(&r->line);
	for (c = 0; c < r->column_count; c++) {
		if (c)
			pacs_buf_addc(&r->line, ',');
		add_cell(&r->line, r->fields[r->columns[c]].name);
	}
	pacs_buf_adds(&r->line, "\r\n");
	cli_out(r->line.data, r->line.len);
}

static void
record(struct cli_records *r, const char *const *values)
{
	const char *v;
	size_t c;

	pacs_buf_reset(&r->line);
	for (c = 0; c < r->column_count; c++) {
		if (c)
			pacs_buf_addc(&r->line, ',');
		v = values[r->columns[c]];
		add_cell(&r->line, v ? v : "");
	}
	pacs_buf_adds(&r->line, "\r\n");
	cli_out(r->line.data, r->line.len);
}

const struct cli_form cli_form_csv = {"csv", header, record, NULL};
