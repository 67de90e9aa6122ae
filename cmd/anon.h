/* What pacs-anon is made of beside its options and its run: anon-check.c,
 * anon-map.c and anon-tell.c. */
#ifndef PACS_CMD_ANON_H
#define PACS_CMD_ANON_H

#include "cli/cli.h"
#include "deid/map.h"
#include "deid/run.h"
#include "export/export.h"

struct anon_flags {
	const char *key, *make_key, *output;
	const char *map, *recipient, *subjects, *rules;
	bool print, plan, list_kinds, store, checklist, reidentify, from_stdin;
	bool safe_private, uids, device, institution, characteristics;
	bool full_dates, modify_dates, graphics, uids_hold_dates;
	uint64_t date_range, digits;
	struct cli_list allow, skip;
};
extern struct anon_flags anon_flags;
#define NOT_GIVEN UINT64_MAX /* of a number */
static inline bool
is_given(uint64_t number)
{
	return number != NOT_GIVEN;
}
extern struct pacs_deid_options anon_options;

extern const struct cli_field anon_fields[];
enum { ANON_FIELDS = 15 };
#define OBJECT_FIELDS                                                  \
	"outcome,reason,PatientID,StudyInstanceUID,SeriesInstanceUID," \
	"SOPInstanceUID,SOPClassUID,size_bytes,path,source"
#define PLAN_FIELDS "outcome,reason,count,size_bytes"
#define MAP_FIELDS  "kind,original,issuer,replacement"
enum {
	F_REASON = 1,
	F_INSTANCE = 5,
	F_SIZE = 7,
	F_COUNT = 10,
	F_KIND,
	F_ORIGINAL,
	F_ISSUER,
	F_REPLACEMENT
};

/* What a plan counts: outcome and reason. */
struct line {
	enum pacs_deid_outcome outcome;
	const char *reason;
	uint64_t count, bytes;
};

/* By which sequence instances are referred to that are not in the export. */
struct absent {
	uint32_t tag;
	uint64_t count;
};

struct ctx {
	struct pacs_deid_map *map;
	struct pacs_export *export;   /* NULL: not into an archive */
	struct cli_operands operands; /* those that are left */
	struct cli_records *records;
	struct line *lines;
	size_t line_count;
	struct absent *absent;
	size_t absent_count;
	struct cli_tally tally;
};

/* --- anon-check.c: wrong usage ends the program -----------------------------
 */

void anon_check_usage(int count, char *const *items);
void anon_check_dates(void); /* a part of it */
/* The columns of the table, and bits of kinds, that the anon_flags name. */
unsigned anon_columns(void);
uint64_t anon_kinds(const struct cli_list *list, const char *option);

/* --- anon-map.c ------------------------------------------------------------
 */

/* The status of the program. */
int anon_reidentify(char **operands);

/* --- anon-tell.c ------------------------------------------------------------
 */

/* The outcome of an object is known: count it and tell it. */
void anon_settle(void *ctx, const struct pacs_deid_record *r);
void anon_missing(void *ctx, uint32_t tag, const char *uid);
void anon_print_plan(struct ctx *c);
void anon_say_summary(struct ctx *c, const struct pacs_deid_tally *t);

#endif
