/*
 * The UIDs that an object's bytes say, for the record of those that were given.
 */
#include <string.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/file.h"
#include "dicom/dataset.h"

bool
bytes_say(int dirfd, const char *name, struct pacs_triple *ret)
{
	const struct pacs_read_options opts = {.stop_tag = PACS_TAG_PixelData,
					       .tolerate_damage = true};
	struct pacs_error e = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;
	struct pacs_item *root;
	bool ok = false;
	int fd;

	memset(ret, 0, sizeof(*ret));
	if (pacs_file_open(&e, dirfd, name, &fd, NULL))
		return false;
	if (!pacs_dataset_read_fd(&e, fd, &opts, &ds)) {
		root = pacs_dataset_root(ds);
		ok = pacs_item_uid(root, PACS_TAG_StudyInstanceUID, ret->study,
				   PACS_UID_ROOM) &&
		     pacs_item_uid(root, PACS_TAG_SeriesInstanceUID,
				   ret->series, PACS_UID_ROOM) &&
		     pacs_item_uid(root, PACS_TAG_SOPInstanceUID, ret->instance,
				   PACS_UID_ROOM);
		pacs_dataset_free(ds);
	}
	close(fd);
	return ok;
}

bool
triple_is_same(const struct pacs_triple *a, const struct pacs_triple *b)
{
	return !strcmp(a->study, b->study) && !strcmp(a->series, b->series) &&
	       !strcmp(a->instance, b->instance);
}

void
pacs_stage_ask_uids(const struct pacs_writer *w, struct pacs_staged *st)
{
	struct pacs_triple own;

	st->given_uids = !bytes_say(w->dirfd, st->name, &own) ||
			 !triple_is_same(&own, &st->triple);
}
