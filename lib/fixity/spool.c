/*
 * The spool: ten million lines in flat memory. A bucket is a range of shards;
 * its records are a chain of blocks in one temporary file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fs.h"
#include "fixity/internal.h"

#define USUAL_LINE 640 /* bytes of a ledger line that is read again */

enum {
	BUCKETS_MIN = 64,     /* a scrub's progress is kept bucket by bucket */
	BLOCK_RECORDS = 256,  /* in memory for each bucket: 8 KiB */
	BUCKETS_MAX = 1024,   /* so at most 8 MiB */
	LINE_BYTES = 250,     /* about */
	BUCKET_LINES = 20000, /* aim */
};

struct block {
	uint64_t next; /* offset of the block before in the file, or 0 */
	uint64_t count;
	struct spooled records[BLOCK_RECORDS];
};

struct chain {
	uint64_t last; /* offset + 1 of the last block written; 0 = none */
	struct block *open;
};

struct spool {
	int fd;
	uint64_t end;
	unsigned buckets;
	struct chain chains[BUCKETS_MAX];
	struct pacs_digest *digest;
};

enum pacs_err
spool_open(struct pacs_error *err, uint64_t ledger_bytes, struct spool **ret_s)
{
	uint64_t want = ledger_bytes / LINE_BYTES / BUCKET_LINES + 1;
	struct spool *s = pacs_calloc(1, sizeof(*s));

	*ret_s = NULL;
	s->buckets = BUCKETS_MIN;
	while (s->buckets < want && s->buckets < BUCKETS_MAX)
		s->buckets *= 2;
	if (pacs_fs_unnamed(err, pacs_fs_tmp_dir(), &s->fd)) {
		free(s);
		return err->code;
	}
	s->digest = pacs_digest_new();
	*ret_s = s;
	return PACS_OK;
}

void
spool_close(struct spool *s)
{
	unsigned i;

	if (!s)
		return;
	for (i = 0; i < s->buckets; i++)
		free(s->chains[i].open);
	pacs_digest_free(s->digest);
	close(s->fd);
	free(s);
}

unsigned
spool_buckets(const struct spool *s)
{
	return s->buckets;
}

void
spool_shards(const struct spool *s, unsigned bucket, unsigned *ret_first,
	     unsigned *ret_end)
{
	*ret_first = bucket * (PACS_SHARDS / s->buckets);
	*ret_end = *ret_first + PACS_SHARDS / s->buckets;
}

static enum pacs_err
write_block(struct pacs_error *err, struct spool *s, struct chain *c)
{
	enum pacs_err rc;

	c->open->next = c->last;
	rc = pacs_fs_pwrite(err, s->fd, c->open, sizeof(*c->open), s->end);
	if (rc)
		return pacs_error_wrap(err, "temporary file");
	c->last = s->end + 1;
	s->end += sizeof(*c->open);
	c->open->count = 0;
	return PACS_OK;
}

unsigned
shard_of(const char *path)
{
	char hex[4];

	memcpy(hex, path + 8, 3); /* objects/abc/... */
	hex[3] = '\0';
	return (unsigned)strtoul(hex, NULL, 16);
}

void
fixity_triple(const struct pacs_ledger_line *l, struct pacs_triple *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->study, l->study, strnlen(l->study, PACS_UID_ROOM - 1));
	memcpy(ret->series, l->series, strnlen(l->series, PACS_UID_ROOM - 1));
	memcpy(ret->instance, l->instance,
	       strnlen(l->instance, PACS_UID_ROOM - 1));
}

enum pacs_err
spool_add(struct pacs_error *err, struct spool *s,
	  const struct pacs_ledger_line *line)
{
	char path[PACS_PATH_ROOM] = "";
	struct pacs_triple t;
	struct spooled r = {.offset = line->at.offset,
			    .segment = line->at.segment,
			    .op = (uint8_t)line->op};
	uint8_t digest[PACS_SHA256_SIZE];
	struct chain *c;
	char uids[8];

	if (!pacs_op_places(line->op) && line->op != PACS_OP_PURGE &&
	    line->op != PACS_OP_VOID)
		return PACS_OK;
	fixity_triple(line, &t);
	if (!pacs_triple_is_safe(&t))
		return PACS_OK;
	pacs_object_path(&t, path);
	r.shard = (uint16_t)shard_of(path);
	pacs_digest_add(s->digest, path, strlen(path));
	pacs_digest_end(s->digest, digest);
	memcpy(r.key, digest, sizeof(r.key));
	r.given = pacs_ledger_extra(line, "uids", uids, sizeof(uids)) &&
		  !strcmp(uids, "given");
	c = &s->chains[r.shard / (PACS_SHARDS / s->buckets)];
	if (!c->open)
		c->open = pacs_calloc(1, sizeof(*c->open));
	c->open->records[c->open->count++] = r;
	return c->open->count == BLOCK_RECORDS ? write_block(err, s, c)
					       : PACS_OK;
}

/* All records of a bucket. Caller frees. */
static enum pacs_err
load(struct pacs_error *err, struct spool *s, const struct chain *c,
     struct spooled **ret, size_t *ret_count)
{
	struct block *b = pacs_malloc(sizeof(*b));
	struct pacs_buf all = {0};
	enum pacs_err rc = PACS_OK;
	uint64_t at = c->last;
	size_t n;

