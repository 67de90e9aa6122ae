/* See map.h. */
#include "deid/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/fs.h"
#include "deid/output.h"

#define HEAD    "# pacs-anon map 1\n"
#define MAP_MAX (1u << 30)
#define FLUSH   (64u << 10)
#define WAIT_MS 10000u

struct pacs_deid_map {
	int fd;
	bool is_file;
	uint64_t end;           /* of what is in the file */
	struct digest_set seen; /* lines */
	struct pacs_buf out;    /* not written yet */
};

static void
digest_of(const char *line, size_t n, struct pacs_uid_digest *ret)
{
	struct pacs_digest *d = pacs_digest_new();
	uint8_t sha256[PACS_SHA256_SIZE];

	pacs_digest_add(d, line, n);
	pacs_digest_end(d, sha256);
	memcpy(ret->bytes, sha256, sizeof(ret->bytes));
	pacs_digest_free(d);
}

/* --- opening ---------------------------------------------------------------
 */

/* Remember the lines that are there; *ret_end: after the last whole one. */
static void
remember(struct pacs_deid_map *m, const char *s, size_t n, uint64_t *ret_end)
{
	size_t at = 0;

	while (at < n) {
		const char *end = memchr(s + at, '\n', n - at);
		struct pacs_uid_digest d;
		size_t len;

		if (!end)
			break;
		len = (size_t)(end - (s + at)) + 1;
		digest_of(s + at, len, &d);
		set_add(&m->seen, &d);
		at += len;
	}
	*ret_end = at;
}

static enum pacs_err
load(struct pacs_error *err, struct pacs_deid_map *m, const char *path)
{
	struct pacs_buf text = {0};
	struct stat st;

	if (fstat(m->fd, &st))
		return pacs_error_sys(err, errno, "map '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_mode & 077)
		return pacs_error_set(err, PACS_EDENIED,
				      "map '%s' can be read by others: "
				      "chmod 600 it",
				      path);
	if (pacs_fs_lock(err, m->fd, true, WAIT_MS) ||
	    pacs_file_slurp(err, AT_FDCWD, path, MAP_MAX, &text))
		goto out;
	if (text.len && strncmp(text.data, HEAD, strlen(HEAD)) != 0) {
		pacs_error_set(err, PACS_EFORMAT,
			       "'%s' is not a map of pacs-anon", path);
		goto out;
	}
	remember(m, pacs_buf_str(&text), text.len, &m->end);
	if (m->end < text.len && pacs_fs_truncate(err, m->fd, m->end))
		goto out;
	if (!text.len)
		pacs_buf_adds(&m->out, HEAD);
out:
	pacs_buf_clear(&text);
	return err->code;
}

static void
map_free(struct pacs_deid_map *m)
{
	if (m->fd >= 0)
		close(m->fd);
	set_clear(&m->seen);
	pacs_buf_clear(&m->out);
	free(m);
}

enum pacs_err
pacs_deid_map_open(struct pacs_error *err, const char *path,
		   struct pacs_deid_map **ret)
{
	struct pacs_deid_map *m = pacs_calloc(1, sizeof(*m));

	*ret = NULL;
	m->fd = -1;
	m->is_file = true;
	if (pacs_fs_open_rw(err, AT_FDCWD, path, 0600, &m->fd) ||
	    load(err, m, path)) {
		map_free(m);
		return err->code;
	}
	*ret = m;
	return PACS_OK;
}

struct pacs_deid_map *
pacs_deid_map_to(int fd)
{
	struct pacs_deid_map *m = pacs_calloc(1, sizeof(*m));

	m->fd = fd;
	pacs_buf_adds(&m->out, HEAD);
	return m;
}

/* --- appending -------------------------------------------------------------
 */

static enum pacs_err
flush(struct pacs_error *err, struct pacs_deid_map *m)
{
	enum pacs_err code;

	if (!m->out.len)
		return PACS_OK;
	code = m->is_file
		   ? pacs_fs_pwrite(err, m->fd, m->out.data, m->out.len, m->end)
		   : pacs_fs_write(err, m->fd, m->out.data, m->out.len);
	if (code)
		return code;
	m->end += m->out.len;
	pacs_buf_reset(&m->out);
	return PACS_OK;
}

static void
add_escaped(struct pacs_buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\t')
			pacs_buf_adds(b, "\\t");
		else if (*s == '\n')
			pacs_buf_adds(b, "\\n");
		else if (*s == '\\')
			pacs_buf_adds(b, "\\\\");
		else
			pacs_buf_addc(b, *s);
	}
}

static void
add_line(struct pacs_deid_map *m, const char *kind, const char *original,
	 const char *issuer, const char *replacement)
{
	size_t start = m->out.len;
	struct pacs_uid_digest d;

	if (!*original)
		return;
	pacs_buf_addf(&m->out, "%s\t", kind);
	add_escaped(&m->out, original);
	pacs_buf_addc(&m->out, '\t');
	add_escaped(&m->out, issuer);
	pacs_buf_addf(&m->out, "\t%s\n", replacement);
	digest_of(m->out.data + start, m->out.len - start, &d);
	if (!set_add(&m->seen, &d)) {
		m->out.len = start;
		m->out.data[start] = '\0';
	}
}

enum pacs_err
pacs_deid_map_add(struct pacs_error *err, struct pacs_deid_map *m,
		  const struct pacs_deid_identity *id)
{
	add_line(m, "patient", id->patient_id, id->issuer, id->pseudonym);
	add_line(m, "accession", id->old_accession, "", id->accession);
	add_line(m, "study", id->old_study, "", id->study);
	add_line(m, "series", id->old_series, "", id->series);
	return m->out.len < FLUSH ? PACS_OK : flush(err, m);
}

enum pacs_err
pacs_deid_map_close(struct pacs_error *err, struct pacs_deid_map *m)
{
	if (!m)
		return PACS_OK;
	if (!flush(err, m) && m->is_file)
		(void)!pacs_fs_sync(err, m->fd);
	map_free(m);
	return err->code;
}

/* --- reading ---------------------------------------------------------------
 */

static void
unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			*to++ = (char)(*s == 't'   ? '\t'
				       : *s == 'n' ? '\n'
						   : *s);
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

bool
pacs_deid_map_parse(char *line, struct pacs_deid_map_line *ret)
{
	char *field[4] = {line};
	int i;

	if (*line == '#')
		return false;
	for (i = 1; i < 4; i++) {
		field[i] = strchr(field[i - 1], '\t');
		if (!field[i])
			return false;
		*field[i]++ = '\0';
	}
	for (i = 0; i < 4; i++)
		unescape(field[i]);
	*ret =
	    (struct pacs_deid_map_line){field[0], field[1], field[2], field[3]};
	return true;
}
