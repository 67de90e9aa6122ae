/* From a data set to an object in the output, and its outcome. */
#include <stdio.h>
#include <string.h>

#include "deid/run-internal.h"

static void
note_result(struct made *m, const struct pacs_deid_result *r)
{
	memcpy(m->sop_class, r->sop_class, sizeof(m->sop_class));
	memcpy(m->study, r->study, sizeof(m->study));
	memcpy(m->series, r->series, sizeof(m->series));
	memcpy(m->instance, r->instance, sizeof(m->instance));
	memcpy(m->pseudonym, r->pseudonym, sizeof(m->pseudonym));
	m->rec.blank_id = r->blank_id;
	m->rec.had_issuer = r->had_issuer;
}

static void
note_written(struct made *m, const struct pacs_deid_result *r)
{
	m->written = true;
	m->self = r->self;
	m->ref_count = r->ref_count;
	if (r->ref_count) {
		m->refs = pacs_malloc(r->ref_count * sizeof(*m->refs));
		memcpy(m->refs, r->refs, r->ref_count * sizeof(*m->refs));
	}
}

/* --- may it be put? --------------------------------------------------------
 */

/* Series after series is of one identity: it is asked about once. */
static bool
was_admitted(struct worker *wk, const struct pacs_deid_identity *id)
{
	const char *const parts[] = {id->patient_id, id->issuer,
				     id->pseudonym,  id->old_accession,
				     id->old_study,  id->old_series};
	struct pacs_buf *b = &wk->admitting;
	size_t i;

	pacs_buf_reset(b);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		pacs_buf_add(b, parts[i], strlen(parts[i]) + 1);
	return b->len == wk->admitted.len &&
	       !memcmp(b->data, wk->admitted.data, b->len);
}

static bool
admit(struct worker *wk, struct made *m, const struct pacs_deid_result *r)
{
	const struct pacs_deid_hooks *h = wk->run->hooks;
	const struct pacs_deid_identity id = {
	    .patient_id = pacs_buf_str(&r->patient_id),
	    .issuer = pacs_buf_str(&r->issuer),
	    .pseudonym = r->pseudonym,
	    .old_accession = pacs_buf_str(&r->old_accession),
	    .accession = r->accession,
	    .old_study = r->old_study,
	    .study = r->study,
	    .old_series = r->old_series,
	    .series = r->series,
	};
	struct pacs_error err = PACS_ERROR_INIT;

	if (!h->admit || was_admitted(wk, &id))
		return true;
	if (h->admit(&err, h->ctx, &id)) {
		if (err.code == PACS_ECONFLICT) {
			finish(m, PACS_ANON_FAILED, "collision", err.msg);
		} else {
			finish_error(m, &err);
			run_fail(wk->run, &err);
		}
		return false;
	}
	pacs_buf_reset(&wk->admitted);
	pacs_buf_add(&wk->admitted, wk->admitting.data, wk->admitting.len);
	return true;
}

/* What is written, and what there is to say of it. */
static void
finish_put(struct made *m, const struct pacs_deid_result *r,
	   enum pacs_deid_outcome outcome)
{
	const struct pacs_dict_entry *e = pacs_dict_find_tag(r->own_tag);

	note_written(m, r);
	if (r->own_tag)
		finish(m, outcome, "own-words", e ? e->keyword : NULL);
	else
		finish(m, outcome, "", NULL);
}

/* --- putting ---------------------------------------------------------------
 */

static void
fail_put(struct worker *wk, struct made *m, const struct pacs_error *err,
	 bool fatal)
{
	m->path[0] = '\0';
	finish_error(m, err);
	if (fatal)
		run_fail(wk->run, err);
}

static void
put(struct worker *wk, struct made *m, struct pacs_dataset *ds)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_output *out = wk->run->out;
	struct pacs_deid_result *r = &wk->result;
	enum put_outcome outcome = PUT_WRITTEN;
	bool fatal = false;

	snprintf(m->path, sizeof(m->path), "%s/%s/%s.dcm", r->study, r->series,
		 r->instance);
	if (out->put(&err, out, ds, r, m->path, &outcome, &m->rec.size,
		     &fatal)) {
		fail_put(wk, m, &err, fatal);
	} else if (outcome == PUT_CONFLICT) {
		m->path[0] = '\0';
		finish(m, PACS_ANON_FAILED, "conflict",
		       "the output has other bytes by its name: written with "
		       "other options, of another object, or cut by a loss of "
		       "power");
	} else {
		finish_put(m, r,
			   outcome == PUT_WRITTEN ? PACS_ANON_WRITTEN
						  : PACS_ANON_DUPLICATE);
	}
}

void
take_dataset(struct worker *wk, struct made *m, struct pacs_dataset *ds)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_result *r = &wk->result;
	enum pacs_err code = pacs_deid_apply(&err, wk->run->d, ds, r);

	note_result(m, r);
	if (code)
		finish_error(m, &err);
	else if (r->verdict == PACS_DEID_WITHHELD)
		finish(m, PACS_ANON_WITHHELD, r->reason,
		       pacs_deid_kind_meaning(r->reason));
	else if (r->verdict == PACS_DEID_SKIPPED)
		finish(m, PACS_ANON_SKIPPED, r->reason,
		       pacs_deid_kind_meaning(r->reason));
	else if (admit(wk, m, r))
		put(wk, m, ds);
}
