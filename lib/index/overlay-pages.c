/*
 * What is below and in an overlay: the index's pages, the frames of its WAL,
 * and pages that were changed.
 */
#include <stdlib.h>
#include <string.h>

#include "index/overlay.h"

/* Of changed pages, those of the WAL included. */
#define CHANGED_MAX_BYTES (32u << 20)

/* --- pages ------------------------------------------------------------- */

static struct page *
place(const struct overlay *o, uint32_t number)
{
	size_t i = number * 2654435761u & (o->room - 1);

	while (o->pages[i].number && o->pages[i].number != number)
		i = (i + 1) & (o->room - 1);
	return &o->pages[i];
}

void
overlay_drop(struct overlay *o)
{
	size_t i;

	for (i = 0; i < o->room; i++)
		free(o->pages[i].bytes);
	free(o->pages);
	o->used = 0;
	o->room = 256;
	o->pages = pacs_calloc(o->room, sizeof(*o->pages));
}

const unsigned char *
overlay_changed(const struct overlay *o, uint32_t number)
{
	const struct page *p = place(o, number);

	return p->number ? p->bytes : NULL;
}

static void
grow(struct overlay *o)
{
	struct page *old = o->pages;
	size_t i, n = o->room;

	o->room *= 2;
	o->pages = pacs_calloc(o->room, sizeof(*o->pages));
	for (i = 0; i < n; i++)
		if (old[i].number)
			*place(o, old[i].number) = old[i];
	free(old);
}

static sqlite3_file *
file_of(const struct overlay *o, int which)
{
	sqlite3_file *f = NULL;

	sqlite3_file_control(o->base.conn, "main", which, &f);
	return f && f->pMethods ? f : NULL;
}

int
overlay_read_below(const struct overlay *o, void *buf, int n, sqlite3_int64 at)
{
	sqlite3_file *f = file_of(o, SQLITE_FCNTL_FILE_POINTER);

	return f ? f->pMethods->xRead(f, buf, n, at) : SQLITE_IOERR_READ;
}

/* A page that may be changed; *ret_rc says why there is none. fresh: what is
 * there now does not matter. */
unsigned char *
overlay_change(struct overlay *o, uint32_t number, bool fresh, int *ret_rc)
{
	struct page *p = place(o, number);
	unsigned char *bytes;

	*ret_rc = SQLITE_OK;
	if (p->number)
		return p->bytes;
	*ret_rc = SQLITE_FULL;
	if (o->used >= CHANGED_MAX_BYTES / o->page_size)
		return NULL;
	bytes = pacs_calloc(1, o->page_size);
	*ret_rc = fresh || number > o->page_count
		      ? SQLITE_OK
		      : overlay_read_below(o, bytes, (int)o->page_size,
					   (sqlite3_int64)(number - 1) *
					       o->page_size);
	if (*ret_rc != SQLITE_OK) {
		free(bytes);
		return NULL;
	}
	if (2 * ++o->used > o->room)
		grow(o);
	p = place(o, number);
	p->number = number;
	p->bytes = bytes;
	return bytes;
}

/* --- a state of the index ---------------------------------------------- */

static uint32_t
be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void
put_be32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

struct wal {
	sqlite3_file *file;
	unsigned char header[WAL_HEADER];
	uint32_t sum[2];
	bool big_endian; /* words of the checksum */
};

static void
sum_up(struct wal *w, const unsigned char *p, size_t n)
{
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		uint32_t a = be32(p + i), b = be32(p + i + 4);

		if (!w->big_endian) {
			a = __builtin_bswap32(a);
			b = __builtin_bswap32(b);
		}
		w->sum[0] += a + w->sum[1];
		w->sum[1] += b + w->sum[0];
	}
}

static bool
sum_is(const struct wal *w, const unsigned char *p)
{
	return be32(p) == w->sum[0] && be32(p + 4) == w->sum[1];
}

static bool
wal_read(const struct wal *w, void *buf, size_t n, sqlite3_int64 at)
{
	return w->file->pMethods->xRead(w->file, buf, (int)n, at) == SQLITE_OK;
}

/* False: there is nothing in it. */
static bool
wal_begin(struct wal *w, const struct overlay *o)
{
	uint32_t magic;

	w->file = file_of(o, SQLITE_FCNTL_JOURNAL_POINTER);
	if (!w->file || !wal_read(w, w->header, WAL_HEADER, 0))
		return false;
	magic = be32(w->header);
	w->big_endian = magic & 1;
	w->sum[0] = w->sum[1] = 0;
	sum_up(w, w->header, 24);
	return (magic | 1) == 0x377f0683 && be32(w->header + 4) == 3007000 &&
	       be32(w->header + 8) == o->page_size && sum_is(w, w->header + 24);
}

