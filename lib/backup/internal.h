/*
 * What the files of this room share.
 *
 *   names.c     lists of names
 *   depot.c     where a repository is: a folder, or
 *   remote.c    a remote of rclone
 *   pull.c      reading a file of it as a stream, decrypted
 *   push.c      writing one, encrypted, durable and counted
 *   tar.c       the entries of a pack
 *   unpack.c    pack -> entries
 *   crew.c      threads that read, check and compress
 *   pack.c      entries -> packs, lists.c what is in them
 *   window.c    ledger -> what is to be packed
 *   groups.c    where in the packs a study is
 *   snapshot.c  the text of a snapshot; chain.c all of them
 */
#ifndef PACS_BACKUP_INTERNAL_H
#define PACS_BACKUP_INTERNAL_H

#include "archive/archive.h"
#include "archive/ledger.h"
#include "backup/backup.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "query/key.h"

#define NAME_ROOM 64          /* "packs/000012/00001.tar.zst.age" */
#define KEY_ROOM  17          /* of a group: 16 hex digits */
#define SMALL_MAX (64u << 20) /* a text that is read whole */
#define OWED_MAX  10000u      /* more is a broken archive */
#define BLOCK     512u        /* of a tar */

struct names {
	char **list;
	size_t count, cap;
};
void names_add(struct names *n, const char *name);
void names_sort(struct names *n);
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
 * absent folder has none. */
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
/* A file without a name, in tmp. */
enum pacs_err depot_nameless(struct pacs_error *err, struct depot *d,
			     int *ret_fd) PACS_MUST_CHECK;

/* --- remote.c: the same of a remote ------------------------------------- */

enum pacs_err remote_put(struct pacs_error *err, struct depot *d,
			 const char *staged, const char *name) PACS_MUST_CHECK;
enum pacs_err remote_slurp(struct pacs_error *err, struct depot *d,
			   const char *name,
			   struct pacs_buf *out) PACS_MUST_CHECK;
/* *ret_sizes as of depot_sizes, or NULL. A folder that is not there is empty.
 */
enum pacs_err remote_list(struct pacs_error *err, struct depot *d,
			  const char *dir, struct names *out,
			  uint64_t **ret_sizes) PACS_MUST_CHECK;
enum pacs_err remote_confirm(struct pacs_error *err, struct depot *d,
			     const struct pacs_backup_file *files,
			     size_t count) PACS_MUST_CHECK;
enum pacs_err remote_remove(struct pacs_error *err, struct depot *d,
			    const char *name) PACS_MUST_CHECK;
enum pacs_err remote_move(struct pacs_error *err, struct depot *d,
			  const char *from, const char *to) PACS_MUST_CHECK;

/* --- the repository ------------------------------------------------------- */

struct pacs_repo {
	struct depot depot;
	char archive[37]; /* UUID */
	char created[PACS_TIME_SIZE];
	struct names recipients; /* empty: not encrypted */
	char *identity;          /* file with keys; NULL */
	int lock_fd;
};
static inline bool
repo_encrypted(const struct pacs_repo *r)
{
	return r->recipients.count > 0;
}
/* Can what is in it be read? */
enum pacs_err repo_readable(struct pacs_error *err,
			    const struct pacs_repo *r) PACS_MUST_CHECK;

/* --- pull.c --------------------------------------------------------------- */

struct pull {
	int fd;             /* -1: memory */
	const char *memory; /* borrowed */
	uint64_t left;      /* of a part of a file; UINT64_MAX: to its end */
	uint64_t at;        /* read so far */
	int64_t offset;     /* of a file, for pread; -1: a pipe */
	struct pacs_child children[2];
	unsigned count;
};
/* A file of the repository, as it is (raw) or decrypted; length 0: all of it.
 * Parts only of what is not encrypted, or raw. */
enum pacs_err pull_open(struct pacs_error *err, struct pacs_repo *r,
			const char *name, bool raw, uint64_t offset,
			uint64_t length, struct pull *p) PACS_MUST_CHECK;
void pull_memory(struct pull *p, const void *bytes, size_t size);
/* Fewer bytes than asked for only at the end. */
enum pacs_err pull_read(struct pacs_error *err, struct pull *p, void *buf,
			size_t size, size_t *ret_n) PACS_MUST_CHECK;
