/*
 * When a peer may be sent to: "Mon-Fri 20:00-06:00, Sat Sun". Local time of the
 * process.
 */
#ifndef PACS_PEER_WINDOW_H
#define PACS_PEER_WINDOW_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"

enum { PACS_WINDOW_SPANS = 16 };

struct pacs_window {
	struct {
		uint8_t days; /* bit 0: Sunday; of the span's beginning */
		uint16_t from,
		    to; /* minutes of the day; to <= from: tomorrow */
	} spans[PACS_WINDOW_SPANS];
	unsigned count;
};

/* PACS_EUSAGE if it is none. */
enum pacs_err pacs_window_parse(struct pacs_error *err, const char *text,
				struct pacs_window *ret) PACS_MUST_CHECK;
/* Is it open at that local time? */
bool pacs_window_is_open(const struct pacs_window *w, const struct tm *local);

#endif
