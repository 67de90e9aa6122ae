/* When a source may be removed, and when not: what no one can arrange from
 * outside a run. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dicom/dataset.h"
#include "ingest/ingest.h"
#include "unit/folder.h"
#include "unit/test.h"

struct told {
	const char *item;   /* to be handed out */
	const char *change; /* done to the source when its record comes */
	int records, troubles;
	enum pacs_outcome outcome;
	char trouble[400];
};

static void
make_object(const char *path, const char *instance)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = pacs_dataset_new();
	const struct pacs_write_options opts = {.new_meta = true};
	struct pacs_buf out = {0};
	struct pacs_item *root = pacs_dataset_root(ds);
	FILE *f = fopen(path, "w");

	CHECK_OK(pacs_item_put_text(&err, root, PACS_TAG_SOPClassUID,
				    "1.2.840.10008.5.1.4.1.1.7"));
	CHECK_OK(
	    pacs_item_put_text(&err, root, PACS_TAG_SOPInstanceUID, instance));
	CHECK_OK(
	    pacs_item_put_text(&err, root, PACS_TAG_StudyInstanceUID, "1.2.3"));
	CHECK_OK(pacs_item_put_text(&err, root, PACS_TAG_SeriesInstanceUID,
				    "1.2.3.4"));
	CHECK_OK(pacs_dataset_write(&err, ds, &opts, pacs_sink_buf, &out));
	CHECK(f && fwrite(out.data, 1, out.len, f) == out.len);
	CHECK(f && !fclose(f));
	pacs_buf_clear(&out);
	pacs_dataset_free(ds);
}

static bool
next(void *ctx, struct pacs_buf *path)
{
	struct told *t = ctx;

	if (!t->item)
		return false;
	pacs_buf_reset(path);
	pacs_buf_adds(path, t->item);
	t->item = NULL;
	return true;
}

static void
record(void *ctx, const struct pacs_ingest_record *r)
{
	struct told *t = ctx;

	t->records++;
	t->outcome = r->outcome;
	if (t->change)
		CHECK_INT(system(t->change), 0);
}

static void
trouble(void *ctx, const char *source, const struct pacs_error *err)
{
	struct told *t = ctx;

	t->troubles++;
	snprintf(t->trouble, sizeof(t->trouble), "%.100s: %.200s", source,
		 err->msg);
}

static struct told
store(struct pacs_archive *ar, const char *item, const char *change)
{
	struct told t = {.item = item, .change = change};
	const struct pacs_ingest_options opts = {
	    .workers = 1, .move = true, .stream_fd = -1};
	const struct pacs_ingest_hooks hooks = {
	    .ctx = &t, .next = next, .record = record, .trouble = trouble};
	struct pacs_ingest_tally tally;
	struct pacs_error err = PACS_ERROR_INIT;

	CHECK_OK(pacs_ingest(&err, ar, &opts, &hooks, &tally));
	CHECK_INT(t.records, 1);
	return t;
}

int
main(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_settings s = {
	    .default_issuer = "", .timezone = "", .floor_bytes = 1};
	struct pacs_archive *ar = NULL;
	struct told t;

	TEST("a scratch archive");
	if (!CHECK(test_folder_make()) || !CHECK(!chdir(test_folder)))
		return test_done();
	CHECK_OK(pacs_archive_create(&err, "a", &s));
	CHECK_OK(pacs_archive_open(&err, "a", PACS_ARCHIVE_WRITE, &ar));

	TEST("a source goes when it is safe");
	make_object("one", "1.1");
	t = store(ar, "one", NULL);
	CHECK_INT(t.outcome, PACS_OUTCOME_STORED);
	CHECK_INT(t.troubles, 0);
	CHECK(access("one", F_OK));

	TEST("another file under the name stays");
	make_object("one", "1.2");
	make_object("new", "1.3");
	t = store(ar, "one", "mv new one");
	CHECK_INT(t.outcome, PACS_OUTCOME_STORED);
	CHECK_INT(t.troubles, 1);
	CHECK(strstr(t.trouble, "changed"));
	CHECK(!access("one", F_OK));

	TEST("a file that was written to stays");
	make_object("two", "1.4");
	t = store(ar, "two", "echo more >>two");
	CHECK_INT(t.troubles, 1);
	CHECK(!access("two", F_OK));

	TEST("a file whose time changed stays");
	make_object("three", "1.5");
	t = store(ar, "three", "touch -d 2001-01-01 three");
	CHECK_INT(t.troubles, 1);
	CHECK(!access("three", F_OK));

	TEST("a file that became a link stays, and what it leads to");
	make_object("four", "1.6");
	t = store(ar, "four", "mv four real && ln -s real four");
	CHECK_INT(t.troubles, 1);
	CHECK(!access("four", F_OK));

	TEST("a source that is gone already is told");
	make_object("five", "1.7");
	t = store(ar, "five", "rm five");
	CHECK_INT(t.troubles, 1);
	pacs_archive_close(ar);
	CHECK(!chdir("/") && test_folder_remove());
	return test_done();
}
