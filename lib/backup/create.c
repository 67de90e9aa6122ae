/*
 * A night: what the ledger says is new goes into packs, and a snapshot says so.
 *
 *   seal    the active segment ends, so that each segment is packed once
 *   ledger  the new segments, and the marker, the address book, ...
 *   window  so many lines: of each object the last word; objects into packs,
 *           packs durable, lists durable, then "snapshots/N.partial" says so
 *   end     "snapshots/N" instead of it
 *
 * Interrupted anywhere, the next run goes on behind the last window that the
 * partial snapshot names; what was placed and is not named is removed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/internal.h"
#include "base/file.h"
#include "dicom/uid.h"

#define WINDOW_LINES 50000u
#define WINDOW_PACKS 16u
#define PACK_BYTES   (128u << 20)
#define SMALL_FILE   (16u << 20)
/* Pictures are mostly noise: level 3 takes three times as long as level 1 for
 * some per cent (of the corpus: 6 in the median, 20 at most). */
#define LEVEL_OBJECTS 1
#define LEVEL_TEXT    3

struct night {
	struct pacs_repo *r; /* NULL: a stream */
	struct pacs_archive *ar;
	const struct pacs_backup_options *o;
	const struct pacs_backup_hooks *hooks;
	struct snapshot base; /* the last whole one; number 0: none */
	struct snapshot now;  /* that is being made */
	bool resumed;
	bool wrote_partial;
	struct packer packer;
	unsigned part;
	struct pacs_cursor end; /* sealed: as far as this run goes */
	size_t confirmed;       /* files that were seen to be there */
	/* Digests released from quarantine behind a window, by their first 8
	 * bytes; read as far as late_at. */
	struct pacs_cursor late_at;
	uint64_t *late;
	size_t late_count, late_cap;
	bool late_begun;
};

/* --- small files ---------------------------------------------------------- */

static enum pacs_err
list_small(struct pacs_error *err, const struct pacs_archive *ar,
	   struct names *out)
{
	int fd = openat(pacs_archive_dirfd(ar), "amendments",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;
	char path[PACS_PATH_ROOM];

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "amendments/%.400s", e->d_name);
		if (pacs_uid_is_safe(e->d_name))
			names_add(out, path);
	}
	if (d)
		closedir(d);
	else if (errno != ENOENT)
		return pacs_error_sys(err, errno, "cannot read 'amendments'");
	if (faccessat(pacs_archive_dirfd(ar), "peers", F_OK, 0) == 0)
		names_add(out, "peers");
	names_sort(out);
	names_add(out, "pacs-archive"); /* last: with it an archive exists */
	return PACS_OK;
}

static enum pacs_err
digest_small(struct pacs_error *err, const struct pacs_archive *ar,
	     const struct names *files, char ret[PACS_SHA256_HEX])
{
	struct pacs_digest *d = pacs_digest_new();
	struct pacs_buf b = {0};
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < files->count; i++) {
		pacs_buf_reset(&b);
		rc = pacs_file_slurp(err, pacs_archive_dirfd(ar),
				     files->list[i], SMALL_FILE, &b);
		pacs_digest_add(d, files->list[i], strlen(files->list[i]) + 1);
		pacs_digest_add(d, pacs_buf_str(&b), b.len);
		pacs_digest_add(d, "\n", 1);
	}
	pacs_digest_end_hex(d, ret);
	pacs_digest_free(d);
	pacs_buf_clear(&b);
	return rc;
}

static enum pacs_err
pack_small(struct pacs_error *err, struct night *n, const struct names *files)
{
	static const char *const folders[] = {"objects/",  "ledger/",
					      "index/",    "quarantine/",
					      "incoming/", "purged/"};
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < sizeof(folders) / sizeof(*folders); i++)
		rc = pack_file(err, &n->packer, folders[i], 0750, "", 0);
	if (!rc)
		rc = pack_file(err, &n->packer, "ledger/lock", 0640, "", 0);
	for (i = 0; !rc && i < files->count; i++)
		rc = pack_file(err, &n->packer, files->list[i], 0640, NULL, 0);
	return rc;
}

/* The segments that are sealed and in no pack yet, and the small files if they
 * have changed. */
