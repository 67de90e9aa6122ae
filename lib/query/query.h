/*
 * The question language (pacs-query(7)): KEY=VALUE and its relatives, matched
 * as PS3.4 C.2.2.2 wants it. Parses, and matches values in C; knows no SQL and
 * no archive.
 *
 * A question selects instances, each seen together with its series, study and
 * patient; asking at a higher level lists those that have such an instance.
 */
#ifndef PACS_QUERY_QUERY_H
#define PACS_QUERY_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "query/key.h"

#define PACS_QUERY_VALUE_MAX 16384       /* bytes of one value */
#define PACS_QUERY_LIST_MAX  (16u << 20) /* bytes of a list from a file */

enum pacs_term_kind {
	PACS_TERM_ALL,   /* "*": every value, and none */
	PACS_TERM_EMPTY, /* "": no value */
	PACS_TERM_EXACT, /* this text */
	PACS_TERM_WILD,  /* a pattern of * and ? */
	PACS_TERM_RANGE, /* from low to high; also a single date or number */
};

struct pacs_term {
	enum pacs_term_kind kind;
	/* EXACT, WILD: the text, folded for names; for names with '=' in it
	 * each group in groups ("" = not asked), else NULL. */
	const char *text;
	const char *groups[3];
	/* RANGE, both ends included: days, microseconds, or (PACS_TYPE_NUMBER)
	 * the numbers. */
	int64_t low, high;
	double low_number, high_number;
};

/* One condition: key = any of the terms, or none of them. */
struct pacs_condition {
	enum pacs_key_id key;
	const struct pacs_key *k; /* the same; of the table or a keyring */
	bool negated;
	struct pacs_term *terms; /* EXACT ones sorted by text, behind others */
	size_t count;
	size_t exact; /* first EXACT term; count if there is none */
};

struct pacs_query {
	/* Keys besides those of the table (NULL: none). Set before conditions
	 * are added; borrowed. */
	const struct pacs_keyring *keys;
	struct pacs_condition *conditions;
	size_t count;
	bool any; /* one condition is enough (--or) */
	/* QueryRetrieveLevel was among the conditions. */
	bool has_level;
	enum pacs_level level;
	struct pacs_arena arena; /* what the conditions point to */
};

/* What words such as "today" and "-7d" mean. {0} is UTC in 1970. */
struct pacs_query_clock {
	int64_t now_us; /* since 1970, UTC */
	int64_t today;  /* days since 1970, in the archive's timezone */
	/* UTC of midnight at the start of that day there; NULL: no offset. */
	int64_t (*midnight)(int64_t day);
};

/* The clock of now, in the zone that the process has (tzset). */
struct pacs_query_clock pacs_query_clock_now(void);

/* {0} is a valid empty question: it matches everything. */
void pacs_query_clear(struct pacs_query *q);

/*
 * Add a condition: "KEY=VALUE", "KEY!=VALUE", "KEY=", "KEY=@FILE". Messages
 * name the key, never the value. PACS_EUSAGE: unknown key, or the value is
 * nothing that this key can be (a date, a number); PACS_ENOTFOUND, ...: FILE.
 * After an error *q is as before. clock NULL: UTC in 1970.
 */
enum pacs_err
pacs_query_add(struct pacs_error *err, struct pacs_query *q,
	       const char *condition,
	       const struct pacs_query_clock *clock) PACS_MUST_CHECK;
/* Add conditions from text, one a line; blank lines and those that begin with
 * '#' are skipped. Messages name the line's number; what stood before it was
 * added. */
enum pacs_err
pacs_query_add_lines(struct pacs_error *err, struct pacs_query *q,
		     const char *text, size_t len,
		     const struct pacs_query_clock *clock) PACS_MUST_CHECK;

/* --- matching in C ------------------------------------------------------- */

/* Does the value (UTF-8, values separated by '\'; NULL = none) satisfy the
 * condition? Thread-safe. */
bool pacs_condition_matches(const struct pacs_condition *c, const char *value);
/*
 * Conditions on different elements of one sequence must be met by one of its
 * items (PS3.4 C.2.2.2.6); not those with != or "no value", which are about all
 * items. If number first begins such a group, its members are put in ret, and
 * how many they are is returned; else 0.
 */
#define PACS_ITEM_CONDITIONS 16
size_t pacs_query_items(const struct pacs_query *q, size_t first,
			const struct pacs_condition *ret[PACS_ITEM_CONDITIONS]);
/* Does one item meet all conditions of such a group? values[i] is that of c[i],
 * a place for each item. If the places do not agree (an item with several
 * values), items cannot be told apart, and that is a yes. */
bool pacs_items_match(const struct pacs_condition *const *c,
		      const char *const *values, size_t count);
/* Does a record, values[key] for each key (PACS_KEY_END if there are added
 * ones)? */
bool pacs_query_matches(const struct pacs_query *q, const char *const *values);

/* Numbers behind values, as RANGE terms are compared; false if it is none. */
bool pacs_value_date(const char *s, size_t len, int64_t *ret_day);
bool pacs_value_time(const char *s, size_t len, int64_t *ret_us);
bool pacs_value_stamp(const char *s, size_t len, int64_t *ret_us);
bool pacs_value_number(const char *s, size_t len, double *ret);
/* Pattern of * and ?, by UTF-8 characters. Never exponential. */
bool pacs_wild_matches(const char *pattern, const char *s, size_t len);

#endif
