/*
 * The data set: what a DICOM object says, element by element, without its
 * bytes being copied, decoded or changed.
 *
 * Reads Part 10 files (PS3.10 7) and bare data sets, implicit and explicit
 * little endian, big endian, deflated, encapsulated pixel data, any nesting
 * up to a limit; writes them back, byte for byte where nothing was changed.
 * Values are borrowed from the bytes that were read. Must not know: archives,
 * SQL, DCMTK, where bytes came from.
 *
 * A data set is used by one thread at a time. Everything reachable from it
 * (items, elements, values) is borrowed and lives until pacs_dataset_free.
 */
#ifndef PACS_DICOM_DATASET_H
#define PACS_DICOM_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "dicom/tag.h"
#include "dicom/uid.h"

#define PACS_LENGTH_UNDEFINED 0xffffffffu

struct pacs_dataset;
struct pacs_item; /* an ordered list of elements: root, meta, or SQ item */
struct pacs_element;

/* --- reading ----------------------------------------------------------- */

struct pacs_read_options {
	/*
	 * Stop before the first root element with this tag or a greater one;
	 * 0 reads to the end. With PACS_TAG_PixelData pixel bytes are neither
	 * read nor mapped: a 2 GB object costs what a small one costs.
	 */
	uint32_t stop_tag;
	/* Sequences in sequences; 0 = default 64; 1000 at most. */
	unsigned max_depth;
	unsigned max_elements; /* in all; 0 = default 4 million */
	/* Bytes a deflated data set may inflate to; 0 = default 1 GiB. Memory
	 * grows with what is really inflated, never with what is claimed. */
	uint64_t max_inflated;
	/*
	 * True: a damaged tail (cut element, bad length) ends the reading; what
	 * came before is kept and pacs_dataset_damage() says what was wrong.
	 * False: it is an error.
	 */
	bool tolerate_damage;
	/* Syntax of a bare data set, as a peer said it; NULL: it is guessed.
	 * Where group 0002 says something, that counts. */
	const char *bare_syntax;
};

/*
 * Read from an open file. Small headers are read with pread into memory of the
 * data set; a whole data set (stop_tag 0) is mapped. The file offset is not
 * used or moved; fd may be closed after the call.
 * Errors: PACS_EFORMAT not DICOM, or damaged; PACS_ELIMIT; PACS_EIO. opts may
 * be NULL for defaults. On failure *ret_ds is NULL.
 */
enum pacs_err
pacs_dataset_read_fd(struct pacs_error *err, int fd,
		     const struct pacs_read_options *opts,
		     struct pacs_dataset **ret_ds) PACS_MUST_CHECK;
enum pacs_err
pacs_dataset_read_file(struct pacs_error *err, const char *path,
		       const struct pacs_read_options *opts,
		       struct pacs_dataset **ret_ds) PACS_MUST_CHECK;
/* Read from memory, which must outlive the data set. Bytes may be only the
 * head of an object when stop_tag is set: PACS_EFORMAT with "cut" if the part
 * before stop_tag is not all there. */
enum pacs_err
pacs_dataset_read_memory(struct pacs_error *err, const void *bytes, size_t size,
			 const struct pacs_read_options *opts,
			 struct pacs_dataset **ret_ds) PACS_MUST_CHECK;
void pacs_dataset_free(struct pacs_dataset *ds); /* NULL is fine */

/* What kind of file it was. */
struct pacs_dataset_info {
	bool has_preamble; /* 128 bytes + DICM */
	bool has_meta;     /* group 0002 present */
	bool guessed;      /* syntax not stated, or what is stated is wrong */
	/* UID as stated in (0002,0010) if that is right, else the one that was
	 * guessed. (A data set that is implicit where an encapsulated or
	 * unknown syntax is stated keeps that name, and is "guessed".) */
	char transfer_syntax[PACS_UID_MAX + 1];
	uint64_t dataset_offset; /* of the data set in the source */
	/* Media Storage Directory: (0004,1220) or its class. */
	bool is_dicomdir;
	bool stopped; /* stop_tag was met: there is more in the source */
	uint64_t trailing_bytes; /* after the data set, e.g. padding */
};
const struct pacs_dataset_info *
pacs_dataset_info(const struct pacs_dataset *ds);
/* What was damaged (tolerate_damage), or NULL. */
const char *pacs_dataset_damage(const struct pacs_dataset *ds);

