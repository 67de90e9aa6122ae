#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/internal.h"

enum { LONGEST = 63 };

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* Letters to insert, delete, replace, or swap with the next, case ignored. */
static size_t
distance(const char *a, const char *b)
{
	size_t before[LONGEST + 1], last[LONGEST + 1], now[LONGEST + 1];
	size_t la = strlen(a), lb = strlen(b), i, j, same;

	if (la > LONGEST || lb > LONGEST)
		return LONGEST;
	for (j = 0; j <= lb; j++) {
		last[j] = j;
		before[j] = 0;
	}
	for (i = 1; i <= la; i++) {
		now[0] = i;
		for (j = 1; j <= lb; j++) {
			same = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
			now[j] = least(last[j] + 1, now[j - 1] + 1,
				       last[j - 1] + same);
			if (i > 1 && j > 1 &&
			    lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		memcpy(before, last, sizeof(before));
		memcpy(last, now, sizeof(last));
	}
	return last[lb];
}

const char *
cli_suggest(const char *word, const char *const *words)
{
	size_t best = strlen(word) / 3 + 1, d;
	const char *near = NULL;

	if (!*word)
		return NULL;
	/* The beginning of just one word is a better hint than letters. */
	for (; *words; words++) {
		d = distance(word, *words);
		if (strlen(word) >= 3 &&
		    !strncasecmp(*words, word, strlen(word)) && d > 1)
			d = 1;
		if (d < best || (d == best && !near)) {
			best = d;
			near = *words;
		}
	}
	return near;
}
