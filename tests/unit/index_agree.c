/*
 * The SQL agrees with the matcher in C: thousands of generated questions over
 * generated objects, at every level, answered by both. What objects say is made
 * up with few values, so that conditions meet; what an index must make of it
 * (first value wins, patients, counts) is worked out here the slow way.
 */
#include <stdlib.h>
#include <unistd.h>

#include "index/pipe.h"
#include "unit/folder.h"
#include "unit/index_changes.h"
#include "unit/index_questions.h"
#include "unit/index_scan.h"

#ifdef __SANITIZE_ADDRESS__
#define QUESTIONS 600 /* the sanitizers are after other things */
#else
#define QUESTIONS 3000
#endif

/* --- answers ----------------------------------------------------------- */

static const char *
identity(const struct object *o, enum pacs_level level)
{
	return level == PACS_LEVEL_PATIENT  ? o->pkey
	       : level == PACS_LEVEL_STUDY  ? o->placed.triple.study
	       : level == PACS_LEVEL_SERIES ? o->placed.triple.series
					    : o->placed.sha256;
}

static int
by_string(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t
unique(const char **list, size_t n)
{
	size_t i, k = 0;

	qsort(list, n, sizeof(*list), by_string);
	for (i = 0; i < n; i++)
		if (!k || strcmp(list[k - 1], list[i]) != 0)
			list[k++] = list[i];
	return k;
}

static size_t
slow_answer(const struct pacs_query *q, enum pacs_level level, const char **ret)
{
	size_t n = 0;
	int i;

	for (i = 0; i < alive; i++)
		if (pacs_query_matches(q, level == PACS_LEVEL_PATIENT
					      ? live[i]->patient
					      : live[i]->values))
			ret[n++] = identity(live[i], level);
	return unique(ret, n);
}

/* A record of a patient has no key of its own; find it by what it says. */
static const char *
patient_of(const char *const *values)
{
	const char *id = values[PACS_KEY_PatientID];
	const char *issuer = values[PACS_KEY_IssuerOfPatientID];

	return id ? text("P%s|%s", issuer ? issuer : "HOME", id) : NULL;
}

static size_t
fast_answer(struct pacs_index *ix, const struct pacs_query *q,
	    enum pacs_level level, const char **ret)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_find_options o = {.level = level};
	const char *const *values;
	struct pacs_find *f;
	size_t n = 0;

	if (dice(2))
		o.want_added = all_added;

	if (!CHECK_OK(pacs_find_open(&err, ix, q, &o, &f))) {
		printf("# %s\n", err.msg);
		return 0;
	}
	while (CHECK_OK(pacs_find_next(&err, f, &values)) && values) {
		const char *v = level == PACS_LEVEL_PATIENT ? patient_of(values)
				: level == PACS_LEVEL_STUDY
				    ? values[PACS_KEY_StudyInstanceUID]
				: level == PACS_LEVEL_SERIES
				    ? values[PACS_KEY_SeriesInstanceUID]
				    : values[PACS_KEY_sha256];

		/* Patients without an ID: counted, below. */
		ret[n++] = v ? text("%s", v) : "S";
	}
	pacs_find_close(f);
	return n;
}

/* The studies that are patients of their own look the same from outside. */
static void
blur(const char **list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i][0] == 'S')
			list[i] = "S";
	qsort(list, n, sizeof(*list), by_string);
}

static bool
agree(struct pacs_index *ix, const struct pacs_query *q, enum pacs_level level)
{
	static const char *slow[OBJECTS], *fast[OBJECTS];
	struct pacs_error err = PACS_ERROR_INIT;
	size_t n = slow_answer(q, level, slow), m, i;
	uint64_t counted = 0;
	bool ok;

	m = fast_answer(ix, q, level, fast);
	blur(slow, n);
	blur(fast, m);
	ok = CHECK_INT(m, n);
	for (i = 0; ok && i < n; i++)
		ok = CHECK_STR(fast[i], slow[i]);
	ok = CHECK_OK(pacs_index_count(&err, ix, q, level, &counted)) && ok;
	ok = (dice(4) || scan_agrees(ix, q, level)) && ok;
	return CHECK_INT(counted, n) && ok;
}

/* --- tallies ----------------------------------------------------------- */

static const char *seen_values[OBJECTS * 4];
static size_t values_seen, tallied;

