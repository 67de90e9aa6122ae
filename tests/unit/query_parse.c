/* The question language: keys, conditions, values, lists, and what is refused.
 */
#include <stdlib.h>
#include <unistd.h>

#include "query/query.h"
#include "unit/test.h"

/* 2024-03-31 10:00 UTC, a Sunday; days begin at midnight UTC. */
static const struct pacs_query_clock clock_ = {
    .now_us = INT64_C(1711879200000000), .today = 19813};

static bool
matches(const char *condition, const char *value)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_query q = {0};
	bool yes = CHECK_OK(pacs_query_add(&err, &q, condition, &clock_)) &&
		   pacs_condition_matches(&q.conditions[0], value);

	if (err.code)
		printf("# %s: %s\n", condition, err.msg);
	pacs_query_clear(&q);
	return yes;
}

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
test_text(void)
{
	TEST("text matches as a whole, with * and ?");
	CHECK(matches("StudyID=A1", "A1"));
	CHECK(!matches("StudyID=A1", "a1"));
	CHECK(!matches("StudyID=A1", "A12"));
	CHECK(matches("StudyID= A1 ", "A1"));
	CHECK(matches("StudyID=A*", "A"));
	CHECK(matches("StudyID=*1*2*", "x1y2"));
	CHECK(!matches("StudyID=*1*2*", "x2y1"));
	CHECK(matches("StudyID=?", "ä"));
	CHECK(!matches("StudyID=??", "ä"));
	CHECK(matches("StudyID=%_", "%_"));
	CHECK(!matches("StudyID=%", "A"));
	CHECK(!matches("StudyID=?*", ""));
	TEST("one of several values is enough, on both sides");
	CHECK(matches("StudyID=A\\B\\C", "B"));
	CHECK(!matches("StudyID=A\\B", "A\\B"));
	CHECK(matches("ImageType=PRIMARY", "ORIGINAL\\PRIMARY\\AXIAL"));
	CHECK(matches("ImageType=PRI*", "ORIGINAL\\PRIMARY"));
	CHECK(!matches("ImageType=O*Y", "ORIGINAL\\PRIMARY"));
	TEST("an empty value is no value, * is any");
	CHECK(matches("StudyID=", NULL));
	CHECK(matches("StudyID=", ""));
	CHECK(!matches("StudyID=", "A"));
	CHECK(matches("StudyID!=", "A"));
	CHECK(matches("StudyID=*", NULL));
	CHECK(matches("StudyID=**", NULL));
	CHECK(matches("StudyID=A\\", NULL));
	TEST("!= is the opposite");
	CHECK(matches("StudyID!=A", "B"));
	CHECK(matches("StudyID!=A", NULL));
	CHECK(!matches("StudyID!=A\\B", "B"));
	CHECK(!matches("ImageType!=PRIMARY", "ORIGINAL\\PRIMARY"));
	TEST("a backslash is a character in free text");
	CHECK(matches("PatientComments=a\\b", "a\\b"));
}

static void
test_names(void)
{
	TEST("names match without case, accents and fillings");
	CHECK(matches("PatientName=MULLER^JORG", "Müller^Jörg"));
	CHECK(matches("PatientName=müller^jörg", "MÜLLER^JÖRG^^^"));
	CHECK(matches("PatientName=Strasse", "Straße"));
	CHECK(matches("PatientName=αθηνα", "ΑΘΗΝΆ"));
	CHECK(matches("PatientName=a^b", " A  ^ B "));
	CHECK(!matches("PatientName=muller", "Müller^Jörg"));
	CHECK(matches("PatientName=m?ller^*", "Müller^Jörg"));
	TEST("kana keep their marks, half-width forms are the same");
	CHECK(!matches("PatientName=カ", "ガ"));
	CHECK(matches("PatientName=ヤマダ", "ﾔﾏﾀﾞ"));
	TEST("each group can be asked");
	CHECK(matches("PatientName=山田*",
		      "Yamada^Tarou=山田^太郎=やまだ^たろう"));
	CHECK(matches("PatientName=やまだ^たろう",
		      "Yamada^Tarou=山田^太郎=やまだ^たろう"));
	CHECK(matches("PatientName=yamada^tarou=山田*",
		      "Yamada^Tarou=山田^太郎"));
	CHECK(!matches("PatientName=yamada^tarou=山本*",
		       "Yamada^Tarou=山田^太郎"));
	CHECK(matches("PatientName==山田^太郎", "Yamada^Tarou=山田^太郎"));
	CHECK(!matches("PatientName==yamada*", "Yamada^Tarou=山田^太郎"));
}

