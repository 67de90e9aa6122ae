/*
 * Storage commitment (PS3.4 J): asking a peer to say that it keeps what it was
 * sent. Internal to this room. Its word comes on the association of the
 * question, or on one that the peer opens to our port.
 */
#ifndef PACS_PEER_COMMIT_H
#define PACS_PEER_COMMIT_H

#include "peer/run.h"

#define PACS_COMMITMENT_CLASS    "1.2.840.10008.1.20.1"
#define PACS_COMMITMENT_INSTANCE "1.2.840.10008.1.20.1.1"

/* How many objects one question is about at most. */
enum { COMMIT_MAX = 1000 };

/* Listen on the peer's commit-port, if it has one. */
enum pacs_err commit_start(struct pacs_error *err,
			   struct run *r) PACS_MUST_CHECK;
void commit_end(struct run *r);

/*
 * Ask about all of the list (accepted ones) over the association, in a context
 * for the class, and wait for the peer's word. Notes it in each, and in the
 * journal; what is not said in time is unknown. *a is NULL after if it broke,
 * or was released to let the peer come.
 */
void commit_ask(struct run *r, struct pacs_assoc **a, uint8_t context,
		const char *syntax, struct work *list);

#endif
