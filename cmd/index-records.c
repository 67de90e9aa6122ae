/* pacs-index check, stats: what is found and counted, as records. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/index.h"

enum {
	PROBLEM,
	LEVEL,
	KEY,
	STUDY,
	SERIES,
	INSTANCE,
	PATH,
	PATIENTS,
	STUDIES,
	SERIES_COUNT,
	INSTANCES,
	SIZE_BYTES,
	QUARANTINED,
	MISSING,
	UNREADABLE,
	INDEX_BYTES,
	LEDGER_SEGMENT,
	LEDGER_OFFSET,
	INDEX_PATH,
	FIELDS
};
const struct cli_field index_fields[FIELDS + 1] = {
    [PROBLEM] = {"problem", CLI_TEXT, "check: what was found, one word"},
    [LEVEL] = {"level", CLI_TEXT, "check: patient, study, series or instance"},
    [KEY] = {"key", CLI_TEXT, "check: the attribute that differs"},
    [STUDY] = {"StudyInstanceUID", CLI_TEXT, "check: of the object"},
    [SERIES] = {"SeriesInstanceUID", CLI_TEXT, "check: of the object"},
    [INSTANCE] = {"SOPInstanceUID", CLI_TEXT, "check: of the object"},
    [PATH] = {"path", CLI_TEXT, "check: the object's file, in the archive"},
    [PATIENTS] = {"patients", CLI_NUMBER, "stats: patients"},
    [STUDIES] = {"studies", CLI_NUMBER, "stats: studies"},
    [SERIES_COUNT] = {"series", CLI_NUMBER, "stats: series"},
    [INSTANCES] = {"instances", CLI_NUMBER, "stats: instances"},
    [SIZE_BYTES] = {"size_bytes", CLI_NUMBER, "stats: bytes of all objects"},
    [QUARANTINED] = {"quarantined", CLI_NUMBER, "stats: objects in quarantine"},
    [MISSING] = {"missing", CLI_NUMBER,
		 "stats: instances without a file when they were indexed"},
    [UNREADABLE] = {"unreadable", CLI_NUMBER,
		    "stats: instances whose header could not be read"},
    [INDEX_BYTES] = {"index_bytes", CLI_NUMBER, "stats: bytes of the index"},
    [LEDGER_SEGMENT] = {"ledger_segment", CLI_NUMBER,
			"stats: segment of the ledger read so far"},
    [LEDGER_OFFSET] = {"ledger_offset", CLI_NUMBER,
		       "stats: bytes of that segment read so far"},
    [INDEX_PATH] = {"index_path", CLI_TEXT,
		    "stats: the file; empty: in memory"},
    [FIELDS] = {NULL, CLI_TEXT, NULL},
};

#define CHECK_FIELDS                                                           \
	"problem,level,key,StudyInstanceUID,SeriesInstanceUID,SOPInstanceUID," \
	"path"
#define STATS_FIELDS                                                        \
	"patients,studies,series,instances,size_bytes,quarantined,missing," \
	"unreadable,index_bytes,ledger_segment,ledger_offset,index_path"

struct checking {
	struct cli_records *records;
	struct cli_tally *tally;
};

static void
found(void *ctx, const struct pacs_finding *f)
{
	struct checking *c = ctx;
	const char *values[FIELDS] = {
	    [PROBLEM] = f->problem, [LEVEL] = f->level,
	    [KEY] = f->key,         [STUDY] = f->study,
	    [SERIES] = f->series,   [INSTANCE] = f->instance,
	    [PATH] = f->path};

	cli_record(c->records, values);
	if (f->damage)
		c->tally->no = true;
}

enum pacs_err
index_check(struct pacs_error *err, const struct pacs_archive *ar,
	    const struct pacs_index_options *o, struct cli_tally *tally)
{
	struct checking c = {cli_records_new(index_fields, CHECK_FIELDS),
			     tally};
	struct pacs_index *ix;

	if (pacs_index_open(err, ar, o, &ix))
		return err->code;
	if (pacs_index_check(err, ix, !flags.no_files, found, &c))
		pacs_error_wrap(err, "check");
	pacs_index_close(ix);
	return err->code;
}

static void
print_stats(const struct pacs_index_stats *s, const char *path)
{
	const uint64_t numbers[FIELDS] = {
	    [PATIENTS] = s->patients,
	    [STUDIES] = s->studies,
	    [SERIES_COUNT] = s->series,
	    [INSTANCES] = s->instances,
	    [SIZE_BYTES] = s->size_bytes,
	    [QUARANTINED] = s->quarantined,
	    [MISSING] = s->missing,
	    [UNREADABLE] = s->unreadable,
	    [INDEX_BYTES] = s->index_bytes,
	    [LEDGER_SEGMENT] = s->cursor.segment,
	    [LEDGER_OFFSET] = s->cursor.offset,
	};
	const char *values[FIELDS] = {[INDEX_PATH] = path};
	char text[FIELDS][24];
	int i;

	for (i = PATIENTS; i <= LEDGER_OFFSET; i++) {
		snprintf(text[i], sizeof(text[i]), "%" PRIu64, numbers[i]);
		values[i] = text[i];
	}
	cli_record(cli_records_new(index_fields, STATS_FIELDS), values);
}

enum pacs_err
index_stats(struct pacs_error *err, const struct pacs_archive *ar,
	    const struct pacs_index_options *o)
{
	struct pacs_index_stats s;
	struct pacs_index *ix;

	if (pacs_index_open(err, ar, o, &ix))
		return err->code;
	if (!pacs_index_stats(err, ix, &s))
		print_stats(&s, pacs_index_path(ix));
	pacs_index_close(ix);
	return err->code;
}
