#include <stdlib.h>
#include <string.h>

#include "query/fold.h"
#include "query/internal.h"

/* Bytes of the UTF-8 character at s (1 for a stray byte). */
static size_t
char_size(const char *s, size_t len)
{
	unsigned char c = (unsigned char)*s;
	size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	size_t i;

	if (n > len)
		return 1;
	for (i = 1; i < n; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

/* Greedy, going back to the last star only: that is enough, since a later star
 * can take over whatever an earlier one gave up. */
bool
pacs_wild_matches(const char *pattern, const char *s, size_t len)
{
	const char *end = s + len, *star = NULL, *again = NULL;

	while (s < end) {
		if (*pattern == '*') {
			star = ++pattern;
			again = s;
		} else if (*pattern == '?') {
			pattern++;
			s += char_size(s, (size_t)(end - s));
		} else if (*pattern && *pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star;
			again += char_size(again, (size_t)(end - again));
			s = again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static int
compare(const char *text, const char *s, size_t len)
{
	int r = strncmp(text, s, len);

	return r ? r : text[len] != '\0';
}

static bool
exact_one_of(const struct pacs_condition *c, const char *s, size_t len)
{
	size_t low = c->exact, high = c->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int r = compare(c->terms[mid].text, s, len);

		if (!r)
			return true;
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Text, or one folded group of a name. */
static bool
text_matches(const struct pacs_condition *c, const char *s, size_t len)
{
	size_t i;

	if (!len)
		return false;
	for (i = 0; i < c->exact; i++)
		if (c->terms[i].kind == PACS_TERM_WILD && c->terms[i].text &&
		    pacs_wild_matches(c->terms[i].text, s, len))
			return true;
	return exact_one_of(c, s, len);
}

static bool
groups_match(const struct pacs_condition *c, const struct pacs_buf *groups)
{
	size_t i;
	int g;

	for (i = 0; i < c->exact; i++) {
		const struct pacs_term *t = &c->terms[i];

		if (t->kind != PACS_TERM_WILD || t->text)
			continue;
		for (g = 0; g < PACS_PN_GROUPS; g++)
			if (*t->groups[g] &&
			    !pacs_wild_matches(t->groups[g],
					       pacs_buf_str(&groups[g]),
					       groups[g].len))
				break;
		if (g == PACS_PN_GROUPS)
			return true;
	}
	return false;
}

static bool
name_matches(const struct pacs_condition *c, const char *s, size_t len)
{
	struct pacs_buf groups[PACS_PN_GROUPS] = {{0}};
	char *name = pacs_strndup(s, len);
	bool found = false;
	int g;

	for (g = 0; g < PACS_PN_GROUPS; g++) {
		size_t n;
		const char *part =
		    pacs_pn_group(name, (enum pacs_pn_group)g, &n);

		pacs_fold(part, n, &groups[g]);
		found = found || text_matches(c, groups[g].data, groups[g].len);
	}
	found = found || groups_match(c, groups);
	for (g = 0; g < PACS_PN_GROUPS; g++)
		pacs_buf_clear(&groups[g]);
	free(name);
	return found;
}

static bool
range_matches(const struct pacs_condition *c, const char *s, size_t len)
{
	enum pacs_key_type type = c->k->type;
	double number = 0;
	int64_t v = 0;
	size_t i;
	bool ok = type == PACS_TYPE_DATE   ? pacs_value_date(s, len, &v)
		  : type == PACS_TYPE_TIME ? pacs_value_time(s, len, &v)
		  : type == PACS_TYPE_STAMP
		      ? pacs_value_stamp(s, len, &v)
		      : pacs_value_number(s, len, &number);

	for (i = 0; ok && i < c->count; i++) {
		const struct pacs_term *t = &c->terms[i];

		if (t->kind != PACS_TERM_RANGE)
			continue;
		if (type == PACS_TYPE_NUMBER
			? number >= t->low_number && number <= t->high_number
			: v >= t->low && v <= t->high)
			return true;
	}
	return false;
}

static bool
one_matches(const struct pacs_condition *c, const char *s, size_t len)
{
	switch (c->k->type) {
	case PACS_TYPE_TEXT:
		return text_matches(c, s, len);
	case PACS_TYPE_NAME:
		return name_matches(c, s, len);
	default:
		return range_matches(c, s, len);
	}
}

static bool
any_matches(const struct pacs_condition *c, const char *s)
{
	while (c->k->flags & PACS_KEY_MULTI) {
		const char *end = strchr(s, '\\');

		if (!end)
			break;
		if (one_matches(c, s, (size_t)(end - s)))
			return true;
		s = end + 1;
	}
	return one_matches(c, s, strlen(s));
}

bool
pacs_condition_matches(const struct pacs_condition *c, const char *value)
{
	bool found = false;
	size_t i;

	value = value ? value : "";
	for (i = 0; i < c->exact && !found; i++)
		found = c->terms[i].kind == PACS_TERM_ALL ||
			(c->terms[i].kind == PACS_TERM_EMPTY && !*value);
	found = found || (*value && any_matches(c, value));
	return found != c->negated;
}

/* --- items of a sequence ------------------------------------------------ */

static bool
is_about_one_item(const struct pacs_condition *c)
{
	size_t i;

	for (i = 0; i < c->exact; i++)
		if (c->terms[i].kind == PACS_TERM_ALL ||
		    c->terms[i].kind == PACS_TERM_EMPTY)
			return false;
	return !c->negated;
}

static size_t
places(const char *s)
{
	size_t n = 1;

	for (; *s; s++)
		n += *s == '\\';
	return n;
}

bool
pacs_items_match(const struct pacs_condition *const *c,
		 const char *const *values, size_t count)
{
	const char *at[PACS_ITEM_CONDITIONS];
	size_t i, n, items = 0;

	for (i = 0; i < count; i++) {
		at[i] = values[i] ? values[i] : "";
		n = places(at[i]);
		if (i && n != items)
			return true;
		items = n;
	}
	for (n = 0; n < items; n++) {
		bool all = true;

		for (i = 0; i < count; i++) {
			size_t len = strcspn(at[i], "\\");

			all = all && len && one_matches(c[i], at[i], len);
			at[i] += len + (at[i][len] != '\0');
		}
		if (all)
			return true;
	}
	return false;
}

size_t
pacs_query_items(const struct pacs_query *q, size_t first,
		 const struct pacs_condition *ret[PACS_ITEM_CONDITIONS])
{
	const struct pacs_condition *of = &q->conditions[first];
	size_t i, j, n = 0;

	for (i = 0; i < q->count && !q->any; i++) {
		const struct pacs_condition *c = &q->conditions[i];

		if (!pacs_keys_share_items(of->k, c->k) ||
		    !is_about_one_item(of) || !is_about_one_item(c))
			continue;
		if (i < first)
			return 0;
		for (j = 0; j < n && ret[j]->key != c->key; j++)
			;
		if (j == n && n < PACS_ITEM_CONDITIONS)
			ret[n++] = c;
	}
	return n > 1 ? n : 0;
}

static bool
items_match(const struct pacs_query *q, const char *const *values)
{
	const struct pacs_condition *list[PACS_ITEM_CONDITIONS];
	const char *their[PACS_ITEM_CONDITIONS];
	size_t i, k, n;

	for (i = 0; i < q->count; i++) {
		n = pacs_query_items(q, i, list);
		for (k = 0; k < n; k++)
			their[k] = values[list[k]->key];
		if (n && !pacs_items_match(list, their, n))
			return false;
	}
	return true;
}

bool
pacs_query_matches(const struct pacs_query *q, const char *const *values)
{
	size_t i;

	for (i = 0; i < q->count; i++) {
		const struct pacs_condition *c = &q->conditions[i];

		if (pacs_condition_matches(c, values[c->key]) == q->any)
			return q->any;
	}
	return q->any ? !q->count : items_match(q, values);
}