/* Frame n into buf; false behind the last one that is whole. */
static bool
wal_frame(struct wal *w, const struct overlay *o, uint32_t n,
	  unsigned char *buf)
{
	size_t size = FRAME_HEADER + o->page_size;

	if (!wal_read(w, buf, size,
		      WAL_HEADER + (sqlite3_int64)n * (sqlite3_int64)size) ||
	    memcmp(buf + 8, w->header + 16, 8) != 0)
		return false;
	sum_up(w, buf, 8);
	sum_up(w, buf + FRAME_HEADER, o->page_size);
	return be32(buf) && sum_is(w, buf + 16);
}

/* How many frames end with a commit, and how many pages the file has then. */
static uint32_t
wal_committed(struct wal *w, struct overlay *o, unsigned char *buf)
{
	uint32_t n = 0, committed = 0;

	while (wal_frame(w, o, n, buf)) {
		n++;
		if (be32(buf + 4)) {
			committed = n;
			o->page_count = be32(buf + 4);
		}
	}
	return committed;
}

/* What tells states of the index apart: a commit puts a frame behind those that
 * are known, or begins the WAL anew. (PRAGMA data_version would do, but changes
 * at each look where the -shm file cannot be used.) */
static void
look_at(const struct overlay *o, uint32_t frames, struct version *ret)
{
	struct wal w = {.file = file_of(o, SQLITE_FCNTL_JOURNAL_POINTER)};
	sqlite3_int64 frame = FRAME_HEADER + (sqlite3_int64)o->page_size;

	memset(ret, 0, sizeof(*ret));
	ret->taken = true;
	ret->frames = frames;
	if (!w.file)
		return;
	if (!wal_read(&w, ret->header, WAL_HEADER, 0))
		memset(ret->header, 0, WAL_HEADER);
	if (!wal_read(&w, ret->next, FRAME_HEADER, WAL_HEADER + frames * frame))
		memset(ret->next, 0, FRAME_HEADER);
}

/* In a transaction that reads the index. */
bool
overlay_is_same(const struct overlay *o)
{
	struct version now;

	if (!o->version.taken)
		return false;
	look_at(o, o->version.frames, &now);
	return !memcmp(now.header, o->version.header, sizeof(now.header)) &&
	       !memcmp(now.next, o->version.next, sizeof(now.next));
}

/* *ret_again: it began anew while it was read. */
static int
wal_copy(struct overlay *o, bool *ret_again)
{
	unsigned char *buf = pacs_malloc(FRAME_HEADER + o->page_size), *page;
	unsigned char header[WAL_HEADER];
	struct wal w, again;
	int rc = SQLITE_OK;
	uint32_t i, n = 0;

	*ret_again = false;
	if (wal_begin(&w, o)) {
		n = wal_committed(&w, o, buf);
		*ret_again = !wal_begin(&again, o);
	}
	look_at(o, n, &o->version);
	for (i = 0; i < n && rc == SQLITE_OK && !*ret_again; i++) {
		*ret_again = !wal_frame(&again, o, i, buf);
		page = overlay_change(o, be32(buf), true, &rc);
		if (page)
			memcpy(page, buf + FRAME_HEADER, o->page_size);
	}
	*ret_again =
	    *ret_again || (n && (!wal_read(&w, header, WAL_HEADER, 0) ||
				 memcmp(header, w.header, WAL_HEADER)));
	free(buf);
	return rc;
}

/* A database that needs no WAL; and what the connection above has cached is of
 * an older state. */
static int
mark(struct overlay *o)
{
	unsigned char *first;
	int rc;

	first = overlay_change(o, 1, false, &rc);
	if (!first)
		return rc;
	first[18] = first[19] = 1;
	put_be32(first + 24, ++o->renewals << 12);
	put_be32(first + 92, o->renewals << 12);
	put_be32(first + 28, o->page_count);
	return SQLITE_OK;
}

static int
look(struct overlay *o)
{
	sqlite3_file *f = file_of(o, SQLITE_FCNTL_FILE_POINTER);
	unsigned char header[100];
	sqlite3_int64 size = 0;
	int rc;

	rc = overlay_read_below(o, header, sizeof(header), 0);
	if (rc == SQLITE_OK && !f)
		rc = SQLITE_CANTOPEN;
	if (rc == SQLITE_OK)
		rc = f->pMethods->xFileSize(f, &size);
	if (rc != SQLITE_OK)
		return rc;
	o->page_size = (uint32_t)header[16] << 8 | header[17];
	if (o->page_size == 1)
		o->page_size = 65536;
	if (o->page_size < 512 || o->page_size & (o->page_size - 1))
		return SQLITE_NOTADB;
	o->page_count = (uint32_t)(size / o->page_size);
	return SQLITE_OK;
}

int
overlay_take(struct overlay *o)
{
	bool again = true;
	int rc = SQLITE_OK, tries;

	for (tries = 0; tries < 5 && again && rc == SQLITE_OK; tries++) {
		overlay_drop(o);
		rc = look(o);
		if (rc == SQLITE_OK)
			rc = wal_copy(o, &again);
	}
	if (rc == SQLITE_OK && again)
		rc = SQLITE_BUSY;
	return rc == SQLITE_OK ? mark(o) : rc;
}
