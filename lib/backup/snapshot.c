/*
 * The text of a snapshot.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/snapshot.h"

#define FIRST_LINE "pacs-backup snapshot 1"

void
text_seal(struct pacs_buf *b)
{
	char sha[PACS_SHA256_HEX];

	pacs_sha256_hex(pacs_buf_str(b), b->len, sha);
	pacs_buf_addf(b, "sha256=%s\n", sha);
}

bool
text_whole(const char *text, size_t len, size_t *ret_len)
{
	enum { SEAL = 7 + 64 + 1 };
	char sha[PACS_SHA256_HEX];

	if (len < SEAL || memchr(text, '\0', len) ||
	    memcmp(text + len - SEAL, "sha256=", 7) != 0 ||
	    text[len - 1] != '\n')
		return false;
	*ret_len = len - SEAL;
	pacs_sha256_hex(text, *ret_len, sha);
	return memcmp(sha, text + len - 65, 64) == 0;
}

void
snapshot_clear(struct snapshot *s)
{
	free(s->owed);
	free(s->files);
	memset(s, 0, sizeof(*s));
}

struct pacs_backup_file *
snapshot_add(struct snapshot *s)
{
	if (s->file_count == s->file_cap) {
		s->file_cap = s->file_cap ? 2 * s->file_cap : 16;
		s->files =
		    pacs_realloc(s->files, s->file_cap * sizeof(*s->files));
	}
	memset(&s->files[s->file_count], 0, sizeof(*s->files));
	return &s->files[s->file_count++];
}

void
snapshot_owe(struct snapshot *s, const struct pacs_cursor *c)
{
	s->owed = pacs_realloc(s->owed, (s->owed_count + 1) * sizeof(*s->owed));
	s->owed[s->owed_count++] = *c;
}

/* --- writing -------------------------------------------------------------- */

static void
add_cursor(struct pacs_buf *b, const char *key, const struct pacs_cursor *c)
{
	pacs_buf_addf(b, "%s=%06u %llu %s\n", key, c->segment,
		      (unsigned long long)c->offset, c->check);
}

static void
add_number(struct pacs_buf *b, const char *key, uint64_t n)
{
	pacs_buf_addf(b, "%s=%llu\n", key, (unsigned long long)n);
}

void
snapshot_format(const struct snapshot *s, struct pacs_buf *b)
{
	size_t i;

	pacs_buf_addf(b, FIRST_LINE "\nnumber=%06u\narchive=%s\n", s->number,
		      s->archive);
	pacs_buf_addf(b, "began=%s\nended=%s\ncomplete=%s\n", s->began,
		      s->ended, s->partial ? "no" : "yes");
	add_cursor(b, "from", &s->from);
	add_cursor(b, "to", &s->to);
	add_cursor(b, "sealed", &s->sealed);
	pacs_buf_addf(b, "previous=%s\nsmall=%s\n",
		      *s->previous ? s->previous : "-",
		      *s->small ? s->small : "-");
	add_number(b, "objects", s->objects);
	add_number(b, "bytes", s->bytes);
	add_number(b, "missed", s->missed);
	add_number(b, "all-objects", s->all_objects);
	add_number(b, "all-bytes", s->all_bytes);
	add_number(b, "all-packs", s->all_packs);
	for (i = 0; i < s->owed_count; i++)
		add_cursor(b, "owed", &s->owed[i]);
	for (i = 0; i < s->file_count; i++) {
		const struct pacs_backup_file *f = &s->files[i];

		pacs_buf_addf(
		    b, "file=%s %llu %llu %llu\n%s  %s\n", f->kind,
		    (unsigned long long)f->size, (unsigned long long)f->raw,
		    (unsigned long long)f->objects, f->sha256, f->name);
	}
	text_seal(b);
}

/* --- reading -------------------------------------------------------------- */