static void
one_tally(void *ctx, const char *value, uint64_t count, double sum)
{
	bool *ok = ctx;
	uint64_t n = 0;

	while (values_seen + n < tallied &&
	       !strcmp(seen_values[values_seen + n], value))
		n++;
	*ok = CHECK_INT(count, n) && n && *ok;
	values_seen += n;
	(void)sum;
}

static void
take_values(const char *v, bool several)
{
	for (; several && v && strchr(v, '\\'); v = strchr(v, '\\') + 1)
		seen_values[tallied++] = text("%.*s", (int)strcspn(v, "\\"), v);
	seen_values[tallied++] = v ? v : "";
}

/* Each record's values, sorted: what a tally counts. */
static void
slow_tally(const struct pacs_query *q, enum pacs_level level, int key)
{
	static const char *known[OBJECTS];
	size_t n = 0, j;
	int i;

	tallied = values_seen = 0;
	for (i = 0; i < alive && tallied < OBJECTS * 3; i++) {
		const char *id = identity(live[i], level);

		if (!pacs_query_matches(q, live[i]->values))
			continue;
		for (j = 0; j < n && strcmp(known[j], id) != 0; j++)
			;
		if (j < n)
			continue;
		known[n++] = id;
		take_values(live[i]->values[key],
			    pacs_keys[key].flags & PACS_KEY_MULTI);
	}
	qsort(seen_values, tallied, sizeof(*seen_values), by_string);
}

static bool
tallies_agree(struct pacs_index *ix, const struct pacs_query *q)
{
	enum pacs_level level = dice(2) ? PACS_LEVEL_STUDY : PACS_LEVEL_SERIES;
	struct pacs_error err = PACS_ERROR_INIT;
	bool ok = true;
	int key;

	do
		key = (int)dice(PACS_KEY_COUNT);
	while (pacs_keys[key].level > level);
	slow_tally(q, level, key);
	if (!CHECK_OK(
		pacs_index_tally(&err, ix, q, level, (enum pacs_key_id)key,
				 dice(2) ? PACS_KEY_COUNT : PACS_KEY_size_bytes,
				 one_tally, &ok)))
		return false;
	if (!CHECK_INT(values_seen, tallied) || !ok)
		printf("# --group %s\n", pacs_keys[key].name);
	return ok && values_seen == tallied;
}

static int hits, by_items;

/* Is there an object that meets each condition, but not all with one item? */
static bool
items_matter(const struct pacs_query *q)
{
	size_t c;
	int i;

	for (i = 0; i < alive && !q->any; i++) {
		for (c = 0; c < q->count; c++)
			if (!pacs_condition_matches(
				&q->conditions[c],
				live[i]->values[q->conditions[c].key]))
				break;
		if (c == q->count && !pacs_query_matches(q, live[i]->values))
			return true;
	}
	return false;
}

static void
ask(struct pacs_index *ix)
{
	static const char *none[OBJECTS];
	struct pacs_error err = PACS_ERROR_INIT;
	enum pacs_level level = (enum pacs_level)dice(4);
	const char *typed[3];
	struct pacs_query q = {.keys = &ring};
	unsigned i, n = 1 + dice(3), added = 0;
	bool nested = !dice(3);

	for (i = 0; i < n; i++) {
		typed[added] = !nested ? a_condition()
			       : i     ? a_neighbour(&q)
				       : a_nested();
		/* Some are no date or number: wrong usage, not a question. */
		if (pacs_query_add(&err, &q, typed[added], NULL))
			pacs_error_clear(&err);
		else
			added++;
	}
	q.any = dice(4) == 0;
	if (!agree(ix, &q, level) || !tallies_agree(ix, &q)) {
		printf("# -L %s%s", pacs_level_name(level),
		       q.any ? " --or" : "");
		for (i = 0; i < added; i++)
			printf(" '%s'", typed[i]);
		printf("\n");
	}
	hits += slow_answer(&q, level, none) > 0;
	by_items += q.count && items_matter(&q);
	pacs_query_clear(&q);
}

/* --- the whole --------------------------------------------------------- */

