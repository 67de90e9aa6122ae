/*
 * An association's inside: between net.c and dimse*.c. Internal to this room.
 */
#ifndef PACS_DCMTK_ASSOC_H
#define PACS_DCMTK_ASSOC_H

#include "dcmtk/net-bridge.h"

enum { PACS_PDU_ROOM = 131072 }; /* what we say we take, and PDU header */

/* PS3.8 9.3: types of PDU, the lengths of heads; E.2: the control byte. */
enum {
	PDU_DATA = 4,
	PDU_RELEASE_RQ = 5,
	PDU_ABORT = 7,
	PDU_HEAD = 6,
	PDV_HEAD = 6, /* length, context, control */
	COMMAND = 1,
	LAST = 2,
};

struct pacs_dimse_out;

struct pacs_assoc {
	const struct pacs_net_bridge *net;
	struct pacs_net_link *link;
	uint32_t peer_pdu;
	enum pacs_end end;
	/* Bytes received and not yet used: buf[at..len). */
	size_t at, len;
	uint8_t *buf;               /* PACS_PDU_ROOM + 6 */
	struct pacs_dimse_out *out; /* NULL until used */
};

/* What dimse.c keeps; NULL is fine. */
void pacs_dimse_out_free(struct pacs_dimse_out *b);

/* Note how it ended and return the error's code. */
enum pacs_err pacs_assoc_failed(struct pacs_error *err, struct pacs_assoc *a);
/* The same, where we see that the peer does not keep to the protocol. */
enum pacs_err pacs_assoc_broken(struct pacs_error *err, struct pacs_assoc *a,
				enum pacs_end end, const char *what);

#endif
