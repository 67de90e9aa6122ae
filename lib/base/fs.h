/*
 * Every change to a disk: creating, writing, flushing, naming, removing.
 *
 * All rooms change files through these calls alone, so that faults can be
 * injected and crashes replayed in one place (tests/fault). Paths are relative
 * to dirfd (AT_FDCWD works). Descriptors are close-on-exec. Knows POSIX and
 * Linux, not what the files mean. Thread-safe.
 *
 * Errors are those of the system call (pacs_error_sys), others where said.
 * Nothing is durable, bytes or names, before a sync that covers it, unless the
 * call says so.
 */
#ifndef PACS_BASE_FS_H
#define PACS_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/mem.h"

/* New file for writing; PACS_EEXISTS if the name is taken. Caller closes. */
enum pacs_err pacs_fs_create(struct pacs_error *err, int dirfd,
			     const char *path, mode_t mode,
			     int *ret_fd) PACS_MUST_CHECK;
/* Open for reading and writing, made if absent. Caller closes. */
enum pacs_err pacs_fs_open_rw(struct pacs_error *err, int dirfd,
			      const char *path, mode_t mode,
			      int *ret_fd) PACS_MUST_CHECK;
/* Where temporary files go: what was set once, before any thread, else /tmp.
 * Not copied. */
void pacs_fs_set_tmp_dir(const char *dir);
const char *pacs_fs_tmp_dir(void);
/* A file for reading and writing that has no name and ends with its last
 * descriptor. Caller closes. */
enum pacs_err pacs_fs_unnamed(struct pacs_error *err, const char *folder,
			      int *ret_fd) PACS_MUST_CHECK;
/* Write all of it: short writes and EINTR are continued. */
enum pacs_err pacs_fs_write(struct pacs_error *err, int fd, const void *bytes,
			    size_t size) PACS_MUST_CHECK;
enum pacs_err pacs_fs_pwrite(struct pacs_error *err, int fd, const void *bytes,
			     size_t size, uint64_t offset) PACS_MUST_CHECK;
/* Share the blocks of in_fd (FICLONE) with out_fd. False if the file system
 * cannot: nothing has happened then. */
bool pacs_fs_clone(int in_fd, int out_fd);
enum pacs_err pacs_fs_truncate(struct pacs_error *err, int fd,
			       uint64_t size) PACS_MUST_CHECK;
/* Reserve disk space for [offset, offset+size) without changing the file's
 * size. A file system that cannot is not an error; a full one is. */
enum pacs_err pacs_fs_reserve(struct pacs_error *err, int fd, uint64_t offset,
			      uint64_t size) PACS_MUST_CHECK;
enum pacs_err pacs_fs_chmod(struct pacs_error *err, int fd,
			    mode_t mode) PACS_MUST_CHECK;
/* Of a link: the link itself. */
enum pacs_err pacs_fs_chown(struct pacs_error *err, int dirfd, const char *path,
			    uid_t uid, gid_t gid) PACS_MUST_CHECK;

/* Durability: data and size of a file; entries of a folder; all of the file
 * system that fd is on. A failure is final: never call again and believe it. */
enum pacs_err pacs_fs_sync(struct pacs_error *err, int fd) PACS_MUST_CHECK;
/* A hint, not a barrier: the disk may start on the file's bytes now. */
void pacs_fs_start_flush(int fd);
enum pacs_err pacs_fs_sync_path(struct pacs_error *err, int dirfd,
				const char *path) PACS_MUST_CHECK;
/* The folder that holds path: its name is there for good. */
enum pacs_err pacs_fs_sync_parent(struct pacs_error *err, int dirfd,
				  const char *path) PACS_MUST_CHECK;
enum pacs_err pacs_fs_sync_all(struct pacs_error *err, int fd) PACS_MUST_CHECK;
/* Does pacs_fs_sync_all mean what it says there? A file system in user space
 * (FUSE) is not told of it; in doubt: no. */
bool pacs_fs_can_sync_all(int fd);

/* PACS_EEXISTS if the new name is taken; never over something. */
enum pacs_err pacs_fs_link(struct pacs_error *err, int old_dirfd,
			   const char *old_path, int new_dirfd,
			   const char *new_path) PACS_MUST_CHECK;
/* Replaces what has the new name, atomically. */
enum pacs_err pacs_fs_rename(struct pacs_error *err, int old_dirfd,
			     const char *old_path, int new_dirfd,
			     const char *new_path) PACS_MUST_CHECK;
/* The same, but PACS_EEXISTS if the new name is taken; never over something.
 * Half of what a link and an unlink cost. A file system that cannot gets
 * those. */
enum pacs_err pacs_fs_move(struct pacs_error *err, int old_dirfd,
			   const char *old_path, int new_dirfd,
			   const char *new_path) PACS_MUST_CHECK;
enum pacs_err pacs_fs_unlink(struct pacs_error *err, int dirfd,
			     const char *path) PACS_MUST_CHECK;
enum pacs_err pacs_fs_rmdir(struct pacs_error *err, int dirfd,
			    const char *path) PACS_MUST_CHECK;
/* PACS_EEXISTS if the name is taken. */
enum pacs_err pacs_fs_mkdir(struct pacs_error *err, int dirfd, const char *path,
			    mode_t mode) PACS_MUST_CHECK;
/* Make path and its missing parents; fine if they exist. */
enum pacs_err pacs_fs_mkdirs(struct pacs_error *err, int dirfd,
			     const char *path, mode_t mode) PACS_MUST_CHECK;
/* Point a symbolic link at target, whether or not it exists: readers see the
 * old one or the new one. */
enum pacs_err pacs_fs_symlink_swap(struct pacs_error *err, int dirfd,
				   const char *target,
				   const char *path) PACS_MUST_CHECK;
/* A whole small file, durable when it returns: temporary name, sync, then
 * rename over (replace) or link (else PACS_EEXISTS), then sync of its folder.
 */
enum pacs_err pacs_fs_write_file(struct pacs_error *err, int dirfd,
				 const char *path, mode_t mode,
				 const void *bytes, size_t size,
				 bool replace) PACS_MUST_CHECK;

/* Free bytes for this user, and the size, of the file system fd is on. */
enum pacs_err pacs_fs_space(struct pacs_error *err, int fd,
			    uint64_t *ret_free_bytes,
			    uint64_t *ret_total_bytes) PACS_MUST_CHECK;

/*
 * Lock a whole file (open file description lock: between processes and
 * between descriptors of one process, over NFSv4 too). Waits up to timeout_ms,
 * then PACS_EBUSY; 0 tries once. Closing the descriptor unlocks.
 */
enum pacs_err pacs_fs_lock(struct pacs_error *err, int fd, bool exclusive,
			   unsigned timeout_ms) PACS_MUST_CHECK;
void pacs_fs_unlock(int fd);

#endif
