/*
 * Objects that are made up, and what an index must make of them, worked out the
 * slow way. (index_agree.c)
 */
#ifndef UNIT_INDEX_OBJECTS_H
#define UNIT_INDEX_OBJECTS_H

#include <stdarg.h>
#include <stdlib.h>

#include "base/clock.h"
#include "index/apply.h"
#include "unit/test.h"

#define OBJECTS 500
#define STUDIES 60

struct object {
	struct placed placed;
	struct record says;
	const char *values[PACS_KEY_END];  /* as a record of an instance */
	const char *patient[PACS_KEY_END]; /* with the patient's own values */
	char *pkey;
	int study, series;
};

/* Keys that the archive adds: of each level and kind, two in one sequence. */
static const char *const added_lines[] = {
    "ConvolutionKernel instance SH ConvolutionKernel",
    "SliceLocation instance DS SliceLocation",
    "Ref instance UI ReferencedImageSequence.ReferencedSOPInstanceUID",
    "Frame instance IS ReferencedImageSequence.ReferencedFrameNumber",
    "GantryDetectorTilt series DS GantryDetectorTilt",
    "Vendor series LO 0019,xx10,\"VENDOR 1.0\"",
    "RequestingPhysician study PN RequestingPhysician",
    "AdmittingDate study DA AdmittingDate"};
#define ADDED (int)(sizeof(added_lines) / sizeof(*added_lines))
static struct pacs_keyring ring;
static bool all_added[PACS_ADDED_MAX];

static struct object objects[OBJECTS];
static struct object *live[OBJECTS]; /* in the order of the ledger */
static int alive;
static int came[STUDIES]; /* when a study got its first object */
static struct pacs_arena arena;
static uint64_t seed = 88172645463325252u;

static unsigned
dice(unsigned sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % sides;
}

#define PICK(list) list[dice(sizeof(list) / sizeof(*list))]

static const char *text(const char *fmt, ...) PACS_PRINTF(1, 2);

