/*
 * The life of an object in the archive room: staging, placing, the ledger,
 * duplicates, repair, purge, quarantine; and recovery after a writer that died
 * between any two of its steps (the crash of a whole machine is replayed in
 * tests/fault).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/quarantine.h"
#include "archive/writer.h"
#include "base/file.h"
#include "folder.h"
#include "test.h"

static struct pacs_error err;

static struct pacs_archive *
open_archive(void)
{
	struct pacs_archive *ar = NULL;

	if (pacs_archive_open(&err, test_folder, PACS_ARCHIVE_WRITE, &ar))
		printf("# %s\n", err.msg);
	return ar;
}

static void
put(struct pacs_buf *b, unsigned group, unsigned element, const char *vr,
    const char *value)
{
	size_t len = strlen(value), even = (len + 1) & ~(size_t)1;
	const unsigned char head[8] = {
	    (unsigned char)group,   (unsigned char)(group >> 8),
	    (unsigned char)element, (unsigned char)(element >> 8),
	    (unsigned char)vr[0],   (unsigned char)vr[1],
	    (unsigned char)even,    0,
	};

	pacs_buf_add(b, head, sizeof(head));
	pacs_buf_add(b, value, len);
	pacs_buf_add(b, "", even - len);
}

/* A small real object, so that recovery can read its UIDs. Explicit VR little
 * endian, with the one element of group 0002 that says so. */
static void
make_object(const struct pacs_triple *t, const char *comment,
	    struct pacs_buf *out)
{
	static const char zeros[128];

	pacs_buf_add(out, zeros, sizeof(zeros));
	pacs_buf_adds(out, "DICM");
	put(out, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1");
	put(out, 0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.7");
	put(out, 0x0008, 0x0018, "UI", t->instance);
	put(out, 0x0020, 0x000d, "UI", t->study);
	put(out, 0x0020, 0x000e, "UI", t->series);
	put(out, 0x0020, 0x4000, "LT", comment);
}

static struct pacs_triple
triple(int n)
{
	struct pacs_triple t;

	snprintf(t.study, sizeof(t.study), "1.2.3");
	snprintf(t.series, sizeof(t.series), "1.2.3.4");
	snprintf(t.instance, sizeof(t.instance), "1.2.3.4.%d", n);
	return t;
}

/* Steps of a store; a child process ends after the step that it is told. */
enum step { STAGED, FLUSHED, PLACED, APPENDED, DURABLE, SETTLED };

static enum pacs_placed
store(struct pacs_writer *w, int n, const char *comment, enum step last)
{
	struct pacs_staged st = {.triple = triple(n)}, *one = &st;
	struct pacs_buf b = {0};

	make_object(&st.triple, comment, &b);
	CHECK_OK(pacs_stage_memory(&err, w, NULL, 0, b.data, b.len, &st));
	pacs_buf_clear(&b);
	if (last >= FLUSHED)
		CHECK_OK(pacs_writer_barrier(&err, w));
	if (last >= PLACED)
		CHECK_OK(pacs_place_object(&err, w, &st, false));
	if (last >= APPENDED)
		CHECK_OK(pacs_writer_append(&err, w, &one, 1));
	if (last >= DURABLE)
		CHECK_OK(pacs_writer_barrier(&err, w));
	if (last >= SETTLED)
		CHECK_OK(pacs_writer_settle(&err, w, &one, 1));
	return st.placed;
}

static unsigned
count_lines(struct pacs_archive *ar, enum pacs_op op, const char *instance)
{
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	unsigned n = 0;

	CHECK_OK(pacs_ledger_open(&err, ar, NULL, &r));
	while (pacs_ledger_next(&err, r, &line) == PACS_OK && line)
		n += line->op == op && strcmp(line->instance, instance) == 0;
	CHECK_INT(err.code, PACS_OK);
	pacs_ledger_close(r);
	return n;
}

static bool
is_whole(struct pacs_archive *ar, int n)
{
	struct pacs_triple t = triple(n);
	char want[PACS_SHA256_HEX], have[PACS_SHA256_HEX];
	uint64_t size;
	bool same;
	int fd;

	if (pacs_ledger_expect(&err, ar, &t, want, &size) ||
	    pacs_object_open(&err, ar, &t, &fd, NULL)) {
		pacs_error_clear(&err);
		return false;
	}
	same = !pacs_sha256_fd(&err, fd, have, NULL) && !strcmp(want, have);
	close(fd);
	return same;
}

static unsigned
incoming_count(void)
{
	char cmd[sizeof(test_folder) + 100];
	unsigned n = 0;
	FILE *p;

	snprintf(cmd, sizeof(cmd), "ls %s/incoming | wc -l", test_folder);
	p = popen(cmd, "r");
	if (!p || fscanf(p, "%u", &n) != 1)
		n = 999;
	if (p)
		pclose(p);
	return n;
}

static void
die_after(enum step last, int n)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct pacs_archive *ar = open_archive();
		struct pacs_writer *w;

		if (pacs_writer_open(&err, ar, &w) == PACS_OK)
			store(w, n, "dies", last);
		_exit(0); /* like kill -9: nothing is closed or cleaned */
	}
	waitpid(pid, &status, 0);
}

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
test_recovery(void)
{
	struct pacs_archive *ar;
	char path[sizeof(test_folder) * 2 + 200];
	int n;

	TEST("what a writer staged when it died is swept, nothing is placed");
	die_after(FLUSHED, 10);
	CHECK_INT(incoming_count(), 1);
	ar = open_archive();
	CHECK_INT(pacs_archive_recovery(ar)->swept, 1);
	CHECK_INT(incoming_count(), 0);
	CHECK(!is_whole(ar, 10));
	pacs_archive_close(ar);

	TEST("a name without a line is adopted");
	die_after(PLACED, 11);
	ar = open_archive();
	CHECK_INT(pacs_archive_recovery(ar)->adopted, 1);
	CHECK(is_whole(ar, 11));
	CHECK_INT(count_lines(ar, PACS_OP_ADOPT, "1.2.3.4.11"), 1);
	pacs_archive_close(ar);

	for (n = APPENDED; n <= SETTLED; n++) {
		TEST("a line with its object needs nothing");
		die_after((enum step)n, 20 + n);
		ar = open_archive();
		CHECK_INT(pacs_archive_recovery(ar)->writers, 1);
		CHECK_INT(pacs_archive_recovery(ar)->adopted, 0);
		CHECK_INT(pacs_archive_recovery(ar)->voided, 0);
		CHECK(is_whole(ar, 20 + n));
		pacs_archive_close(ar);
	}

	TEST("a line whose object lost its name is relinked from incoming");
	die_after(APPENDED, 30);
	snprintf(path, sizeof(path),
		 "%s/objects/c47/1.2.3/1.2.3.4/1.2.3.4.30.dcm", test_folder);
	CHECK_INT(unlink(path), 0);
	ar = open_archive();
	CHECK_INT(pacs_archive_recovery(ar)->relinked, 1);
	CHECK(is_whole(ar, 30));
	pacs_archive_close(ar);

	TEST("a line whose bytes are nowhere is void");
	die_after(APPENDED, 31);
	snprintf(path, sizeof(path),
		 "rm %s/objects/c47/1.2.3/1.2.3.4/1.2.3.4.31.dcm; "
		 "cd %s/incoming/*/ && rm $(ls | grep -E ^[0-9a-f]{64})",
		 test_folder, test_folder);
	CHECK_INT(system(path), 0);
	ar = open_archive();
	CHECK_INT(pacs_archive_recovery(ar)->voided, 1);
	CHECK_INT(count_lines(ar, PACS_OP_VOID, "1.2.3.4.31"), 1);
	CHECK(!is_whole(ar, 31));
	pacs_archive_close(ar);
}

