#include "query/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VR_AS PACS_VR('A', 'S')
#define VR_CS PACS_VR('C', 'S')
#define VR_DA PACS_VR('D', 'A')
#define VR_DS PACS_VR('D', 'S')
#define VR_DT PACS_VR('D', 'T')
#define VR_IS PACS_VR('I', 'S')
#define VR_LO PACS_VR('L', 'O')
#define VR_LT PACS_VR('L', 'T')
#define VR_PN PACS_VR('P', 'N')
#define VR_SH PACS_VR('S', 'H')
#define VR_TM PACS_VR('T', 'M')
#define VR_UI PACS_VR('U', 'I')
#define VR_UL PACS_VR('U', 'L')
#define VR_UR PACS_VR('U', 'R')
#define VR_US PACS_VR('U', 'S')
#define VR_UT PACS_VR('U', 'T')

#define TYPE_OF(vr)                                                         \
	((vr) == VR_PN   ? PACS_TYPE_NAME                                   \
	 : (vr) == VR_DA ? PACS_TYPE_DATE                                   \
	 : (vr) == VR_TM ? PACS_TYPE_TIME                                   \
	 : (vr) == VR_DT ? PACS_TYPE_STAMP                                  \
	 : (vr) == VR_IS || (vr) == VR_DS || (vr) == VR_US || (vr) == VR_UL \
	     ? PACS_TYPE_NUMBER                                             \
	     : PACS_TYPE_TEXT)

const struct pacs_key pacs_keys[PACS_KEY_COUNT] = {
#define K(id, name, sequence, tag, vr, level, flags, snake, help)        \
	[PACS_KEY_##id] = {                                              \
	    name,  sequence,         tag,   VR_##vr, PACS_LEVEL_##level, \
	    flags, TYPE_OF(VR_##vr), snake, help,    NULL},
#include "query/keys.def"
#undef K
};

static const char *const level_names[] = {"patient", "study", "series",
					  "instance"};

const char *
pacs_level_name(enum pacs_level level)
{
	return level_names[level];
}

bool
pacs_level_parse(const char *s, enum pacs_level *ret)
{
	int i;

	for (i = PACS_LEVEL_PATIENT; i <= PACS_LEVEL_INSTANCE; i++)
		if (!strcasecmp(s, level_names[i])) {
			*ret = (enum pacs_level)i;
			return true;
		}
	if (!strcasecmp(s, "image")) {
		*ret = PACS_LEVEL_INSTANCE;
		return true;
	}
	return false;
}

static int
by_name(const char *name)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (!strcmp(name, pacs_keys[i].name))
			return i;
	return -1;
}

static int
by_tags(uint32_t sequence, uint32_t tag)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (pacs_keys[i].tag == tag &&
		    pacs_keys[i].sequence == sequence)
			return i;
	return -1;
}

/* One step of a path, without the "[0]" that findscu wants. */
bool
key_step_tag(const char *s, size_t len, uint32_t *ret)
{
	char buf[80];
	const char *bracket = memchr(s, '[', len);

	if (bracket)
		len = (size_t)(bracket - s);
	if (!len || len >= sizeof(buf))
		return false;
	memcpy(buf, s, len);
	buf[len] = '\0';
	return pacs_tag_parse(buf, ret);
}

static int
by_path(const char *name)
{
	const char *dot = strchr(name, '.');
	uint32_t sequence = 0, tag;

	if (dot && !key_step_tag(name, (size_t)(dot - name), &sequence))
		return -1;
	if (dot)
		name = dot + 1;
	if (!key_step_tag(name, strlen(name), &tag))
		return -1;
	return by_tags(sequence, tag);
}

/* Wrong case is the most common slip, and our dotted and own names are not in
 * the dictionary. Never a name that is no key either. */
static const char *
nearest(const char *name)
{
	const char *near;
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (!strcasecmp(name, pacs_keys[i].name) ||
		    !strcasecmp(name, pacs_keys[i].snake))
			return pacs_keys[i].name;
	near = pacs_dict_suggest(name);
	return near && key_in_table(near) >= 0 ? near : NULL;
}

/* A slip in a longer name of the dictionary, which can be made a key. */
static const char *
addable(const char *name)
{
	return strlen(name) > 6 ? pacs_dict_suggest(name) : NULL;
}

/* The sequence alone: name a key in it. */
static const char *
inside(uint32_t sequence)
{
	int i;

	for (i = 0; i < PACS_KEY_COUNT; i++)
		if (sequence && pacs_keys[i].sequence == sequence)
			return pacs_keys[i].name;
	return NULL;
}

/* A name that is safe to repeat in a message. */
bool
key_is_plain(const char *name)
{
	size_t n;

	for (n = 0; name[n]; n++)
		if (n >= 128 || !isgraph((unsigned char)name[n]))
			return false;
	return n > 0;
}

enum pacs_err
key_unknown(struct pacs_error *err, const char *name)
{
	const char *hint;
	uint32_t tag;

	if (!key_is_plain(name))
		return pacs_error_set(err, PACS_EUSAGE, "that is no key");
	if (key_step_tag(name, strlen(name), &tag) && !strchr(name, '.') &&
	    pacs_dict_find_tag(tag)) {
		hint = inside(tag);
		if (hint)
			return pacs_error_set(err, PACS_EUSAGE,
					      "'%s' is a sequence; ask for an "
					      "element in it, such as '%s'",
					      name, hint);
		return pacs_error_set(err, PACS_EUSAGE,
				      "'%s' is not in the index; 'pacs-index "
				      "add' adds it",
				      name);
	}
	hint = nearest(name);
	if (hint)
		return pacs_error_set(err, PACS_EUSAGE,
				      "unknown key '%s'; did you mean '%s'?",
				      name, hint);
	hint = addable(name);
	if (hint)
		return pacs_error_set(err, PACS_EUSAGE,
				      "unknown key '%s'; '%s' is not in the "
				      "index, 'pacs-index add' adds it",
				      name, hint);
	return pacs_error_set(err, PACS_EUSAGE, "unknown key '%s'", name);
}

int
key_in_table(const char *name)
{
	int i = by_name(name);

	return i < 0 ? by_path(name) : i;
}

enum pacs_err
pacs_key_find(struct pacs_error *err, const char *name, enum pacs_key_id *ret)
{
	return pacs_keyring_find(err, NULL, name, ret);
}