/* The end was reached: did the programs behind it end well? */
enum pacs_err pull_end(struct pacs_error *err, struct pull *p) PACS_MUST_CHECK;
void pull_close(struct pull *p);
/* A whole text of the repository, decrypted, unpacked if it is ".zst". */
enum pacs_err pull_text(struct pacs_error *err, struct pacs_repo *r,
			const char *name, struct pacs_buf *out) PACS_MUST_CHECK;

/* Lines of a file of the repository, decrypted and unpacked likewise, however
 * long it is. */
struct lines;
enum pacs_err lines_open(struct pacs_error *err, struct pacs_repo *r,
			 const char *name, struct lines **ret) PACS_MUST_CHECK;
/* NULL at the end; without newline; borrowed until the next call. */
enum pacs_err lines_next(struct pacs_error *err, struct lines *l,
			 char **ret_line) PACS_MUST_CHECK;
void lines_close(struct lines *l);

/* --- push.c --------------------------------------------------------------- */

struct push {
	struct pacs_repo *repo; /* NULL: a stream, fd is not ours */
	int fd;                 /* of the file */
	int in;                 /* where bytes go: fd, or the pipe to age */
	struct pacs_child age;
	char staged[NAME_ROOM];
	struct pacs_digest *digest;
	uint64_t plain;   /* bytes written, before encryption */
	uint64_t flushed; /* of them are on their way to the disk */
};
enum pacs_err push_open(struct pacs_error *err, struct pacs_repo *r,
			struct push *p) PACS_MUST_CHECK;
/* To a descriptor, encrypted for these recipients (count 0: not). */
enum pacs_err push_stream(struct pacs_error *err, int fd,
			  const struct names *recipients,
			  struct push *p) PACS_MUST_CHECK;
enum pacs_err push_write(struct pacs_error *err, struct push *p,
			 const void *bytes, size_t size) PACS_MUST_CHECK;
/* All is written: durable under that name (".age" is added if encrypted);
 * digest and size of the file as it is there. name NULL: a stream. */
enum pacs_err push_place(struct pacs_error *err, struct push *p,
			 const char *name,
			 struct pacs_backup_file *ret) PACS_MUST_CHECK;
void push_close(struct push *p); /* what was not placed is dropped */

/* --- tar.c ---------------------------------------------------------------- */

enum entry_kind {
	ENTRY_FOLDER,
	ENTRY_MARKER,
	ENTRY_LEDGER,
	ENTRY_SMALL, /* address book, amendments, the ledger's lock */
	ENTRY_OBJECT,
	ENTRY_QUARANTINE,
};
struct entry {
	char path[PACS_PATH_ROOM];
	uint64_t size;
	char sha256[PACS_SHA256_HEX]; /* as noted in the pack; "" */
	enum entry_kind kind;
};
/* Can a pack hold this name? False for all that could lead elsewhere. */
bool entry_kind_of(const char *path, enum entry_kind *ret);
/* Append the header of a file (or, path with '/' at its end, a folder). */
void tar_header(struct pacs_buf *out, const char *path, uint64_t size,
		unsigned mode, const char *sha256);
static inline size_t
tar_padding(uint64_t size)
{
	return (size_t)((BLOCK - size % BLOCK) % BLOCK);
}

/* --- unpack.c ------------------------------------------------------------- */

struct unpack;
/* Takes p over: it is closed with the unpacker. */
enum pacs_err unpack_open(struct pacs_error *err, struct pull *p,
			  struct unpack **ret_u) PACS_MUST_CHECK;
/* The next entry, NULL at the end of the stream. What was not read of the one
 * before is passed over. PACS_EFORMAT: no pack. */
enum pacs_err unpack_next(struct pacs_error *err, struct unpack *u,
			  const struct entry **ret_e) PACS_MUST_CHECK;
/* Bytes of the entry; *ret_n = 0 at its end, where its digest was compared
 * with the noted one: PACS_EINTEGRITY. Borrowed until the next call. */
enum pacs_err unpack_data(struct pacs_error *err, struct unpack *u,
			  const void **ret_bytes,
			  size_t *ret_n) PACS_MUST_CHECK;
/* Digest of the entry that was read to its end. */
const char *unpack_sha256(const struct unpack *u);
void unpack_close(struct unpack *u);

/* --- snapshot.c ----------------------------------------------------------- */

/* A text ends with the digest of itself. */
void text_seal(struct pacs_buf *b);
bool text_whole(const char *text, size_t len, size_t *ret_len);

