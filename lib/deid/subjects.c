/* PatientID -> trial ID, out of a file. */
#include "deid/subjects.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "deid/internal.h"

#define FILE_MAX (256u << 20)

struct subject {
	const char *id, *issuer, *trial; /* issuer "": any */
};

struct pacs_deid_subjects {
	struct pacs_buf text; /* the file; fields end in NULs */
	struct subject *list;
	size_t count;
};

static int
compare(const void *a, const void *b)
{
	const struct subject *x = a, *y = b;
	int c = strcmp(x->id, y->id);

	return c ? c : strcmp(x->issuer, y->issuer);
}

static bool
is_plain(const char *s)
{
	const char *p;

	for (p = s; *p; p++)
		if (*p < '!' || *p > '~' || strchr("\\^=", *p))
			return false;
	return p != s && p - s <= PACS_PSEUDONYM_MAX;
}

/* Cut at the next tab; the rest, or NULL. */
static char *
cut(char *s)
{
	char *tab = s ? strchr(s, '\t') : NULL;

	if (tab)
		*tab++ = '\0';
	return tab;
}

static bool
parse_line(char *line, struct subject *ret)
{
	char *trial = cut(line), *issuer = cut(trial);

	/* Another field, and it is a list of something else: a map, maybe. */
	if (cut(issuer) || !trial || !*line || !is_plain(trial))
		return false;
	*ret = (struct subject){line, issuer ? issuer : "", trial};
	return true;
}

static enum pacs_err
parse(struct pacs_error *err, struct pacs_deid_subjects *s, const char *path)
{
	char *line = s->text.data, *end;
	size_t cap = 0;
	unsigned number = 1;

	for (; line && *line; line = end, number++) {
		end = strchr(line, '\n');
		if (end) {
			if (end > line && end[-1] == '\r')
				end[-1] = '\0';
			*end++ = '\0';
		}
		if (!*line || *line == '#')
			continue;
		if (s->count == cap) {
			cap = cap ? cap * 2 : 64;
			s->list = pacs_realloc(s->list, cap * sizeof(*s->list));
		}
		if (!parse_line(line, &s->list[s->count]))
			return pacs_error_set(err, PACS_EFORMAT,
					      "'%s', line %u: not PATIENT-ID, "
					      "tab, TRIAL-ID (plain ASCII), "
					      "maybe tab, ISSUER",
					      path, number);
		s->count++;
	}
	return PACS_OK;
}

enum pacs_err
pacs_deid_subjects_read(struct pacs_error *err, const char *path,
			struct pacs_deid_subjects **ret)
{
	struct pacs_deid_subjects *s = pacs_calloc(1, sizeof(*s));
	size_t i;

	*ret = NULL;
	if (pacs_file_slurp(err, AT_FDCWD, path, FILE_MAX, &s->text) ||
	    parse(err, s, path))
		goto fail;
	if (s->count)
		qsort(s->list, s->count, sizeof(*s->list), compare);
	for (i = 1; i < s->count; i++)
		if (!compare(&s->list[i - 1], &s->list[i]) &&
		    strcmp(s->list[i - 1].trial, s->list[i].trial) != 0) {
			pacs_error_set(err, PACS_EFORMAT,
				       "'%s': one patient under '%s' and '%s'",
				       path, s->list[i - 1].trial,
				       s->list[i].trial);
			goto fail;
		}
	*ret = s;
	return PACS_OK;
fail:
	pacs_deid_subjects_free(s);
	return err->code;
}

void
pacs_deid_subjects_free(struct pacs_deid_subjects *s)
{
	if (!s)
		return;
	pacs_buf_clear(&s->text);
	free(s->list);
	free(s);
}

const char *
subjects_find(const struct pacs_deid_subjects *s, const char *issuer,
	      const char *id)
{
	const struct subject *found;
	struct subject key = {id, issuer, NULL};

	if (!s->count)
		return NULL;
	found = bsearch(&key, s->list, s->count, sizeof(*s->list), compare);
	if (!found) {
		key.issuer = "";
		found =
		    bsearch(&key, s->list, s->count, sizeof(*s->list), compare);
	}
	return found ? found->trial : NULL;
}
