/*
 * The life of an object in the archive room: staging, placing, the ledger,
 * duplicates, repair, purge, quarantine.
 */
#include <sys/stat.h>

#include "archive/quarantine.h"
#include "unit/archive_objects.h"

static void
test_store(void)
{
	struct pacs_archive *ar;
	struct pacs_writer *w;
	struct pacs_cursor tail;
	struct stat st;
	char path[sizeof(test_folder) * 2 + 200];
	bool more, holds;

	TEST("a stored object is in its place, on record, and incoming is "
	     "empty");
	ar = open_archive();
	CHECK_OK(pacs_writer_open(&err, ar, &w));
	CHECK_INT(store(w, 1, "one", SETTLED), PACS_PLACED_OBJECT);
	pacs_writer_close(w);
	CHECK(is_whole(ar, 1));
	CHECK_INT(count_lines(ar, PACS_OP_STORE, "1.2.3.4.1"), 1);
	CHECK_INT(incoming_count(), 0);
	snprintf(path, sizeof(path),
		 "%s/objects/c47/1.2.3/1.2.3.4/1.2.3.4.1.dcm", test_folder);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0440);
	CHECK_INT(st.st_nlink, 1);

	TEST("the tail names a state that the ledger holds, with nothing "
	     "behind");
	CHECK_OK(pacs_ledger_tail(&err, ar, &tail));
	CHECK_OK(pacs_ledger_has_more(&err, ar, &tail, &more));
	CHECK(!more);
	CHECK_OK(pacs_ledger_holds(&err, ar, &tail, &holds));
	CHECK(holds);
	tail.check[3] ^= 1;
	CHECK_OK(pacs_ledger_holds(&err, ar, &tail, &holds));
	CHECK(!holds);

	TEST("a taken place is told, and a settled duplicate owes no line");
	CHECK_OK(pacs_writer_open(&err, ar, &w));
	{
		struct pacs_staged s = {.triple = triple(1)};
		struct pacs_buf b = {0};

		make_object(&s.triple, "one", &b);
		CHECK_OK(
		    pacs_stage_memory(&err, w, NULL, 0, b.data, b.len, &s));
		CHECK_OK(pacs_place_object(&err, w, &s, false));
		CHECK_INT(s.placed, PACS_PLACED_TAKEN);
		CHECK_OK(pacs_place_duplicate(&err, w, &s));
		CHECK_INT(s.placed, PACS_PLACED_TAKEN);
		pacs_buf_clear(&b);
	}
	pacs_writer_close(w);
	CHECK_INT(incoming_count(), 0);
	pacs_archive_close(ar);
}

static void
test_purge(void)
{
	struct pacs_triple t = triple(1);
	const struct pacs_triple *one = &t;
	struct pacs_archive *ar = open_archive();
	struct pacs_writer *w;

	TEST("a purged object is gone, on record, and refused when it returns");
	CHECK_OK(pacs_writer_open(&err, ar, &w));
	CHECK_OK(pacs_writer_purge(&err, w, &one, 1, "wrong patient = x\ty"));
	CHECK(!is_whole(ar, 1));
	CHECK(pacs_object_is_purged(ar, &t));
	CHECK_INT(count_lines(ar, PACS_OP_PURGE, "1.2.3.4.1"), 1);
	CHECK_INT(store(w, 1, "one", FLUSHED), PACS_PLACED_NOT);
	{
		struct pacs_staged s = {.triple = t};

		CHECK_OK(pacs_stage_memory(&err, w, NULL, 0, "x", 1, &s));
		CHECK_OK(pacs_place_object(&err, w, &s, false));
		CHECK_INT(s.placed, PACS_PLACED_PURGED);
		pacs_stage_drop(w, &s);
	}
	TEST("a barrier does not miss what was staged and dropped");
	CHECK_OK(pacs_writer_barrier(&err, w));
	pacs_writer_close(w);
	pacs_archive_close(ar);
}

