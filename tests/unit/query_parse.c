/* The question language: keys, lists, and what is refused. */
#include <stdlib.h>

#include "unit/folder.h"
#include "unit/query_ask.h"

static enum pacs_err
refused(const char *condition, char *msg)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_query q = {0};
	enum pacs_err rc = pacs_query_add(&err, &q, condition, &clock_);

	strcpy(msg, err.msg);
	CHECK_INT(q.count, 0);
	pacs_query_clear(&q);
	return rc;
}

static void
test_keys(void)
{
	static const struct {
		const char *name;
		int key;
	} good[] = {
	    {"PatientName", PACS_KEY_PatientName},
	    {"0010,0010", PACS_KEY_PatientName},
	    {"(0010,0010)", PACS_KEY_PatientName},
	    {"00100010", PACS_KEY_PatientName},
	    {"size_bytes", PACS_KEY_size_bytes},
	    {"RequestAttributesSequence.RequestedProcedureID",
	     PACS_KEY_RequestAttributes_ProcedureID},
	    {"RequestAttributesSequence[0].RequestedProcedureID",
	     PACS_KEY_RequestAttributes_ProcedureID},
	    {"0040,0275.0040,1001", PACS_KEY_RequestAttributes_ProcedureID},
	    {"(0040,0275)[0].(0040,1001)",
	     PACS_KEY_RequestAttributes_ProcedureID},
	};
	static const char *const bad[] = {"",
					  "PatientNam",
					  "patientname",
					  "PatientName.PatientID",
					  "SliceThickness",
					  "0040,0275",
					  ".",
					  "a.b.c",
					  "RequestAttributesSequence.",
					  "x\ty"};
	enum pacs_key_id id;
	size_t i;

	TEST("keys are found by keyword, tag and path");
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct pacs_error err = PACS_ERROR_INIT;

		if (CHECK_OK(pacs_key_find(&err, good[i].name, &id)))
			CHECK_INT(id, good[i].key);
	}
	TEST("what is no key is refused");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pacs_error err = PACS_ERROR_INIT;

		CHECK_ERR(pacs_key_find(&err, bad[i], &id), PACS_EUSAGE);
	}
}

static void
test_table(void)
{
	int i, j;

	TEST("the key table is consistent");
	for (i = 0; i < PACS_KEY_COUNT; i++) {
		const struct pacs_key *k = &pacs_keys[i];
		const struct pacs_dict_entry *d = pacs_dict_find_tag(k->tag);

		CHECK(*k->help && *k->snake);
		CHECK(!k->tag == (k->name[0] >= 'a'));
		if (k->tag && CHECK(d != NULL)) {
			const char *dot = strchr(k->name, '.');

			CHECK_STR(dot ? dot + 1 : k->name, d->keyword);
			CHECK_INT(k->vr, d->vr);
			if (!k->sequence)
				CHECK((k->flags & PACS_KEY_MULTI) != 0 ||
				      !strcmp(d->vm, "1"));
		}
		for (j = 0; j < i; j++) {
			CHECK(strcmp(k->name, pacs_keys[j].name) != 0);
			CHECK(strcmp(k->snake, pacs_keys[j].snake) != 0);
		}
	}
}

