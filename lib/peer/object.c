#include "peer/object.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "dicom/dataset.h"
#include "dicom/text.h"
#include "peer/tail.h"

/* Damage must show before anything is sent. A small file is read whole; of a
 * longer one the header and the lengths of its pixel data say the same, but not
 * if it is deflated, which is read up to a limit. */
enum { SMALL = 128 << 10, DEFLATED = 16 << 20, HEAD = 512 };

static enum pacs_object_kind
bad(struct pacs_error *err, enum pacs_err code, const char *what,
    const char *reason, const char **ret_reason)
{
	pacs_error_set(err, code, "%s", what);
	*ret_reason = reason;
	return PACS_OBJECT_BAD;
}

/* The UID as it goes into the command: the data set's, which the peer
 * compares. */
static bool
get_uid(const struct pacs_dataset *ds, uint32_t tag, char *ret)
{
	return pacs_item_uid(pacs_dataset_root((struct pacs_dataset *)ds), tag,
			     ret, PACS_UID_MAX + 1);
}

static bool
uid_can_go(const char *uid)
{
	return *uid && !uid[strspn(uid, "0123456789.")];
}

static enum pacs_object_kind
take_uids(struct pacs_error *err, const struct pacs_dataset *ds,
	  struct pacs_object *o, const char **ret_reason)
{
	if (!get_uid(ds, PACS_TAG_StudyInstanceUID, o->study))
		*o->study = '\0';
	if (!get_uid(ds, PACS_TAG_SeriesInstanceUID, o->series))
		*o->series = '\0';
	if (!get_uid(ds, PACS_TAG_SOPInstanceUID, o->instance) ||
	    !get_uid(ds, PACS_TAG_SOPClassUID, o->sop_class))
		return bad(err, PACS_EFORMAT,
			   "no SOP class or instance UID, or one over 64 bytes",
			   "no-uid", ret_reason);
	if (!uid_can_go(o->instance) || !uid_can_go(o->sop_class))
		return bad(err, PACS_EFORMAT,
			   "a UID with what is no digit or dot in it",
			   "bad-uid", ret_reason);
	return PACS_OBJECT_GOOD;
}

/* What it says itself; its sequences' items may say otherwise. */
static uint64_t
get_charsets(const struct pacs_dataset *ds)
{
	struct pacs_item *root = pacs_dataset_root((struct pacs_dataset *)ds);
	struct pacs_buf value = {0};
	uint64_t needs = 0;

	if (pacs_item_text(root, PACS_TAG_SpecificCharacterSet, &value))
		needs = pacs_charset_needs(pacs_buf_str(&value));
	pacs_buf_clear(&value);
	return needs;
}

static enum pacs_object_kind
take(struct pacs_error *err, const struct pacs_dataset *ds, int fd,
     struct pacs_object *o, const char **ret_reason)
{
	const struct pacs_dataset_info *info = pacs_dataset_info(ds);
	const struct pacs_syntax *known =
	    pacs_syntax_find(info->transfer_syntax);
	uint64_t end = o->size - info->trailing_bytes;

	if (info->is_dicomdir) {
		*ret_reason = "dicomdir";
		return PACS_OBJECT_OTHER;
	}
	if (take_uids(err, ds, o, ret_reason))
		return PACS_OBJECT_BAD;
	if (info->guessed && info->has_meta && known && known->encapsulated)
		return bad(err, PACS_EFORMAT,
			   "it is not in the syntax that it states",
			   "wrong-syntax", ret_reason);
	o->charsets = get_charsets(ds);
	snprintf(o->syntax, sizeof(o->syntax), "%s", info->transfer_syntax);
	o->data_offset = info->dataset_offset;
	if (info->stopped && pacs_tail_find(err, fd, o->size, ds, &end)) {
		*ret_reason = "damaged";
		return PACS_OBJECT_BAD;
	}
	o->data_size = end - o->data_offset;
	o->pad = (o->data_size & 1) && known && known->deflated;
	/* A fragment has an even length (PS3.8 E.2); only a deflated stream may
	 * be filled up (PS3.5 A.5). */
	if ((o->data_size & 1) && !o->pad)
		return bad(err, PACS_EFORMAT,
			   "its data set has an odd length, which no message "
			   "can have",
			   "odd-length", ret_reason);
	return PACS_OBJECT_GOOD;
}

