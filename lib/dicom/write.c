/* Writing a data set as a whole: what can stay as it was, stays. */
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "dicom/encode.h"

enum pacs_err
pacs_sink_buf(struct pacs_error *err, void *ctx, const void *bytes, size_t size)
{
	(void)err;
	pacs_buf_add(ctx, bytes, size);
	return PACS_OK;
}

/* --- a sink that deflates ---------------------------------------------- */

struct deflater {
	z_stream z;
	pacs_sink *sink;
	void *ctx;
	uint64_t total;
};

static enum pacs_err
deflate_some(struct pacs_error *err, struct deflater *d, const void *bytes,
	     size_t size, int flush)
{
	unsigned char out[16384];
	enum pacs_err code;

	do {
		size_t n = size > UINT32_MAX / 2 ? UINT32_MAX / 2 : size;
		int mode = n == size ? flush : Z_NO_FLUSH;

		d->z.next_in = bytes;
		d->z.avail_in = (uInt)n;
		do {
			d->z.next_out = out;
			d->z.avail_out = sizeof(out);
			deflate(&d->z, mode);
			n = sizeof(out) - d->z.avail_out;
			d->total += n;
			code = n ? d->sink(err, d->ctx, out, n) : PACS_OK;
			if (code != PACS_OK)
				return code;
		} while (d->z.avail_out == 0);
		n = (size_t)((const char *)d->z.next_in - (const char *)bytes);
		bytes = (const char *)bytes + n;
		size -= n;
	} while (size);
	return PACS_OK;
}

static enum pacs_err
deflate_sink(struct pacs_error *err, void *ctx, const void *bytes, size_t size)
{
	return size ? deflate_some(err, ctx, bytes, size, Z_NO_FLUSH) : PACS_OK;
}

/* --- what to write ----------------------------------------------------- */

struct job {
	struct pacs_dataset *ds;
	const struct pacs_write_options *opts;
	const char *syntax;    /* to write */
	struct pacs_form form; /* of it */
	bool deflated;
	bool same_body; /* the data set is written in the form it was read */
	struct pacs_encoder w;
};

/* Fragments that were read, at any depth: only their codec can turn them into
 * something else. Those that were put are taken to be in the new syntax. */
static bool /* NOLINTNEXTLINE(misc-no-recursion): settle() checks the depth */
has_read_fragments(const struct pacs_item *item)
{
	const struct pacs_element *e;
	size_t i;

	for (e = item->first; e; e = e->next) {
		if ((e->flags & E_FRAGMENTS) && (e->flags & E_SOURCE))
			return true;
		for (i = 0; i < pacs_element_item_count(e); i++) {
			if (has_read_fragments(pacs_element_item(e, i)))
				return true;
		}
	}
	return false;
}

/* Would pixel data have to be compressed or decompressed? */
static bool
needs_codec(const struct job *j, const struct pacs_syntax *to)
{
	const struct pacs_element *e =
	    pacs_item_find(&j->ds->root, PACS_TAG_PixelData);

	if (has_read_fragments(&j->ds->root))
		return true;
	return e && to->encapsulated != ((e->flags & E_FRAGMENTS) != 0);
}

static enum pacs_err
settle(struct pacs_error *err, struct job *j)
{
	struct pacs_dataset *ds = j->ds;
	const struct pacs_syntax *to;
	const char *wanted = j->opts->transfer_syntax;

	j->syntax = wanted ? wanted : ds->info.transfer_syntax;
	if (ds->info.stopped)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "the data set was read only in part");
	j->form.form = ds->form;
	j->form.big_endian = ds->big_endian;
	j->deflated = ds->deflated;
	j->same_body = ds->file != NULL;
	if (!wanted || strcmp(wanted, ds->info.transfer_syntax) == 0)
		return PACS_OK;
	if (ds->depth > PACS_DEPTH_MAX)
		return pacs_error_set(err, PACS_ELIMIT,
				      "more than %u nested sequences",
				      PACS_DEPTH_MAX);
	to = pacs_syntax_find(wanted);
	if (!to || needs_codec(j, to))
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      "cannot write transfer syntax %s without "
				      "a codec",
				      wanted);
	j->form.form = to->form;
	j->form.big_endian = to->big_endian;
	j->deflated = to->deflated;
	j->same_body = ds->file && j->form.form == ds->form &&
		       j->form.big_endian == ds->big_endian;
	return PACS_OK;
}

