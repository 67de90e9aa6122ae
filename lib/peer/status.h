/*
 * What a C-STORE status means for who sent the object (PS3.4 Table B.2-1,
 * PS3.7 Annex C).
 */
#ifndef PACS_PEER_STATUS_H
#define PACS_PEER_STATUS_H

#include "peer/peer.h"

enum pacs_verdict {
	PACS_VERDICT_SENT,    /* the peer has it */
	PACS_VERDICT_WARNED,  /* it has it, and said something about it */
	PACS_VERDICT_DROPPED, /* it has it without some elements */
	PACS_VERDICT_LATER,   /* not now */
	PACS_VERDICT_ONCE,    /* once more, on another association */
	PACS_VERDICT_REFUSED, /* and will be again */
};

/* "sent", "warned", ... as in the address book; false if it is none. */
bool pacs_verdict_parse(const char *word, enum pacs_verdict *ret);
/* By the peer's rules, else by the table. */
enum pacs_verdict pacs_store_verdict(const struct pacs_peer *peer,
				     uint16_t status);
/* A word for it: "out-of-resources", "cannot-understand", ... Static. */
const char *pacs_store_reason(uint16_t status);

#endif
