/* Preamble and group 0002 (PS3.10 7.1). */
#include <stdlib.h>
#include <string.h>

#include "dicom/encode.h"

static void
put_uid(struct pacs_item *meta, uint32_t tag, const char *uid)
{
	pacs_item_put_bytes(meta, tag, VR("UI"), uid, strlen(uid));
}

static void
put_made(struct pacs_item *meta, const char *sop_class,
	 const char *sop_instance)
{
	pacs_item_put_bytes(meta, PACS_TAG_FileMetaInformationVersion, VR("OB"),
			    "\0\1", 2);
	put_uid(meta, PACS_TAG_MediaStorageSOPClassUID, sop_class);
	put_uid(meta, PACS_TAG_MediaStorageSOPInstanceUID, sop_instance);
	put_uid(meta, PACS_TAG_ImplementationClassUID, PACS_IMPLEMENTATION_UID);
	pacs_item_put_bytes(meta, PACS_TAG_ImplementationVersionName, VR("SH"),
			    PACS_IMPLEMENTATION_VERSION,
			    strlen(PACS_IMPLEMENTATION_VERSION));
}

/* Append meta's root as group 0002, with its length first. */
static enum pacs_err
encode_group(struct pacs_error *err, struct pacs_dataset *meta,
	     struct pacs_buf *out)
{
	struct pacs_encoder w = {.err = err,
				 .sink = pacs_sink_buf,
				 .ctx = out,
				 .form = {PACS_EXPLICIT, false}};

	pacs_item_put_u32(&meta->root, PACS_TAG_FileMetaInformationGroupLength,
			  0); /* the encoder counts */
	pacs_encode_root(&w, &meta->root, false);
	pacs_buf_clear(&w.out);
	return w.code;
}

static void
add_preamble(struct pacs_buf *out, const uint8_t *preamble)
{
	static const uint8_t zeros[128];

	if (preamble)
		pacs_buf_add(out, preamble, 128);
	else
		pacs_buf_add(out, zeros, sizeof(zeros));
	pacs_buf_adds(out, "DICM");
}

void
pacs_meta_make(const char *sop_class, const char *sop_instance,
	       const char *transfer_syntax, struct pacs_buf *out)
{
	struct pacs_dataset *meta = pacs_dataset_new();
	struct pacs_error err = PACS_ERROR_INIT;

	add_preamble(out, NULL);
	put_made(&meta->root, sop_class, sop_instance);
	put_uid(&meta->root, PACS_TAG_TransferSyntaxUID, transfer_syntax);
	if (encode_group(&err, meta, out) != PACS_OK)
		abort(); /* the sink cannot fail, and nothing is nested */
	pacs_dataset_free(meta);
}

static void
copy_elements(struct pacs_item *to, const struct pacs_item *from)
{
	const struct pacs_element *e;

	for (e = from->first; e; e = e->next) {
		if (e->flags & (E_SEQUENCE | E_FRAGMENTS))
			continue; /* group 0002 has none */
		pacs_item_put_bytes(to, e->tag, pacs_element_vr(e), e->value,
				    (size_t)e->length);
	}
}

/* The SOP UID of the data set, else what its group 0002 says, else "". */
static void
find_uid(struct pacs_dataset *ds, uint32_t tag, uint32_t meta_tag, char *uid,
	 size_t size)
{
	if (!pacs_item_uid(&ds->root, tag, uid, size) &&
	    !pacs_item_uid(&ds->meta, meta_tag, uid, size))
		uid[0] = '\0';
}

enum pacs_err
pacs_meta_encode(struct pacs_error *err, struct pacs_dataset *ds,
		 const char *syntax, bool anew, struct pacs_buf *out)
{
	bool has_preamble = ds->file && ds->info.has_preamble && !anew;
	struct pacs_dataset *meta = pacs_dataset_new();
	char sop_class[129], instance[129];
	enum pacs_err code;

	find_uid(ds, PACS_TAG_SOPClassUID, PACS_TAG_MediaStorageSOPClassUID,
		 sop_class, sizeof(sop_class));
	find_uid(ds, PACS_TAG_SOPInstanceUID,
		 PACS_TAG_MediaStorageSOPInstanceUID, instance,
		 sizeof(instance));
	if (anew || !ds->info.has_meta)
		put_made(&meta->root, sop_class, instance);
	if (!anew)
		copy_elements(&meta->root, &ds->meta);
	put_uid(&meta->root, PACS_TAG_TransferSyntaxUID, syntax);
	add_preamble(out, has_preamble ? ds->file : NULL);
	code = encode_group(err, meta, out);
	pacs_dataset_free(meta);
	return code;
}
