/*
 * From a pack to its entries: the front door for bytes of a repository, which
 * may be damaged or hostile. Names lead nowhere but into an archive, sizes are
 * bounded, and every file is compared with its noted digest.
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "backup/entry.h"

enum { PAX_MOST = 1 << 14, IN = 1 << 17, OUT = 1 << 17 };

struct unpack {
	struct pull pull;
	ZSTD_DStream *z;
	char *in, *out;
	size_t in_len, in_used, out_len, out_used;
	size_t hint; /* 0: between two frames */
	bool in_ended;
	struct pacs_digest *digest;
	char digest_hex[PACS_SHA256_HEX];
	struct entry entry;
	uint64_t left; /* of the entry's bytes */
	size_t padding;
	bool in_entry;
};

enum pacs_err
unpack_open(struct pacs_error *err, struct pull *p, struct unpack **ret_u)
{
	struct unpack *u = pacs_calloc(1, sizeof(*u));

	(void)err;
	u->pull = *p;
	p->fd = -1;
	p->count = 0;
	u->z = ZSTD_createDStream();
	/* Our frames need 2 MiB; more would be memory that others choose. */
	ZSTD_DCtx_setParameter(u->z, ZSTD_d_windowLogMax, 23);
	u->in = pacs_malloc(IN);
	u->out = pacs_malloc(OUT);
	u->digest = pacs_digest_new();
	*ret_u = u;
	return PACS_OK;
}

void
unpack_close(struct unpack *u)
{
	if (!u)
		return;
	pull_close(&u->pull);
	ZSTD_freeDStream(u->z);
	pacs_digest_free(u->digest);
	free(u->in);
	free(u->out);
	free(u);
}

static enum pacs_err
bad(struct pacs_error *err, const char *what)
{
	return pacs_error_set(err, PACS_EFORMAT, "not a pack: %s", what);
}

/* More plain bytes into out; none at the end. */
static enum pacs_err
fill(struct pacs_error *err, struct unpack *u)
{
	enum pacs_err rc;

	u->out_len = u->out_used = 0;
	while (!u->out_len) {
		ZSTD_inBuffer in;
		ZSTD_outBuffer out = {u->out, OUT, 0};

		if (u->in_used == u->in_len && !u->in_ended) {
			u->in_used = 0;
			rc = pull_read(err, &u->pull, u->in, IN, &u->in_len);
			if (rc)
				return rc;
			u->in_ended = !u->in_len;
			if (u->in_ended && (rc = pull_end(err, &u->pull)))
				return rc;
		}
		if (u->in_ended)
			return u->hint ? bad(err, "it is cut short") : PACS_OK;
		in = (ZSTD_inBuffer){u->in, u->in_len, u->in_used};
		u->hint = ZSTD_decompressStream(u->z, &out, &in);
		if (ZSTD_isError(u->hint))
			return bad(err, ZSTD_getErrorName(u->hint));
		u->in_used = in.pos;
		u->out_len = out.pos;
	}
	return PACS_OK;
}

/* Exactly size bytes; *ret_end if there is not one. buf NULL: passed over. */
static enum pacs_err
take(struct pacs_error *err, struct unpack *u, char *buf, uint64_t size,
     bool *ret_end)
{
	enum pacs_err rc;
	uint64_t done = 0;

	if (ret_end)
		*ret_end = false;
	while (done < size) {
		size_t n = u->out_len - u->out_used;

		if (!n) {
			rc = fill(err, u);
			if (rc)
				return rc;
			if (!u->out_len && !done && ret_end) {
				*ret_end = true;
				return PACS_OK;
			}
			if (!u->out_len)
				return bad(err, "an entry has no end");
			continue;
		}
		if (n > size - done)
			n = (size_t)(size - done);
		if (buf)
			memcpy(buf + done, u->out + u->out_used, n);
		u->out_used += n;
		done += n;
	}
	return PACS_OK;
}

static bool
octal(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < n && s[i] == ' ')
		i++;
	if (i == n)
		return false;
	for (; i < n && s[i] >= '0' && s[i] <= '7'; i++)
		v = v * 8 + (uint64_t)(s[i] - '0');
	*ret = v;
	return i == n || s[i] == '\0' || s[i] == ' ';
}

static bool
sum_fits(const char *h)
{
	uint64_t want;
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : (unsigned char)h[i];
	return octal(h + 148, 8, &want) && want == sum;
}

static bool
number(const char *s, uint64_t *ret)
{
	uint64_t v = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (v > (UINT64_MAX >> 4) / 10)
			return false;
		v = v * 10 + (uint64_t)(*p - '0');
	}
	*ret = v;
	return p > s && *p == '\0';
}

/* One "LENGTH KEY=VALUE\n" record, its newline already a NUL. */
static bool
pax_record(struct unpack *u, const char *key, const char *value, bool *has_size)
{
	struct entry *e = &u->entry;

	if (!strcmp(key, "path")) {
		if (strlen(value) >= sizeof(e->path))
			return false;
		memcpy(e->path, value, strlen(value) + 1);
	} else if (!strcmp(key, "size")) {
		*has_size = true;
		return number(value, &e->size);
	} else if (!strcmp(key, "comment") && !strncmp(value, "sha256:", 7)) {
		if (strspn(value + 7, "0123456789abcdef") != 64 ||
		    value[7 + 64])
			return false;
		memcpy(e->sha256, value + 7, PACS_SHA256_HEX);
	}
	return true;
}

