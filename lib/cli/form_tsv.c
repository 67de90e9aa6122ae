#include "cli/internal.h"

static void
add_escaped(struct pacs_buf *b, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '\t':
			pacs_buf_adds(b, "\\t");
			break;
		case '\n':
			pacs_buf_adds(b, "\\n");
			break;
		case '\r':
			pacs_buf_adds(b, "\\r");
			break;
		case '\\':
			pacs_buf_adds(b, "\\\\");
			break;
		default:
			pacs_buf_addc(b, *s);
		}
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
