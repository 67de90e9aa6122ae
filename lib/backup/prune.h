/*
 * Shared by the files that prune; part of this room's inside.
 */
#ifndef PACS_BACKUP_PRUNE_H
#define PACS_BACKUP_PRUNE_H

#include "backup/snapshot.h"

struct kept {
	unsigned number;
	int64_t ended;
	bool dropped, keep; /* dropped: by an earlier prune */
};

struct pack_use {
	char name[NAME_ROOM];
	uint64_t size;
	bool needed;
};

struct slot {
	uint64_t hash;
	uint32_t pack;     /* 1 + its number; 0: the path is gone */
	uint32_t snapshot; /* that put it there */
};

struct pruning {
	struct pacs_repo *r;
	const struct pacs_prune *p;
	struct kept *list;
	size_t count;
	struct pack_use *packs;
	size_t pack_count;
	struct slot *slots;
	size_t used;
	unsigned pass, passes;
	bool full;
	unsigned snapshot;     /* at hand */
	size_t snapshot_first; /* its first pack */
	uint64_t all_objects;
	struct names hold;
};

/* Marks the packs that a kept snapshot needs. */
enum pacs_err find_needed(struct pacs_error *err,
			  struct pruning *g) PACS_MUST_CHECK;

#endif
