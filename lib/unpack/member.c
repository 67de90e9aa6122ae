/*
 * One member of an archive file.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "unpack/internal.h"

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

/* "x.tar//member", with what is not printable escaped. Caller frees. */
static char *
member_name(const struct pacs_unpack *u, struct archive_entry *e)
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

enum pacs_err
pacs_unpack_read(struct pacs_error *err, struct pacs_unpack *u, char *buf,
		 size_t size, size_t *n)
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

static bool
tell_member(struct pacs_unpack *u, struct archive_entry *e, const char *name)
{
	const struct pacs_unpack_hooks *h = u->hooks;
	mode_t type = archive_entry_filetype(e);

	if (type == AE_IFLNK ||
	    (archive_entry_hardlink(e) && archive_entry_size(e) <= 0)) {
		h->other(h->ctx, name, "link", NULL);
		return true;
	}
	if (type != AE_IFREG && type != 0) {
		h->other(h->ctx, name, "device", NULL);
		return true;
	}
	if (archive_entry_is_data_encrypted(e) > 0) {
		h->other(h->ctx, name, "encrypted",
			 "it is encrypted: unpack it first");
		return true;
	}
	return h->member(h->ctx, u, name);
}

bool
unpack_member(struct pacs_unpack *u, struct archive_entry *e)
{
	char *name;
	bool go_on;

	if (archive_entry_filetype(e) == AE_IFDIR)
		return true;
	name = member_name(u, e);
	go_on = tell_member(u, e, name);
	free(name);
	return go_on;
}
