/*
 * The map of a project: what was replaced by what, so that the holder of the
 * map can go back. A text file for its owner alone:
 *
 *	# pacs-anon map 1
 *	KIND <tab> ORIGINAL <tab> ISSUER <tab> REPLACEMENT
 *
 * with kind patient, unnamed (a patient without an ID: ORIGINAL is the study),
 * accession, study or series; tabs, line ends and backslashes as \t \n \\. Runs
 * append what is new.
 */
#ifndef PACS_DEID_MAP_H
#define PACS_DEID_MAP_H

#include "deid/run.h"

struct pacs_deid_map;

/*
 * Open for appending, made with mode 0600 if absent; a line that was cut by a
 * crash is cut off. Locked until closed. unique: a pseudonym that already is
 * another patient's is refused (narrow ones collide). Errors: PACS_EDENIED if
 * others can read it; PACS_EBUSY; PACS_EFORMAT; PACS_ECONFLICT: unique, and two
 * patients have one pseudonym already.
 */
enum pacs_err pacs_deid_map_open(struct pacs_error *err, const char *path,
				 bool unique,
				 struct pacs_deid_map **ret) PACS_MUST_CHECK;
/* A new map that age(1) encrypts for a recipient on its way to the disk; it has
 * its name once it is whole. PACS_EEXISTS: nothing can be added to one. */
enum pacs_err
pacs_deid_map_open_sealed(struct pacs_error *err, const char *path,
			  const char *recipient,
			  struct pacs_deid_map **ret) PACS_MUST_CHECK;
/*
 * Note an object that is about to be written. In a file the lines stand before
 * this returns: they outlive the process; with unique those of a patient
 * outlive a loss of power too. PACS_ECONFLICT: not to be written, since its
 * pseudonym is another patient's. Any thread.
 */
enum pacs_err
pacs_deid_map_add(struct pacs_error *err, struct pacs_deid_map *m,
		  const struct pacs_deid_identity *id) PACS_MUST_CHECK;
/* Write out; durable when it returns PACS_OK. Frees m (NULL is fine). */
enum pacs_err pacs_deid_map_close(struct pacs_error *err,
				  struct pacs_deid_map *m) PACS_MUST_CHECK;

/* One line of a map's text, taken apart in place; false if it is none. */
struct pacs_deid_map_line {
	const char *kind, *original, *issuer, *replacement;
};
bool pacs_deid_map_parse(char *line, struct pacs_deid_map_line *ret);
/* Does a text begin as a map, or not go on so far? */
bool pacs_deid_map_begins(const char *text, size_t len);

#endif
