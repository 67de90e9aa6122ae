/*
 * Keys that an archive adds: from a line of its marker to a keyring.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "query/internal.h"

#define NAME_MAX_BYTES 64

void
pacs_keyring_clear(struct pacs_keyring *r)
{
	pacs_arena_clear(&r->arena);
	memset(r, 0, sizeof(*r));
}

/* --- paths ------------------------------------------------------------- */

/* Where a step of a path ends: at a '.' that no quotes hold. */
static size_t
step_length(const char *s)
{
	bool quoted = false;
	size_t n;

	for (n = 0; s[n] && (quoted || s[n] != '.'); n++)
		if (s[n] == '"')
			quoted = !quoted;
	return n;
}

static bool
hex(const char *s, size_t n, uint32_t *ret)
{
	size_t i;

	*ret = 0;
	for (i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return false;
		*ret = *ret * 16 + (uint32_t)(isdigit((unsigned char)s[i])
						  ? s[i] - '0'
						  : (s[i] | 32) - 'a' + 10);
	}
	return true;
}

/* "0019,xx0C,CREATOR"; the creator is LO: up to 64 characters. */
static bool
private_step(struct pacs_arena *arena, const char *s, size_t len,
	     struct pacs_key_step *ret)
{
	uint32_t group, element;
	char *creator;

	if (len < 11 || s[4] != ',' || strncasecmp(s + 5, "xx", 2) != 0 ||
	    s[9] != ',' || !hex(s, 4, &group) || !hex(s + 7, 2, &element) ||
	    !(group & 1) || group < 9)
		return false;
	s += 10;
	len -= 10;
	if (len > 2 && *s == '"' && s[len - 1] == '"') {
		s++;
		len -= 2;
	}
	if (len > 64 || memchr(s, '"', len) || memchr(s, '\\', len))
		return false;
	creator = pacs_arena_alloc(arena, len + 1);
	memcpy(creator, s, len);
	creator[len] = '\0';
	ret->creator = creator;
	ret->tag = group << 16 | element;
	return true;
}

static bool
one_step(struct pacs_arena *arena, const char *s, size_t len,
	 struct pacs_key_step *ret)
{
	ret->creator = NULL;
	if (private_step(arena, s, len, ret))
		return true;
	return key_step_tag(s, len, &ret->tag) &&
	       !PACS_TAG_IS_PRIVATE(ret->tag);
}

