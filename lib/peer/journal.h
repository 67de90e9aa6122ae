/*
 * The journal of a sender: what a peer has accepted, object by object, so that
 * a run that was killed goes on where it was. A SQLite file (pacs-send(1)).
 *
 * Knows outcomes; must not know how they came about. Any thread may call. One
 * process has a journal at a time. An entry is safe from kill -9 when the call
 * returns; a power cut may lose the newest, which are then sent again.
 */
#ifndef PACS_PEER_JOURNAL_H
#define PACS_PEER_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "dicom/uid.h"

struct pacs_journal;

struct pacs_journal_entry {
	const char *instance;
	const char *sha256; /* of the file */
	const char *study, *series, *sop_class;
	int outcome; /* enum pacs_sent: one that was accepted */
	int status;
	int committed; /* enum pacs_committed */
};

/* Open or make. peer: what entries are filed under. PACS_EBUSY: another process
 * has it; PACS_EFORMAT: it is no journal. */
enum pacs_err pacs_journal_open(struct pacs_error *err, const char *path,
				const char *peer,
				struct pacs_journal **ret) PACS_MUST_CHECK;
void pacs_journal_close(struct pacs_journal *j); /* NULL is fine */

/* Has the peer accepted this object? Fills outcome, status, committed. */
enum pacs_err pacs_journal_find(struct pacs_error *err, struct pacs_journal *j,
				const char *instance, const char *sha256,
				struct pacs_journal_entry *ret,
				bool *ret_found) PACS_MUST_CHECK;
enum pacs_err
pacs_journal_accepted(struct pacs_error *err, struct pacs_journal *j,
		      const struct pacs_journal_entry *e) PACS_MUST_CHECK;

/* Storage commitment: an object is part of a transaction that was asked for (it
 * may be of several), and later the peer's word, maybe to another run. */
enum pacs_err pacs_journal_asked(struct pacs_error *err, struct pacs_journal *j,
				 const char *instance, const char *sha256,
				 const char *transaction) PACS_MUST_CHECK;
/* All of a transaction with that instance; unknown ones are passed over. */
enum pacs_err pacs_journal_answered(struct pacs_error *err,
				    struct pacs_journal *j,
				    const char *transaction,
				    const char *instance,
				    int committed) PACS_MUST_CHECK;

#endif
