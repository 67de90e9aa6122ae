/* Names fit what they are written in, whoever is paired with whom. */
#include <stdlib.h>

#include "dicom/text.h"
#include "phantom/internal.h"
#include "test.h"

static size_t
count_bytes(const char *s, size_t len, const char *which)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += s[i] && strchr(which, s[i]);
	return n;
}

/* Some readers count bytes, and look for delimiters between escapes. */
static bool
fits(const char *charset, const char *name)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf bytes = {0}, back = {0};
	bool ok;

	ok = !pacs_text_encode(&err, charset, PACS_VR('P', 'N'), name,
			       strlen(name), &bytes) &&
	     bytes.len <= 64 &&
	     pacs_text_decode(charset, PACS_VR('P', 'N'), bytes.data, bytes.len,
			      &back) &&
	     !strcmp(pacs_buf_str(&back), name) &&
	     count_bytes(bytes.data, bytes.len, "\\^=") ==
		 count_bytes(name, strlen(name), "\\^=");
	if (!ok)
		printf("# %s in '%s': %zu bytes, %s\n", name, charset,
		       bytes.len, err.msg);
	pacs_buf_clear(&bytes);
	pacs_buf_clear(&back);
	return ok;
}

static void
check_pairs(const struct pacs_ph_names *t, const struct pacs_ph_name *given,
	    size_t count, bool female)
{
	for (size_t i = 0; i < t->family_count; i++) {
		const struct pacs_ph_name *f = &t->family[i];

		for (size_t j = 0; j < count; j++) {
			const struct pacs_ph_name *g = &given[j];
			struct pacs_buf b = {0};

			pacs_buf_addf(&b, "%s^%s",
				      female && f->alphabetic_f
					  ? f->alphabetic_f
					  : f->alphabetic,
				      g->alphabetic);
			if (f->ideographic && g->ideographic)
				pacs_buf_addf(&b, "=%s^%s", f->ideographic,
					      g->ideographic);
			else
				pacs_buf_adds(&b, "^^Dr.");
			if (f->phonetic && g->phonetic)
				pacs_buf_addf(&b, "=%s^%s", f->phonetic,
					      g->phonetic);
			CHECK(fits(t->charset, pacs_buf_str(&b)));
			CHECK(fits("ISO_IR 192", pacs_buf_str(&b)));
			pacs_buf_clear(&b);
		}
	}
}

static void
test_names(void)
{
	const struct pacs_ph_names *t;

	for (t = pacs_ph_name_tables; t->charset; t++) {
		TEST(t->charset[0] ? t->charset : "ASCII");
		check_pairs(t, t->female, t->female_count, true);
		check_pairs(t, t->male, t->male_count, false);
		CHECK(t->family_count * (t->female_count + t->male_count) >=
		      150);
		for (int i = 0; i < 4; i++)
			CHECK(fits(t->charset, t->hospitals[i]));
	}
}

static void
test_studies(void)
{
	struct pacs_phantom_options opts = PACS_PHANTOM_DEFAULTS;
	unsigned children = 0, women = 0, again = 0;
	struct pacs_ph_study s, before = {0};

	TEST("a thousand studies are of people one may meet in a hospital");
	for (uint64_t i = 0; i < 1000; i++) {
		pacs_ph_study_make(&opts, i, &s);
		children += s.age_years < 18;
		women += s.patient_sex[0] == 'F';
		again += !strcmp(s.patient_id, before.patient_id);
		CHECK(s.age_years <= 98);
		CHECK(strcmp(s.birth_date, s.date) <= 0 || s.age_years == 0);
		CHECK(strlen(s.accession) == 13);
		CHECK(pacs_uid_is_valid(s.uid));
		before = s;
	}
	CHECK(children > 50 && children < 200);
	CHECK(women > 400 && women < 600);
	CHECK_INT(again, 333);

	TEST("the same seed makes the same study, another seed another");
	pacs_ph_study_make(&opts, 999, &s);
	CHECK(!memcmp(&s, &before, sizeof(s)));
	opts.seed = 2;
	pacs_ph_study_make(&opts, 999, &s);
	CHECK(strcmp(s.uid, before.uid) != 0);
	CHECK(strcmp(s.patient_id, before.patient_id) != 0);

	TEST("terms are understood with and without the backslash");
	CHECK_STR(pacs_phantom_charset("iso 2022 ir 87"), "\\ISO 2022 IR 87");
	CHECK_STR(pacs_phantom_charset("\\ISO 2022 IR 149"),
		  "\\ISO 2022 IR 149");
	CHECK_STR(pacs_phantom_charset("ISO_IR 6"), "");
	CHECK(!pacs_phantom_charset("ISO_IR 13"));
}

int
main(void)
{
	test_names();
	test_studies();
	return test_done();
}
