/*
 * What the files of this room share.
 *
 *   policy.c    table and options -> what to do with a tag
 *   apply.c     one walk over a data set that does it
 *   value.c     pseudonyms and dummies; value-uid.c, value-date.c
 *   private.c   private elements
 *   form.c      does a value look like its VR?
 *   own.c       does it hold the patient's own name?
 *   pixels.c    how long bulk data may be
 *   stream*.c, icc.c  what pixels and colour profiles say in words
 *   withhold.c  what must not leave
 *   declare.c   what the result says of itself
 */
#ifndef PACS_DEID_INTERNAL_H
#define PACS_DEID_INTERNAL_H

#include "base/hmac.h"
#include "deid/deid.h"
#include "deid/table.h"

#define VR(name) PACS_VR((name)[0], (name)[1])

enum act {
	ACT_NONE, /* no row */
	ACT_KEEP, /* items of a sequence are looked at all the same */
	ACT_REMOVE,
	ACT_EMPTY,
	ACT_DUMMY,
	ACT_UID,
	ACT_SHIFT,
	ACT_PSEUDONYM,
	ACT_ACCESSION,
	ACT_AGE,
	ACT_GRAPHICS, /* keep vectors, drop text */
};

#define POLICY_SLOTS 2048u /* a power of two, more than twice the rows */

struct policy_slot {
	uint32_t tag;
	uint8_t act;
	uint8_t plain; /* without options of the profile */
};

struct pacs_deid {
	const struct pacs_deid_options *opts;
	struct pacs_hmac *patients, *uids, *dates, *accessions, *values;
	struct policy_slot slots[POLICY_SLOTS];
};

/* --- policy.c ------------------------------------------------------------- */
void policy_compile(struct pacs_deid *d);
/* What a row says of the tag; ACT_NONE if none does. */
enum act policy_of(const struct pacs_deid *d, uint32_t tag);
/* The same with no option: what the Basic profile does. */
enum act policy_basic(const struct pacs_deid *d, uint32_t tag);
/* What becomes of a standard element that no row names. */
enum act policy_backstop(const struct pacs_deid *d,
			 const struct pacs_element *e);
/* What becomes of dates and times that no row names. */
enum act policy_date(const struct pacs_deid *d, uint16_t vr);
bool policy_is_class_uid(uint32_t tag);

/* --- own.c ---------------------------------------------------------------- */
enum { OWN_MAX = 24 };
/* What the patient of a data set is called, folded. {0} to begin with. */
struct own {
	struct own_word {
		char *text;
		bool is_number; /* tells by itself who it is */
	} list[OWN_MAX];
	unsigned count;
	struct pacs_buf value; /* that is looked into */
};
void own_begin(struct own *o, const struct pacs_item *root);
/* Does the text of e hold two words of the patient's name, or a number? */
bool own_is_in(struct own *o, const struct pacs_element *e);
void own_clear(struct own *o);

/* --- apply.c -------------------------------------------------------------- */
struct walk {
	const struct pacs_deid *d;
	struct pacs_deid_result *r;
	struct pacs_error *err;
	enum pacs_err code;
	struct pacs_item *root;
	struct pacs_item *item; /* being walked */
	uint32_t top;           /* greatest tag that was met in it */
	int days;               /* offset of dates */
	struct own own;         /* what the patient is called */
	const char *syntax;     /* the transfer syntax */
};
void walk_item(struct walk *w, struct pacs_item *item);
/* Do that with an element. False: it goes. */
bool walk_act(struct walk *w, struct pacs_element *e, enum act act);
bool walk_is_opaque(const struct pacs_element *e);
void walk_seen(struct walk *w, uint32_t tag);

/* --- private.c ------------------------------------------------------------ */
enum act private_act(struct walk *w, const struct pacs_element *e);
/* The creator of the block of tag in that item, without padding, not ended by a
 * NUL; NULL if there is none. */
