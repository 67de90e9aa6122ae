/*
 * De-identification by PS3.15 Annex E (edition 2026d): what is done to one data
 * set, keyed and repeatable.
 *
 * Knows the standard's table, its options, the key and what must not leave;
 * must not know where objects come from or go to (run.h), archives or SQL.
 * Nothing passes for want of a rule: attributes that no rule names are treated
 * by their VR, objects of a kind that is not known are withheld.
 *
 * A struct pacs_deid is made once and used by any number of threads, each with
 * its own struct pacs_deid_result.
 */
#ifndef PACS_DEID_DEID_H
#define PACS_DEID_DEID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "dicom/dataset.h"
#include "dicom/uid.h"

#define PACS_DEID_KEY_SIZE 32
/* Characters of a pseudonym and of a trial ID, prefix included (LO). */
#define PACS_PSEUDONYM_MAX    64
#define PACS_PSEUDONYM_DIGITS 16

/* --- the key -------------------------------------------------------------- */

/* Write a new random key: a new file, 0600, durable. PACS_EEXISTS if the name
 * is taken. */
enum pacs_err pacs_deid_key_make(struct pacs_error *err,
				 const char *path) PACS_MUST_CHECK;
/* Errors: PACS_EDENIED when others than the owner can read it; PACS_EFORMAT. */
enum pacs_err
pacs_deid_key_read(struct pacs_error *err, const char *path,
		   uint8_t ret[PACS_DEID_KEY_SIZE]) PACS_MUST_CHECK;

/* --- what to do ----------------------------------------------------------- */

struct pacs_deid_rules;    /* rules.h */
struct pacs_deid_subjects; /* PatientID -> trial ID */

struct pacs_deid_options {
	unsigned columns; /* PACS_OPT_... of table.h: options of the profile */
	const char *prefix; /* of pseudonyms; NULL for none */
	/* Hexadecimal ones of a pseudonym; 0 means PACS_PSEUDONYM_DIGITS. Fewer
	 * are for whoever looks out for collisions (map.h). */
	unsigned digits;
	unsigned date_range_days; /* 0 means 365 */
	bool whole_weeks;
	bool cap_age; /* ages over 89 become 090Y */
	const char
	    *default_issuer; /* of patient IDs without one; may be NULL */
	const struct pacs_deid_subjects *subjects; /* NULL: pseudonyms */
	const struct pacs_deid_rules *rules;       /* NULL: none */
	/* Kinds (pacs_deid_kinds) that pass although they would be withheld,
	 * and that are expected to be withheld. Bit = place in the list. */
	uint64_t allow, skip;
};

/* Names of what may be withheld, ended by NULL: "burned-in", "us", ... */
extern const char *const pacs_deid_kinds[];
/* What it means, for people. Static. */
const char *pacs_deid_kind_meaning(const char *kind);
/* The bit of a kind; 0 if there is none of that name. */
uint64_t pacs_deid_kind_bit(const char *kind);

struct pacs_deid;
/* opts and what it points to must outlive it. The key is copied. */
struct pacs_deid *pacs_deid_new(const struct pacs_deid_options *opts,
				const uint8_t key[PACS_DEID_KEY_SIZE])
    __attribute__((returns_nonnull));
void pacs_deid_free(struct pacs_deid *d); /* NULL is fine */
/* The options of the profile, PACS_OPT_... of table.h. */
unsigned pacs_deid_columns(const struct pacs_deid *d);

/* --- one data set --------------------------------------------------------- */

enum pacs_verdict {
	PACS_DEID_PASSED,   /* the data set is de-identified */
	PACS_DEID_WITHHELD, /* it must not leave; it may be half changed */
	PACS_DEID_SKIPPED,  /* withheld as --skip expects */
};

/* Digest that stands for a UID in sets: the 16 bytes of its replacement. */
struct pacs_uid_digest {
	uint8_t bytes[16];
};

/* An instance that a data set refers to, and the sequence that does (0: none
 * around it). */
struct pacs_deid_ref {
	struct pacs_uid_digest instance;
	uint32_t tag;
};

/* How often elements of a tag that no row of the table names were removed or
 * replaced. */
struct pacs_deid_seen {
	uint32_t tag;
	uint64_t count;
};
#define PACS_DEID_SEEN_MAX 256
#define PACS_DEID_KNOWN    32u

struct pacs_deid_result {
	enum pacs_verdict verdict;
	const char *reason; /* kind that was withheld; "" if it passed */
	uint64_t allowed;   /* kinds that passed by pacs_deid_options.allow */
	bool blank_id;      /* the patient is the study, for want of an ID */
	bool had_issuer;
	char sop_class[PACS_UID_MAX + 1];
	/* As received (cleaned) and as written. "" if absent. */
	char old_study[PACS_UID_MAX + 1], study[PACS_UID_MAX + 1];
	char old_series[PACS_UID_MAX + 1], series[PACS_UID_MAX + 1];
	char old_instance[PACS_UID_MAX + 1], instance[PACS_UID_MAX + 1];
	char pseudonym[PACS_PSEUDONYM_MAX + 1];
	char accession[17];
	/* Identifying; for the map only. UTF-8. */
	struct pacs_buf patient_id, issuer, old_accession;
	struct pacs_deid_ref *refs;
	size_t ref_count, ref_cap;
	struct pacs_uid_digest self;
	/* Replacements of UIDs that came last: studies and series come again
	 * and again. */
	struct pacs_deid_known {
		char uid[PACS_UID_MAX + 1];
		struct pacs_uid_digest digest;
	} known[PACS_DEID_KNOWN];
	/* Of a value that would have stayed but for the patient's own name or
	 * number in it; 0: there was none. */
	uint32_t own_tag;
	uint64_t weakened;      /* times that local rules kept more */
	struct pacs_buf active; /* rules whose conditions hold */
	/* Summed up over all data sets. */
	struct pacs_deid_seen seen[PACS_DEID_SEEN_MAX];
	unsigned seen_count;
};
/* {0} is a valid one to begin with; what it holds is reused. */
void pacs_deid_result_clear(struct pacs_deid_result *r);

/*
 * De-identify a data set that was read to its end, in place: pixel data is
 * neither decoded nor copied. Write it with pacs_deid_write. Errors:
 * PACS_ELIMIT, PACS_EUNSUPPORTED (a replacement that its character set lacks).
 */
enum pacs_err pacs_deid_apply(struct pacs_error *err, const struct pacs_deid *d,
			      struct pacs_dataset *ds,
			      struct pacs_deid_result *r) PACS_MUST_CHECK;
/* As a new Part 10 file: preamble, group 0002 and nothing behind the end. */
enum pacs_err pacs_deid_write(struct pacs_error *err, struct pacs_dataset *ds,
			      pacs_sink *sink, void *ctx) PACS_MUST_CHECK;

/* --- single values -------------------------------------------------------- */

/* Replacement of a UID; ret holds PACS_UID_MAX + 1 bytes. */
void pacs_deid_uid(const struct pacs_deid *d, const char *uid, char *ret);
/* Days (never 0) by which dates of a pseudonym are moved. */
int pacs_deid_offset(const struct pacs_deid *d, const char *pseudonym);
/* A DA or DT value moved by days, in the form that it had; false if it is no
 * date. Appends to *out. */
bool pacs_deid_shift(const char *s, size_t len, bool is_datetime, int days,
		     struct pacs_buf *out);

#endif
