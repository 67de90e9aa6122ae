/* What the result says of itself: PS3.15 E.1.1 and E.3.6, PS3.3 C.12.1. */
#include <stdio.h>
#include <string.h>

#include "deid/internal.h"

static enum pacs_err
put_method(struct pacs_error *err, struct pacs_item *root,
	   const struct pacs_deid_method *m)
{
	struct pacs_item *item = pacs_item_add_item(
	    root, PACS_TAG_DeidentificationMethodCodeSequence);

	if (pacs_item_put_text(err, item, PACS_TAG_CodeValue, m->code) ||
	    pacs_item_put_text(err, item, PACS_TAG_CodingSchemeDesignator,
			       "DCM") ||
	    pacs_item_put_text(err, item, PACS_TAG_CodeMeaning, m->meaning))
		return err->code;
	return PACS_OK;
}

static enum pacs_err
put_methods(struct walk *w)
{
	unsigned i, columns = w->d->opts->columns;

	pacs_item_remove(w->root, PACS_TAG_DeidentificationMethodCodeSequence);
	for (i = 0; i < pacs_deid_method_count; i++) {
		const struct pacs_deid_method *m = &pacs_deid_methods[i];
		bool used = m->option >= 0 && columns & 1u << m->option;

		if (!strcmp(m->code, "113100"))
			used = true; /* the Basic profile */
		if (used && put_method(w->err, w->root, m))
			return w->err->code;
	}
	return PACS_OK;
}

static enum pacs_err
put_words(struct walk *w)
{
	struct pacs_buf b = {0};
	enum pacs_err code;
	unsigned i;

	pacs_buf_addf(&b, "pacs-anon %s\\PS3.15 %s Basic Profile", PACS_VERSION,
		      pacs_deid_edition);
	for (i = 0; pacs_deid_kinds[i]; i++)
		if (w->r->allowed & UINT64_C(1) << i)
			pacs_buf_addf(&b, "\\allowed: %s", pacs_deid_kinds[i]);
	if (w->r->weakened)
		pacs_buf_adds(&b, "\\local rules keep more than the profile");
	code = pacs_item_put_text(
	    w->err, w->root, PACS_TAG_DeidentificationMethod, pacs_buf_str(&b));
	pacs_buf_clear(&b);
	return code;
}

/* Without one each archive that takes the export would make all such patients
 * one. */
static enum pacs_err
put_patient(struct walk *w)
{
	if (pacs_item_find(w->root, PACS_TAG_PatientID))
		return PACS_OK;
	return pacs_item_put_text(w->err, w->root, PACS_TAG_PatientID,
				  w->r->pseudonym);
}

enum pacs_err
declare(struct walk *w)
{
	unsigned columns = w->d->opts->columns;
	const char *dates = columns & PACS_OPT_FULL_DATES       ? "UNMODIFIED"
			    : columns & PACS_OPT_MODIFIED_DATES ? "MODIFIED"
								: "REMOVED";

	if (pacs_item_put_text(w->err, w->root, PACS_TAG_PatientIdentityRemoved,
			       w->r->weakened ? "NO" : "YES") ||
	    put_patient(w) || put_words(w) || put_methods(w) ||
	    pacs_item_put_text(w->err, w->root,
			       PACS_TAG_LongitudinalTemporalInformationModified,
			       dates))
		return w->err->code;
	return PACS_OK;
}
