/*
 * The parser's state, between parse.c (the loop, items, damage) and
 * parse-element.c (values, fragments, what is a sequence).
 */
#ifndef PACS_DICOM_PARSER_H
#define PACS_DICOM_PARSER_H

#include "dicom/internal.h"

struct pacs_frame {
	struct pacs_element *sequence; /* one of these two */
	struct pacs_item *item;
	uint64_t end; /* UINT64_MAX: where the source ends */
	struct pacs_form form;
	bool undefined;
	bool trial;
};

#define PACS_PARSER_FRAMES 40

struct pacs_parser {
	struct pacs_source *s;
	struct pacs_dataset *ds;
	struct pacs_limits limits;
	struct pacs_frame *stack; /* few, or on the heap */
	size_t depth, cap;        /* depth: index of the top */
	struct pacs_frame few[PACS_PARSER_FRAMES];
	uint64_t pos;
	unsigned elements;
	bool meta;
	bool stop;          /* done, or damage that ends the reading */
	char damage[200];   /* first damage outside trials, or "" */
	bool cut;           /* it is that the source ends early */
	enum pacs_err code; /* an error that is not damage */
	struct pacs_error *err;
};

static inline struct pacs_frame *
pacs_parser_top(struct pacs_parser *p)
{
	return &p->stack[p->depth];
}

/* Where the content of f must end. */
static inline uint64_t
pacs_parser_limit(const struct pacs_parser *p, const struct pacs_frame *f)
{
	return f->end < p->s->end ? f->end : p->s->end;
}

static inline uint64_t
pacs_min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* An end by a limit: "more than LIMIT WHAT". */
void pacs_parser_over(struct pacs_parser *p, const char *what, unsigned limit);
/* One more element, item or fragment; false if that is too many. */
bool pacs_parser_count(struct pacs_parser *p);
void pacs_parser_push(struct pacs_parser *p, struct pacs_frame f);
/* The bytes at pos make no sense or are cut: end a trial, or the reading. */
void pacs_parser_damaged(struct pacs_parser *p, uint32_t tag, const char *what);
/* The same where more bytes were announced than there are. */
void pacs_parser_cut(struct pacs_parser *p, uint32_t tag, const char *what);
/* Something with things in it is longer than its surroundings. True: go on
 * with what there is, to keep the most of a cut object. */
bool pacs_parser_overruns(struct pacs_parser *p, uint32_t tag,
			  const char *what);
/* What the reading came to, once it has ended. */
enum pacs_err pacs_parser_outcome(struct pacs_parser *p);

/* The element whose header stands at p->pos, or the beginning of a sequence. */
void pacs_parser_element(struct pacs_parser *p, struct pacs_frame *f,
			 const struct pacs_header *h);
void pacs_parser_push_sequence(struct pacs_parser *p, struct pacs_element *e,
			       struct pacs_form form, uint64_t end, bool trial);
/* The content of e ends at p->pos, where its delimiter may stand. */
void pacs_parser_end_element(struct pacs_parser *p, struct pacs_element *e,
			     bool delimited);
/* Does a value of that length begin with an item, as a sequence must? */
bool pacs_parser_begins_with_item(struct pacs_parser *p, uint64_t pos,
				  uint64_t length, bool big);

#endif
