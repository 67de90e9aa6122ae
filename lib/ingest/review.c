#include "ingest/review.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "dcmtk/codec.h"
#include "dicom/dataset.h"

#define INFLATED_MAX (256ull << 20)

enum { TEXT_MAX = 1024 };

/* A reading that ended early: from this root element on nothing is known. */
struct ending {
	const char *damage; /* NULL: it was read to its end */
	uint32_t last;
};

struct review {
	pacs_review_fn *fn;
	void *ctx;
	struct pacs_buf a, b;
	struct ending a_end, b_end;
};

/* What is not text: "OW, 524288 bytes, 5d41402a". */
static void
describe(const struct pacs_element *e, struct pacs_buf *out)
{
	uint16_t vr = pacs_element_vr(e);
	char sha256[PACS_SHA256_HEX];
	const void *value;
	size_t len;

	if (pacs_element_is_sequence(e)) {
		pacs_buf_addf(out, "%zu item(s)", pacs_element_item_count(e));
		return;
	}
	pacs_buf_addf(out, "%c%c", vr >> 8, vr & 0xff);
	if (pacs_element_is_encapsulated(e)) {
		pacs_buf_addf(out, ", %zu fragment(s)",
			      pacs_element_fragment_count(e));
		return;
	}
	pacs_buf_addf(out, ", %llu bytes",
		      (unsigned long long)pacs_element_length(e));
	value = pacs_element_value(e, &len);
	if (value && len) {
		pacs_sha256_hex(value, len, sha256);
		pacs_buf_addf(out, ", %.8s", sha256);
	}
}

static const char *
text_of(const struct pacs_item *item, const struct pacs_element *e,
	struct pacs_buf *out)
{
	pacs_buf_reset(out);
	if (!e)
		return NULL;
	if (!pacs_element_is_sequence(e) && !pacs_element_is_encapsulated(e))
		pacs_element_text(item, e, out, NULL);
	if (!out->len && pacs_element_length(e))
		describe(e, out);
	if (out->len > TEXT_MAX) {
		/* Not within a character. */
		out->len = TEXT_MAX;
		while (out->len && (out->data[out->len] & 0xc0) == 0x80)
			out->len--;
		out->data[out->len] = '\0';
		pacs_buf_adds(out, "...");
	}
	return pacs_buf_str(out);
}

static uint32_t
root_tag(const struct pacs_item *item, const struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);

	for (; pacs_item_parent(item); item = pacs_item_parent(item))
		tag = pacs_element_tag(pacs_item_sequence(item));
	return tag;
}

/* Is an element missing only because the other side ends before it? */
static bool
is_behind(const struct ending *end, const struct pacs_item *item,
	  const struct pacs_element *e)
{
	return end->damage && e && root_tag(item, e) >= end->last;
}

static void
on_difference(void *ctx, const char *path, const struct pacs_item *ia,
	      const struct pacs_element *ea, const struct pacs_item *ib,
	      const struct pacs_element *eb)
{
	struct review *r = ctx;
	struct pacs_review told;

	if ((!ea && is_behind(&r->a_end, ib, eb)) ||
	    (!eb && is_behind(&r->b_end, ia, ea)))
		return;
	told = (struct pacs_review){
	    .element = path,
	    .quarantined = text_of(ia, ea, &r->a),
	    .archived = text_of(ib, eb, &r->b),
	};

	r->fn(r->ctx, &told);
}

static enum pacs_err
read_quarantined(struct pacs_error *err, const struct pacs_archive *ar,
		 const struct pacs_quarantined *q,
		 const struct pacs_read_options *opts,
		 struct pacs_dataset **ret_ds)
{
	enum pacs_err rc;
	int fd;

	if (pacs_file_open(err, pacs_archive_dirfd(ar), q->path, &fd, NULL))
		return err->code;
	rc = pacs_dataset_read_fd(err, fd, opts, ret_ds);
	close(fd);
	return rc ? pacs_error_wrap(err, "'%s'", q->path) : PACS_OK;
}

static enum pacs_err
read_archived(struct pacs_error *err, const struct pacs_archive *ar,
	      const struct pacs_triple *t, const struct pacs_read_options *opts,
	      struct pacs_dataset **ret_ds)
{
	enum pacs_err rc;
	uint64_t size;
	int fd;

	rc = pacs_object_open(err, ar, t, &fd, &size);
	if (rc == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		return pacs_error_set(err, rc, "no object holds its place");
	}
	if (rc)
		return rc;
	rc = pacs_dataset_read_fd(err, fd, opts, ret_ds);
	close(fd);
	return rc ? pacs_error_wrap(err, "the object in its place") : PACS_OK;
}

/* Encapsulated pixels of which some are missing say no more than that. */
static struct ending
ending_of(struct pacs_dataset *ds)
{
	struct ending end = {.damage = pacs_dataset_damage(ds)};
	struct pacs_item *root = pacs_dataset_root(ds);
	struct pacs_element *e = pacs_item_find(root, PACS_TAG_PixelData);

	if (end.damage && e && pacs_element_is_encapsulated(e))
		pacs_item_remove(root, PACS_TAG_PixelData);
	for (e = pacs_item_first(root); e; e = pacs_element_next(e))
		end.last = pacs_element_tag(e);
	return end;
}

static const char *
ending_text(const struct ending *end, struct pacs_buf *out)
{
	if (!end->damage)
		return NULL;
	pacs_buf_reset(out);
	pacs_buf_addf(out, "ends early: %s", end->damage);
	return pacs_buf_str(out);
}

/* One of them, or both, could not be read to the end: that is the last
 * difference. */
static void
tell_ending(struct review *r)
{
	const struct pacs_review told = {
	    .element = "(end)",
	    .quarantined = ending_text(&r->a_end, &r->a),
	    .archived = ending_text(&r->b_end, &r->b),
	};

	if (told.quarantined || told.archived)
		r->fn(r->ctx, &told);
}

enum pacs_err
pacs_review_diff(struct pacs_error *err, const struct pacs_archive *ar,
		 const struct pacs_quarantined *q, pacs_review_fn *fn,
		 void *ctx)
{
	const struct pacs_read_options opts = {.max_inflated = INFLATED_MAX,
					       .tolerate_damage = true};
	struct review r = {.fn = fn, .ctx = ctx};
	struct pacs_dataset *a = NULL, *b = NULL;
	enum pacs_err rc;

	if (!pacs_triple_is_safe(&q->triple))
		return pacs_error_set(err, PACS_EUSAGE,
				      "its UIDs are not known, so no object "
				      "holds its place");
	rc = read_archived(err, ar, &q->triple, &opts, &b);
	if (!rc)
		rc = read_quarantined(err, ar, q, &opts, &a);
	if (!rc) {
		r.a_end = ending_of(a);
		r.b_end = ending_of(b);
		rc = pacs_dataset_diff(err, a, b, pacs_dcm_decode_pixels, NULL,
				       on_difference, &r);
	}
	if (!rc)
		tell_ending(&r);
	pacs_dataset_free(a);
	pacs_dataset_free(b);
	pacs_buf_clear(&r.a);
	pacs_buf_clear(&r.b);
	return rc;
}
