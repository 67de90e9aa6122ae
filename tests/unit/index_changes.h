/*
 * The objects of index_objects.h come into an index, go and come back, without
 * an archive or files. (index_agree.c)
 */
#ifndef UNIT_INDEX_CHANGES_H
#define UNIT_INDEX_CHANGES_H

#include "unit/index_objects.h"

static bool
fill(struct pacs_index *ix)
{
	static struct apply a;
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_cursor c = PACS_CURSOR_START;
	bool ok = CHECK_OK(db_simple(&err, &ix->db, ST_BEGIN_WRITE)) &&
		  CHECK_OK(apply_begin(&err, &a, &ix->db, ix->ar));
	int i;

	a.done = &ix->done;
	for (i = 0; ok && i < OBJECTS; i++) {
		ok = CHECK_OK(apply_place(&err, &a, &objects[i].placed,
					  &objects[i].says));
		if (i % 97 == 0)
			ok = ok && CHECK_OK(apply_flush(&err, &a, &c));
	}
	ok = ok && CHECK_OK(apply_flush(&err, &a, &c)) &&
	     CHECK_OK(db_simple(&err, &ix->db, ST_COMMIT));
	if (!ok)
		printf("# %s\n", err.msg);
	apply_clear(&a);
	return ok;
}

/* What the file of an object would say, if there were files. */
static void
say_again(const struct pacs_archive *ar, const struct record_map *map,
	  const struct pacs_triple *t, struct pacs_arena *a,
	  struct pacs_buf *scratch, struct record *ret)
{
	int i;

	(void)ar, (void)map, (void)a, (void)scratch;
	memset(ret, 0, sizeof(*ret));
	ret->state = RECORD_MISSING;
	for (i = 0; i < OBJECTS; i++)
		if (!strcmp(objects[i].placed.triple.series, t->series) &&
		    !strcmp(objects[i].placed.triple.instance, t->instance))
			*ret = objects[i].says;
}

/* Take some away, bring some back; in few transactions and in many. */
static bool
shuffle(struct pacs_index *ix, int rounds)
{
	static struct apply a;
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_cursor c = PACS_CURSOR_START;
	bool ok = CHECK_OK(db_simple(&err, &ix->db, ST_BEGIN_WRITE)) &&
		  CHECK_OK(apply_begin(&err, &a, &ix->db, ix->ar));
	int i, n;

	a.done = &ix->done;
	a.read = say_again;
	for (n = 0; ok && n < rounds; n++) {
		struct object *o = &objects[dice(OBJECTS)];

		for (i = 0; i < alive && live[i] != o; i++)
			;
		if (i < alive) {
			memmove(&live[i], &live[i + 1],
				(size_t)(alive - i - 1) * sizeof(*live));
			alive--;
			ok =
			    CHECK_OK(apply_remove(&err, &a, &o->placed.triple));
		} else {
			enter(o);
			ok = CHECK_OK(
			    apply_place(&err, &a, &o->placed, &o->says));
		}
		if (!dice(30))
			ok = ok && CHECK_OK(apply_flush(&err, &a, &c));
	}
	ok = ok && CHECK_OK(apply_flush(&err, &a, &c)) &&
	     CHECK_OK(db_simple(&err, &ix->db, ST_COMMIT));
	if (!ok)
		printf("# %s\n", err.msg);
	apply_clear(&a);
	return ok;
}

static void
empty(struct pacs_index *ix)
{
	static struct apply a;
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_cursor c = PACS_CURSOR_START;
	struct pacs_index_stats s;

	if (!CHECK_OK(db_simple(&err, &ix->db, ST_BEGIN_WRITE)) ||
	    !CHECK_OK(apply_begin(&err, &a, &ix->db, ix->ar)))
		return;
	a.done = &ix->done;
	a.read = say_again;
	while (alive)
		CHECK_OK(apply_remove(&err, &a, &live[--alive]->placed.triple));
	CHECK_OK(apply_flush(&err, &a, &c));
	CHECK_OK(db_simple(&err, &ix->db, ST_COMMIT));
	apply_clear(&a);
	if (CHECK_OK(pacs_index_stats(&err, ix, &s))) {
		CHECK_INT(s.patients, 0);
		CHECK_INT(s.instances, 0);
		CHECK_INT(s.size_bytes, 0);
	}
	CHECK_OK(db_exec(&err, &ix->db,
			 "CREATE TABLE left (n INTEGER CHECK (n = 0));"
			 "INSERT INTO left SELECT count(*) FROM t_study;"
			 "INSERT INTO left SELECT count(*) FROM t_series;"
			 "INSERT INTO left SELECT count(*) FROM t_class;"
			 "INSERT INTO left SELECT count(*) FROM t_added;"
			 "INSERT INTO left SELECT count(*) FROM"
			 " t_added_instance;"
			 "INSERT INTO left SELECT count(*) FROM t_differs;"));
}

static bool
change_one(struct pacs_index *ix, const struct object *o, bool come)
{
	static struct apply a;
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_cursor c = PACS_CURSOR_START;
	bool ok = CHECK_OK(db_simple(&err, &ix->db, ST_BEGIN_WRITE)) &&
		  CHECK_OK(apply_begin(&err, &a, &ix->db, ix->ar));

	a.done = &ix->done;
	a.read = say_again;
	ok = ok &&
	     CHECK_OK(come ? apply_place(&err, &a, &o->placed, &o->says)
			   : apply_remove(&err, &a, &o->placed.triple)) &&
	     CHECK_OK(apply_flush(&err, &a, &c)) &&
	     CHECK_OK(db_simple(&err, &ix->db, ST_COMMIT));
	apply_clear(&a);
	return ok;
}

/* Who asks holds ids while others purge and store. */
static void
replace_while_asked(struct pacs_index *ix, enum pacs_level level)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_find_options o = {.level = level};
	const struct object *was = &objects[0], *other = was;
	const char *const *values = NULL;
	struct pacs_query q = {.keys = &ring};
	struct pacs_find *f = NULL;

	while (other->study == was->study)
		other++;
	CHECK_OK(pacs_query_add(
	    &err, &q, text("StudyInstanceUID=%s", was->placed.triple.study),
	    NULL));
	if (change_one(ix, was, true) &&
	    CHECK_OK(pacs_find_open(&err, ix, &q, &o, &f)) &&
	    change_one(ix, was, false) && change_one(ix, other, true)) {
		CHECK_OK(pacs_find_next(&err, f, &values));
		CHECK(!values);
		change_one(ix, other, false);
	}
	pacs_find_close(f);
	pacs_query_clear(&q);
}

#endif