const char *private_creator(const struct pacs_item *item, uint32_t tag,
			    size_t *ret_len);

/* --- value.c -------------------------------------------------------------- */
/* The bytes of a UID's replacement; borrowed until the next call. */
const struct pacs_uid_digest *value_digest(const struct pacs_deid *d,
					   struct pacs_deid_result *r,
					   const char *uid);
/* As pacs_deid_uid. */
void value_uid(const struct pacs_deid *d, struct pacs_deid_result *r,
	       const char *uid, char *ret);
void value_pseudonym(const struct pacs_deid *d, const char *issuer,
		     const char *id, char *ret);
/* Of a patient that an item tells of. */
void value_other_pseudonym(const struct pacs_deid *d, const char *issuer,
			   const char *id, char *ret);
void value_study_pseudonym(const struct pacs_deid *d, const char *study,
			   char *ret);
void value_accession(const struct pacs_deid *d, const char *s, char ret[17]);
/* Hash of any text, 16 digits. */
void value_hash(const struct pacs_deid *d, const char *s, char ret[17]);
/* Dummy of a VR, as value bytes; never empty. */
const char *value_dummy(uint16_t vr, size_t *ret_len);
/* Replace a UID value, each of a multi-valued one. False: it is none, but a
 * sequence. */
bool value_replace_uids(struct walk *w, struct pacs_element *e);
/* Move DA and DT values, leave times; false if one of them is neither. */
bool value_shift(struct walk *w, struct pacs_element *e);
/* Note that the data set refers to this instance (as received). */
void value_note_reference(struct walk *w, const char *uid);
bool value_is_exempt_uid(const char *uid);

/* --- dummy.c -------------------------------------------------------------- */
/* One valid item that says nothing, instead of what a sequence holds. */
void dummy_sequence(struct walk *w, struct pacs_element *e);

/* --- pixels.c ------------------------------------------------------------- */
/* What an image describes: cells of a plane, samples of a cell, frames, bytes
 * of a frame. 0 cells: none. */
struct pixels_size {
	uint64_t cells, samples, frames, bytes;
};
void pixels_measure(const struct pacs_item *root, struct pixels_size *ret);
/* Cut bulk data to what is described. False: it has no place there. */
bool pixels_cut(const struct walk *w, struct pacs_element *e);
/* Do bits that are not used by pixels hold graphics (retired, PS3.3 C.9.2)? */
bool pixels_hold_overlay(const struct pacs_item *root, bool but_regions);

/* --- stream.c ------------------------------------------------------------- */
/* Wipe what compressed pixel data say beside pixels. False: it cannot be told
 * what they say. */
bool stream_scrub(struct pacs_element *e, const char *syntax,
		  const struct pixels_size *size);

/* --- icc.c ---------------------------------------------------------------- */
/* Wipe the words of a colour profile. False: it is none. */
bool icc_scrub(struct pacs_element *e);
/* The same of bytes, into as many of copy. */
bool icc_copy(const uint8_t *p, size_t len, uint8_t *copy);

/* --- form.c --------------------------------------------------------------- */
/* Could the value of e be one of that VR? An empty one could. */
bool form_fits(const struct pacs_element *e, uint16_t vr);
/* Codes, and names of what they are of, that may be of any length by their VR:
 * is it a word, or a line, and no prose? */
bool form_fits_code(const struct pacs_element *e);

/* --- withhold.c ----------------------------------------------------------- */
/* All kinds that the data set is of, as bits. */
uint64_t withhold_kinds(const struct pacs_deid *d, struct pacs_dataset *ds);

/* --- declare.c ------------------------------------------------------------ */
enum pacs_err declare(struct walk *w) PACS_MUST_CHECK;

/* --- subjects.c ----------------------------------------------------------- */
const char *subjects_find(const struct pacs_deid_subjects *s,
			  const char *issuer, const char *id);

#endif
