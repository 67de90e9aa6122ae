/*
 * One condition as SQL. What SQL cannot say (several values in one text, times,
 * decimal numbers, folded names without a column of their own) is asked of
 * lib/query through the function pacs_match(condition, value); in PostgreSQL
 * that would be string_to_array(), casts and a folding function.
 */
#include <stdlib.h>
#include <string.h>

#include "index/ask.h"

const char *const ask_alias[] = {"p", "s", "e", "i"};
const char *const ask_tables[] = {"t_patient AS p", "t_study AS s",
				  "t_series AS e", "t_instance AS i"};

/* More values than this are looked up by pacs_match, which has them sorted. */
#define FEW 16

/* --- where keys are ---------------------------------------------------- */

enum pacs_level
ask_table(const struct pacs_key *k, enum pacs_level asked)
{
	/* A study says itself what its objects say of the patient; what is
	 * counted is the patient's. */
	if (k->level == PACS_LEVEL_PATIENT && asked != PACS_LEVEL_PATIENT &&
	    !(k->flags & PACS_KEY_COMPUTED))
		return PACS_LEVEL_STUDY;
	return k->level;
}

/* Its name is letters, digits, '_' and '.'. The number is asked for once in
 * each statement. */
void
ask_added(struct pacs_buf *out, const struct pacs_key *k)
{
	if (k->level == PACS_LEVEL_INSTANCE)
		pacs_buf_adds(out, "(SELECT x.value FROM t_added_instance AS x"
				   " WHERE x.series = i.series AND"
				   " x.seq = i.seq");
	else
		pacs_buf_addf(out,
			      "(SELECT x.value FROM t_added AS x WHERE"
			      " x.level = %d AND x.owner = %s.id",
			      (int)k->level, ask_alias[k->level]);
	pacs_buf_addf(out,
		      " AND x.key = (SELECT number FROM t_key WHERE"
		      " name = '%s'))",
		      k->name);
}

/* "s.study_date" */
static void
expression(struct pacs_buf *out, enum pacs_key_id key, const struct pacs_key *k,
	   enum pacs_level asked)
{
	const char *t = ask_alias[ask_table(k, asked)];

	if (k->flags & PACS_KEY_IS_ADDED) {
		ask_added(out, k);
		return;
	}
	switch (key) {
	case PACS_KEY_NumberOfPatientRelatedStudies:
		pacs_buf_addf(out, "%s.studies", t);
		break;
	case PACS_KEY_NumberOfPatientRelatedSeries:
	case PACS_KEY_NumberOfStudyRelatedSeries:
		pacs_buf_addf(out, "%s.series", t);
		break;
	case PACS_KEY_NumberOfPatientRelatedInstances:
	case PACS_KEY_NumberOfStudyRelatedInstances:
	case PACS_KEY_NumberOfSeriesRelatedInstances:
		pacs_buf_addf(out, "%s.instances", t);
		break;
	case PACS_KEY_stored_at:
		pacs_buf_addf(out, "%s.stored_us", t);
		break;
	case PACS_KEY_sha256:
		pacs_buf_addf(out, "lower(hex(%s.sha256))", t);
		break;
	case PACS_KEY_state:
		pacs_buf_addf(out,
			      "CASE %s.state WHEN 0 THEN 'ok' WHEN 1 THEN "
			      "'missing' ELSE 'unreadable' END",
			      t);
		break;
	default:
		pacs_buf_addf(out, "%s.%s", t, k->snake);
	}
}

/* --- kinds of conditions ----------------------------------------------- */

const char *
ask_like(struct ask *a, const char *wild)
{
	char *s = pacs_arena_alloc(&a->arena, 2 * strlen(wild) + 1), *to = s;

	for (; *wild; wild++) {
		if (strchr("%_\\", *wild))
			*to++ = '\\';
		*to++ = (char)(*wild == '*' ? '%' : *wild == '?' ? '_' : *wild);
	}
	*to = '\0';
	return s;
}

