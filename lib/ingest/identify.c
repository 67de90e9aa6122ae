/*
 * What an object is: its UIDs, from the data set itself. Group 0002 is not
 * asked, since whole vendor series differ there from the data set.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "dicom/dataset.h"
#include "dicom/end.h"
#include "ingest/internal.h"

enum {
	/* All four UIDs stand before it in a data set that is in order. */
	BEHIND_UIDS = 0x0020000f,
	INFLATED_MAX = 64 << 20,
	/* About 64 bytes each: what a store may hold for one header. */
	ELEMENTS_MAX = 300000,
};

static enum pacs_err
read_header(struct pacs_error *err, const struct body *body, uint32_t stop,
	    struct pacs_dataset **ret_ds)
{
	struct pacs_read_options opts = {.stop_tag = stop,
					 .max_inflated = INFLATED_MAX,
					 .max_elements = ELEMENTS_MAX,
					 .tolerate_damage = true};

	if (body->bytes)
		return pacs_dataset_read_memory(
		    err, body->bytes, (size_t)body->size, &opts, ret_ds);
	return pacs_dataset_read_fd(err, body->fd, &opts, ret_ds);
}

enum uid_state { UID_FINE, UID_MISSING, UID_UNSAFE };

/* A UID that may be a name of a file; else "". What is unsafe is not shown
 * anywhere, since it may be anything, a patient's name too. */
static enum uid_state
get_uid(const struct pacs_item *root, uint32_t tag, char ret[PACS_UID_ROOM])
{
	const struct pacs_element *e = pacs_item_find(root, tag);

	if (e && pacs_item_uid(root, tag, ret, PACS_UID_ROOM)) {
		if (pacs_uid_is_safe(ret))
			return UID_FINE;
		*ret = '\0';
		return UID_UNSAFE;
	}
	*ret = '\0';
	return e && pacs_element_length(e) > PACS_UID_ROOM ? UID_UNSAFE
							   : UID_MISSING;
}

/* Which of the UIDs are there; the worst of their states. */
static enum uid_state
get_uids(struct pacs_dataset *ds, struct identity *id, unsigned *ret_found)
{
	const struct pacs_item *root = pacs_dataset_root(ds);
	const struct {
		uint32_t tag;
		char *to;
	} uids[] = {
	    {PACS_TAG_StudyInstanceUID, id->triple.study},
	    {PACS_TAG_SeriesInstanceUID, id->triple.series},
	    {PACS_TAG_SOPInstanceUID, id->triple.instance},
	    {PACS_TAG_SOPClassUID, id->sop_class},
	};
	enum uid_state state, worst = UID_FINE;
	size_t i;

	*ret_found = 0;
	for (i = 0; i < sizeof(uids) / sizeof(*uids); i++) {
		state = get_uid(root, uids[i].tag, uids[i].to);
		*ret_found += state != UID_MISSING;
		if (state > worst)
			worst = state;
	}
	return worst;
}

/* "DICM" stands where it must: damaged or not, this wants to be DICOM. */
static bool
has_magic(const struct body *body)
{
	char b[132];
	size_t n = 0;
	struct pacs_error err = PACS_ERROR_INIT;

	if (body->bytes)
		return body->size >= sizeof(b) &&
		       !memcmp((const char *)body->bytes + 128, "DICM", 4);
	return !pacs_file_pread(&err, body->fd, b, sizeof(b), 0, &n) &&
	       n == sizeof(b) && !memcmp(b + 128, "DICM", 4);
}

static void
judge(struct pacs_dataset *ds, enum uid_state state, unsigned found,
      struct identity *id)
{
	const struct pacs_dataset_info *info = pacs_dataset_info(ds);
	bool damaged = pacs_dataset_damage(ds) != NULL;

	id->has_preamble = info->has_preamble;
	id->has_meta = info->has_meta;
	snprintf(id->syntax, sizeof(id->syntax), "%s", info->transfer_syntax);
	id->verdict = state == UID_FINE ? IS_OBJECT : IS_ODD;
	id->reason = id->cut                ? "truncated"
		     : state == UID_FINE    ? (damaged ? "damaged" : "")
		     : damaged              ? "broken"
		     : state == UID_MISSING ? "no-uids"
					    : "unsafe-uids";
	/* Bytes that pass for a first element by chance prove nothing. */
	if (state != UID_FINE && damaged && !found && !info->has_preamble &&
	    !info->has_meta)
		id->verdict = IS_OTHER;
}

/* Does an object that was read up to its pixels go on as it says? */
static bool
is_cut(const struct body *body, struct pacs_dataset *ds)
{
	const struct pacs_object_bytes b = {
	    .bytes = body->bytes, .fd = body->fd, .size = body->size};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *whole = NULL;
	bool cut;

	if (strcmp(pacs_dataset_info(ds)->transfer_syntax,
		   PACS_SYNTAX_DEFLATED_LE) != 0 ||
	    !pacs_dataset_info(ds)->stopped)
		return pacs_dataset_is_cut(ds, &b);
	/* Only inflating it tells; one that is too big for that may be cut. */
	if (read_header(&err, body, 0xfffffffe, &whole))
		return false;
	cut = pacs_dataset_is_cut(whole, &b);
	pacs_dataset_free(whole);
	return cut;
}

void
identify(const struct body *body, struct identity *ret)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;
	enum uid_state state = UID_MISSING;
	unsigned found = 0;
	uint32_t stop = body->is_head ? BEHIND_UIDS : PACS_STOP_AT_PIXELS;

	memset(ret, 0, sizeof(*ret));
	ret->reason = "";
	for (;;) {
		if (read_header(&err, body, stop, &ds)) {
			/* Too much of a header: its UIDs, at least. */
			if (err.code != PACS_ELIMIT || stop <= BEHIND_UIDS)
				break;
			pacs_error_clear(&err);
			stop = BEHIND_UIDS;
			continue;
		}
		if (pacs_dataset_info(ds)->is_dicomdir) {
			ret->verdict = IS_DICOMDIR;
			goto out;
		}
		state = get_uids(ds, ret, &found);
		/* Elements out of order: look at all of it. */
		if (state != UID_MISSING || !stop)
			break;
		stop = 0;
		pacs_dataset_free(ds);
		ds = NULL;
	}
	if (ds) {
		if (state == UID_FINE && stop != BEHIND_UIDS)
			ret->cut = is_cut(body, ds);
		judge(ds, state, found, ret);
	} else if (has_magic(body)) {
		ret->verdict = IS_ODD;
		ret->reason = err.code == PACS_ELIMIT ? "limit" : "broken";
	} else {
		ret->verdict = IS_OTHER;
	}
out:
	pacs_dataset_free(ds);
}
