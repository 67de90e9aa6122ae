#include "query/fold.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

const char *
pacs_pn_group(const char *name, enum pacs_pn_group g, size_t *ret_len)
{
	const char *end;
	int i;

	for (i = 0; i < (int)g; i++) {
		end = strchr(name, '=');
		if (!end) {
			*ret_len = 0;
			return "";
		}
		name = end + 1;
	}
	end = strchr(name, '=');
	*ret_len = end ? (size_t)(end - name) : strlen(name);
	return name;
}

static bool
is_ascii(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

/*
 * Spaces and carets as the header of this room says; in place. Only here and
 * not on the way in, since folding itself can make spaces (NBSP).
 */
static void
tidy(struct pacs_buf *b, size_t from)
{
	char *d = b->data + from, *to = d;
	const char *s = d, *end = b->data + b->len;

	for (; s < end; s++) {
		if (*s == ' ' && (to == d || to[-1] == ' ' || to[-1] == '^'))
			continue;
		if (*s == '^' && to > d && to[-1] == ' ')
			to--;
		*to++ = *s;
	}
	while (to > d && (to[-1] == ' ' || to[-1] == '^'))
		to--;
	*to = '\0';
	b->len = (size_t)(to - b->data);
}

static void
fold_ascii(const char *s, size_t len, struct pacs_buf *out)
{
	char *to = pacs_buf_reserve(out, len);
	size_t i;

	for (i = 0; i < len; i++) {
		char c = s[i];

		to[i] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
	}
	out->len += len;
	to[len] = '\0';
}

/* Combining marks of European scripts; others (kana's voicing marks, Hebrew,
 * Indic vowels) make different letters and stay. */
static bool
is_accent(utf8proc_int32_t c)
{
	return c >= 0x0300 && c <= 0x036f;
}

#define FOLD                                                      \
	(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | \
	 UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)

/* False if the bytes are not UTF-8. */
static bool
fold_unicode(const char *s, size_t len, struct pacs_buf *out)
{
	utf8proc_ssize_t i, n, kept = 0;
	utf8proc_int32_t *points;
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)s;

	n = utf8proc_decompose(bytes, (utf8proc_ssize_t)len, NULL, 0, FOLD);
	if (n < 0)
		return false;
	points = pacs_malloc(((size_t)n + 1) * sizeof(*points));
	n = utf8proc_decompose(bytes, (utf8proc_ssize_t)len, points, n, FOLD);
	for (i = 0; i < n; i++)
		if (!is_accent(points[i]))
			points[kept++] = points[i];
	kept = utf8proc_normalize_utf32(points, kept < 0 ? 0 : kept,
					UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	for (i = 0; i < kept; i++) {
		utf8proc_uint8_t c[4];
		utf8proc_ssize_t k = utf8proc_encode_char(points[i], c);

		pacs_buf_add(out, c, (size_t)k);
	}
	free(points);
	return true;
}

void
pacs_fold(const char *text, size_t len, struct pacs_buf *out)
{
	size_t from = out->len;

	pacs_buf_reserve(out, 0);
	if (is_ascii(text, len) || !fold_unicode(text, len, out))
		fold_ascii(text, len, out);
	tidy(out, from);
}
