/*
 * What pacs-send prints: a record for each object, or for each kind of a plan.
 */
#ifndef PACS_CMD_SEND_RECORDS_H
#define PACS_CMD_SEND_RECORDS_H

#include "cli/cli.h"
#include "peer/send.h"

extern const struct cli_field send_fields[];
/* Those that are printed by default. */
extern const char send_record_fields[];
extern const char send_plan_fields[];

void send_print_record(struct cli_records *records,
		       const struct pacs_send_record *r);
void send_print_plan(struct cli_records *records,
		     const struct pacs_send_plan *plan);
/* On standard error: what became of it, and why. */
void send_warn_of(const struct pacs_send_record *r);

#endif
