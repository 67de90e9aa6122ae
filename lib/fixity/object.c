/*
 * One object: its bytes against the ledger, its UIDs against its place, its
 * data set and pixels to their end.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "dicom/dataset.h"
#include "dicom/end.h"
#include "fixity/internal.h"

enum { READ_BYTES = 1 << 20 };

struct reader {
	struct pacs_digest *digest;
	char *bytes; /* READ_BYTES; a small object wholly */
};

struct reader *
reader_new(void)
{
	struct reader *r = pacs_malloc(sizeof(*r));

	r->digest = pacs_digest_new();
	r->bytes = pacs_malloc(READ_BYTES);
	return r;
}

void
reader_free(struct reader *r)
{
	pacs_digest_free(r->digest);
	free(r->bytes);
	free(r);
}

static void
check_pixels(struct run *run, const char *path, struct pacs_dataset *ds)
{
	static const struct pacs_object_bytes unused = {.fd = -1};
	const struct pacs_item *root = pacs_dataset_root(ds);
	const struct pacs_element *e = pacs_item_find(root, PACS_TAG_PixelData);
	char want[48], have[48];
	uint64_t bytes;

	/* The offset table and at least one fragment. */
	if (e && pacs_element_is_encapsulated(e) &&
	    pacs_element_fragment_count(e) < 2) {
		run_finding(run, PACS_FAULT_TRUNCATED, path, "fragments",
			    "none");
		return;
	}
	if (!pacs_dataset_is_cut(ds, &unused))
		return;
	if (!e || pacs_element_is_encapsulated(e)) {
		run_finding(run, PACS_FAULT_TRUNCATED, path, "a data set",
			    "ends early");
		return;
	}
	bytes = pacs_pixels_expected(root);
	snprintf(want, sizeof(want), "%llu bytes of pixels",
		 (unsigned long long)bytes);
	snprintf(have, sizeof(have), "%llu",
		 (unsigned long long)pacs_element_length(e));
	run_finding(run, PACS_FAULT_TRUNCATED, path, want, have);
}

bool
object_says(const struct pacs_item *root, const struct pacs_triple *place,
	    struct pacs_triple *ret_own)
{
	struct pacs_triple *own = ret_own;

	memset(own, 0, sizeof(*own));
	return pacs_item_uid(root, PACS_TAG_StudyInstanceUID, own->study,
			     PACS_UID_ROOM) &&
	       pacs_item_uid(root, PACS_TAG_SeriesInstanceUID, own->series,
			     PACS_UID_ROOM) &&
	       pacs_item_uid(root, PACS_TAG_SOPInstanceUID, own->instance,
			     PACS_UID_ROOM) &&
	       strcmp(own->study, place->study) == 0 &&
	       strcmp(own->series, place->series) == 0 &&
	       strcmp(own->instance, place->instance) == 0;
}

static void
check_uids(struct run *run, const char *path, const struct pacs_item *root)
{
	struct pacs_triple place = {"", "", ""}, own;

	if (pacs_object_triple(path, &place) &&
	    !object_says(root, &place, &own))
		run_finding(run, PACS_FAULT_UIDS, path, "", own.instance);
}

/* The bytes are those recorded; what do they say? A bad data set that came so
 * is a finding too: it may be the time to ask its sender for it again. */
static void
check_dataset(struct run *run, const struct expected *expected,
	      struct pacs_error *err, enum pacs_err rc, struct pacs_dataset *ds)
{
	const char *path = expected->path;

	if (rc || pacs_dataset_damage(ds))
		run_finding(run, PACS_FAULT_TRUNCATED, path, "a data set",
			    rc ? err->msg : pacs_dataset_damage(ds));
	if (!rc) {
		if (!expected->given)
			check_uids(run, path, pacs_dataset_root(ds));
		if (!pacs_dataset_damage(ds))
			check_pixels(run, path, ds);
	}
	pacs_dataset_free(ds);
}

/* Hash all of it; a small object stays in r->bytes. */
static enum pacs_err
hash(struct pacs_error *err, struct run *run, struct reader *r, int fd,
     char sha256[PACS_SHA256_HEX], uint64_t *ret_size)
{
	enum pacs_err rc;
	uint64_t at = 0;
	size_t n;

	do {
		rc = pacs_file_pread(err, fd, r->bytes, READ_BYTES, at, &n);
		if (rc)
			break;
		pacs_digest_add(r->digest, r->bytes, n);
		at += n;
		run_read(run, 0, n);
	} while (n == READ_BYTES);
	pacs_digest_end_hex(r->digest, sha256);
	*ret_size = at;
	return rc;
}

void
object_check(struct run *run, struct reader *r, const struct expected *e)
{
	const char *path = e->path, *sha256 = e->sha256;
	const struct pacs_read_options opts = {.tolerate_damage = true};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;
	char have[PACS_SHA256_HEX];
	enum pacs_err rc;
	uint64_t n;
	int fd;

	rc = pacs_file_open(&err, pacs_archive_dirfd(run->ar), path, &fd, NULL);
	if (rc == PACS_ENOTFOUND && late_touched(run, path))
		return; /* purged meanwhile */
	if (rc) {
		run_finding(run, PACS_FAULT_UNREADABLE, path, sha256, err.msg);
		return;
	}
	rc = hash(&err, run, r, fd, have, &n);
	if (rc) {
		run_finding(run, PACS_FAULT_UNREADABLE, path, sha256, err.msg);
	} else if (strcmp(have, sha256) != 0) {
		if (!late_touched(run, path)) /* replaced or repaired */
			run_finding(run, PACS_FAULT_DAMAGED, path, sha256,
				    have);
	} else {
		if (n < READ_BYTES)
			rc = pacs_dataset_read_memory(&err, r->bytes, (size_t)n,
						      &opts, &ds);
		else
			rc = pacs_dataset_read_fd(&err, fd, &opts, &ds);
		check_dataset(run, e, &err, rc, ds);
	}
	/* A scrub must not push out of memory what others work with. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	run_read(run, 1, 0);
}
