/*
 * Messages (PS3.7) over an association: a command set, and the bytes of a data
 * set from wherever they are. In plain C; DCMTK does not see them.
 *
 * Knows P-DATA (PS3.8 9.3.5) and command sets (PS3.7 6.3, E.1); not what a
 * service means. Same threads as net.h.
 */
#ifndef PACS_DCMTK_DIMSE_H
#define PACS_DCMTK_DIMSE_H

#include "base/mem.h"
#include "dcmtk/net.h"

/* Command Field (PS3.7 E.1-1). */
enum {
	PACS_C_STORE_RQ = 0x0001,
	PACS_C_STORE_RSP = 0x8001,
	PACS_C_ECHO_RQ = 0x0030,
	PACS_C_ECHO_RSP = 0x8030,
	PACS_N_EVENT_REPORT_RQ = 0x0100,
	PACS_N_EVENT_REPORT_RSP = 0x8100,
	PACS_N_ACTION_RQ = 0x0130,
	PACS_N_ACTION_RSP = 0x8130,
};

/* A command set; what has no value is 0 or "". */
struct pacs_command {
	uint16_t field;
	uint16_t message; /* Message ID, in a response: being responded to */
	uint16_t status;
	bool has_data;
	uint16_t number; /* Event Type ID, Action Type ID */
	/* "Requested" ones for N-ACTION, "Affected" ones else. */
	char sop_class[PACS_UID_MAX + 1];
	char sop_instance[PACS_UID_MAX + 1];
	/* Received: what the Error Comment is about; the comment itself may
	 * hold patient data and is not kept. Static word, "" if there is
	 * none. */
	const char *comment;
};

/*
 * Send a command without data set. Errors as for pacs_assoc_open;
 * pacs_assoc_end tells.
 */
enum pacs_err pacs_dimse_send(struct pacs_error *err, struct pacs_assoc *a,
			      uint8_t context, const struct pacs_command *c,
			      unsigned ms) PACS_MUST_CHECK;

/*
 * Or one with a data set (c->has_data), in three steps: begin; bytes, as often
 * as there are some; end. They go out in P-DATA as long as the peer takes, many
 * at a time. Who does not get to the end must abort: half a message is out.
 */
void pacs_dimse_begin(struct pacs_assoc *a, uint8_t context,
		      const struct pacs_command *c, unsigned ms);
/* Where up to *ret_room bytes (at least one) may be put, to be told of by
 * pacs_dimse_filled: saves a copy. Sends what is there if it is full. */
enum pacs_err pacs_dimse_room(struct pacs_error *err, struct pacs_assoc *a,
			      void **ret, size_t *ret_room) PACS_MUST_CHECK;
void pacs_dimse_filled(struct pacs_assoc *a, size_t n);
/* The same with bytes that are elsewhere: a pacs_sink, ctx is the pacs_assoc.
 */
enum pacs_err pacs_dimse_put(struct pacs_error *err, void *ctx,
			     const void *bytes, size_t n) PACS_MUST_CHECK;
enum pacs_err pacs_dimse_end(struct pacs_error *err,
			     struct pacs_assoc *a) PACS_MUST_CHECK;
/* Or, in place of bytes and end, all of a data set that is in memory: it goes
 * out from there, without a copy. */
enum pacs_err pacs_dimse_end_with(struct pacs_error *err, struct pacs_assoc *a,
				  const void *bytes, size_t n) PACS_MUST_CHECK;

/*
 * Receive one message; its data set, if it has one, is appended to *data, which
 * may be NULL if none is expected: up to max_data bytes. ms: for the
 * message, and again for each 64 KiB of its data set: bytes that drip in, and
 * fragments without bytes, gain no time. A peer that breaks the protocol is
 * PACS_ENETWORK with PACS_END_PROTOCOL; one that asks for release ends it as
 * PACS_END_LOST.
 */
enum pacs_err pacs_dimse_receive(struct pacs_error *err, struct pacs_assoc *a,
				 struct pacs_command *ret, uint8_t *ret_context,
				 struct pacs_buf *data, size_t max_data,
				 unsigned ms) PACS_MUST_CHECK;

/* --- for tests of the bytes alone ----------------------------------------- */

/* A command set in implicit little endian, appended. */
void pacs_command_encode(const struct pacs_command *c, struct pacs_buf *out);
/* False: no command set. */
bool pacs_command_decode(const void *bytes, size_t size,
			 struct pacs_command *ret);
/* "resources", "duplicate", ... for an Error Comment. Static. */
const char *pacs_comment_class(const char *comment);

#endif
