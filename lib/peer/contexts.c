#include "peer/contexts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What DCMTK compresses to without loss, the best first. */
static const char *const packed[] = {
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.5",
    NULL,
};
static const char *const defaults[] = {
    PACS_SYNTAX_EXPLICIT_LE,
    PACS_SYNTAX_IMPLICIT_LE,
    NULL,
};

size_t
pacs_needs_find(struct pacs_needs *n, const char *sop_class, const char *syntax)
{
	size_t i;

	for (i = 0; i < n->count; i++)
		if (!strcmp(n->list[i].syntax, syntax) &&
		    !strcmp(n->list[i].sop_class, sop_class))
			return i;
	n->list = pacs_realloc(n->list, (n->count + 1) * sizeof(*n->list));
	memset(&n->list[i], 0, sizeof(n->list[i]));
	snprintf(n->list[i].sop_class, sizeof(n->list[i].sop_class), "%s",
		 sop_class);
	n->list[i].syntax = pacs_strdup(syntax);
	n->count++;
	return i;
}

void
pacs_needs_clear(struct pacs_needs *n)
{
	while (n->count)
		free(n->list[--n->count].syntax);
	free(n->list);
	memset(n, 0, sizeof(*n));
}

/* --- proposing ------------------------------------------------------------ */

/* The context of that class that proposes exactly these; NULL if none does. */
static const struct pacs_context *
find(const struct pacs_proposal *p, const char *sop_class,
     const char *const *syntaxes)
{
	size_t i, k;

	for (i = 0; i < p->count; i++) {
		const struct pacs_context *c = &p->contexts[i];

		if (strcmp(c->sop_class, sop_class) != 0)
			continue;
		for (k = 0; syntaxes[k] && c->syntaxes[k]; k++)
			if (strcmp(c->syntaxes[k], syntaxes[k]) != 0)
				break;
		if (!syntaxes[k] && !c->syntaxes[k])
			return c;
	}
	return NULL;
}

static void
add(struct pacs_proposal *p, const char *sop_class, const char *const *syntaxes)
{
	struct pacs_context *c;
	size_t i;

	if (p->count == PACS_CONTEXTS_MAX || find(p, sop_class, syntaxes))
		return;
	c = &p->contexts[p->count++];
	memset(c, 0, sizeof(*c));
	snprintf(c->sop_class, sizeof(c->sop_class), "%s", sop_class);
	for (i = 0; syntaxes[i]; i++)
		c->syntaxes[i] = syntaxes[i];
}

static void
add_need(struct pacs_proposal *p, const struct pacs_need *need)
{
	const char *own[] = {need->syntax, NULL};

	/* All that it may need, or nothing; one is left for a service. */
	if (p->count + 3 > PACS_CONTEXTS_MAX - 1)
		return;
	add(p, need->sop_class, own);
	add(p, need->sop_class, defaults);
	if (need->packed)
		add(p, need->sop_class, packed);
}

void
pacs_proposal_make(const struct pacs_needs *n, size_t first,
		   const char *service, struct pacs_proposal *ret)
{
	size_t i;

	ret->count = 0;
	add_need(ret, &n->list[first]);
	for (i = 0; i < n->count; i++)
		if (n->list[i].pending)
			add_need(ret, &n->list[i]);
	for (i = 0; i < n->count; i++)
		add_need(ret, &n->list[i]);
	if (service)
		add(ret, service, defaults);
}

/* --- choosing ------------------------------------------------------------- */

/* A word for why contexts were refused. */
static const char *
why(const struct pacs_context *own)
{
	return own->result == 3 ? "class-refused" : "syntax-refused";
}

enum pacs_choice
pacs_proposal_choose(const struct pacs_proposal *p,
		     const struct pacs_need *need, bool may_transcode,
		     const struct pacs_context **ret_context,
		     const char **ret_reason)
{
	const char *own_list[] = {need->syntax, NULL};
	const struct pacs_context *own = find(p, need->sop_class, own_list);
	const struct pacs_context *native = find(p, need->sop_class, defaults);
	const struct pacs_context *small = find(p, need->sop_class, packed);
	const struct pacs_syntax *known = pacs_syntax_find(need->syntax);

	*ret_reason = "";
	if (!own || !native)
		return PACS_NOT_PROPOSED;
	*ret_context = own;
	if (!own->result)
		return PACS_SEND_AS_IS;
	*ret_reason = why(own);
	*ret_context = native;
	if (!native->result && !strcmp(native->accepted, need->syntax))
		return PACS_SEND_AS_IS;
	if (!may_transcode || !known ||
	    (known->encapsulated && !known->lossless))
		return PACS_NOT_TAKEN;
	if (!native->result)
		return PACS_SEND_NATIVE;
	if (own->result == 3)
		return PACS_NOT_TAKEN;
	if (!small)
		return need->packed ? PACS_NOT_PROPOSED : PACS_NOT_PACKED;
	*ret_context = small;
	return small->result ? PACS_NOT_TAKEN : PACS_SEND_COMPRESSED;
}
