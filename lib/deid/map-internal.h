/* What map.c, map-line.c and map-seal.c share. */
#ifndef PACS_DEID_MAP_INTERNAL_H
#define PACS_DEID_MAP_INTERNAL_H

#include <pthread.h>

#include "deid/map.h"
#include "deid/set.h"

#define MAP_HEAD "# pacs-anon map 1\n"

struct seal; /* map-seal.c: a map on its way through age(1) */

struct pacs_deid_map {
	pthread_mutex_t lock; /* of all that follows */
	int fd;               /* the file, or a pipe into seal */
	struct seal *seal;    /* NULL: a plain file */
	bool unique;
	uint64_t end; /* of what is in the file */
	/* Lines; pseudonyms, each with whose it is (a digest). */
	struct digest_set seen, owners;
	struct pacs_buf out; /* not written yet */
};

/* With one line end. */
void map_line_add(struct pacs_buf *b, const struct pacs_deid_map_line *l);

/* Start age; what is written to *ret_fd is encrypted into a file beside path.
 */
enum pacs_err seal_begin(struct pacs_error *err, const char *path,
			 const char *recipient, struct seal **ret,
			 int *ret_fd) PACS_MUST_CHECK;
/* The pipe is closed: wait for age and give the file its name, durably; or, not
 * good, throw it away. Frees s. */
enum pacs_err seal_end(struct pacs_error *err, struct seal *s,
		       bool good) PACS_MUST_CHECK;

#endif
