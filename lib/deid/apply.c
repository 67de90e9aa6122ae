/*
 * One walk over a data set: every element of every item meets the table.
 * Recursion is as deep as sequences are nested, which the reader bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "deid/rules-internal.h"

/* NOLINTBEGIN(misc-no-recursion) */

void
walk_seen(struct walk *w, uint32_t tag)
{
	struct pacs_deid_result *r = w->r;
	unsigned i;

	for (i = 0; i < r->seen_count; i++)
		if (r->seen[i].tag == tag) {
			r->seen[i].count++;
			return;
		}
	if (r->seen_count < PACS_DEID_SEEN_MAX) {
		r->seen[r->seen_count].tag = tag;
		r->seen[r->seen_count++].count = 1;
	}
}

static void
walk_items_of(struct walk *w, struct pacs_element *e)
{
	size_t i, n = pacs_element_item_count(e);

	for (i = 0; i < n && !w->code; i++)
		walk_item(w, pacs_element_item(e, i));
}

static void
set_text(struct pacs_element *e, uint16_t vr, const char *s)
{
	pacs_element_set(e, vr, s, strlen(s));
}

/* The patient of the data set, or another one that an item tells of. */
static void
set_pseudonym(struct walk *w, struct pacs_element *e)
{
	struct pacs_buf issuer = {0}, id = {0};
	char name[PACS_PSEUDONYM_MAX + 1];
	bool is_name = pacs_element_tag(e) == PACS_TAG_PatientName;
	const char *value = w->r->pseudonym;

	if (w->item != w->root &&
	    pacs_item_text(w->item, PACS_TAG_PatientID, &id) && id.len) {
		pacs_item_text(w->item, PACS_TAG_IssuerOfPatientID, &issuer);
		if (!issuer.len)
			pacs_buf_adds(&issuer, pacs_buf_str(&w->r->issuer));
		if (strcmp(pacs_buf_str(&id),
			   pacs_buf_str(&w->r->patient_id)) ||
		    strcmp(pacs_buf_str(&issuer),
			   pacs_buf_str(&w->r->issuer))) {
			value_other_pseudonym(w->d, pacs_buf_str(&issuer),
					      pacs_buf_str(&id), name);
			value = name;
		}
	}
	pacs_element_set(e, (uint16_t)(is_name ? VR("PN") : VR("LO")), value,
			 strlen(value));
	pacs_buf_clear(&issuer);
	pacs_buf_clear(&id);
}

static void
set_accession(struct walk *w, struct pacs_element *e)
{
	struct pacs_buf text = {0};
	char hash[17];

	pacs_element_text(w->item, e, &text, NULL);
	if (text.len) {
		value_accession(w->d, pacs_buf_str(&text), hash);
		set_text(e, VR("SH"), hash);
	} else {
		pacs_element_clear(e);
	}
	pacs_buf_clear(&text);
}

static bool
cap_age(struct walk *w, struct pacs_element *e)
{
	struct pacs_buf text = {0};
	unsigned long age;
	char unit;

	if (!form_fits(e, VR("AS")))
		return false;
	pacs_element_text(w->item, e, &text, NULL);
	/* Of two ages nobody knows which one it is. */
	if (text.len && memchr(text.data, '\\', text.len)) {
		pacs_buf_clear(&text);
		return false;
	}
	age = text.len ? strtoul(text.data, NULL, 10) : 0;
	unit = text.len ? text.data[text.len - 1] : '\0';
	if (w->d->opts->cap_age && unit == 'Y' && age > 89)
		set_text(e, VR("AS"), "090Y");
	pacs_buf_clear(&text);
	return true;
}

/* --- graphics (PS3.15 E.3.3) -----------------------------------------------
 */

static bool
drop_text_objects(void *ctx, struct pacs_element *e)
{
	(void)ctx;
	switch (pacs_element_tag(e)) {
	case PACS_TAG_TextObjectSequence:
	case PACS_TAG_CompoundGraphicSequence:
		return false;
	default:
		return true;
	}
}