	if (c->open)
		pacs_buf_add(&all, c->open->records,
			     c->open->count * sizeof(struct spooled));
	while (!rc && at) {
		rc = pacs_file_pread(err, s->fd, b, sizeof(*b), at - 1, &n);
		if (!rc && n != sizeof(*b))
			rc = pacs_error_set(err, PACS_EIO,
					    "temporary file: cut short");
		if (rc)
			break;
		pacs_buf_add(&all, b->records,
			     b->count * sizeof(struct spooled));
		at = b->next;
	}
	free(b);
	*ret_count = all.len / sizeof(struct spooled);
	*ret = (struct spooled *)(void *)pacs_buf_take(&all);
	return rc;
}

static int
by_place(const void *a, const void *b)
{
	const struct spooled *x = a, *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int
by_key(const void *a, const void *b)
{
	const struct spooled *x = a, *y = b;
	int c = memcmp(x->key, y->key, sizeof(x->key));

	return c ? c : by_place(a, b);
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct expected *)a)->path,
		      ((const struct expected *)b)->path);
}

/* Of each object the last line, in the order of the ledger. */
static size_t
keep_last(struct spooled *r, size_t n)
{
	size_t i, kept = 0;

	if (n)
		qsort(r, n, sizeof(*r), by_key);
	for (i = 0; i < n; i++)
		if (i + 1 == n ||
		    memcmp(r[i].key, r[i + 1].key, sizeof(r[i].key)) != 0)
			r[kept++] = r[i];
		else if (r[i + 1].op == PACS_OP_STORE ||
			 r[i + 1].op == PACS_OP_ADOPT)
			/* A line more about the object that is there. */
			r[i + 1].given |= r[i].given;
	if (kept)
		qsort(r, kept, sizeof(*r), by_place);
	return kept;
}

/* The salt, another one each run, makes the samples differ from night to night;
 * the key makes one run's sample independent of the order of things. */
static bool
in_sample(const struct spooled *r, unsigned ppm, uint64_t salt)
{
	uint64_t v;

	memcpy(&v, r->key, sizeof(v));
	return (v ^ salt) * 0x9e3779b97f4a7c15ull >> 32 <
	       (uint64_t)ppm * 4294967296ull / 1000000;
}

static void
fill(struct expected *e, struct bucket *b, const struct pacs_ledger_line *l,
     const struct spooled *r, const struct pacs_fixity_options *o)
{
	char path[PACS_PATH_ROOM] = "";
	struct pacs_triple t;

	fixity_triple(l, &t);
	pacs_object_path(&t, path);
	e->path = pacs_arena_strdup(&b->arena, path);
	e->sha256 = pacs_arena_strdup(&b->arena, l->sha256);
	e->size = l->size;
	e->given = r->given;
	e->there = pacs_op_places(l->op);
	e->purged = l->op == PACS_OP_PURGE;
	e->wanted =
	    (!o->since || strcmp(l->time, o->since) >= 0) &&
	    (!o->sample_ppm || in_sample(r, o->sample_ppm, o->sample_salt)) &&
	    (!o->wants || o->wants(o->wants_ctx, &t));
}

/* Most lines are short: the rest of the largest is read only if it must be. */
static enum pacs_err
read_line(struct pacs_error *err, int fd, uint64_t offset,
	  char text[PACS_LINE_MAX], bool *ret_whole)
{
	size_t room = USUAL_LINE, n;
	char *nl;

	for (;;) {
		if (pacs_file_pread(err, fd, text, room, offset, &n))
			return err->code;
		nl = memchr(text, '\n', n);
		if (nl)
			*nl = '\0';
		*ret_whole = nl != NULL;
		if (nl || n < room || room == PACS_LINE_MAX - 1)
			return PACS_OK;
		room = PACS_LINE_MAX - 1;
	}
}

/* The line of a record, read again where it was read before. */
static enum pacs_err
line_at(struct pacs_error *err, const struct pacs_archive *ar, int *fd,
	uint32_t *open_segment, const struct spooled *r,
	char text[PACS_LINE_MAX], struct pacs_ledger_line *ret)
{
	enum pacs_err rc;
	bool whole = false;

	if (*open_segment != r->segment) {
		if (*fd >= 0)
			close(*fd);
		rc = pacs_ledger_segment_open(err, ar, r->segment, fd);
		if (rc)
			return rc;
		*open_segment = r->segment;
	}
	rc = read_line(err, *fd, r->offset, text, &whole);
	if (rc)
		return rc;
	if (whole && pacs_ledger_parse(text, ret))
		return PACS_OK;
	pacs_error_set(err, PACS_EIO,
		       "ledger segment %06u changed while it was read",
		       r->segment);
	return PACS_EIO;
}

enum pacs_err
spool_settle(struct pacs_error *err, struct spool *s,
	     const struct pacs_archive *ar, unsigned bucket,
	     const struct pacs_fixity_options *opts, struct bucket *ret)
{
	char *text = pacs_malloc(PACS_LINE_MAX);
	struct pacs_ledger_line line = {0};
	struct spooled *r;
	uint32_t segment = 0;
	enum pacs_err rc;
	size_t i, n = 0;
	int fd = -1;

	memset(ret, 0, sizeof(*ret));
	rc = load(err, s, &s->chains[bucket], &r, &n);
	n = rc ? 0 : keep_last(r, n);
	ret->list = pacs_calloc(n, sizeof(*ret->list));
	for (i = 0; !rc && i < n; i++) {
		rc = line_at(err, ar, &fd, &segment, &r[i], text, &line);
		if (!rc)
			fill(&ret->list[ret->count++], ret, &line, &r[i], opts);
	}
	if (ret->count)
		qsort(ret->list, ret->count, sizeof(*ret->list), by_path);
	if (fd >= 0)
		close(fd);
	free(r);
	free(text);
	return rc;
}

void
bucket_clear(struct bucket *b)
{
	free(b->list);
	pacs_arena_clear(&b->arena);
	memset(b, 0, sizeof(*b));
}
