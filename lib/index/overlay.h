/*
 * Pages of an index as they were at one moment, and what changes of them in
 * memory. (overlay-pages.c; overlay.c puts a connection on it)
 */
#ifndef PACS_INDEX_OVERLAY_H
#define PACS_INDEX_OVERLAY_H

#include "index/internal.h"

/* The WAL (sqlite.org/fileformat2.html, 4.1): a header, and frames of a header
 * and a page each. Checksums run on from the header. */
#define WAL_HEADER   32
#define FRAME_HEADER 24

struct page {
	uint32_t number; /* from 1; 0: a free place */
	unsigned char *bytes;
};

struct overlay {
	sqlite3_vfs vfs; /* at first: SQLite hands it back */
	sqlite3_vfs *real;
	char name[40];
	struct db base;
	sqlite3_stmt *first_read;
	bool held;
	struct version {
		bool taken;
		uint32_t frames; /* of the WAL, up to the last commit */
		unsigned char header[WAL_HEADER], next[FRAME_HEADER];
	} version; /* of the index, when its WAL was copied */
	uint32_t renewals;
	uint32_t page_size, page_count;
	struct page *pages; /* by number, open addressing */
	size_t used, room;
};

/* Results are those of SQLite. The connection to the index is in a transaction
 * that reads when these are called. */

/* A page of a page's size to be changed; NULL: *ret_rc says why. fresh: what it
 * holds does not matter. */
unsigned char *overlay_change(struct overlay *o, uint32_t number, bool fresh,
			      int *ret_rc);
/* It, if it was changed; else NULL. */
const unsigned char *overlay_changed(const struct overlay *o, uint32_t number);
/* Bytes of the index's file. */
int overlay_read_below(const struct overlay *o, void *buf, int n,
		       sqlite3_int64 at);
void overlay_drop(struct overlay *o);
/* All anew from the index as it is now. */
int overlay_take(struct overlay *o);
/* Is it still as it was then? */
bool overlay_is_same(const struct overlay *o);

#endif
