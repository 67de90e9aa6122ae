#include "cmd/send-records.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	OUTCOME,
	REASON,
	STATUS,
	COMMENT,
	COMMITTED,
	STUDY,
	SERIES,
	INSTANCE,
	CLASS,
	SYNTAX,
	SYNTAX_SENT,
	SIZE,
	ATTEMPTS,
	SOURCE,
	OBJECTS,
	SECONDS,
	UNREAD,
	FIELDS
};
const struct cli_field send_fields[] = {
    [OUTCOME] = {"outcome", CLI_TEXT,
		 "sent, warned, refused, failed, unknown or skipped; in a plan "
		 "as-is, native, compressed, refused or unread"},
    [REASON] = {"reason", CLI_TEXT,
		"why, one word; empty if there is nothing to say"},
    [STATUS] = {"status", CLI_TEXT,
		"of the peer's answer, four hex digits; empty if none came"},
    [COMMENT] = {"comment", CLI_TEXT,
		 "what the peer's comment is about, one word"},
    [COMMITTED] = {"committed", CLI_TEXT,
		   "yes, no or unknown; empty if it was not asked for"},
    [STUDY] = {"StudyInstanceUID", CLI_TEXT, "of the object"},
    [SERIES] = {"SeriesInstanceUID", CLI_TEXT, "of the object"},
    [INSTANCE] = {"SOPInstanceUID", CLI_TEXT, "of the object"},
    [CLASS] = {"SOPClassUID", CLI_TEXT, "of the object"},
    [SYNTAX] = {"syntax", CLI_TEXT, "transfer syntax that it is stored in"},
    [SYNTAX_SENT] = {"syntax_sent", CLI_TEXT,
		     "that it went out in; empty if it did not"},
    [SIZE] = {"size_bytes", CLI_NUMBER, "size of the file"},
    [ATTEMPTS] = {"attempts", CLI_NUMBER, "times that it was sent"},
    [SOURCE] = {"source", CLI_TEXT, "the file"},
    [OBJECTS] = {"objects", CLI_NUMBER, "--plan: how many there are"},
    [SECONDS] = {"seconds", CLI_NUMBER, "--plan: it takes at least so long"},
    [UNREAD] = {"unread_charset", CLI_TEXT,
		"character sets of it that the peer is not known to read"},
    [FIELDS] = {NULL, CLI_TEXT, NULL},
};

const char send_record_fields[] =
    "outcome,reason,status,comment,committed,StudyInstanceUID,"
    "SeriesInstanceUID,SOPInstanceUID,SOPClassUID,syntax,syntax_sent,"
    "size_bytes,attempts,source,unread_charset";
const char send_plan_fields[] =
    "outcome,reason,SOPClassUID,syntax,syntax_sent,objects,size_bytes,seconds,"
    "unread_charset";

void
send_print_record(struct cli_records *records, const struct pacs_send_record *r)
{
	char size[24], status[8] = "", attempts[12];
	const char *values[FIELDS];

	snprintf(size, sizeof(size), "%" PRIu64, r->size);
	snprintf(attempts, sizeof(attempts), "%u", r->attempts);
	if (r->status >= 0)
		snprintf(status, sizeof(status), "%04X",
			 (unsigned)r->status & 0xffff);
	values[OUTCOME] = pacs_sent_word(r->outcome);
	values[REASON] = r->reason;
	values[STATUS] = status;
	values[COMMENT] = r->comment;
	values[COMMITTED] = pacs_committed_word(r->committed);
	values[STUDY] = r->study;
	values[SERIES] = r->series;
	values[INSTANCE] = r->instance;
	values[CLASS] = r->sop_class;
	values[SYNTAX] = r->syntax;
	values[SYNTAX_SENT] = r->syntax_sent;
	values[SIZE] = size;
	values[ATTEMPTS] = attempts;
	values[SOURCE] = r->path;
	values[UNREAD] = r->unread_charset;
	values[OBJECTS] = values[SECONDS] = NULL;
	cli_record(records, values);
}

void
send_warn_of(const struct pacs_send_record *r)
{
	char status[24] = "";

	if (r->status >= 0)
		snprintf(status, sizeof(status), ", status %04X",
			 (unsigned)r->status & 0xffff);
	cli_warn("%s: %s (%s%s)%s%s", r->path, pacs_sent_word(r->outcome),
		 r->reason, status, *r->detail ? ": " : "", r->detail);
}

void
send_print_plan(struct cli_records *records, const struct pacs_send_plan *plan)
{
	char objects[24], bytes[24], seconds[32];
	const char *values[FIELDS] = {
	    [OUTCOME] = plan->how,
	    [REASON] = plan->reason,
	    [STATUS] = "",
	    [COMMENT] = "",
	    [COMMITTED] = "",
	    [STUDY] = "",
	    [SERIES] = "",
	    [INSTANCE] = "",
	    [CLASS] = plan->sop_class,
	    [SYNTAX] = plan->syntax,
	    [SYNTAX_SENT] = plan->syntax_sent,
	    [SIZE] = bytes,
	    [SOURCE] = "",
	    [OBJECTS] = objects,
	    [SECONDS] = seconds,
	    [UNREAD] = plan->unread_charset,
	};

	snprintf(objects, sizeof(objects), "%" PRIu64, plan->objects);
	snprintf(bytes, sizeof(bytes), "%" PRIu64, plan->bytes);
	snprintf(seconds, sizeof(seconds), "%.3f", plan->seconds);
	cli_record(records, values);
}
