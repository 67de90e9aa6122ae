/*
 * What pacs-dcmtk.so exports: a codec seen from C. Internal to this room; the
 * only symbols that leave the shared object are those in this file.
 *
 * Knows one image: its numbers, its native bytes, its fragments. Must not
 * know files, data sets or transfer syntaxes other than the codec's own.
 * Nothing here keeps a reference to what it is given. Any thread may call.
 */
#ifndef PACS_DCMTK_BRIDGE_H
#define PACS_DCMTK_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PACS_DCM_BRIDGE_VERSION 1
#define PACS_DCM_PHOTOMETRIC    17 /* CS, 16 bytes and the NUL */

/* The attributes that a codec needs, and may change (PS3.5 8.2). */
struct pacs_dcm_image {
	uint32_t frames;
	uint16_t rows, columns, samples;
	uint16_t planar; /* Planar Configuration; 0 where there is none */
	uint16_t bits_allocated, bits_stored, high_bit;
	uint16_t is_signed; /* Pixel Representation */
	char photometric[PACS_DCM_PHOTOMETRIC];
};

/* Takes size bytes of output; returns PACS_OK or sets *err and stops. */
typedef enum pacs_err pacs_dcm_output(struct pacs_error *err, void *ctx,
				      const void *bytes, size_t size);

/* PACS_DCM_BRIDGE_VERSION of the shared object. */
typedef int pacs_dcm_bridge_version_fn(void);
pacs_dcm_bridge_version_fn pacs_dcm_bridge_version;

/*
 * Decompress all frames: fragments (the offset table is number 0) -> native
 * little endian bytes, in one piece, to output. *image is what the data set
 * says, and after that what is true of the native bytes. PACS_EUNSUPPORTED: no
 * codec for that syntax. PACS_EFORMAT: the codec gave up, with its reason.
 */
typedef enum pacs_err
pacs_dcm_bridge_decode_fn(struct pacs_error *err, const char *syntax,
			  struct pacs_dcm_image *image,
			  const void *const *fragments, const size_t *lengths,
			  size_t count, pacs_dcm_output *output, void *ctx);
pacs_dcm_bridge_decode_fn pacs_dcm_bridge_decode;

/*
 * Compress without loss: native little endian bytes -> fragments to output,
 * one call each, the offset table first. PACS_EUNSUPPORTED: no such encoder,
 * or one that cannot take this kind of image.
 */
typedef enum pacs_err
pacs_dcm_bridge_encode_fn(struct pacs_error *err, const char *syntax,
			  struct pacs_dcm_image *image, const void *native,
			  size_t size, pacs_dcm_output *output, void *ctx);
pacs_dcm_bridge_encode_fn pacs_dcm_bridge_encode;

#ifdef __cplusplus
}
#endif
#endif