static void
test_ranges(void)
{
	static const struct {
		const char *condition, *value;
		bool yes;
	} cases[] = {
	    {"StudyDate=20240131", "20240131", true},
	    {"StudyDate=20240131", "2024.01.31", true},
	    {"StudyDate=2024-01-31", "20240131", true},
	    {"StudyDate=2024-02", "20240229", true},
	    {"StudyDate=202402", "20240301", false},
	    {"StudyDate=2023", "20231231", true},
	    {"StudyDate=20240101-20240131", "20240115", true},
	    {"StudyDate=20240101-20240131", "20240201", false},
	    {"StudyDate=-20240131", "19000101", true},
	    {"StudyDate=20240131-", "20990101", true},
	    {"StudyDate=2024-01-01..2024-01-31", "20240131", true},
	    {"StudyDate=2023..", "20221231", false},
	    {"StudyDate=today", "20240331", true},
	    {"StudyDate=yesterday", "20240330", true},
	    {"StudyDate=-7d", "20240324", true},
	    {"StudyDate=-7d..", "20240323", false},
	    {"StudyDate=-1w..yesterday", "20240331", false},
	    {"StudyDate=-1m", "20240229", true},
	    {"StudyDate=-1y", "20230331", true},
	    {"StudyDate=2024..", "garbage", false},
	    {"StudyDate=2024..", "", false},
	    {"StudyDate=20231224\\20240131", "20231224", true},
	    {"StudyTime=09", "095959.999", true},
	    {"StudyTime=0930", "0930", true},
	    {"StudyTime=0930", "0931", false},
	    {"StudyTime=0900-1000", "100059", true},
	    {"StudyTime=0900-1000", "1001", false},
	    {"StudyTime=-0900", "0930", false},
	    {"StudyTime=09:30:15", "093015.25", true},
	    {"StudyTime=09", "noon", false},
	    {"SeriesNumber=1", "01", true},
	    {"SeriesNumber=1..3", "3", true},
	    {"SeriesNumber=..3", "-5", true},
	    {"SeriesNumber=4..", "3", false},
	    {"SeriesNumber=-3", "-3", true},
	    {"SeriesNumber=1", "x1", false},
	    {"PatientWeight=70", "7e1", true},
	    {"PatientWeight=69.5..70.5", "70.2", true},
	    {"OtherStudyNumbers=2", "1\\2", true},
	    {"stored_at=today", "2024-03-31T23:59:59.999999Z", true},
	    {"stored_at=today", "2024-04-01T00:00:00.000000Z", false},
	    {"stored_at=-2h..", "2024-03-31T08:00:00.000000Z", true},
	    {"stored_at=-2h..", "2024-03-31T07:59:59.999999Z", false},
	    {"stored_at=-120min..", "2024-03-31T08:00:00.000000Z", true},
	    {"stored_at=-119min..", "2024-03-31T08:00:00.000000Z", false},
	    {"stored_at=-1440min..-2h", "2024-03-31T08:00:00.000000Z", true},
	    {"StudyTime=2200-\\-0600", "0559", true},
	    {"StudyTime=2200-\\-0600", "2201", true},
	    {"StudyTime=2200-\\-0600", "1200", false},
	    {"stored_at=2024-03-31T08:00Z", "2024-03-31T08:00:59.000000Z",
	     true},
	    {"stored_at=2024-03-31T08", "2024-03-31T08:59:59.000000Z", true},
	    {"stored_at=2024", "2024-03-31T08:00:00.000000Z", true},
	};
	size_t i;

	TEST("dates, times and numbers match as ranges");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!CHECK(matches(cases[i].condition, cases[i].value) ==
			   cases[i].yes))
			printf("# %s of '%s'\n", cases[i].condition,
			       cases[i].value);
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