/* A staged file that is gone cannot be flushed. */
static void
test_spoiled(void)
{
	struct pacs_triple t = triple(7);
	const struct pacs_triple *one = &t;
	struct pacs_archive *ar = open_archive();
	struct pacs_staged s = {.triple = triple(8)};
	char path[sizeof(test_folder) + 200];
	struct pacs_writer *w;

	TEST("after a failed barrier nothing goes on record, a purge neither");
	CHECK_OK(pacs_writer_open(&err, ar, &w));
	CHECK_INT(store(w, 7, "seven", SETTLED), PACS_PLACED_OBJECT);
	CHECK_OK(pacs_stage_memory(&err, w, NULL, 0, "x", 1, &s));
	snprintf(path, sizeof(path), "cd %s/incoming && rm -f */%s",
		 test_folder, s.name);
	CHECK(system(path) == 0);
	CHECK(pacs_writer_barrier(&err, w) != PACS_OK);
	pacs_error_clear(&err);
	CHECK_ERR(pacs_writer_purge(&err, w, &one, 1, "why"), PACS_EIO);
	pacs_error_clear(&err);
	CHECK_INT(count_lines(ar, PACS_OP_PURGE, t.instance), 0);
	CHECK(is_whole(ar, 7));
	pacs_writer_close(w);
	pacs_archive_close(ar);
}

static void
test_quarantine(void)
{
	struct pacs_archive *ar = open_archive();
	struct pacs_staged s = {.triple = triple(40)}, *one = &s;
	struct pacs_quarantined *list, q;
	struct pacs_triple t = triple(40);
	struct pacs_buf b = {0};
	struct pacs_writer *w;
	size_t n;

	TEST("a conflict is set aside once per digest, with its reason");
	CHECK_OK(pacs_writer_open(&err, ar, &w));
	CHECK_INT(store(w, 40, "first", SETTLED), PACS_PLACED_OBJECT);
	make_object(&s.triple, "other bytes", &b);
	CHECK_OK(pacs_stage_memory(&err, w, NULL, 0, b.data, b.len, &s));
	CHECK_OK(pacs_writer_barrier(&err, w));
	CHECK_OK(pacs_place_object(&err, w, &s, false));
	CHECK_INT(s.placed, PACS_PLACED_TAKEN);
	CHECK_OK(pacs_place_quarantine(&err, w, &s, "conflict", "two words"));
	CHECK_INT(s.placed, PACS_PLACED_QUARANTINE);
	CHECK_OK(pacs_writer_append(&err, w, &one, 1));
	CHECK_OK(pacs_writer_barrier(&err, w));
	CHECK_OK(pacs_writer_settle(&err, w, &one, 1));
	CHECK_OK(pacs_stage_memory(&err, w, NULL, 0, b.data, b.len, &s));
	CHECK_OK(pacs_place_quarantine(&err, w, &s, "conflict", NULL));
	CHECK_INT(s.placed, PACS_PLACED_QUARANTINED_BEFORE);
	pacs_stage_drop(w, &s);
	CHECK_OK(pacs_quarantine_list(&err, ar, &list, &n));
	CHECK_INT(n, 1);
	CHECK_STR(list[0].reason, "conflict");
	CHECK_STR(list[0].detail, "two words");
	CHECK_STR(list[0].triple.instance, "1.2.3.4.40");
	free(list);

	TEST("accept refuses a taken place, and replaces it when told to");
	CHECK_OK(pacs_quarantine_find(&err, ar, s.sha256, &q));
	CHECK_ERR(pacs_quarantine_accept(&err, w, &q, &t, false, "test"),
		  PACS_EEXISTS);
	pacs_error_clear(&err);
	pacs_writer_close(w);
	CHECK_OK(pacs_writer_open(&err, ar, &w));
	CHECK_OK(pacs_quarantine_accept(&err, w, &q, &t, true, "test"));
	CHECK(is_whole(ar, 40));
	CHECK_INT(count_lines(ar, PACS_OP_REPLACE, "1.2.3.4.40"), 1);
	CHECK_OK(pacs_quarantine_list(&err, ar, &list, &n));
	CHECK_INT(n, 1);
	CHECK_STR(list[0].reason, "replaced");

	TEST("discard drops it and says so in the ledger");
	CHECK_OK(pacs_quarantine_discard(&err, w, &list[0], "looked at it"));
	free(list);
	CHECK_OK(pacs_quarantine_list(&err, ar, &list, &n));
	CHECK_INT(n, 0);
	pacs_writer_close(w);
	CHECK_INT(incoming_count(), 0);
	pacs_buf_clear(&b);
	pacs_archive_close(ar);
}

int
main(void)
{
	if (!archive_begin())
		return 1;
	test_store();
	test_quarantine();
	test_purge();
	test_spoiled();
	return archive_end();
}
