/*
 * Questions that are made up about the objects of index_objects.h, out of what
 * these say, so that there are answers. (index_agree.c)
 */
#ifndef UNIT_INDEX_QUESTIONS_H
#define UNIT_INDEX_QUESTIONS_H

#include "query/query.h"
#include "unit/index_objects.h"

static const char *
spoil(const char *v)
{
	size_t n = strlen(v), at;
	char *s = pacs_arena_alloc(&arena, n + 3);

	memcpy(s, v, n + 1);
	/* Only ASCII is cut: a pattern is UTF-8 too. */
	switch (n ? dice(5) : 0) {
	case 0:
		return v;
	case 1:
		at = dice((unsigned)n);
		while (at && ((unsigned char)s[at] & 0xc0) == 0x80)
			at--;
		s[at] = '*';
		s[at + 1] = '\0';
		return s;
	case 2:
		return text("*%s", s + (((unsigned char)s[0] & 0x80) ? 0 : 1));
	case 3:
		at = dice((unsigned)n);
		if (!((unsigned char)s[at] & 0x80))
			s[at] = '?';
		return s;
	default:
		return text("*%s*", s);
	}
}

static const char *
a_value(const struct pacs_key *k, const char *seen)
{
	const char *v = seen && dice(4) ? seen : some_value(k);

	/* One of several. */
	if (k->flags & PACS_KEY_MULTI && strchr(v, '\\') && dice(2))
		v = text("%.*s", (int)strcspn(v, "\\"), v);
	switch (k->type) {
	case PACS_TYPE_TEXT:
	case PACS_TYPE_NAME:
		return spoil(v);
	case PACS_TYPE_STAMP:
		v = text("%.19s", v ? v : "2023-11-14T22:13:20");
		return dice(2) ? text("%s..", v) : text("..%s", v);
	default:
		switch (dice(4)) {
		case 0:
			return text("%s..", v);
		case 1:
			return text("..%s", v);
		default:
			return v;
		}
	}
}

static const char *
condition_of(int key)
{
	const struct object *o = &objects[dice(OBJECTS)];
	const struct pacs_key *k = pacs_key_of(&ring, (enum pacs_key_id)key);
	const char *v;

	if (k->flags & PACS_KEY_SHOWN)
		return "StudyID=CT";
	if (!dice(12))
		v = "";
	else if (!dice(20))
		v = "*";
	else if (k->type == PACS_TYPE_STAMP || k->flags & PACS_KEY_COMPUTED)
		v = a_value(k, o->values[key] ? o->values[key] : "1");
	else
		v = a_value(k, o->values[key]);
	if (!dice(5))
		v = text("%s\\%s", v,
			 a_value(k, objects[dice(OBJECTS)].values[key]
					? objects[dice(OBJECTS)].values[key]
					: "1"));
	return text("%s%s%s", k->name, dice(5) ? "=" : "!=", v);
}

static const char *
a_condition(void)
{
	int key = (int)dice(PACS_KEY_COUNT);

	/* The keys with plans of their own, more often. */
	if (dice(2)) {
		static const int often[] = {
		    PACS_KEY_PatientName,      PACS_KEY_PatientID,
		    PACS_KEY_StudyDate,        PACS_KEY_AccessionNumber,
		    PACS_KEY_StudyInstanceUID, PACS_KEY_SeriesInstanceUID,
		    PACS_KEY_SOPInstanceUID,   PACS_KEY_Modality,
		    PACS_KEY_stored_at,        PACS_KEY_SOPClassUID,
		    PACS_KEY_InstanceNumber,   PACS_KEY_ModalitiesInStudy};

		key = PICK(often);
	}
	if (!dice(8))
		key = PACS_KEY_ADDED + (int)dice(ADDED);
	return condition_of(key);
}

/* Another one about the items of the same sequence, if it is about some. */
static const char *
a_neighbour(const struct pacs_query *q)
{
	const struct pacs_key *k =
	    q->count ? q->conditions[q->count - 1].k : NULL;
	int tries, key;

	for (tries = 0; k && tries < 500; tries++) {
		key = (int)dice(PACS_KEY_END);
		if (pacs_key_of(&ring, (enum pacs_key_id)key) &&
		    pacs_keys_share_items(
			k, pacs_key_of(&ring, (enum pacs_key_id)key)))
			return condition_of(key);
	}
	return a_condition();
}

/* In a sequence. */
static const char *
a_nested(void)
{
	int key;

	do
		key = (int)dice(PACS_KEY_COUNT);
	while (!pacs_keys[key].sequence);
	return condition_of(key);
}

#endif