/* Do these first bytes (128+4 of them or more) start a DICOM object? Cheap:
 * "DICM" at 128, or a plausible first element of a bare data set. */
bool pacs_dicom_looks_like(const void *bytes, size_t size);

/* --- walking ----------------------------------------------------------- */

/* The elements of the data set itself, group 0002 left out. Never NULL. */
struct pacs_item *pacs_dataset_root(struct pacs_dataset *ds);
/* File meta information (group 0002); empty if there was none. */
struct pacs_item *pacs_dataset_meta(struct pacs_dataset *ds);

/* Elements in the order of the source. NULL at the end. */
struct pacs_element *pacs_item_first(const struct pacs_item *item);
struct pacs_element *pacs_element_next(const struct pacs_element *e);
/* The first element with that tag, or NULL. */
struct pacs_element *pacs_item_find(const struct pacs_item *item, uint32_t tag);
/* Item that this one is nested in; NULL for root and meta. */
struct pacs_item *pacs_item_parent(const struct pacs_item *item);

uint32_t pacs_element_tag(const struct pacs_element *e);
/* Effective VR: as written, or the dictionary's for implicit and UN. An
 * ambiguous one (US or SS, OB or OW) is settled by Pixel Representation and
 * Bits Allocated in scope, as PS3.5 A.1 demands. Unknown: UN. */
uint16_t pacs_element_vr(const struct pacs_element *e);
uint16_t pacs_element_raw_vr(const struct pacs_element *e); /* 0 if implicit */
/* Bytes of the value as encoded; for undefined length what it came to. */
uint64_t pacs_element_length(const struct pacs_element *e);
bool pacs_element_is_undefined_length(const struct pacs_element *e);
/* Offset of the value in the source (in the inflated bytes if deflated). */
uint64_t pacs_element_offset(const struct pacs_element *e);
/* Value bytes as encoded; NULL for sequences, fragments and values that were
 * left out: a header read (stop_tag) from a file holds no value over 1 MiB,
 * and only small ones once it holds 32 MiB. */
const void *pacs_element_value(const struct pacs_element *e, size_t *ret_len);
bool pacs_element_is_sequence(const struct pacs_element *e);
size_t pacs_element_item_count(const struct pacs_element *e);
struct pacs_item *pacs_element_item(const struct pacs_element *e, size_t i);
/* Encapsulated pixel data: fragments, the Basic Offset Table is number 0. */
bool pacs_element_is_encapsulated(const struct pacs_element *e);
size_t pacs_element_fragment_count(const struct pacs_element *e);
const void *pacs_element_fragment(const struct pacs_element *e, size_t i,
				  size_t *ret_len);

/* --- values ------------------------------------------------------------ */

/*
 * Append the value as UTF-8 to *out, whatever Specific Character Set says
 * (inherited by items, PS3.5 6.1.2.5): values joined by '\', each trimmed of
 * padding as its VR allows. Numbers become decimal text, AT "GGGGEEEE"; bytes
 * (OB, UN, ...) append nothing. Bytes that the character set does not allow
 * become U+FFFD; *ret_clean (may be NULL) tells whether that was needed.
 */
void pacs_element_text(const struct pacs_item *item,
		       const struct pacs_element *e, struct pacs_buf *out,
		       bool *ret_clean);
/* The same by tag; false, and nothing appended, if absent. */
bool pacs_item_text(const struct pacs_item *item, uint32_t tag,
		    struct pacs_buf *out);
/* A UID value, cleaned (uid.h), into buf[size]; false if absent or empty. */
bool pacs_item_uid(const struct pacs_item *item, uint32_t tag, char *buf,
		   size_t size);
