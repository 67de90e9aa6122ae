/* Paths follow from UIDs, and back; hostile names do not. */
#include "archive/archive.h"
#include "test.h"

int
main(void)
{
	struct pacs_triple t = {"1.2.3", "1.2.3.4", "1.2.3.4.5"}, back;
	char path[PACS_PATH_ROOM];
	static const char *const bad[] = {
	    "objects/1bd/1.2.3/1.2.3.4/1.2.3.4.5.dcm", /* wrong shard */
	    "objects/c47/1.2.3/1.2.3.4/1.2.3.4.5",
	    "objects/c47/1.2.3/1.2.3.4/.dcm",
	    "objects/c47/1.2.3/../1.2.3.4.5.dcm",
	    "objects/c47/1.2.3/1.2.3.4/x/1.2.3.4.5.dcm",
	    "objects/c47//1.2.3.4/1.2.3.4.5.dcm",
	    "/objects/c47/1.2.3/1.2.3.4/1.2.3.4.5.dcm",
	    "",
	};
	size_t i;

	TEST("the path is the shard of the study and the three UIDs");
	/* printf %s 1.2.3 | sha256sum | cut -c1-3 */
	pacs_object_path(&t, path);
	CHECK_STR(path, "objects/c47/1.2.3/1.2.3.4/1.2.3.4.5.dcm");

	TEST("a path gives its UIDs back");
	CHECK(pacs_object_triple(path, &back));
	CHECK_STR(back.study, t.study);
	CHECK_STR(back.series, t.series);
	CHECK_STR(back.instance, t.instance);

	TEST("what is no object path is refused");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!CHECK(!pacs_object_triple(bad[i], &back)))
			printf("# %s\n", bad[i]);

	TEST("UIDs that cannot be file names are not safe");
	CHECK(pacs_triple_is_safe(&t));
	strcpy(t.series, "../x");
	CHECK(!pacs_triple_is_safe(&t));
	strcpy(t.series, "");
	CHECK(!pacs_triple_is_safe(&t));
	return test_done();
}
