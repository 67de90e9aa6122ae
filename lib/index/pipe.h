/*
 * Lines of the ledger with what the objects' headers say, read ahead by threads
 * and handed out in order.
 */
#ifndef PACS_INDEX_PIPE_H
#define PACS_INDEX_PIPE_H

#include <pthread.h>

#include "base/work.h"
#include "index/internal.h"

#define CHUNK 64

struct job {
	enum pacs_op op;
	struct placed placed;
	struct record record;
};

/* Lines that are read, and applied, together. */
struct chunk {
	struct job jobs[CHUNK];
	size_t count;
	struct pacs_cursor after;
	struct pacs_arena arena;
	struct pacs_buf scratch;
	bool ready; /* headers are read; under the lock */
};

struct pipe {
	const struct pacs_archive *ar;
	struct pacs_ledger_reader *reader;
	struct pacs_cursor until;
	struct added added;
	struct record_map map;
	struct pacs_queue *queue; /* NULL: no threads */
	struct pacs_team *team;
	pthread_mutex_t lock;
	pthread_cond_t readied;
	struct chunk **ring; /* chunks under way, oldest at first */
	size_t first, under_way, room;
};

/* On failure nothing is left to close. */
enum pacs_err pipe_open(struct pacs_error *err, struct pipe *p,
			const struct pacs_archive *ar,
			const struct state *from_state,
			const struct pacs_cursor *until,
			unsigned jobs) PACS_MUST_CHECK;
void pipe_close(struct pipe *p);
/* The oldest chunk, its headers read; NULL at the end. */
enum pacs_err pipe_next(struct pacs_error *err, struct pipe *p,
			struct chunk **ret) PACS_MUST_CHECK;
void pipe_done(struct pipe *p); /* with that chunk */
/* Where the oldest chunk begins: what is to be applied next. */
bool pipe_is_at(const struct pipe *p, const struct pacs_cursor *applied,
		const struct pacs_cursor *c);
/* Were headers read for the keys that the index has now? */
bool pipe_has(const struct pipe *p, const struct pacs_keyring *ring);

#endif
