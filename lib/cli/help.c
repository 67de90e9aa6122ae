#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/internal.h"

enum {
	WIDTH = 80,
	COLUMN = 26, /* where the help of an option begins */
};

const char **
cli_words(const char *list, char separator)
{
	size_t len = strlen(list), count = 2, i;
	const char **words;
	char *text;

	for (i = 0; i < len; i++)
		count += list[i] == separator;
	words = pacs_malloc(count * sizeof(*words) + len + 1);
	text = (char *)(words + count);
	memcpy(text, list, len + 1);
	count = 0;
	words[count++] = text;
	for (i = 0; i < len; i++) {
		if (text[i] != separator)
			continue;
		text[i] = '\0';
		words[count++] = text + i + 1;
	}
	words[count] = NULL;
	return words;
}

/* Print words, wrapped, each line after the first indented to column. */
static void
wrap(const char *text, size_t column, size_t at)
{
	size_t len;
	bool first = true;

	while (*text) {
		len = strcspn(text, " ");
		if (!first && at + 1 + len >= WIDTH) {
			cli_outf("\n%*s", (int)column, "");
			at = column;
			first = true;
		}
		cli_outf("%s%.*s", first ? "" : " ", (int)len, text);
		at += len + !first;
		first = false;
		text += len;
		text += strspn(text, " ");
	}
	cli_outs("\n");
}

static void
help_option(const struct cli_opt *o)
{
	struct pacs_buf b = {0}, text = {0};
	const char *p;

	if (o->letter)
		pacs_buf_addf(&b, "  -%c, --%s", o->letter, o->name);
	else
		pacs_buf_addf(&b, "      --%s", o->name);
	if (o->arg)
		pacs_buf_addf(&b, "=%s", o->arg);
	if (b.len + 2 > COLUMN)
		pacs_buf_addf(&b, "\n%*s", COLUMN, "");
	else
		pacs_buf_addf(&b, "%*s", (int)(COLUMN - b.len), "");
	cli_out(b.data, b.len);
	pacs_buf_adds(&text, o->help);
	if (o->type == CLI_WORD) {
		pacs_buf_adds(&text, ": ");
		for (p = o->kind; *p; p++)
			if (*p == '|')
				pacs_buf_adds(&text, ", ");
			else
				pacs_buf_addc(&text, *p);
	}
	wrap(pacs_buf_str(&text), COLUMN, COLUMN);
	pacs_buf_clear(&text);
	pacs_buf_clear(&b);
}

static void
help_verbs(const char *verbs)
{
	struct pacs_buf b = {0};

	pacs_buf_adds(&b, "VERB: ");
	for (; *verbs; verbs++)
		if (*verbs == '|')
			pacs_buf_adds(&b, ", ");
		else
			pacs_buf_addc(&b, *verbs);
	wrap(pacs_buf_str(&b), 6, 0);
	pacs_buf_clear(&b);
}

static void
help_fields(const struct cli_field *f)
{
	struct pacs_buf b = {0};

	pacs_buf_adds(&b, "Fields:");
	for (; f->name; f++)
		pacs_buf_addf(&b, " %s%s", f->name, f[1].name ? "," : "");
	cli_outs("\n");
	wrap(pacs_buf_str(&b), 8, 0);
	pacs_buf_clear(&b);
}

void
cli_help(const struct cli_program *p)
{
	const struct cli_opt *o;

	cli_outf("Usage: %s [OPTION...]%s%s%s\n", p->name,
		 p->verbs ? " VERB" : "", p->operands ? " " : "",
		 p->operands ? p->operands : "");
	cli_outf("%s\n\n", p->summary);
	if (p->verbs) {
		help_verbs(p->verbs);
		cli_outs("\n");
	}
	for (o = p->opts; o && o->name; o++)
		help_option(o);
	for (o = cli_common_opts; o->name; o++)
		help_option(o);
	if (p->fields)
		help_fields(p->fields);
	cli_outf("\nExit: %d done, %d the answer is no, %d usage, %d some "
		 "failed, %d failed, %d try again\n",
		 CLI_EXIT_OK, CLI_EXIT_NO, CLI_EXIT_USAGE, CLI_EXIT_PARTIAL,
		 CLI_EXIT_FAILED, CLI_EXIT_AGAIN);
	cli_outf("More: man %s\n", p->name);
}

void
cli_version(const struct cli_program *p)
{
	cli_outf("%s (pacs-tools) %s\n", p->name, PACS_VERSION);
	if (p->about)
		cli_outf("%s\n", p->about);
}

static void
dump_option(const struct cli_opt *o)
{
	char letter[2] = {o->letter, '\0'};

	cli_outf("%s\t%s\t%s\t%s\t%s\n", letter, o->name, o->arg ? o->arg : "",
		 o->kind ? o->kind : "", o->help);
}

/* For completions/generate.sh and the documentation tests. */
void
cli_dump(const struct cli_program *p)
{
	const char **words, **w;
	const struct cli_opt *o;
	const struct cli_field *f;

	for (o = p->opts; o && o->name; o++)
		dump_option(o);
	for (o = cli_common_opts; o->name; o++)
		dump_option(o);
	if (p->verbs) {
		words = cli_words(p->verbs, '|');
		for (w = words; *w; w++)
			cli_outf("verb\t%s\n", *w);
		free(words);
	}
	for (f = p->fields; f && f->name; f++)
		cli_outf("field\t%s\t%s\n", f->name, f->help ? f->help : "");
}