/* Its first bytes. */
static enum pacs_err
load(struct pacs_error *err, int fd, struct pacs_object *o, size_t n)
{
	o->bytes.data = pacs_malloc(n + 1); /* as long as it is, no longer */
	o->bytes.cap = n + 1;
	return pacs_file_pread(err, fd, o->bytes.data, n, 0, &o->bytes.len);
}

/* The data set of a file that is not small. */
static enum pacs_err
read_long(struct pacs_error *err, int fd, const struct pacs_object *o,
	  struct pacs_dataset **ret)
{
	const struct pacs_read_options opts = {.stop_tag = PACS_TAG_PixelData};
	const struct pacs_syntax *s;

	if (pacs_dataset_read_fd(err, fd, &opts, ret))
		return err->code;
	s = pacs_syntax_find(pacs_dataset_info(*ret)->transfer_syntax);
	if (!s || !s->deflated || o->size > DEFLATED)
		return PACS_OK;
	pacs_dataset_free(*ret);
	return pacs_dataset_read_fd(err, fd, NULL, ret);
}

/* The data set and, of a small file, its bytes. */
static enum pacs_object_kind
read_set(struct pacs_error *err, int fd, struct pacs_object *o,
	 struct pacs_dataset **ret, const char **ret_reason)
{
	bool small = o->size <= SMALL;

	*ret_reason = "io";
	if (load(err, fd, o, small ? (size_t)o->size : HEAD))
		return PACS_OBJECT_BAD;
	if (!pacs_dicom_looks_like(o->bytes.data, o->bytes.len)) {
		*ret_reason = o->size ? "not-dicom" : "empty";
		return PACS_OBJECT_OTHER;
	}
	if (small)
		o->size = o->bytes.len; /* it may have become shorter */
	else
		pacs_buf_clear(&o->bytes);
	if (small ? pacs_dataset_read_memory(err, o->bytes.data, o->bytes.len,
					     NULL, ret)
		  : read_long(err, fd, o, ret)) {
		*ret_reason = err->code == PACS_EIO ? "io" : "damaged";
		return PACS_OBJECT_BAD;
	}
	*ret_reason = "";
	return PACS_OBJECT_GOOD;
}

static enum pacs_object_kind
look(struct pacs_error *err, int fd, struct pacs_object *o,
     const char **ret_reason)
{
	enum pacs_object_kind kind;
	struct pacs_dataset *ds = NULL;
	struct stat st;

	if (fstat(fd, &st))
		return bad(err, PACS_EIO, "cannot be looked at", "io",
			   ret_reason);
	o->dev = st.st_dev;
	o->ino = st.st_ino;
	o->mtime = st.st_mtim;
	kind = read_set(err, fd, o, &ds, ret_reason);
	if (kind == PACS_OBJECT_GOOD)
		kind = take(err, ds, fd, o, ret_reason);
	pacs_dataset_free(ds);
	return kind;
}

enum pacs_object_kind
pacs_object_look(struct pacs_error *err, char *path, size_t keep,
		 struct pacs_object *ret, const char **ret_reason)
{
	enum pacs_object_kind kind;
	int fd;

	memset(ret, 0, sizeof(*ret));
	*ret_reason = "";
	ret->path = path;
	if (pacs_file_open(err, AT_FDCWD, path, &fd, &ret->size)) {
		*ret_reason = pacs_err_name(err->code);
		return PACS_OBJECT_BAD;
	}
	kind = look(err, fd, ret, ret_reason);
	close(fd);
	if (kind != PACS_OBJECT_GOOD || ret->bytes.len > keep)
		pacs_buf_clear(&ret->bytes);
	return kind;
}

enum pacs_err
pacs_object_reopen(struct pacs_error *err, const struct pacs_object *o,
		   int *ret_fd)
{
	struct stat st;
	uint64_t size;

	if (pacs_file_open(err, AT_FDCWD, o->path, ret_fd, &size))
		return err->code;
	if (!fstat(*ret_fd, &st) && st.st_dev == o->dev &&
	    st.st_ino == o->ino && size == o->size &&
	    st.st_mtim.tv_sec == o->mtime.tv_sec &&
	    st.st_mtim.tv_nsec == o->mtime.tv_nsec)
		return PACS_OK;
	close(*ret_fd);
	return pacs_error_set(err, PACS_EINTEGRITY,
			      "it was changed after it was looked at");
}

void
pacs_object_clear(struct pacs_object *o)
{
	free(o->path);
	pacs_buf_clear(&o->bytes);
	memset(o, 0, sizeof(*o));
}
