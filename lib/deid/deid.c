/* One data set: may it leave, whose is it, then the walk. */
#include <stdlib.h>
#include <string.h>

#include "deid/rules-internal.h"

/* --- the keys --------------------------------------------------------------
 */

static struct pacs_hmac *
derive(const struct pacs_hmac *master, const char *purpose)
{
	uint8_t key[PACS_SHA256_SIZE];
	struct pacs_hmac *h;

	pacs_hmac_of(master, purpose, strlen(purpose), key);
	h = pacs_hmac_new(key, sizeof(key));
	pacs_forget(key, sizeof(key));
	return h;
}

struct pacs_deid *
pacs_deid_new(const struct pacs_deid_options *opts,
	      const uint8_t key[PACS_DEID_KEY_SIZE])
{
	struct pacs_deid *d = pacs_calloc(1, sizeof(*d));
	struct pacs_hmac *master = pacs_hmac_new(key, PACS_DEID_KEY_SIZE);

	d->opts = opts;
	d->patients = derive(master, "pacs-anon 1 patient");
	d->uids = derive(master, "pacs-anon 1 uid");
	d->dates = derive(master, "pacs-anon 1 date");
	d->accessions = derive(master, "pacs-anon 1 accession");
	d->values = derive(master, "pacs-anon 1 value");
	pacs_hmac_free(master);
	policy_compile(d);
	return d;
}

unsigned
pacs_deid_columns(const struct pacs_deid *d)
{
	return d->opts->columns;
}

void
pacs_deid_free(struct pacs_deid *d)
{
	if (!d)
		return;
	pacs_hmac_free(d->patients);
	pacs_hmac_free(d->uids);
	pacs_hmac_free(d->dates);
	pacs_hmac_free(d->accessions);
	pacs_hmac_free(d->values);
	free(d);
}

void
pacs_deid_result_clear(struct pacs_deid_result *r)
{
	pacs_buf_clear(&r->patient_id);
	pacs_buf_clear(&r->issuer);
	pacs_buf_clear(&r->old_accession);
	pacs_buf_clear(&r->active);
	free(r->refs);
	memset(r, 0, sizeof(*r));
}

/* --- who it is -------------------------------------------------------------
 */

static void
begin(struct pacs_deid_result *r)
{
	r->verdict = PACS_DEID_PASSED;
	r->reason = "";
	r->allowed = r->weakened = 0;
	r->own_tag = 0;
	r->blank_id = r->had_issuer = false;
	r->ref_count = 0;
	r->sop_class[0] = r->pseudonym[0] = r->accession[0] = '\0';
	r->old_study[0] = r->old_series[0] = r->old_instance[0] = '\0';
	r->study[0] = r->series[0] = r->instance[0] = '\0';
	pacs_buf_reset(&r->patient_id);
	pacs_buf_reset(&r->issuer);
	pacs_buf_reset(&r->old_accession);
}

static bool
withhold(struct pacs_deid_result *r, const char *reason)
{
	r->verdict = PACS_DEID_WITHHELD;
	r->reason = reason;
	return false;
}

static bool
take_uid(const struct pacs_deid *d, struct pacs_deid_result *r,
	 const struct pacs_item *root, uint32_t tag, char *old, char *new)
{
	const struct pacs_element *e = pacs_item_find(root, tag);
	size_t len = 0;
	const void *bytes = e ? pacs_element_value(e, &len) : NULL;

	/* An object with two identities has none; the second may stand behind a
	 * NUL. */
	if (!bytes || memchr(bytes, '\\', len) ||
	    !pacs_item_uid(root, tag, old, PACS_UID_MAX + 1))
		return false;
	/* Kept if the walk keeps it: one that is none becomes another. */
	if ((d->opts->columns & PACS_OPT_UIDS) && form_fits(e, VR("UI")))
		memcpy(new, old, PACS_UID_MAX + 1);
	else
		value_uid(d, r, old, new);
	return pacs_uid_is_safe(new);
}

static bool
take_uids(const struct pacs_deid *d, const struct pacs_item *root,
	  struct pacs_deid_result *r)
{
	pacs_item_uid(root, PACS_TAG_SOPClassUID, r->sop_class,
		      sizeof(r->sop_class));
	if (!take_uid(d, r, root, PACS_TAG_StudyInstanceUID, r->old_study,
		      r->study) ||
	    !take_uid(d, r, root, PACS_TAG_SeriesInstanceUID, r->old_series,
		      r->series) ||
	    !take_uid(d, r, root, PACS_TAG_SOPInstanceUID, r->old_instance,
		      r->instance))
		return withhold(r, "no-uid");
	r->self = *value_digest(d, r, r->old_instance);
	return true;
}

