/* See map.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/fs.h"
#include "deid/map-internal.h"

enum {
	CHUNK = 64 << 10,
	LINE_MAX_BYTES = 1 << 20,
	FLUSH = 64 << 10, /* of what goes through age */
	WAIT_MS = 10000,
};

static void
digest_of(const char *s, size_t n, struct pacs_uid_digest *ret)
{
	struct pacs_digest *d = pacs_digest_new();
	uint8_t sha256[PACS_SHA256_SIZE];

	pacs_digest_add(d, s, n);
	pacs_digest_end(d, sha256);
	memcpy(ret->bytes, sha256, sizeof(ret->bytes));
	pacs_digest_free(d);
}

/* --- whose a pseudonym is --------------------------------------------------
 */

static bool
is_patient(const struct pacs_deid_map_line *l)
{
	return !strcmp(l->kind, "patient") || !strcmp(l->kind, "unnamed");
}

static void
owner_of(const struct pacs_deid_map_line *l, struct pacs_uid_digest *ret)
{
	struct pacs_buf b = {0};

	pacs_buf_add(&b, l->kind, strlen(l->kind) + 1);
	pacs_buf_add(&b, l->issuer, strlen(l->issuer) + 1);
	pacs_buf_adds(&b, l->original);
	digest_of(b.data, b.len, ret);
	pacs_buf_clear(&b);
}

/* Note whose it is; false if it is another one's already. */
static bool
claim(struct pacs_deid_map *m, const struct pacs_deid_map_line *l)
{
	struct pacs_uid_digest name, owner;
	void *held;
	bool is_new;

	digest_of(l->replacement, strlen(l->replacement), &name);
	owner_of(l, &owner);
	held = set_put(&m->owners, &name, &is_new);
	if (is_new)
		memcpy(held, &owner, sizeof(owner));
	return !memcmp(held, &owner, sizeof(owner));
}

/* --- opening ---------------------------------------------------------------
 */

/* A line, or more of them, of which a loss of power left zeros: a remark, of
 * the same length. The same run, done again, adds what is missing. */
static enum pacs_err
mend_line(struct pacs_error *err, struct pacs_deid_map *m, char *line, size_t n)
{
	memset(line, ' ', n - 1);
	line[0] = n > 1 ? '#' : '\n';
	return pacs_fs_pwrite(err, m->fd, line, n, m->end);
}

static enum pacs_err
remember_line(struct pacs_error *err, struct pacs_deid_map *m, const char *path,
	      char *line, size_t n)
{
	struct pacs_deid_map_line l;
	struct pacs_uid_digest d;
	bool is_new;

	if (memchr(line, '\0', n))
		return mend_line(err, m, line, n);
	digest_of(line, n, &d);
	set_put(&m->seen, &d, &is_new);
	line[n - 1] = '\0';
	if (m->unique && pacs_deid_map_parse(line, &l) && is_patient(&l) &&
	    !claim(m, &l))
		return pacs_error_set(err, PACS_ECONFLICT,
				      "map '%s': two patients are '%s'", path,
				      l.replacement);
	return PACS_OK;
}

/* A head that never reached the disk, of a map of which no more did. */
static bool
is_blank(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && !s[i]; i++)
		;
	return i == n && n <= strlen(MAP_HEAD);
}

/* The whole lines that are in text, which keeps the rest. */
static enum pacs_err
remember(struct pacs_error *err, struct pacs_deid_map *m, const char *path,
	 struct pacs_buf *text)
{
	char *s = text->data, *end;
	size_t left = text->len, n;

	if (!m->end && !pacs_deid_map_begins(s, left) && !is_blank(s, left))
		return pacs_error_set(err, PACS_EFORMAT,
				      "'%s' is not a map of pacs-anon", path);
	while ((end = memchr(s, '\n', left))) {
		n = (size_t)(end - s) + 1;
		if (remember_line(err, m, path, s, n))
			return err->code;
		m->end += n;
		s += n;
		left -= n;
	}
	if (left > LINE_MAX_BYTES)
		return pacs_error_set(err, PACS_EFORMAT,
				      "'%s' is not a map of pacs-anon", path);
	memmove(text->data, s, left);
	text->len = left;
	return PACS_OK;
}

static enum pacs_err
read_lines(struct pacs_error *err, struct pacs_deid_map *m, const char *path)
{
	struct pacs_buf text = {0};
	size_t n = 1;

	while (n) {
		char *to = pacs_buf_reserve(&text, CHUNK);

		if (pacs_file_pread(err, m->fd, to, CHUNK, m->end + text.len,
				    &n))
			break;
		text.len += n;
		if (n && remember(err, m, path, &text))
			break;
	}
	/* A line, or the head, that a crash cut. */
	if (!err->code && text.len)
		(void)!pacs_fs_truncate(err, m->fd, m->end);
	pacs_buf_clear(&text);
	return err->code;
}

