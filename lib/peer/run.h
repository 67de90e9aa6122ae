/*
 * What the files of the sending share.
 *
 *   producer   finds files, looks at them            produce.c
 *   queue      those that wait, and when they may    queue.c
 *   workers    an association each                   worker.c, store.c
 *   pace       rate, window, how long after failure  pace.c
 *   charsets   what the peer may not read            charset.c
 */
#ifndef PACS_PEER_RUN_H
#define PACS_PEER_RUN_H

#include <pthread.h>

#include "peer/contexts.h"
#include "peer/object.h"
#include "peer/send.h"
#include "peer/window.h"

/* One object on its way. */
struct work {
	struct work *next;
	struct pacs_object o;
	size_t need;
	char sha256[65]; /* "" unless there is a journal */
	/* tries */
	unsigned attempts, losses, laters;
	bool once_used;
	bool settled;      /* accepted in an earlier run; to be committed */
	uint64_t since_ms; /* first told to come later; 0: never */
	uint64_t not_before_ms; /* 0: at once */
	/* the last answer */
	enum pacs_sent outcome;
	const char *reason;
	const char *comment;
	int status;
	char syntax_sent[PACS_UID_MAX + 1];
	char detail[400];
	bool transient;
	enum pacs_committed committed;
};

/* What is in a character set that the peer is not known to read. */
struct unread {
	uint64_t objects, bytes;
};

struct run {
	const struct pacs_send_options *o;
	const struct pacs_send_hooks *h;
	struct pacs_send_tally *tally;
	pthread_mutex_t told; /* hooks, one at a time */

	pthread_mutex_t lock; /* all below */
	pthread_cond_t changed;
	pthread_cond_t filled; /* what queue_fill waits for */
	const struct pacs_peer *peer;
	struct pacs_needs needs;
	struct work *first, *last; /* ready, in order */
	size_t ready, in_hand;
	size_t kept;          /* bytes of files that wait in memory */
	bool full;            /* enough was found for now */
	struct work *delayed; /* by not_before_ms */
	bool ended;           /* no more will be found */
	uint64_t stopped_at;  /* when stopping was first seen; 0: not */
	struct pacs_error fatal;
	const char *fatal_reason;
	bool plan;                /* count, do not queue */
	uint64_t unread_told;     /* character sets that were noted */
	struct unread unread[64]; /* counted for a plan, by bit */
	struct commit *commit;    /* commit.c; NULL unless asked for */
	/* pace.c */
	uint64_t trouble_since_ms; /* 0: all is well */
	unsigned trouble_count;
	uint64_t random;
	double credit; /* bytes that may go now */
	uint64_t credit_ms;
};

/* --- send.c ------------------------------------------------------------ */
bool run_stopped(struct run *r);
/* Seconds after that an association is cut off; before, it may finish. A
 * pacs_assoc_options.stopped. */
bool run_must_stop(void *ctx);
void run_note(struct run *r, const char *fmt, ...) PACS_PRINTF(2, 3);
/* Tell the fate of an object and free it. */
void run_tell(struct run *r, struct work *w);
/* The run cannot go on; the first reason counts. */
void run_give_up(struct run *r, const struct pacs_error *err,
		 const char *reason);
const struct pacs_peer *run_peer(struct run *r);

/* The producer's thread function; ctx is the run. */
void *run_produce(void *ctx);
void run_init(struct run *r);
void run_clear(struct run *r);

/* --- queue.c ----------------------------------------------------------- */
/* Add what was found; waits while many wait. Takes it over. */
void queue_add(struct run *r, struct work *w);
void queue_end(struct run *r);
/* Before the first association: a look ahead at what will be needed. */
void queue_fill(struct run *r);
enum queue_state { QUEUE_GOT, QUEUE_WAIT, QUEUE_DONE };
/* The next that may go. QUEUE_WAIT: nothing within ms, but there may be. */
enum queue_state queue_take(struct run *r, unsigned ms, struct work **ret);
/* It comes back, to go first again (0) or at a time. */
void queue_return(struct run *r, struct work *w, uint64_t not_before_ms);
/* It is done with: told. */
void queue_done(struct run *r, struct work *w);
/* How many bytes of the next file may be kept until it is sent. */
size_t queue_room(struct run *r);
/* Its bytes are no longer wanted. */
void queue_forget(struct run *r, struct work *w);
/* When the run has been given up: everything that waits is told. */
void queue_drain(struct run *r);

/* --- pace.c ------------------------------------------------------------ */
/* Wait, at most ms, or until stopped. */
void pace_sleep(struct run *r, uint64_t ms);
/* Wait until n more bytes may go; false: stopped. */
bool pace_bytes(struct run *r, uint64_t n);
bool pace_window_is_open(struct run *r);
void pace_wait_window(struct run *r);
/* An answer came: all is well. */
void pace_progress(struct run *r);
/* Something failed: how long to wait before the next try. False: the budget is
 * spent. */
bool pace_failure(struct run *r, uint64_t *ret_ms);
/* The object that failed is given up; the next is tried soon. */
void pace_next_object(struct run *r);
/* The same for one object that the peer wants later. */
bool pace_later(struct run *r, struct work *w, uint64_t *ret_not_before_ms);

/* --- charset.c --------------------------------------------------------- */
/* Those of the object that the peer is not known to read; bits as in
 * dicom/text.h. */
uint64_t charset_unread(struct run *r, const struct pacs_object *o);
/* A word for each the first time that something in it is sent. */
void charset_note(struct run *r, const struct pacs_object *o);
/* For a plan. With the lock. */
void charset_count(struct run *r, uint64_t unread, uint64_t bytes);
/* Its term; "other" if it has none: what stands there is not shown. */
const char *charset_word(uint64_t bit);
/* The words of several, '\' between them. */
void charset_words(uint64_t bits, struct pacs_buf *ret);

/* --- store.c ----------------------------------------------------------- */
enum store_end {
	STORE_ANSWERED, /* w has the answer; the association goes on */
	STORE_NOT_SENT, /* nothing went out; w has why; it goes on too */
	STORE_BROKEN, /* the association must be aborted; w has what is known */
};
/* One C-STORE. */
enum store_end store(struct run *r, struct pacs_assoc *a, struct work *w,
		     enum pacs_choice how, const struct pacs_context *c,
		     uint16_t message);

/* --- worker.c ---------------------------------------------------------- */
void worker(void *run, unsigned number);

#endif
