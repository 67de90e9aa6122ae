/* What a question matches: text, names, ranges, and conditions together. */
#include "unit/query_ask.h"

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
	test_text();
	test_names();
	test_ranges();
	test_whole();
	test_wild();
	return test_done();
}
