/*
 * Who was examined, when, and who asked for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dicom/date.h"
#include "phantom/internal.h"

/* Two of three patients come once, the third twice: studies 0 1 2 3 4 5 are of
 * patients 0 1 1 2 3 3. */
static uint64_t
patient_of(uint64_t study)
{
	return study / 3 * 2 + (study % 3 + 1) / 2;
}

/* "mixed" takes the character sets in turn, patient by patient; UTF-8 takes
 * names of any script. */
static const struct pacs_ph_names *
names_of(const struct pacs_phantom_options *opts, uint64_t patient,
	 struct pacs_ph_random *r, const char **ret_charset)
{
	const struct pacs_ph_names *t = pacs_ph_name_tables;
	size_t count = 1, i;

	while (t[count].charset)
		count++;
	if (strcmp(opts->charset, "mixed") == 0) {
		i = (size_t)(patient % count);
	} else {
		for (i = 0; i + 1 < count; i++) {
			if (strcmp(t[i].charset, opts->charset) == 0)
				break;
		}
	}
	*ret_charset = t[i].charset;
	if (strcmp(t[i].charset, "ISO_IR 192") == 0)
		i = pacs_ph_below(r, (unsigned)count);
	return &t[i];
}

static void
append(char *buf, const char *a, const char *b, const char *c, const char *d)
{
	size_t n = strlen(buf);

	snprintf(buf + n, PACS_PH_TEXT_SIZE - n, "%s%s%s%s", a, b, c, d);
}

/* A PN value with as many component groups as the names have; a doctor's title
 * where there is one. */
static void
person(const struct pacs_ph_names *t, struct pacs_ph_random *r, bool female,
       bool doctor, char *ret)
{
	const struct pacs_ph_name *f =
	    &t->family[pacs_ph_below(r, (unsigned)t->family_count)];
	const struct pacs_ph_name *g =
	    female ? &t->female[pacs_ph_below(r, (unsigned)t->female_count)]
		   : &t->male[pacs_ph_below(r, (unsigned)t->male_count)];

	ret[0] = '\0';
	append(ret, "",
	       female && f->alphabetic_f ? f->alphabetic_f : f->alphabetic, "^",
	       g->alphabetic);
	if (f->ideographic && g->ideographic)
		append(ret, "=", f->ideographic, "^", g->ideographic);
	else if (doctor)
		append(ret, "^^Dr.", "", "", "");
	if (f->phonetic && g->phonetic)
		append(ret, "=", f->phonetic, "^", g->phonetic);
}

/* One in eight is a child; the others are from 18 to 86 in 2015, most often
 * in between. */
static int64_t
age_days(struct pacs_ph_random *r)
{
	if (!pacs_ph_below(r, 8))
		return pacs_ph_below(r, 18 * 365);
	return 18 * 366 + pacs_ph_below(r, 34 * 365) +
	       pacs_ph_below(r, 34 * 365);
}

static void
patient_make(const struct pacs_phantom_options *opts, struct pacs_ph_study *s)
{
	uint64_t patient = patient_of(s->number);
	struct pacs_ph_random r =
	    pacs_ph_random_for(opts->seed, PACS_PH_PATIENT, patient, 0, 0);
	bool female = pacs_ph_below(&r, 2);
	int64_t born;

	s->names = names_of(opts, patient, &r, &s->charset);
	person(s->names, &r, female, false, s->patient_name);
	s->patient_sex[0] = female ? 'F' : 'M';
	born = pacs_date_to_days("20150101") - age_days(&r);
	pacs_date_from_days(born, s->birth_date);
	snprintf(s->patient_id, sizeof(s->patient_id), "PH%04u%06u",
		 pacs_ph_below(&r, 10000), (unsigned)(patient % 1000000));
	s->height_cm = (female ? 150 : 160) + pacs_ph_below(&r, 30);
	s->weight_kg = s->height_cm - 105 + pacs_ph_below(&r, 25);
}

/* Sizes of children follow from their age, roughly. */
static void
child_size(struct pacs_ph_study *s)
{
	if (s->age_years >= 17)
		return;
	s->height_cm = 55 + 7 * s->age_years;
	s->weight_kg = 4 + 3 * s->age_years;
}

/* Of two dates YYYYMMDD. */
static unsigned
years_between(const char *from, const char *to)
{
	unsigned long a = strtoul(from, NULL, 10), b = strtoul(to, NULL, 10);

	return (unsigned)(b / 10000 - a / 10000 - (b % 10000 < a % 10000));
}

void
pacs_ph_study_make(const struct pacs_phantom_options *opts, uint64_t number,
		   struct pacs_ph_study *ret)
{
	struct pacs_ph_random r =
	    pacs_ph_random_for(opts->seed, PACS_PH_STUDY, number, 1, 0);
	int64_t day = pacs_date_to_days("20150105"); /* a Monday */
	unsigned second;

	memset(ret, 0, sizeof(*ret));
	ret->number = number;
	patient_make(opts, ret);
	pacs_ph_uid(opts->seed, PACS_PH_STUDY, number, 0, 0, ret->uid);
	day += 7 * (int64_t)pacs_ph_below(&r, 570);
	day += pacs_ph_below(&r, pacs_ph_below(&r, 6) ? 5 : 7);
	pacs_date_from_days(day, ret->date);
	/* One throw a statement: arguments come in any order. */
	second = 7 * 3600 + pacs_ph_below(&r, 12 * 3600);
	snprintf(ret->time, sizeof(ret->time), "%02u%02u%02u", second / 3600,
		 second / 60 % 60, second % 60);
	snprintf(ret->id, sizeof(ret->id), "S%07u",
		 (unsigned)(number % 10000000));
	snprintf(ret->accession, sizeof(ret->accession), "A%.2s%06u%04u",
		 ret->date + 2, (unsigned)(number % 1000000),
		 pacs_ph_below(&r, 10000));
	ret->age_years = years_between(ret->birth_date, ret->date);
	child_size(ret);
	person(ret->names, &r, pacs_ph_below(&r, 2), true, ret->referring);
	person(ret->names, &r, pacs_ph_below(&r, 2), true, ret->reporting);
	ret->hospital = ret->names->hospitals[pacs_ph_below(&r, 4)];
}

const char *
pacs_phantom_charset(const char *term)
{
	if (strcasecmp(term, "mixed") == 0)
		return "mixed";
	if (strcasecmp(term, "ISO_IR 6") == 0)
		return "";
	for (size_t i = 0; pacs_ph_name_tables[i].charset; i++) {
		const char *c = pacs_ph_name_tables[i].charset;

		if (strcasecmp(c, term) == 0 ||
		    (c[0] == '\\' && strcasecmp(c + 1, term) == 0))
			return c;
	}
	return NULL;
}