/* Regions of interest stay; graphics may be letters, and go. */
static bool
is_roi_overlay(const struct pacs_item *item, uint32_t tag)
{
	struct pacs_buf type = {0};
	bool roi;

	pacs_item_text(item, (tag & 0xffff0000u) | 0x0040u, &type);
	roi = !strcmp(pacs_buf_str(&type), "R");
	pacs_buf_clear(&type);
	return roi;
}

/* Its geometry, statistics and bits; not its label, its description. */
static bool
is_of_overlay(const struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	uint16_t dict = pacs_dict_vr(tag);

	return dict && !pacs_vr_is_text(dict) && dict != VR("SQ") &&
	       form_fits(e, dict) && form_fits(e, pacs_element_vr(e));
}

static bool
clean_graphics(struct walk *w, struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	size_t i, n = pacs_element_item_count(e);

	if (PACS_TAG_GROUP(tag) >> 8 == 0x60)
		return is_roi_overlay(w->item, tag) && is_of_overlay(e);
	if (walk_is_opaque(e))
		return false;
	for (i = 0; i < n; i++)
		pacs_item_filter(pacs_element_item(e, i), drop_text_objects,
				 NULL);
	walk_items_of(w, e);
	return true;
}

/* --- one element -----------------------------------------------------------
 */

static void
set_dummy(struct walk *w, struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	uint16_t vr = pacs_element_vr(e), dict = pacs_dict_vr(tag);
	const char *dummy;
	size_t len;

	if (dict == VR("SQ") || pacs_element_is_sequence(e)) {
		if (pacs_element_is_sequence(e))
			dummy_sequence(w, e);
		else
			pacs_element_set(e, vr, "", 0);
		return;
	}
	if (dict && vr != dict && (vr == VR("UN") || !pacs_vr_is_known(vr)))
		vr = dict;
	dummy = value_dummy(vr, &len);
	if (tag == PACS_TAG_FrameOriginTimestamp) {
		dummy = "\0\0\0\0\0\0\0\0\0";
		len = 10;
	}
	pacs_element_set(e, vr, dummy, len);
}

/* A date that cannot be moved is treated as if no dates were kept. */
static bool
shift_or_basic(struct walk *w, struct pacs_element *e)
{
	enum act basic;

	if (!pacs_element_length(e) || value_shift(w, e))
		return true;
	basic = policy_basic(w->d, pacs_element_tag(e));
	return walk_act(w, e, basic ? basic : ACT_REMOVE);
}

bool
walk_act(struct walk *w, struct pacs_element *e, enum act act)
{
	switch (act) {
	case ACT_REMOVE:
		return false;
	case ACT_EMPTY:
		pacs_element_clear(e);
		return true;
	case ACT_DUMMY:
		set_dummy(w, e);
		return true;
	case ACT_UID:
		return value_replace_uids(w, e);
	case ACT_SHIFT:
		return shift_or_basic(w, e);
	case ACT_PSEUDONYM:
		set_pseudonym(w, e);
		return true;
	case ACT_ACCESSION:
		set_accession(w, e);
		return true;
	case ACT_AGE:
		return cap_age(w, e);
	case ACT_GRAPHICS:
		return clean_graphics(w, e);
	default:
		walk_items_of(w, e);
		return true;
	}
}

/* References are counted even where UIDs are kept. */
static void
note_kept_reference(struct walk *w, struct pacs_element *e)
{
	char uid[PACS_UID_MAX + 1];

	if (pacs_element_tag(e) == PACS_TAG_ReferencedSOPInstanceUID &&
	    (w->d->opts->columns & PACS_OPT_UIDS) &&
	    pacs_item_uid(w->item, PACS_TAG_ReferencedSOPInstanceUID, uid,
			  sizeof(uid)))
		value_note_reference(w, uid);
}

/* Bytes where a sequence should be: nobody can look into them. */
bool
walk_is_opaque(const struct pacs_element *e)
{
	uint16_t vr = pacs_element_vr(e);

	return !pacs_element_is_sequence(e) && pacs_element_length(e) &&
	       (vr == VR("SQ") ||
		pacs_dict_vr(pacs_element_tag(e)) == VR("SQ"));
}

