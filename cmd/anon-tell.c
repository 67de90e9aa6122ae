/* What pacs-anon says: records, plans, the words at the end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/anon.h"
#include "dicom/tag.h"

const struct cli_field anon_fields[] = {
    {"outcome", CLI_TEXT,
     "written, duplicate, withheld, skipped, failed or missing"},
    {"reason", CLI_TEXT, "why, one word; empty if there is nothing to say"},
    {"PatientID", CLI_TEXT, "the pseudonym; empty if not written"},
    {"StudyInstanceUID", CLI_TEXT, "new; empty if not known"},
    {"SeriesInstanceUID", CLI_TEXT, "new; empty if not known"},
    {"SOPInstanceUID", CLI_TEXT, "new; empty if not known"},
    {"SOPClassUID", CLI_TEXT, "empty if not known"},
    {"size_bytes", CLI_NUMBER, "size of the object as written"},
    {"path", CLI_TEXT, "where it is in the output"},
    {"source", CLI_TEXT, "where it came from"},
    {"count", CLI_NUMBER, "objects, in a plan"},
    {"kind", CLI_TEXT, "map: patient, unnamed, accession, study or series"},
    {"original", CLI_TEXT, "map: what was there"},
    {"issuer", CLI_TEXT, "map: issuer of a patient ID"},
    {"replacement", CLI_TEXT, "map: what stands for it"},
    {NULL, CLI_TEXT, NULL},
};
_Static_assert(sizeof(anon_fields) / sizeof(anon_fields[0]) == ANON_FIELDS + 1,
	       "as many as values");

static void
count_line(struct ctx *c, const struct pacs_deid_record *r)
{
	size_t i;

	for (i = 0; i < c->line_count; i++)
		if (c->lines[i].outcome == r->outcome &&
		    !strcmp(c->lines[i].reason, r->reason))
			break;
	if (i == c->line_count) {
		c->lines =
		    pacs_realloc(c->lines, ++c->line_count * sizeof(*c->lines));
		c->lines[i] = (struct line){r->outcome, r->reason, 0, 0};
	}
	c->lines[i].count++;
	c->lines[i].bytes += r->size;
}

static const char *
or_null(const char *s)
{
	return *s ? s : NULL;
}

static bool
is_written(const struct pacs_deid_record *r)
{
	return r->outcome == PACS_ANON_WRITTEN ||
	       r->outcome == PACS_ANON_DUPLICATE;
}

static void
print_record(struct ctx *c, const struct pacs_deid_record *r)
{
	bool written = is_written(r);
	char size[24];
	const char *const values[ANON_FIELDS] = {
	    pacs_deid_outcome_name(r->outcome),
	    r->reason,
	    written ? r->pseudonym : "",
	    r->study,
	    r->series,
	    r->instance,
	    r->sop_class,
	    written ? size : NULL,
	    r->path,
	    r->source,
	};

	snprintf(size, sizeof(size), "%" PRIu64, r->size);
	cli_record(c->records, values);
}

static bool
worth_a_word(const struct pacs_deid_record *r)
{
	return r->outcome == PACS_ANON_WITHHELD ||
	       r->outcome == PACS_ANON_FAILED;
}

void
anon_settle(void *p, const struct pacs_deid_record *r)
{
	struct ctx *c = p;
	const char *detail = or_null(r->detail);

	count_line(c, r);
	if (worth_a_word(r))
		c->tally.failed++;
	else if (is_written(r))
		c->tally.done++;
	if (c->records && !anon_flags.plan)
		print_record(c, r);
	if (is_written(r) && detail)
		cli_note("%s: %s (%s): %s", r->source,
			 pacs_deid_outcome_name(r->outcome), r->reason, detail);
	if (worth_a_word(r) && !anon_flags.plan)
		cli_warn("%s: %s (%s)%s%s", r->source,
			 pacs_deid_outcome_name(r->outcome), r->reason,
			 detail ? ": " : "", detail ? detail : "");
}

static const char *
keyword_of(uint32_t tag, char buf[12])
{
	const struct pacs_dict_entry *e = pacs_dict_find_tag(tag);

	return e && *e->keyword ? e->keyword : pacs_tag_format(tag, buf);
}

void
anon_missing(void *p, uint32_t tag, const char *uid)
{
	struct ctx *c = p;
	const char *values[ANON_FIELDS] = {"missing"};
	char name[12];
	size_t i;

	for (i = 0; i < c->absent_count && c->absent[i].tag != tag; i++)
		;
	if (i == c->absent_count) {
		c->absent = pacs_realloc(c->absent, ++c->absent_count *
							sizeof(*c->absent));
		c->absent[i] = (struct absent){tag, 0};
	}
	c->absent[i].count++;
	if (!c->records || anon_flags.plan)
		return;
	values[F_REASON] = tag ? keyword_of(tag, name) : "";
	values[F_INSTANCE] = uid;
	cli_record(c->records, values);
}

/* --- the end ---------------------------------------------------------------
 */

