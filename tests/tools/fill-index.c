/*
 * Fill the index of an empty archive with synthetic instances that have no
 * files, for benchmarks of questions:
 *
 *	fill-index ARCHIVE STUDIES SERIES INSTANCES
 *
 * STUDIES studies of SERIES series of INSTANCES instances each; two studies a
 * patient. Rows are made by the same code that catches up with a ledger. The
 * archive's ledger is not touched; to the index it looks read to its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index/apply.h"

static const char *const modalities[] = {"CT", "MR", "US", "CR", "DX", "MG"};
static const char *const classes[] = {
    "1.2.840.10008.5.1.4.1.1.2",   "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1.2"};
static const char *const family[] = {"MUELLER", "Schmidt", "Fischer", "Weber",
				     "Novák",   "Dubois",  "Rossi",   "Yılmaz",
				     "García",  "Petrov",  "Tanaka",  "Kim"};

#define ROOT "1.2.826.0.1.3680043.10.2."

struct ctx {
	struct db db;
	struct pacs_archive *ar;
	struct apply *a;
	struct pacs_index_done done;
	struct pacs_cursor cursor;
};

struct numbers {
	unsigned long study, series, instance, n;
};

static void say(struct pacs_arena *arena, struct record *r,
		enum pacs_key_id key, const char *fmt, ...) PACS_PRINTF(4, 5);

static void
say(struct pacs_arena *arena, struct record *r, enum pacs_key_id key,
    const char *fmt, ...)
{
	char buf[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	r->values[key] = pacs_arena_strdup(arena, buf);
}

static void
describe(struct pacs_arena *m, struct record *r, const struct numbers *n)
{
	unsigned long patient = n->study / 2, s = n->study;
	size_t kind = (size_t)((s * 7 + n->series / 3) % 6);

	say(m, r, PACS_KEY_PatientName, "%s^%c%lu", family[patient * 31 % 12],
	    (char)('A' + patient % 26), patient);
	say(m, r, PACS_KEY_PatientID, "P%07lu", patient);
	say(m, r, PACS_KEY_PatientBirthDate, "%04lu%02lu%02lu",
	    1930 + patient % 90, 1 + patient % 12, 1 + patient % 28);
	say(m, r, PACS_KEY_PatientSex, patient % 2 ? "F" : "M");
	say(m, r, PACS_KEY_StudyDate, "%04lu%02lu%02lu", 2000 + s / 4200,
	    1 + s / 350 % 12, 1 + s / 12 % 28);
	say(m, r, PACS_KEY_StudyTime, "%02lu%02lu%02lu", s % 24, s % 60,
	    s * 7 % 60);
	say(m, r, PACS_KEY_AccessionNumber, "A%09lu", s);
	say(m, r, PACS_KEY_StudyDescription, "Study of kind %lu", s % 50);
	say(m, r, PACS_KEY_ReferringPhysicianName, "Ref^%lu", s % 500);
	say(m, r, PACS_KEY_Modality, "%s", modalities[kind]);
	say(m, r, PACS_KEY_SeriesNumber, "%lu", n->series + 1);
	say(m, r, PACS_KEY_SeriesDescription, "series %lu", n->series);
	say(m, r, PACS_KEY_Manufacturer, "Maker %lu", s % 8);
	say(m, r, PACS_KEY_SOPClassUID, "%s", classes[kind]);
	say(m, r, PACS_KEY_TransferSyntaxUID, "1.2.840.10008.1.2.1");
	say(m, r, PACS_KEY_InstanceNumber, "%lu", n->instance + 1);
	say(m, r, PACS_KEY_Rows, "512");
	say(m, r, PACS_KEY_Columns, "512");
	say(m, r, PACS_KEY_BitsAllocated, "16");
	say(m, r, PACS_KEY_ImageType, "ORIGINAL\\PRIMARY\\AXIAL");
	say(m, r, PACS_KEY_SpecificCharacterSet, "ISO_IR 192");
}

static void
place(struct placed *p, const struct numbers *n)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->triple.study, PACS_UID_ROOM, ROOT "%lu", n->study);
	snprintf(p->triple.series, PACS_UID_ROOM, ROOT "%lu.%lu", n->study,
		 n->series);
	snprintf(p->triple.instance, PACS_UID_ROOM, ROOT "%lu.%lu.%lu",
		 n->study, n->series, n->instance);
	snprintf(p->sha256, sizeof(p->sha256), "%064lx", n->n * 2654435761u);
	snprintf(p->origin, sizeof(p->origin), "FILL@bench");
	p->size = 33000 + n->n % 1000;
	p->stored_us = INT64_C(1600000000000000) + (int64_t)n->n * 20000;
}

static enum pacs_err
commit(struct pacs_error *err, struct ctx *x, bool last)
{
	if (apply_flush(err, x->a, &x->cursor) ||
	    db_simple(err, &x->db, ST_COMMIT))
		return err->code;
	return last ? PACS_OK : db_simple(err, &x->db, ST_BEGIN_WRITE);
}

static enum pacs_err
fill(struct pacs_error *err, struct ctx *x, const unsigned long *sizes)
{
	struct pacs_arena arena = {0};
	struct numbers n = {0};
	struct record r;
	struct placed p;

	for (; n.study < sizes[0]; n.study++)
		for (n.series = 0; n.series < sizes[1]; n.series++) {
			pacs_arena_reset(&arena);
			memset(&r, 0, sizeof(r));
			describe(&arena, &r, &n);
			for (n.instance = 0; n.instance < sizes[2];
			     n.instance++, n.n++) {
				char number[24];

				snprintf(number, sizeof(number), "%lu",
					 n.instance + 1);
				r.values[PACS_KEY_InstanceNumber] = number;
				place(&p, &n);
				if (apply_place(err, x->a, &p, &r) ||
				    (n.n % 50000 == 49999 &&
				     commit(err, x, false)))
					goto out;
			}
		}
out:
	pacs_arena_clear(&arena);
	return err->code;
}

static enum pacs_err
run(struct pacs_error *err, const char *path, const unsigned long *sizes)
{
	struct ctx x = {.a = pacs_calloc(1, sizeof(struct apply))};
	struct pacs_index_options as_is = {.as_is = true};
	struct pacs_index *ix;
	char *file;

	if (pacs_archive_open(err, path, PACS_ARCHIVE_READ, &x.ar) ||
	    pacs_index_open(err, x.ar, &as_is, &ix) ||
	    pacs_ledger_tail(err, x.ar, &x.cursor))
		return err->code;
	file = pacs_strdup(pacs_index_path(ix));
	pacs_index_close(ix);
	if (db_open(err, &x.db, file, DB_WRITE, 1000) ||
	    db_exec(err, &x.db,
		    "PRAGMA synchronous=OFF;"
		    "PRAGMA cache_size=-400000") ||
	    db_simple(err, &x.db, ST_BEGIN_WRITE) ||
	    apply_begin(err, x.a, &x.db, x.ar))
		return err->code;
	x.a->done = &x.done;
	if (!fill(err, &x, sizes) && !commit(err, &x, true))
		db_tidy(&x.db);
	apply_clear(x.a);
	free(x.a);
	db_close(&x.db);
	pacs_archive_close(x.ar);
	free(file);
	return err->code;
}

int
main(int argc, char **argv)
{
	struct pacs_error err = PACS_ERROR_INIT;
	unsigned long sizes[3];
	int i;

	if (argc != 5) {
		fprintf(stderr, "usage: fill-index ARCHIVE STUDIES SERIES "
				"INSTANCES\n");
		return 2;
	}
	for (i = 0; i < 3; i++)
		sizes[i] = strtoul(argv[i + 2], NULL, 10);
	if (run(&err, argv[1], sizes)) {
		fprintf(stderr, "fill-index: %s\n", err.msg);
		return 4;
	}
	return 0;
}
