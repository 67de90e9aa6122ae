/* Which rule an element meets, and what it does. */
#include <fnmatch.h>
#include <string.h>

#include "deid/rules-internal.h"

bool
rules_may_touch(uint32_t tag)
{
	switch (tag) {
	case PACS_TAG_SpecificCharacterSet:
	case PACS_TAG_SOPClassUID:
	case PACS_TAG_SOPInstanceUID:
	case PACS_TAG_StudyInstanceUID:
	case PACS_TAG_SeriesInstanceUID:
	case PACS_TAG_PatientID:
	case PACS_TAG_PatientIdentityRemoved:
	case PACS_TAG_DeidentificationMethod:
	case PACS_TAG_DeidentificationMethodCodeSequence:
	case PACS_TAG_LongitudinalTemporalInformationModified:
	case PACS_TAG_PixelData:
	case PACS_TAG_BitsAllocated:
	case PACS_TAG_PixelRepresentation:
		return false;
	default:
		return tag >= 0x00080000u && PACS_TAG_ELEMENT(tag) != 0;
	}
}

static bool
holds(struct walk *w, const struct rule_condition *c)
{
	struct pacs_buf b = {0};
	bool match;

	pacs_item_text(w->root, c->tag, &b);
	match = !fnmatch(c->pattern, pacs_buf_str(&b), 0);
	pacs_buf_clear(&b);
	return match;
}

void
rules_begin(struct walk *w)
{
	const struct pacs_deid_rules *rules = w->d->opts->rules;
	size_t i;
	unsigned j;

	if (!rules)
		return;
	pacs_buf_reset(&w->r->active);
	for (i = 0; i < rules->count; i++) {
		const struct rule *r = &rules->list[i];
		bool active = true;

		for (j = 0; j < r->condition_count && active; j++)
			active = holds(w, &r->conditions[j]);
		pacs_buf_addc(&w->r->active, active);
	}
}

/* Are the sequences around e those of the path? */
static bool
path_matches(const struct rule *r, const struct pacs_element *e)
{
	const struct pacs_item *item = pacs_element_owner(e);
	const struct pacs_element *around = pacs_item_sequence(item);
	unsigned i = r->depth - 1;

	for (; i && around; i--) {
		if (pacs_element_tag(around) != r->path[i - 1])
			return false;
		around = pacs_item_sequence(pacs_element_owner(around));
	}
	return i == 0 && !around;
}

static bool
private_matches(const struct rule *r, const struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	const char *creator;
	size_t len;

	if ((tag & 0xffff00ffu) != r->path[0] || PACS_TAG_ELEMENT(tag) < 0x1000)
		return false;
	creator = private_creator(pacs_element_owner(e), tag, &len);
	return creator && strlen(r->creator) == len &&
	       !memcmp(creator, r->creator, len);
}

static bool
matches(const struct rule *r, const struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);

	if (r->creator)
		return private_matches(r, e);
	if (!r->depth)
		return !PACS_TAG_IS_PRIVATE(tag) &&
		       !pacs_element_is_sequence(e) && rules_may_touch(tag) &&
		       pacs_element_vr(e) == r->vr;
	if (r->path[r->depth - 1] != tag)
		return false;
	return r->depth == 1 || path_matches(r, e);
}

/* The more a rule says about where, the stronger it is. */
static unsigned
strength(const struct rule *r)
{
	return r->creator ? 1 : r->depth;
}

const struct rule *
rules_find(struct walk *w, const struct pacs_element *e)
{
	const struct pacs_deid_rules *rules = w->d->opts->rules;
	const struct rule *best = NULL;
	size_t i;

	for (i = 0; rules && i < rules->count; i++) {
		const struct rule *r = &rules->list[i];

		if (w->r->active.data[i] &&
		    (!best || strength(r) > strength(best)) && matches(r, e))
			best = r;
	}
	return best;
}

bool
rules_keep_block(struct walk *w, uint32_t creator_tag)
{
	uint32_t first = (creator_tag & 0xffff0000u) | (creator_tag & 0xffu)
							   << 8;
	const struct pacs_element *e;

	if (!w->d->opts->rules)
		return false;
	for (e = pacs_item_first(w->item); e; e = pacs_element_next(e)) {
		uint32_t tag = pacs_element_tag(e);
		const struct rule *r;

		if (tag < first || tag >= first + 256)
			continue;
		r = rules_find(w, e);
		if (r && r->action != RULE_REMOVE)
			return true;
	}
	return false;
}

static bool
hash(struct walk *w, struct pacs_element *e)
{
	uint16_t vr = pacs_element_vr(e);
	struct pacs_buf text = {0};
	char digits[17];

	if (vr == VR("UI"))
		return walk_act(w, e, ACT_UID);
	if (!pacs_vr_is_text(vr))
		return false;
	pacs_element_text(w->item, e, &text, NULL);
	if (text.len) {
		value_hash(w->d, pacs_buf_str(&text), digits);
		pacs_element_set(e, vr, digits, 16);
	}
	pacs_buf_clear(&text);
	return true;
}

/* A rule of VR never weakens, and none does what it was not asked for. */
bool
rules_apply(struct walk *w, struct pacs_element *e, const struct rule *rule,
	    enum act profile)
{
	uint16_t vr = pacs_element_vr(e);

	switch (rule->action) {
	case RULE_KEEP:
		if (profile != ACT_KEEP && pacs_element_length(e))
			w->r->weakened++;
		return !walk_is_opaque(e) && walk_act(w, e, ACT_KEEP);
	case RULE_REMOVE:
		return false;
	case RULE_BLANK:
		return walk_act(w, e, ACT_EMPTY);
	case RULE_REPLACE:
		if (!pacs_vr_is_string(vr))
			return false;
		pacs_element_set(e, vr, rule->value, strlen(rule->value));
		return true;
	default:
		return hash(w, e);
	}
}
