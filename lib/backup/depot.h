/*
 * Where a repository is: a folder (depot.c) or a remote of rclone (remote.c);
 * lists of names (names.c).
 */
#ifndef PACS_BACKUP_DEPOT_H
#define PACS_BACKUP_DEPOT_H

#include "backup/backup.h"
#include "base/child.h"
#include "base/mem.h"

#define NAME_ROOM 64             /* "packs/000012/00001.tar.zst.age" */
#define SMALL_MAX (64u << 20)    /* a text that is read whole */
#define STAGED    "pacs-backup-" /* begins the names of files on their way */

struct names {
	char **list;
	size_t count, cap;
};
void names_add(struct names *n, const char *name);
void names_sort(struct names *n);
/* Where it is; count: nowhere. */
size_t names_find(const struct names *sorted, const char *name);
bool names_have(const struct names *sorted, const char *name);
void names_clear(struct names *n);

/* --- depot.c -------------------------------------------------------------- */

struct depot {
	char *where;  /* as given */
	char *remote; /* "name:path" for rclone; NULL: a folder */
	int dirfd;    /* of the folder */
	char *tmp;    /* a folder for files on their way */
	int tmpfd;
	unsigned serial;
};
/* "name:path" of a remote, in where; NULL: it is a folder. */
const char *depot_remote(const char *where);
/* make: the folder is made if it is not there. */
enum pacs_err depot_open(struct pacs_error *err, const char *where, bool make,
			 struct depot *d) PACS_MUST_CHECK;
void depot_close(struct depot *d);
/* The folder itself survives a loss of power. */
enum pacs_err depot_settle(struct pacs_error *err,
			   struct depot *d) PACS_MUST_CHECK;
/* A new file on its way: its name in tmp. Caller closes. */
enum pacs_err depot_stage(struct pacs_error *err, struct depot *d,
			  char ret_name[NAME_ROOM],
			  int *ret_fd) PACS_MUST_CHECK;
/* Give it its name, over what may have it, durably. */
enum pacs_err depot_place(struct pacs_error *err, struct depot *d,
			  const char *staged, int fd,
			  const char *name) PACS_MUST_CHECK;
void depot_drop(struct depot *d, const char *staged);
/* A small file; with replace over what may be there, else PACS_EEXISTS. */
enum pacs_err depot_put(struct pacs_error *err, struct depot *d,
			const char *name, const void *bytes, size_t size,
			bool replace) PACS_MUST_CHECK;
/* A small file as a whole, appended. PACS_ENOTFOUND. */
enum pacs_err depot_slurp(struct pacs_error *err, struct depot *d,
			  const char *name,
			  struct pacs_buf *out) PACS_MUST_CHECK;
/* Names in a folder, sorted, files only, or folders only with '/' behind; an
 * absent folder has none. out comes empty. */
enum pacs_err depot_list(struct pacs_error *err, struct depot *d,
			 const char *dir, struct names *out) PACS_MUST_CHECK;
/* The same with the size of each file; *ret_sizes is the caller's. */
enum pacs_err depot_sizes(struct pacs_error *err, struct depot *d,
			  const char *dir, struct names *out,
			  uint64_t **ret_sizes) PACS_MUST_CHECK;
/* Files that were placed are there, of their size: else PACS_EIO. */
enum pacs_err depot_confirm(struct pacs_error *err, struct depot *d,
			    const struct pacs_backup_file *files,
			    size_t count) PACS_MUST_CHECK;
enum pacs_err depot_lost(struct pacs_error *err, const struct depot *d,
			 const char *name);
enum pacs_err depot_remove(struct pacs_error *err, struct depot *d,
			   const char *name) PACS_MUST_CHECK;
enum pacs_err depot_move(struct pacs_error *err, struct depot *d,
			 const char *from, const char *to) PACS_MUST_CHECK;
/* One run at a time: PACS_EBUSY. *ret_fd is closed to unlock. */
enum pacs_err depot_lock(struct pacs_error *err, struct depot *d,
			 int *ret_fd) PACS_MUST_CHECK;

/* --- remote.c: the same of a remote ------------------------------------- */

enum pacs_err remote_put(struct pacs_error *err, struct depot *d,
			 const char *staged, const char *name) PACS_MUST_CHECK;
enum pacs_err remote_slurp(struct pacs_error *err, struct depot *d,
			   const char *name,
			   struct pacs_buf *out) PACS_MUST_CHECK;
/* As depot_list; ret_sizes as of depot_sizes, or NULL. */
enum pacs_err remote_list(struct pacs_error *err, struct depot *d,
			  const char *dir, struct names *out,
			  uint64_t **ret_sizes) PACS_MUST_CHECK;
/* Names of all packs, sorted, with their folders: one call of rclone. */
enum pacs_err remote_list_packs(struct pacs_error *err, struct depot *d,
				struct names *out) PACS_MUST_CHECK;
enum pacs_err remote_confirm(struct pacs_error *err, struct depot *d,
			     const struct pacs_backup_file *files,
			     size_t count) PACS_MUST_CHECK;
enum pacs_err remote_remove(struct pacs_error *err, struct depot *d,
			    const char *name) PACS_MUST_CHECK;
enum pacs_err remote_move(struct pacs_error *err, struct depot *d,
			  const char *from, const char *to) PACS_MUST_CHECK;

#endif
