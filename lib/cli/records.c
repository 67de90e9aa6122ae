#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/internal.h"

static struct cli_records *all_records;

/* NUL-separated output is for programs, wherever it goes. */
static const struct cli_form *
choose_form(void)
{
	static const struct cli_form *const forms[] = {
	    &cli_form_tsv, &cli_form_csv, &cli_form_json, &cli_form_table};
	size_t i;

	if (!cli_common.format)
		return isatty(STDOUT_FILENO) && !cli_common.nul
			   ? &cli_form_table
			   : &cli_form_tsv;
	for (i = 0; i < 4; i++)
		if (!strcmp(forms[i]->name, cli_common.format))
			return forms[i];
	return &cli_form_tsv;
}

static void
unknown_field(const struct cli_field *fields, const char *name)
{
	const char **names, *near;
	size_t n = 0;

	while (fields[n].name)
		n++;
	names = pacs_calloc(n + 1, sizeof(*names));
	for (n = 0; fields[n].name; n++)
		names[n] = fields[n].name;
	near = cli_suggest(name, names);
	free(names);
	if (near)
		cli_usage("unknown field '%s'; did you mean '%s'?", name, near);
	cli_usage("unknown field '%s'", name);
}

/* A field named twice would be a key twice in JSON. */
static void
add_column(struct cli_records *r, const char *name)
{
	size_t i, c;

	for (i = 0; r->fields[i].name; i++)
		if (!strcmp(r->fields[i].name, name))
			break;
	if (!r->fields[i].name)
		unknown_field(r->fields, name);
	for (c = 0; c < r->column_count; c++)
		if (r->columns[c] == i)
			cli_usage("field '%s' is named twice", name);
	r->columns[r->column_count++] = i;
}

struct cli_records *
cli_records_new(const struct cli_field *fields, const char *defaults)
{
	const char *list = cli_common.fields ? cli_common.fields : defaults;
	struct cli_records *r = pacs_calloc(1, sizeof(*r));
	const char **names;
	size_t i, n = 0;

	r->next = all_records;
	all_records = r;
	r->fields = fields;
	r->form = choose_form();
	while (fields[n].name)
		n++;
	r->columns = pacs_calloc(n + 1, sizeof(*r->columns));
	r->widths = pacs_calloc(n + 1, sizeof(*r->widths));
	if (list) {
		names = cli_words(list, ',');
		for (i = 0; names[i]; i++)
			add_column(r, names[i]);
		free(names);
	} else {
		for (i = 0; i < n; i++)
			r->columns[r->column_count++] = i;
	}
	return r;
}

bool
cli_records_wants(const struct cli_records *r, const char *name)
{
	size_t c;

	for (c = 0; c < r->column_count; c++)
		if (!strcmp(r->fields[r->columns[c]].name, name))
			return true;
	return false;
}

static void
start(struct cli_records *r)
{
	if (!r->started && r->form->header)
		r->form->header(r);
	r->started = true;
}

void
cli_record(struct cli_records *r, const char *const *values)
{
	start(r);
	r->form->record(r, values);
}

void
cli_flush(void)
{
	struct cli_records *r;

	for (r = all_records; r; r = r->next)
		if (r->form->flush)
			r->form->flush(r);
	cli_out_flush();
}

void
cli_records_end(bool complete)
{
	struct cli_records *r;

	cli_flush();
	while ((r = all_records)) {
		/* An empty CSV still says what its columns would be. */
		if (complete)
			start(r);
		all_records = r->next;
		pacs_buf_clear(&r->line);
		free(r->columns);
		free(r->widths);
		free(r->cells);
		free(r);
	}
}
