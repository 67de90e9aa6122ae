/* From a file or memory to a data set: preamble, group 0002, then the rest. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dicom/internal.h"

#define DEPTH_DEFAULT    64u
#define ELEMENTS_DEFAULT 4000000u
#define INFLATED_DEFAULT (UINT64_C(1) << 30)

/* Files under this are read, larger ones mapped. */
#define MAP_MIN (1u << 20)

#define MEDIA_DIRECTORY "1.2.840.10008.1.3.10"

struct reading {
	struct pacs_error *err;
	struct pacs_source s;
	struct pacs_dataset *ds;
	const struct pacs_read_options *opts;
	struct pacs_limits limits;
	uint64_t pos;
};

/* --- the parts of a file ----------------------------------------------- */

static void
find_start(struct reading *r)
{
	const uint8_t *p = pacs_source_get(&r->s, 0, 132);

	if (p && memcmp(p + 128, "DICM", 4) == 0) {
		r->ds->info.has_preamble = true;
		r->pos = 132;
		return;
	}
	p = pacs_source_get(&r->s, 0, 4);
	if (p && memcmp(p, "DICM", 4) == 0) /* its preamble was cut off */
		r->pos = 4;
}

/* Group 0002 is explicit little endian, whatever follows; some write it
 * otherwise. */
static enum pacs_err
read_meta(struct reading *r)
{
	struct pacs_form form = {PACS_EXPLICIT, false};
	struct pacs_limits limits = r->limits;
	const uint8_t *p = pacs_source_get(&r->s, r->pos, 8);
	char uid[PACS_UID_MAX + 1];

	if (!p || (memcmp(p, "\2\0", 2) != 0 && memcmp(p, "\0\2", 2) != 0))
		return PACS_OK;
	form.big_endian = p[0] == 0;
	if (!pacs_vr_is_known(PACS_VR(p[4], p[5])))
		form.form = PACS_IMPLICIT;
	limits.stop_tag = 0;
	if (pacs_parse(r->err, &r->s, &r->ds->meta, &r->pos, form, &limits))
		return r->err->code;
	r->ds->info.has_meta = r->ds->meta.first != NULL;
	if (pacs_item_uid(&r->ds->meta, PACS_TAG_MediaStorageSOPClassUID, uid,
			  sizeof(uid)))
		r->ds->info.is_dicomdir = strcmp(uid, MEDIA_DIRECTORY) == 0;
	return PACS_OK;
}

/* The syntax that is stated, by the file or the caller; NULL if none is. */
static const char *
stated_syntax(struct reading *r)
{
	char *uid = r->ds->info.transfer_syntax;

	if (pacs_item_uid(&r->ds->meta, PACS_TAG_TransferSyntaxUID, uid,
			  sizeof(r->ds->info.transfer_syntax)))
		return uid;
	if (r->opts->bare_syntax && !r->ds->info.has_meta &&
	    strlen(r->opts->bare_syntax) <= PACS_UID_MAX)
		return memcpy(uid, r->opts->bare_syntax,
			      strlen(r->opts->bare_syntax) + 1);
	return NULL;
}

static void
settle_syntax(struct reading *r, const char *stated, bool is_right,
	      const struct pacs_form *form)
{
	const struct pacs_syntax *syntax =
	    stated ? pacs_syntax_find(stated) : NULL;
	struct pacs_dataset *ds = r->ds;
	const char *uid;

	ds->form = form->form;
	ds->big_endian = form->big_endian;
	ds->info.guessed = !stated || !is_right;
	/* An encapsulated or private syntax has no other name in that form. */
	if (stated && (is_right || !syntax || syntax->encapsulated))
		return;
	uid = ds->big_endian              ? PACS_SYNTAX_EXPLICIT_BE
	      : ds->form == PACS_IMPLICIT ? PACS_SYNTAX_IMPLICIT_LE
	      : ds->deflated              ? PACS_SYNTAX_DEFLATED_LE
					  : PACS_SYNTAX_EXPLICIT_LE;
	memcpy(ds->info.transfer_syntax, uid, strlen(uid) + 1);
}

static bool
same_form(const struct pacs_form *a, const struct pacs_form *b)
{
	return a->form == b->form && a->big_endian == b->big_endian;
}

#define GUESS_BYTES 4096u

