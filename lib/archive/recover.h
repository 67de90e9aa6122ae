/*
 * Shared by the files of recovery; part of this room's inside.
 */
#ifndef PACS_ARCHIVE_RECOVER_H
#define PACS_ARCHIVE_RECOVER_H

#include "archive/internal.h"
#include "archive/quarantine.h"

/* A folder in incoming/ whose writer died; locked by us. */
struct dead {
	char name[256];
	int dirfd, lock_fd;
	bool has_from;
	struct pacs_cursor from;
	char **names;
	size_t count, cap;
};

/* What the lines say last of one object, or of one quarantined digest. */
struct entry {
	struct pacs_triple triple; /* all empty for quarantine */
	char sha256[PACS_SHA256_HEX];
	uint64_t size, order;
	enum pacs_op op;
	char reason[24];
};

struct entries {
	struct entry *list;
	size_t count, cap;
};

struct recovery {
	struct pacs_archive *ar;
	struct dead *dead;
	size_t dead_count;
	struct entries entries;
	struct pacs_buf texts; /* lines to append */
	/* What is in quarantine, once it was asked. */
	struct pacs_quarantined *aside;
	size_t aside_count;
	bool aside_known;
};

void entries_add(struct entries *es, const struct pacs_ledger_line *line);
/* Sort, and keep of each object what was said last. */
void entries_settle(struct entries *es);
const struct entry *entries_find(const struct entries *es,
				 const struct pacs_triple *t,
				 const char *sha256);
void entries_clear(struct entries *es);

/* Make true what the entries say. */
enum pacs_err mend_entries(struct pacs_error *err,
			   struct recovery *r) PACS_MUST_CHECK;
/* Record what has a name and no line. */
void mend_incoming(struct recovery *r);

#endif