bool
ask_prefix(struct ask *a, const char *wild, const char **ret_low,
	   const char **ret_high)
{
	size_t n = strcspn(wild, "*?");
	char *low, *high;

	if (!n || strcmp(wild + n, "*") != 0)
		return false;
	low = pacs_arena_alloc(&a->arena, n + 1);
	memcpy(low, wild, n);
	low[n] = '\0';
	high = pacs_arena_strdup(&a->arena, low);
	/* Bytes of UTF-8 sort as its characters do; 0xff is above all. */
	while (n && (unsigned char)high[n - 1] == 0xff)
		high[--n] = '\0';
	*ret_low = low;
	*ret_high = n ? high : NULL;
	if (n)
		high[n - 1] = (char)(high[n - 1] + 1);
	return true;
}

static bool
has_kind(const struct pacs_condition *c, enum pacs_term_kind kind)
{
	size_t i;

	for (i = 0; i < c->exact; i++)
		if (c->terms[i].kind == kind)
			return true;
	return false;
}

static bool
is_plain_text(const struct pacs_condition *c)
{
	const struct pacs_key *k = c->k;

	return !(k->flags & PACS_KEY_IS_ADDED) && k->type == PACS_TYPE_TEXT &&
	       !(k->flags & PACS_KEY_MULTI) && !column_is_word(c->key) &&
	       c->key != PACS_KEY_origin && c->key != PACS_KEY_state &&
	       c->count <= FEW;
}

/* "(X = ? OR X LIKE ? ...)"; NULL must not come out of it, for NOT. */
static void
text_terms(struct ask *a, const struct pacs_condition *c, const char *x)
{
	size_t i;

	for (i = 0; i < c->count; i++) {
		const struct pacs_term *t = &c->terms[i];

		pacs_buf_adds(&a->sql, i ? " OR " : "");
		if (t->kind == PACS_TERM_EMPTY) {
			pacs_buf_addf(&a->sql, "%s IS NULL", x);
		} else if (t->kind == PACS_TERM_WILD) {
			pacs_buf_addf(&a->sql, "%s LIKE ? ESCAPE '\\'", x);
			ask_bind_text(a, ask_like(a, t->text));
		} else {
			pacs_buf_addf(&a->sql, "%s = ?", x);
			ask_bind_text(a, t->text);
		}
	}
}

static void
ranges(struct ask *a, const struct pacs_condition *c, const char *x)
{
	bool number = c->k->type == PACS_TYPE_NUMBER;
	size_t i;

	for (i = 0; i < c->count; i++) {
		const struct pacs_term *t = &c->terms[i];

		pacs_buf_adds(&a->sql, i ? " OR " : "");
		if (t->kind == PACS_TERM_EMPTY) {
			pacs_buf_addf(&a->sql, "%s IS NULL", x);
			continue;
		}
		pacs_buf_addf(&a->sql, "%s BETWEEN ? AND ?", x);
		if (number) {
			ask_bind_real(a, t->low_number);
			ask_bind_real(a, t->high_number);
		} else {
			ask_bind_int(a, t->low);
			ask_bind_int(a, t->high);
		}
	}
}

/* The study's date has a column of days; invalid ones are NULL there, so "no
 * value" must be asked of the text. */
static bool
has_range_column(const struct pacs_condition *c)
{
	if (c->count > FEW || c->k->flags & PACS_KEY_IS_ADDED)
		return false;
	if (c->key == PACS_KEY_StudyDate)
		return !has_kind(c, PACS_TERM_EMPTY);
	if (c->k->type == PACS_TYPE_NUMBER)
		return column_is_integer(c->key) &&
		       !(c->k->flags & PACS_KEY_MULTI);
	return c->key == PACS_KEY_stored_at;
}

static void
name_terms(struct ask *a, const struct pacs_condition *c, const char *table)
{
	static const char *const columns[] = {
	    "name_alphabetic", "name_ideographic", "name_phonetic"};
	const char * or = "";
	size_t i, g;

	for (i = 0; i < c->count; i++)
		for (g = 0; g < 3; g++) {
			bool wild = c->terms[i].kind == PACS_TERM_WILD;

			pacs_buf_addf(&a->sql, "%s%s.%s %s", or, table,
				      columns[g],
				      wild ? "LIKE ? ESCAPE '\\'" : "= ?");
			ask_bind_text(a, wild ? ask_like(a, c->terms[i].text)
					      : c->terms[i].text);
			or = " OR ";
		}
}