static enum pacs_err
pack_ledger(struct pacs_error *err, struct night *n)
{
	struct names small = {0};
	char digest[PACS_SHA256_HEX], path[32];
	enum pacs_err rc = list_small(err, n->ar, &small);
	uint32_t s = n->now.sealed.segment;

	n->packer.kind = "ledger";
	if (!rc)
		rc = digest_small(err, n->ar, &small, digest);
	if (!rc && strcmp(digest, n->now.small) != 0)
		rc = pack_small(err, n, &small);
	for (; !rc && s < n->end.segment; s++) {
		snprintf(path, sizeof(path), "ledger/%06u.tsv", s);
		rc = pack_file(err, &n->packer, path, 0640, NULL, 0);
	}
	/* The segment that is active now, empty: who unpacks by hand goes on in
	 * it, and leaves the sealed ones as they are. */
	if (!rc && n->packer.open) {
		snprintf(path, sizeof(path), "ledger/%06u.tsv", n->end.segment);
		rc = pack_file(err, &n->packer, path, 0640, "", 0);
	}
	if (!rc && n->r)
		rc = pack_finish(err, &n->packer);
	if (!rc) {
		memcpy(n->now.small, digest, sizeof(digest));
		n->now.sealed = n->end;
	}
	n->packer.kind = "objects";
	names_clear(&small);
	return rc;
}

/* --- what could not be packed --------------------------------------------- */

static uint64_t
hex_head(const char *sha256)
{
	char head[17];

	snprintf(head, sizeof(head), "%.16s", sha256);
	return strtoull(head, NULL, 16);
}

static bool
late_has(const struct night *n, uint64_t head)
{
	size_t i;

	for (i = 0; i < n->late_count; i++)
		if (n->late[i] == head)
			return true;
	return false;
}

/* Was it let out of quarantine behind the window? */
static bool
was_released(struct night *n, const char *sha256,
	     const struct pacs_cursor *from)
{
	struct pacs_error e = PACS_ERROR_INIT;
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	uint64_t head = hex_head(sha256);

	if (!n->late_begun) {
		n->late_at = *from;
		n->late_begun = true;
	}
	if (late_has(n, head))
		return true;
	if (pacs_ledger_open(&e, n->ar, &n->late_at, &r))
		return false;
	while (!pacs_ledger_next(&e, r, &line) && line) {
		if (line->op != PACS_OP_RELEASE)
			continue;
		if (n->late_count == n->late_cap) {
			n->late_cap = n->late_cap ? 2 * n->late_cap : 64;
			n->late = pacs_realloc(n->late,
					       n->late_cap * sizeof(*n->late));
		}
		n->late[n->late_count++] = hex_head(line->sha256);
	}
	n->late_at = *pacs_ledger_cursor(r);
	pacs_ledger_close(r);
	return late_has(n, head);
}

/* NULL: the ledger has an end for it, later than its line. Else what is wrong
 * with it, one word. */
static const char *
trouble(struct night *n, const struct item *item, const struct pacs_cursor *to)
{
	struct pacs_error e = PACS_ERROR_INIT;
	bool there = faccessat(pacs_archive_dirfd(n->ar), item->path, F_OK,
			       AT_SYMLINK_NOFOLLOW) == 0;
	char sha[PACS_SHA256_HEX];
	struct pacs_triple t;
	uint64_t size;

	if (!pacs_object_triple(item->path, &t)) {
		if (!item->sha256 && !there)
			return NULL; /* the reason of what is in quarantine */
		if (!there && was_released(n, item->sha256, to))
			return NULL;
		return there ? "damaged" : "missing";
	}
	if (!there && pacs_object_is_purged(n->ar, &t))
		return NULL;
	if (pacs_ledger_expect(&e, n->ar, &t, sha, &size))
		return e.code == PACS_ENOTFOUND ? NULL : "unreadable";
	if (strcmp(sha, item->sha256) != 0)
		return NULL; /* replaced, or purged and stored again */
	return there ? "damaged" : "missing";
}

static enum pacs_err
settle_failed(struct pacs_error *err, struct night *n,
	      const struct pacs_cursor *to)
{
	struct packer *p = &n->packer;
	enum pacs_err rc = PACS_OK;
	char key[KEY_ROOM];
	size_t i;

	for (i = 0; !rc && i < p->failed_count; i++) {
		const struct item *item = p->failed[i];
		const char *why = trouble(n, item, to);

		if (!why) {
			group_key(item->path, key);
			pacs_buf_addf(&p->groups, "%s\t?\t%s\n", key,
				      item->path);
			continue;
		}
		if (n->hooks->missed)
			n->hooks->missed(n->hooks->ctx, item->path, why);
		n->now.missed++;
		snapshot_owe(&n->now, &item->at);
		if (n->now.owed_count > OWED_MAX)
			rc = pacs_error_set(err, PACS_EINTEGRITY,
					    "more than %u objects are damaged "
					    "or missing",
					    OWED_MAX);
	}
	p->failed_count = 0;
	return rc;
}

