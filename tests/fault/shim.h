/*
 * The fault shim: an LD_PRELOAD library that stands between a program and
 * every libc call that changes a disk below one folder. What it does with the
 * calls is said by the environment.
 *
 *   SHIM_ROOT=DIR             only calls about files below DIR count
 *   SHIM_STATE=FILE           counters are kept here, over processes
 *   SHIM_JOURNAL=FILE         record each change, with its bytes
 *   SHIM_OUT=FILE             where acknowledgements go (stdout)
 *   SHIM_FAIL=[CLASS:]N:ERROR[:on]   the Nth call fails; "on": all that follow
 *   SHIM_KILL=[CLASS:]N[:after]      SIGKILL before (or after) the Nth call
 *   SHIM_LIE=fsync|syncfs     such calls say that they did, and did nothing
 *   SHIM_BROKEN=END           reading a folder whose path ends so breaks off
 *                             (reading.c; needs no root)
 */
#ifndef SHIM_H
#define SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Numbers are part of the journal: tests/fault/journal.py has the same. */
enum shim_class {
	SHIM_CREATE = 1, /* open that makes or empties a file */
	SHIM_WRITE,
	SHIM_COPY, /* copy_file_range, sendfile, FICLONE */
	SHIM_TRUNCATE,
	SHIM_RESERVE, /* fallocate */
	SHIM_LINK,
	SHIM_SYMLINK,
	SHIM_RENAME,
	SHIM_UNLINK,
	SHIM_RMDIR,
	SHIM_MKDIR,
	SHIM_CHMOD,  /* and chown */
	SHIM_FSYNC,  /* and fdatasync */
	SHIM_SYNCFS, /* and sync */
	SHIM_RANGE,  /* sync_file_range: no barrier, it promises too little */
	SHIM_CLASSES
};

/* A line of the journal: this, then name, name2 and data. */
struct shim_record {
	uint32_t magic; /* SHIM_MAGIC */
	uint32_t op;
	uint64_t ino;     /* what is changed */
	uint64_t parent;  /* folder of name */
	uint64_t parent2; /* folder of name2 (rename: the new one) */
	uint64_t offset;
	uint64_t size; /* truncate: the size; reserve: behind the end */
	uint64_t out;  /* bytes in SHIM_OUT when the call began */
	uint64_t data_size;
	uint32_t mode;  /* st_mode after */
	uint32_t flags; /* create: 1 = was there and was emptied, 2 = no name */
	uint32_t pid;
	uint32_t name_size;
	uint32_t name2_size;
	uint32_t zero;
};
#define SHIM_MAGIC 0x31304a46u

/* A call on its way through the shim. */
struct shim_call {
	bool ours; /* below the root */
	bool locked;
	bool kill_after;
	bool cut; /* write half */
	bool lie; /* say that it was flushed */
	int fail; /* errno to fail with, or 0 */
	struct shim_record rec;
	char name[256];
	char name2[4096]; /* of rename; the target of symlink */
	const void *data;
	void *own_data; /* freed at the end */
};

/* plan.c: what shall happen to this call? A write that has its blocks already
 * (has_blocks) passes on a full disk. Kills the process if so planned. */
void shim_plan(struct shim_call *c, bool has_blocks);
void shim_kill(void);

/* record.c */
bool shim_recording(void);
void shim_record_lock(struct shim_call *c); /* notes stdout, too */
void shim_record_write(const struct shim_call *c);
void shim_record_unlock(struct shim_call *c);

#endif