static bool
is_digest(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

bool
snapshot_names_file(const char *s)
{
	return (!strncmp(s, "packs/", 6) || !strncmp(s, "index/", 6)) &&
	       strlen(s) < NAME_ROOM && !strstr(s, "..") &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789./") == strlen(s);
}

static bool
take_cursor(const char *v, struct pacs_cursor *c)
{
	unsigned long long offset;

	/* No signs: scanf would take them. The widths bound the numbers. */
	if (v[strspn(v, "0123456789abcdef ")] ||
	    /* NOLINTNEXTLINE(cert-err34-c) */
	    sscanf(v, "%6u %19llu %16[0-9a-f]", &c->segment, &offset,
		   c->check) != 3)
		return false;
	c->offset = offset;
	return c->segment >= 1 && strlen(c->check) == 16;
}

static bool
take_number(const char *v, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(v, &end, 10);
	return !errno && end != v && !*end && *v != '-';
}

static bool
take_digest(const char *v, char ret[PACS_SHA256_HEX])
{
	if (strcmp(v, "-") == 0)
		return true;
	if (!is_digest(v))
		return false;
	memcpy(ret, v, PACS_SHA256_HEX);
	return true;
}

static bool
take_text(const char *v, char *ret, size_t size)
{
	size_t n = strlen(v);

	if (n >= size)
		return false;
	memcpy(ret, v, n + 1);
	return true;
}

static bool
take_file(struct snapshot *s, const char *v)
{
	struct pacs_backup_file *f = snapshot_add(s);
	unsigned long long size, raw, objects;

	if (v[strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789 ")] ||
	    /* NOLINTNEXTLINE(cert-err34-c): the widths bound the numbers */
	    sscanf(v, "%7[a-z] %19llu %19llu %19llu", f->kind, &size, &raw,
		   &objects) != 4)
		return false;
	f->size = size;
	f->raw = raw;
	f->objects = objects;
	return true;
}

/* The line behind "file=": "DIGEST  NAME". */
static bool
take_sum(struct snapshot *s, char *line)
{
	struct pacs_backup_file *f;

	if (!s->file_count || strlen(line) < 67)
		return false;
	f = &s->files[s->file_count - 1];
	if (*f->name || memcmp(line + 64, "  ", 2) != 0)
		return false;
	line[64] = '\0';
	return is_digest(line) && snapshot_names_file(line + 66) &&
	       take_text(line, f->sha256, sizeof(f->sha256)) &&
	       take_text(line + 66, f->name, sizeof(f->name));
}

#define AT(member) offsetof(struct snapshot, member)
#define TEXT(member) \
	TAKE_TEXT, AT(member), sizeof(((struct snapshot *)0)->member)

/* Keys whose value goes as it is to a member. */
static const struct {
	const char *key;
	enum { TAKE_TEXT, TAKE_CURSOR, TAKE_DIGEST, TAKE_NUMBER } kind;
	size_t at, size;
} members[] = {
    {"archive", TEXT(archive)},
    {"began", TEXT(began)},
    {"ended", TEXT(ended)},
    {"from", TAKE_CURSOR, AT(from), 0},
    {"to", TAKE_CURSOR, AT(to), 0},
    {"sealed", TAKE_CURSOR, AT(sealed), 0},
    {"previous", TAKE_DIGEST, AT(previous), 0},
    {"small", TAKE_DIGEST, AT(small), 0},
    {"objects", TAKE_NUMBER, AT(objects), 0},
    {"bytes", TAKE_NUMBER, AT(bytes), 0},
    {"missed", TAKE_NUMBER, AT(missed), 0},
    {"all-objects", TAKE_NUMBER, AT(all_objects), 0},
    {"all-bytes", TAKE_NUMBER, AT(all_bytes), 0},
    {"all-packs", TAKE_NUMBER, AT(all_packs), 0},
};

static bool
take_member(struct snapshot *s, size_t i, const char *v)
{
	void *to = (char *)s + members[i].at;

	switch (members[i].kind) {
	case TAKE_TEXT:
		return take_text(v, to, members[i].size);
	case TAKE_CURSOR:
		return take_cursor(v, to);
	case TAKE_DIGEST:
		return take_digest(v, to);
	default:
		return take_number(v, to);
	}
}

static bool
take_pair(struct snapshot *s, const char *key, const char *v)
{
	struct pacs_cursor c;
	uint64_t n;
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (!strcmp(key, members[i].key))
			return take_member(s, i, v);
	if (!strcmp(key, "number")) {
		bool ok = take_number(v, &n) && n >= 1 && n <= 999999;

		s->number = (unsigned)n;
		return ok;
	}
	if (!strcmp(key, "complete")) {
		s->partial = strcmp(v, "yes") != 0;
		return true;
	}
	if (!strcmp(key, "owed")) {
		if (!take_cursor(v, &c) || s->owed_count > OWED_MAX)
			return false;
		snapshot_owe(s, &c);
		return true;
	}
	if (!strcmp(key, "file"))
		return take_file(s, v);
	return true; /* of a later version, for others */
}

static bool
take_line(struct snapshot *s, char *line)
{
	char *eq = strchr(line, '=');

	if (line[0] && line[1] && strspn(line, "0123456789abcdef") == 64)
		return take_sum(s, line);
	if (!eq)
		return false;
	*eq = '\0';
	return take_pair(s, line, eq + 1);
}

enum pacs_err
snapshot_parse(struct pacs_error *err, const char *text, size_t len,
	       struct snapshot *ret)
{
	char *copy, *line, *save = NULL;
	bool ok = text_whole(text, len, &len);
	size_t i;

	memset(ret, 0, sizeof(*ret));
	copy = pacs_strndup(text, ok ? len : 0);
	ok = ok && (line = strtok_r(copy, "\n", &save)) &&
	     !strcmp(line, FIRST_LINE);
	while (ok && (line = strtok_r(NULL, "\n", &save)))
		ok = take_line(ret, line);
	for (i = 0; ok && i < ret->file_count; i++)
		ok = *ret->files[i].name;
	ok = ok && ret->number && ret->to.segment && ret->sealed.segment &&
	     ret->from.segment;
	free(copy);
	if (ok)
		return PACS_OK;
	snapshot_clear(ret);
	return pacs_error_set(err, PACS_EFORMAT, "not a whole snapshot");
}

enum pacs_err
snapshot_read(struct pacs_error *err, struct pacs_repo *r, const char *name,
	      struct snapshot *ret)
{
	struct pacs_buf b = {0};
	enum pacs_err rc = depot_slurp(err, &r->depot, name, &b);

	memset(ret, 0, sizeof(*ret));
	if (!rc)
		rc = snapshot_parse(err, pacs_buf_str(&b), b.len, ret);
	if (!rc)
		pacs_sha256_hex(b.data, b.len, ret->sha256);
	if (!rc && strcmp(ret->archive, r->archive) != 0)
		rc = pacs_error_set(err, PACS_ECONFLICT,
				    "it is of another archive");
	if (rc) {
		snapshot_clear(ret);
		pacs_error_wrap(err, "'%s'", name);
	}
	ret->dropped = !strncmp(name, "dropped/", 8);
	pacs_buf_clear(&b);
	return rc;
}
