/*
 * The reader on hostile bytes: tolerant and strict, whole and up to pixel
 * data, from memory and from a file; then everything it found is looked at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dicom/dataset.h"
#include "dicom/end.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum; /* reads must not be optimised away */

static void
touch(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t i;

	for (i = 0; i < n; i++)
		sum += p[i];
}

static void
look_at_value(struct pacs_item *item, const struct pacs_element *e)
{
	struct pacs_buf text = {0};
	const void *p;
	size_t n, i;
	int64_t number;
	double real;
	bool clean;

	p = pacs_element_value(e, &n);
	touch(p, p ? n : 0);
	for (i = 0; i < pacs_element_fragment_count(e); i++) {
		p = pacs_element_fragment(e, i, &n);
		touch(p, n);
	}
	pacs_element_text(item, e, &text, &clean);
	touch(text.data, text.len);
	pacs_buf_clear(&text);
	sum += pacs_item_int(item, pacs_element_tag(e), 1, &number);
	sum += pacs_item_double(item, pacs_element_tag(e), 0, &real);
}

static void
look_at(struct pacs_item *item)
{
	struct pacs_element *e;
	char uid[PACS_UID_MAX + 1];
	size_t i;

	for (e = pacs_item_first(item); e; e = pacs_element_next(e)) {
		sum += pacs_element_vr(e);
		look_at_value(item, e);
		for (i = 0; i < pacs_element_item_count(e); i++) {
			struct pacs_item *in = pacs_element_item(e, i);

			if (pacs_item_parent(in) != item)
				abort();
			look_at(in);
		}
	}
	sum += pacs_item_uid(item, PACS_TAG_SOPInstanceUID, uid, sizeof(uid));
}

static void
read_it(int fd, const uint8_t *data, size_t size,
	const struct pacs_read_options *opts)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds;
	struct pacs_object_bytes bytes = {0};
	enum pacs_err code;

	code = fd >= 0 ? pacs_dataset_read_fd(&err, fd, opts, &ds)
		       : pacs_dataset_read_memory(&err, data, size, opts, &ds);
	if ((code == PACS_OK) != (ds != NULL) || err.code != code)
		abort();
	if (code != PACS_OK) {
		if (code != PACS_EFORMAT && code != PACS_ELIMIT)
			abort();
		return;
	}
	look_at(pacs_dataset_meta(ds));
	look_at(pacs_dataset_root(ds));
	bytes.fd = fd;
	bytes.bytes = data;
	bytes.size = size;
	sum += pacs_dataset_is_cut(ds, &bytes);
	pacs_dataset_free(ds);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pacs_read_options opts = {.max_inflated = 1 << 20,
					 .max_elements = 100000};
	int fd = memfd_create("fuzz", MFD_CLOEXEC), i;

	if (fd >= 0 && write(fd, data, size) != (ssize_t)size) {
		close(fd);
		fd = -1;
	}
	sum += pacs_dicom_looks_like(data, size);
	for (i = 0; i < 8; i++) {
		opts.tolerate_damage = i & 1;
		opts.stop_tag = i & 2 ? PACS_STOP_AT_PIXELS : 0;
		if (!(i & 4))
			read_it(-1, data, size, &opts);
		else if (fd >= 0)
			read_it(fd, NULL, size, &opts);
	}
	if (fd >= 0)
		close(fd);
	return 0;
}