struct snapshot {
	unsigned number;
	bool partial, dropped;
	char archive[37];
	char began[PACS_TIME_SIZE], ended[PACS_TIME_SIZE];
	struct pacs_cursor from, to, sealed;
	char previous[PACS_SHA256_HEX];  /* "" for the first */
	char small[PACS_SHA256_HEX];     /* digest of the small files */
	uint64_t objects, bytes, missed; /* of this one */
	uint64_t all_objects, all_bytes, all_packs; /* and all before */
	struct pacs_cursor *owed; /* before the lines of objects not packed */
	size_t owed_count;
	struct pacs_backup_file *files;
	size_t file_count, file_cap;
	char sha256[PACS_SHA256_HEX]; /* of its text, when read */
};
void snapshot_clear(struct snapshot *s);
struct pacs_backup_file *snapshot_add(struct snapshot *s);
void snapshot_owe(struct snapshot *s, const struct pacs_cursor *c);
void snapshot_format(const struct snapshot *s, struct pacs_buf *out);
/* "packs/000012/00001.tar.zst" and the like: where we may look for it. */
bool snapshot_names_file(const char *name);
enum pacs_err snapshot_parse(struct pacs_error *err, const char *text,
			     size_t len, struct snapshot *ret) PACS_MUST_CHECK;
enum pacs_err snapshot_read(struct pacs_error *err, struct pacs_repo *r,
			    const char *name,
			    struct snapshot *ret) PACS_MUST_CHECK;
/* The last whole one and the one that was begun behind it; numbers are 0 if
 * there is none. */
enum pacs_err snapshot_last(struct pacs_error *err, struct pacs_repo *r,
			    struct snapshot *ret_last,
			    struct snapshot *ret_partial) PACS_MUST_CHECK;

/* All of them in order, dropped ones too, each read when it is its turn. */
struct chain {
	struct names names; /* "snapshots/000001", "dropped/000002", ... */
	size_t next;
	struct snapshot now;
	struct names removed;         /* packs that prune took, sorted */
	char before[PACS_SHA256_HEX]; /* digest of the last one */
};
/* Up to that number; 0: all, with what is partial. */
enum pacs_err chain_open(struct pacs_error *err, struct pacs_repo *r,
			 unsigned last, struct chain *c) PACS_MUST_CHECK;
/* NULL at the end. PACS_EINTEGRITY: it does not follow the one before. */
enum pacs_err chain_next(struct pacs_error *err, struct pacs_repo *r,
			 struct chain *c,
			 const struct snapshot **ret_s) PACS_MUST_CHECK;
void chain_close(struct chain *c);
/* The packs that prune removed: the text "dropped/removed". */
enum pacs_err removed_read(struct pacs_error *err, struct pacs_repo *r,
			   struct names *out) PACS_MUST_CHECK;
bool names_have(const struct names *sorted, const char *name);

/* --- window.c ---------------------------------------------------------------
 */

struct item {
	char *path;            /* in the plan's arena */
	const char *sha256;    /* recorded; NULL: not known */
	uint64_t size;         /* recorded */
	struct pacs_cursor at; /* before its line */
	uint32_t order;
	bool gone; /* removed within the window */
};
struct plan {
	struct pacs_arena arena;
	struct item *list;
	size_t count, cap;
	uint64_t bytes;
	struct pacs_cursor to;
	uint32_t lines;
};
/* The ledger from a place on, up to end or so many lines and bytes: of each
 * path what was said last, sorted. */
enum pacs_err window_read(struct pacs_error *err, const struct pacs_archive *ar,
			  const struct pacs_cursor *from,
			  const struct pacs_cursor *end, uint64_t max_lines,
			  uint64_t max_bytes, struct plan *ret) PACS_MUST_CHECK;
/* One line, if it is about something in the archive. */
void window_line(struct plan *p, const struct pacs_ledger_line *l);
void window_settle(struct plan *p);
void window_clear(struct plan *p);
bool cursor_before(const struct pacs_cursor *a, const struct pacs_cursor *b);

/* --- groups.c ------------------------------------------------------------- */

/* Study-level values that a backup can be asked for without the archive. */
/* clang-format off: it finds no end with this one */
#define GROUP_KEYS(G)             \
	G(StudyInstanceUID)       \
	G(AccessionNumber)        \
	G(PatientID)              \
	G(IssuerOfPatientID)      \
	G(PatientName)            \
	G(PatientBirthDate)       \
	G(PatientSex)             \
	G(StudyDate)              \
	G(StudyTime)              \
	G(StudyID)                \
	G(StudyDescription)       \
	G(ReferringPhysicianName) \
	G(Modality)
