/*
 * Putting right what was found: objects back from a copy, by digest; orphans on
 * record. What is changed is changed through the archive's writer, recorded.
 */
#ifndef PACS_FIXITY_MEND_H
#define PACS_FIXITY_MEND_H

#include "archive/archive.h"
#include "archive/writer.h"
#include "fixity/fixity.h"

/* Findings that can be mended, kept until the check is through. */
struct pacs_mend;

/* Where copies can come from besides. find: a file with that digest, open for
 * reading, and its size; false if there is none. Whoever calls it closes. */
struct pacs_mend_source {
	void *ctx;
	bool (*find)(void *ctx, const char *path, const char *sha256,
		     int *ret_fd, uint64_t *ret_size);
};

/*
 * from: another archive, or a folder that holds copies under any names (all of
 * it is hashed); NULL: no repairs.
 * adopt: record orphans. ar must be open for writing.
 */
enum pacs_err pacs_mend_open(struct pacs_error *err, struct pacs_archive *ar,
			     const char *from, bool adopt,
			     struct pacs_mend **ret_m) PACS_MUST_CHECK;
/* Take copies from there instead. The source must outlive m. */
void pacs_mend_from(struct pacs_mend *m, const struct pacs_mend_source *source);
void pacs_mend_close(struct pacs_mend *m); /* NULL is fine */
/* Can this finding be mended? Then a copy of it is kept, and its record comes
 * from pacs_mend_all. Not threaded. */
bool pacs_mend_note(struct pacs_mend *m, const struct pacs_fixity_finding *f);
/* Mend all that was noted, durably; tell each, and whether it is mended now. */
enum pacs_err pacs_mend_all(struct pacs_error *err, struct pacs_mend *m,
			    void (*tell)(void *ctx,
					 const struct pacs_fixity_finding *f,
					 bool mended),
			    void *ctx) PACS_MUST_CHECK;

#endif
