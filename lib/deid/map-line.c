/* Lines of a map as text. */
#include <string.h>

#include "deid/map-internal.h"

static void
add_escaped(struct pacs_buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\t')
			pacs_buf_adds(b, "\\t");
		else if (*s == '\n')
			pacs_buf_adds(b, "\\n");
		else if (*s == '\\')
			pacs_buf_adds(b, "\\\\");
		else
			pacs_buf_addc(b, *s);
	}
}

void
map_line_add(struct pacs_buf *b, const struct pacs_deid_map_line *l)
{
	pacs_buf_addf(b, "%s\t", l->kind);
	add_escaped(b, l->original);
	pacs_buf_addc(b, '\t');
	add_escaped(b, l->issuer);
	pacs_buf_addf(b, "\t%s\n", l->replacement);
}

static void
unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			*to++ = (char)(*s == 't'   ? '\t'
				       : *s == 'n' ? '\n'
						   : *s);
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

bool
pacs_deid_map_begins(const char *text, size_t len)
{
	size_t n = strlen(MAP_HEAD);

	return strncmp(text, MAP_HEAD, len < n ? len : n) == 0;
}

bool
pacs_deid_map_parse(char *line, struct pacs_deid_map_line *ret)
{
	char *field[4] = {line};
	int i;

	if (*line == '#')
		return false;
	for (i = 1; i < 4; i++) {
		field[i] = strchr(field[i - 1], '\t');
		if (!field[i])
			return false;
		*field[i]++ = '\0';
	}
	for (i = 0; i < 4; i++)
		unescape(field[i]);
	*ret =
	    (struct pacs_deid_map_line){field[0], field[1], field[2], field[3]};
	return true;
}