/* Value number i of a number or IS/DS string; false if absent or not one. */
bool pacs_item_int(const struct pacs_item *item, uint32_t tag, size_t i,
		   int64_t *ret);
bool pacs_item_double(const struct pacs_item *item, uint32_t tag, size_t i,
		      double *ret);

/* --- building and changing --------------------------------------------- */

/* Empty, explicit little endian. */
struct pacs_dataset *pacs_dataset_new(void) __attribute__((returns_nonnull));

/*
 * All of these put the element at its place by tag, replacing what was there.
 * Values are copied and padded to even length. Text is UTF-8 and is encoded
 * for the item's Specific Character Set, which therefore is put first;
 * characters that it lacks are an error (PACS_EUNSUPPORTED).
 */
void pacs_item_put_bytes(struct pacs_item *item, uint32_t tag, uint16_t vr,
			 const void *bytes, size_t len);
/* As put_bytes, but the bytes are borrowed and must outlive the data set (big
 * pixel data); len must be even. */
void pacs_item_put_borrowed(struct pacs_item *item, uint32_t tag, uint16_t vr,
			    const void *bytes, size_t len);
/* VR from the dictionary. Numbers in text ("16", "1.5\\2") are encoded for
 * binary VRs too. */
enum pacs_err pacs_item_put_text(struct pacs_error *err, struct pacs_item *item,
				 uint32_t tag,
				 const char *text) PACS_MUST_CHECK;
/* The same with a VR given (private elements). */
enum pacs_err pacs_item_put_text_vr(struct pacs_error *err,
				    struct pacs_item *item, uint32_t tag,
				    uint16_t vr,
				    const char *text) PACS_MUST_CHECK;
void pacs_item_put_u16(struct pacs_item *item, uint32_t tag, uint16_t value);
void pacs_item_put_u32(struct pacs_item *item, uint32_t tag, uint32_t value);
/* An empty sequence (if there is none yet). */
struct pacs_element *pacs_item_put_sequence(struct pacs_item *item,
					    uint32_t tag);
/* Add an item to the sequence with that tag, which is made if needed. */
struct pacs_item *pacs_item_add_item(struct pacs_item *item, uint32_t seq_tag);
/* Encapsulated pixel data: fragment 0 is the offset table (may be empty). */
void pacs_item_put_fragments(struct pacs_item *item, uint32_t tag, uint16_t vr,
			     const void *const *fragments,
			     const size_t *lengths, size_t count);
bool pacs_item_remove(struct pacs_item *item, uint32_t tag); /* was there? */

/*
 * Editing in one walk: each element of the item, in order, is shown to fn,
 * which may change its value (below) or what is nested in it, and says whether
 * it stays. Costs nothing for what stays as it is. fn must not add to or remove
 * from the item itself.
 */
void pacs_item_filter(struct pacs_item *item,
		      bool (*fn)(void *ctx, struct pacs_element *e), void *ctx);
/* Another value in place of the one that e has: bytes are copied and padded as
 * in pacs_item_put_bytes; a sequence or fragments become a plain value. */
void pacs_element_set(struct pacs_element *e, uint16_t vr, const void *bytes,
		      size_t len);
/* Leave a sequence without items; anything else becomes an empty value. */
void pacs_element_clear(struct pacs_element *e);
/* Keep only the first len bytes of a value, and one more if that is odd. */
void pacs_element_cut(struct pacs_element *e, size_t len);
/* Keep only the first n items of a sequence. */
void pacs_element_cut_items(struct pacs_element *e, size_t n);
/* Add an item at the end of a sequence. */
struct pacs_item *pacs_element_add_item(struct pacs_element *e);
/* The sequence that an item is of; NULL for root and meta. */
struct pacs_element *pacs_item_sequence(const struct pacs_item *item);
/* The item that e stands in. */
struct pacs_item *pacs_element_owner(const struct pacs_element *e);
/* Replace fragment number i with a changed copy of the same length, which the
 * data set holds; returns it for writing to. NULL if there is no such. */