/* How a header that is not as it should be is read depends on what follows. */
static bool
has_odd_header(const struct pacs_dataset *ds)
{
	const struct pacs_element *e;

	for (e = ds->meta.first; e; e = e->next)
		if (e->raw_vr && !pacs_header_is_regular(e, ds->file))
			return true;
	return false;
}

/* Does group 0002 have to say something else than it does? */
static bool
meta_is_right(const struct job *j)
{
	bool changed = j->ds->root.flags & I_CHANGED;
	char uid[PACS_UID_MAX + 1];

	if (!j->ds->file || j->opts->new_meta ||
	    (j->ds->meta.flags & I_CHANGED) ||
	    (changed && has_odd_header(j->ds)))
		return false;
	/* As it came, even if wrong or missing, while all is as it came. */
	if (!j->opts->transfer_syntax &&
	    (!j->ds->info.guessed || !j->ds->info.has_meta || !changed))
		return true;
	if (!pacs_item_uid(&j->ds->meta, PACS_TAG_TransferSyntaxUID, uid,
			   sizeof(uid)))
		return !j->ds->info.has_meta &&
		       strcmp(j->syntax, j->ds->info.transfer_syntax) == 0;
	return strcmp(uid, j->syntax) == 0;
}

static void
write_meta(struct job *j)
{
	struct pacs_buf meta = {0};

	if (j->opts->bare)
		return;
	if (meta_is_right(j)) {
		pacs_encoder_put(&j->w, j->ds->file,
				 j->ds->info.dataset_offset);
		return;
	}
	j->w.code = pacs_meta_encode(j->w.err, j->ds, j->syntax,
				     j->opts->new_meta, &meta);
	if (j->w.code == PACS_OK)
		pacs_encoder_put(&j->w, meta.data, meta.len);
	pacs_buf_clear(&meta);
}

static void
write_trailing(struct job *j)
{
	struct pacs_dataset *ds = j->ds;

	if (!j->opts->bare && !j->opts->elements_only && ds->file &&
	    ds->info.trailing_bytes)
		pacs_encoder_put(
		    &j->w, ds->file + ds->file_size - ds->info.trailing_bytes,
		    ds->info.trailing_bytes);
}

static void
write_deflated(struct job *j)
{
	struct deflater d = {.sink = j->w.sink, .ctx = j->w.ctx};

	pacs_encoder_flush(&j->w);
	if (deflateInit2(&d.z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		j->w.code = pacs_error_set(j->w.err, PACS_EINTERNAL,
					   "cannot start zlib");
		return;
	}
	j->w.sink = deflate_sink;
	j->w.ctx = &d;
	pacs_encode_root(&j->w, &j->ds->root, j->same_body);
	j->w.sink = d.sink;
	j->w.ctx = d.ctx;
	if (j->w.code == PACS_OK)
		j->w.code = deflate_some(j->w.err, &d, "", 0, Z_FINISH);
	deflateEnd(&d.z);
	if (d.total & 1) /* PS3.5 A.5 */
		pacs_encoder_put(&j->w, "", 1);
}

static void
write_body(struct job *j)
{
	struct pacs_dataset *ds = j->ds;
	bool copy = ds->file && !(ds->root.flags & I_CHANGED) && j->same_body &&
		    j->deflated == ds->deflated && !j->opts->elements_only;

	if (copy) {
		uint64_t n = ds->file_size - ds->info.dataset_offset;

		if (j->opts->bare)
			n -= ds->info.trailing_bytes;
		pacs_encoder_put(&j->w, ds->file + ds->info.dataset_offset, n);
		return;
	}
	if (j->deflated) {
		write_deflated(j);
		return;
	}
	pacs_encode_root(&j->w, &ds->root, j->same_body);
	if (j->same_body && !ds->deflated)
		write_trailing(j);
}

enum pacs_err
pacs_dataset_write(struct pacs_error *err, struct pacs_dataset *ds,
		   const struct pacs_write_options *opts, pacs_sink *sink,
		   void *ctx)
{
	static const struct pacs_write_options defaults;
	struct job j = {.ds = ds, .opts = opts ? opts : &defaults};

	j.w.err = err;
	j.w.sink = sink;
	j.w.ctx = ctx;
	j.w.undefined_lengths = j.opts->undefined_lengths;
	j.w.elements_only = j.opts->elements_only;
	j.w.code = settle(err, &j);
	j.w.form = j.form;
	if (j.w.code == PACS_OK)
		write_meta(&j);
	if (j.w.code == PACS_OK)
		write_body(&j);
	pacs_encoder_flush(&j.w);
	pacs_buf_clear(&j.w.out);
	return j.w.code;
}