/* --- windows -------------------------------------------------------------- */

/* Are the files there that it is going to name? A remote is asked at the end,
 * once: it may have gone and come again, empty. */
static enum pacs_err
confirm(struct pacs_error *err, struct night *n, bool partial)
{
	enum pacs_err rc = PACS_OK;

	if (partial && n->r->depot.remote)
		return PACS_OK;
	rc = depot_confirm(err, &n->r->depot, n->now.files + n->confirmed,
			   n->now.file_count - n->confirmed);
	if (!rc)
		n->confirmed = n->now.file_count;
	return rc;
}

static enum pacs_err
write_snapshot(struct pacs_error *err, struct night *n, bool partial)
{
	struct pacs_buf b = {0};
	char name[NAME_ROOM];
	enum pacs_err rc = confirm(err, n, partial);

	if (rc)
		return rc;
	pacs_time_now(n->now.ended);
	n->now.partial = partial;
	snapshot_format(&n->now, &b);
	snprintf(name, sizeof(name), "snapshots/%06u%s", n->now.number,
		 partial ? ".partial" : "");
	rc = depot_put(err, &n->r->depot, name, b.data, b.len, partial);
	n->wrote_partial |= partial;
	pacs_buf_clear(&b);
	return rc;
}

static enum pacs_err
pack_window(struct pacs_error *err, struct night *n, struct plan *plan)
{
	enum pacs_err rc = pack_plan(err, &n->packer, plan);

	if (!rc && n->r)
		rc = pack_finish(err, &n->packer);
	if (!rc)
		rc = settle_failed(err, n, &plan->to);
	if (!rc && n->r)
		rc = pack_index(err, &n->packer, ++n->part);
	pacs_buf_reset(&n->packer.groups);
	pacs_buf_reset(&n->packer.list);
	return rc;
}

/* What was missed before may be there now. Its line is read again. */
static enum pacs_err
pack_owed(struct pacs_error *err, struct night *n)
{
	struct pacs_cursor *owed = n->now.owed;
	size_t count = n->now.owed_count, i;
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	struct plan plan = {0};
	enum pacs_err rc = PACS_OK;

	if (!count)
		return PACS_OK;
	n->now.owed = NULL;
	n->now.owed_count = 0;
	n->now.missed = 0;
	for (i = 0; !rc && i < count; i++) {
		rc = pacs_ledger_open(err, n->ar, &owed[i], &r);
		if (rc)
			break;
		rc = pacs_ledger_next(err, r, &line);
		if (!rc && line)
			window_line(&plan, line);
		pacs_ledger_close(r);
	}
	window_settle(&plan);
	plan.to = n->now.to;
	if (!rc)
		rc = pack_window(err, n, &plan);
	window_clear(&plan);
	free(owed);
	return rc;
}

static bool
stopped(const struct night *n)
{
	return n->hooks->stopped && n->hooks->stopped(n->hooks->ctx);
}

static enum pacs_err
pack_windows(struct pacs_error *err, struct night *n, bool *ret_all)
{
	uint64_t bytes =
	    n->packer.pack_size * (n->o->patient ? 1 : WINDOW_PACKS);
	enum pacs_err rc = PACS_OK;
	bool first = true;

	while (!rc && cursor_before(&n->now.to, &n->end)) {
		struct plan plan;

		/* However short the time is, every night gets on. */
		if (stopped(n) && !(n->o->patient && first))
			break;
		first = false;
		rc = window_read(err, n->ar, &n->now.to, &n->end, WINDOW_LINES,
				 bytes, &plan);
		if (!rc && !plan.lines) {
			n->now.to = n->end; /* the same state */
			window_clear(&plan);
			break;
		}
		if (!rc)
			rc = pack_window(err, n, &plan);
		if (!rc)
			n->now.to = plan.to;
		window_clear(&plan);
		if (!rc && n->r && cursor_before(&n->now.to, &n->end))
			rc = write_snapshot(err, n, true);
	}
	*ret_all = !rc && !cursor_before(&n->now.to, &n->end);
	return rc;
}

/* --- where it begins ------------------------------------------------------ */

static enum pacs_err
require_history(struct pacs_error *err, const struct night *n,
		const struct pacs_cursor *c)
{
	bool holds;
	enum pacs_err rc = pacs_ledger_holds(err, n->ar, c, &holds);

	if (rc || holds)
		return rc;
	return pacs_error_set(
	    err, PACS_ECONFLICT,
	    "the last snapshot holds the state %06u-%llu-%s, which this "
	    "archive never had: it is a fork, or an older copy that was "
	    "restored; back it up to another repository",
	    c->segment, (unsigned long long)c->offset, c->check);
}

