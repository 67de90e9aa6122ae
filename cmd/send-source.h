/*
 * What pacs-send sends: files and folders, lists, objects of the archive by
 * UID, or the answer to a question.
 */
#ifndef PACS_CMD_SEND_SOURCE_H
#define PACS_CMD_SEND_SOURCE_H

#include "cli/cli.h"
#include "cmd/question.h"
#include "index/index.h"

struct send_source {
	struct cli_operands operands; /* those that are left */
	bool asks;                    /* operands are a question */
	struct pacs_error err;        /* of the archive; ends the list */
	/* The question, if the operands are one, or a UID at hand. */
	struct pacs_archive *ar;
	struct pacs_index *ix;
	struct question q;
	struct pacs_find *find;
	bool want[PACS_KEY_COUNT];
};

/* The operands are conditions, all of them, or items; which, is seen here.
 * query_file: more conditions, or NULL. Ends the program if they are wrong. */
void send_source_begin(struct send_source *s, const char *query_file);
/* The next path, for one thread. False at the end, or if s->err says why. */
bool send_source_next(struct send_source *s, struct pacs_buf *path);
void send_source_end(struct send_source *s);

#endif
