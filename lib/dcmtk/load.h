/*
 * Finding and loading pacs-dcmtk.so and pacs-dcmtk-net.so. Internal to this
 * room.
 */
#ifndef PACS_DCMTK_LOAD_H
#define PACS_DCMTK_LOAD_H

#include "dcmtk/bridge.h"
#include "dcmtk/net-bridge.h"

struct pacs_dcm_bridge {
	pacs_dcm_bridge_decode_fn *decode;
	pacs_dcm_bridge_encode_fn *encode;
};

/*
 * Load the shared object on the first call; later ones cost microseconds. It
 * is looked for beside the running program, in ../bin of it (programs of the
 * build that live elsewhere), then where it is installed. Any thread may call.
 */
enum pacs_err pacs_dcm_load(struct pacs_error *err,
			    struct pacs_dcm_bridge *ret) PACS_MUST_CHECK;

/* The network, in the same places. *ret is static. */
enum pacs_err
pacs_dcm_net_load(struct pacs_error *err,
		  const struct pacs_net_bridge **ret) PACS_MUST_CHECK;

#endif
