/*
 * From the ledger to packs: what is to be packed (window.c), threads that read,
 * check and compress (crew.c, frame.c), packs (pack.c) of objects (pack-plan.c)
 * and of other files (pack-file.c), where in them a study is (groups.c), and
 * what is in them (lists.c).
 */
#ifndef PACS_BACKUP_PACKING_H
#define PACS_BACKUP_PACKING_H

#include "archive/archive.h"
#include "backup/snapshot.h"
#include "query/key.h"

#define KEY_ROOM 17 /* of a group: 16 hex digits */
/* Packs of a snapshot are numbered with five digits or more: the first one of
 * a large archive may have many. */
#define PACK_NUMBER_MOST 9999999

/* --- window.c ------------------------------------------------------------ */

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

/* --- crew.c --------------------------------------------------------------- */

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
			const struct pacs_backup_hooks *hooks,
			struct crew **ret_c) PACS_MUST_CHECK;
void crew_close(struct crew *c);
size_t crew_chunk(const struct crew *c); /* raw bytes of a job */
bool crew_full(const struct crew *c);
/* Takes j over; crew_collect gives jobs back in this order. */
void crew_submit(struct crew *c, struct job *j);
void crew_hurry(struct crew *c); /* no pauses any more for the rate's sake */
struct job *crew_collect(struct crew *c); /* NULL: none is on its way */
/* After its frames were written: frees j, keeps its room. */
void crew_done(struct crew *c, struct job *j);
void job_free(struct job *j);

/* --- frame.c -------------------------------------------------------------- */

struct ZSTD_CCtx_s; /* zstd.h */
/* One frame of all the bytes, appended: quickly, if they look as if nothing
 * were gained. PACS_EINTERNAL. */
enum pacs_err frame_add(struct pacs_error *err, struct ZSTD_CCtx_s *z,
			const struct pacs_buf *raw, int level,
			struct pacs_buf *out) PACS_MUST_CHECK;
/* The same at that level, with a context of its own. */
enum pacs_err zstd_whole(struct pacs_error *err, const void *bytes, size_t size,
			 int level, struct pacs_buf *out) PACS_MUST_CHECK;

/* --- pack.c --------------------------------------------------------------- */

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
};
/* A pack is open from now on: the one that is, or a new one. */
enum pacs_err pack_begin(struct pacs_error *err,
			 struct packer *p) PACS_MUST_CHECK;
/* The same for the frames of a job, which may be too many for the one that is:
 * what follows is of the job's group. */
enum pacs_err pack_extent(struct pacs_error *err, struct packer *p,
			  const struct job *j) PACS_MUST_CHECK;
/* Write frames; raw: so many bytes they were. */
enum pacs_err pack_frames(struct pacs_error *err, struct packer *p,
			  const struct pacs_buf *frames,
			  uint64_t raw) PACS_MUST_CHECK;
/* End the pack that is being written, if there is one: durable, and a file of
 * the snapshot. */
enum pacs_err pack_finish(struct pacs_error *err,
			  struct packer *p) PACS_MUST_CHECK;
void packer_clear(struct packer *p);

/* --- pack-plan.c ---------------------------------------------------------- */

/* Pack all of a plan, but what is gone; failed holds what could not be. */
enum pacs_err pack_plan(struct pacs_error *err, struct packer *p,
			struct plan *plan) PACS_MUST_CHECK;

/* --- pack-file.c ---------------------------------------------------------- */

/* One file from memory, or from the archive (bytes NULL), as it is now. */
enum pacs_err pack_file(struct pacs_error *err, struct packer *p,
			const char *path, unsigned mode, const void *bytes,
			size_t size) PACS_MUST_CHECK;

/* --- lists.c -------------------------------------------------------------- */

/* The part's groups and list become files of the snapshot. */
enum pacs_err pack_index(struct pacs_error *err, struct packer *p,
			 unsigned part) PACS_MUST_CHECK;

#endif
