/* What a run does to each of HIPAA's identifiers: 45 CFR 164.514(b)(2)(i), (A)
 * to (R). */
#include "deid/checklist.h"

#include "deid/table.h"

static const char *
kept_if(bool kept, const char *otherwise)
{
	return kept ? "kept, since an option says so" : otherwise;
}

static const char *
dates(const struct pacs_deid_options *o)
{
	if ((o->columns & PACS_OPT_CHARACTERISTICS) && !o->cap_age)
		return "dates as chosen; ages over 89 are NOT capped "
		       "(--cap-age)";
	if (o->columns & PACS_OPT_FULL_DATES)
		return "kept, since an option says so; birth dates go";
	if (o->columns & PACS_OPT_MODIFIED_DATES)
		return "moved, per patient; birth dates go";
	return "removed or replaced; ages go too";
}

bool
pacs_deid_checklist(const struct pacs_deid_options *o, unsigned i,
		    const char **ret_what, const char **ret_done)
{
	const char *const lines[][2] = {
	    {"A names", "attributes: removed or replaced"},
	    {"B places smaller than a state",
	     kept_if(o->columns & PACS_OPT_INSTITUTION,
		     "attributes: addresses and institutions removed")},
	    {"C dates, ages over 89", dates(o)},
	    {"D telephone numbers", "attributes: removed"},
	    {"E fax numbers", "attributes: removed"},
	    {"F e-mail addresses", "attributes: removed"},
	    {"G social security numbers", "attributes: removed"},
	    {"H medical record numbers", "pseudonym, by the key"},
	    {"I health plan numbers", "attributes: removed"},
	    {"J account numbers",
	     "attributes: removed; accession numbers by the key"},
	    {"K licence numbers", "attributes: removed"},
	    {"L vehicle numbers", "not examined"},
	    {"M device identifiers",
	     kept_if(o->columns & PACS_OPT_DEVICE,
		     "attributes: removed or replaced")},
	    {"N web addresses", "attributes: removed"},
	    {"O IP addresses", "attributes: removed"},
	    {"P biometric identifiers", "not examined"},
	    {"Q full-face photographs",
	     "photographs withheld unless allowed; faces in CT and MR of the "
	     "head NOT examined"},
	    {"R other unique numbers",
	     kept_if(o->columns & PACS_OPT_UIDS,
		     "UIDs replaced, by the key; private elements "
		     "removed unless known to be safe")},
	    {"pixels of any object",
	     "NOT examined: burned-in text may be there "
	     "in what is not withheld"},
	};

	if (i >= sizeof(lines) / sizeof(lines[0]))
		return false;
	*ret_what = lines[i][0];
	*ret_done = lines[i][1];
	return true;
}