static bool
take_patient(const struct pacs_deid *d, const struct pacs_item *root,
	     struct pacs_deid_result *r)
{
	const char *known;

	pacs_item_text(root, PACS_TAG_PatientID, &r->patient_id);
	pacs_item_text(root, PACS_TAG_IssuerOfPatientID, &r->issuer);
	pacs_item_text(root, PACS_TAG_AccessionNumber, &r->old_accession);
	if (r->old_accession.len)
		value_accession(d, r->old_accession.data, r->accession);
	r->had_issuer = r->issuer.len > 0;
	r->blank_id = r->patient_id.len == 0;
	if (!r->had_issuer && d->opts->default_issuer)
		pacs_buf_adds(&r->issuer, d->opts->default_issuer);
	if (d->opts->subjects) {
		known = r->blank_id ? NULL
				    : subjects_find(d->opts->subjects,
						    pacs_buf_str(&r->issuer),
						    r->patient_id.data);
		if (!known)
			return withhold(r, "no-subject");
		strncpy(r->pseudonym, known, PACS_PSEUDONYM_MAX);
		r->pseudonym[PACS_PSEUDONYM_MAX] = '\0';
	} else if (r->blank_id) {
		value_study_pseudonym(d, r->old_study, r->pseudonym);
	} else {
		value_pseudonym(d, pacs_buf_str(&r->issuer), r->patient_id.data,
				r->pseudonym);
	}
	return true;
}

static bool
may_leave(const struct pacs_deid *d, struct pacs_dataset *ds,
	  struct pacs_deid_result *r)
{
	uint64_t found = withhold_kinds(d, ds), denied;
	unsigned i = 0;

	r->allowed = found & d->opts->allow;
	denied = found & ~d->opts->allow;
	if (!denied)
		return true;
	while (!(denied & UINT64_C(1) << i))
		i++;
	withhold(r, pacs_deid_kinds[i]);
	if (!(denied & ~d->opts->skip))
		r->verdict = PACS_DEID_SKIPPED;
	return false;
}

/* By what it states it is compressed, or in a syntax that nobody knows, and is
 * not in the form that all of these have (PS3.5 A.4); or it is not, and its
 * pixels are; or what it states is no UID: written so it would be what only
 * guessing can read. */
static bool
has_right_syntax(struct pacs_dataset *ds, struct pacs_deid_result *r)
{
	const struct pacs_dataset_info *info = pacs_dataset_info(ds);
	const struct pacs_syntax *s = pacs_syntax_find(info->transfer_syntax);
	const struct pacs_element *pixels =
	    pacs_item_find(pacs_dataset_root(ds), PACS_TAG_PixelData);
	bool guessed = info->guessed && info->has_meta;
	bool fragments = pixels && pacs_element_is_encapsulated(pixels);

	if (s && !s->encapsulated
		? fragments
		: guessed || !pacs_uid_is_valid(info->transfer_syntax))
		return withhold(r, "wrong-syntax");
	return true;
}

/* --- doing it --------------------------------------------------------------
 */

enum pacs_err
pacs_deid_apply(struct pacs_error *err, const struct pacs_deid *d,
		struct pacs_dataset *ds, struct pacs_deid_result *r)
{
	struct walk w = {.d = d, .r = r, .err = err};

	begin(r);
	w.root = pacs_dataset_root(ds);
	/* A stray element of group 0004 makes no DICOMDIR of an object. */
	if (pacs_dataset_info(ds)->is_dicomdir &&
	    !pacs_item_find(w.root, PACS_TAG_SOPInstanceUID)) {
		r->verdict = PACS_DEID_SKIPPED;
		r->reason = "dicomdir";
		return PACS_OK;
	}
	/* The UIDs are taken first, so that a record can tell what it is of. */
	if (!take_uids(d, w.root, r) || !has_right_syntax(ds, r) ||
	    !may_leave(d, ds, r) || !take_patient(d, w.root, r))
		return PACS_OK;
	rules_begin(&w);
	w.syntax = pacs_dataset_info(ds)->transfer_syntax;
	w.days = pacs_deid_offset(d, r->pseudonym);
	own_begin(&w.own, w.root);
	walk_item(&w, w.root);
	own_clear(&w.own);
	if (w.code)
		return w.code;
	return declare(&w);
}

enum pacs_err
pacs_deid_write(struct pacs_error *err, struct pacs_dataset *ds,
		pacs_sink *sink, void *ctx)
{
	static const struct pacs_write_options opts = {.new_meta = true,
						       .elements_only = true};

	return pacs_dataset_write(err, ds, &opts, sink, ctx);
}
