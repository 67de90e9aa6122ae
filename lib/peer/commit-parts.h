/*
 * What the files of storage commitment share: commit.c asks, commit-word.c
 * hears the answer. Internal to them.
 */
#ifndef PACS_PEER_COMMIT_PARTS_H
#define PACS_PEER_COMMIT_PARTS_H

#include <pthread.h>

#include "dcmtk/dimse.h"
#include "peer/commit.h"

/* A question that waits for its answer. */
struct asked {
	struct asked *next;
	char uid[PACS_UID_MAX + 1];
	struct pacs_buf good, failed; /* instances, each with a NUL */
	bool answered;
};

struct commit {
	struct run *r;
	struct pacs_listener *listener;
	pthread_t thread;
	bool ends;
	pthread_mutex_t lock;
	struct asked *list;
	unsigned reports; /* that came, to any question */
};

/* Take and answer one N-EVENT-REPORT, or see the answer to our N-ACTION. */
enum pacs_err commit_message(struct pacs_error *err, struct commit *c,
			     struct pacs_assoc *a, const char *syntax,
			     unsigned ms,
			     struct pacs_command *m) PACS_MUST_CHECK;
/* The listener's thread function: reports of peers that come to us. */
void *commit_listen(void *commit);

#endif
