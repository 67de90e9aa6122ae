/*
 * The index against the ledger. It is only a cache, and still: who asks it
 * must not be told less than there is.
 */
#include <stdio.h>
#include <string.h>

#include "fixity/internal.h"
#include "index/index.h"

static void
copy_uid(char *to, size_t room, const char *uid)
{
	snprintf(to, room, "%s", uid ? uid : "");
}

/* What is wrong with objects is not repeated here; where they disagree with
 * each other is pacs-index check's to tell. */
static void
tell(void *ctx, const struct pacs_finding *f)
{
	struct run *run = ctx;
	struct pacs_triple t;
	enum pacs_fault fault = PACS_FAULT_INDEX;

	if (!strcmp(f->problem, "doubled"))
		fault = PACS_FAULT_DOUBLED;
	else if (!f->damage || !strcmp(f->problem, "missing") ||
		 !strcmp(f->problem, "unreadable"))
		return;
	copy_uid(t.study, sizeof(t.study), f->study);
	copy_uid(t.series, sizeof(t.series), f->series);
	copy_uid(t.instance, sizeof(t.instance), f->instance);
	run_finding_of(run, fault, f->path ? f->path : "index.db", &t, "",
		       fault == PACS_FAULT_INDEX ? f->problem : "");
}

void
drift_check(struct run *run)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_index *ix = NULL;
	bool exists;

	if (pacs_index_exists(&err, run->ar, &exists) ||
	    (exists && (pacs_index_open(&err, run->ar, NULL, &ix) ||
			pacs_index_check(&err, ix, false, tell, run))))
		run_finding(run,
			    err.code == PACS_EINTEGRITY ? PACS_FAULT_INDEX
							: PACS_FAULT_UNREADABLE,
			    "index.db", "", err.msg);
	pacs_index_close(ix);
}
