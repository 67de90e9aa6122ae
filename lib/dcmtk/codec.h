/*
 * The bridge to DCMTK's pixel codecs. Mechanism only: turns one data set into
 * the same data set in another transfer syntax.
 *
 * DCMTK lives in a shared object that is loaded by the first call (it costs a
 * process 20 ms), so a program that needs no codec never pays. No DCMTK type
 * crosses this header; exceptions end at its edge as PACS_EINTERNAL.
 */
#ifndef PACS_DCMTK_CODEC_H
#define PACS_DCMTK_CODEC_H

#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "dicom/dataset.h"

/* Is the shared object there, and does it load? */
enum pacs_err pacs_dcm_available(struct pacs_error *err) PACS_MUST_CHECK;

/*
 * Transcode a whole Part 10 object in memory to a transfer syntax: RLE, JPEG
 * lossless (.57, .70), JPEG-LS lossless (.80), decompression to the native
 * ones. Appends a Part 10 object to *out, nothing on failure. PACS_EUNSUPPORTED
 * if DCMTK cannot, PACS_EFORMAT if the pixel data are broken, PACS_ELIMIT if
 * they claim to be far bigger than they are; the message says why.
 */
enum pacs_err pacs_dcm_transcode(struct pacs_error *err, const void *bytes,
				 size_t size, const char *transfer_syntax,
				 struct pacs_buf *out) PACS_MUST_CHECK;

/*
 * Compress one frame without loss: for objects too big to have in memory. item
 * has the attributes of the image; native is one frame, little endian. Appends
 * the bytes of one fragment (even length) to *out. PACS_EUNSUPPORTED also if
 * this codec would have to change the attributes.
 */
enum pacs_err pacs_dcm_encode_frame(struct pacs_error *err,
				    const char *transfer_syntax,
				    const struct pacs_item *item,
				    const void *native, size_t size,
				    struct pacs_buf *out) PACS_MUST_CHECK;

/* A pacs_pixel_decoder (dicom/dataset.h) made of it; ctx is not used. */
pacs_pixel_decoder pacs_dcm_decode_pixels;

#endif
