/* Elements as bytes, for tests of lib/dicom. */
#ifndef PACS_TEST_DICOM_BYTES_H
#define PACS_TEST_DICOM_BYTES_H

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dicom/dataset.h"
#include "unit/test.h"

static inline void
put_le(struct pacs_buf *b, uint64_t v, unsigned size)
{
	unsigned i;

	for (i = 0; i < size; i++)
		pacs_buf_addc(b, (char)(v >> 8 * i));
}

static inline void
put_tag(struct pacs_buf *b, uint32_t tag)
{
	put_le(b, tag >> 16, 2);
	put_le(b, tag & 0xffff, 2);
}

/* Header in explicit little endian; vr "" makes an implicit one. */
static inline void
put_header(struct pacs_buf *b, uint32_t tag, const char *vr, uint32_t length)
{
	put_tag(b, tag);
	pacs_buf_adds(b, vr);
	if (!vr[0]) {
		put_le(b, length, 4);
	} else if (pacs_vr_has_long_length(PACS_VR(vr[0], vr[1]))) {
		put_le(b, 0, 2);
		put_le(b, length, 4);
	} else {
		put_le(b, length, 2);
	}
}

static inline void
put_el(struct pacs_buf *b, uint32_t tag, const char *vr, const void *value,
       size_t n)
{
	put_header(b, tag, vr, (uint32_t)n);
	pacs_buf_add(b, value, n);
}

static inline void
put_str(struct pacs_buf *b, uint32_t tag, const char *vr, const char *s)
{
	put_el(b, tag, vr, s, strlen(s));
}

#define ITEM     0xfffee000u
#define ITEM_END 0xfffee00du
#define SEQ_END  0xfffee0ddu

static inline void
put_meta(struct pacs_buf *b, const char *syntax)
{
	static const char zeros[128];

	pacs_buf_add(b, zeros, sizeof(zeros));
	pacs_buf_adds(b, "DICM");
	put_str(b, 0x00020010, "UI", syntax);
}

/* Read, or fail the test; the bytes must stay. */
static inline struct pacs_dataset *
read_ok(const struct pacs_buf *b, const struct pacs_read_options *opts)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;

	CHECK_OK(pacs_dataset_read_memory(&err, b->data, b->len, opts, &ds));
	if (!ds) {
		printf("# %s\n", err.msg);
		exit(1);
	}
	return ds;
}

static inline void
must_fail(const struct pacs_buf *b, const struct pacs_read_options *opts,
	  enum pacs_err want, const char *in_message)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;

	CHECK_ERR(pacs_dataset_read_memory(&err, b->data, b->len, opts, &ds),
		  want);
	CHECK(ds == NULL);
	if (!CHECK(strstr(err.msg, in_message) != NULL))
		printf("#   message '%s'\n", err.msg);
}

/* Text of an element, in a buffer that the next call reuses. */
static inline const char *
text_of(const struct pacs_item *item, uint32_t tag)
{
	static char text[512];
	struct pacs_buf b = {0};

	snprintf(text, sizeof(text), "%s",
		 pacs_item_text(item, tag, &b) ? pacs_buf_str(&b) : "(absent)");
	pacs_buf_clear(&b);
	return text;
}

/* Write a data set, in place of what was in out. */
static inline void
write_ok(struct pacs_dataset *ds, const struct pacs_write_options *opts,
	 struct pacs_buf *out)
{
	struct pacs_error err = PACS_ERROR_INIT;

	pacs_buf_reset(out);
	if (!CHECK_OK(pacs_dataset_write(&err, ds, opts, pacs_sink_buf, out)))
		printf("# %s\n", err.msg);
}

#endif
