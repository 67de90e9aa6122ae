/*
 * One member of an archive file.
 */
#include <stdlib.h>
#include <string.h>

#include "dicom/dataset.h"
#include "ingest/unpack.h"

enum {
	NAME_MAX_SHOWN = 4096,
};

/* Bytes of the well-formed, printable character at s; 0 if it is none. */
static size_t
printable(const unsigned char *s)
{
	size_t n = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4, i;
	uint32_t c;
	static const uint32_t least[] = {0, 0x20, 0xa0, 0x800, 0x10000};

	if (n == 1)
		return *s >= 0x20 && *s != 0x7f && *s != '\\';
	if (*s < 0xc2 || *s > 0xf4)
		return 0;
	c = *s & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	return c >= least[n] && c <= 0x10ffff && (c & 0xfffff800) != 0xd800 ? n
									    : 0;
}

char *
member_name(const struct unpack *u, struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e), *p;
	struct pacs_buf b = {0};
	size_t n;

	if (!name)
		name = archive_entry_pathname_utf8(e);
	if (!name)
		name = "?";
	pacs_buf_addf(&b, "%s//", u->name);
	for (p = name; *p && p - name < NAME_MAX_SHOWN; p += n ? n : 1) {
		n = printable((const unsigned char *)p);
		if (n)
			pacs_buf_add(&b, p, n);
		else
			pacs_buf_addf(&b, "\\x%02x", (unsigned char)*p);
	}
	return pacs_buf_take(&b);
}

static struct item *
member_item(const struct unpack *u, struct archive_entry *e)
{
	char *name = member_name(u, e);
	struct item *it = item_new(name);

	free(name);
	return it;
}

/* Read until *n is size or the member ends. */
static enum pacs_err
read_to(struct pacs_error *err, struct unpack *u, char *buf, size_t size,
	size_t *n)
{
	const char *why;
	la_ssize_t got = 1;

	while (*n < size && got) {
		got = archive_read_data(u->a, buf + *n, size - *n);
		if (got < 0) {
			why = archive_error_string(u->a);
			return pacs_error_set(err,
					      u->stopped  ? PACS_EINTERRUPTED
					      : u->bombed ? PACS_ELIMIT
							  : PACS_EFORMAT,
					      "%s",
					      why ? why : "cannot be read");
		}
		*n += (size_t)got;
		u->inflated += (uint64_t)got;
		if (unpack_is_bomb(u))
			return pacs_error_set(err, PACS_ELIMIT, "%s",
					      UNPACK_BOMB_TEXT);
	}
	return PACS_OK;
}

/* The member could not be read or staged. False if it was a bomb. */
static bool
fail_member(struct unpack *u, struct item *it, struct pacs_error *err)
{
	struct run *run = u->wk->run;
	enum pacs_err code = err->code;

	if (code == PACS_ELIMIT)
		item_finish(run, it, PACS_OUTCOME_FAILED, "bomb", err->msg);
	else if (code == PACS_EFORMAT)
		item_finish(run, it, PACS_OUTCOME_FAILED, "broken-archive",
			    err->msg);
	else
		item_fail(run, it, err, false);
	return code != PACS_ELIMIT;
}

/* A member that is held in memory whole: to another worker, or done here. */
static void
take_small(struct unpack *u, struct archive_entry *e, size_t size)
{
	struct job *j = pacs_calloc(1, sizeof(*j));

	j->source = member_name(u, e);
	j->bytes = pacs_malloc(size + 1);
	memcpy(j->bytes, u->wk->bytes, size);
	j->size = size;
	if (pipe_push_member(u->wk->run->pipe, j))
		return;
	source_member(u->wk, j);
	free(j->source);
	free(j->bytes);
	free(j);
}

static enum pacs_err
read_more(struct pacs_error *err, void *ctx, char *buf, size_t size,
	  size_t *ret_n)
{
	*ret_n = 0;
	return read_to(err, ctx, buf, size, ret_n);
}

static bool
take_bytes(struct unpack *u, struct archive_entry *e, size_t n)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct item *it;

	if (read_to(&err, u, u->wk->bytes, SMALL_BYTES + 1, &n))
		return fail_member(u, member_item(u, e), &err);
	if (n <= SMALL_BYTES) {
		take_small(u, e, n);
		return true;
	}
	it = member_item(u, e);
	if (big_take(&err, u->wk, it, n, read_more, u))
		return fail_member(u, it, &err);
	return true;
}

static bool
take_file(struct unpack *u, struct archive_entry *e)
{
	struct run *run = u->wk->run;
	struct pacs_error err = PACS_ERROR_INIT;
	struct item *it;
	size_t n = 0;

	if (read_to(&err, u, u->wk->bytes, PEEK_BYTES, &n))
		return fail_member(u, member_item(u, e), &err);
	if (pacs_dicom_looks_like(u->wk->bytes, n))
		return take_bytes(u, e, n);
	it = member_item(u, e);
	if (container_of(u->wk->bytes, n) == CONTAINER_NONE)
		item_finish(run, it, PACS_OUTCOME_SKIPPED,
			    n ? "not-dicom" : "empty", NULL);
	else
		item_finish(run, it, PACS_OUTCOME_FAILED, "nested-archive",
			    "an archive file inside another is not read: "
			    "unpack it first");
	return true;
}

bool
take_member(struct unpack *u, struct archive_entry *e)
{
	struct run *run = u->wk->run;
	mode_t type = archive_entry_filetype(e);

	if (type == AE_IFDIR)
		return true;
	if (type == AE_IFLNK ||
	    (archive_entry_hardlink(e) && archive_entry_size(e) <= 0)) {
		item_finish(run, member_item(u, e), PACS_OUTCOME_SKIPPED,
			    "link", NULL);
		return true;
	}
	if (type != AE_IFREG && type != 0) {
		item_finish(run, member_item(u, e), PACS_OUTCOME_SKIPPED,
			    "device", NULL);
		return true;
	}
	if (archive_entry_is_data_encrypted(e) > 0) {
		item_finish(run, member_item(u, e), PACS_OUTCOME_FAILED,
			    "encrypted", "it is encrypted: unpack it first");
		return true;
	}
	return take_file(u, e);
}
