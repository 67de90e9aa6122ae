/*
 * A key that is to be added: from what users type to a line of the marker.
 */
#include <stdlib.h>
#include <string.h>

#include "query/internal.h"

#define LINE_MAX_BYTES 1024

static enum pacs_err
check_path(struct pacs_error *err, const struct pacs_added_key *a)
{
	size_t i;

	for (i = 0; i < a->depth; i++) {
		const struct pacs_key_step *s = &a->steps[i];
		const struct pacs_dict_entry *d =
		    s->creator ? NULL : pacs_dict_find_tag(s->tag);
		bool last = i + 1 == a->depth;

		if (d && (d->vr == PACS_VR('S', 'Q')) == last)
			return pacs_error_set(
			    err, PACS_EUSAGE,
			    last ? "'%s' is a sequence; name an element in it"
				 : "'%s' is no sequence",
			    d->keyword);
	}
	if (a->steps[0].tag >= PACS_TAG_PixelData || a->steps[0].tag < 0x80000)
		return pacs_error_set(err, PACS_EUSAGE,
				      "only the data set before the pixels can "
				      "be indexed");
	return PACS_OK;
}

static void
not_a_path(struct pacs_error *err, const char *path)
{
	const char *near = pacs_dict_suggest(path);

	if (!key_is_plain(path))
		pacs_error_set(err, PACS_EUSAGE,
			       "no path of keywords, tags or private elements");
	else if (near)
		pacs_error_set(err, PACS_EUSAGE,
			       "unknown attribute '%s'; did you mean '%s'?",
			       path, near);
	else
		pacs_error_set(err, PACS_EUSAGE,
			       "'%s' is no path of keywords, tags or private "
			       "elements",
			       path);
}

static enum pacs_err
choose_vr(struct pacs_error *err, struct pacs_added_key *a, const char *vr)
{
	const struct pacs_key_step *last = &a->steps[a->depth - 1];
	const struct pacs_dict_entry *d =
	    last->creator ? NULL : pacs_dict_find_tag(last->tag);

	a->key.vr = d ? d->vr : PACS_VR('L', 'O');
	if (*vr ? !key_vr_parse(vr, &a->key.vr)
		: !key_vr_type(a->key.vr, &a->key.type))
		return pacs_error_set(err, PACS_EUSAGE,
				      "values of that VR cannot be indexed");
	return PACS_OK;
}

static enum pacs_err
choose_name(struct pacs_error *err, const char *given, const char *path)
{
	if (!key_is_name(given))
		return pacs_error_set(err, PACS_EUSAGE,
				      "a name is letters, digits and '_'; for "
				      "one without a keyword write NAME=%s",
				      path);
	if (key_in_table(path) >= 0 || key_in_table(given) >= 0)
		return pacs_error_set(err, PACS_EUSAGE, "'%s' is a key already",
				      key_in_table(path) >= 0 ? path : given);
	return PACS_OK;
}

enum pacs_err
pacs_key_define(struct pacs_error *err, const char *definition,
		enum pacs_level level, const char *vr, struct pacs_buf *out)
{
	const char *equals = strchr(definition, '=');
	struct pacs_arena arena = {0};
	struct pacs_added_key a = {0};
	struct pacs_buf path = {0};
	char *name = NULL;
	uint32_t tag;

	if (level == PACS_LEVEL_PATIENT) {
		pacs_error_set(err, PACS_EUSAGE,
			       "a patient has no keys of its own to add; use "
			       "the study level");
		goto out;
	}
	if (strlen(definition) > LINE_MAX_BYTES || strchr(definition, '\n') ||
	    !key_path_split(&a, &arena, equals ? equals + 1 : definition)) {
		not_a_path(err, equals ? equals + 1 : definition);
		goto out;
	}
	key_path_spell(&a, a.depth, &path);
	name = equals ? pacs_strndup(definition, (size_t)(equals - definition))
		      : pacs_strdup(pacs_buf_str(&path));
	if (check_path(err, &a) || choose_vr(err, &a, vr) ||
	    choose_name(err, name, pacs_buf_str(&path)))
		goto out;
	/* A keyword as a name must mean its element. */
	if (equals && pacs_tag_parse(name, &tag)) {
		pacs_error_set(err, PACS_EUSAGE,
			       "'%s' is a name of the dictionary", name);
		goto out;
	}
	pacs_buf_addf(out, "%s %s %c%c %s", name, pacs_level_name(level),
		      a.key.vr >> 8, a.key.vr & 0xff, pacs_buf_str(&path));
out:
	free(name);
	pacs_buf_clear(&path);
	pacs_arena_clear(&arena);
	return err->code;
}