/* Kept for what it is, and it is none. */
static bool
is_misfit(const struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	uint16_t dict = pacs_dict_vr(tag);

	if (tag == PACS_TAG_FrameOriginTimestamp && pacs_element_length(e) &&
	    pacs_element_length(e) != 10)
		return true;
	return dict && !(form_fits(e, dict) &&
			 form_fits(e, pacs_element_vr(e)) && form_fits_code(e));
}

/* What the profile does; *ret_row: by a row of the table. */
static enum act
profile_act(struct walk *w, const struct pacs_element *e, bool *ret_row)
{
	uint32_t tag = pacs_element_tag(e);
	enum act act;

	*ret_row = true;
	if (tag < 0x00080000u)
		return ACT_REMOVE; /* of messages, files and directories */
	if (PACS_TAG_IS_PRIVATE(tag))
		return private_act(w, e);
	act = policy_of(w->d, tag);
	if (act == ACT_KEEP && walk_is_opaque(e))
		return ACT_REMOVE;
	if (act == ACT_KEEP && is_misfit(e))
		act = policy_basic(w->d, tag) == ACT_KEEP
			  ? ACT_REMOVE
			  : policy_basic(w->d, tag);
	if (act)
		return act;
	*ret_row = false;
	return policy_backstop(w->d, e);
}

/* Who reads a data set takes one of the elements of a tag; all that is asked
 * about this one asks the first. */
static bool
is_repeated(struct walk *w, const struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);

	if (tag > w->top || !w->top) {
		w->top = tag;
		return false;
	}
	return pacs_item_find(w->item, tag) != e;
}

/* Pixels and other bulk data without what they say in words. False: it goes. */
static bool
clean_bulk(struct walk *w, struct pacs_element *e)
{
	struct pixels_size size;

	if (!pixels_cut(w, e))
		return false;
	if (pacs_element_tag(e) == PACS_TAG_ICCProfile)
		return !pacs_element_length(e) || icc_scrub(e);
	if (!pacs_element_is_encapsulated(e))
		return true;
	pixels_measure(w->root, &size);
	if (stream_scrub(e, w->syntax, &size))
		return true;
	w->code = pacs_error_set(w->err, PACS_EUNSUPPORTED,
				 "compressed pixel data are not as their "
				 "syntax says, or a comment has no end");
	return false;
}

/* Words that stay, and are the patient's own: a dummy of them. */
static bool
hide_own(struct walk *w, struct pacs_element *e)
{
	if (!rules_may_touch(pacs_element_tag(e)) || !own_is_in(&w->own, e))
		return false;
	w->r->own_tag = pacs_element_tag(e);
	set_dummy(w, e);
	return true;
}

static bool
edit(void *ctx, struct pacs_element *e)
{
	struct walk *w = ctx;
	uint32_t tag = pacs_element_tag(e);
	const struct rule *rule;
	bool by_row;
	enum act act;

	if (w->code)
		return true;
	if (is_repeated(w, e))
		return false;
	/* Whatever a rule says of them, it means no words. */
	if (!clean_bulk(w, e))
		return w->code;
	act = profile_act(w, e, &by_row);
	rule = tag < 0x00080000u ? NULL : rules_find(w, e);
	if ((rule ? rule->action == RULE_KEEP : act == ACT_KEEP) &&
	    hide_own(w, e))
		return true;
	if (rule)
		return rules_apply(w, e, rule, act);
	if (act == ACT_KEEP)
		note_kept_reference(w, e);
	if (!by_row && act != ACT_KEEP)
		walk_seen(w, tag);
	return walk_act(w, e, act);
}

void
walk_item(struct walk *w, struct pacs_item *item)
{
	struct pacs_item *was = w->item;
	uint32_t top = w->top;

	w->item = item;
	w->top = 0;
	pacs_item_filter(item, edit, w);
	w->item = was;
	w->top = top;
}

/* NOLINTEND(misc-no-recursion) */