static void
compare_records(struct pacs_index *ix)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_find_options o = {.level = PACS_LEVEL_INSTANCE,
				      .want_added = all_added};
	struct pacs_query q = {.keys = &ring};
	const char *const *values;
	struct pacs_find *f;
	int n = 0, k;

	if (!CHECK_OK(pacs_find_open(&err, ix, &q, &o, &f)))
		return;
	while (CHECK_OK(pacs_find_next(&err, f, &values)) && values) {
		const struct object *want =
		    &objects[strtol(values[PACS_KEY_sha256], NULL, 16)];

		n++;
		for (k = 0; k < PACS_KEY_END; k++)
			if (k != PACS_KEY_path &&
			    !CHECK_STR(values[k], want->values[k]))
				printf("# %s of %s\n",
				       pacs_key_of(&ring, (enum pacs_key_id)k)
					   ->name,
				       values[PACS_KEY_sha256]);
	}
	CHECK_INT(n, alive);
	pacs_find_close(f);
}

static bool
add_keys(const char *path)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_archive *ar;
	bool ok = true;
	int i;

	if (!CHECK_OK(pacs_archive_open(&err, path, PACS_ARCHIVE_WRITE, &ar)))
		return false;
	for (i = 0; i < ADDED; i++)
		ok = ok && CHECK_OK(pacs_archive_add_index_key(&err, ar,
							       added_lines[i]));
	pacs_archive_close(ar);
	return ok;
}

/* The sanitizers see what it leaves. */
static void
open_beyond(const struct pacs_archive *ar)
{
	struct pacs_error err = PACS_ERROR_INIT;
	char added[] = "1 done ConvolutionKernel instance SH ConvolutionKernel";
	const struct state s = {.cursor = {.segment = 99}, .added = added};
	struct pipe p;

	CHECK_ERR(pipe_open(&err, &p, ar, &s, &s.cursor, 1), PACS_ENOTFOUND);
	printf("# %s\n", err.msg);
	CHECK_INT(p.added.ring.count, 0);
}

int
main(void)
{
	static const struct pacs_settings settings = {.default_issuer = "HOME",
						      .timezone = ""};
	static const struct pacs_index_options as_is = {.as_is = true};
	struct pacs_error err = PACS_ERROR_INIT;
	char *path;
	struct pacs_archive *ar;
	struct pacs_index *ix;
	int i;

	TEST("an index can be filled");
	if (!test_folder_make())
		return 1;
	path = pacs_format("%s/a", test_folder);
	for (i = 0; i < ADDED; i++) {
		CHECK_OK(pacs_keyring_add(&err, &ring, added_lines[i]));
		all_added[i] = true;
	}
	make_objects();
	if (!CHECK_OK(pacs_archive_create(&err, path, &settings)) ||
	    !add_keys(path) ||
	    !CHECK_OK(pacs_archive_open(&err, path, PACS_ARCHIVE_READ, &ar)) ||
	    !CHECK_OK(pacs_index_open(&err, ar, &as_is, &ix)) || !fill(ix))
		return 1;
	TEST("records say what the objects say, the first value winning");
	compare_records(ix);
	TEST("SQL and the matcher agree on generated questions");
	for (i = 0; i < QUESTIONS; i++) {
		ask(ix);
		if (test_state.failed && i > 200)
			break;
	}
	printf("# %d of %d questions had an answer; in %d items mattered\n",
	       hits, i, by_items);
	TEST("the questions are no idle ones");
	CHECK(hits > QUESTIONS / 4 && hits < QUESTIONS);
	CHECK(by_items > QUESTIONS / 200);
	TEST("what was removed is forgotten, what came back counts as last");
	for (i = 0; i < 6; i++) {
		if (!shuffle(ix, 150))
			break;
		expect_all();
		compare_records(ix);
	}
	CHECK(alive < OBJECTS - 50);
	for (i = 0; i < 200; i++)
		ask(ix);
	TEST("an index of which everything was removed is empty");
	empty(ix);
	TEST("what came after a question is never taken for what it found");
	for (i = PACS_LEVEL_PATIENT; i <= PACS_LEVEL_INSTANCE; i++)
		replace_while_asked(ix, (enum pacs_level)i);
	TEST("a ledger that cannot be read on leaves nothing behind");
	open_beyond(ar);
	pacs_index_close(ix);
	pacs_archive_close(ar);
	for (i = 0; i < OBJECTS; i++)
		free(objects[i].pkey);
	pacs_arena_clear(&arena);
	pacs_keyring_clear(&ring);
	CHECK(test_folder_remove());
	free(path);
	return test_done();
}
