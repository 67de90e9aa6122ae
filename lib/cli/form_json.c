/* One object a line, every selected key present. */
#include <string.h>

#include "cli/internal.h"

static const char *
digits(const char *p)
{
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

/* RFC 8259's number: what a file calls a number ("007", "+5", "1.") may not
 * be one, and must not break the line. */
static bool
is_number(const char *s)
{
	const char *p = s, *q;

	if (*p == '-')
		p++;
	q = digits(p);
	if (q == p || (*p == '0' && q > p + 1))
		return false;
	p = q;
	if (*p == '.') {
		q = digits(++p);
		if (q == p)
			return false;
		p = q;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		if (*p == '+' || *p == '-')
			p++;
		q = digits(p);
		if (q == p)
			return false;
		p = q;
	}
	return !*p;
}

static void
add_value(struct pacs_buf *b, enum cli_value type, const char *v)
{
	if (!v)
		pacs_buf_adds(b, "null");
	else if (type == CLI_NUMBER && is_number(v))
		pacs_buf_adds(b, v);
	else if (type == CLI_BOOL)
		pacs_buf_adds(b, !strcmp(v, "true") ? "true" : "false");
	else
		cli_json_string(b, v);
}

static void
record(struct cli_records *r, const char *const *values)
{
	const struct cli_field *f;
	size_t c;

	pacs_buf_reset(&r->line);
	pacs_buf_addc(&r->line, '{');
	for (c = 0; c < r->column_count; c++) {
		f = &r->fields[r->columns[c]];
		if (c)
			pacs_buf_addc(&r->line, ',');
		cli_json_string(&r->line, f->name);
		pacs_buf_addc(&r->line, ':');
		add_value(&r->line, f->type, values[r->columns[c]]);
	}
	pacs_buf_adds(&r->line, "}\n");
	cli_out(r->line.data, r->line.len);
}

const struct cli_form cli_form_json = {"json", NULL, record, NULL};