static void
test_torn(void)
{
	struct pacs_archive *ar;
	struct pacs_writer *w;
	char cmd[sizeof(test_folder) + 200];

	TEST("half a line at the end is cut by the next writer");
	snprintf(cmd, sizeof(cmd),
		 "printf '2026-01-01\\tstore\\t1.2' >>%s/ledger/000001.tsv",
		 test_folder);
	CHECK_INT(system(cmd), 0);
	ar = open_archive();
	CHECK_OK(pacs_writer_open(&err, ar, &w));
	CHECK_INT(store(w, 40, "after", SETTLED), PACS_PLACED_OBJECT);
	pacs_writer_close(w);
	CHECK(is_whole(ar, 40));
	pacs_archive_close(ar);

	TEST("NUL bytes and garbage behind a dead writer's mark are cut");
	die_after(DURABLE, 41);
	snprintf(cmd, sizeof(cmd),
		 "{ head -c 9000 /dev/zero; echo garbage; } "
		 ">>%s/ledger/000001.tsv",
		 test_folder);
	CHECK_INT(system(cmd), 0);
	ar = open_archive();
	CHECK_INT(pacs_archive_recovery(ar)->cut_bytes, 9008);
	CHECK(is_whole(ar, 41));
	CHECK(is_whole(ar, 40));
	pacs_archive_close(ar);

	TEST("a line that was altered is damage, and nothing is appended");
	snprintf(cmd, sizeof(cmd),
		 "sed -i '$s/store/STORE/' %s/ledger/000001.tsv", test_folder);
	CHECK_INT(system(cmd), 0);
	ar = open_archive();
	CHECK_INT(pacs_writer_open(&err, ar, &w), PACS_EINTEGRITY);
	pacs_error_clear(&err);
	CHECK(!w);
	pacs_archive_close(ar);
	snprintf(cmd, sizeof(cmd),
		 "sed -i '$s/STORE/store/' %s/ledger/000001.tsv", test_folder);
	CHECK_INT(system(cmd), 0);
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
	CHECK_ERR(pacs_quarantine_accept(&err, w, &q, &t, false, false, "test"),
		  PACS_EEXISTS);
	pacs_error_clear(&err);
	pacs_writer_close(w);
	CHECK_OK(pacs_writer_open(&err, ar, &w));
	CHECK_OK(pacs_quarantine_accept(&err, w, &q, &t, false, true, "test"));
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
	struct pacs_settings s = {0};

	if (!test_folder_make())
		return 1;
	TEST("an archive is made in an empty folder, and only there");
	CHECK_OK(pacs_archive_create(&err, test_folder, &s));
	CHECK_ERR(pacs_archive_create(&err, test_folder, &s), PACS_EEXISTS);
	pacs_error_clear(&err);
	test_store();
	test_recovery();
	test_torn();
	test_quarantine();
	test_purge();
	CHECK(test_folder_remove());
	return test_done();
}
