/*
 * What is proposed to a peer, and what an object is sent as (PS3.8 7.1.1.13).
 *
 * For each (SOP class, stored syntax) a context, for each class one with the
 * little endian defaults, and where the peer took neither, one with what can be
 * compressed to without loss. More than 128 do not fit one association.
 */
#ifndef PACS_PEER_CONTEXTS_H
#define PACS_PEER_CONTEXTS_H

#include "dcmtk/net.h"

struct pacs_need {
	char sop_class[PACS_UID_MAX + 1];
	char *syntax;     /* owned; stays where it is while the list grows */
	uint64_t pending; /* objects that wait for it */
	uint64_t bytes;   /* of them; only counted for a plan */
	bool packed;      /* the peer takes it compressed only, if at all */
};

struct pacs_needs {
	struct pacs_need *list;
	size_t count;
};

/* Its number; made if it is new. */
size_t pacs_needs_find(struct pacs_needs *n, const char *sop_class,
		       const char *syntax);
void pacs_needs_clear(struct pacs_needs *n);

/* The contexts of one association. */
struct pacs_proposal {
	struct pacs_context contexts[PACS_CONTEXTS_MAX];
	size_t count;
};

/*
 * Propose for the need number first, then for all with something pending, then
 * for the others, as many as fit; and for a service class besides (NULL: none),
 * as the last one.
 */
void pacs_proposal_make(const struct pacs_needs *n, size_t first,
			const char *service, struct pacs_proposal *ret);

enum pacs_choice {
	PACS_SEND_AS_IS,
	PACS_SEND_NATIVE,     /* re-encoded or decompressed */
	PACS_SEND_COMPRESSED, /* by a lossless codec */
	PACS_NOT_PROPOSED,    /* another association has to */
	PACS_NOT_PACKED,      /* the same, with need->packed set */
	PACS_NOT_TAKEN,
};
/* How an object goes over the association, in which context. *ret_reason: why
 * not, one word. */
enum pacs_choice pacs_proposal_choose(const struct pacs_proposal *p,
				      const struct pacs_need *need,
				      bool may_transcode,
				      const struct pacs_context **ret_context,
				      const char **ret_reason);

#endif