bool
key_path_split(struct pacs_added_key *a, struct pacs_arena *arena,
	       const char *path)
{
	for (a->depth = 0; a->depth < PACS_KEY_DEPTH;) {
		size_t n = step_length(path);

		if (!one_step(arena, path, n, &a->steps[a->depth++]))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
	return false;
}

/* One spelling for each path: keywords where there are, else tags. */
void
key_path_spell(const struct pacs_added_key *a, size_t depth,
	       struct pacs_buf *out)
{
	size_t i;

	for (i = 0; i < depth; i++) {
		const struct pacs_key_step *s = &a->steps[i];
		const struct pacs_dict_entry *d = pacs_dict_find_tag(s->tag);

		if (i)
			pacs_buf_addc(out, '.');
		if (s->creator)
			pacs_buf_addf(out, "%04X,xx%02X,\"%s\"", s->tag >> 16,
				      s->tag & 0xff, s->creator);
		else if (d && d->mask == 0xffffffffu)
			pacs_buf_adds(out, d->keyword);
		else
			pacs_buf_addf(out, "%04X,%04X", s->tag >> 16,
				      s->tag & 0xffff);
	}
}

/* --- types ------------------------------------------------------------- */

bool
key_vr_type(uint16_t vr, enum pacs_key_type *ret)
{
	static const char numbers[] = "DS FD FL IS SL SS SV UL US UV",
			  texts[] = "AE AS AT CS DT LO LT SH ST UC UI UR UT";
	const char two[] = {(char)(vr >> 8), (char)(vr & 0xff), '\0'};

	if (vr == PACS_VR('P', 'N'))
		*ret = PACS_TYPE_NAME;
	else if (vr == PACS_VR('D', 'A'))
		*ret = PACS_TYPE_DATE;
	else if (vr == PACS_VR('T', 'M'))
		*ret = PACS_TYPE_TIME;
	else if (strstr(numbers, two))
		*ret = PACS_TYPE_NUMBER;
	else if (strstr(texts, two))
		*ret = PACS_TYPE_TEXT;
	else
		return false;
	return true;
}

bool
key_vr_parse(const char *s, uint16_t *ret)
{
	enum pacs_key_type type;

	if (strlen(s) != 2 || !isupper((unsigned char)s[0]) ||
	    !isupper((unsigned char)s[1]))
		return false;
	*ret = PACS_VR(s[0], s[1]);
	return key_vr_type(*ret, &type);
}

/* A place for each item, or for each value if there can be several. */
static bool
is_multi(const struct pacs_added_key *a)
{
	const struct pacs_key_step *last = &a->steps[a->depth - 1];
	const struct pacs_dict_entry *d =
	    last->creator ? NULL : pacs_dict_find_tag(last->tag);

	return a->depth > 1 || !d || strcmp(d->vm, "1") != 0;
}

bool
key_is_name(const char *s)
{
	size_t n;

	for (n = 0; s[n]; n++)
		if (!isalnum((unsigned char)s[n]) && s[n] != '_' &&
		    (!n || s[n] != '.'))
			return false;
	return n && n <= NAME_MAX_BYTES && isalpha((unsigned char)s[0]);
}

static void
fill(struct pacs_added_key *a, struct pacs_arena *arena)
{
	struct pacs_key *k = &a->key;
	struct pacs_buf parent = {0};

	k->flags = PACS_KEY_IS_ADDED;
	if (is_multi(a) && (a->depth > 1 || !pacs_key_is_prose(k)))
		k->flags |= PACS_KEY_MULTI;
	key_vr_type(k->vr, &k->type);
	k->help = "";
	k->tag = a->steps[a->depth - 1].tag;
	if (a->depth == 2 && !a->steps[0].creator)
		k->sequence = a->steps[0].tag;
	if (a->depth > 1) {
		key_path_spell(a, a->depth - 1, &parent);
		k->parent = pacs_arena_strdup(arena, pacs_buf_str(&parent));
		pacs_buf_clear(&parent);
	}
}

/* --- lines ------------------------------------------------------------- */

/* The next word of a line, which is cut there. */
static char *
word(char **s)
{
	char *w = *s, *end = strchr(w, ' ');

	if (!end)
		return NULL;
	*end = '\0';
	*s = end + 1;
	return w;
}

static bool
parse(struct pacs_added_key *a, struct pacs_arena *arena, const char *line)
{
	char *s = pacs_arena_strdup(arena, line), *name = word(&s),
	     *level = name ? word(&s) : NULL, *vr = level ? word(&s) : NULL;

	memset(a, 0, sizeof(*a));
	if (!vr || !key_is_name(name) ||
	    !pacs_level_parse(level, &a->key.level) ||
	    a->key.level == PACS_LEVEL_PATIENT ||
	    !key_vr_parse(vr, &a->key.vr) || !key_path_split(a, arena, s))
		return false;
	a->key.name = name;
	a->line = pacs_arena_strdup(arena, line);
	fill(a, arena);
	return true;
}

static enum pacs_err
add_line(struct pacs_error *err, struct pacs_keyring *r, const char *line)
{
	if (r->count == PACS_ADDED_MAX)
		return pacs_error_set(err, PACS_ELIMIT,
				      "more than %d added keys",
				      PACS_ADDED_MAX);
	if (!parse(&r->added[r->count], &r->arena, line))
		return pacs_error_set(err, PACS_EFORMAT,
				      "not an index-key: '%.80s'", line);
	r->count++;
	return PACS_OK;
}

enum pacs_err
pacs_keyring_add(struct pacs_error *err, struct pacs_keyring *r,
		 const char *lines)
{
	while (*lines) {
		size_t n = strcspn(lines, "\n");
		char *line = pacs_strndup(lines, n);

		if (n && add_line(err, r, line)) {
			free(line);
			return err->code;
		}
		free(line);
		lines += n + (lines[n] != '\0');
	}
	return PACS_OK;
}

/* --- looking up -------------------------------------------------------- */

const struct pacs_key *
pacs_key_of(const struct pacs_keyring *r, enum pacs_key_id id)
{
	size_t n = (size_t)id - PACS_KEY_ADDED;

	if (id < PACS_KEY_COUNT)
		return &pacs_keys[id];
	return id >= PACS_KEY_ADDED && r && n < r->count ? &r->added[n].key
							 : NULL;
}

/* By its name, or by another spelling of its path. */
static bool
is_called(const struct pacs_added_key *a, const char *name, const char *path)
{
	const char *own = a->line;
	int i;

	for (i = 0; i < 3; i++)
		own = strchr(own, ' ') + 1;
	return !strcmp(a->key.name, name) || !strcmp(own, path);
}

enum pacs_err
pacs_keyring_find(struct pacs_error *err, const struct pacs_keyring *r,
		  const char *name, enum pacs_key_id *ret)
{
	struct pacs_arena arena = {0};
	struct pacs_added_key a = {0};
	struct pacs_buf path = {0};
	int found = key_in_table(name);
	size_t i;

	if (found < 0 && r && r->count && key_path_split(&a, &arena, name))
		key_path_spell(&a, a.depth, &path);
	for (i = 0; found < 0 && r && i < r->count; i++)
		if (is_called(&r->added[i], name, pacs_buf_str(&path)))
			found = PACS_KEY_ADDED + (int)i;
	pacs_buf_clear(&path);
	pacs_arena_clear(&arena);
	if (found < 0)
		return key_unknown(err, name);
	*ret = (enum pacs_key_id)found;
	return PACS_OK;
}

bool
pacs_keys_share_items(const struct pacs_key *a, const struct pacs_key *b)
{
	/* Above the instance, each added key has the first value of its own:
	 * maybe of another object. */
	if (a->level != b->level || (a->level != PACS_LEVEL_INSTANCE &&
				     (a->flags | b->flags) & PACS_KEY_IS_ADDED))
		return false;
	if (a->sequence || b->sequence)
		return a->sequence == b->sequence;
	return a->parent && b->parent && !strcmp(a->parent, b->parent);
}