/* Find out the form of the data set at r->pos. False: this is not DICOM. */
static bool
detect_form(struct reading *r, const char *stated, struct pacs_form *form)
{
	const struct pacs_syntax *syntax =
	    stated ? pacs_syntax_find(stated) : NULL;
	struct pacs_form said = {PACS_EXPLICIT, false};
	uint64_t left;
	size_t n;
	const uint8_t *p = NULL;
	bool plausible;

	if (syntax) {
		said.form = syntax->form;
		said.big_endian = syntax->big_endian;
	}
	pacs_source_get(&r->s, r->pos, 1); /* an inflated end may show */
	left = r->s.end - r->pos;
	n = left < GUESS_BYTES ? (size_t)left : GUESS_BYTES;
	if (r->s.stop > r->pos && r->s.stop - r->pos < n)
		n = (size_t)(r->s.stop - r->pos);
	if (n)
		p = pacs_source_get(&r->s, r->pos, n);
	plausible =
	    p && pacs_guess_form(
		     p, n, r->opts->stop_tag && r->s.whole ? UINT64_MAX : left,
		     stated ? &said : NULL, form);
	if (!p)
		*form = said;
	settle_syntax(r, stated, same_form(&said, form), form);
	return plausible || stated || r->ds->info.has_meta;
}

static void
begin_inflating(struct reading *r)
{
	uint64_t max =
	    r->opts->max_inflated ? r->opts->max_inflated : INFLATED_DEFAULT;
	const uint8_t *p = pacs_source_get(&r->s, r->pos, 8);
	struct pacs_form form, said = {PACS_EXPLICIT, false};

	/* Said to be deflated, and is not. */
	if (p && pacs_guess_form(p, (size_t)(r->s.stop - r->pos),
				 r->s.end - r->pos, &said, &form))
		return;
	r->ds->deflated = true;
	pacs_source_inflate(&r->s, r->pos, max, r->opts->stop_tag == 0);
	r->pos = 0;
}

