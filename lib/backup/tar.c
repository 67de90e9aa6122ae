/*
 * The entries of a pack: POSIX tar (pax interchange format). Each file has an
 * extended header with its path and, as a comment, its SHA-256: other programs
 * skip that.
 */
#include <stdio.h>
#include <string.h>

#include "backup/entry.h"
#include "dicom/uid.h"

static bool
is_digest_file(const char *name)
{
	return strspn(name, "0123456789abcdef") == 64 &&
	       (!strcmp(name + 64, ".dcm") || !strcmp(name + 64, ".txt"));
}

static bool
is_segment(const char *name)
{
	return strspn(name, "0123456789") == 6 && !strcmp(name + 6, ".tsv");
}

static bool
is_known_folder(const char *path)
{
	static const char *const folders[] = {
	    "objects/",  "ledger/", "index/",     "quarantine/",
	    "incoming/", "purged/", "amendments/"};
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (!strcmp(path, folders[i]))
			return true;
	return false;
}

bool
entry_kind_of(const char *path, enum entry_kind *ret)
{
	struct pacs_triple t;

	if (pacs_object_triple(path, &t))
		*ret = ENTRY_OBJECT;
	else if (!strncmp(path, "quarantine/", 11) && is_digest_file(path + 11))
		*ret = ENTRY_QUARANTINE;
	else if (!strncmp(path, "ledger/", 7) && is_segment(path + 7))
		*ret = ENTRY_LEDGER;
	else if (!strcmp(path, "pacs-archive"))
		*ret = ENTRY_MARKER;
	else if (!strcmp(path, "peers") || !strcmp(path, "ledger/lock") ||
		 (!strncmp(path, "amendments/", 11) &&
		  pacs_uid_is_safe(path + 11)))
		*ret = ENTRY_SMALL;
	else if (is_known_folder(path))
		*ret = ENTRY_FOLDER;
	else
		return false;
	return true;
}

/* POSIX ustar header block. */
struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8],
	    type, link[100], magic[6], version[2], user[32], group[32],
	    major[8], minor[8], prefix[155], pad[12];
};

static void
block(struct pacs_buf *out, const char *name, char type, uint64_t size,
      unsigned mode)
{
	struct ustar h;
	const unsigned char *p;
	unsigned sum = 0;
	size_t i, n = strnlen(name, sizeof(h.name));

	memset(&h, 0, sizeof(h));
	p = (const unsigned char *)&h;
	memcpy(h.name, name, n);
	snprintf(h.mode, sizeof(h.mode), "%07o", mode & 07777);
	snprintf(h.uid, sizeof(h.uid), "%07o", 0);
	snprintf(h.gid, sizeof(h.gid), "%07o", 0);
	/* Octal digits hold 8 GiB; the extended header says more. */
	snprintf(h.size, sizeof(h.size), "%011llo",
		 (unsigned long long)(size & 077777777777ull));
	snprintf(h.mtime, sizeof(h.mtime), "%011o", 0);
	h.type = type;
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	memset(h.sum, ' ', sizeof(h.sum));
	for (i = 0; i < sizeof(h); i++)
		sum += p[i];
	snprintf(h.sum, sizeof(h.sum), "%06o", sum);
	pacs_buf_add(out, &h, sizeof(h));
}

static void
pax(struct pacs_buf *out, const char *key, const char *value)
{
	size_t bare = strlen(key) + strlen(value) + 3, n = bare + 1, m;

	/* The record's length counts its own digits. */
	for (;;) {
		char digits[24];

		m = bare + (size_t)snprintf(digits, sizeof(digits), "%zu", n);
		if (m == n)
			break;
		n = m;
	}
	pacs_buf_addf(out, "%zu %s=%s\n", n, key, value);
}

void
tar_header(struct pacs_buf *out, const char *path, uint64_t size, unsigned mode,
	   const char *sha256)
{
	size_t n = strlen(path), from, len, pad;
	bool folder = n && path[n - 1] == '/';
	char text[96];

	if (folder) {
		block(out, path, '5', 0, mode);
		return;
	}
	from = out->len + BLOCK;
	block(out, "pax", 'x', 0, 0644);
	pax(out, "path", path);
	if (size > 077777777777ull) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)size);
		pax(out, "size", text);
	}
	if (sha256) {
		snprintf(text, sizeof(text), "sha256:%.64s", sha256);
		pax(out, "comment", text);
	}
	/* Now its length is known: the block before it is made again. */
	len = out->len - from;
	pad = tar_padding(len);
	memset(pacs_buf_reserve(out, pad), 0, pad);
	out->len += pad;
	{
		struct pacs_buf b = {0};

		block(&b, "pax", 'x', len, 0644);
		memcpy(out->data + from - BLOCK, b.data, BLOCK);
		pacs_buf_clear(&b);
	}
	block(out, strrchr(path, '/') ? strrchr(path, '/') + 1 : path, '0',
	      size, mode);
}
