/*
 * Opening the index in use, in the way that this user can.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "index/internal.h"

/* Bytes of disk below which an index is only read. */
#define ROOM_TO_WRITE (256u << 10)

/*
 * A WAL index needs its -shm file, which a user without permission cannot
 * make. If there is no WAL content (or no way for anybody to write), reading
 * the file as it is, is right.
 */
static enum pacs_err
open_read(struct pacs_error *err, struct pacs_index *ix, const char *path)
{
	char *wal = pacs_format("%s-wal", path);
	struct stat st;
	bool has_wal = stat(wal, &st) == 0 && st.st_size > 0;
	struct state s;

	free(wal);
	if (!db_open(err, &ix->db, path, DB_READ, 10000) &&
	    !state_load(err, &ix->db, &s)) {
		state_clear(&s);
		return PACS_OK;
	}
	if (has_wal || err->code == PACS_EINTEGRITY)
		return err->code;
	pacs_error_clear(err);
	db_close(&ix->db);
	return db_open(err, &ix->db, path, DB_IMMUTABLE, 0);
}

/* Is there room to open it for writing? */
static bool
has_room(const struct pacs_index *ix, bool *ret_small_blocks)
{
	struct statvfs s;

	*ret_small_blocks = false;
	if (statvfs(ix->base, &s) != 0)
		return true;
	*ret_small_blocks = s.f_bsize < (unsigned long)sysconf(_SC_PAGESIZE);
	return (uint64_t)s.f_bavail * s.f_frsize >= ROOM_TO_WRITE;
}

enum pacs_err
index_open_file(struct pacs_error *err, struct pacs_index *ix)
{
	char *path = pacs_format("%s/%s", ix->base, ix->generation);
	bool small_blocks = false;

	if (ix->writable && !has_room(ix, &small_blocks)) {
		ix->writable = false;
		ix->done.full = true;
	}

	if (ix->writable ? db_open(err, &ix->db, path, DB_WRITE, 10000)
			 : open_read(err, ix, path))
		goto out;
	if (ix->writable && small_blocks)
		db_claim_shm(&ix->db);
	ask_register(&ix->db);
out:
	free(path);
	return err->code;
}

/* Nothing on disk and no permission to make it: all in memory, if it fits. */
static enum pacs_err
open_memory(struct pacs_error *err, struct pacs_index *ix)
{
	struct pacs_cursor until;

	ix->generation[0] = '\0';
	ix->done.in_memory = true;
	if (db_open(err, &ix->db, "", DB_MEMORY, 0))
		return err->code;
	ask_register(&ix->db);
	if (state_init(err, &ix->db, ix->ar) ||
	    pacs_ledger_tail(err, ix->ar, &until))
		return err->code;
	return catch_up(err, &ix->db, ix->ar, &ix->opts, &until, MEMORY_LINES,
			0, &ix->done);
}

/* The generation in use; made if there is none. It may go between the look
 * and the open, when another program rebuilds: look again. */
enum pacs_err
index_open_current(struct pacs_error *err, struct pacs_index *ix)
{
	int tries;

	for (tries = 0; tries < 5; tries++) {
		pacs_error_clear(err);
		generation_find(ix->base, ix->generation);
		if (!ix->generation[0] && !ix->writable)
			return open_memory(err, ix);
		if (!ix->generation[0] &&
		    generation_build(err, ix->ar, "", &ix->opts, &ix->done)) {
			if (err->code != PACS_ENOSPC)
				return err->code;
			ix->writable = false;
			ix->done.full = true;
			continue;
		}
		if (!ix->generation[0])
			continue;
		if (!index_open_file(err, ix))
			return PACS_OK;
		db_close(&ix->db);
		if (err->code != PACS_EDENIED)
			return err->code;
	}
	return err->code;
}
