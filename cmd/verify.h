/* The part of an archive that pacs-verify is asked for: verify-part.c. */
#ifndef PACS_CMD_VERIFY_H
#define PACS_CMD_VERIFY_H

#include "archive/archive.h"
#include "base/clock.h"
#include "fixity/part.h"

/* The time of --since (NULL: none) in the words of stored_at, as the ledger
 * writes it, in buf. What is none ends the program. */
const char *verify_since(const struct pacs_archive *ar, const char *since,
			 char buf[PACS_TIME_SIZE]);
/* Operands: paths, questions, "-" for a list of them on standard input. For the
 * caller to free; what is wrong ends the program. */
struct pacs_part *verify_part(const struct pacs_archive *ar, char **items);

#endif
