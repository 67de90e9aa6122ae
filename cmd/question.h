/*
 * What a command line asks of an archive: conditions KEY=VALUE, one by one or
 * from a file (pacs-query(7)), in the words of that archive: its timezone says
 * what "today" is, its marker which keys it adds. What is wrong ends the
 * program, with status 2 if the user can mend it.
 */
#ifndef PACS_CMD_QUESTION_H
#define PACS_CMD_QUESTION_H

#include "archive/archive.h"
#include "query/query.h"

/* Zeroed before question_begin; stays where it is until question_end, since
 * the query refers to the ring. */
struct question {
	struct pacs_query query;
	struct pacs_query_clock clock;
	struct pacs_keyring ring; /* keys that the archive adds */
};

/* Also sets the program's timezone to the archive's. */
void question_begin(struct question *q, const struct pacs_archive *ar);
void question_add(struct question *q, const char *condition);
/* One condition a line; "-" is stdin. */
void question_add_file(struct question *q, const char *path);
void question_end(struct question *q);

#endif