static bool
has_name_columns(const struct pacs_condition *c)
{
	size_t i;

	if (c->key != PACS_KEY_PatientName || c->count > FEW)
		return false;
	for (i = 0; i < c->count; i++)
		if (!c->terms[i].text || c->terms[i].kind == PACS_TERM_EMPTY)
			return false;
	return true;
}

static void
word(struct ask *a, const struct pacs_condition *c, const char *x)
{
	if (pacs_condition_matches(c, NULL))
		pacs_buf_addf(&a->sql, "%s IS NULL OR ", x);
	pacs_buf_addf(&a->sql,
		      "%s IN (SELECT id FROM t_word WHERE pacs_match(?, word))",
		      x);
	ask_bind_condition(a, c);
}

/* Of classes each study has several; one that matches is enough. */
static void
classes(struct ask *a, const struct pacs_condition *c)
{
	struct pacs_condition *positive =
	    pacs_arena_dup(&a->arena, c, sizeof(*c));
	bool empty = has_kind(c, PACS_TERM_EMPTY) || has_kind(c, PACS_TERM_ALL);

	positive->negated = false;
	pacs_buf_addf(&a->sql, "%s(%s", c->negated ? "NOT " : "",
		      empty ? "NOT EXISTS (SELECT 1 FROM t_series AS y, t_class"
			      " AS x WHERE y.study = s.id AND x.series = y.id)"
			      " OR "
			    : "");
	pacs_buf_adds(&a->sql,
		      "EXISTS (SELECT 1 FROM t_series AS y, t_class AS x"
		      " WHERE y.study = s.id AND x.series = y.id AND"
		      " x.sop_class IN (SELECT id FROM t_word WHERE"
		      " pacs_match(?, word))))");
	ask_bind_condition(a, positive);
}

static void
negatable(struct ask *a, const struct pacs_condition *c, const char *x,
	  void (*terms)(struct ask *, const struct pacs_condition *,
			const char *))
{
	pacs_buf_adds(&a->sql, c->negated ? "NOT coalesce(" : "(");
	terms(a, c, x);
	pacs_buf_adds(&a->sql, c->negated ? ", 0)" : ")");
}

void
ask_items(struct ask *a, const struct ask_items *list, enum pacs_level asked)
{
	struct pacs_buf x = {0};
	size_t i;

	pacs_buf_adds(&a->sql, "pacs_items(?");
	ask_bind_items(a, list);
	for (i = 0; i < list->count; i++) {
		pacs_buf_reset(&x);
		expression(&x, list->list[i]->key, list->list[i]->k, asked);
		pacs_buf_addf(&a->sql, ", %s", pacs_buf_str(&x));
	}
	pacs_buf_addc(&a->sql, ')');
	pacs_buf_clear(&x);
}

void
ask_predicate(struct ask *a, const struct pacs_condition *c,
	      enum pacs_level asked)
{
	const char *table = ask_alias[ask_table(c->k, asked)];
	struct pacs_buf x = {0};

	expression(&x, c->key, c->k, asked);
	pacs_buf_addc(&a->sql, '(');
	if (has_kind(c, PACS_TERM_ALL)) {
		pacs_buf_adds(&a->sql, c->negated ? "0" : "1");
	} else if (c->key == PACS_KEY_SOPClassesInStudy) {
		classes(a, c);
	} else if (column_is_word(c->key) || c->key == PACS_KEY_origin) {
		word(a, c, pacs_buf_str(&x));
	} else if (has_name_columns(c)) {
		negatable(a, c, table, name_terms);
	} else if (has_range_column(c)) {
		if (c->key == PACS_KEY_StudyDate) {
			pacs_buf_reset(&x);
			pacs_buf_adds(&x, "s.study_day");
		}
		negatable(a, c, pacs_buf_str(&x), ranges);
	} else if (is_plain_text(c)) {
		negatable(a, c, pacs_buf_str(&x), text_terms);
	} else {
		pacs_buf_addf(&a->sql, "pacs_match(?, %s)", pacs_buf_str(&x));
		ask_bind_condition(a, c);
	}
	pacs_buf_addc(&a->sql, ')');
	pacs_buf_clear(&x);
}