static enum pacs_err
load(struct pacs_error *err, struct pacs_deid_map *m, const char *path)
{
	struct stat st;

	if (fstat(m->fd, &st))
		return pacs_error_sys(err, errno, "map '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_mode & 077)
		return pacs_error_set(err, PACS_EDENIED,
				      "map '%s' can be read by others: "
				      "chmod 600 it",
				      path);
	if (pacs_fs_lock(err, m->fd, true, WAIT_MS) || read_lines(err, m, path))
		return err->code;
	if (m->end)
		return PACS_OK;
	/* What has no head is no map, so that one is there for good. */
	m->end = strlen(MAP_HEAD);
	if (pacs_fs_pwrite(err, m->fd, MAP_HEAD, m->end, 0) ||
	    pacs_fs_sync(err, m->fd))
		return err->code;
	return pacs_fs_sync_parent(err, AT_FDCWD, path);
}

static struct pacs_deid_map *
map_new(void)
{
	struct pacs_deid_map *m = pacs_calloc(1, sizeof(*m));

	pthread_mutex_init(&m->lock, NULL);
	m->fd = -1;
	m->seen = (struct digest_set)DIGEST_SET(16, 0);
	m->owners = (struct digest_set)DIGEST_SET(16, 16);
	return m;
}

static void
map_free(struct pacs_deid_map *m)
{
	if (m->fd >= 0)
		close(m->fd);
	set_clear(&m->seen);
	set_clear(&m->owners);
	pacs_buf_clear(&m->out);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

enum pacs_err
pacs_deid_map_open(struct pacs_error *err, const char *path, bool unique,
		   struct pacs_deid_map **ret)
{
	struct pacs_deid_map *m = map_new();

	*ret = NULL;
	m->unique = unique;
	if (pacs_fs_open_rw(err, AT_FDCWD, path, 0600, &m->fd) ||
	    load(err, m, path)) {
		map_free(m);
		return err->code;
	}
	*ret = m;
	return PACS_OK;
}

enum pacs_err
pacs_deid_map_open_sealed(struct pacs_error *err, const char *path,
			  const char *recipient, struct pacs_deid_map **ret)
{
	struct pacs_deid_map *m = map_new();

	*ret = NULL;
	if (seal_begin(err, path, recipient, &m->seal, &m->fd)) {
		map_free(m);
		return err->code;
	}
	pacs_buf_adds(&m->out, MAP_HEAD);
	*ret = m;
	return PACS_OK;
}

/* --- appending -------------------------------------------------------------
 */

static enum pacs_err
flush(struct pacs_error *err, struct pacs_deid_map *m)
{
	enum pacs_err code;

	if (!m->out.len)
		return PACS_OK;
	code = m->seal ? pacs_fs_write(err, m->fd, m->out.data, m->out.len)
		       : pacs_fs_pwrite(err, m->fd, m->out.data, m->out.len,
					m->end);
	if (code)
		return code;
	m->end += m->out.len;
	pacs_buf_reset(&m->out);
	return PACS_OK;
}

/* Was it new? */
static bool
add_line(struct pacs_deid_map *m, const struct pacs_deid_map_line *l)
{
	size_t start = m->out.len;
	struct pacs_uid_digest d;
	bool is_new = false;

	if (!*l->original)
		return false;
	map_line_add(&m->out, l);
	digest_of(m->out.data + start, m->out.len - start, &d);
	set_put(&m->seen, &d, &is_new);
	if (!is_new) {
		m->out.len = start;
		m->out.data[start] = '\0';
	}
	return is_new;
}

static enum pacs_err
add(struct pacs_error *err, struct pacs_deid_map *m,
    const struct pacs_deid_identity *id)
{
	bool named = *id->patient_id;
	const struct pacs_deid_map_line lines[] = {
	    {named ? "patient" : "unnamed",
	     named ? id->patient_id : id->old_study, named ? id->issuer : "",
	     id->pseudonym},
	    {"accession", id->old_accession, "", id->accession},
	    {"study", id->old_study, "", id->study},
	    {"series", id->old_series, "", id->series},
	};
	bool new_patient;
	size_t i;

	if (m->unique && !claim(m, &lines[0]))
		return pacs_error_set(err, PACS_ECONFLICT,
				      "another patient has its pseudonym: more "
				      "digits are needed");
	new_patient = add_line(m, &lines[0]);
	for (i = 1; i < sizeof(lines) / sizeof(lines[0]); i++)
		add_line(m, &lines[i]);
	if (m->seal && m->out.len < FLUSH)
		return PACS_OK;
	if (flush(err, m))
		return err->code;
	return m->unique && new_patient ? pacs_fs_sync(err, m->fd) : PACS_OK;
}

enum pacs_err
pacs_deid_map_add(struct pacs_error *err, struct pacs_deid_map *m,
		  const struct pacs_deid_identity *id)
{
	pthread_mutex_lock(&m->lock);
	(void)!add(err, m, id);
	pthread_mutex_unlock(&m->lock);
	return err->code;
}

enum pacs_err
pacs_deid_map_close(struct pacs_error *err, struct pacs_deid_map *m)
{
	struct pacs_error cut = PACS_ERROR_INIT;

	if (!m)
		return PACS_OK;
	if (!m->seal) {
		if (!flush(err, m))
			(void)!pacs_fs_sync(err, m->fd);
	} else {
		(void)!flush(&cut, m); /* age says better why */
		close(m->fd);
		m->fd = -1;
		if (!seal_end(err, m->seal, cut.code == PACS_OK))
			*err = cut;
	}
	map_free(m);
	return err->code;
}
