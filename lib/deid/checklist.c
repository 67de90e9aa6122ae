/*
 * What a run does to each of HIPAA's identifiers: 45 CFR 164.514(b)(2)(i), (A)
 * to (R). "kept" stands where, and only where, an option lets something of the
 * kind stay: tests/oracle/checklist.py holds it against runs.
 */
#include "deid/checklist.h"

#include "deid/table.h"

#define GOES "attributes: removed or replaced"

typedef const char *words_fn(const struct pacs_deid_options *o);

static bool
has(const struct pacs_deid_options *o, unsigned column)
{
	return o->columns & column;
}

static const char *
places(const struct pacs_deid_options *o)
{
	if (has(o, PACS_OPT_INSTITUTION))
		return "institution and its address kept, since an option "
		       "says so";
	if (has(o, PACS_OPT_DEVICE))
		return "locations of stations kept, since an option says so; "
		       "addresses and institutions removed";
	return "attributes: addresses and institutions removed";
}

/* By whether ages are capped, kept or removed. */
static const char *
by_age(const struct pacs_deid_options *o, const char *gone, const char *capped,
       const char *kept)
{
	if (!has(o, PACS_OPT_CHARACTERISTICS))
		return gone;
	return o->cap_age ? capped : kept;
}

#define AGES_GO     "; birth dates and ages go"
#define AGES_CAPPED "; birth dates go, ages over 89 become 90"
#define AGES_KEPT                                          \
	"; birth dates go, ages kept, those over 89 too: " \
	"they are NOT capped (--cap-age)"

static const char *
dates(const struct pacs_deid_options *o)
{
	if (has(o, PACS_OPT_FULL_DATES))
		return by_age(o, "dates kept, since an option says so" AGES_GO,
			      "dates kept, since an option says so" AGES_CAPPED,
			      "dates kept, since an option says so" AGES_KEPT);
	if (has(o, PACS_OPT_MODIFIED_DATES))
		return by_age(o, "dates moved, per patient" AGES_GO,
			      "dates moved, per patient" AGES_CAPPED,
			      "dates moved, per patient" AGES_KEPT);
	return by_age(o, "dates removed or replaced" AGES_GO,
		      "dates removed or replaced" AGES_CAPPED,
		      "dates removed or replaced" AGES_KEPT);
}

static const char *
records(const struct pacs_deid_options *o)
{
	return o->subjects ? "trial ID of the list of subjects"
			   : "pseudonym, by the key";
}

static const char *
devices(const struct pacs_deid_options *o)
{
	return has(o, PACS_OPT_DEVICE) ? "kept, since an option says so" : GOES;
}

static const char *
addresses(const struct pacs_deid_options *o)
{
	return has(o, PACS_OPT_DEVICE)
		   ? "addresses of time servers kept, since an option says so"
		   : GOES;
}

static const char *
photographs(const struct pacs_deid_options *o)
{
	uint64_t shown = pacs_deid_kind_bit("xc") | pacs_deid_kind_bit("es") |
			 pacs_deid_kind_bit("op") | pacs_deid_kind_bit("gm") |
			 pacs_deid_kind_bit("sc") |
			 pacs_deid_kind_bit("video") |
			 pacs_deid_kind_bit("recognizable");

	if (o->allow & shown)
		return "let pass, as --allow says, and NOT examined; faces in "
		       "CT and MR of the head neither";
	return "withheld; faces in CT and MR of the head NOT examined";
}

static const char *
others(const struct pacs_deid_options *o)
{
	bool safe = has(o, PACS_OPT_SAFE_PRIVATE);

	if (has(o, PACS_OPT_UIDS))
		return safe ? "UIDs and safe private elements kept, since "
			      "options say so"
			    : "UIDs kept, since an option says so; private "
			      "elements removed";
	return safe ? "UIDs replaced, by the key; safe private elements kept, "
		      "since an option says so"
		    : "UIDs replaced, by the key; private elements removed";
}

static const char *
pixels(const struct pacs_deid_options *o)
{
	return o->allow ? "NOT examined, nor in what --allow lets pass: "
			  "burned-in text may be there"
			: "NOT examined: burned-in text may be there in what "
			  "is not withheld";
}

static const char *
rules(const struct pacs_deid_options *o)
{
	return o->rules ? "may keep more, or less, than is said here" : "none";
}

static const struct {
	const char *what, *done; /* or, if it depends: */
	words_fn *words;
} lines[] = {
    {"A names", GOES, NULL},
    {"B places smaller than a state", NULL, places},
    {"C dates, ages over 89", NULL, dates},
    {"D telephone numbers", GOES, NULL},
    {"E fax numbers", GOES, NULL},
    {"F e-mail addresses", GOES, NULL},
    {"G social security numbers", GOES, NULL},
    {"H medical record numbers", NULL, records},
    {"I health plan numbers", GOES, NULL},
    {"J account numbers", GOES "; accession numbers by the key", NULL},
    {"K licence numbers", GOES, NULL},
    {"L vehicle numbers", "not examined", NULL},
    {"M device identifiers", NULL, devices},
    {"N web addresses", GOES, NULL},
    {"O IP addresses", NULL, addresses},
    {"P biometric identifiers", "not examined", NULL},
    {"Q full-face photographs", NULL, photographs},
    {"R other unique numbers", NULL, others},
    {"pixels of any object", NULL, pixels},
    {"local rules", NULL, rules},
};

bool
pacs_deid_checklist(const struct pacs_deid_options *o, unsigned i,
		    const char **ret_what, const char **ret_done)
{
	if (i >= sizeof(lines) / sizeof(lines[0]))
		return false;
	*ret_what = lines[i].what;
	*ret_done = lines[i].words ? lines[i].words(o) : lines[i].done;
	return true;
}
