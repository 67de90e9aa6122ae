/*
 * What was read and not changed is written as the same bytes; what is written
 * in another native syntax means the same when it is read back.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dicom/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pacs_dataset *
read_back(const struct pacs_buf *b, bool tolerate)
{
	struct pacs_read_options opts = {.max_inflated = 16 << 20,
					 .max_elements = 100000,
					 .max_depth = 200,
					 .tolerate_damage = tolerate};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds;

	if (pacs_dataset_read_memory(&err, b->data, b->len, &opts, &ds)) {
		fprintf(stderr, "cannot read back: %s\n", err.msg);
		abort();
	}
	return ds;
}

static void
must_be_same(struct pacs_dataset *a, struct pacs_dataset *b)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_difference diff;
	bool same;

	if (pacs_dataset_compare(&err, a, b, NULL, NULL, &same, &diff) ||
	    !same) {
		fprintf(stderr, "differs: %s: %s\n", diff.path, diff.what);
		abort();
	}
}

static void
unchanged(struct pacs_dataset *ds, const uint8_t *data, size_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf out = {0};

	if (pacs_dataset_write(&err, ds, NULL, pacs_sink_buf, &out) ||
	    out.len != size || (size && memcmp(out.data, data, size) != 0))
		abort();
	pacs_buf_clear(&out);
}

/* Write to that syntax and read back; NULL if that needs a codec. */
static struct pacs_dataset *
convert(struct pacs_dataset *ds, const char *syntax, struct pacs_buf *out)
{
	struct pacs_write_options opts = {.transfer_syntax = syntax,
					  .new_meta = true};
	struct pacs_error err = PACS_ERROR_INIT;
	enum pacs_err code =
	    pacs_dataset_write(&err, ds, &opts, pacs_sink_buf, out);

	if (code == PACS_EUNSUPPORTED)
		return NULL;
	if (code != PACS_OK)
		abort();
	return read_back(out, false);
}

static bool
has_stray_meta(const struct pacs_item *root)
{
	const struct pacs_element *e = pacs_item_first(root);

	while (e && PACS_TAG_GROUP(pacs_element_tag(e)) != 2)
		e = pacs_element_next(e);
	return e != NULL;
}

/* A change at the end of the root: everything before is encoded or copied. */
static void
changed(const uint8_t *data, size_t size)
{
	struct pacs_buf in = {.data = (char *)(uintptr_t)data, .len = size};
	struct pacs_buf out = {0};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = read_back(&in, true), *again;
	const struct pacs_dataset_info *info = pacs_dataset_info(ds);

	if (info->guessed && !info->has_meta) {
		/* Guessing may come to something else after the change. */
		pacs_dataset_free(ds);
		return;
	}
	pacs_item_put_bytes(pacs_dataset_root(ds), 0x7fe10010,
			    PACS_VR('L', 'O'), "ADDED", 5);
	if (pacs_dataset_write(&err, ds, NULL, pacs_sink_buf, &out))
		abort();
	again = read_back(&out, false);
	must_be_same(ds, again);
	pacs_dataset_free(ds);
	pacs_dataset_free(again);
	pacs_buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const syntaxes[] = {
	    PACS_SYNTAX_IMPLICIT_LE, PACS_SYNTAX_EXPLICIT_LE,
	    PACS_SYNTAX_EXPLICIT_BE, PACS_SYNTAX_DEFLATED_LE};
	struct pacs_read_options opts = {.max_inflated = 1 << 20,
					 .max_elements = 100000};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds, *other;
	size_t i;

	if (pacs_dataset_read_memory(&err, data, size, &opts, &ds))
		return 0;
	unchanged(ds, data, size);
	must_be_same(ds, ds);
	/* Group 0002 where it does not belong would become part of the new one.
	 */
	if (has_stray_meta(pacs_dataset_root(ds))) {
		pacs_dataset_free(ds);
		return 0;
	}
	for (i = 0; i < sizeof(syntaxes) / sizeof(syntaxes[0]); i++) {
		struct pacs_buf out = {0};

		other = convert(ds, syntaxes[i], &out);
		if (other)
			must_be_same(ds, other);
		pacs_dataset_free(other);
		pacs_buf_clear(&out);
	}
	pacs_dataset_free(ds);
	changed(data, size);
	return 0;
}
