/*
 * The map of a project: what was replaced by what, so that the holder of the
 * map can go back. A text file for its owner alone:
 *
 *	# pacs-anon map 1
 *	KIND <tab> ORIGINAL <tab> ISSUER <tab> REPLACEMENT
 *
 * with kind patient, accession, study or series; tabs, line ends and
 * backslashes as \t \n \\. Runs append what is new.
 */
#ifndef PACS_DEID_MAP_H
#define PACS_DEID_MAP_H

#include "deid/run.h"

struct pacs_deid_map;

/*
 * Open for appending, made with mode 0600 if absent; a line that was cut by a
 * crash is cut off. Locked until closed. Errors: PACS_EDENIED if others can
 * read it; PACS_EBUSY; PACS_EFORMAT.
 */
enum pacs_err pacs_deid_map_open(struct pacs_error *err, const char *path,
				 struct pacs_deid_map **ret) PACS_MUST_CHECK;
/* The same into a pipe (of a program that encrypts); fd is closed at the end.
 */
struct pacs_deid_map *pacs_deid_map_to(int fd) __attribute__((returns_nonnull));
enum pacs_err
pacs_deid_map_add(struct pacs_error *err, struct pacs_deid_map *m,
		  const struct pacs_deid_identity *id) PACS_MUST_CHECK;
/* Write out; of a file: durable when it returns PACS_OK. Frees m. */
enum pacs_err pacs_deid_map_close(struct pacs_error *err,
				  struct pacs_deid_map *m) PACS_MUST_CHECK;

/* One line of a map's text, taken apart in place; false if it is none. */
struct pacs_deid_map_line {
	const char *kind, *original, *issuer, *replacement;
};
bool pacs_deid_map_parse(char *line, struct pacs_deid_map_line *ret);

#endif
