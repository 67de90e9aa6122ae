/*
 * PatientID -> trial ID, out of a file of lines
 *	PATIENT-ID <tab> TRIAL-ID [<tab> ISSUER]
 * in UTF-8; empty lines and those that begin with # do not count.
 */
#ifndef PACS_DEID_SUBJECTS_H
#define PACS_DEID_SUBJECTS_H

#include "deid/deid.h"

/* Errors: PACS_EFORMAT with the number of the line: fields missing, a trial ID
 * that is not plain, one patient under two of them. */
enum pacs_err
pacs_deid_subjects_read(struct pacs_error *err, const char *path,
			struct pacs_deid_subjects **ret) PACS_MUST_CHECK;
void pacs_deid_subjects_free(struct pacs_deid_subjects *s);

#endif