static void
test_list(void)
{
	char path[] = "/tmp/pacs-query-XXXXXX", condition[64];
	static const char text[] = "B*\r\n\n A1 \nzz\n";
	int fd = mkstemp(path);

	TEST("a list is taken from a file, each value as it stands");
	if (!CHECK(fd >= 0 && write(fd, text, sizeof(text) - 1) ==
				  (ssize_t)sizeof(text) - 1))
		return;
	close(fd);
	snprintf(condition, sizeof(condition), "StudyID=@%s", path);
	CHECK(matches(condition, "A1"));
	CHECK(matches(condition, "zz"));
	CHECK(matches(condition, "B*"));
	CHECK(!matches(condition, "B2"));
	CHECK(!matches(condition, ""));
	unlink(path);
}

static void
test_empty_list(void)
{
	static const char *const texts[] = {"", "\n \r\n", "\xef\xbb\xbf"};
	char path[] = "/tmp/pacs-query-XXXXXX", condition[64], msg[400];
	int fd = mkstemp(path);
	size_t i;

	TEST("a list without a value is refused");
	snprintf(condition, sizeof(condition), "StudyID!=@%s", path);
	for (i = 0; i < 3; i++) {
		ssize_t n = (ssize_t)strlen(texts[i]);

		if (CHECK(fd >= 0 && !ftruncate(fd, 0) &&
			  pwrite(fd, texts[i], (size_t)n, 0) == n))
			CHECK_INT(refused(condition, msg), PACS_EUSAGE);
		CHECK(strstr(msg, "no value in it") != NULL);
	}
	TEST("a byte order mark is no part of the first value");
	CHECK(pwrite(fd,
		     "\xef\xbb\xbf"
		     "A\nB",
		     6, 0) == 6);
	snprintf(condition, sizeof(condition), "StudyID=@%s", path);
	CHECK(matches(condition, "A"));
	CHECK(matches(condition, "B"));
	close(fd);
	unlink(path);
}

static void
test_whole(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const char *values[PACS_KEY_COUNT] = {
	    [PACS_KEY_StudyID] = "A", [PACS_KEY_Modality] = "CT"};
	struct pacs_query q = {0};

	TEST("a question without conditions matches everything");
	CHECK(pacs_query_matches(&q, values));
	q.any = true;
	CHECK(pacs_query_matches(&q, values));
	TEST("all conditions must hold, or one");
	CHECK_OK(pacs_query_add(&err, &q, "StudyID=A", NULL));
	CHECK_OK(pacs_query_add(&err, &q, "Modality=MR", NULL));
	CHECK(pacs_query_matches(&q, values));
	q.any = false;
	CHECK(!pacs_query_matches(&q, values));
	TEST("findscu's level is no condition");
	CHECK_OK(pacs_query_add(&err, &q, "0008,0052=IMAGE", NULL));
	CHECK_INT(q.count, 2);
	CHECK(q.has_level && q.level == PACS_LEVEL_INSTANCE);
	pacs_query_clear(&q);
}

static void
test_wild(void)
{
	char value[4001], pattern[201];
	int i;

	TEST("a pattern of many stars is not slow");
	memset(value, 'a', 4000);
	value[4000] = '\0';
	for (i = 0; i < 200; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[199] = 'b';
	pattern[200] = '\0';
	CHECK(!pacs_wild_matches(pattern, value, 4000));
	pattern[199] = 'a';
	CHECK(pacs_wild_matches(pattern, value, 4000));
}

int
main(void)
{
	test_keys();
	test_table();
	test_text();
	test_names();
	test_ranges();
	test_refused();
	test_lines();
	test_list();
	test_empty_list();
	test_whole();
	test_wild();
	return test_done();
}
