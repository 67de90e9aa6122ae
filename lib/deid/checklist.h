/*
 * What a run with these options does to each of the 18 identifiers of HIPAA,
 * for people. No claim of Safe Harbor is made.
 */
#ifndef PACS_DEID_CHECKLIST_H
#define PACS_DEID_CHECKLIST_H

#include "deid/deid.h"

/* Line i; false behind the last one. Static strings. */
bool pacs_deid_checklist(const struct pacs_deid_options *o, unsigned i,
			 const char **ret_what, const char **ret_done);

#endif