static void
test_refused(void)
{
	static const char *const bad[] = {"StudyDate=SECRET",
					  "StudyDate=20240230",
					  "StudyDate=..",
					  "StudyDate=-",
					  "StudyDate=20240101-x",
					  "StudyDate=2024*",
					  "StudyDate=99999",
					  "StudyDate=-7x..",
					  "StudyDate=202413",
					  "StudyTime=25",
					  "StudyTime=09-xx",
					  "SeriesNumber=one",
					  "SeriesNumber=1..x",
					  "SeriesNumber=0x10",
					  "SeriesNumber=inf",
					  "PatientWeight=nan",
					  "stored_at=soon",
					  "stored_at=2024T",
					  "path=objects",
					  "PatientID",
					  "=x",
					  "QueryRetrieveLevel=ALL",
					  "StudyDate=-99999999d",
					  "StudyDate=2025..2024",
					  "StudyDate=20250101-20240101",
					  "StudyTime=22..06",
					  "SeriesNumber=3..1",
					  "PatientWeight=2e1..1e1",
					  "stored_at=-1h..-2h",
					  "stored_at=-3m",
					  "stored_at=-3m..",
					  "stored_at=..-3m",
					  "stored_at=-min",
					  "stored_at=-1.5min",
					  "PatientAge=020Y..040Y",
					  "PatientAge=020Y-",
					  "StudyInstanceUID=1..2"};
	char msg[400];
	char *big;
	size_t i;

	TEST("what a key cannot be is refused, and not repeated");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (!CHECK_INT(refused(bad[i], msg), PACS_EUSAGE))
			printf("# %s\n", bad[i]);
		CHECK(!strstr(msg, "SECRET"));
		CHECK(*msg);
	}
	TEST("values have a bound, below which they are data");
	big = pacs_malloc(PACS_QUERY_VALUE_MAX + 20);
	memset(big, 'x', PACS_QUERY_VALUE_MAX + 19);
	big[PACS_QUERY_VALUE_MAX + 19] = '\0';
	memcpy(big, "StudyID=", 8);
	CHECK_INT(refused(big, msg), PACS_EUSAGE);
	big[8 + PACS_QUERY_VALUE_MAX] = '\0';
	CHECK(matches(big, big + 8));
	free(big);
}

static void
test_lines(void)
{
	static const char text[] = "# comment\n\n  StudyID=A\r\nModality=CT";
	static const char wrong[] = "StudyID=A\nPatientNam=x\n";
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_query q = {0};

	TEST("conditions come line by line");
	CHECK_OK(pacs_query_add_lines(&err, &q, text, sizeof(text) - 1, NULL));
	CHECK_INT(q.count, 2);
	CHECK(pacs_condition_matches(&q.conditions[0], "A"));
	pacs_query_clear(&q);
	CHECK_ERR(
	    pacs_query_add_lines(&err, &q, wrong, sizeof(wrong) - 1, NULL),
	    PACS_EUSAGE);
	CHECK(!strncmp(err.msg, "line 2: ", 8));
	pacs_query_clear(&q);
}

static char list[300];

/* The file that lists are taken from has this text now. */
static bool
write_list(const char *text, size_t len)
{
	FILE *f = fopen(list, "w");
	bool good = f && fwrite(text, 1, len, f) == len;

	return f && fclose(f) == 0 && good;
}

static void
test_list(void)
{
	static const char text[] = "B*\r\n\n A1 \nzz\n";
	char condition[400];

	TEST("a list is taken from a file, each value as it stands");
	snprintf(condition, sizeof(condition), "StudyID=@%s", list);
	CHECK(write_list(text, sizeof(text) - 1));
	CHECK(matches(condition, "A1"));
	CHECK(matches(condition, "zz"));
	CHECK(matches(condition, "B*"));
	CHECK(!matches(condition, "B2"));
	CHECK(!matches(condition, ""));
}

static void
test_empty_list(void)
{
	static const char *const texts[] = {"", "\n \r\n", "\xef\xbb\xbf"};
	char condition[400], msg[400];
	size_t i;

	TEST("a list without a value is refused");
	snprintf(condition, sizeof(condition), "StudyID!=@%s", list);
	for (i = 0; i < 3; i++) {
		CHECK(write_list(texts[i], strlen(texts[i])));
		CHECK_INT(refused(condition, msg), PACS_EUSAGE);
		CHECK(strstr(msg, "no value in it") != NULL);
	}
	TEST("a byte order mark is no part of the first value");
	CHECK(write_list("\xef\xbb\xbf"
			 "A\nB",
			 6));
	snprintf(condition, sizeof(condition), "StudyID=@%s", list);
	CHECK(matches(condition, "A"));
	CHECK(matches(condition, "B"));
}

int
main(void)
{
	test_keys();
	test_table();
	test_refused();
	test_lines();
	if (CHECK(test_folder_make())) {
		snprintf(list, sizeof(list), "%s/list", test_folder);
		test_list();
		test_empty_list();
		CHECK(test_folder_remove());
	}
	return test_done();
}