/* Files of the snapshot that is begun which nobody names. */
static enum pacs_err
remove_leftovers(struct pacs_error *err, struct night *n, const char *top)
{
	struct names names = {0};
	char dir[NAME_ROOM], name[300];
	enum pacs_err rc;
	size_t i, k;

	snprintf(dir, sizeof(dir), "%s/%06u", top, n->now.number);
	rc = depot_list(err, &n->r->depot, dir, &names);
	for (i = 0; !rc && i < names.count; i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, names.list[i]);
		for (k = 0; k < n->now.file_count; k++)
			if (!strcmp(n->now.files[k].name, name))
				break;
		if (k == n->now.file_count)
			rc = depot_remove(err, &n->r->depot, name);
	}
	names_clear(&names);
	return rc;
}

static enum pacs_err
clear_tmp(struct pacs_error *err, struct night *n)
{
	struct names names = {0};
	enum pacs_err rc = PACS_OK;
	char name[300];
	size_t i;

	if (n->r->depot.remote)
		return PACS_OK;
	rc = depot_list(err, &n->r->depot, "tmp", &names);
	for (i = 0; !rc && i < names.count; i++) {
		snprintf(name, sizeof(name), "tmp/%s", names.list[i]);
		rc = depot_remove(err, &n->r->depot, name);
	}
	names_clear(&names);
	return rc;
}

static void
begin_new(struct night *n)
{
	static const struct pacs_cursor start = PACS_CURSOR_START;
	const struct snapshot *b = &n->base;

	n->now.number = b->number + 1;
	snprintf(n->now.archive, sizeof(n->now.archive), "%s",
		 pacs_archive_settings(n->ar)->uuid);
	pacs_time_now(n->now.began);
	n->now.from = n->now.to = b->number ? b->to : start;
	n->now.sealed = b->number ? b->sealed : start;
	memcpy(n->now.previous, b->sha256, sizeof(b->sha256));
	memcpy(n->now.small, b->small, sizeof(b->small));
	n->now.all_objects = b->all_objects;
	n->now.all_bytes = b->all_bytes;
	n->now.all_packs = b->all_packs;
	for (size_t i = 0; i < b->owed_count; i++)
		snapshot_owe(&n->now, &b->owed[i]);
}

/* Numbers of files go on behind those that are named. */
static void
count_files(struct night *n)
{
	size_t i;
	unsigned k;

	for (i = 0; i < n->now.file_count; i++) {
		if (sscanf(n->now.files[i].name, "packs/%*6u/%5u", &k) == 1 &&
		    k > n->packer.serial)
			n->packer.serial = k;
		if (sscanf(n->now.files[i].name, "index/%*6u/%5u", &k) == 1 &&
		    k > n->part)
			n->part = k;
	}
}

static enum pacs_err
begin(struct pacs_error *err, struct night *n)
{
	struct snapshot partial;
	enum pacs_err rc = snapshot_last(err, n->r, &n->base, &partial);

	if (rc)
		return rc;
	if (partial.number && !strcmp(partial.previous, n->base.sha256)) {
		n->now = partial;
		n->resumed = true;
	} else {
		snapshot_clear(&partial);
		begin_new(n);
	}
	rc = require_history(err, n, &n->now.to);
	if (!rc)
		rc = require_history(err, n, &n->now.sealed);
	count_files(n);
	return rc;
}

/* --- the night ------------------------------------------------------------ */

static enum pacs_err
has_news(struct pacs_error *err, struct night *n, bool *ret)
{
	struct names small = {0};
	char digest[PACS_SHA256_HEX];
	enum pacs_err rc;

	*ret = true;
	if (n->resumed || n->now.owed_count || !n->base.number)
		return PACS_OK;
	rc = pacs_ledger_has_more(err, n->ar, &n->now.to, ret);
	if (rc || *ret)
		return rc;
	rc = list_small(err, n->ar, &small);
	if (!rc)
		rc = digest_small(err, n->ar, &small, digest);
	if (!rc)
		*ret = strcmp(digest, n->now.small) != 0;
	names_clear(&small);
	return rc;
}

static enum pacs_err
open_packer(struct pacs_error *err, struct night *n)
{
	n->packer.repo = n->r;
	n->packer.ar = n->ar;
	n->packer.snapshot = &n->now;
	n->packer.hooks = n->hooks;
	n->packer.kind = "objects";
	n->packer.patient = n->o->patient;
	n->packer.level = n->o->level ? n->o->level : LEVEL_TEXT;
	n->packer.pack_size = n->o->pack_size ? n->o->pack_size : PACK_BYTES;
	return crew_open(err, n->ar, n->o->jobs,
			 n->o->level ? n->o->level : LEVEL_OBJECTS, n->o->rate,
			 &n->packer.crew);
}

