/*
 * Worker threads and the bounded queues between them.
 */
#ifndef PACS_BASE_WORK_H
#define PACS_BASE_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * A queue of pointers with a bound in entries and in weight (bytes, say), so
 * that a fast producer cannot fill the memory. Any threads may use it.
 */
struct pacs_queue;
struct pacs_queue *pacs_queue_new(size_t max_entries, size_t max_weight);
void pacs_queue_free(struct pacs_queue *q); /* what is in it is not freed */
/* Add; waits while the queue is full (one entry always fits an empty queue).
 * False if the queue was closed: the caller keeps p. */
bool pacs_queue_push(struct pacs_queue *q, void *p, size_t weight);
/* Add if there is room now; false if not, or closed: the caller keeps p. */
bool pacs_queue_try_push(struct pacs_queue *q, void *p, size_t weight);
/* Take the oldest; waits while empty. False when closed and empty. */
bool pacs_queue_pop(struct pacs_queue *q, void **ret_p);
/* No more pushes; pops drain what is left, then return false. */
void pacs_queue_close(struct pacs_queue *q);

/* Threads that all run fn(ctx, number of the thread, from 0). Signals stay with
 * the caller's. Where not so many can be had there are fewer, so no work may be
 * one number's; an error if there is none. */
struct pacs_team;
enum pacs_err pacs_team_start(struct pacs_error *err, unsigned threads,
			      void (*fn)(void *ctx, unsigned number), void *ctx,
			      struct pacs_team **ret_team) PACS_MUST_CHECK;
void pacs_team_join(struct pacs_team *team); /* waits for all, frees */
unsigned pacs_cpu_count(void); /* usable by this process, at least 1 */

#endif
