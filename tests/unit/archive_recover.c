/*
 * Recovery after a writer that died between any two of its steps, and a ledger
 * with a torn end. (The crash of a whole machine is replayed in tests/fault.)
 */
#include <sys/wait.h>

#include "unit/archive_objects.h"

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

int
main(void)
{
	if (!archive_begin())
		return 1;
	test_recovery();
	test_torn();
	return archive_end();
}
