/*
 * What the files of lib/dicom share and nobody else sees: the structs behind
 * dataset.h, and the source that the parser reads from.
 */
#ifndef PACS_DICOM_INTERNAL_H
#define PACS_DICOM_INTERNAL_H

#include "dicom/dataset.h"

/* VR("PN"), shorter than PACS_VR('P', 'N'). */
#define VR(name) PACS_VR((name)[0], (name)[1])

enum {
	E_BIG = 0x01,       /* numbers are big endian */
	E_IMPLICIT = 0x02,  /* read from a header without VR */
	E_UNDEFINED = 0x04, /* undefined length, as read or as made */
	E_SOURCE = 0x08,    /* stands in the source, header and all */
	E_CHANGED = 0x10, /* it, or something in it, is not as in the source */
	E_DELIMITED = 0x20, /* its delimitation item was there */
	E_LEFT_OUT = 0x40,  /* value too large to be held by a header read */
	E_SEQUENCE = 0x80,
	E_FRAGMENTS = 0x100
};

struct pacs_sequence {
	struct pacs_item **items;
	size_t count, cap;
	uint64_t encoded; /* length of the content, set before writing */
};

struct pacs_fragment {
	const uint8_t *bytes;
	uint64_t length;
};

struct pacs_fragments {
	struct pacs_fragment *list;
	size_t count, cap;
};

/* 64 bytes: there may be millions. */
struct pacs_element {
	uint32_t tag;
	uint16_t raw_vr; /* as written, 0 for none */
	uint64_t length; /* of the value or content, without delimiter */
	uint64_t offset; /* of the value in the source */
	const uint8_t *value;
	struct pacs_element *next;
	struct pacs_item *item;
	union {
		struct pacs_sequence *sequence;
		struct pacs_fragments *fragments;
	} in;
	uint16_t flags;
	uint8_t header; /* bytes of the header in the source */
};

enum {
	I_SOURCE = 0x01,
	I_UNDEFINED = 0x02,
	I_DELIMITED = 0x04,
	I_CHANGED = 0x08,
	I_UNSORTED = 0x10 /* some tag is less than one before it */
};

/* What was looked for in an item in vain, or found far from its beginning. */
#define PACS_FOUND 8
struct pacs_found {
	bool known;
	uint32_t tag;
	struct pacs_element *e;
};

struct pacs_item {
	struct pacs_dataset *ds;
	struct pacs_element *owner; /* the sequence; NULL for root and meta */
	struct pacs_element *first, *last;
	struct pacs_found *found; /* PACS_FOUND of them, or NULL */
	uint64_t offset, length;  /* of the content in the source */
	uint64_t encoded; /* length of the content, set before writing */
	unsigned flags;
};

/* Memory of the data set that is not in the arena. */
struct pacs_chunk {
	struct pacs_chunk *next;
	uint8_t bytes[];
};

struct pacs_dataset {
	struct pacs_arena arena;
	struct pacs_item root, meta;
	struct pacs_dataset_info info;
	enum pacs_vr_form form; /* that the data set really has */
	bool big_endian, deflated;
	char damage[200];
	bool cut;      /* damage is that the bytes end early */
	bool unclosed; /* they end in a sequence without its delimiter */
	/* The whole source, and the bytes that root's offsets count in (the
	 * same, or what was inflated). NULL if it was not read to the end. */
	const uint8_t *file;
	uint64_t file_size;
	const uint8_t *body;
	uint64_t body_end; /* offset after the last element, in body */
	struct pacs_chunk *chunks;
	struct pacs_element *spare; /* room in the arena */
	unsigned spare_count;
	void *map;
	size_t map_size;
	unsigned depth; /* of sequences, for bounded recursion */
};

/* Recursion of writer and comparer is bounded by this. */
#define PACS_DEPTH_MAX 1000u

/* Note that it, and all that it is nested in, is not as in the source. */
void pacs_item_mark_changed(struct pacs_item *item);
uint8_t *pacs_dataset_chunk(struct pacs_dataset *ds, size_t size);
struct pacs_element *pacs_item_append(struct pacs_item *item, uint32_t tag);
/* Elements come or go: what was found may be elsewhere; or just this one goes.
 */
void pacs_item_forget(struct pacs_item *item);
void pacs_item_lose(struct pacs_item *item, const struct pacs_element *e);
struct pacs_item *pacs_sequence_append(struct pacs_element *e);
void pacs_fragments_append(struct pacs_element *e, const uint8_t *bytes,
			   uint64_t length);
/* The value as it counts for pacs_element_vr: UN is little endian always. */
bool pacs_element_is_big(const struct pacs_element *e);

/* Specific Character Set in force in an item, into buf; NULL if none. */
#define PACS_CHARSET_MAX 256
const char *pacs_item_charset(const struct pacs_item *item, char *buf,
			      size_t size);

