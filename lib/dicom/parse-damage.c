/*
 * What the parser does about damage. A sequence that is only suspected (UN, or
 * the dictionary's word) is parsed on trial: where that fails it becomes bytes
 * again. Elsewhere the first damage is remembered, and a strict reading ends.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dicom/parser.h"

void
pacs_parser_over(struct pacs_parser *p, const char *what, unsigned limit)
{
	if (p->code == PACS_OK)
		p->code = pacs_error_set(p->err, PACS_ELIMIT, "more than %u %s",
					 limit, what);
	p->stop = true;
}

/* Is the top inside a trial? Then what was suspected to be a sequence is
 * bytes, and parsing goes on behind it. */
static bool
end_trial(struct pacs_parser *p)
{
	size_t i;

	for (i = p->depth; i > 0; i--) {
		struct pacs_frame *f = &p->stack[i];

		if (f->trial) {
			struct pacs_element *e = f->sequence;

			e->flags &= (uint16_t)~E_SEQUENCE;
			e->in.sequence = NULL;
			if (!e->value)
				e->flags |= E_LEFT_OUT;
			p->pos = f->end;
			p->depth = i - 1;
			return true;
		}
	}
	return false;
}

static void note(struct pacs_parser *p, const char *fmt, ...) PACS_PRINTF(2, 3);

/* Remember the first damage; in a strict reading it ends here. */
static void
note(struct pacs_parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!p->damage[0])
		vsnprintf(p->damage, sizeof(p->damage), fmt, ap);
	va_end(ap);
	if (!p->limits.tolerate)
		p->stop = true;
}

static void
note_at(struct pacs_parser *p, uint32_t tag, const char *what)
{
	char name[12];

	note(p, "%s at byte %llu, %s", what, (unsigned long long)p->pos,
	     tag ? pacs_tag_format(tag, name) : "between elements");
}

void
pacs_parser_damaged(struct pacs_parser *p, uint32_t tag, const char *what)
{
	if (end_trial(p))
		return;
	note_at(p, tag, what);
	p->stop = true;
}

/* Is it the source that ends, and not just what is around it? */
static bool
at_end_of_source(const struct pacs_parser *p)
{
	const struct pacs_frame *f = &p->stack[p->depth];

	return !p->meta && pacs_parser_limit(p, f) == p->s->end;
}

void
pacs_parser_cut(struct pacs_parser *p, uint32_t tag, const char *what)
{
	bool cut = at_end_of_source(p), first = !p->damage[0];

	pacs_parser_damaged(p, tag, what);
	if (first && p->damage[0])
		p->cut = cut;
}

bool
pacs_parser_overruns(struct pacs_parser *p, uint32_t tag, const char *what)
{
	if (end_trial(p))
		return false;
	if (!p->damage[0])
		p->cut = at_end_of_source(p);
	note_at(p, tag, what);
	return !p->stop;
}

enum pacs_err
pacs_parser_outcome(struct pacs_parser *p)
{
	struct pacs_error *err = p->err;

	if (p->code != PACS_OK)
		return p->code;
	if (p->s->sys_errno)
		return pacs_error_sys(err, p->s->sys_errno, "cannot read");
	if (p->s->too_big)
		return pacs_error_set(err, PACS_ELIMIT, "%s",
				      p->s->inflater
					  ? "inflates to more than the limit"
					  : "needs too much memory");
	if (!p->damage[0])
		return PACS_OK;
	if (!p->limits.tolerate)
		return pacs_error_set(err, PACS_EFORMAT, "%s", p->damage);
	if (!p->ds->damage[0]) {
		memcpy(p->ds->damage, p->damage, sizeof(p->damage));
		p->ds->cut = p->cut;
	}
	return PACS_OK;
}
