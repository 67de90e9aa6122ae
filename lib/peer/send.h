/*
 * Sending: files to a peer by C-STORE (PS3.4 B), over as many associations as
 * wanted, with an account of each one.
 *
 * What is told is what happened: "sent" is a response with success that fits
 * the request, nothing less.
 */
#ifndef PACS_PEER_SEND_H
#define PACS_PEER_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "peer/journal.h"
#include "peer/peer.h"

enum pacs_sent {
	PACS_SENT,         /* the peer has it */
	PACS_SENT_WARNED,  /* it has it, with a warning */
	PACS_SENT_DROPPED, /* it has it without some elements (B006) */
	PACS_SENT_REFUSED, /* the peer said no */
	PACS_SENT_FAILED,  /* it was not sent */
	PACS_SENT_UNKNOWN, /* all bytes went out, and no answer came */
	PACS_SENT_SKIPPED, /* nothing that is sent: no DICOM object */
	PACS_SENT_COUNT
};
/* "sent", "warned", "warned", "refused", ... Static. */
const char *pacs_sent_word(enum pacs_sent s);

enum pacs_committed {
	PACS_COMMIT_NONE,    /* not asked for */
	PACS_COMMIT_YES,     /* the peer has committed itself to keep it */
	PACS_COMMIT_NO,      /* it says it does not have it */
	PACS_COMMIT_UNKNOWN, /* it has not said yet */
};

/* "yes", "no", "unknown"; "" for NONE. Static. */
const char *pacs_committed_word(enum pacs_committed c);

struct pacs_send_record {
	enum pacs_sent outcome;
	const char *reason;  /* one word, "" if there is none; static */
	int status;          /* of the C-STORE, -1 without one */
	const char *comment; /* class of the peer's comment; static */
	enum pacs_committed committed;
	const char *study, *series, *instance, *sop_class;
	const char *syntax;      /* stored */
	const char *syntax_sent; /* "" if it was not sent */
	uint64_t size;           /* of the file */
	/* Those of it that the peer is not known to read, '\\' between them. */
	const char *unread_charset;
	const char *path;
	const char *detail; /* a sentence, or "" */
	unsigned attempts;
	bool transient; /* trying again may help */
};

struct pacs_send_options {
	const struct pacs_peer *peer; /* until reload() gives another */
	const char *aetitle;
	unsigned jobs;                /* associations at once, 1 to 64 */
	bool never_transcode;         /* only in the syntax that is stored */
	unsigned budget_ms;           /* of tries without any progress */
	struct pacs_journal *journal; /* NULL: none */
	bool commit;
	unsigned commit_ms; /* how long to wait for the peer's word */
};

/* Calls come one at a time, except where said. */
struct pacs_send_hooks {
	void *ctx;
	/* The next file or folder; false at the end. On another thread. */
	bool (*next)(void *ctx, struct pacs_buf *path);
	/* The fate of one file. Each gets one. */
	void (*record)(void *ctx, const struct pacs_send_record *r);
	/* What is worth a word: an association failed, a wait begins. */
	void (*note)(void *ctx, const char *text);
	/* True: finish what has begun and return. Any thread. */
	bool (*stopped)(void *ctx);
	/* The run ends early: a next() that waits must return. */
	void (*ending)(void *ctx);
	/* Bytes that went out. Any thread. */
	void (*progress)(void *ctx, uint64_t items, uint64_t bytes);
	/* The peer as it is now in the address book, if it was read anew; else
	 * NULL. It stays valid until the run ends. NULL hook: never. */
	const struct pacs_peer *(*reload)(void *ctx);
};

struct pacs_send_tally {
	uint64_t outcomes[PACS_SENT_COUNT];
	uint64_t uncommitted; /* accepted, but the peer did not say it keeps */
	uint64_t transient;   /* of those not accepted: trying again may help */
	uint64_t bytes;       /* of files that were accepted */
};

/*
 * Send everything that the hooks name. An error is returned when the run could
 * not go on: PACS_ENETWORK, PACS_EBUSY (the budget is spent), PACS_EREFUSED
 * (the peer rejects us for good); what was left is told as failed then.
 * PACS_EINTERRUPTED: stopped.
 */
enum pacs_err pacs_send(struct pacs_error *err,
			const struct pacs_send_options *o,
			const struct pacs_send_hooks *h,
			struct pacs_send_tally *ret_tally) PACS_MUST_CHECK;

/* --- before it is done ---------------------------------------------------- */

/* What would become of all objects of one class and syntax; or how many are in
 * a character set that the peer is not known to read. Strings are static, or
 * borrowed for the call. */
struct pacs_send_plan {
	const char *sop_class, *syntax; /* "" for a character set */
	const char *unread_charset;     /* "" for a class and syntax */
	uint64_t objects, bytes;
	/* "as-is", "native" (re-encoded, decompressed), "compressed",
	 * "refused", "unread" */
	const char *how;
	const char *reason;      /* why not as it is; "" */
	const char *syntax_sent; /* "" if refused */
	double seconds;          /* at least: round trips; bytes, with a rate */
};
typedef void pacs_send_plan_fn(void *ctx, const struct pacs_send_plan *p);

/*
 * Look at everything that the hooks name, negotiate with the peer, send
 * nothing. h->record is told of what would not be sent anyway (skipped,
 * damaged); fn of the rest. Errors of the association are returned at once.
 */
enum pacs_err pacs_send_plan(struct pacs_error *err,
			     const struct pacs_send_options *o,
			     const struct pacs_send_hooks *h,
			     struct pacs_send_tally *ret_tally,
			     pacs_send_plan_fn *fn, void *ctx) PACS_MUST_CHECK;

#endif