static inline uint16_t
pacs_get16(const uint8_t *p, bool big)
{
	return (uint16_t)(big ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
}

static inline uint32_t
pacs_get32(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			 (uint32_t)p[2] << 8 | p[3]
		   : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
			 (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t
pacs_get64(const uint8_t *p, bool big)
{
	return big ? (uint64_t)pacs_get32(p, true) << 32 |
			 pacs_get32(p + 4, true)
		   : (uint64_t)pacs_get32(p + 4, false) << 32 |
			 pacs_get32(p, false);
}

/* --- source.c: bytes by offset, through a window ------------------------- */

struct pacs_inflater;

struct pacs_source {
	const uint8_t *bytes; /* of [start, stop) */
	uint64_t start, stop;
	uint64_t end; /* of the source; UINT64_MAX while not known */
	bool whole;   /* the window is all there is */
	int fd;       /* -1: memory */
	struct pacs_inflater *inflater; /* or NULL */
	struct pacs_dataset *ds;        /* owns the windows */
	size_t step;                    /* bytes to read next */
	uint64_t held;                  /* bytes of all windows */
	int sys_errno;                  /* why reading failed, or 0 */
	bool broken;                    /* deflate stream damaged or cut */
	bool too_big;                   /* more than max_inflated */
};

void pacs_source_memory(struct pacs_source *s, struct pacs_dataset *ds,
			const void *bytes, uint64_t size);
void pacs_source_fd(struct pacs_source *s, struct pacs_dataset *ds, int fd,
		    uint64_t size);
/* Slow path of pacs_source_get. */
const uint8_t *pacs_source_fill(struct pacs_source *s, uint64_t pos, size_t n);
/* Does the source reach offset end? May have to inflate to know. */
bool pacs_source_reaches(struct pacs_source *s, uint64_t end);
/* Header reads hold values up to this, and only little ones once much is held;
 * where even that is not enough, it is an error. */
#define PACS_HOLD_VALUE  (1u << 20)
#define PACS_HOLD_MUCH   (32u << 20)
#define PACS_HOLD_LITTLE 64u
#define PACS_HOLD_MAX    (256u << 20)

/* Should a value of that length be left out of memory? */
static inline bool
pacs_source_leaves_out(const struct pacs_source *s, uint64_t length)
{
	return length > PACS_HOLD_LITTLE && !s->whole &&
	       (length > PACS_HOLD_VALUE || s->held > PACS_HOLD_MUCH);
}

/* n bytes at pos, or NULL if there are not that many. Windows only move
 * forward: pos must not be less than in an earlier call. */
static inline const uint8_t *
pacs_source_get(struct pacs_source *s, uint64_t pos, size_t n)
{
	if (pos >= s->start && pos <= s->stop && n <= s->stop - pos)
		return s->bytes + (pos - s->start);
	return pacs_source_fill(s, pos, n);
}

/* --- inflate.c ----------------------------------------------------------- */

/* Read s from pos on as a deflate stream: afterwards s is the inflated bytes,
 * offsets starting at 0. all: inflate everything now. */
void pacs_source_inflate(struct pacs_source *s, uint64_t pos,
			 uint64_t max_inflated, bool all);
/* Next n inflated bytes into dst (NULL: throw away). Returns how many. */
size_t pacs_inflater_read(struct pacs_source *s, uint8_t *dst, size_t n);
void pacs_inflater_free(struct pacs_inflater *z);
/* Offset in the outer source after the deflate stream, 0 if not known. */
uint64_t pacs_inflater_end(const struct pacs_inflater *z);

/* --- detect.c ------------------------------------------------------------ */

struct pacs_form {
	enum pacs_vr_form form;
	bool big_endian;
};

/*
 * Which form do these first bytes of a data set of `size` bytes (UINT64_MAX:
 * unknown) have? stated: what somebody said, or NULL. False: none that is
 * plausible, *ret is stated or explicit little endian.
 */
bool pacs_guess_form(const uint8_t *p, size_t n, uint64_t size,
		     const struct pacs_form *stated, struct pacs_form *ret);

/* --- header.c: one element header -------------------------------------- */

struct pacs_header {
	uint32_t tag;
	uint16_t vr; /* 0: there was none */
	uint8_t size;
	bool implicit;
	uint32_t length;
};

/*
 * Parse the header at pos, which must end before limit, in a data set of that
 * form; settles VRs that are missing, wrong or unknown. False if cut.
 */
bool pacs_header_read(struct pacs_source *s, uint64_t pos, uint64_t limit,
		      struct pacs_form form, struct pacs_header *ret);

/* --- parse.c ----------------------------------------------------------- */

struct pacs_limits {
	uint32_t stop_tag;
	unsigned max_depth, max_elements;
	bool tolerate;
};

/*
 * Parse elements from *pos into item until the end, the stop tag, or, for
 * group 0002, the end of the group; *pos moves behind what was read. Errors
 * are as of pacs_dataset_read_fd.
 */
enum pacs_err pacs_parse(struct pacs_error *err, struct pacs_source *s,
			 struct pacs_item *item, uint64_t *pos,
			 struct pacs_form form,
			 const struct pacs_limits *limits);

/*
 * Parse the value bytes of e as sequence items in implicit little endian. A
 * copy of e that is a sequence, of the data set's memory, which nothing links
 * to; NULL if the bytes are no such thing.
 */
struct pacs_element *pacs_parse_sequence_value(const struct pacs_element *e);

#endif