static enum pacs_err
read_pax(struct pacs_error *err, struct unpack *u, uint64_t size,
	 bool *has_size)
{
	char text[PAX_MOST + BLOCK] = "", *p = text, *end, *next, *eq;
	enum pacs_err rc;

	if (size > PAX_MOST)
		return bad(err, "an extended header is too long");
	rc = take(err, u, text, size + tar_padding(size), NULL);
	for (end = text + size; !rc && p < end; p = next) {
		uint64_t n = 0;
		char *space = memchr(p, ' ', (size_t)(end - p));

		if (!space)
			return bad(err, "an extended header");
		*space = '\0';
		if (!number(p, &n) || n < 5 || n > (uint64_t)(end - p) ||
		    p[n - 1] != '\n')
			return bad(err, "an extended header");
		next = p + n;
		next[-1] = '\0';
		eq = space + 1 < next ? strchr(space + 1, '=') : NULL;
		if (!eq ||
		    memchr(space + 1, '\0', (size_t)(next - 1 - (space + 1))))
			return bad(err, "an extended header");
		*eq = '\0';
		if (!pax_record(u, space + 1, eq + 1, has_size))
			return bad(err, "an extended header");
	}
	return rc;
}

static bool
all_zero(const char *h)
{
	size_t i;

	for (i = 0; i < BLOCK; i++)
		if (h[i])
			return false;
	return true;
}

/* The end of a tar; only zeros may follow. */
static enum pacs_err
read_zeros(struct pacs_error *err, struct unpack *u, char *h, bool *ret_end)
{
	enum pacs_err rc;

	while (!(rc = take(err, u, h, BLOCK, ret_end)) && !*ret_end)
		if (!all_zero(h))
			return bad(err, "bytes behind its end");
	return rc;
}

/* What the header says of the entry, but for what an extended one said. */
static enum pacs_err
take_header(struct pacs_error *err, struct entry *e, const char *h)
{
	if (!*e->path)
		memcpy(e->path, h, strnlen(h, 100));
	if (!entry_kind_of(e->path, &e->kind) ||
	    (h[156] == '5') != (e->kind == ENTRY_FOLDER) ||
	    (h[156] != '5' && h[156] != '0'))
		return bad(err, "a name that no pack has");
	if (e->kind == ENTRY_FOLDER && e->size)
		return bad(err, "a folder with bytes");
	return PACS_OK;
}

/* The header of an entry: an extended one, then its own. */
static enum pacs_err
read_header(struct pacs_error *err, struct unpack *u, bool *ret_end)
{
	struct entry *e = &u->entry;
	bool has_size = false, extended = false;
	char h[BLOCK + 1] = "";
	uint64_t size;
	enum pacs_err rc;

	memset(e, 0, sizeof(*e));
	for (;;) {
		rc = take(err, u, h, BLOCK, extended ? NULL : ret_end);
		if (rc || (!extended && *ret_end))
			return rc;
		if (!extended && all_zero(h))
			return read_zeros(err, u, h, ret_end);
		if (!sum_fits(h) || memcmp(h + 257, "ustar", 5) != 0 ||
		    !octal(h + 124, 12, &size))
			return bad(err, "no header");
		if (h[156] != 'x' || extended)
			break;
		extended = true;
		rc = read_pax(err, u, size, &has_size);
		if (rc)
			return rc;
	}
	if (!has_size)
		e->size = size;
	return take_header(err, e, h);
}

enum pacs_err
unpack_next(struct pacs_error *err, struct unpack *u,
	    const struct entry **ret_e)
{
	enum pacs_err rc = PACS_OK;
	bool end = false;

	*ret_e = NULL;
	if (u->in_entry)
		rc = take(err, u, NULL, u->left + u->padding, NULL);
	u->in_entry = false;
	if (!rc)
		rc = read_header(err, u, &end);
	if (rc || end)
		return rc;
	pacs_digest_end_hex(u->digest, u->digest_hex); /* begins anew */
	*u->digest_hex = '\0';
	u->left = u->entry.size;
	u->padding = tar_padding(u->entry.size);
	u->in_entry = true;
	*ret_e = &u->entry;
	return PACS_OK;
}

enum pacs_err
unpack_data(struct pacs_error *err, struct unpack *u, const void **ret_bytes,
	    size_t *ret_n)
{
	enum pacs_err rc;
	size_t n;

	*ret_n = 0;
	if (!u->left) {
		if (*u->digest_hex)
			return PACS_OK;
		pacs_digest_end_hex(u->digest, u->digest_hex);
		if (*u->entry.sha256 &&
		    strcmp(u->entry.sha256, u->digest_hex) != 0)
			return pacs_error_set(err, PACS_EINTEGRITY,
					      "'%s': the bytes in the pack are "
					      "not those noted",
					      u->entry.path);
		return PACS_OK;
	}
	if (u->out_used == u->out_len) {
		rc = fill(err, u);
		if (rc)
			return rc;
		if (!u->out_len)
			return bad(err, "an entry has no end");
	}
	n = u->out_len - u->out_used;
	if (n > u->left)
		n = (size_t)u->left;
	*ret_bytes = u->out + u->out_used;
	*ret_n = n;
	u->out_used += n;
	u->left -= n;
	pacs_digest_add(u->digest, *ret_bytes, n);
	return PACS_OK;
}

const char *
unpack_sha256(const struct unpack *u)
{
	return u->digest_hex;
}
