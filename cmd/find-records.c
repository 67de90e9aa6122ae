/* The answer of pacs-find as records of a level, or as the paths of files. */
#include <stdlib.h>
#include <string.h>

#include "cmd/find.h"

const struct cli_field find_fields[PACS_KEY_COUNT + 1] = {
#define IS CLI_NUMBER
#define UL CLI_NUMBER
#define US CLI_NUMBER
#define AS CLI_TEXT
#define CS CLI_TEXT
#define DA CLI_TEXT
#define DS CLI_TEXT
#define DT CLI_TEXT
#define LO CLI_TEXT
#define LT CLI_TEXT
#define PN CLI_TEXT
#define SH CLI_TEXT
#define TM CLI_TEXT
#define UI CLI_TEXT
#define UR CLI_TEXT
#define UT CLI_TEXT
#define K(id, name, sequence, tag, vr, level, flags, snake, help) \
	[PACS_KEY_##id] = {name, vr, help},
#include "query/keys.def"
#undef K
    [PACS_KEY_COUNT] = {NULL, CLI_TEXT, NULL},
};

static const char *const defaults[] = {
    [PACS_LEVEL_PATIENT] = "PatientID,PatientName,PatientBirthDate,PatientSex,"
			   "NumberOfPatientRelatedStudies",
    [PACS_LEVEL_STUDY] = "StudyDate,PatientID,PatientName,ModalitiesInStudy,"
			 "AccessionNumber,StudyDescription,"
			 "NumberOfStudyRelatedInstances,StudyInstanceUID",
    [PACS_LEVEL_SERIES] = "StudyDate,PatientID,Modality,SeriesNumber,"
			  "SeriesDescription,NumberOfSeriesRelatedInstances,"
			  "StudyInstanceUID,SeriesInstanceUID",
    [PACS_LEVEL_INSTANCE] = "Modality,SeriesNumber,InstanceNumber,size_bytes,"
			    "SOPInstanceUID,path",
};

void
find_fields_fill(struct ctx *x)
{
	size_t i;

	memcpy(x->fields, find_fields, sizeof(find_fields));
	for (i = 0; i < x->q.ring.count; i++) {
		const struct pacs_key *k = &x->q.ring.added[i].key;

		x->fields[PACS_KEY_COUNT + i].name = k->name;
		x->fields[PACS_KEY_COUNT + i].help = "added";
		x->fields[PACS_KEY_COUNT + i].type =
		    k->vr == PACS_VR('I', 'S') || k->vr == PACS_VR('U', 'S')
			? CLI_NUMBER
			: CLI_TEXT;
	}
}

/* Does a record of this level have it? Some of our own keys stand for the
 * record; what is of the levels below is not one value. */
static bool
is_of_level(const struct pacs_key *k, enum pacs_key_id id,
	    enum pacs_level level)
{
	return k->level <= level || id == PACS_KEY_size_bytes ||
	       id == PACS_KEY_stored_at ||
	       (id == PACS_KEY_path && level != PACS_LEVEL_PATIENT);
}

/* A blank would look like an object without that attribute. */
static void
check_field(const struct ctx *x, enum pacs_key_id id)
{
	const struct pacs_key *k = pacs_key_of(&x->q.ring, id);
	const char *other = "";

	if (!x->want[id] || is_of_level(k, id, x->level))
		return;
	if (id == PACS_KEY_path)
		cli_usage("a patient has no path; use -L study or below");
	if (x->level == PACS_LEVEL_STUDY && id == PACS_KEY_Modality)
		other = "ModalitiesInStudy or ";
	if (x->level == PACS_LEVEL_STUDY && id == PACS_KEY_SOPClassUID)
		other = "SOPClassesInStudy or ";
	cli_usage("%s is of the %s, and a %s may have many; use %s-L %s",
		  k->name, pacs_level_name(k->level), pacs_level_name(x->level),
		  other, pacs_level_name(k->level));
}

static void
open_records(struct ctx *x)
{
	int i;

	if (flags.paths) {
		x->want[PACS_KEY_path] = true;
		return;
	}
	x->records = cli_records_new(x->fields, defaults[x->level]);
	for (i = 0; i < PACS_KEY_COUNT; i++)
		x->want[i] = cli_records_wants(x->records, find_fields[i].name);
	for (i = 0; i < (int)x->q.ring.count; i++)
		x->want[PACS_KEY_ADDED + i] =
		    cli_records_wants(x->records, x->q.ring.added[i].key.name);
	for (i = 0; i < PACS_KEY_COUNT; i++)
		check_field(x, (enum pacs_key_id)i);
	for (i = 0; i < (int)x->q.ring.count; i++)
		check_field(x, (enum pacs_key_id)(PACS_KEY_ADDED + i));
}

static void
print_record(struct ctx *x, const char *const *values)
{
	const char *all[PACS_KEY_COUNT + PACS_ADDED_MAX];

	if (!x->q.ring.count) {
		cli_record(x->records, values);
		return;
	}
	memcpy(all, values, PACS_KEY_COUNT * sizeof(*all));
	memcpy(all + PACS_KEY_COUNT, values + PACS_KEY_ADDED,
	       PACS_ADDED_MAX * sizeof(*all));
	cli_record(x->records, all);
}

static void
print(struct ctx *x, const char *const *values)
{
	char *path;

	x->tally.done++;
	if (!flags.paths) {
		print_record(x, values);
		return;
	}
	path = pacs_format("%s/%s", pacs_archive_path(x->ar),
			   values[PACS_KEY_path]);
	cli_line(path);
	free(path);
}

enum pacs_err
find_list(struct pacs_error *err, struct ctx *x)
{
	struct pacs_find_options o = {
	    .level = x->level,
	    .want = x->want,
	    .want_added = x->want + PACS_KEY_ADDED,
	    .limit = flags.limit == UINT64_MAX ? 0 : flags.limit,
	    .sort = x->sort,
	    .sort_count = x->sort_count};
	const char *const *values = NULL;
	struct pacs_find *f;

	open_records(x);
	if (pacs_find_open(err, x->ix, &x->q.query, &o, &f))
		return err->code;
	while (!cli_stopped() && !cli_stdout_broken() &&
	       !pacs_find_next(err, f, &values) && values)
		print(x, values);
	pacs_find_close(f);
	return err->code;
}
