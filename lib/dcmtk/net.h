/*
 * Associations (PS3.8), plain and over TLS (PS3.15 B), by DCMTK in a shared
 * object that the first call loads. Mechanism only: what to propose, how long
 * to wait and when to try again is the caller's business.
 *
 * An association is used by one thread at a time; different ones by different
 * threads. Every wait is bounded by the caller and ends early when
 * options.stopped says so. No DCMTK type crosses this
 * header.
 */
#ifndef PACS_DCMTK_NET_H
#define PACS_DCMTK_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "dicom/uid.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PACS_AET_MAX          16  /* characters of a title, PS3.5 6.2 */
#define PACS_CONTEXTS_MAX     128 /* odd numbers of a byte, PS3.8 9.3.2.2 */
#define PACS_CONTEXT_SYNTAXES 6

/* A presentation context, as proposed and as answered (PS3.8 9.3.2.2). */
struct pacs_context {
	uint8_t id; /* odd; given by pacs_assoc_open */
	char sop_class[PACS_UID_MAX + 1];
	const char *syntaxes[PACS_CONTEXT_SYNTAXES]; /* NULL-ended if fewer */
	/* 0 accepted, 1 rejected by the user, 2 no reason, 3 no such class,
	 * 4 none of the syntaxes (PS3.8 Table 9-18). */
	uint8_t result;
	char accepted[PACS_UID_MAX + 1]; /* syntax; "" unless accepted */
};

struct pacs_tls {
	const char *ca;   /* file or folder with trusted certificates, PEM */
	const char *cert; /* our own, or NULL; PEM */
	const char *key;  /* its key; PEM without a password */
	const char *name; /* the certificate must be for it; NULL: the host */
	bool any_name;    /* the name is not checked */
};

struct pacs_assoc_options {
	const char *calling, *called; /* titles */
	const char *host;
	unsigned port;
	const struct pacs_tls *tls; /* NULL: plain */
	unsigned connect_ms;
	unsigned negotiate_ms;
	/* True: give up. Asked at least every 0.1 s. NULL: never. */
	bool (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* How an association ended, or why it was none. */
enum pacs_end {
	PACS_END_NONE,
	PACS_END_UNREACHABLE, /* no connection */
	PACS_END_TLS,         /* no secure one: certificates, versions */
	PACS_END_REJECTED_TRANSIENT,
	PACS_END_REJECTED_PERMANENT,
	PACS_END_ABORTED,  /* by the peer, A-ABORT */
	PACS_END_LOST,     /* closed or reset */
	PACS_END_TIMEOUT,  /* no byte for too long */
	PACS_END_PROTOCOL, /* the peer says what it may not */
	PACS_END_STOPPED,  /* by us */
};
/* "unreachable", "rejected-transient", ... Static. */
const char *pacs_end_word(enum pacs_end end);

struct pacs_assoc_info {
	uint32_t peer_pdu; /* bytes of a P-DATA-TF it takes; 0 = any */
	char implementation_uid[PACS_UID_MAX + 1];
	char implementation_version[17];
	char calling[PACS_AET_MAX + 1]; /* of one that was accepted */
	/* Rejected: result, source, reason (PS3.8 Table 9-21). */
	uint8_t reject[3];
	char tls_version[16], tls_suite[64]; /* "" if plain */
	int64_t tls_expires;                 /* seconds since 1970; 0: plain */
};

struct pacs_assoc;

/* Load what the first association would load: some 10 ms, which may be had
 * while something else is waited for. */
enum pacs_err pacs_net_load(struct pacs_error *err) PACS_MUST_CHECK;

/*
 * Connect and negotiate. contexts (1 to 128) get their ids and answers.
 * *info is filled as far as it is known, also on failure; *ret_end (may be
 * NULL) says what kind of failure. Errors: PACS_ENETWORK unreachable, lost, no
 * answer in time; PACS_EBUSY rejected for now; PACS_EREFUSED rejected, or no
 * trust in TLS; PACS_EINTERRUPTED stopped; PACS_ENOTFOUND no network plugin.
 */
enum pacs_err pacs_assoc_open(struct pacs_error *err,
			      const struct pacs_assoc_options *o,
			      struct pacs_context *contexts, size_t count,
			      struct pacs_assoc_info *info,
			      enum pacs_end *ret_end,
			      struct pacs_assoc **ret) PACS_MUST_CHECK;
/* A-RELEASE, then free, whatever comes of it. */
enum pacs_err pacs_assoc_release(struct pacs_error *err, struct pacs_assoc *a,
				 unsigned ms) PACS_MUST_CHECK;
/* A-ABORT (bounded: a second), then free. NULL is fine. */
void pacs_assoc_abort(struct pacs_assoc *a);
/* PACS_END_NONE while it works. */
enum pacs_end pacs_assoc_end(const struct pacs_assoc *a);
/* Can something be received within ms? */
bool pacs_assoc_readable(struct pacs_assoc *a, unsigned ms);

/* --- accepting ------------------------------------------------------------ */

struct pacs_listener;
/* Listen on a port of all addresses. PACS_EDENIED, PACS_ENETWORK. */
enum pacs_err pacs_listener_open(struct pacs_error *err, unsigned port,
				 struct pacs_listener **ret) PACS_MUST_CHECK;
/*
 * Wait up to ms for an association in which the peer provides sop_class to us
 * (storage commitment's answer), and accept it; others are rejected. o: host,
 * port, called and connect_ms are not used. ret_syntax: that of its messages.
 * PACS_EBUSY: none came.
 */
enum pacs_err pacs_listener_accept(struct pacs_error *err,
				   struct pacs_listener *l,
				   const struct pacs_assoc_options *o,
				   const char *sop_class, unsigned ms,
				   struct pacs_assoc_info *info,
				   char ret_syntax[PACS_UID_MAX + 1],
				   struct pacs_assoc **ret) PACS_MUST_CHECK;
void pacs_listener_close(struct pacs_listener *l); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