static const char *
text(const char *fmt, ...)
{
	char buf[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return pacs_arena_strdup(&arena, buf);
}

/* --- objects ----------------------------------------------------------- */

static const char *const names[] = {"Müller^Jörg",
				    "MULLER^JORG",
				    "Yamada^Tarou=山田^太郎=やまだ^たろう",
				    "Hong^Gildong=洪^吉洞=홍^길동",
				    "Люкceмбypг",
				    "Διονυσιος^Α",
				    "O'Brien^Zoë^^Dr",
				    "100%_sure^A\\\\B",
				    "a",
				    "Smith^John",
				    "SMITH^JOHN^^",
				    "smithson^j",
				    "=山田^花子",
				    " Ångström  ^ A "};
static const char *const dates[] = {"20240131", "20240201", "20231231",
				    "20200229", "19991231", "2024",
				    "99999999"};
static const char *const times[] = {"0930",   "093015", "093015.25",
				    "235959", "10",     "noon"};
static const char *const words[] = {"CT",   "MR",   "US",   "ct",         "C T",
				    "CT_1", "100%", "Kopf", "kopf nativ", "ä"};
static const char *const numbers[] = {"1",   "2",  "10",    "-3",
				      "512", "x7", "1e400", "5\n"};
static const char *const decimals[] = {"1.80", "1.8", "70", "7e1", "heavy"};
static const char *const uids[] = {"1.2.840.10008.5.1.4.1.1.2",
				   "1.2.840.10008.5.1.4.1.1.4",
				   "1.2.840.10008.5.1.4.1.1.2.1", "1.3.6"};

static const char *
some_value(const struct pacs_key *k)
{
	switch (k->type) {
	case PACS_TYPE_NAME:
		return PICK(names);
	case PACS_TYPE_DATE:
		return PICK(dates);
	case PACS_TYPE_TIME:
		return PICK(times);
	case PACS_TYPE_NUMBER:
		return k->vr == PACS_VR('D', 'S') ? PICK(decimals)
						  : PICK(numbers);
	default:
		return k->vr == PACS_VR('U', 'I') ? PICK(uids) : PICK(words);
	}
}

static const char *
some_values(const struct pacs_key *k)
{
	const char *v = some_value(k);

	if (k->flags & PACS_KEY_MULTI && !dice(3))
		v = text("%s\\%s", v, some_value(k));
	return v;
}

/* The same study says nearly the same, and often nothing. */
static void
make_object(int n)
{
	struct object *o = &objects[n];
	int i;

	o->study = (int)dice(STUDIES);
	o->series = (int)dice(3);
	snprintf(o->placed.triple.study, PACS_UID_ROOM, "1.2.%d", o->study);
	snprintf(o->placed.triple.series, PACS_UID_ROOM, "1.3.%d.%d", o->study,
		 o->series);
	/* Some SOP Instance UIDs stand in several series. */
	snprintf(o->placed.triple.instance, PACS_UID_ROOM, "1.4.%d",
		 dice(20) ? n : (int)dice(40));
	snprintf(o->placed.sha256, sizeof(o->placed.sha256), "%064x", n);
	snprintf(o->placed.origin, sizeof(o->placed.origin), "%s",
		 dice(2) ? "file" : "AE@host");
	o->placed.size = 1000 + dice(5000);
	o->placed.stored_us =
	    INT64_C(1700000000000000) + (int64_t)dice(1000) * 60000000;
	if (!dice(40)) {
		o->says.state = dice(2) ? RECORD_MISSING : RECORD_UNREADABLE;
		return;
	}
	for (i = 0; i < PACS_KEY_END; i++) {
		const struct pacs_key *k =
		    pacs_key_of(&ring, (enum pacs_key_id)i);

		if (!k || k->flags & PACS_KEY_COMPUTED || dice(4) == 0)
			continue;
		o->says.values[i] = some_values(k);
	}
	if (dice(3))
		o->says.values[PACS_KEY_PatientID] = text("P%d", o->study % 23);
	o->says.values[PACS_KEY_IssuerOfPatientID] = dice(2)        ? NULL
						     : o->study % 2 ? "A"
								    : "B";
}

/* --- what an index must make of them ----------------------------------- */

static bool
same_study(const struct object *a, const struct object *b)
{
	return a->study == b->study;
}

static bool
same_series(const struct object *a, const struct object *b)
{
	return same_study(a, b) && a->series == b->series;
}

static bool
same_patient(const struct object *a, const struct object *b)
{
	return !strcmp(a->pkey, b->pkey);
}

/* This key, or, for one in a sequence, any key of that sequence: they come
 * from one object. */
static bool
says_any(const char *const *values, int key)
{
	const struct pacs_key *k = pacs_key_of(&ring, (enum pacs_key_id)key);
	int i;

	if (values[key] || key >= PACS_KEY_COUNT || !k->sequence)
		return values[key] != NULL;
	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (values[i] && pacs_keys[i].sequence == k->sequence &&
		    pacs_keys[i].level == k->level)
			return true;
	return false;
}

static const char *
first_said(const struct object *of,
	   bool (*same)(const struct object *, const struct object *), int key)
{
	int i;

	for (i = 0; i < alive; i++)
		if (same(live[i], of) && says_any(live[i]->says.values, key))
			return live[i]->says.values[key];
	return NULL;
}

static int
count(const struct object *of,
      bool (*in)(const struct object *, const struct object *),
      bool (*distinct)(const struct object *, const struct object *))
{
	int i, j, n = 0;

	for (i = 0; i < alive; i++) {
		if (!in(live[i], of))
			continue;
		for (j = 0; distinct && j < i; j++)
			if (distinct(live[j], live[i]))
				break;
		n += !distinct || j == i;
	}
	return n;
}

/* Distinct values of a key in a study, sorted, joined. */
static const char *
all_said(const struct object *of, int key, bool by_series)
{
	const char *list[OBJECTS], *out = NULL;
	int i, j, n = 0;

	for (i = 0; i < alive; i++) {
		const char *v = by_series ? live[i]->values[key]
					  : live[i]->says.values[key];

		if (!same_study(live[i], of) || !v)
			continue;
		for (j = 0; j < n && strcmp(list[j], v) < 0; j++)
			;
		if (j < n && !strcmp(list[j], v))
			continue;
		memmove(&list[j + 1], &list[j],
			(size_t)(n - j) * sizeof(*list));
		list[j] = v;
		n++;
	}
	for (i = 0; i < n; i++)
		out = out ? text("%s\\%s", out, list[i]) : list[i];
	return out;
}

static void
expect_attributes(struct object *o)
{
	const char *id, *issuer;
	int i;

	for (i = 0; i < PACS_KEY_END; i++) {
		const struct pacs_key *k =
		    pacs_key_of(&ring, (enum pacs_key_id)i);

		if (!k || k->flags & PACS_KEY_COMPUTED)
			continue;
		switch (k->level) {
		case PACS_LEVEL_INSTANCE:
			o->values[i] = o->says.values[i];
			break;
		case PACS_LEVEL_SERIES:
			o->values[i] = first_said(o, same_series, i);
			break;
		default:
			o->values[i] = first_said(o, same_study, i);
		}
	}
	id = o->values[PACS_KEY_PatientID];
	issuer = o->values[PACS_KEY_IssuerOfPatientID];
	free(o->pkey);
	o->pkey = id ? pacs_format("P%s|%s", issuer ? issuer : "HOME", id)
		     : pacs_format("S%d", o->study);
}

static void
expect_computed(struct object *o)
{
	const char **v = o->values;
	char stamp[PACS_TIME_SIZE];

	v[PACS_KEY_StudyInstanceUID] = o->placed.triple.study;
	v[PACS_KEY_SeriesInstanceUID] = o->placed.triple.series;
	v[PACS_KEY_SOPInstanceUID] = o->placed.triple.instance;
	v[PACS_KEY_NumberOfPatientRelatedStudies] =
	    text("%d", count(o, same_patient, same_study));
	v[PACS_KEY_NumberOfPatientRelatedSeries] =
	    text("%d", count(o, same_patient, same_series));
	v[PACS_KEY_NumberOfPatientRelatedInstances] =
	    text("%d", count(o, same_patient, NULL));
	v[PACS_KEY_NumberOfStudyRelatedSeries] =
	    text("%d", count(o, same_study, same_series));
	v[PACS_KEY_NumberOfStudyRelatedInstances] =
	    text("%d", count(o, same_study, NULL));
	v[PACS_KEY_NumberOfSeriesRelatedInstances] =
	    text("%d", count(o, same_series, NULL));
	v[PACS_KEY_ModalitiesInStudy] = all_said(o, PACS_KEY_Modality, true);
	v[PACS_KEY_SOPClassesInStudy] =
	    all_said(o, PACS_KEY_SOPClassUID, false);
	v[PACS_KEY_size_bytes] =
	    text("%llu", (unsigned long long)o->placed.size);
	pacs_time_format(o->placed.stored_us, stamp);
	v[PACS_KEY_stored_at] = text("%s", stamp);
	v[PACS_KEY_origin] = o->placed.origin;
	v[PACS_KEY_sha256] = o->placed.sha256;
	v[PACS_KEY_state] = record_state_name((int)o->says.state);
}

/* The first value among the patient's studies, in order of the studies. */
static const char *
first_of_patient(const struct object *of, int key)
{
	const struct object *first = NULL;
	int i;

	for (i = 0; i < alive; i++)
		if (same_patient(live[i], of) &&
		    says_any(live[i]->values, key) &&
		    (!first || came[live[i]->study] < came[first->study]))
			first = live[i];
	return first ? first->values[key] : NULL;
}

static void
expect_patient(struct object *o)
{
	int i;

	memcpy(o->patient, o->values, sizeof(o->patient));
	for (i = 0; i < PACS_KEY_END; i++)
		if (i < PACS_KEY_COUNT &&
		    column_in((enum pacs_key_id)i, PACS_LEVEL_PATIENT))
			o->patient[i] = first_of_patient(o, i);
}

static void
expect_all(void)
{
	int i;

	for (i = 0; i < alive; i++)
		expect_attributes(live[i]);
	for (i = 0; i < alive; i++)
		expect_computed(live[i]);
	for (i = 0; i < alive; i++)
		expect_patient(live[i]);
}

static void
enter(struct object *o)
{
	static int clock;

	if (!alive || !count(o, same_study, NULL))
		came[o->study] = ++clock;
	live[alive++] = o;
}

static void
make_objects(void)
{
	int i, j;

	for (i = 0; i < OBJECTS; i++) {
		make_object(i);
		/* No two with the same three UIDs: the second would be
		 * another object in the place of the first. */
		for (j = 0; j < i; j++)
			if (!strcmp(objects[j].placed.triple.instance,
				    objects[i].placed.triple.instance) &&
			    same_series(&objects[i], &objects[j]))
				snprintf(objects[i].placed.triple.instance,
					 PACS_UID_ROOM, "1.4.%d", i);
	}
	for (i = 0; i < OBJECTS; i++)
		enter(&objects[i]);
	expect_all();
}

#endif
