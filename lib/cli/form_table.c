/* For eyes: a header and aligned columns. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "cli/internal.h"

enum {
	WAITING = 1000, /* rows kept until the widths are fixed */
	WIDEST = 256,   /* cells; a longer value ends in an ellipsis */
};

/* What a terminal may show: no control characters, no broken UTF-8, nothing
 * that pushes all other rows off the screen. Returns its width in cells. */
static size_t
add_visible(struct pacs_buf *b, const char *s)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)s;
	utf8proc_int32_t ch;
	utf8proc_ssize_t n;
	size_t width = 0;

	while (*p && width < WIDEST) {
		n = utf8proc_iterate(p, -1, &ch);
		if (n <= 0 || ch < 0x20 || (ch >= 0x7f && ch < 0xa0)) {
			pacs_buf_addc(b, '?');
			width++;
		} else {
			pacs_buf_add(b, p, (size_t)n);
			width += (size_t)utf8proc_charwidth(ch);
		}
		p += n > 0 ? n : 1;
	}
	if (*p)
		pacs_buf_adds(b, "\u2026");
	return width + (*p != 0);
}

static size_t
width_of(struct cli_records *r, const char *s)
{
	pacs_buf_reset(&r->line);
	return add_visible(&r->line, s);
}

/* Numbers stand right. */
static void
add_cell(struct cli_records *r, size_t c, const char *s)
{
	bool right = r->fields[r->columns[c]].type == CLI_NUMBER;
	struct pacs_buf text = {0};
	size_t width = add_visible(&text, s), pad = 0;

	if (width < r->widths[c])
		pad = r->widths[c] - width;
	if (c)
		pacs_buf_adds(&r->line, "  ");
	if (right)
		pacs_buf_addf(&r->line, "%*s", (int)pad, "");
	if (text.len)
		pacs_buf_add(&r->line, text.data, text.len);
	if (!right)
		pacs_buf_addf(&r->line, "%*s", (int)pad, "");
	pacs_buf_clear(&text);
}

/* Nothing follows an empty last cell. */
static void
print_line(struct cli_records *r)
{
	size_t n = r->line.len;

	while (n && r->line.data[n - 1] == ' ')
		n--;
	cli_out(r->line.data, n);
	cli_out("\n", 1);
}

static void
print_header(struct cli_records *r)
{
	size_t c;

	pacs_buf_reset(&r->line);
	for (c = 0; c < r->column_count; c++)
		add_cell(r, c, r->fields[r->columns[c]].name);
	print_line(r);
}

static void
flush(struct cli_records *r)
{
	size_t row, c, w, n = r->column_count;

	if (!r->rows)
		return;
	for (c = 0; c < n && !r->aligned; c++) {
		r->widths[c] = width_of(r, r->fields[r->columns[c]].name);
		for (row = 0; row < r->rows; row++) {
			w = width_of(r, r->cells[row * n + c]);
			if (w > r->widths[c])
				r->widths[c] = w;
		}
	}
	if (!r->aligned)
		print_header(r);
	r->aligned = true;
	for (row = 0; row < r->rows; row++) {
		pacs_buf_reset(&r->line);
		for (c = 0; c < n; c++) {
			add_cell(r, c, r->cells[row * n + c]);
			free(r->cells[row * n + c]);
		}
		print_line(r);
	}
	r->rows = 0;
}

static void
record(struct cli_records *r, const char *const *values)
{
	size_t c, n = r->column_count;
	const char *v;

	if (!r->cells)
		r->cells = pacs_calloc((size_t)WAITING * n, sizeof(*r->cells));
	for (c = 0; c < n; c++) {
		v = values[r->columns[c]];
		r->cells[r->rows * n + c] =
		    pacs_strndup(v ? v : "", 4 * (WIDEST + 1));
	}
	if (++r->rows == WAITING || r->aligned)
		flush(r);
}

const struct cli_form cli_form_table = {"table", NULL, record, flush};
