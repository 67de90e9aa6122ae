/*
 * Where in the packs a study is: lines sorted by key, so that a file is
 * searched by halving; and what can be asked of a backup without its archive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/entry.h"
#include "backup/packing.h"
#include "base/file.h"
#include "dicom/dataset.h"

enum { VALUE_MOST = 256 };

static const enum pacs_key_id keys[GROUP_VALUES] = {
#define G(name) PACS_KEY_##name,
    GROUP_KEYS(G)
#undef G
};

void
group_key(const char *path, char ret[KEY_ROOM])
{
	char hex[PACS_SHA256_HEX];
	struct pacs_triple t;
	const char *name = "quarantine";

	if (pacs_object_triple(path, &t))
		name = t.study;
	pacs_sha256_hex(name, strlen(name), hex);
	snprintf(ret, KEY_ROOM, "%.16s", hex);
}

static void
add_value(struct pacs_buf *out, const char *s, size_t n)
{
	for (; n; n--, s++)
		if (*s == '\t' || *s == '\n' || *s == '\r' || !*s)
			pacs_buf_addc(out, ' ');
		else
			pacs_buf_addc(out, *s);
}

void
group_values(struct pacs_buf *out, const void *bytes, size_t size)
{
	struct pacs_read_options o = {.stop_tag = PACS_TAG_PixelData,
				      .tolerate_damage = true};
	struct pacs_error e = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;
	struct pacs_buf text = {0};
	char uid[PACS_UID_ROOM];
	size_t i, n;

	if (pacs_dataset_read_memory(&e, bytes, size, &o, &ds))
		ds = NULL;
	for (i = 0; i < GROUP_VALUES; i++) {
		uint32_t tag = pacs_keys[keys[i]].tag;

		pacs_buf_addc(out, '\t');
		if (!ds)
			continue;
		pacs_buf_reset(&text);
		if (i == GROUP_StudyInstanceUID) {
			if (pacs_item_uid(pacs_dataset_root(ds), tag, uid,
					  sizeof(uid)))
				pacs_buf_adds(out, uid);
			continue;
		}
		if (!pacs_item_text(pacs_dataset_root(ds), tag, &text))
			continue;
		n = text.len;
		if (n > VALUE_MOST) {
			n = VALUE_MOST;
			while (n &&
			       ((unsigned char)text.data[n] & 0xc0) == 0x80)
				n--;
		}
		while (n && text.data[n - 1] == ' ')
			n--;
		add_value(out, text.data, n);
	}
	pacs_buf_clear(&text);
	pacs_dataset_free(ds);
}

/* --- reading -------------------------------------------------------------- */

static bool
number(char **rest, uint64_t *ret)
{
	char *s = strsep(rest, "\t"), *end;

	if (!s || *s < '0' || *s > '9')
		return false;
	*ret = strtoull(s, &end, 10);
	return !*end;
}

bool
group_parse(char *line, struct group_line *ret)
{
	char *rest = line, *s = strsep(&rest, "\t"),
	     *what = strsep(&rest, "\t");
	enum entry_kind kind;
	uint64_t pack;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	if (!s || strlen(s) != KEY_ROOM - 1 || !what || strlen(what) != 1)
		return false;
	memcpy(ret->key, s, KEY_ROOM);
	ret->what = *what;
	if (*what == '-' || *what == '?') {
		ret->path = strsep(&rest, "\t");
		return ret->path && entry_kind_of(ret->path, &kind);
	}
	if (*what != '+' || !number(&rest, &pack) || pack > PACK_NUMBER_MOST ||
	    !number(&rest, &ret->offset) || !number(&rest, &ret->length) ||
	    !number(&rest, &ret->raw) || !number(&rest, &ret->objects))
		return false;
	ret->pack = (unsigned)pack;
	for (i = 0; i < GROUP_VALUES; i++) {
		ret->values[i] = strsep(&rest, "\t");
		if (!ret->values[i])
			return false;
	}
	return ret->length > 0;
}

/* --- searching by halving ------------------------------------------------- */

/* Where the first line begins that begins at or behind pos. */
static enum pacs_err
line_start(struct pacs_error *err, int fd, uint64_t size, uint64_t pos,
	   uint64_t *ret)
{
	char buf[1024];
	enum pacs_err rc;
	size_t n;

	*ret = pos;
	if (!pos)
		return PACS_OK;
	for (pos--; pos < size; pos += n) {
		char *nl;

		rc = pacs_file_pread(err, fd, buf, sizeof(buf), pos, &n);
		if (rc || !n)
			break;
		nl = memchr(buf, '\n', n);
		if (nl) {
			*ret = pos + (uint64_t)(nl - buf) + 1;
			return PACS_OK;
		}
	}
	*ret = size;
	return err->code;
}

/* The start of the first line whose key is not less. */
static enum pacs_err
lower_bound(struct pacs_error *err, int fd, uint64_t size, const char *key,
	    uint64_t *ret)
{
	uint64_t low = 0, high = size, at;
	char got[KEY_ROOM];
	enum pacs_err rc = PACS_OK;
	size_t n;

	while (!rc && low < high) {
		uint64_t mid = low + (high - low) / 2;

		rc = line_start(err, fd, size, mid, &at);
		if (rc)
			break;
		if (at >= high) {
			high = mid;
			continue;
		}
		rc = pacs_file_pread(err, fd, got, KEY_ROOM - 1, at, &n);
		if (rc)
			break;
		if (n == KEY_ROOM - 1 && memcmp(got, key, n) < 0)
			low = at + 1;
		else
			high = mid;
	}
	if (!rc)
		rc = line_start(err, fd, size, low, ret);
	return rc;
}

static enum pacs_err
search(struct pacs_error *err, struct pacs_repo *r, const char *name,
       const char *key, group_fn *fn, void *ctx)
{
	struct pacs_buf b = {0};
	uint64_t size, at;
	enum pacs_err rc;
	size_t n;
	int fd;

	rc = pacs_file_open(err, r->depot.dirfd, name, &fd, &size);
	if (rc)
		return rc;
	rc = lower_bound(err, fd, size, key, &at);
	while (!rc && at < size) {
		char *nl;

		pacs_buf_reset(&b);
		do {
			pacs_buf_reserve(&b, 1024);
			rc = pacs_file_pread(err, fd, b.data + b.len, 1024,
					     at + b.len, &n);
			b.len += n;
		} while (!rc && n && b.len < 65536 &&
			 !memchr(b.data, '\n', b.len));
		nl = rc ? NULL : memchr(b.data, '\n', b.len);
		if (!nl || b.len < KEY_ROOM ||
		    memcmp(b.data, key, KEY_ROOM - 1) != 0)
			break;
		*nl = '\0';
		at += (uint64_t)(nl - b.data) + 1;
		rc = fn(err, ctx, b.data);
	}
	pacs_buf_clear(&b);
	close(fd);
	return rc;
}

enum pacs_err
groups_each(struct pacs_error *err, struct pacs_repo *r, const char *name,
	    const char *key, group_fn *fn, void *ctx)
{
	struct lines *l;
	char *line;
	enum pacs_err rc;

	if (key && !r->depot.remote && !repo_encrypted(r)) {
		rc = search(err, r, name, key, fn, ctx);
	} else {
		rc = lines_open(err, r, name, &l);
		while (!rc && !(rc = lines_next(err, l, &line)) && line)
			if (!key || !strncmp(line, key, KEY_ROOM - 1))
				rc = fn(err, ctx, line);
		lines_close(l);
	}
	if (rc)
		pacs_error_wrap(err, "'%s'", name);
	return rc;
}
