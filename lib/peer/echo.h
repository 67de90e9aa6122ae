/*
 * Verification (PS3.4 A): is a peer there, does it answer, and how soon?
 */
#ifndef PACS_PEER_ECHO_H
#define PACS_PEER_ECHO_H

#include "peer/peer.h"

#define PACS_VERIFICATION_CLASS "1.2.840.10008.1.1"

struct pacs_echo {
	const char *outcome; /* "ok", "refused", "failed"; static */
	const char *reason;  /* one word, "" for ok; static */
	int status;          /* of the C-ECHO; -1 if there was no answer */
	uint64_t connect_us; /* connecting, TLS, negotiation */
	uint64_t echo_us;    /* the C-ECHO alone */
	struct pacs_assoc_info info;
};

/*
 * One association with a C-ECHO in it. more (NULL: none): contexts that are
 * proposed too, up to PACS_CONTEXTS_MAX - 1, and get their answers. Fills *ret
 * also on failure. Errors as of pacs_assoc_open; PACS_EREFUSED also if the peer
 * does not take verification or answers with a failure.
 */
enum pacs_err pacs_echo(struct pacs_error *err, const struct pacs_peer *peer,
			const char *calling, struct pacs_context *more,
			size_t more_count, bool (*stopped)(void *ctx),
			void *ctx, struct pacs_echo *ret) PACS_MUST_CHECK;

#endif