/* clang-format on */
enum {
#define G(name) GROUP_##name,
	GROUP_KEYS(G)
#undef G
	    GROUP_VALUES
};
struct group_line {
	char key[KEY_ROOM];
	char what; /* '+' an extent, '-' gone, '?' died before it was read */
	unsigned pack; /* of the snapshot that the file belongs to */
	uint64_t offset, length, raw, objects;
	const char *path;                 /* '-' and '?' */
	const char *values[GROUP_VALUES]; /* '+' */
};
void group_key(const char *path, char ret[KEY_ROOM]);
/* The TSV of the values of an object's bytes (its beginning), appended. */
void group_values(struct pacs_buf *out, const void *bytes, size_t size);
bool group_parse(char *line, struct group_line *ret);
/* Each line of a groups file with that key, in order (NULL: all lines). A local
 * file that is not encrypted is searched, others are read. line is NUL-ended
 * and may be changed. */
typedef enum pacs_err group_fn(struct pacs_error *err, void *ctx, char *line);
enum pacs_err groups_each(struct pacs_error *err, struct pacs_repo *r,
			  const char *name, const char *key, group_fn *fn,
			  void *ctx) PACS_MUST_CHECK;

/* --- crew.c, pack.c ------------------------------------------------------- */

struct job {
	/* Set by the caller. */
	struct item **items; /* whole objects; or one, and a range of it */
	size_t count;
	bool range, first, last; /* of a range */
	int fd;                  /* range: open file */
	uint64_t offset, length;
	unsigned mode;    /* of the entries */
	bool with_values; /* wants group values of the first object */
	char key[KEY_ROOM];
	/* Result. */
	enum pacs_err rc;
	struct pacs_error err;
	struct pacs_buf out; /* frames */
	uint64_t raw, bytes, done;
	struct pacs_buf values, list; /* list: "SHA TAB SIZE TAB PATH\n" */
	struct item **failed;         /* absent or with other bytes */
	size_t failed_count;
	bool ready;
};
struct crew;
enum pacs_err crew_open(struct pacs_error *err, const struct pacs_archive *ar,
			unsigned jobs, int level, uint64_t rate,
			struct crew **ret_c) PACS_MUST_CHECK;
void crew_close(struct crew *c);
size_t crew_chunk(const struct crew *c); /* raw bytes of a job */
bool crew_full(const struct crew *c);
/* Takes j over; crew_collect gives jobs back in this order. */
void crew_submit(struct crew *c, struct job *j);
struct job *crew_collect(struct crew *c); /* NULL: none is on its way */
/* After its frames were written: frees j, keeps its room. */
void crew_done(struct crew *c, struct job *j);
void job_free(struct job *j);

struct packer {
	struct pacs_repo *repo; /* NULL: one stream */
	const struct pacs_archive *ar;
	struct snapshot *snapshot; /* files are added here */
	struct crew *crew;
	uint64_t pack_size;
	int stream_fd;
	struct push push;
	bool open;
	unsigned serial; /* of the pack */
	const char *kind;
	uint64_t size, raw, objects;
	/* the extent that is being written */
	struct {
		char key[KEY_ROOM];
		uint64_t offset, raw, objects;
		struct pacs_buf values;
	} extent;
	struct pacs_buf groups, list; /* of the part */
	struct item **failed;
	size_t failed_count, failed_cap;
	const struct pacs_backup_hooks *hooks;
	int level;
	bool patient; /* a window is not left half done */
};
/* Pack all of a plan, but what is gone; failed holds what could not be. */
enum pacs_err pack_plan(struct pacs_error *err, struct packer *p,
			struct plan *plan) PACS_MUST_CHECK;
/* One file from memory, or from the archive (bytes NULL), as it is now. */
enum pacs_err pack_file(struct pacs_error *err, struct packer *p,
			const char *path, unsigned mode, const void *bytes,
			size_t size) PACS_MUST_CHECK;
/* End the pack that is being written, if there is one. */
enum pacs_err pack_finish(struct pacs_error *err,
			  struct packer *p) PACS_MUST_CHECK;
/* The part's groups and list become files of the snapshot. */
enum pacs_err pack_index(struct pacs_error *err, struct packer *p,
			 unsigned part) PACS_MUST_CHECK;
void packer_clear(struct packer *p);
enum pacs_err zstd_whole(struct pacs_error *err, const void *bytes, size_t size,
			 int level, struct pacs_buf *out) PACS_MUST_CHECK;

#endif
