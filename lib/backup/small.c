/*
 * What is packed besides objects: segments of the ledger, and the small files
 * of an archive.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup/night.h"
#include "backup/packing.h"
#include "base/dir.h"
#include "base/file.h"
#include "dicom/uid.h"

#define SMALL_FILE (16u << 20)

static enum pacs_err
list_small(struct pacs_error *err, const struct pacs_archive *ar,
	   struct names *out)
{
	char path[PACS_PATH_ROOM];
	const struct dirent *e;
	struct pacs_dir d;

	if (pacs_dir_open(err, pacs_archive_dirfd(ar), "amendments", 0, &d) ==
	    PACS_ENOTFOUND)
		pacs_error_clear(err);
	while ((e = pacs_dir_next(err, &d))) {
		snprintf(path, sizeof(path), "amendments/%.400s", e->d_name);
		if (pacs_uid_is_safe(e->d_name))
			names_add(out, path);
	}
	pacs_dir_close(&d);
	if (err->code)
		return err->code;
	if (faccessat(pacs_archive_dirfd(ar), "peers", F_OK, 0) == 0)
		names_add(out, "peers");
	names_sort(out);
	names_add(out, "pacs-archive"); /* last: with it an archive exists */
	return PACS_OK;
}

static enum pacs_err
digest_small(struct pacs_error *err, const struct pacs_archive *ar,
	     const struct names *files, char ret[PACS_SHA256_HEX])
{
	struct pacs_digest *d = pacs_digest_new();
	struct pacs_buf b = {0};
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < files->count; i++) {
		pacs_buf_reset(&b);
		rc = pacs_file_slurp(err, pacs_archive_dirfd(ar),
				     files->list[i], SMALL_FILE, &b);
		pacs_digest_add(d, files->list[i], strlen(files->list[i]) + 1);
		pacs_digest_add(d, pacs_buf_str(&b), b.len);
		pacs_digest_add(d, "\n", 1);
	}
	pacs_digest_end_hex(d, ret);
	pacs_digest_free(d);
	pacs_buf_clear(&b);
	return rc;
}

static enum pacs_err
pack_small(struct pacs_error *err, struct night *n, const struct names *files)
{
	/* Not purged/: where it is missing, what writes makes it from the
	 * ledger; an empty one would say that nothing was purged. */
	static const char *const folders[] = {"objects/", "ledger/", "index/",
					      "quarantine/", "incoming/"};
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < sizeof(folders) / sizeof(*folders); i++)
		rc = pack_file(err, &n->packer, folders[i], 0750, "", 0);
	if (!rc)
		rc = pack_file(err, &n->packer, "ledger/lock", 0640, "", 0);
	for (i = 0; !rc && i < files->count; i++)
		rc = pack_file(err, &n->packer, files->list[i], 0640, NULL, 0);
	return rc;
}

enum pacs_err
night_pack_ledger(struct pacs_error *err, struct night *n)
{
	struct names small = {0};
	char digest[PACS_SHA256_HEX], path[32];
	enum pacs_err rc = list_small(err, n->ar, &small);
	uint32_t s = n->now.sealed.segment;

	n->packer.kind = "ledger";
	if (!rc)
		rc = digest_small(err, n->ar, &small, digest);
	if (!rc && strcmp(digest, n->now.small) != 0)
		rc = pack_small(err, n, &small);
	for (; !rc && s < n->end.segment; s++) {
		snprintf(path, sizeof(path), "ledger/%06u.tsv", s);
		rc = pack_file(err, &n->packer, path, 0640, NULL, 0);
	}
	/* The segment that is active now, empty: who unpacks by hand goes on in
	 * it, and leaves the sealed ones as they are. */
	if (!rc && n->packer.open) {
		snprintf(path, sizeof(path), "ledger/%06u.tsv", n->end.segment);
		rc = pack_file(err, &n->packer, path, 0640, "", 0);
	}
	if (!rc && n->r)
		rc = pack_finish(err, &n->packer);
	if (!rc) {
		memcpy(n->now.small, digest, sizeof(digest));
		n->now.sealed = n->end;
	}
	n->packer.kind = "objects";
	names_clear(&small);
	return rc;
}

enum pacs_err
night_small_news(struct pacs_error *err, struct night *n, bool *ret)
{
	struct names small = {0};
	char digest[PACS_SHA256_HEX];
	enum pacs_err rc = list_small(err, n->ar, &small);

	*ret = false;
	if (!rc)
		rc = digest_small(err, n->ar, &small, digest);
	if (!rc)
		*ret = strcmp(digest, n->now.small) != 0;
	names_clear(&small);
	return rc;
}