void *pacs_element_edit_fragment(struct pacs_element *e, size_t i);

/* --- writing ----------------------------------------------------------- */

/* Receives bytes in order; returns PACS_OK or sets *err and stops. */
typedef enum pacs_err pacs_sink(struct pacs_error *err, void *ctx,
				const void *bytes, size_t size);

struct pacs_write_options {
	/* NULL: the syntax the data set has. Native syntaxes are converted to
	 * each other (implicit, explicit, big endian, deflated) by this room;
	 * others need the codecs: PACS_EUNSUPPORTED. */
	const char *transfer_syntax;
	bool bare;     /* no preamble, no group 0002 */
	bool new_meta; /* make group 0002 anew from the data set */
	/* Drop what belongs to no element: bytes after the data set, lengths of
	 * delimiters, delimiters too many, fillers. Group lengths are counted
	 * anew; values and fragments stay as they are. */
	bool elements_only;
	bool undefined_lengths; /* for sequences and items that were changed
				 * or made here; those read keep theirs */
};

/*
 * Write a data set. Unchanged parts, and an unchanged data set as a whole,
 * come out as the same bytes they were read from (preamble, meta, group
 * lengths, trailing bytes included), as long as the syntax stays.
 * opts may be NULL.
 */
enum pacs_err pacs_dataset_write(struct pacs_error *err,
				 struct pacs_dataset *ds,
				 const struct pacs_write_options *opts,
				 pacs_sink *sink, void *ctx) PACS_MUST_CHECK;
/* A sink that appends to a struct pacs_buf (the ctx). */
pacs_sink pacs_sink_buf;

/* The 128-byte preamble, "DICM" and group 0002 for a data set that came bare:
 * what an archive puts before it. Appends to *out. */
void pacs_meta_make(const char *sop_class, const char *sop_instance,
		    const char *transfer_syntax, struct pacs_buf *out);

/* --- comparing --------------------------------------------------------- */

/*
 * Decode pixel data of a losslessly compressed data set: whole native value,
 * little endian, into *out. PACS_EUNSUPPORTED if it cannot.
 */
typedef enum pacs_err pacs_pixel_decoder(struct pacs_error *err, void *ctx,
					 struct pacs_dataset *ds,
					 struct pacs_buf *out);

struct pacs_difference {
	char path[256]; /* "ReferencedSeriesSequence[1].SeriesInstanceUID" */
	char what[128]; /* "only in the first", "value", "VR"; no values */
};

/*
 * Do two data sets mean the same? Encoding does not count: VR form, byte
 * order, sequence and item lengths, group lengths, padding of values, (FFFC,
 * FFFC), group 0002, UN against the dictionary's VR, and, with a decoder,
 * lossless compression of pixel data (its transfer-syntax-bound attributes are
 * compared as decoded). Text is compared as characters. Both must have been
 * read to the end. *ret_same false: *ret_diff (may be NULL) holds the first
 * difference.
 */
enum pacs_err
pacs_dataset_compare(struct pacs_error *err, struct pacs_dataset *a,
		     struct pacs_dataset *b, pacs_pixel_decoder *decode,
		     void *ctx, bool *ret_same,
		     struct pacs_difference *ret_diff) PACS_MUST_CHECK;
/* Every difference, in order, to a callback (pacs-quarantine diff). Values go
 * to the caller as elements; ea or eb is NULL where one side lacks it. */
typedef void pacs_difference_fn(void *ctx, const char *path,
				const struct pacs_item *ia,
				const struct pacs_element *ea,
				const struct pacs_item *ib,
				const struct pacs_element *eb);
enum pacs_err pacs_dataset_diff(struct pacs_error *err, struct pacs_dataset *a,
				struct pacs_dataset *b,
				pacs_pixel_decoder *decode, void *decode_ctx,
				pacs_difference_fn *fn,
				void *ctx) PACS_MUST_CHECK;

#endif
