/*
 * Memory: small allocations that cannot fail, a growing byte buffer, and an
 * arena that frees many things at once.
 *
 * Sizes that come from input must be checked against a limit before they get
 * here: running out of memory ends the program (status 4), it is not an error
 * to handle. Nothing here knows files or DICOM.
 */
#ifndef PACS_BASE_MEM_H
#define PACS_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Like malloc, calloc, realloc, strdup; never return NULL. Free with free(). */
void *pacs_malloc(size_t size);
void *pacs_calloc(size_t count, size_t size);
void *pacs_realloc(void *ptr, size_t size);
char *pacs_strdup(const char *s);
char *pacs_strndup(const char *s, size_t n);
/* sprintf into new memory. Caller frees with free(). */
char *pacs_format(const char *fmt, ...) PACS_PRINTF(1, 2);

/*
 * A growing byte buffer. {0} is a valid empty one. data is always followed by
 * a NUL that len does not count, except while data is NULL.
 */
struct pacs_buf {
	char *data;
	size_t len;
	size_t cap;
};

void pacs_buf_clear(struct pacs_buf *b); /* frees; *b is empty again */
void pacs_buf_reset(struct pacs_buf *b); /* len 0, keeps the memory */
/* Make room for extra bytes after len (and the NUL). Returns data + len. */
char *pacs_buf_reserve(struct pacs_buf *b, size_t extra);
void pacs_buf_add(struct pacs_buf *b, const void *bytes, size_t n);
void pacs_buf_addc(struct pacs_buf *b, char c);
void pacs_buf_adds(struct pacs_buf *b, const char *s);
void pacs_buf_addf(struct pacs_buf *b, const char *fmt, ...) PACS_PRINTF(2, 3);
/* The text so far, "" for an empty buffer. Borrowed until the next change. */
const char *pacs_buf_str(const struct pacs_buf *b);
/* Hand the memory to the caller, who frees it; *b is empty again. */
char *pacs_buf_take(struct pacs_buf *b);

/* Many allocations, freed together. {0} is a valid empty arena. */
struct pacs_arena {
	struct pacs_arena_block *blocks;
	size_t total_bytes; /* handed out so far, for limits */
};

/* Memory for size bytes, aligned for any type, not zeroed. Never NULL. */
void *pacs_arena_alloc(struct pacs_arena *a, size_t size);
void *pacs_arena_zalloc(struct pacs_arena *a, size_t size); /* zeroed */
void *pacs_arena_dup(struct pacs_arena *a, const void *bytes, size_t n);
char *pacs_arena_strdup(struct pacs_arena *a, const char *s);
/* Free all; *a is empty again. */
void pacs_arena_clear(struct pacs_arena *a);
/* Free all but one block, which the next allocations reuse. */
void pacs_arena_reset(struct pacs_arena *a);

#endif
