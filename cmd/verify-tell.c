/* What pacs-verify found, as records; as lines for sha256sum; in numbers. */
#include <inttypes.h>

#include "cmd/verify.h"

enum {
	KIND,
	PATH,
	STUDY,
	SERIES,
	INSTANCE,
	EXPECTED,
	FOUND,
	MENDED,
	DETAIL,
	FIELDS
};
const struct cli_field verify_fields[FIELDS + 1] = {
    [KIND] = {"kind", CLI_TEXT, "what is wrong, one word"},
    [PATH] = {"path", CLI_TEXT, "the file, in the archive"},
    [STUDY] = {"StudyInstanceUID", CLI_TEXT, "of the object"},
    [SERIES] = {"SeriesInstanceUID", CLI_TEXT, "of the object"},
    [INSTANCE] = {"SOPInstanceUID", CLI_TEXT, "of the object"},
    [EXPECTED] = {"expected", CLI_TEXT, "as recorded: digest, size, ..."},
    [FOUND] = {"found", CLI_TEXT, "as it is"},
    [MENDED] = {"mended", CLI_BOOL, "true: put right by this run"},
    [DETAIL] = {"detail", CLI_TEXT, "--against: the first difference"},
    [FIELDS] = {NULL, CLI_TEXT, NULL},
};

void
verify_tell(void *p, const struct pacs_fixity_finding *f, bool mended)
{
	struct ctx *c = p;
	const char *const values[FIELDS] = {
	    [KIND] = pacs_fault_word(f->fault),
	    [PATH] = f->path,
	    [STUDY] = f->triple->study,
	    [SERIES] = f->triple->series,
	    [INSTANCE] = f->triple->instance,
	    [EXPECTED] = f->expected,
	    [FOUND] = f->found,
	    [MENDED] = mended ? "true" : "false",
	    [DETAIL] = "",
	};

	if (f->fault == PACS_FAULT_UNREADABLE)
		c->unread = true;
	else if (!mended && pacs_fault_is_damage(f->fault))
		c->damage = true;
	if (c->records)
		cli_record(c->records, values);
}

void
verify_tell_against(void *p, enum pacs_against what, const char *path,
		    const char *here, const char *there, const char *detail)
{
	struct ctx *c = p;
	struct pacs_triple t = {"", "", ""};
	const char *const values[FIELDS] = {
	    [KIND] = pacs_against_word(what),
	    [PATH] = path,
	    [STUDY] = t.study,
	    [SERIES] = t.series,
	    [INSTANCE] = t.instance,
	    [EXPECTED] = here,
	    [FOUND] = there,
	    [MENDED] = "false",
	    [DETAIL] = detail,
	};

	(void)pacs_object_triple(path, &t);
	if (what == PACS_NOT_COMPARED)
		c->unread = true;
	else if (what != PACS_OTHER_BYTES)
		c->damage = true;
	cli_record(c->records, values);
}

void
verify_tell_sum(void *p, const char *path, const char *sha256)
{
	struct pacs_buf b = {0};

	(void)p;
	pacs_buf_addf(&b, "%s  %s", sha256, path);
	cli_line(b.data);
	pacs_buf_clear(&b);
}

void
verify_tell_summary(const struct pacs_fixity_tally *t)
{
	unsigned i;

	cli_note("%" PRIu64 " ledger lines, %" PRIu64 " objects, %" PRIu64
		 " bytes read",
		 t->lines, t->objects, t->bytes);
	for (i = 0; i < PACS_FAULT_COUNT; i++)
		if (t->findings[i])
			cli_note("%s: %" PRIu64, pacs_fault_word(i),
				 t->findings[i]);
}