void
anon_print_plan(struct ctx *c)
{
	size_t i;

	for (i = 0; i < c->line_count; i++) {
		char count[24], bytes[24];
		const char *values[ANON_FIELDS] = {
		    pacs_deid_outcome_name(c->lines[i].outcome),
		    c->lines[i].reason};

		snprintf(count, sizeof(count), "%" PRIu64, c->lines[i].count);
		snprintf(bytes, sizeof(bytes), "%" PRIu64, c->lines[i].bytes);
		values[F_SIZE] = bytes;
		values[F_COUNT] = count;
		cli_record(c->records, values);
	}
}

static void
say_seen(const struct pacs_deid_tally *t)
{
	unsigned i;

	for (i = 0; i < t->seen_count; i++) {
		char name[12];

		cli_note("not in the table, treated by its kind: %s, %" PRIu64
			 " times",
			 keyword_of(t->seen[i].tag, name), t->seen[i].count);
	}
}

static void
say_missing(struct ctx *c, const struct pacs_deid_tally *t)
{
	struct pacs_buf b = {0};
	char name[12];
	size_t i;

	if (!t->missing)
		return;
	for (i = 0; i < c->absent_count; i++)
		pacs_buf_addf(&b, "%s %" PRIu64 " by %s", i ? "," : "",
			      c->absent[i].count,
			      c->absent[i].tag
				  ? keyword_of(c->absent[i].tag, name)
				  : "no sequence");
	cli_say("%" PRIu64 " of %" PRIu64
		" instances that are referred to are not in this export:%s",
		t->missing, t->references, pacs_buf_str(&b));
	pacs_buf_clear(&b);
}

void
anon_say_summary(struct ctx *c, const struct pacs_deid_tally *t)
{
	struct pacs_buf b = {0};
	size_t i;

	say_seen(t);
	if (t->no_issuers)
		cli_note(
		    "%" PRIu64 " objects have a patient ID without issuer%s",
		    t->no_issuers,
		    anon_options.default_issuer ? ": the default counted" : "");
	if (t->blank_ids)
		cli_say("%" PRIu64 " objects have no patient ID: each study is "
			"a patient of its own",
			t->blank_ids);
	say_missing(c, t);
	for (i = 0; i < c->line_count; i++)
		pacs_buf_addf(&b, "%s%" PRIu64 " %s%s%s%s", b.len ? ", " : "",
			      c->lines[i].count,
			      pacs_deid_outcome_name(c->lines[i].outcome),
			      *c->lines[i].reason ? " (" : "",
			      c->lines[i].reason,
			      *c->lines[i].reason ? ")" : "");
	if (c->tally.failed || !c->tally.done)
		cli_say("%s", b.len ? pacs_buf_str(&b) : "nothing found");
	else
		cli_note("%s", pacs_buf_str(&b));
	c->tally.told = true;
	pacs_buf_clear(&b);
}
