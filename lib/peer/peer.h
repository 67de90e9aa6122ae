/*
 * A peer: another DICOM system, as written on the command line
 * (AET@host:port) or found by its name in the address book (pacs-peers(5)).
 *
 * Knows what a user says of a peer; opens no connection.
 */
#ifndef PACS_PEER_PEER_H
#define PACS_PEER_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "dcmtk/net.h"

#define PACS_HOST_MAX 253 /* characters of a name, RFC 1035 */

/* What a status of this peer means, in place of the table (peer/status.h). */
struct pacs_status_rule {
	uint16_t first, last;
	int verdict; /* enum pacs_verdict */
};

/* Strings are in the peer's arena, NULL where nothing is said. */
struct pacs_peer {
	const char *name; /* as asked for: for messages and the journal */
	char title[PACS_AET_MAX + 1];
	char host[PACS_HOST_MAX + 1];
	unsigned port;
	const char *aetitle; /* ours, towards it */
	bool use_tls;
	struct pacs_tls tls;
	/* Finite waits, in ms. */
	unsigned connect_ms, negotiate_ms, answer_ms, idle_ms;
	uint64_t rate;        /* bytes a second; 0 = no limit */
	unsigned jobs;        /* associations at once; 0: not said */
	const char *window;   /* when it may be sent to; checked */
	uint64_t charsets;    /* that it reads (dicom/text.h); 0: not said */
	unsigned commit_port; /* ours, for storage commitment; 0: not said */
	const struct pacs_status_rule *rules;
	size_t rule_count;
	struct pacs_arena arena;
};

/* Default waits: 10 s, 30 s, 120 s, 60 s. */
void pacs_peer_init(struct pacs_peer *p);
void pacs_peer_clear(struct pacs_peer *p);

/* A title: 1 to 16 characters without control characters and backslash, not
 * only spaces (PS3.5 6.2, AE). */
bool pacs_aet_is_valid(const char *s, size_t len);
/* Is it written out, with an '@'? Else it is a name of the address book. */
bool pacs_peer_is_written(const char *text);
/* "AET@host:port", "AET@[::1]:104", split at the last '@'. PACS_EUSAGE. */
enum pacs_err pacs_peer_parse(struct pacs_error *err, const char *text,
			      struct pacs_peer *p) PACS_MUST_CHECK;
/* What pacs_assoc_open wants; borrowed from p. */
void pacs_peer_options(const struct pacs_peer *p, const char *calling,
		       struct pacs_assoc_options *ret);

#endif