static enum pacs_err
pack_all(struct pacs_error *err, struct night *n, bool *ret_all)
{
	enum pacs_err rc = open_packer(err, n);

	*ret_all = false;
	if (!rc)
		rc = remove_leftovers(err, n, "packs");
	if (!rc)
		rc = remove_leftovers(err, n, "index");
	if (!rc)
		rc = clear_tmp(err, n);
	if (!rc)
		rc = pacs_ledger_seal(err, n->ar, &n->end);
	if (!rc)
		rc = pack_ledger(err, n);
	if (!rc)
		rc = pack_owed(err, n);
	if (!rc)
		rc = pack_windows(err, n, ret_all);
	return rc;
}

static enum pacs_err
finish(struct pacs_error *err, struct night *n, bool all)
{
	char name[NAME_ROOM];
	enum pacs_err rc;

	if (!all)
		return write_snapshot(err, n, true);
	rc = write_snapshot(err, n, false);
	if (rc || (!n->resumed && !n->wrote_partial))
		return rc;
	snprintf(name, sizeof(name), "snapshots/%06u.partial", n->now.number);
	return depot_remove(err, &n->r->depot, name);
}

static void
tell(const struct night *n, uint64_t objects, uint64_t bytes, size_t files,
     struct pacs_backup_tally *ret)
{
	size_t i;

	memset(ret, 0, sizeof(*ret));
	ret->number = n->now.number;
	ret->objects = n->now.objects - objects;
	ret->bytes = n->now.bytes - bytes;
	ret->missed = n->now.missed;
	for (i = files; i < n->now.file_count; i++)
		if (!strncmp(n->now.files[i].name, "packs/", 6)) {
			ret->packs++;
			ret->stored += n->now.files[i].size;
		}
}

static void
night_clear(struct night *n)
{
	packer_clear(&n->packer);
	snapshot_clear(&n->base);
	snapshot_clear(&n->now);
	free(n->late);
}

enum pacs_err
pacs_backup_create(struct pacs_error *err, struct pacs_repo *r,
		   struct pacs_archive *ar, const struct pacs_backup_options *o,
		   const struct pacs_backup_hooks *hooks,
		   struct pacs_backup_tally *ret)
{
	struct night n = {.r = r, .ar = ar, .o = o, .hooks = hooks};
	enum pacs_err rc = depot_lock(err, &r->depot, &r->lock_fd);
	bool news = false, all = true;
	uint64_t objects = 0, bytes = 0;
	size_t files = 0;

	memset(ret, 0, sizeof(*ret));
	if (rc)
		return rc;
	rc = begin(err, &n);
	if (!rc)
		rc = has_news(err, &n, &news);
	objects = n.now.objects;
	bytes = n.now.bytes;
	files = n.now.file_count;
	if (!rc && news)
		rc = pack_all(err, &n, &all);
	if (!rc)
		rc = finish(err, &n, all);
	tell(&n, objects, bytes, files, ret);
	ret->complete = !rc && all;
	night_clear(&n);
	close(r->lock_fd);
	r->lock_fd = -1;
	return rc;
}

/* --- one stream ----------------------------------------------------------- */

enum pacs_err
pacs_backup_stream(struct pacs_error *err, int fd, struct pacs_archive *ar,
		   const char *const *recipients, size_t count,
		   const struct pacs_backup_options *o,
		   const struct pacs_backup_hooks *hooks,
		   struct pacs_backup_tally *ret)
{
	struct night n = {.ar = ar, .o = o, .hooks = hooks};
	struct names to = {0};
	enum pacs_err rc;
	bool all = false;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < count; i++)
		names_add(&to, recipients[i]);
	begin_new(&n);
	rc = open_packer(err, &n);
	n.packer.pack_size = UINT64_MAX;
	if (!rc)
		rc = pacs_ledger_seal(err, ar, &n.end);
	if (!rc)
		rc = push_stream(err, fd, &to, &n.packer.push);
	if (!rc) {
		n.packer.open = true;
		n.packer.serial = 1;
		rc = pack_ledger(err, &n);
	}
	if (!rc)
		rc = pack_windows(err, &n, &all);
	if (!rc)
		rc = pack_finish(err, &n.packer);
	tell(&n, 0, 0, 0, ret);
	ret->stored = n.packer.size;
	ret->packs = 1;
	ret->complete = !rc && all;
	night_clear(&n);
	names_clear(&to);
	return rc;
}