static enum pacs_err
read_body(struct reading *r)
{
	struct pacs_dataset *ds = r->ds;
	const char *stated = stated_syntax(r);
	const struct pacs_syntax *syntax =
	    stated ? pacs_syntax_find(stated) : NULL;
	struct pacs_form form;

	/* Set by begin().
	 * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	ds->info.dataset_offset = r->pos;
	if (syntax && syntax->deflated && r->pos < r->s.end) {
		begin_inflating(r);
		ds->info.guessed = !ds->deflated;
	}
	if (!detect_form(r, stated, &form)) {
		if (ds->info.has_preamble)
			return pacs_error_set(r->err, PACS_EFORMAT,
					      "cut after the preamble");
		return pacs_error_set(r->err, PACS_EFORMAT, "not a DICOM file");
	}
	if (pacs_parse(r->err, &r->s, &ds->root, &r->pos, form, &r->limits))
		return r->err->code;
	if (ds->root.first && (ds->root.first->tag >> 16) == 4)
		ds->info.is_dicomdir = true;
	return PACS_OK;
}

/* --- ends -------------------------------------------------------------- */

static enum pacs_err
check_inflated(struct reading *r)
{
	static const char what[] = "deflate stream damaged or cut";
	struct pacs_dataset *ds = r->ds;

	if (!r->s.broken || ds->damage[0])
		return PACS_OK;
	if (!r->limits.tolerate)
		return pacs_error_set(r->err, PACS_EFORMAT, "%s", what);
	memcpy(ds->damage, what, sizeof(what));
	ds->cut = true;
	return PACS_OK;
}

static void
finish(struct reading *r, const uint8_t *file, uint64_t size)
{
	struct pacs_dataset *ds = r->ds;
	uint64_t end = r->pos;

	if (ds->info.stopped)
		return;
	if (r->s.inflater)
		end = pacs_inflater_end(r->s.inflater);
	if (!ds->damage[0] && end <= size)
		ds->info.trailing_bytes = size - end;
	if (r->s.whole) {
		ds->file = file;
		ds->file_size = size;
		ds->body = r->s.inflater ? r->s.bytes : file;
		ds->body_end = r->pos;
	}
}

static void
set_limits(struct reading *r)
{
	const struct pacs_read_options *o = r->opts;

	r->limits.stop_tag = o->stop_tag;
	r->limits.max_depth = o->max_depth ? o->max_depth : DEPTH_DEFAULT;
	if (r->limits.max_depth > PACS_DEPTH_MAX)
		r->limits.max_depth = PACS_DEPTH_MAX;
	r->limits.max_elements =
	    o->max_elements ? o->max_elements : ELEMENTS_DEFAULT;
	r->limits.tolerate = o->tolerate_damage;
}

/* r->s and r->ds are ready; the data set is handed over or freed. */
static enum pacs_err
read_all(struct reading *r, uint64_t size, struct pacs_dataset **ret_ds)
{
	const uint8_t *file = r->s.whole ? r->s.bytes : NULL;
	enum pacs_err code;

	set_limits(r);
	find_start(r);
	code = read_meta(r);
	if (code == PACS_OK)
		code = read_body(r);
	if (code == PACS_OK)
		code = check_inflated(r);
	if (code == PACS_OK)
		finish(r, file, size);
	pacs_inflater_free(r->s.inflater);
	if (code != PACS_OK) {
		pacs_dataset_free(r->ds);
		return code;
	}
	*ret_ds = r->ds;
	return PACS_OK;
}

static void
begin(struct reading *r, struct pacs_error *err,
      const struct pacs_read_options *opts)
{
	static const struct pacs_read_options defaults;

	memset(r, 0, sizeof(*r));
	r->err = err;
	r->opts = opts ? opts : &defaults;
	r->ds = pacs_dataset_new();
	r->ds->info.transfer_syntax[0] = '\0';
}

enum pacs_err
pacs_dataset_read_memory(struct pacs_error *err, const void *bytes, size_t size,
			 const struct pacs_read_options *opts,
			 struct pacs_dataset **ret_ds)
{
	struct reading r;

	*ret_ds = NULL;
	begin(&r, err, opts);
	pacs_source_memory(&r.s, r.ds, bytes, size);
	return read_all(&r, size, ret_ds);
}

/* The whole file as memory of the data set. */
static enum pacs_err
load_file(struct reading *r, int fd, uint64_t size)
{
	struct pacs_dataset *ds = r->ds;
	const uint8_t *p;

	if (size >= MAP_MIN) {
		void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (map == MAP_FAILED)
			return pacs_error_sys(r->err, errno, "cannot map");
		ds->map = map;
		ds->map_size = size;
		pacs_source_memory(&r->s, ds, map, size);
		return PACS_OK;
	}
	pacs_source_fd(&r->s, ds, fd, size);
	p = size ? pacs_source_get(&r->s, 0, (size_t)size)
		 : (const uint8_t *)"";
	if (r->s.sys_errno)
		return pacs_error_sys(r->err, r->s.sys_errno, "cannot read");
	if (!p) /* it shrank since fstat */
		size = r->s.stop;
	pacs_source_memory(&r->s, ds, p ? p : r->s.bytes, size);
	return PACS_OK;
}

enum pacs_err
pacs_dataset_read_fd(struct pacs_error *err, int fd,
		     const struct pacs_read_options *opts,
		     struct pacs_dataset **ret_ds)
{
	struct reading r;
	struct stat st;
	uint64_t size;

	*ret_ds = NULL;
	if (fstat(fd, &st) < 0)
		return pacs_error_sys(err, errno, "cannot stat");
	if (!S_ISREG(st.st_mode))
		return pacs_error_set(err, PACS_EFORMAT, "not a regular file");
	size = (uint64_t)st.st_size;
	begin(&r, err, opts);
	if (r.opts->stop_tag) {
		pacs_source_fd(&r.s, r.ds, fd, size);
	} else if (load_file(&r, fd, size) != PACS_OK) {
		pacs_dataset_free(r.ds);
		return err->code;
	}
	return read_all(&r, r.s.end, ret_ds);
}

enum pacs_err
pacs_dataset_read_file(struct pacs_error *err, const char *path,
		       const struct pacs_read_options *opts,
		       struct pacs_dataset **ret_ds)
{
	enum pacs_err code;
	int fd;

	*ret_ds = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", path);
	code = pacs_dataset_read_fd(err, fd, opts, ret_ds);
	if (code != PACS_OK)
		pacs_error_wrap(err, "'%s'", path);
	close(fd);
	return code;
}
